"""A site in the test's loop, and clients that block, in threads."""

from __future__ import annotations

import asyncio
import http.client
import socket
import subprocess
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import blocking

from reactorio.internet.process import reapProcessHandlers
from reactorio.web import server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

LOOPBACK = "127.0.0.1"


class Answer(NamedTuple):
    """A response: its headers by lower-case name, all values of one joined by commas."""

    status: int
    headers: dict[str, str]
    body: bytes


class Hosted:
    """A running site, and how it is asked; every method but these blocks, and is for threads."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, path: str) -> str:
        return f"http://{LOOPBACK}:{self.port}{path}"

    def ask(self, path: str, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask as http.client does, which sends the path as it is."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=10)
        try:
            connection.request(method, path, body, {"Connection": "close", **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, _joined(response.getheaders()), response.read())
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """Send bytes, and return what comes until the server closes."""
        with socket.create_connection((LOOPBACK, self.port), timeout=10) as connection:
            connection.sendall(request)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
            return b"".join(parts)

    def curl(self, path: str, *options: str) -> bytes:
        """Return what curl writes."""
        command = ["curl", "-sS", "--path-as-is", "--noproxy", "*", "-m", "10", *options, self.url(path)]
        return subprocess.run(command, capture_output=True, check=True, timeout=20).stdout


def _joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


async def in_thread(work: Callable[[], Any]) -> Any:
    """Return what a function returns that blocks."""
    return await blocking.in_thread(work, 30)


@asynccontextmanager
async def listening(factory: Any) -> AsyncIterator[Hosted]:
    """Have a factory listen; in the end, no connection is left, and no child of a script that is through."""
    from reactorio.internet import reactor

    before = set(reactor._open)
    port = reactor.listenTCP(0, factory, interface=LOOPBACK)
    try:
        yield Hosted(port.getHost().port)
    finally:
        await port.stopListening()
        deadline = time.monotonic() + 5
        while (set(reactor._open) - before or reapProcessHandlers) and time.monotonic() < deadline:
            await asyncio.sleep(0)


def hosting(resource: Any, **attributes: Any) -> Any:
    """Serve a resource, with attributes of the site set."""
    site = server.Site(resource)
    for name, value in attributes.items():
        setattr(site, name, value)
    return listening(site)


def visit(run: Any, resource: Any, work: Callable[[Hosted], Any], **attributes: Any) -> Any:
    """Serve a resource, have a function ask for it in a thread, and return what that returns."""

    async def main() -> Any:
        async with hosting(resource, **attributes) as site:
            return await in_thread(lambda: work(site))

    return run(main())
