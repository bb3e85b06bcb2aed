"""
What every transport costs.

    python benchmarks/transports.py [--rounds 5] [--only churn,tls] [--json FILE]

Contestants, each a process of its own (transports_server.py), take turns in one run: Twisted on its epoll reactor
(installed from PyPI into an environment of this script's own), a bare protocol on asyncio and on uvloop, and reactorio
on each. This process is the other end for all of them, on plain sockets. The figures are CPU time of the contestant
for each operation, the kernel's work for it included, medians over the rounds; and how often it goes into another's:

    bulk         a MB over TCP that is sent back, in pieces of 64 KiB
    send         a MB over TCP, written in pieces of 64 KiB as a push producer
    receive      a MB over TCP, sent in pieces of 64 KiB
    churn        a connection that is accepted, gets a byte back, and is closed by the peer
    answer       the same, closed by the contestant
    dial         a connection that the contestant opens for a byte, and closes
    unix         a request of 64 bytes over a UNIX stream, at 50 connections
    udp 1        a datagram of 64 bytes that is sent back, the next when it is here
    udp 32       the same with 32 on their way
    tls bulk     a MB over TLS 1.3 with AES-256-GCM that is sent back, in pieces of 64 KiB
    tls send     a MB over the same, written in pieces of 64 KiB
    tls receive  the same the other way
    tls shake    a connection with a whole handshake (ECDSA, P-256), which gets a byte back
    line         a line that is sent back (LineReceiver), the next when it is here, at 50 connections
    lines        a line of 64 that is received, many at a read
    lines back   the same, each sent back
    string(s)    the same three with Int32StringReceiver
    idle         resident bytes for each of 5,000 connections that do nothing
    spawn        a process that does nothing: /bin/true, with pipes
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from transports_server import DIALS, PIECE, PIECES, SPAWNS
from twisted_environment import twisted_python

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
CONTESTANTS = {
    "twisted": ("twisted", "epoll"),
    "asyncio": ("raw", "asyncio"),
    "uvloop": ("raw", "uvloop"),
    "reactorio/asyncio": ("reactorio", "asyncio"),
    "reactorio/uvloop": ("reactorio", "uvloop"),
}
MESSAGE = b"x" * 64
MEGABYTES = len(PIECE) * PIECES / 1e6
# An echo has no brake of its own, and stores what it cannot send: so many bytes are on their way at most.
WINDOW = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")
CIPHER = "TLS_AES_256_GCM_SHA384"


class Server:
    """A contestant's process, and where it serves: a port's number, or a path."""

    def __init__(self, process: subprocess.Popen[bytes], where: str) -> None:
        self.pid = process.pid
        self.where = where
        # Another process's clock, as Linux numbers it (clock_getcpuclockid). What /proc says comes in steps of 10 ms.
        self.clock = (~process.pid << 3) | 2

    @contextmanager
    def measured(self, count: float) -> Iterator[dict[str, float]]:
        """Fill in how many microseconds of CPU time each of ``count`` operations took in here."""
        figures: dict[str, float] = {}
        before = time.clock_gettime(self.clock)
        yield figures
        figures["cpu"] = (time.clock_gettime(self.clock) - before) / count * 1e6

    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    def connect(self) -> socket.socket:
        if not self.where.isdigit():
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(self.where)
            return sock
        sock = socket.create_connection(("127.0.0.1", int(self.where)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def connect_tls(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        sock = context.wrap_socket(self.connect())
        cipher = sock.cipher()
        assert cipher is not None
        assert cipher[0] == CIPHER, cipher
        return sock


@contextmanager
def started(contestant: str, case: str, pem: str) -> Iterator[Server]:
    package, kind = CONTESTANTS[contestant]
    python = twisted_python() if package == "twisted" else sys.executable
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent) if package == "reactorio" else ""}
    command = [python, str(HERE / "transports_server.py"), package, kind, case, pem]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        where = process.stdout.readline().decode().strip()
        try:
            yield Server(process, where)
        finally:
            process.kill()
            if where.startswith("/"):
                Path(where).unlink()


# ---- the other end


def receive_exactly(sock: socket.socket, size: int, buffer: bytearray) -> None:
    while size:
        received = sock.recv_into(buffer, min(size, len(buffer)))
        assert received
        size -= received


def bulk(server: Server, sock: socket.socket) -> dict[str, float]:
    buffer, total = bytearray(WINDOW), len(PIECE) * PIECES
    sent = received = 0
    with sock, server.measured(MEGABYTES) as figures:
        while received < total:
            if sent < total and sent - received < WINDOW:
                sock.sendall(PIECE)
                sent += len(PIECE)
            else:
                received += sock.recv_into(buffer)
    return figures


def send(server: Server, sock: socket.socket) -> dict[str, float]:
    buffer = bytearray(1 << 18)
    with sock, server.measured(MEGABYTES) as figures:
        sock.sendall(b"g")
        receive_exactly(sock, len(PIECE) * PIECES, buffer)
    return figures


def receive(server: Server, sock: socket.socket) -> dict[str, float]:
    with sock, server.measured(MEGABYTES) as figures:
        for _ in range(PIECES):
            sock.sendall(PIECE)
        assert sock.recv(1) == b"k"
    return figures


def churn(
    server: Server, connect: Callable[[], socket.socket], count: int, they_close: bool = False
) -> dict[str, float]:
    def once() -> None:
        with connect() as sock:
            sock.sendall(b"x")
            assert sock.recv(16) == b"x"
            assert not they_close or sock.recv(16) == b""

    for _ in range(count // 10):
        once()
    with server.measured(count) as figures:
        for _ in range(count):
            once()
    return figures


def dial(server: Server) -> dict[str, float]:
    listening = socket.create_server(("127.0.0.1", 0))
    with listening, server.connect() as sock, server.measured(DIALS) as figures:
        sock.sendall(str(listening.getsockname()[1]).encode())
        for _ in range(DIALS):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.recv(16) == b"x"
                accepted.sendall(b"x")
                assert accepted.recv(16) == b""
        assert sock.recv(1) == b"k"
    return figures


def spawn(server: Server) -> dict[str, float]:
    with server.connect() as sock, server.measured(SPAWNS) as figures:
        sock.sendall(b"g")
        assert sock.recv(1) == b"k"
    return figures


def ping(server: Server, message: bytes, connections: int, count: int) -> dict[str, float]:
    """Every connection sends its next request when it has the answer to the last."""
    socks = {sock.fileno(): sock for sock in (server.connect() for _ in range(connections))}
    poll = select.epoll()
    for number in socks:
        poll.register(number, select.EPOLLIN)

    def answered(count: int) -> None:
        sent = done = 0
        for sock in socks.values():
            sock.send(message)
            sent += 1
        while done < count:
            for number, _ in poll.poll():
                assert socks[number].recv(4096) == message
                done += 1
                if sent < count:
                    sent += 1
                    socks[number].send(message)

    answered(max(count // 10, connections))
    with server.measured(count) as figures:
        answered(count)
    poll.close()
    for sock in socks.values():
        sock.close()
    return figures


def many(server: Server, message: bytes, last: bytes, expected: bytes, count: int) -> dict[str, float]:
    """Send messages by the piece, and wait for the answer to the last."""
    piece = message * (len(PIECE) // len(message))
    pieces = count * len(message) // len(piece)
    with server.connect() as sock, server.measured(pieces * len(piece) / len(message)) as figures:
        for _ in range(pieces):
            sock.sendall(piece)
        sock.sendall(last)
        assert sock.recv(16) == expected
    return figures


def many_back(server: Server, message: bytes, count: int) -> dict[str, float]:
    piece = message * (len(PIECE) // len(message))
    pieces = count * len(message) // len(piece)
    buffer = bytearray(len(piece))
    with server.connect() as sock, server.measured(pieces * len(piece) / len(message)) as figures:
        for _ in range(pieces):
            sock.sendall(piece)
            receive_exactly(sock, len(piece), buffer)
    return figures


def udp(server: Server, together: int, count: int) -> dict[str, float]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", int(server.where)))
        sock.settimeout(5)

        def answered(count: int) -> None:
            for _ in range(together):
                sock.send(MESSAGE)
            for number in range(count):
                assert sock.recv(4096) == MESSAGE
                if number < count - together:
                    sock.send(MESSAGE)

        answered(count // 10)
        with server.measured(count) as figures:
            answered(count)
    return figures


def idle(server: Server, connections: int) -> dict[str, float]:
    """Connections that have done one echo each, and then nothing."""
    socks = []

    def connect(count: int) -> None:
        for _ in range(count):
            sock = server.connect()
            sock.send(MESSAGE)
            assert sock.recv(4096) == MESSAGE
            socks.append(sock)

    # What the first ones take once and for all is not the price of one.
    connect(100)
    before = server.memory()
    connect(connections)
    memory = (server.memory() - before) / connections
    for sock in socks:
        sock.close()
    return {"memory": memory}


LINE = MESSAGE[:62] + b"\r\n"
STRING = struct.pack("!I", 60) + MESSAGE[:60]

Measure = Callable[[Server], dict[str, float]]


def measures(quick: bool) -> dict[str, tuple[str, Measure]]:
    """Return for each measure what the server is to be, and what is done with it."""

    def some(count: int) -> int:
        return count // 10 if quick else count

    end, k = struct.pack("!I", 3) + b"end", struct.pack("!I", 1) + b"k"
    return {
        "bulk": ("echo", lambda server: bulk(server, server.connect())),
        "send": ("send", lambda server: send(server, server.connect())),
        "receive": ("receive", lambda server: receive(server, server.connect())),
        "churn": ("echo", lambda server: churn(server, server.connect, some(4000))),
        "answer": ("answer", lambda server: churn(server, server.connect, some(4000), True)),
        "dial": ("dial", dial),
        "unix": ("unix echo", lambda server: ping(server, MESSAGE, 50, some(30_000))),
        "udp 1": ("udp ", lambda server: udp(server, 1, some(10_000))),
        "udp 32": ("udp ", lambda server: udp(server, 32, some(30_000))),
        "tls bulk": ("tls echo", lambda server: bulk(server, server.connect_tls())),
        "tls send": ("tls send", lambda server: send(server, server.connect_tls())),
        "tls receive": ("tls receive", lambda server: receive(server, server.connect_tls())),
        "tls shake": ("tls echo", lambda server: churn(server, server.connect_tls, some(500))),
        "line": ("lineecho", lambda server: ping(server, LINE, 50, some(30_000))),
        "lines": ("lines", lambda server: many(server, LINE, b"end\r\n", b"k\r\n", some(300_000))),
        "lines back": ("lineecho", lambda server: many_back(server, LINE, some(200_000))),
        "string": ("stringecho", lambda server: ping(server, STRING, 50, some(30_000))),
        "strings": ("strings", lambda server: many(server, STRING, end, k, some(300_000))),
        "strings back": ("stringecho", lambda server: many_back(server, STRING, some(200_000))),
        "idle": ("echo", lambda server: idle(server, some(5000))),
        "spawn": ("spawn", spawn),
    }


# ---- what comes of it

Rounds = dict[str, list[dict[str, dict[str, float]]]]

# What is asked of reactorio on uvloop: how often what it takes goes into what others take.
TARGETS = {
    "bulk": {"twisted": 2.0},
    "churn": {"twisted": 1.5},
    "udp 1": {"twisted": 1.0, "uvloop": 0.9},
    "udp 32": {"twisted": 1.0, "uvloop": 0.9},
    "tls bulk": {"twisted": 1.4, "uvloop": 0.85},
    "tls send": {"uvloop": 0.85},
    "tls receive": {"uvloop": 0.85},
    "tls shake": {"twisted": 1.0},
    "lines": {"twisted": 2.5},
    "strings": {"twisted": 1.3},
    "idle": {"uvloop": 1 / 1.3},
}


def show(rounds: Rounds) -> None:
    """One row for each measure, then how often the figure of each goes into what others take."""
    print(f"{'CPU µs, or bytes':20}" + "".join(f"{name:>18}" for name in rounds))
    for measure, figures in next(iter(rounds.values()))[0].items():
        (figure,) = figures
        values = [median(one[measure][figure] for one in taken) for taken in rounds.values()]
        print(f"{measure:20}" + "".join(f"{value:18,.2f}" for value in values))
        for base in ("twisted", "asyncio", "uvloop"):
            if base in rounds:
                ratios = [times_as_good(rounds, name, base, measure) for name in rounds]
                print(f"{'    to ' + base:20}" + "".join(f"{ratio:17.2f}x" for ratio in ratios))


def times_as_good(rounds: Rounds, name: str, base: str, measure: str) -> float:
    """The median of the rounds' ratios: a slow minute slows both."""

    def figure(one: dict[str, dict[str, float]]) -> float:
        return next(iter(one[measure].values()))

    return median(figure(b) / figure(a) for a, b in zip(rounds[name], rounds[base], strict=True))


