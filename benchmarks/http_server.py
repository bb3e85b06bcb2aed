"""
A contestant of http.py: a server that answers every request with 100 bytes.

    python http_server.py twisted|reactorio|aiohttp|uvicorn|bare asyncio|uvloop|epoll [FOLDER]

It prints its port, and serves until it is killed; twisted and reactorio serve the folder in the place of that, if one is given.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

BODY = b"x" * 100


def listening() -> socket.socket:
    sock = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(sock.getsockname()[1], flush=True)
    return sock


def run(main: Any, loop: str) -> None:
    """Run a coroutine for ever."""
    if loop == "uvloop":
        import uvloop

        uvloop.run(main)
    else:
        asyncio.run(main)


def twisted_web(package: str, loop: str, folder: str | None = None) -> None:
    from importlib import import_module

    if package == "twisted":
        import_module("twisted.internet.epollreactor").install()
    else:
        import reactorio

        reactorio.install(uvloop=loop == "uvloop")
    reactor: Any = import_module(f"{package}.internet.reactor")
    resource, server = import_module(f"{package}.web.resource"), import_module(f"{package}.web.server")

    class Hundred(resource.Resource):  # type: ignore[name-defined, misc]  # whose it is, is known at run time only
        isLeaf = True

        def render_GET(self, request: Any) -> bytes:
            return BODY

    root = Hundred() if folder is None else import_module(f"{package}.web.static").File(folder)
    port = reactor.listenTCP(0, server.Site(root), backlog=512, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    reactor.run()


def aiohttp_web(loop: str) -> None:
    from aiohttp import web

    async def hundred(request: web.Request) -> web.Response:
        return web.Response(body=BODY, content_type="text/html")

    async def main() -> None:
        app = web.Application()
        app.router.add_get("/", hundred)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.SockSite(runner, listening()).start()
        await asyncio.Event().wait()

    run(main(), loop)


def uvicorn_web(loop: str) -> None:
    import uvicorn

    headers = [(b"content-type", b"text/html"), (b"content-length", b"100")]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})

    config = uvicorn.Config(app, http="httptools", loop=loop, lifespan="off", log_level="warning", access_log=True)
    uvicorn.Server(config).run([listening()])


def bare(loop: str) -> None:
    """httptools and a write: what there is to pay at least."""
    from httptools import HttpRequestParser

    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/html\r\n\r\n" + BODY

    class Bare(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport
            self.parser = HttpRequestParser(self)
            self.data_received = self.parser.feed_data  # type: ignore[method-assign, assignment]

        def data_received(self, data: bytes) -> None:
            self.parser.feed_data(data)

        def on_message_complete(self) -> None:
            self.transport.write(answer)

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Bare, sock=listening())
        await server.serve_forever()

    run(main(), loop)


if __name__ == "__main__":
    package, loop, *folder = sys.argv[1:]
    if package in ("twisted", "reactorio"):
        twisted_web(package, loop, *folder)
    else:
        {"aiohttp": aiohttp_web, "uvicorn": uvicorn_web, "bare": bare}[package](loop)
