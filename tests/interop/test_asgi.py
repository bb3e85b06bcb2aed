"""An API of Deferreds in handlers of Starlette and FastAPI, under uvicorn."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from reactorio.internet import reactor
from reactorio.internet.defer import Deferred, inlineCallbacks
from reactorio.internet.task import deferLater

from .endings import fired_soon


class Numbers:
    """An API of Deferreds, for the handlers to use."""

    def __init__(self):
        self.told = []

    def double(self, number):
        return deferLater(reactor, 0.001, lambda: 2 * number)

    @inlineCallbacks
    def quadruple(self, number):
        doubled = yield self.double(number)
        return (yield self.double(doubled))

    def refuse(self):
        return fired_soon(None).addCallback(lambda _: 1 / 0)

    def never(self):
        return Deferred(self.told.append)


@asynccontextmanager
async def served(application):
    """Serve an ASGI application by uvicorn; gives a client for it."""
    server = uvicorn.Server(
        uvicorn.Config(application, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.001)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


def starlette_application(api):
    async def four_times(request):
        return JSONResponse(await api.quadruple(int(request.path_params["number"])))

    async def refused(request):
        try:
            await api.refuse()
        except ZeroDivisionError as error:
            return JSONResponse(str(error), status_code=400)

    async def stream(request):
        async def numbers():
            for number in range(3):
                yield f"{await api.double(number)};"

        return StreamingResponse(numbers())

    async def endless(request):
        async def numbers():
            yield "first"
            yield await api.never()

        return StreamingResponse(numbers())

    return Starlette(
        routes=[
            Route("/four-times/{number}", four_times),
            Route("/refused", refused),
            Route("/stream", stream),
            Route("/endless", endless),
        ]
    )


def fastapi_application(api):
    app = FastAPI()

    async def doubled(number: int):
        return await api.double(number)

    @app.get("/four-times/{number}")
    async def four_times(twice: int = Depends(doubled)):
        return await api.double(twice)

    @app.get("/refused")
    async def refused():
        try:
            await api.refuse()
        except ZeroDivisionError as error:
            raise HTTPException(400, str(error)) from None

    @app.get("/stream")
    async def stream():
        async def numbers():
            for number in range(3):
                yield f"{await api.double(number)};"

        return StreamingResponse(numbers())

    @app.get("/endless")
    async def endless():
        async def numbers():
            yield "first"
            yield await api.never()

        return StreamingResponse(numbers())

    return app


@pytest.mark.parametrize("application", [starlette_application, fastapi_application])
def test_handlers_under_uvicorn_await_deferreds(application, run):
    api = Numbers()

    async def main():
        async with served(application(api)) as client:
            answers = await asyncio.gather(*(client.get(f"/four-times/{number}") for number in range(5)))
            assert [answer.json() for answer in answers] == [0, 4, 8, 12, 16]

            refused = await client.get("/refused")
            assert refused.status_code == 400
            assert "division by zero" in refused.text

            assert (await client.get("/stream")).text == "0;2;4;"

            # A client that goes away cancels a response that is on its way, and so the Deferred.
            async with client.stream("GET", "/endless") as response:
                async for piece in response.aiter_text():
                    assert piece == "first"
                    assert api.told == []
                    break
            while not api.told:
                await asyncio.sleep(0.001)

    run(main())
    assert len(api.told) == 1


def test_a_handler_of_plain_asgi_cancels_a_deferred_whose_client_has_gone(run):
    api = Numbers()
    ended = []

    async def application(scope, receive, send):
        while (await receive())["type"] != "http.request":
            pass
        answer = api.never()
        arrived.append(True)
        gone = asyncio.ensure_future(receive())
        gone.add_done_callback(lambda gone: answer.cancel())
        try:
            await answer
        except asyncio.CancelledError:
            ended.append(gone.result()["type"])

    arrived = []

    async def main():
        async with served(application) as client:
            asking = asyncio.ensure_future(client.get("/"))
            while not arrived:
                await asyncio.sleep(0.001)
            asking.cancel()
            while not ended:
                await asyncio.sleep(0.001)

    run(main())
    assert ended == ["http.disconnect"]
    assert len(api.told) == 1
