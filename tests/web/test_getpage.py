"""getPage and downloadPage, as they were."""

from __future__ import annotations

import pytest

from reactorio.internet.defer import TimeoutError
from reactorio.internet.error import ConnectionRefusedError
from reactorio.web import error
from reactorio.web.client import PartialDownloadError, downloadPage, getPage

from .answering import CLOSE, OK, WAIT, answering, head

PAGE = b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\nSet-Cookie: a=b; Path=/\r\n\r\npage"


def moved(to: bytes, status: bytes = b"302 Found") -> bytes:
    return b"HTTP/1.1 %b\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, to)


@pytest.mark.parametrize("answer", [PAGE, [b"HTTP/1.0 200 OK\r\n\r\npa", b"ge", CLOSE]])
def test_a_page(run, answer):
    async def main():
        async with answering(answer) as server:
            assert await getPage(server.url + b"a?b", headers={b"X-A": b"1"}) == b"page"
        host = b"127.0.0.1:%d" % server.port
        assert server.requests == [
            b"GET /a?b HTTP/1.0\r\nHost: %b\r\nUser-Agent: Twisted PageGetter\r\nX-A: 1\r\n\r\n" % host
        ]

    run(main())


def test_a_form_is_posted_and_cookies_are_kept(run):
    async def main():
        cookies = {b"c": b"d"}
        async with answering(PAGE) as server:
            await getPage(server.url, method=b"POST", postdata=b"x=1", cookies=cookies)
        assert server.requests[0].endswith(b"Cookie: c=d\r\nContent-Length: 3\r\n\r\nx=1")
        assert cookies == {b"c": b"d", b"a": b"b"}

    run(main())


def test_what_is_no_page_fails_with_its_status(run):
    async def main():
        async with answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno") as server:
            with pytest.raises(error.Error) as caught:
                await getPage(server.url)
        assert (caught.value.status, caught.value.response) == (b"404", b"no")

    run(main())


def test_a_page_that_is_cut_short_says_so(run):
    async def main():
        async with answering([PAGE[:-2], CLOSE]) as server:
            with pytest.raises(PartialDownloadError) as caught:
                await getPage(server.url)
        assert caught.value.response == b"pa"

    run(main())


def test_redirections_are_followed_but_not_for_ever(run):
    async def main():
        async with answering(moved(b"/there"), PAGE) as server:
            assert await getPage(server.url) == b"page"
            assert server.requests[1].startswith(b"GET /there ")
        async with answering(*[moved(b"/")] * 3) as server:
            with pytest.raises(error.InfiniteRedirection):
                await getPage(server.url, redirectLimit=2)
        async with answering(moved(b"/")) as server:
            with pytest.raises(error.PageRedirect):
                await getPage(server.url, followRedirect=False)

    run(main())


def test_after_303_comes_get(run):
    async def main():
        async with answering(moved(b"/", b"303 See Other"), PAGE) as server:
            await getPage(server.url, method=b"POST", postdata=b"x")
        assert server.requests[1].startswith(b"GET ")

    run(main())


def test_nobody_there_and_nobody_who_answers(run):
    async def main():
        async with answering([WAIT]) as server:
            with pytest.raises(TimeoutError, match=r"took longer than 0\.05 seconds"):
                await getPage(server.url, timeout=0.05)
            server.go_on.set()
        with pytest.raises(ConnectionRefusedError):
            await getPage(server.url)

    run(main())


def test_a_page_in_a_file_and_then_the_rest_of_it(run, tmp_path):
    async def main():
        path = tmp_path / "page"
        rest = b"HTTP/1.1 206 Partial\r\nContent-Length: 2\r\n\r\n++"
        async with answering(PAGE, rest) as server:
            await downloadPage(server.url, str(path))
            assert path.read_bytes() == b"page"
            await downloadPage(server.url, str(path), supportPartial=True)
            assert path.read_bytes() == b"page++"
        assert b"Range: bytes=4-\r\n" in server.requests[1]

    run(main())


def test_a_download_that_is_cut_short_fails(run, tmp_path):
    async def main():
        async with answering([PAGE[:-1], CLOSE], head() + OK) as server:
            with pytest.raises(error.Error):
                await downloadPage(server.url, str(tmp_path / "page"))

    run(main())
