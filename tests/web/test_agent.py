"""Agent against servers that answer in every way there is."""

from __future__ import annotations

import asyncio
from io import BytesIO

import pytest

from reactorio.internet import reactor
from reactorio.internet.defer import CancelledError, Deferred
from reactorio.internet.error import ConnectingCancelledError, ConnectionDone, ConnectionRefusedError, TimeoutError
from reactorio.internet.protocol import Protocol
from reactorio.web.client import (
    Agent,
    BodyTooLong,
    FileBodyProducer,
    PartialDownloadError,
    PotentialDataLoss,
    ProxyAgent,
    RedirectAgent,
    RequestGenerationFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
    readBody,
)
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import UNKNOWN_LENGTH

from .answering import CLOSE, OK, RESET, WAIT, answering, head, no_pool, pooled

CHUNKED = head(b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"


class Collecting(Protocol):
    """Takes a body as it comes."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.ended: Deferred[object] = Deferred()

    def dataReceived(self, data):
        self.parts.append(data)

    def connectionLost(self, reason):
        self.ended.callback(reason.value)


BODIES = {
    "length": (OK, b"ok", 2),
    "chunks": (CHUNKED, b"abcde", UNKNOWN_LENGTH),
    "nothing": (head(b"Content-Length: 0"), b"", 0),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", 0),
    "304, which tells a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", b"", 0),
    "no reason phrase": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", b"ok", 2),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("cut", ["whole", "halves", "bytes"])
def test_a_body_is_read_however_it_comes(run, name, cut):
    wire, body, length = BODIES[name]
    size = {"whole": len(wire), "halves": len(wire) // 2, "bytes": 1}[cut]

    async def main():
        pieces = [wire[start : start + size] for start in range(0, len(wire), size)]
        async with answering(pieces, OK) as server, pooled() as (agent, _):
            response = await agent.request(b"GET", server.url)
            assert (response.length, await readBody(response)) == (length, body)
            again = await agent.request(b"GET", server.url)
            assert await readBody(again) == b"ok"
            assert server.connections == 1

    run(main())


def test_what_the_request_is_like_on_the_wire(run):
    async def main():
        async with answering() as server:
            await readBody(await no_pool().request(b"GET", server.url + b"a;b?c#d", Headers({"x-a": ["1", "2"]})))
            port = server.port
        assert server.requests == [
            b"GET /a;b?c HTTP/1.1\r\nConnection: close\r\nX-A: 1\r\nX-A: 2\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
        ]

    run(main())


@pytest.mark.parametrize("known", [True, False])
def test_a_body_is_sent_by_its_length_or_in_chunks(run, known):
    class Unseekable(BytesIO):
        def __getattribute__(self, name):
            if name == "seek" and not known:
                raise AttributeError(name)
            return super().__getattribute__(name)

    async def main():
        producer = FileBodyProducer(Unseekable(b"x" * 10), readSize=4)
        async with answering() as server:
            response = await no_pool().request(b"POST", server.url, bodyProducer=producer)
            await readBody(response)
        body = server.requests[0].partition(b"\r\n\r\n")[2]
        assert body == (b"x" * 10 if known else b"4\r\nxxxx\r\n4\r\nxxxx\r\n2\r\nxx\r\n0\r\n\r\n")

    run(main())


def test_fields_of_the_connection_are_not_the_responses(run):
    async def main():
        answer = head(b"content-length: 2", b"Keep-Alive: 5", b"X-A:  1 \t", b"x-a: 2") + b"ok"
        async with answering(answer) as server:
            response = await no_pool().request(b"GET", server.url)
            await readBody(response)
        assert response.headers == Headers({"X-A": ["1", "2"]})
        assert (response.version, response.code, response.phrase) == ((b"HTTP", 1, 1), 200, b"OK")
        assert response.request.absoluteURI == server.url

    run(main())


@pytest.mark.parametrize("fields", [[b"Content-Length: 5"], [b"Transfer-Encoding: chunked"], []])
def test_the_response_to_head_has_no_body_whatever_it_says(run, fields):
    async def main():
        async with answering(head(*fields), OK) as server, pooled() as (agent, _):
            response = await agent.request(b"HEAD", server.url)
            assert (response.length, await readBody(response)) == (0, b"")
            assert await readBody(await agent.request(b"GET", server.url)) == b"ok"
            assert server.connections == 1
        if fields and fields[0].startswith(b"Content"):
            assert response.headers.getRawHeaders("content-length") == ["5"]

    run(main())


def test_trailers_are_there_when_the_body_is_whole(run):
    async def main():
        answer = head(b"Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"
        async with answering(answer) as server:
            response = await no_pool().request(b"GET", server.url)
            await readBody(response)
        assert response.trailers == Headers({"X-Sum": ["1"]})
        assert not response.headers.hasHeader("x-sum")

    run(main())


def test_a_body_that_ends_with_the_connection_is_whole_as_far_as_anybody_knows(run):
    async def main():
        async with answering([head() + b"abc", CLOSE]) as server:
            response = await no_pool().request(b"GET", server.url)
            collecting = Collecting()
            response.deliverBody(collecting)
            assert type(await collecting.ended) is PotentialDataLoss
            assert b"".join(collecting.parts) == b"abc"
        async with answering([head() + b"abc", CLOSE]) as server:
            with pytest.raises(PartialDownloadError) as caught:
                await readBody(await no_pool().request(b"GET", server.url))
            assert caught.value.response == b"abc"

    run(main())


def test_a_body_that_is_cut_short_fails(run):
    async def main():
        async with answering([head(b"Content-Length: 9") + b"abc", CLOSE]) as server:
            response = await no_pool().request(b"GET", server.url)
            with pytest.raises(ResponseFailed) as caught:
                await readBody(response)
            assert caught.value.reasons[0].check(ConnectionDone)
            assert caught.value.response is response

    run(main())


def test_no_answer_at_all_is_told_from_half_a_head(run):
    async def main():
        async with answering([CLOSE], [b"HTTP/1.1 200 OK\r\nX", CLOSE]) as server:
            with pytest.raises(ResponseNeverReceived):
                await no_pool().request(b"GET", server.url)
            with pytest.raises(ResponseFailed) as caught:
                await no_pool().request(b"GET", server.url)
            assert not isinstance(caught.value, ResponseNeverReceived)

    run(main())


def test_nobody_there(run):
    async def main():
        async with answering() as server:
            pass
        with pytest.raises(ConnectionRefusedError):
            await no_pool().request(b"GET", server.url)

    run(main())


def test_interim_responses_are_passed_over(run):
    async def main():
        answer = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + OK
        async with answering(answer) as server:
            response = await no_pool().request(b"GET", server.url)
            assert (response.code, await readBody(response)) == (200, b"ok")
            assert response.headers == Headers()

    run(main())


EXPECT = Headers({"Expect": ["100-continue"]})


def test_a_body_waits_for_100_continue(run):
    async def main():
        body: list[bytes] = []

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.05)
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body.append(await reader.readexactly(4))
            writer.write(OK)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = b"http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
        async with pooled() as (agent, _):
            response = await agent.request(b"PUT", url, EXPECT, FileBodyProducer(BytesIO(b"body")))
            assert await readBody(response) == b"ok"
        assert body == [b"body"]
        server.close()

    run(main())


def test_a_server_that_refuses_before_the_body_gets_none(run):
    async def main():
        async with answering(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n") as server, pooled() as (agent, _):
            response = await agent.request(b"PUT", server.url, EXPECT, FileBodyProducer(BytesIO(b"body")))
            assert response.code == 417
        assert server.requests[0].endswith(b"\r\n\r\n")

    run(main())


def test_an_upgraded_connection_is_the_bodys_protocols(run):
    class Talking(Collecting):
        def connectionMade(self):
            self.transport.write(b"ping")

        def dataReceived(self, data):
            super().dataReceived(data)
            if b"".join(self.parts) == b"hello pong":
                self.transport.loseConnection()

    async def main():
        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 101 Yes\r\nUpgrade: talk\r\nConnection: upgrade\r\n\r\nhello ")
            assert await reader.readexactly(4) == b"ping"
            writer.write(b"pong")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = b"http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
        headers = Headers({"Upgrade": ["talk"], "Connection": ["Upgrade"]})
        response = await no_pool().request(b"GET", url, headers)
        assert response.code == 101
        talking = Talking()
        response.deliverBody(talking)
        assert isinstance(await talking.ended, ConnectionDone)
        server.close()

    run(main())


def test_an_upgrade_that_nobody_asked_for_fails(run):
    async def main():
        answer = b"HTTP/1.1 101 Yes\r\nUpgrade: talk\r\nConnection: upgrade\r\n\r\n"
        async with answering(answer) as server:
            with pytest.raises(ResponseFailed, match="nobody asked"):
                await no_pool().request(b"GET", server.url)

    run(main())


# ---- giving up


def test_cancelling_while_waiting_closes_the_connection(run):
    async def main():
        async with answering([WAIT]) as server:
            waiting = no_pool().request(b"GET", server.url)
            while not server.requests:
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(ResponseNeverReceived) as caught:
                await waiting
            assert caught.value.reasons[0].check(CancelledError)
            server.go_on.set()

    run(main())


def test_cancelling_while_connecting_stops_that(run):
    async def main():
        async with answering() as server:
            waiting = no_pool().request(b"GET", server.url)
            waiting.cancel()
            with pytest.raises(ConnectingCancelledError):
                await waiting
        assert not server.requests

    run(main())


def test_cancelling_while_sending_stops_the_producer(run):
    class Slow:
        length = 10
        stopped = False

        def startProducing(self, consumer):
            self.cancelled = Deferred()
            self.doing = Deferred(lambda ignored: self.cancelled.callback(None))
            return self.doing

        def stopProducing(self):
            self.stopped = True

        def pauseProducing(self):
            pass

        def resumeProducing(self):
            pass

    async def main():
        slow = Slow()
        async with answering() as server:
            waiting = no_pool().request(b"PUT", server.url, bodyProducer=slow)
            while not hasattr(slow, "doing"):
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(RequestGenerationFailed):
                await waiting
            await slow.cancelled

    run(main())


def test_cancelling_the_reading_of_a_body_closes_the_connection(run):
    async def main():
        async with answering([head(b"Content-Length: 9") + b"abc", WAIT]) as server:
            reading = readBody(await no_pool().request(b"GET", server.url))
            reading.cancel()
            with pytest.raises(CancelledError):
                await reading
            server.go_on.set()

    run(main())


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        ([WAIT], {"total_timeout": 0.05}),
        ([WAIT], {"read_timeout": 0.05}),
        ([head(b"Content-Length: 9") + b"abc", WAIT], {"total_timeout": 0.05}),
        ([head(b"Content-Length: 9") + b"abc", WAIT], {"read_timeout": 0.05}),
    ],
)
def test_time_is_up(run, answer, options):
    async def main():
        async with answering(answer) as server:
            with pytest.raises(ResponseFailed) as caught:
                await readBody(await no_pool(**options).request(b"GET", server.url))
            assert caught.value.reasons[0].check(TimeoutError)
            server.go_on.set()

    run(main())


def test_time_is_up_while_connecting(run):
    class Nowhere:
        def endpointForURI(self, uri):
            return self

        def connect(self, factory):
            return Deferred()

    async def main():
        agent = Agent.usingEndpointFactory(reactor, Nowhere(), total_timeout=0.01)
        with pytest.raises(TimeoutError):
            await agent.request(b"GET", b"http://x/")

    run(main())


def test_a_server_is_not_to_blame_while_nobody_reads(run):
    async def main():
        async with answering([head(b"Content-Length: 4") + b"ab", WAIT, b"cd"]) as server:
            response = await no_pool(read_timeout=0.02).request(b"GET", server.url)
            await asyncio.sleep(0.06)
            server.go_on.set()
            assert await readBody(response) == b"abcd"

    run(main())


def test_no_more_is_read_than_the_reader_takes(run):
    async def main():
        async with answering([head(b"Content-Length: 4") + b"ab", b"cd"], OK) as server:
            response = await no_pool().request(b"GET", server.url)
            with pytest.raises(BodyTooLong):
                await readBody(response, limit=3)
            response = await no_pool().request(b"GET", server.url)
            assert await readBody(response, limit=2) == b"ok"

    run(main())


def test_a_body_is_read_at_its_readers_pace(run):
    async def main():
        size = 30_000_000
        async with answering([head(b"Content-Length: %d" % size), *[b"x" * 1_000_000] * 30]) as server:
            response = await no_pool().request(b"GET", server.url)
            await asyncio.sleep(0.05)
            assert len(b"".join(response._bodyBuffer)) < 1_000_000  # the rest is with the server
            assert len(await readBody(response)) == size

    run(main())


# ---- around the agent


def test_a_redirection_is_followed_over_the_same_connection(run):
    async def main():
        moved = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 4\r\n\r\ngone"
        async with answering([moved[:-2], moved[-2:]], OK) as server, pooled() as (agent, _):
            response = await RedirectAgent(agent).request(b"GET", server.url)
            assert await readBody(response) == b"ok"
            assert response.previousResponse.code == 302
        assert server.requests[1].startswith(b"GET /there ")

    run(main())


def test_a_redirection_with_an_endless_body_is_followed_all_the_same(run):
    async def main():
        moved = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 999999999\r\n\r\n"
        async with answering([moved, b"x" * 200_000, WAIT], OK) as server, pooled() as (agent, _):
            response = await RedirectAgent(agent).request(b"GET", server.url)
            assert await readBody(response) == b"ok"
            server.go_on.set()

    run(main())


def test_each_hop_leads_on_from_the_last(run):
    async def main():
        answers = [b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % to for to in (b"/a/b", b"c")]
        async with answering(*answers, OK) as server, pooled() as (agent, _):
            await readBody(await RedirectAgent(agent).request(b"GET", server.url))
        assert [request.split()[1] for request in server.requests] == [b"/", b"/a/b", b"/a/c"]

    run(main())


def test_a_proxy_is_told_the_whole_uri(run):
    from reactorio.internet.endpoints import TCP4ClientEndpoint

    async def main():
        async with answering() as server:
            agent = ProxyAgent(TCP4ClientEndpoint(reactor, "127.0.0.1", server.port))
            assert await readBody(await agent.request(b"GET", b"http://example.org/x")) == b"ok"
        assert server.requests[0].startswith(b"GET http://example.org/x HTTP/1.1\r\n")
        assert b"Host: example.org\r\n" in server.requests[0]

    run(main())


def test_a_protocol_that_fails_with_a_body_ends_its_connection(run):
    class Broken(Collecting):
        def dataReceived(self, data):
            raise ZeroDivisionError

    async def main():
        async with answering([head(b"Content-Length: 4"), WAIT, b"ab"]) as server:
            response = await no_pool().request(b"GET", server.url)
            broken = Broken()
            response.deliverBody(broken)
            server.go_on.set()
            reason = await broken.ended
            assert isinstance(reason, ResponseFailed)
            assert reason.reasons[0].check(ZeroDivisionError)

    run(main())


def test_a_body_that_is_whole_says_so(run):
    async def main():
        async with answering([head(b"Content-Length: 4"), WAIT, b"ab", b"cd"]) as server:
            response = await no_pool().request(b"GET", server.url)
            collecting = Collecting()
            response.deliverBody(collecting)
            server.go_on.set()
            assert type(await collecting.ended) is ResponseDone

    run(main())


@pytest.mark.parametrize("ending", [RESET, CLOSE])
def test_a_connection_lost_while_waiting_fails_the_request(run, ending):
    async def main():
        async with answering([ending]) as server:
            with pytest.raises(ResponseNeverReceived):
                await no_pool().request(b"POST", server.url)

    run(main())
