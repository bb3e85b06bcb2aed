"""What servers must not do to a client: each is refused, and the connection closed."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactorio.web._client.receiver import ResponseReceiver
from reactorio.web._newclient import ParseError, Request
from reactorio.web.client import (
    ContentDecoderAgent,
    DecompressionBomb,
    DeflateDecoder,
    GzipDecoder,
    ResponseFailed,
    ResponseLimits,
    ResponseTooLarge,
    knownDecoders,
    readBody,
)
from reactorio.web.http_headers import Headers

from .answering import OK, WAIT, answering, head, no_pool, pooled

LIMITS = ResponseLimits(field=100, head=400, fields=5, interim=3, framing=200)
INTERIM = b"HTTP/1.1 103 Early Hints\r\n\r\n"
CHUNKS = head(b"Transfer-Encoding: chunked")

TOO_LARGE = {
    "a field": head(b"X-A: " + b"a" * 100),
    "a field without end": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 500,
    "a reason phrase": b"HTTP/1.1 200 " + b"a" * 101 + b"\r\n\r\n",
    "many fields": head(*[b"X-%d: 1" % number for number in range(6)]),
    "a head": head(*[b"X-%d: %b" % (number, b"a" * 90) for number in range(5)]),
    "many interim responses": INTERIM * 4 + OK,
    "a chunk's extensions": CHUNKS + b"1;" + b"a" * 300,
    "trailers": CHUNKS + b"0\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(9)),
    "a trailer": CHUNKS + b"0\r\nX-A: " + b"a" * 100 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", TOO_LARGE)
@pytest.mark.parametrize("size", [1, 10_000])
def test_more_than_a_client_takes(run, name, size):
    wire = TOO_LARGE[name]

    async def main():
        pieces = [wire[start : start + size] for start in range(0, len(wire), size)]
        async with answering([*pieces, WAIT]) as server, pooled(limits=LIMITS) as (agent, pool):
            with pytest.raises(ResponseFailed) as caught:
                await readBody(await agent.request(b"GET", server.url))
            assert caught.value.reasons[0].check(ResponseTooLarge)
            assert not any(pool._connections.values())
            server.go_on.set()

    run(main())


NONSENSE = {
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 99 OK\r\n\r\n",
    "two lengths": head(b"Content-Length: 1", b"Content-Length: 2") + b"ab",
    "a negative length": head(b"Content-Length: -1"),
    "a length and chunks": head(b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n\r\n",
    "a coding that nobody asked for": head(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "chunked twice": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "a space before the colon": head(b"Content-Length : 1") + b"a",
    "a folded field": head(b"X-A: a", b" b"),
    "NUL": head(b"X-A: a\0b"),
    "lines without CR": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "a chunk of no size": CHUNKS + b"zz\r\n",
    "a chunk too long for numbers": CHUNKS + b"f" * 17 + b"\r\n",
    "a chunk without its end": CHUNKS + b"1\r\nab\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", NONSENSE)
def test_what_is_no_http_fails_the_request_and_closes_the_connection(run, name):
    async def main():
        async with answering([NONSENSE[name], WAIT]) as server, pooled() as (agent, pool):
            with pytest.raises(ResponseFailed) as caught:
                await readBody(await agent.request(b"GET", server.url))
            assert caught.value.reasons[0].check(ParseError)
            assert not any(pool._connections.values())
            server.go_on.set()

    run(main())


@pytest.mark.parametrize("size", [1, 10_000])
def test_a_second_response_is_not_taken_for_the_next_ones(run, size):
    async def main():
        wire = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        pieces = [wire[start : start + size] for start in range(0, len(wire), size)]
        async with answering(pieces, OK) as server, pooled() as (agent, _):
            assert await readBody(await agent.request(b"GET", server.url)) == b"ok"
            await asyncio.sleep(0.05)  # for the rest to come, where it is late
            assert await readBody(await agent.request(b"GET", server.url)) == b"ok"
            assert server.connections == 2

    run(main())


def test_a_body_to_head_is_not_taken_for_the_next_response(run):
    async def main():
        async with answering(OK, OK) as server, pooled() as (agent, _):
            assert await readBody(await agent.request(b"HEAD", server.url)) == b""
            await asyncio.sleep(0.05)
            assert await readBody(await agent.request(b"GET", server.url)) == b"ok"
            assert server.connections == 2

    run(main())


# ---- compressed bodies


def decoding(**options):
    return ContentDecoderAgent(no_pool(**options), knownDecoders())


def coded(coding: bytes, body: bytes) -> bytes:
    return head(b"Content-Encoding: " + coding, b"Content-Length: %d" % len(body)) + body


TEXT = b"a text that is said again and again, " * 1000
RAW = zlib.compressobj(wbits=-15)
CODED = {
    "gzip": coded(b"gzip", gzip.compress(TEXT)),
    "gzip in two members": coded(b"gzip", gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:])),
    "deflate": coded(b"deflate", zlib.compress(TEXT)),
    "raw deflate": coded(b"deflate", RAW.compress(TEXT) + RAW.flush()),
    "twice": coded(b"deflate, gzip", gzip.compress(zlib.compress(TEXT))),
}


@pytest.mark.parametrize("name", CODED)
def test_a_compressed_body_is_decompressed(run, name):
    async def main():
        async with answering(CODED[name]) as server:
            response = await decoding().request(b"GET", server.url)
            assert await readBody(response) == TEXT
            assert not response.headers.hasHeader("content-encoding")
        assert b"Accept-Encoding: deflate,gzip" in server.requests[0]

    run(main())


def test_brotli_if_it_is_there(run):
    brotli = pytest.importorskip("brotli")

    async def main():
        async with answering(coded(b"br", brotli.compress(TEXT))) as server:
            assert await readBody(await decoding().request(b"GET", server.url)) == TEXT

    run(main())


def test_zstandard_if_it_is_there(run):
    zstandard = pytest.importorskip("zstandard")

    async def main():
        async with answering(coded(b"zstd", zstandard.compress(TEXT))) as server:
            assert await readBody(await decoding().request(b"GET", server.url)) == TEXT

    run(main())


def test_a_compressed_body_that_stops_early_fails(run):
    async def main():
        async with answering(coded(b"gzip", gzip.compress(TEXT)[:-10])) as server:
            with pytest.raises(ResponseFailed, match="truncated"):
                await readBody(await decoding().request(b"GET", server.url))

    run(main())


@pytest.mark.parametrize("early", [5, 13])
@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_a_body_that_is_not_compressed_as_it_says_fails(run, coding, early):
    async def main():
        wire = coded(coding, b"no such thing")
        where = len(wire) - early
        async with answering([wire[:where], WAIT, wire[where:]]) as server:
            response = await decoding().request(b"GET", server.url)
            reading = readBody(response)
            server.go_on.set()
            with pytest.raises(ResponseFailed, match=r"zlib\.error"):
                await reading

    run(main())


def test_a_compressed_response_to_head_is_none(run):
    async def main():
        async with answering(head(b"Content-Encoding: gzip", b"Content-Length: 9")) as server:
            assert await readBody(await decoding().request(b"HEAD", server.url)) == b""

    run(main())


BOMBS = {b"gzip": "gzip", b"deflate": "zlib", b"br": "brotli", b"zstd": "zstandard"}


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_is_seen_before_it_has_gone_off(run, coding):
    module = pytest.importorskip(BOMBS[coding])

    async def main():
        wire = coded(coding, module.compress(bytes(200_000_000)))
        async with answering([wire[:100], WAIT, wire[100:]]) as server:
            response = await decoding().request(b"GET", server.url)
            seen = 0

            class Counting:
                """A body's protocol that keeps nothing."""

                def makeConnection(self, transport):
                    self.ended = asyncio.get_running_loop().create_future()

                def dataReceived(self, data):
                    nonlocal seen
                    seen += len(data)

                def connectionLost(self, reason):
                    self.ended.set_result(reason)

            counting = Counting()
            response.deliverBody(counting)
            server.go_on.set()
            reason = await counting.ended
            assert reason.value.reasons[0].value.reasons[0].check(DecompressionBomb)
            assert seen <= GzipDecoder.longest

    run(main())