def check(rounds: Rounds) -> None:
    name = "reactorio/uvloop"
    for measure, targets in TARGETS.items():
        for base, target in targets.items():
            if name in rounds and base in rounds and measure in rounds[name][0]:
                ratio = times_as_good(rounds, name, base, measure)
                verdict = "as" if ratio >= target else "NOT as"
                print(f"{measure}, {name} to {base}: {ratio:.2f}x, {verdict} it should be (at least {target:.2f}x)")


def certificate() -> bytes:
    """Return a key and a certificate for nobody in particular."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem) + plain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how many times each contestant is measured")
    parser.add_argument("--only", default="", help="names of measures, or their first words, with commas")
    parser.add_argument("--contestants", default=",".join(CONTESTANTS), help="some of them, with commas")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, for a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of every round there, too")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    contestants = options.contestants.split(",")
    only = {name for name in options.only.split(",") if name}
    rounds: Rounds = {name: [{} for _ in range(options.rounds)] for name in contestants}
    with tempfile.NamedTemporaryFile() as pem:
        pem.write(certificate())
        pem.flush()
        for number in range(options.rounds):
            # One after the other within seconds, and each round in the other direction: a slow minute slows all.
            order: list[Any] = contestants if number % 2 == 0 else contestants[::-1]
            for measure, (case, run) in measures(options.quick).items():
                if only and not only & {measure, measure.split()[0]}:
                    continue
                for name in order:
                    print(f"round {number + 1} of {options.rounds}: {measure}, {name}", file=sys.stderr)
                    with started(name, case, pem.name) as server:
                        rounds[name][number][measure] = run(server)
    if options.json:
        options.json.write_text(json.dumps(rounds, indent=2))
    show(rounds)
    check(rounds)


if __name__ == "__main__":
    main()
