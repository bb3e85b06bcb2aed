"""
What an echo costs its server.

    python benchmarks/echo.py [--rounds 5] [--only ping|bulk|connect|idle] [--connections 1,10,50,100,1000]

Five servers, each a process of its own, take turns in one run: Twisted on its epoll reactor (installed from PyPI into
an environment of this script's own), a bare protocol on asyncio and on uvloop, and reactorio on each. The figures are
medians over the rounds:

    ping      CPU time of the server for a 64-byte request, and requests a second, at several numbers of connections
    bulk      MB a second (and CPU time a MB) of an echoed stream, written in pieces of 64 KiB
    connect   CPU time and rate of connections that are opened, used once and closed
    idle      resident memory for each of 5,000 connections that do nothing

The CPU time is what holds on a noisy machine. Rates are the server's where it was busy all the time (`busy`), and else
the load generator's, which takes its half of the kernel's work for a request.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

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
PIECE = b"x" * 65536
# An echo server has no brake of its own, and stores what it cannot send: so many bytes are on their way at most.
WINDOW = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")


class Server:
    """A server under test."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.pid = process.pid
        # Another process's clock, as Linux numbers it (clock_getcpuclockid). What /proc says comes in steps of 10 ms.
        self.clock = (~process.pid << 3) | 2
        self.address = ("127.0.0.1", port)

    def cpu(self) -> float:
        """Seconds of CPU time so far, the kernel's for it included."""
        return time.clock_gettime(self.clock)

    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    def connect(self) -> socket.socket:
        sock = socket.create_connection(self.address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock


@contextmanager
def started(contestant: str) -> Iterator[Server]:
    package, kind = CONTESTANTS[contestant]
    python = twisted_python() if package == "twisted" else sys.executable
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent) if package == "reactorio" else ""}
    command = [python, str(HERE / "echo_server.py"), package, kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            yield Server(process, int(process.stdout.readline()))
        except OSError as error:
            # A connection that was reset, because nobody is there any more: killed for want of memory, for example.
            try:
                status = process.wait(1)
            except subprocess.TimeoutExpired:
                raise error from None
            raise RuntimeError(f"{contestant}'s server has ended, with status {status}") from error
        finally:
            process.kill()


def ping(server: Server, connections: int, requests: int) -> dict[str, float]:
    """Every connection sends its next request when it has the answer to the last."""
    socks = {sock.fileno(): sock for sock in (server.connect() for _ in range(connections))}
    poll = select.epoll()
    for number in socks:
        poll.register(number, select.EPOLLIN)

    def answered(count: int) -> None:
        sent = min(connections, count)
        for sock in list(socks.values())[:sent]:
            sock.send(MESSAGE)
        done = 0
        while done < count:
            for number, _ in poll.poll():
                sock = socks[number]
                assert len(sock.recv(4096)) == len(MESSAGE)
                done += 1
                if sent < count:
                    sent += 1
                    sock.send(MESSAGE)

    answered(max(connections, requests // 10))
    cpu, clock = server.cpu(), time.monotonic()
    answered(requests)
    cpu, clock = server.cpu() - cpu, time.monotonic() - clock
    poll.close()
    for sock in socks.values():
        sock.close()
    return {"cpu": cpu / requests * 1e6, "rate": requests / clock, "busy": cpu / clock * 100}


def bulk(server: Server, megabytes: int) -> dict[str, float]:
    """One connection sends without pause and takes everything back."""
    total = megabytes << 20
    with server.connect() as sock:
        sock.setblocking(False)
        poll = select.poll()
        sent = received = 0
        buffer = bytearray(WINDOW)
        cpu, clock = server.cpu(), time.monotonic()
        while received < total:
            may_send = sent < total and sent - received < WINDOW
            poll.register(sock, select.POLLIN | (select.POLLOUT if may_send else 0))
            for _, events in poll.poll():
                if events & select.POLLIN:
                    received += sock.recv_into(buffer)
                if events & select.POLLOUT:
                    sent += sock.send(PIECE)
        cpu, clock = server.cpu() - cpu, time.monotonic() - clock
    return {"cpu": cpu / megabytes * 1e6, "rate": megabytes / clock, "busy": cpu / clock * 100}


def connect(server: Server, connections: int) -> dict[str, float]:
    """One after the other: open, one request, one answer, close."""
    cpu, clock = server.cpu(), time.monotonic()
    for _ in range(connections):
        with server.connect() as sock:
            sock.send(MESSAGE)
            assert sock.recv(4096) == MESSAGE
    cpu, clock = server.cpu() - cpu, time.monotonic() - clock
    return {"cpu": cpu / connections * 1e6, "rate": connections / clock, "busy": cpu / clock * 100}


def idle(server: Server, connections: int) -> dict[str, float]:
    """Open connections that have done one echo each and then nothing."""
    before = server.memory()
    socks = []
    for _ in range(connections):
        sock = server.connect()
        sock.send(MESSAGE)
        assert sock.recv(4096) == MESSAGE
        socks.append(sock)
    memory = (server.memory() - before) / connections
    for sock in socks:
        sock.close()
    return {"memory": memory}


Measure = Callable[[Server], dict[str, float]]


def measures(options: argparse.Namespace) -> dict[str, Measure]:
    scale = 0.1 if options.quick else 1
    chosen: dict[str, Measure] = {}
    for number in map(int, options.connections.split(",")):
        requests = int((10_000 if number == 1 else 60_000) * scale)
        chosen[f"ping {number}"] = lambda server, number=number, requests=requests: ping(server, number, requests)
    chosen["bulk"] = lambda server: bulk(server, int(400 * scale))
    chosen["connect"] = lambda server: connect(server, int(4000 * scale))
    chosen["idle"] = lambda server: idle(server, int(5000 * scale))
    return {name: run for name, run in chosen.items() if not options.only or name.split()[0] in options.only.split(",")}


Rounds = dict[str, list[dict[str, dict[str, float]]]]

UNITS = {"cpu": "µs CPU", "rate": "/s", "busy": "% busy", "memory": "bytes"}


def show(rounds: Rounds) -> None:
    """One row for each figure, and under what the server spends, how often that goes into what others spend."""
    print(f"{'':24}" + "".join(f"{name:>18}" for name in rounds))
    first = next(iter(rounds.values()))[0]
    for measure, figures in first.items():
        for figure in figures:
            values = [median(one[measure][figure] for one in taken) for taken in rounds.values()]
            print(f"{measure + ' ' + UNITS[figure]:24}" + "".join(f"{value:18,.1f}" for value in values))
            if figure in ("cpu", "memory"):
                for base in ("twisted", "asyncio", "uvloop"):
                    ratios = [times_as_good(rounds, name, base, measure, figure) for name in rounds]
                    print(f"{'    to ' + base:24}" + "".join(f"{ratio:17.2f}x" for ratio in ratios))


def times_as_good(rounds: Rounds, name: str, base: str, measure: str, figure: str) -> float:
    """The median of the rounds' ratios: a slow minute slows both."""
    return median(b[measure][figure] / a[measure][figure] for a, b in zip(rounds[name], rounds[base], strict=True))


# What is asked of reactorio: so many times cheaper a 64-byte request at 50 connections.
TARGETS = [
    ("reactorio/uvloop", "twisted", 2.0),
    ("reactorio/uvloop", "uvloop", 0.85),
    ("reactorio/asyncio", "twisted", 1.5),
]


def check(rounds: Rounds) -> None:
    for name, base, target in TARGETS:
        ratio = times_as_good(rounds, name, base, "ping 50", "cpu")
        print(
            f"{name} to {base}: {ratio:.2f}x, {'as' if ratio >= target else 'NOT as'} it should be (at least {target}x)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how many times each server is measured")
    parser.add_argument("--only", default="", help="ping, bulk, connect, idle, or several with commas")
    parser.add_argument("--connections", default="1,10,50,100,1000", help="of ping")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, for a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of every round there, too")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    rounds: Rounds = {name: [{} for _ in range(options.rounds)] for name in CONTESTANTS}
    for number in range(options.rounds):
        # One after the other within seconds, and each round in the other direction: a slow minute slows all.
        order = list(CONTESTANTS) if number % 2 == 0 else list(reversed(CONTESTANTS))
        for measure, run in measures(options).items():
            for name in order:
                print(f"round {number + 1} of {options.rounds}: {measure}, {name}", file=sys.stderr)
                with started(name) as server:
                    rounds[name][number][measure] = run(server)
    if options.json:
        options.json.write_text(json.dumps(rounds, indent=2))
    show(rounds)
    if "ping 50" in rounds["twisted"][0]:
        check(rounds)


if __name__ == "__main__":
    main()
