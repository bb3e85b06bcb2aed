"""
What a WebSocket message costs a server.

    python benchmarks/websocket.py [--rounds 3] [--messages 100000] [--json FILE]

Contestants, each a process of its own, take turns in one run, and send every message of 64 bytes of text back: Twisted's
WebSocketResource on its epoll reactor, reactorio's on asyncio and on uvloop, and the websockets library's own server on
each. The other end is this process: plain sockets, 50 connections, the next message when the last is back, without
compression. The figures are the contestant's CPU time for each message, the kernel's work for it included, medians over
the rounds; and how often reactorio's on uvloop goes into the others'.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib import import_module
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = os.path.dirname(os.path.abspath(__file__))
# Not the standard library's `http`, which the web servers import.
sys.path.remove(HERE)

CONTESTANTS = {
    "twisted": ("twisted", "epoll"),
    "websockets": ("websockets", "asyncio"),
    "websockets/uvloop": ("websockets", "uvloop"),
    "reactorio/asyncio": ("reactorio", "asyncio"),
    "reactorio/uvloop": ("reactorio", "uvloop"),
}
OURS = "reactorio/uvloop"
# How often what reactorio takes goes into what others take.
TARGETS = {"twisted": 3.0, "websockets/uvloop": 1.0}

CONNECTIONS = 50
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
MASK = b"\x01\x02\x03\x04"
MESSAGE = b"\x81\xc0" + MASK + bytes(ord("x") ^ MASK[index % 4] for index in range(64))
ANSWER = b"\x81\x40" + b"x" * 64


# -- Contestants


class Echo:
    """Of both packages."""

    def negotiationStarted(self, transport: Any) -> None:
        self.transport = transport

    def negotiationFinished(self) -> None: ...

    def textMessageReceived(self, message: str) -> None:
        self.transport.sendTextMessage(message)

    def connectionLost(self, reason: object) -> None: ...


class Echoes:
    def buildProtocol(self, request: object) -> Echo:
        return Echo()


def twisted_web(package: str, loop: str) -> None:
    if package == "twisted":
        import_module("twisted.internet.epollreactor").install()
    else:
        import_module("reactorio").install(uvloop=loop == "uvloop")
    reactor: Any = import_module(f"{package}.internet.reactor")
    resource = import_module(f"{package}.web.resource").Resource()
    resource.putChild(b"", import_module(f"{package}.web.websocket").WebSocketResource(Echoes()))
    port = reactor.listenTCP(0, import_module(f"{package}.web.server").Site(resource), interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    reactor.run()


def websockets_server(loop: str) -> None:
    import asyncio

    from websockets.asyncio.server import serve

    async def echo(connection: Any) -> None:
        async for message in connection:
            await connection.send(message)

    async def main() -> None:
        async with serve(echo, "127.0.0.1", 0, compression=None) as server:
            print(next(iter(server.sockets)).getsockname()[1], flush=True)
            await server.serve_forever()

    if loop == "uvloop":
        import_module("uvloop").run(main())
    else:
        asyncio.run(main())


def contest(package: str, loop: str) -> None:
    if package == "websockets":
        websockets_server(loop)
    else:
        twisted_web(package, loop)


# -- The other end


@contextmanager
def started(contestant: str) -> Iterator[tuple[int, int]]:
    """Run a contestant. Gives its port, and the number of its CPU clock."""
    package, loop = CONTESTANTS[contestant]
    python = sys.executable
    if package == "twisted":
        sys.path.append(HERE)
        python = import_module("twisted_environment").twisted_python("wsproto")
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(HERE) if package == "reactorio" else ""}
    command = [python, __file__, "--contestant", f"{package} {loop}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd="/") as process:
        assert process.stdout is not None
        try:
            # Another process's clock, as Linux numbers it (clock_getcpuclockid).
            yield int(process.stdout.readline()), (~process.pid << 3) | 2
        finally:
            process.kill()


def connected(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(HANDSHAKE)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    assert head.startswith(b"HTTP/1.1 101 "), head
    return sock


def exchange(sockets: list[socket.socket], messages: int) -> None:
    """Have as many messages sent back, over all connections."""
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
            sock.sendall(MESSAGE)
        left = messages
        while left > 0:
            for key, _ in selector.select():
                sock = key.fileobj  # type: ignore[assignment]  # what was registered
                answer = sock.recv(1000)
                assert answer == ANSWER, answer
                left -= 1
                sock.sendall(MESSAGE)
        for sock in sockets:
            assert sock.recv(1000) == ANSWER


def measure(contestant: str, messages: int) -> float:
    """Return microseconds of CPU for each message."""
    with started(contestant) as (port, clock):
        sockets = [connected(port) for _ in range(CONNECTIONS)]
        exchange(sockets, messages // 10)
        before = time.clock_gettime(clock)
        exchange(sockets, messages)
        taken = time.clock_gettime(clock) - before
        for sock in sockets:
            sock.close()
        return taken / (messages + CONNECTIONS) * 1e6


def show(taken: dict[str, list[float]]) -> None:
    print(f"{'':20}{'CPU µs a message':>18}{'to ' + OURS:>24}")
    for name, values in taken.items():
        times = median(theirs / one for theirs, one in zip(values, taken[OURS], strict=True))
        verdict = "" if times >= TARGETS.get(name, 0) else f"  NOT as it should be (at least {TARGETS[name]:.2f}x)"
        print(f"{name:20}{median(values):18.2f}{times:23.2f}x{verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--json")
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        contest(*options.contestant.split())
        return
    taken: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(options.rounds):
        for name, values in taken.items():
            values.append(measure(name, options.messages))
    show(taken)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(taken, file, indent=1)


if __name__ == "__main__":
    main()
