"""
A Starlette application beside resources of the reactor's, in one process and one loop.

    reactorio run examples/web_asgi.py [PORT]

It needs Starlette. /api/hello/NAME is the application's, /api/echo its WebSocket, /api/quotes a stream; /files a folder.
"""

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File

from reactorio.web.asgi import ASGIResource


async def hello(request):
    # Both worlds: a Deferred, and asyncio's own.
    await deferLater(reactor, 0.01)
    await asyncio.sleep(0.01)
    return JSONResponse({"hello": request.path_params["name"], "served": request.state.served})


async def quotes(request):
    async def lines():
        for line in ("one", "two", "three"):
            await asyncio.sleep(0.01)
            yield f"{line}\n"

    return StreamingResponse(lines(), media_type="text/plain")


async def echo(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text.upper())


@asynccontextmanager
async def lifespan(app):
    print("the application starts", flush=True)
    yield {"served": "by reactorio"}
    print("the application has ended", flush=True)


app = Starlette(
    routes=[Route("/hello/{name}", hello), Route("/quotes", quotes), WebSocketRoute("/echo", echo)], lifespan=lifespan
)


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    root = Resource()
    root.putChild(b"api", ASGIResource(app))
    root.putChild(b"files", File(str(Path(__file__).parent)))
    listening = reactor.listenTCP(port, Site(root), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
