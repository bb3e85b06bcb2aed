"""Libraries of asyncio's world, unmodified, in coroutines that Deferreds stand for; and Deferreds in their handlers."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import asynccontextmanager

import aiohttp
import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest
import sniffio
import uvicorn
from aiohttp import web
from fastapi import Depends, FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from reactorio.internet import reactor
from reactorio.internet.defer import Deferred, DeferredQueue, ensureDeferred, fail, inlineCallbacks, succeed
from reactorio.internet.task import deferLater

from .endings import soon

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup


@pytest.fixture(params=["task", "fromCoroutine", "inlineCallbacks"])
def drive(request):
    """Runs a coroutine in a Task, as a Deferred's, or yielded by an inlineCallbacks generator."""

    @inlineCallbacks
    def inline(coroutine):
        return (yield coroutine)

    return {"task": asyncio.ensure_future, "fromCoroutine": Deferred.fromCoroutine, "inlineCallbacks": inline}[
        request.param
    ]


def fired_soon(result):
    deferred = Deferred()
    soon(deferred.callback, result)
    return deferred


# -- aiohttp


@asynccontextmanager
async def aiohttp_server(**handlers):
    """Serve a handler for each path, and cancel it when its client goes away; gives the URL."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_route("*", f"/{name}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def hello(request):
    return web.Response(text=await fired_soon("hello"))


def test_an_aiohttp_client_and_server_work(drive, run):
    async def body():
        async with aiohttp_server(hello=hello) as url, aiohttp.ClientSession() as session:
            answers = []
            for _ in range(2):  # the second on the same connection
                async with session.get(f"{url}/hello") as response:
                    answers.append(await response.text())
            return answers

    async def main():
        return await drive(body())

    assert run(main()) == ["hello", "hello"]


def test_aiohttp_ends_a_request_in_time(drive, run):
    arrived, told = [], []

    async def never(request):
        arrived.append(request)
        await Deferred(told.append)

    async def body():
        seconds = 0.01
        async with aiohttp_server(never=never) as url, aiohttp.ClientSession() as session:
            while not arrived:
                seconds *= 2  # a busy machine may need longer to connect
                with pytest.raises(asyncio.TimeoutError):
                    await session.get(f"{url}/never", timeout=aiohttp.ClientTimeout(total=seconds))
            while not told:
                await asyncio.sleep(0.001)
            return "ended"

    async def main():
        return await drive(body())

    assert run(main()) == "ended"
    assert len(told) == 1


def test_aiohttp_websockets_carry_what_a_deferred_queue_gives(drive, run):
    async def numbers(request):
        queue = DeferredQueue()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for number in range(3):
            soon(queue.put, number)
        for _ in range(3):
            await socket.send_json(await queue.get())
        await socket.close()
        return socket

    async def body():
        async with (
            aiohttp_server(numbers=numbers) as url,
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{url}/numbers") as socket,
        ):
            return [message.json() async for message in socket]

    async def main():
        return await drive(body())

    assert run(main()) == [0, 1, 2]


def test_cancelling_a_deferred_cancels_the_request_of_aiohttp(run):
    arrived, told = [], []

    async def never(request):
        arrived.append(request)
        await Deferred(told.append)

    async def fetch(url):
        async with aiohttp.ClientSession() as session:
            await session.get(url)

    async def main():
        async with aiohttp_server(never=never) as url:
            deferred = ensureDeferred(fetch(f"{url}/never"))
            while not arrived:
                await asyncio.sleep(0.001)
            deferred.cancel()
            with pytest.raises(asyncio.CancelledError):
                await deferred
            while not told:
                await asyncio.sleep(0.001)

    run(main())
    assert len(told) == 1


# -- httpx


def test_httpx_asks_an_asgi_application(drive, run):
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": await fired_soon(b"hello")})

    async def body():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test") as client:
            return (await client.get("/")).text

    async def main():
        return await drive(body())

    assert run(main()) == "hello"


def test_httpx_asks_a_server(drive, run):
    async def body():
        async with aiohttp_server(hello=hello) as url, httpx.AsyncClient(trust_env=False) as client:
            answers = await asyncio.gather(*(client.get(f"{url}/hello") for _ in range(3)))
            return [answer.text for answer in answers]

    async def main():
        return await drive(body())

    assert run(main()) == ["hello"] * 3


def test_httpx_ends_a_request_in_time(drive, run):
    async def never(request):
        await Deferred()

    async def body():
        async with aiohttp_server(never=never) as url, httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(f"{url}/never", timeout=httpx.Timeout(30, read=0.02))
            return (await client.get(url)).status_code

    async def main():
        return await drive(body())

    assert run(main()) == 404


def test_the_connections_of_httpx_can_be_used_by_any_driver(run):
    async def main():
        async with aiohttp_server(hello=hello) as url, httpx.AsyncClient(trust_env=False) as client:

            async def ask():
                return (await client.get(f"{url}/hello")).text

            return [await ask(), await ensureDeferred(ask()), await asyncio.ensure_future(ask())]

    assert run(main()) == ["hello"] * 3


# -- anyio


def test_sniffio_and_anyio_see_asyncio(drive, run):
    async def body():
        before = sniffio.current_async_library()
        await fired_soon(None)
        return before, sniffio.current_async_library(), anyio.get_current_task().name

    async def main():
        return await drive(body())

    before, after, name = run(main())
    assert (before, after) == ("asyncio", "asyncio")
    assert name.startswith(("Task-", "Deferred-"))


def test_move_on_after_leaves_a_deferred(drive, run):
    told = []

    async def body():
        with anyio.move_on_after(0.001) as scope:
            await Deferred(told.append)
        await anyio.lowlevel.checkpoint()
        return scope.cancelled_caught, len(told)

    async def main():
        return await drive(body())

    assert run(main()) == (True, 1)


def test_fail_after_ends_the_waiting(drive, run):
    told = []

    async def body():
        with pytest.raises(TimeoutError), anyio.fail_after(0.001):
            await Deferred(told.append)
        with anyio.fail_after(3600):
            return await fired_soon("in time")

    async def main():
        return await drive(body())

    assert run(main()) == "in time"
    assert len(told) == 1


def test_an_outer_scope_does_not_look_like_an_inner_one(drive, run):
    async def body():
        with anyio.CancelScope() as outer, anyio.CancelScope() as inner:
            soon(outer.cancel)
            await Deferred()
        return outer.cancelled_caught, inner.cancelled_caught

    async def main():
        return await drive(body())

    assert run(main()) == (True, False)


def test_a_shielded_scope_keeps_a_deferred(drive, run):
    async def body():
        with anyio.CancelScope() as outer:
            soon(outer.cancel)
            with anyio.CancelScope(shield=True):
                result = await deferLater(reactor, 0.002, lambda: "kept")
            await Deferred()
        return result, outer.cancelled_caught

    async def main():
        return await drive(body())

    assert run(main()) == ("kept", True)


def test_a_scope_cancels_until_it_is_left(drive, run):
    """asyncio cancels once, anyio at every await."""
    seen = []

    async def body():
        with anyio.CancelScope() as scope:
            scope.cancel()
            for _ in range(3):
                try:
                    await Deferred()
                except asyncio.CancelledError:
                    seen.append("cancelled")
            await anyio.lowlevel.checkpoint()
        return scope.cancelled_caught

    async def main():
        return await drive(body())

    assert run(main())
    assert seen == ["cancelled"] * 3


def test_an_anyio_task_group_waits_for_both_kinds(drive, run):
    results = []

    async def child(deferred):
        results.append(await deferred)

    async def body():
        async with anyio.create_task_group() as group:
            group.start_soon(child, fired_soon("pending"))
            group.start_soon(child, succeed("fired"))
            results.append(await fired_soon("body"))

    async def main():
        await drive(body())

    run(main())
    assert sorted(results) == ["body", "fired", "pending"]


def test_a_failing_child_of_an_anyio_task_group_cancels_the_deferreds(drive, run):
    told = []

    async def wait():
        await Deferred(told.append)

    async def explode():
        await fail(ValueError("child"))

    async def body():
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                group.start_soon(explode)
                await wait()
        except ExceptionGroup as caught:
            return [str(error) for error in caught.exceptions]

    async def main():
        return await drive(body())

    assert run(main()) == ["child"]
    assert len(told) == 2


def test_an_anyio_task_group_starts_a_service(drive, run):
    async def service(task_status):
        stop = Deferred()
        task_status.started(stop)
        return await stop

    async def body():
        async with anyio.create_task_group() as group:
            stop = await group.start(service)
            stop.callback(None)
        return "stopped"

    async def main():
        return await drive(body())

    assert run(main()) == "stopped"


def test_the_tools_of_anyio_work(drive, run):
    async def body():
        event, lock, limit = anyio.Event(), anyio.Lock(), anyio.CapacityLimiter(1)
        sender, receiver = anyio.create_memory_object_stream(1)
        async with lock, limit, sender, receiver:
            soon(event.set)
            await event.wait()
            await sender.send("sent")
            return await receiver.receive()

    async def main():
        return await drive(body())

    assert run(main()) == "sent"


def test_anyio_runs_a_thread_and_the_thread_asks_the_loop(drive, run):
    async def ask():
        return await fired_soon("from the loop"), threading.current_thread()

    async def body():
        here = threading.current_thread()
        answer, there = await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(ask))
        assert there is here
        return answer

    async def main():
        return await drive(body())

    assert run(main()) == "from the loop"
    # The workers were told to end when the main task did.
    for thread in threading.enumerate():
        if thread.name == "AnyIO worker thread":
            thread.join(5)


def test_cancelling_a_deferred_cancels_the_task_group_in_it(run):
    told = []

    async def wait():
        await Deferred(told.append)

    async def body():
        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await wait()

    async def main():
        deferred = ensureDeferred(body())
        await asyncio.sleep(0.001)
        deferred.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deferred

    run(main())
    assert len(told) == 2


# -- Starlette and FastAPI, under uvicorn


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
