"""Files, data and listings."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import os
import shutil
import socket
import subprocess
import time
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reactorio.web import resource, server, static

from .hosting import hosting, in_thread, visit


@pytest.fixture
def public(tmp_path):
    root = tmp_path / "public"
    root.mkdir()
    return root


def get(run, public, path, **headers):
    return visit(run, static.File(str(public)), lambda site: site.ask(path, headers=headers))


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 1 << 20, 5_000_001])
def test_a_file_comes_as_it_is(run, public, size):
    content = os.urandom(size)
    (public / "file.png").write_bytes(content)
    status, headers, body = get(run, public, "/file.png")
    assert (status, body) == (200, content)
    assert headers["content-type"] == "image/png"
    assert headers["content-length"] == str(size)
    assert headers["accept-ranges"] == "bytes"


def test_the_name_says_type_and_encoding(run, public):
    (public / "page.html.gz").write_bytes(gzip.compress(b"<p>"))
    headers = get(run, public, "/page.html.gz").headers
    assert (headers["content-type"], headers["content-encoding"]) == ("text/html", "gzip")


def test_head_says_what_get_would(run, public):
    (public / "a.txt").write_bytes(b"hello")

    def work(site):
        return site.ask("/a.txt"), site.ask("/a.txt", "HEAD")

    one, other = visit(run, static.File(str(public)), work)
    assert other.body == b""
    assert {**one.headers, "date": ""} == {**other.headers, "date": ""}


def test_other_methods_are_not_allowed(run, public):
    (public / "a.txt").write_bytes(b"hello")
    answer = visit(run, static.File(str(public)), lambda site: site.ask("/a.txt", "POST", b"x"))
    assert answer.status == 405


def test_an_index_stands_for_its_directory(run, public):
    (public / "sub").mkdir()
    (public / "sub" / "index.html").write_bytes(b"the index")

    def work(site):
        return site.ask("/sub/").body, site.ask("/sub?x=1").headers["location"]

    assert visit(run, static.File(str(public)), work) == (b"the index", "/sub/?x=1")


def test_a_file_has_nothing_below_it(run, public):
    (public / "a.txt").write_bytes(b"hello")
    assert get(run, public, "/a.txt/").status == 404
    assert get(run, public, "/a.txt/b").status == 404


def test_what_may_not_be_read_is_forbidden(run, public):
    class Unreadable(static.File):
        def openForReading(self):
            raise PermissionError(13, "no")

    (public / "a").write_bytes(b"")
    assert visit(run, Unreadable(str(public)), lambda site: site.ask("/a").status) == 403


def test_a_name_too_long_is_not_found(run, public):
    assert get(run, public, "/" + "a" * 1000).status == 404


def test_wget_mirrors_a_tree(run, public, tmp_path):
    if shutil.which("wget") is None:
        pytest.skip("there is no wget")
    names = ["a.txt", "sub/b c.txt", "sub/50%.txt", "sub/deep/#1.txt", "sub/q?.txt", "sub/é.txt", "sub/a&b;c=d+e.txt"]
    for name in names:
        (public / name).parent.mkdir(parents=True, exist_ok=True)
        (public / name).write_bytes(name.encode())

    def work(site):
        command = ["wget", "-q", "-r", "-np", "-nH", "--no-proxy", "-A", "*.txt", "--restrict-file-names=nocontrol"]
        subprocess.run([*command, "-P", str(tmp_path / "mirror"), site.url("/")], check=True, timeout=30)

    visit(run, static.File(str(public)), work)
    for name in names:
        assert (tmp_path / "mirror" / name).read_bytes() == name.encode()


# -- Conditional requests


@pytest.fixture
def settled(public):
    """A file that was last changed a minute ago."""
    path = public / "a.txt"
    path.write_bytes(b"hello")
    before = time.time() - 60
    os.utime(path, (before, before))
    return public


def conditional(run, public, make):
    def work(site):
        first = site.ask("/a.txt")
        return [site.ask("/a.txt", headers=headers).status for headers in make(first.headers)]

    return visit(run, static.File(str(public)), work)


def test_what_the_client_has_is_not_sent_again(run, settled):
    def make(headers):
        tag, date = headers["etag"], headers["last-modified"]
        yield {"If-None-Match": tag}
        yield {"If-None-Match": f'"x", W/{tag}'}
        yield {"If-None-Match": "*"}
        yield {"If-Modified-Since": date}

    assert conditional(run, settled, make) == [304] * 4


def test_what_the_client_does_not_have_is_sent(run, settled):
    def make(headers):
        yield {"If-None-Match": '"other"'}
        yield {"If-None-Match": '"other"', "If-Modified-Since": headers["last-modified"]}
        yield {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}
        yield {"If-Modified-Since": "gibberish"}

    assert conditional(run, settled, make) == [200] * 4


def test_what_must_be_the_same_and_is_not_is_412(run, settled):
    def make(headers):
        yield {"If-Match": headers["etag"]}
        yield {"If-Match": "*"}
        yield {"If-Match": '"other"'}
        yield {"If-Match": "W/" + headers["etag"]}
        yield {"If-Unmodified-Since": headers["last-modified"]}
        yield {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}

    assert conditional(run, settled, make) == [200, 200, 412, 412, 200, 412]


def test_a_304_has_the_validators_and_no_body(run, settled):
    def work(site):
        tag = site.ask("/a.txt").headers["etag"]
        return tag, site.ask("/a.txt", headers={"If-None-Match": tag})

    tag, (status, headers, body) = visit(run, static.File(str(settled)), work)
    assert (status, headers["etag"], body) == (304, tag, b"")
    assert "last-modified" in headers


def test_the_tag_of_a_file_that_has_just_changed_is_weak(run, public):
    (public / "a.txt").write_bytes(b"hello")
    assert get(run, public, "/a.txt").headers["etag"].startswith('W/"')


# -- Copies


@pytest.fixture
def copied(public):
    (public / "a.js").write_bytes(b"plain")
    (public / "a.js.gz").write_bytes(b"gzipped")
    (public / "a.js.br").write_bytes(b"brotli")
    (public / "old.js.gz").write_bytes(b"gzipped")
    os.utime(public / "old.js.gz", (1, 1))
    (public / "old.js").write_bytes(b"plain")
    root = static.File(str(public))
    root.precompressed = {"br": ".br", "gzip": ".gz"}
    return root


@pytest.mark.parametrize(
    ("accepted", "body"),
    [
        ("", b"plain"),
        ("gzip", b"gzipped"),
        ("gzip, br", b"brotli"),
        ("br;q=0, gzip;q=0.5", b"gzipped"),
        ("zstd", b"plain"),
    ],
)
def test_a_compressed_copy_is_sent_to_who_takes_it(run, copied, accepted, body):
    answer = visit(run, copied, lambda site: site.ask("/a.js", headers={"Accept-Encoding": accepted}))
    assert answer.body == body
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == "text/javascript"
    encodings = {b"plain": None, b"gzipped": "gzip", b"brotli": "br"}
    assert answer.headers.get("content-encoding") == encodings[body]


def test_an_old_copy_is_not_sent(run, copied):
    answer = visit(run, copied, lambda site: site.ask("/old.js", headers={"Accept-Encoding": "gzip"}))
    assert answer.body == b"plain"


# -- Listings


class Links(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.hrefs, self.tags, self.said = [], set(), []
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.hrefs += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.said.append(data)


NASTY = [
    "<script>alert(1)</script>"[:8],
    "a&b",
    'q"uote',
    "it's",
    "javascript:alert(1)",
    "100%",
    "?x",
    "#y",
    " space ",
    "ü",
    "-",
]


def test_a_listing_is_escaped_and_leads_where_it_says(run, public):
    for name in NASTY:
        (public / name).write_bytes(name.encode())
    (public / "dir&").mkdir()

    def work(site):
        page = Links(site.ask("/").body)
        return page, {href: site.ask("/" + href) for href in page.hrefs}

    page, answers = visit(run, static.File(str(public)), work)
    assert "script" not in page.tags
    assert sorted(unquote(href) for href in page.hrefs) == sorted([*NASTY, "dir&/"])
    assert page.hrefs[0] == "dir%26/"
    for href, answer in answers.items():
        assert answer.status == 200
        if not href.endswith("/"):
            assert answer.body.decode() == unquote(href)
    assert not any(":" in href for href in page.hrefs)


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 200
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(names)
def test_whatever_a_file_is_called_it_is_found_by_its_link(tmp_path_factory, name):
    directory = tmp_path_factory.mktemp("names")
    (directory / name).write_bytes(b"here")
    _, [file] = static.DirectoryLister(str(directory))._getFilesAndDirectories(os.listdir(directory))
    child = static.File(str(directory)).getChild(unquote(file["href"]).encode(), None)
    assert child.path == str(directory / name)


def test_a_name_that_is_no_utf8_is_not_listed(run, public):
    (public / "fine").write_bytes(b"")
    with open(os.fsencode(public) + b"/\xff", "wb"):
        pass
    assert Links(get(run, public, "/").body).hrefs == ["fine"]


def test_a_listing_leads_back(run, public):
    (public / "sub").mkdir()
    assert Links(get(run, public, "/sub/").body).hrefs == ["../"]


def test_who_does_not_list_says_so(run, public):
    class Unlisted(static.File):
        def directoryListing(self):
            return self.forbidden

    assert visit(run, Unlisted(str(public)), lambda site: site.ask("/").status) == 403


# -- How it is sent


def test_a_client_that_does_not_read_is_not_sent_more(run, public):
    (public / "large").write_bytes(bytes(64 << 20))
    producers = []

    class Watched(static.File):
        def makeProducer(self, request, fileForReading):
            producers.append((super().makeProducer(request, fileForReading), fileForReading))
            return producers[0][0]

    async def main():
        async with hosting(Watched(str(public))) as site:

            def work():
                with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
                    connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
                    connection.recv(1000)
                    while not producers[0][0]._paused:
                        time.sleep(0.001)
                    time.sleep(0.05)
                    return producers[0][1].tell()

            return await in_thread(work)

    assert run(main()) < 32 << 20
    producer, file = producers[0]
    assert file.closed
    assert producer.request is None


@pytest.fixture
def sendfile(monkeypatch):
    """Let the system send at most so much at a time, and say how often it was asked."""

    def sendfile(most, error=None):
        calls, original = [], os.sendfile

        def limited(out, file, offset, count):
            calls.append(count)
            if error is not None:
                raise error
            return original(out, file, offset, min(count, most))

        monkeypatch.setattr(os, "sendfile", limited)
        return calls

    return sendfile


@pytest.mark.parametrize("most", [1000, 100_000, 1 << 30])
def test_the_system_sends_what_it_takes_and_the_rest_is_written(run, public, sendfile, most):
    content = os.urandom(500_000)
    (public / "file").write_bytes(content)
    calls = sendfile(most)
    assert get(run, public, "/file").body == content
    assert calls


@pytest.mark.parametrize("error", [BlockingIOError(11, "later"), OSError(22, "not from this file system")])
def test_what_the_system_does_not_send_is_written(run, public, sendfile, error):
    content = os.urandom(500_000)
    (public / "file").write_bytes(content)
    calls = sendfile(0, error)
    assert get(run, public, "/file").body == content
    assert calls


def test_what_has_to_be_seen_on_its_way_is_not_sent_by_the_system(run, public, sendfile):
    content = bytes(500_000)
    (public / "file").write_bytes(content)
    with gzip.open(public / "zipped", "wb") as file:
        file.write(content)
    calls = sendfile(1 << 30)

    class Unzipped(static.File):
        def openForReading(self):
            return gzip.open(self.path)

        def getFileSize(self):
            return len(content)

    class Shouting(server.Request):
        def write(self, data):
            super().write(data.replace(b"\0", b"!"))

    leaf = static.File(str(public / "file"))
    leaf.isLeaf = True
    compressing = resource.EncodingResourceWrapper(leaf, [server.GzipEncoderFactory()])
    zipped = visit(run, compressing, lambda site: site.ask("/", headers={"Accept-Encoding": "gzip"}))
    assert gzip.decompress(zipped.body) == content
    assert visit(run, Unzipped(str(public)), lambda site: site.ask("/zipped").body) == content
    shouted = visit(run, static.File(str(public)), lambda site: site.ask("/file").body, requestFactory=Shouting)
    assert shouted == b"!" * 500_000
    assert calls == []


def test_a_file_that_becomes_shorter_ends_the_connection(run, public):
    path = public / "shrinking"
    path.write_bytes(bytes(300_000))

    class Shrinking(static.File):
        def makeProducer(self, request, fileForReading):
            producer = super().makeProducer(request, fileForReading)
            os.truncate(path, 100_000)
            return producer

    with pytest.raises(http.client.IncompleteRead) as caught:
        visit(run, Shrinking(str(public)), lambda site: site.ask("/shrinking"))
    assert len(caught.value.partial) == 100_000


def test_a_file_that_becomes_longer_is_sent_as_long_as_it_was(run, public):
    path = public / "growing"
    path.write_bytes(b"a" * 100_000)

    class Growing(static.File):
        def makeProducer(self, request, fileForReading):
            producer = super().makeProducer(request, fileForReading)
            with open(path, "ab") as file:
                file.write(b"b" * 100_000)
            return producer

    assert visit(run, Growing(str(public)), lambda site: site.ask("/growing").body) == b"a" * 100_000


def test_a_producer_that_is_pulled_in_a_subclass_is_pulled(run, public):
    class OneByOne(static.NoRangeStaticProducer):
        def resumeProducing(self):
            byte = self.fileObject.read(1)
            if byte:
                self.request.write(byte)
            else:
                self.request.unregisterProducer()
                self.request.finish()
                self.stopProducing()

    class File(static.File):
        def makeProducer(self, request, fileForReading):
            self._setContentHeaders(request)
            return OneByOne(request, fileForReading)

    (public / "a").write_bytes(b"0123456789")
    assert visit(run, File(str(public)), lambda site: site.ask("/a").body) == b"0123456789"


def test_data_is_sent_as_it_is(run):
    data = static.Data(b"hello", "text/plain; charset=utf-8")
    data.isLeaf = True
    status, headers, body = visit(run, data, lambda site: site.ask("/"))
    assert (status, headers["content-type"], headers["content-length"], body) == (
        200,
        "text/plain; charset=utf-8",
        "5",
        b"hello",
    )


def test_a_large_file_goes_over_tls(run, public, tmp_path, sendfile):
    pytest.importorskip("cryptography")
    from certificates import SERVER

    content = os.urandom(3_000_000)
    (public / "file").write_bytes(content)
    calls = sendfile(1 << 30)

    async def main():
        from reactorio.internet import reactor

        factory = server.Site(static.File(str(public)))
        port = reactor.listenSSL(0, factory, SERVER.options(), interface="127.0.0.1")
        command = ["curl", "-sS", "-k", "--noproxy", "*", "-m", "10", f"https://127.0.0.1:{port.getHost().port}/file"]
        answer = await in_thread(lambda: subprocess.run(command, capture_output=True, check=True, timeout=20).stdout)
        await port.stopListening()
        while reactor._open:
            await asyncio.sleep(0)
        return answer

    assert run(main()) == content
    assert calls == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_a_large_file_goes_over_http_2(run, public):
    pytest.importorskip("h2")
    content = os.urandom(3_000_000)
    (public / "file").write_bytes(content)

    def work(site):
        return site.curl("/file", "--http2-prior-knowledge"), site.curl("/file", "--http2-prior-knowledge", "-r", "9-")

    assert visit(run, static.File(str(public)), work) == (content, content[9:])


def test_a_file_that_becomes_shorter_ends_its_stream_of_http_2(run, public):
    pytest.importorskip("h2")
    path = public / "shrinking"
    path.write_bytes(bytes(300_000))

    class Shrinking(static.File):
        def makeProducer(self, request, fileForReading):
            producer = super().makeProducer(request, fileForReading)
            os.truncate(path, 100_000)
            return producer

    with pytest.raises(subprocess.CalledProcessError):
        visit(run, Shrinking(str(public)), lambda site: site.curl("/shrinking", "--http2-prior-knowledge"))


def test_a_file_that_is_a_whole_response_is_sent_as_it_is(run, public):
    whole = b"HTTP/1.1 299 As it is\r\nX-A: b\r\n\r\nthe body"
    (public / "a.asis").write_bytes(whole)
    root = static.File(str(public))
    root.processors = {".asis": static.ASISProcessor}

    def work(site):
        return site.raw(b"GET /a.asis HTTP/1.1\r\nHost: x\r\n\r\n"), site.ask("/a.asis")

    raw, answer = visit(run, root, work)
    assert raw == whole
    assert (answer.status, answer.headers, answer.body) == (299, {"x-a": "b"}, b"the body")
