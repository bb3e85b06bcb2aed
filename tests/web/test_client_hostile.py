"""What a client must not be made to do: by who calls it with others' text, or by where a server sends it."""

from __future__ import annotations

import pytest

from reactorio.web.client import RedirectAgent, ResponseFailed, readBody
from reactorio.web.error import SchemeNotSupported
from reactorio.web.http_headers import Headers

from .answering import OK, WAIT, answering, head, pooled

CHUNKS = head(b"Transfer-Encoding: chunked")


@pytest.mark.parametrize("method", [b"GET /x HTTP/1.1\r\nX:", b"GET\r\n", b"G T", b"", b"G\0", b"G\x80"])
def test_a_method_is_one_word(run, method):
    async def main():
        async with answering() as server, pooled() as (agent, _):
            with pytest.raises(ValueError, match="method"):
                await agent.request(method, server.url)
            assert server.requests == []

    run(main())


@pytest.mark.parametrize(
    "rest", [b"a b", b"a\r\nX: y", b"a\nX: y", b"\0", b"\x80", b" HTTP/1.1\r\n\r\nGET /smuggled", b"a\tb"]
)
def test_a_uri_is_one_word(run, rest):
    async def main():
        async with answering() as server, pooled() as (agent, _):
            with pytest.raises(ValueError, match="URI"):
                await agent.request(b"GET", server.url + rest)
            assert server.requests == []

    run(main())


@pytest.mark.parametrize(
    "value", [b"a\r\nX-Evil: y", b"a\nX-Evil: y", b"a\rX-Evil: y", b"a\r\n\r\nGET /smuggled HTTP/1.1\r\n"]
)
def test_a_value_begins_no_other_field(run, value):
    async def main():
        async with answering() as server, pooled() as (agent, _):
            await readBody(await agent.request(b"GET", server.url, Headers({b"X-A": [value]})))
            lines = server.requests[0].replace(b"\n", b"\r").split(b"\r")
            assert not any(line.startswith((b"X-Evil", b"GET /smuggled")) for line in lines)

    run(main())


@pytest.mark.parametrize(
    "body",
    [
        b"1\na\r\n0\r\n\r\n",
        b"1\r\na\n0\r\n\r\n",
        b"0\r\n\nHTTP/1.1 200 OK\r\n\r\n",
        b"1;x\n\r\na\r\n0\r\n\r\n",
        b"+1\r\na\r\n0\r\n\r\n",
        b"0x1\r\na\r\n0\r\n\r\n",
        b" 1\r\na\r\n0\r\n\r\n",
        b"0\r\nX: a\nY: b\r\n\r\n",
        b"0\r\nX : a\r\n\r\n",
        b"0\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_chunks_that_others_read_differently_fail(run, body):
    async def main():
        async with answering([CHUNKS + body, WAIT]) as server, pooled() as (agent, pool):
            with pytest.raises(ResponseFailed):
                await readBody(await agent.request(b"GET", server.url))
            assert not any(pool._connections.values())
            server.go_on.set()

    run(main())


@pytest.mark.parametrize(
    "location", [b"file:///etc/passwd", b"ftp://127.0.0.1/", b"javascript:x", b"gopher://127.0.0.1/"]
)
def test_a_redirection_leads_to_http_only(run, location):
    async def main():
        away = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location
        async with answering(away) as server, pooled() as (agent, _):
            with pytest.raises(SchemeNotSupported):
                await RedirectAgent(agent).request(b"GET", server.url)

    run(main())


def test_a_redirection_to_another_origin_takes_no_credentials_along(run):
    async def main():
        async with answering() as there:
            away = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % there.url
            async with answering(away) as server, pooled() as (agent, _):
                secret = Headers({b"Authorization": [b"secret"], b"Cookie": [b"secret"], b"X-A": [b"public"]})
                await readBody(await RedirectAgent(agent).request(b"GET", server.url, secret))
        assert b"secret" in server.requests[0]
        assert b"secret" not in there.requests[0]
        assert b"public" in there.requests[0]

    run(main())


def test_a_redirection_without_end_ends(run):
    async def main():
        again = [b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"] * 30
        async with answering(*again, OK) as server, pooled() as (agent, _):
            with pytest.raises(ResponseFailed):
                await RedirectAgent(agent).request(b"GET", server.url)
            assert len(server.requests) == 21

    run(main())
