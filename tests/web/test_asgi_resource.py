"""ASGI applications in a site: plain ones, and Starlette's, with httpx and the websockets library as clients."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import connect

from reactorio.internet import reactor
from reactorio.internet.task import deferLater
from reactorio.web.asgi import ASGIResource
from reactorio.web.resource import Resource

from .hosting import hosting, in_thread


def served(run, application, test, at=None, **options):
    """Run ``test`` with a site that has an application, and a client for it; gives the resource's lifespan an end."""

    async def main():
        resource = ASGIResource(application, **options)
        root = resource
        if at is not None:
            root = Resource()
            root.putChild(at, resource)
        async with (
            hosting(root) as site,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{site.port}", trust_env=False, timeout=10) as client,
        ):
            await asyncio.wait_for(test(site, client), 20)
        await resource._lifespan._stop()

    run(main())


async def echo(scope, receive, send):
    """Answers with the scope, and the body."""
    assert scope["type"] == "http"
    body = b""
    more = True
    while more:
        event = await receive()
        body += event["body"]
        more = event["more_body"]
    shown = {key: scope[key] for key in ("method", "scheme", "path", "raw_path", "query_string", "root_path")}
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": repr(shown).encode(), "more_body": True})
    await send({"type": "http.response.body", "body": body[-5:]})


def test_an_application_has_the_request_and_answers_it(run):
    async def test(site, client):
        answer = await client.post("/api/a%20b%2Fc?x=%20y", content=b"z" * 300_000 + b"end")
        assert (answer.status_code, answer.headers["x-length"]) == (201, "300003")
        assert "content-type" not in answer.headers
        assert answer.text == (
            "{'method': 'POST', 'scheme': 'http', 'path': '/api/a b/c', 'raw_path': b'/api/a%20b%2Fc', "
            "'query_string': b'x=%20y', 'root_path': '/api'}zzend"
        )
        assert (await client.head("/api/")).content == b""

    served(run, echo, test, at=b"api")


def test_at_the_root_there_is_no_root_path(run):
    async def test(site, client):
        assert "'path': '/', 'raw_path': b'/', 'query_string': b'', 'root_path': ''" in (await client.get("/")).text

    served(run, echo, test)


def test_over_http2_it_is_the_same(run):
    async def test(site, client):
        url = f"http://127.0.0.1:{site.port}/x"
        async with httpx.AsyncClient(http1=False, http2=True, trust_env=False) as other:
            answers = await asyncio.gather(*(other.post(url, content=b"z" * 100_000 + b"end") for _ in range(20)))
        for answer in answers:
            assert (answer.http_version, answer.status_code) == ("HTTP/2", 201)
            assert (answer.headers["x-length"], answer.text[-5:]) == ("100003", "zzend")

    served(run, echo, test)


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_trailers_follow_the_body(run, version):
    async def application(scope, receive, send):
        assert scope["extensions"] == {"http.response.trailers": {}}
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.body", "body": b"body\n"})
        trailers = [(b"x-sum", b"1"), (b"x-more", b"2\r\nx-bad: 3")]
        await send({"type": "http.response.trailers", "headers": trailers[:1], "more_trailers": True})
        await send({"type": "http.response.trailers", "headers": trailers[1:]})
        with pytest.raises(RuntimeError):
            await send({"type": "http.response.trailers", "headers": []})

    async def test(site, client):
        # The fields of the head, the body, and the fields behind it.
        said = await in_thread(lambda: site.curl("/", "-i", version))
        head, _, rest = said.replace(b"\r\n", b"\n").lower().partition(b"\n\n")
        assert b"x-sum" not in head
        assert rest.split(b"\n") == [b"body", b"x-sum: 1", b"x-more: 2 x-bad: 3", b""]

    served(run, application, test)


class Known(Exception):
    pass


@pytest.mark.parametrize("when", ["before", "after", "never", "wrong"])
def test_an_application_that_fails_has_500_or_a_broken_answer(run, logged_errors, when):
    async def application(scope, receive, send):
        if when == "before":
            raise Known
        if when == "wrong":
            await send({"type": "http.response.body", "body": b""})
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        if when == "after":
            raise Known

    async def test(site, client):
        if when in ("before", "wrong"):
            answer = await client.get("/")
            assert (answer.status_code, answer.text) == (500, "Internal Server Error")
        else:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get("/")

    served(run, application, test)
    expected = {"before": Known, "after": Known, "wrong": RuntimeError}.get(when)
    if expected is None:
        assert "did not answer" in logged_errors.pop()["log_format"]
    else:
        assert len(logged_errors.flush(expected)) == 1


