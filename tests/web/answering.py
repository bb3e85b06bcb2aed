"""A server that answers what a test tells it to, whatever that is: the other end of client tests."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from reactorio.internet import reactor
from reactorio.web.client import Agent, HTTPConnectionPool

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

# In the place of an answer, or among its pieces.
CLOSE = object()
RESET = object()
WAIT = object()

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Answering:
    """
    Attributes:
        port: Where it listens.
        requests: The requests that came, each with its body.
        connections: How many connections there were.
        go_on: What an answer with WAIT waits for.
    """

    def __init__(self, answers: tuple[Any, ...]) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.go_on = asyncio.Event()
        self.open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> bytes:
        return b"http://127.0.0.1:%d/" % self.port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.open.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self.open.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.requests.append(await read_request(reader))
        pieces = self.answers.pop(0) if self.answers else OK
        for piece in pieces if isinstance(pieces, list) else [pieces]:
            if piece is CLOSE:
                return False
            if piece is RESET:
                writer.transport.abort()
                return False
            if piece is WAIT:
                await self.go_on.wait()
                continue
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return True


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if b"Expect:" in head:
        return head
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name == b"Content-Length":
            return head + await reader.readexactly(int(value))
        if name == b"Transfer-Encoding":
            return head + await reader.readuntil(b"0\r\n\r\n")
    return head


@asynccontextmanager
async def answering(*answers: Any, tls: ssl.SSLContext | None = None) -> AsyncIterator[Answering]:
    """Serve; at the end, everybody has hung up."""
    what = Answering(answers)
    server = await asyncio.start_server(what.serve, "127.0.0.1", 0, ssl=tls)
    what.port = server.sockets[0].getsockname()[1]
    try:
        yield what
        async with asyncio.timeout(5) if hasattr(asyncio, "timeout") else _nothing():
            while what.open:
                await asyncio.wait(set(what.open))
    finally:
        for task in what.open:
            task.cancel()
        server.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def pooled(**options: Any) -> AsyncIterator[tuple[Agent, HTTPConnectionPool]]:
    """An agent whose connections are used again, and closed at the end."""
    agent_options = {name: options.pop(name) for name in ("total_timeout", "read_timeout") if name in options}
    pool = HTTPConnectionPool(reactor, **options)
    try:
        yield Agent(reactor, pool=pool, **agent_options), pool
    finally:
        await pool.closeCachedConnections()


def no_pool(**options: Any) -> Agent:
    return Agent(reactor, **options)


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", b""])