def test_who_knows_better_sets_the_bound(run):
    class Mine(GzipDecoder):
        longest = 10

    class Any(DeflateDecoder):
        longest = None

    async def main():
        zeros = bytes(100_000)
        async with answering(coded(b"gzip", gzip.compress(zeros)), coded(b"deflate", zlib.compress(zeros))) as server:
            agent = ContentDecoderAgent(no_pool(), [(b"gzip", Mine), (b"deflate", Any)])
            with pytest.raises(ResponseFailed):
                await readBody(await agent.request(b"GET", server.url))
            assert await readBody(await agent.request(b"GET", server.url)) == zeros

    run(main())


# ---- the parser by itself


@settings(max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([OK, INTERIM, CHUNKS, b"1\r\na\r\n", b"\r\n"]))))
def test_whatever_comes_is_read_or_refused(pieces):
    receiver = ResponseReceiver(LIMITS)
    receiver.begin(Request(b"GET", b"/", Headers({b"Host": [b"x"]}), None), None)
    try:
        for piece in pieces:
            receiver.feed(piece)
    except ParseError:
        return
    assert receiver.response is None or receiver.response.code >= 200


@given(st.lists(st.integers(1, 30)))
def test_cutting_the_wire_anywhere_changes_nothing(cuts):
    wire = INTERIM + head(b"A: b", b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n"
    receiver = ResponseReceiver()
    receiver.begin(Request(b"GET", b"/", Headers({b"Host": [b"x"]}), None), None)
    rest = wire
    for cut in cuts:
        receiver.feed(rest[:cut])
        rest = rest[cut:]
    receiver.feed(rest)
    assert receiver.complete
    assert b"".join(receiver.chunks) == b"abcde"
    assert receiver.response.headers == Headers({"a": ["b"]})
    assert receiver.response.trailers == Headers({"t": ["t"]})
    assert receiver.persistent