def test_a_client_that_goes_away_is_told(run):
    async def main():
        told = asyncio.get_running_loop().create_future()

        async def application(scope, receive, send):
            assert (await receive())["type"] == "http.request"
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
            kinds = [(await receive())["type"], (await receive())["type"]]
            try:
                await send({"type": "http.response.body", "body": b"nobody"})
            except OSError as error:
                told.set_result((kinds, error))

        async def test(site, client):
            async with client.stream("GET", "/") as answer:
                assert await anext(answer.aiter_bytes()) == b"first"
            kinds, error = await told
            assert kinds == ["http.disconnect"] * 2
            assert str(error) == "The client has gone"

        return application, test

    async def later(scope, receive, send):
        if scope["type"] == "lifespan":
            raise NotImplementedError
        await made[0](scope, receive, send)

    made = []

    async def test(site, client):
        made[:] = await main()
        await made[1](site, client)

    served(run, later, test)


def test_sending_waits_for_a_client_that_reads_slowly(run):
    sent = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(500):
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
            sent.append(1)
        await send({"type": "http.response.body"})

    async def test(site, client):
        async with client.stream("GET", "/") as answer:
            before = -1
            while before != len(sent):
                before = len(sent)
                await asyncio.sleep(0.1)
            assert before < 300
            assert sum([len(part) async for part in answer.aiter_bytes()]) == 500 << 16

    served(run, application, test)


# -- Starlette


@asynccontextmanager
async def lifespan(application):
    lives.append("up")
    yield {"number": 5}
    await asyncio.sleep(0)
    lives.append("down")


lives: list[str] = []


async def homepage(request):
    doubled = await deferLater(reactor, 0.001, lambda: 2 * request.state.number)
    return JSONResponse({"doubled": doubled, "body": (await request.body()).decode()})


async def text(request):
    return PlainTextResponse("text")


async def numbers(request):
    async def count():
        for number in range(3):
            yield f"{number}\n"
            await asyncio.sleep(0.001)

    return StreamingResponse(count())


async def socket(websocket):
    await websocket.accept(subprotocol="b", headers=[(b"x-more", b"yes")])
    while (text := await websocket.receive_text()) != "bye":
        await websocket.send_text(text.upper())
    await websocket.close(4002, "bye")


class Marked(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        answer = await call_next(request)
        answer.headers["x-marked"] = "yes"
        return answer


def starlette():
    application = Starlette(
        routes=[
            Route("/", homepage, methods=["GET", "POST"]),
            Route("/numbers", numbers),
            Route("/text", text),
            WebSocketRoute("/socket", socket),
        ],
        lifespan=lifespan,
    )
    application.add_middleware(Marked)
    return application


def test_starlette_runs_unmodified_and_lives_with_the_reactor(run):
    lives.clear()

    async def test(site, client):
        answer = await client.post("/", data={"a": "b"})
        assert answer.json() == {"doubled": 10, "body": "a=b"}
        assert answer.headers["x-marked"] == "yes"
        assert (await client.get("/numbers")).text == "0\n1\n2\n"
        assert (await client.get("/text")).text == "text"
        assert (await client.get("/none")).status_code == 404
        assert lives == ["up"]

    served(run, starlette(), test)
    assert lives == ["up", "down"]


def test_starlette_has_web_sockets(run):
    async def test(site, client):
        url = f"ws://127.0.0.1:{site.port}"
        async with connect(f"{url}/socket", subprotocols=["a", "b"], proxy=None) as peer:
            assert (peer.subprotocol, peer.response.headers["x-more"]) == ("b", "yes")
            await peer.send("abc")
            assert await peer.recv() == "ABC"
            await peer.send("bye")
            with pytest.raises(websockets.ConnectionClosed):
                await peer.recv()
            assert (peer.close_code, peer.close_reason) == (4002, "bye")
        with pytest.raises(websockets.InvalidStatus) as caught:
            async with connect(f"{url}/none", proxy=None):
                pass
        assert caught.value.response.status_code == 403

    served(run, starlette(), test)


def test_an_application_that_cannot_start_answers_500(run, logged_errors):
    @asynccontextmanager
    async def broken(application):
        raise Known("no database")
        yield

    async def test(site, client):
        assert (await client.get("/")).status_code == 500

    served(run, Starlette(lifespan=broken), test)
    assert "no database" in str(logged_errors.pop(0)["message"])
    assert len(logged_errors.flush(RuntimeError)) == 1


def test_messages_wait_for_an_application_that_is_slow(run):
    seen = []

    async def application(scope, receive, send):
        if scope["type"] == "lifespan":
            raise NotImplementedError
        await receive()
        await send({"type": "websocket.accept"})
        await go.wait()
        while (event := await receive())["type"] == "websocket.receive":
            seen.append(event["text"])
        seen.append(event)

    go = asyncio.Event()

    async def test(site, client):
        async with connect(f"ws://127.0.0.1:{site.port}/", proxy=None, compression=None) as peer:
            for number in range(200):
                await peer.send(str(number))
            go.set()
            await peer.close(4000, "done")
        while len(seen) < 201:
            await asyncio.sleep(0)
        assert seen == [*map(str, range(200)), {"type": "websocket.disconnect", "code": 4000, "reason": "done"}]

    served(run, application, test)
