"""aiohttp and httpx, unmodified, in coroutines that Deferreds stand for; and Deferreds in their handlers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import httpx
import pytest
from aiohttp import web

from reactorio.internet.defer import Deferred, DeferredQueue, ensureDeferred

from .endings import fired_soon, soon

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
