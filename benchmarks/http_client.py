"""
What a request costs its client.

    python benchmarks/http_client.py [--rounds 5] [--requests 20000] [--workers 10] [--json FILE]

Contestants, each a process of its own, take turns in one run against one small server, also a process of its own, that answers
every request with a body of 100 bytes: Twisted's Agent on its epoll reactor (installed from PyPI into an environment of
this script's own), reactorio's Agent on asyncio and on uvloop, aiohttp's client on each, and a bare protocol around httptools on
each. Each keeps so many requests going at a time as there are workers, over as many connections, and reads every body whole. The
figures are CPU time of the contestant for each request, the kernel's work for it included, medians over the rounds; and how often
it goes into another's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HERE = Path(__file__).resolve().parent
BODY = b"x" * 100
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + BODY
)
CONTESTANTS = {
    "twisted": ("agent", "epoll"),
    "aiohttp/asyncio": ("aiohttp", "asyncio"),
    "aiohttp/uvloop": ("aiohttp", "uvloop"),
    "bare/asyncio": ("bare", "asyncio"),
    "bare/uvloop": ("bare", "uvloop"),
    "reactorio/asyncio": ("agent", "asyncio"),
    "reactorio/uvloop": ("agent", "uvloop"),
}
# What is asked of reactorio: how often what it takes goes into what others take.
TARGETS = {
    ("reactorio/uvloop", "twisted"): 2.5,
    ("reactorio/uvloop", "aiohttp/uvloop"): 1.0,
    ("reactorio/asyncio", "aiohttp/asyncio"): 1.0,
}


# ---- the server


class Answering(asyncio.Protocol):
    """Answers whatever ends like a request without a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.left = b""

    def data_received(self, data: bytes) -> None:
        data = self.left + data
        requests = data.count(b"\r\n\r\n")
        self.left = data[data.rfind(b"\r\n\r\n") + 4 :] if requests else data
        if requests:
            self.transport.write(ANSWER * requests)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# ---- the contestants: each takes the port, how many requests and how many workers, and prints what one request took


class Counted:
    """So many requests, shared out; the first tenth does not count."""

    def __init__(self, requests: int) -> None:
        self.to_come = requests + requests // 10
        self.counted = requests
        self.since = 0.0

    def take(self) -> bool:
        if self.to_come == self.counted:
            self.since = time.process_time()
        self.to_come -= 1
        return self.to_come >= 0

    def tell(self) -> None:
        print((time.process_time() - self.since) / self.counted * 1e6, flush=True)


def agent(kind: str, port: int, requests: int, workers: int) -> None:
    """The same program for Twisted and, by the alias, for reactorio."""
    if kind == "epoll":
        from twisted.internet import epollreactor

        epollreactor.install()
    else:
        os.environ["REACTORIO_LOOP"] = kind
        import reactorio.as_twisted  # noqa: F401
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred, gatherResults
    from twisted.web.client import Agent, HTTPConnectionPool, readBody

    pool = HTTPConnectionPool(reactor)
    pool.maxPersistentPerHost = workers
    client = Agent(reactor, pool=pool)
    url = b"http://127.0.0.1:%d/" % port
    counted = Counted(requests)

    async def work() -> None:
        while counted.take():
            response = await client.request(b"GET", url)
            assert await readBody(response) == BODY

    def done(ignored: Any) -> None:
        counted.tell()
        reactor.stop()  # type: ignore[attr-defined]  # a module to the type checker

    def start() -> None:
        gatherResults([Deferred.fromCoroutine(work()) for _ in range(workers)]).addCallback(done)

    reactor.callWhenRunning(start)  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]


def run(kind: str, main: Awaitable[None]) -> None:
    if kind == "uvloop":
        import uvloop

        loop: Any = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    loop.run_until_complete(main)


async def all_work(work: Callable[[], Awaitable[None]], workers: int, counted: Counted) -> None:
    await asyncio.gather(*(work() for _ in range(workers)))
    counted.tell()


def aiohttp(kind: str, port: int, requests: int, workers: int) -> None:
    from aiohttp import ClientSession, TCPConnector

    url = f"http://127.0.0.1:{port}/"
    counted = Counted(requests)

    async def main() -> None:
        async with ClientSession(connector=TCPConnector(limit=workers)) as session:

            async def work() -> None:
                while counted.take():
                    async with session.get(url) as response:
                        assert await response.read() == BODY

            await all_work(work, workers, counted)

    run(kind, main())


class Bare(asyncio.Protocol):
    """A client of no more than a parser."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        import httptools

        self.transport: Any = transport
        self.parser: Any = httptools.HttpResponseParser(self)
        self.chunks: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.chunks.append(body)

    def on_message_complete(self) -> None:
        chunks, self.chunks = self.chunks, []
        self.waiting.set_result(b"".join(chunks))

    def request(self, head: bytes) -> asyncio.Future[bytes]:
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(head)
        return self.waiting


def bare(kind: str, port: int, requests: int, workers: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
    counted = Counted(requests)

    async def work() -> None:
        _, protocol = await asyncio.get_running_loop().create_connection(Bare, "127.0.0.1", port)
        while counted.take():
            assert await protocol.request(head) == BODY

    run(kind, all_work(work, workers, counted))


PROGRAMS = {"agent": agent, "aiohttp": aiohttp, "bare": bare}


# ---- what comes of it


def measured(name: str, port: int, requests: int, workers: int) -> float:
    program, kind = CONTESTANTS[name]
    python = sys.executable
    if name == "twisted":
        from twisted_environment import twisted_python

        python = twisted_python()
    environment = {**os.environ, "PYTHONPATH": "" if name == "twisted" else str(HERE.parent)}
    command = [python, __file__, "--as", program, kind, str(port), str(requests), str(workers)]
    return float(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def times_as_good(rounds: dict[str, list[float]], name: str, base: str) -> float:
    """The median of the rounds' ratios: a slow minute slows both."""
    return median(b / a for a, b in zip(rounds[name], rounds[base], strict=True))


def show(rounds: dict[str, list[float]]) -> None:
    bases = [base for base in ("twisted", "aiohttp/asyncio", "aiohttp/uvloop", "bare/uvloop") if base in rounds]
    print(f"{'CPU µs a request':20}" + "".join(f"{'to ' + base:>20}" for base in bases))
    for name, figures in rounds.items():
        ratios = "".join(f"{times_as_good(rounds, name, base):19.2f}x" for base in bases)
        print(f"{name:20}{median(figures):8.1f}{ratios[8:]}")
    for (name, base), target in TARGETS.items():
        if name in rounds and base in rounds:
            ratio = times_as_good(rounds, name, base)
            verdict = "as" if ratio >= target else "NOT as"
            print(f"{name} to {base}: {ratio:.2f}x, {verdict} it should be (at least {target:.2f}x)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=10)
    parser.add_argument("--only", help="contestants, by their names, with commas")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--as", dest="role", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == ["server"]:
        asyncio.run(serve())
    elif options.role:
        program, kind, *numbers = options.role
        PROGRAMS[program](kind, *map(int, numbers))
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    names = options.only.split(",") if options.only else list(CONTESTANTS)
    rounds: dict[str, list[float]] = {name: [] for name in names}
    with subprocess.Popen([sys.executable, __file__, "--as", "server"], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            for _ in range(options.rounds):
                for name, taken in rounds.items():
                    taken.append(measured(name, port, options.requests, options.workers))
        finally:
            server.kill()
    show(rounds)
    if options.json:
        options.json.write_text(json.dumps(rounds, indent=2))


if __name__ == "__main__":
    main()
