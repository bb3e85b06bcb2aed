"""What a request knows, what it says of its answer, and how it writes it."""

from __future__ import annotations

import io

import pytest

from reactorio.internet.error import ConnectionDone
from reactorio.web import http, resource
from reactorio.web.http_headers import InvalidHeaderName
from reactorio.web.server import NOT_DONE_YET

from .wire import Wire, answers, echo, hello, limited

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body, content_type, *fields):
    lines = [
        b"POST /?q=1 HTTP/1.1",
        b"Host: x",
        b"Content-Type: " + content_type,
        b"Content-Length: %d" % len(body),
        *fields,
    ]
    return b"\r\n".join([*lines, b"", body])


def seen(data, **options):
    """Return the request that a site makes of ``data``, before it is answered."""
    found = []
    wire = Wire(lambda request: found.append(request) or NOT_DONE_YET, **options)
    wire.send(data)
    assert found, wire.transport.value()
    found[0].wire = wire
    return found[0]


def test_a_request_knows_its_parts_as_in_twisted(tw):
    module, wire = tw("web.http"), tw("internet.testing").StringTransport()
    found = []

    class Request(module.Request):
        def process(self):
            found.append(self)

    channel = module.HTTPChannel()
    channel.timeOut, channel.requestFactory = None, Request
    channel.makeConnection(wire)
    channel.dataReceived(
        b"GET /a%2fb?k=v&k=w+x&empty=&none HTTP/1.1\r\nHost: h:81\r\nX-A: 1\r\nx-a: 2\r\nCookie: a=b; c=d\r\n"
        b"Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
    )
    [request] = found
    assert (request.method, request.uri, request.clientproto) == (b"GET", b"/a%2fb?k=v&k=w+x&empty=&none", b"HTTP/1.1")
    assert (request.path, request.args) == (b"/a%2fb", {b"k": [b"v", b"w x"], b"empty": [b""]})
    assert request.requestHeaders.getRawHeaders(b"x-a") == [b"1", b"2"]
    assert (request.getHeader(b"X-a"), request.getHeader("x-A"), request.getHeader(b"no")) == (b"2", "2", None)
    assert (request.getCookie(b"c"), request.received_cookies) == (b"d", {b"a": b"b", b"c": b"d"})
    assert (request.getUser(), request.getPassword()) == (b"user", b"pass")
    assert request.getRequestHostname() == b"h"
    assert request.getAllHeaders()[b"x-a"] == b"2"
    assert request.content.read() == b""
    assert (request.client, request.host) == (wire.getPeer(), wire.getHost())
    assert request.isSecure() is False


def test_a_small_body_is_in_memory_and_a_large_one_in_a_file():
    small = seen(post(b"x" * 99, b"text/plain"), limits=limited(body_in_memory=100))
    large = seen(post(b"x" * 100, b"text/plain"), limits=limited(body_in_memory=100))
    assert isinstance(small.content, io.BytesIO)
    assert large.content.fileno() > 0
    assert len(small.content.read()) == 99
    assert len(large.content.read()) == 100
    for request in small, large:
        request.finish()
        assert request.content.closed


def test_the_fields_of_forms_are_args_and_the_body_is_still_there():
    request = seen(post(b"a=1&a=2&b=%20+&c=", b"application/x-www-form-urlencoded; charset=utf-8"))
    assert request.args == {b"q": [b"1"], b"a": [b"1", b"2"], b"b": [b"  "], b"c": [b""]}
    assert request.content.read() == b"a=1&a=2&b=%20+&c="


MULTIPART = (
    b'preamble\r\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--B  \r\n'
    b'Content-Disposition: form-data; name="f"; filename="x.bin"\r\nContent-Type: application/octet-stream\r\n\r\n'
    b"\x00\xff\r\n--C\r\n\r\n--B\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--B--\r\nepilogue"
)


def test_the_parts_of_a_multipart_form_are_args():
    request = seen(post(MULTIPART, b'multipart/form-data; boundary="B"'))
    assert request.args == {b"q": [b"1"], b"a": [b"one"], b"f": [b"\x00\xff\r\n--C\r\n"]}
    assert request.content.read() == MULTIPART


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (MULTIPART, b"multipart/form-data"),
        (MULTIPART, b"multipart/form-data; boundary=\xe2\x98\x83"),
        (MULTIPART, b"multipart/form-data; boundary=" + b"B" * 71),
        (b"nothing", b"multipart/form-data; boundary=B"),
        (b"--Bx\r\n\r\n--B--", b"multipart/form-data; boundary=B"),
        (b"--B\r\nA: " + b"x" * 9000 + b"\r\n\r\n\r\n--B--", b"multipart/form-data; boundary=B"),
    ],
)
def test_a_form_that_is_none_is_a_bad_request(body, content_type):
    wire = Wire(hello)
    assert wire.send(post(body, content_type)).startswith(b"HTTP/1.1 400 ")
    assert wire.closed


def test_a_form_of_too_many_parts_is_too_large():
    body = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 4 + b"--B--"
    content_type = b"multipart/form-data; boundary=B"
    assert seen(post(body, content_type), limits=limited(form_fields=4)).args[b"a"] == [b"1"] * 4
    assert Wire(hello, limits=limited(form_fields=3)).send(post(body, content_type)).startswith(b"HTTP/1.1 413 ")


def test_a_site_that_reads_forms_itself_gets_them_unread():
    request = seen(post(b"a=1", b"application/x-www-form-urlencoded"), parsePOSTFormSubmission=False)
    assert request.args == {b"q": [b"1"]}
    assert request.content.read() == b"a=1"


def test_fields_that_hold_line_ends_do_not_begin_others():
    def render(request):
        request.setHeader(b"a", b"b\r\nEvil: 1")
        request.setHeader("c", "d\nEvil: 2")
        request.redirect(b"/\r\n\r\nEvil: 3")
        request.addCookie(b"k", b"v\r\nEvil: 4; Evil")
        request.setResponseCode(302, b"Found\r\nEvil: 5")
        return b""

    [answer] = answers(Wire(render).send(GET))
    assert b"evil" not in answer.headers
    assert (answer.headers[b"a"], answer.headers[b"set-cookie"]) == (b"b Evil: 1", b"k=v Evil: 4  Evil")


def test_fields_set_one_way_are_seen_the_other():
    def render(request):
        request.setHeader(b"A", b"1")
        assert request.responseHeaders.getRawHeaders(b"a") == [b"1"]
        request.responseHeaders.addRawHeader(b"a", b"2")
        request.setHeader(b"b", b"3")
        assert request.responseHeaders.getRawHeaders("B") == ["3"]
        return b""

    assert b"\r\nA: 1\r\nA: 2\r\nB: 3\r\n" in Wire(render).send(GET)


@pytest.mark.parametrize("name", [b"a b", b"a:", b"", b"a\r\nb", "ä"])
def test_a_name_that_is_no_token_is_no_field(name):
    request = seen(GET)
    with pytest.raises(InvalidHeaderName):
        request.setHeader(name, b"x")


def test_validators_that_the_client_has_are_told_and_the_body_is_left_out():
    def render(request):
        cached = http.CACHED in (request.setLastModified(1_000_000_000.5), request.setETag(b'"x"'))
        return b"" if cached else b"body"

    wire = Wire(render)
    [fresh] = answers(wire.send(GET))
    assert (fresh.status, fresh.headers[b"etag"], fresh.body) == (200, b'"x"', b"body")
    for field in (
        b'If-None-Match: "y", W/"x"',
        b"If-None-Match: *",
        b"If-Modified-Since: " + fresh.headers[b"last-modified"],
    ):
        [cached] = answers(wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n"))
        assert (cached.status, cached.body) == (304, b"")
    for field in (
        b'If-None-Match: "y"',
        b"If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT",
        b"If-Modified-Since: when?",
    ):
        [changed] = answers(wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n"))
        assert changed.status == 200


def test_a_lost_connection_is_told_to_who_waits_and_ends_the_body_and_the_writing():
    request = seen(post(b"x", b"text/plain"))
    told = []
    request.notifyFinish().addErrback(lambda failure: told.append(failure.type))
    request.wire.lose()
    assert told == [ConnectionDone]
    assert request.content.closed
    request.write(b"into the void")
    with pytest.raises(RuntimeError):
        request.finish()


def test_the_end_of_an_answer_is_told_once():
    request = seen(GET)
    told = []
    request.notifyFinish().addCallback(told.append)
    request.finish()
    assert told == [None]
    with pytest.raises(RuntimeError):
        request.write(b"late")
    with pytest.warns(UserWarning, match="twice"):
        request.finish()


class Producer:
    def __init__(self, events):
        self.events = events

    def pauseProducing(self):
        self.events.append("pause")

    def resumeProducing(self):
        self.events.append("resume")

    def stopProducing(self):
        self.events.append("stop")


def test_a_producer_is_paused_and_resumed_with_the_transport_and_stopped_with_it():
    request, events = seen(GET), []
    request.registerProducer(Producer(events), True)
    with pytest.raises(ValueError, match="was unregistered"):
        request.registerProducer(Producer(events), True)
    producer = request.wire.transport.producer
    producer.pauseProducing()
    producer.resumeProducing()
    producer.stopProducing()
    assert events == ["pause", "resume", "stop"]


def test_a_producer_that_comes_while_the_transport_is_full_begins_paused():
    request, events = seen(GET), []
    request.wire.transport.producer.pauseProducing()
    request.registerProducer(Producer(events), True)
    assert events == ["pause"]


def test_a_producer_that_is_still_registered_at_the_end_is_an_error_in_the_log(logged_errors):
    request = seen(GET)
    request.registerProducer(Producer([]), True)
    request.finish()
    assert request.producer is None
    assert len(logged_errors.flush(RuntimeError)) == 1


def test_cookies_have_their_attributes_as_in_twisted(tw):
    channel = tw("web.http").HTTPChannel()
    channel.makeConnection(tw("internet.testing").StringTransport())
    channel.setTimeout(None)
    request = tw("web.http").Request(channel)
    request.addCookie("a", "b", "E", "D", "/", "3", "C", secure=True, httpOnly=True, sameSite="Lax")
    assert request.cookies == [
        b"a=b; Expires=E; Domain=D; Path=/; Max-Age=3; Comment=C; Secure; HttpOnly; SameSite=lax"
    ]
    with pytest.raises(ValueError, match="sameSite"):
        request.addCookie("a", "b", sameSite="none")


@pytest.mark.parametrize(
    "text",
    [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
        b"Sun, 06 Foo 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1899 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49 GMT",
    ],
)
def test_dates_are_read_as_in_twisted(tw, text):
    expected = (
        784111777
        if text
        in (
            b"Sun, 06 Nov 1994 08:49:37 GMT",
            b"Sunday, 06-Nov-94 08:49:37 GMT",
            b"Sun Nov  6 08:49:37 1994",
        )
        else None
    )
    try:
        assert tw("web.http").stringToDatetime(text) == expected
    except ValueError:
        assert expected is None


@pytest.mark.parametrize("function", ["fromChunk", "parseContentRange", "parse_qs"])
def test_what_is_parsed_is_parsed_as_in_twisted(function):
    twisted = pytest.importorskip("twisted.web.http")
    for argument in (
        b"3\r\nabc\r\nrest", b"3\r\nabc", b"zz\r\nabc\r\n", b"0\r\n\r\n", b"bytes 0-499/1234", b"bytes 0-499/*",
        b"bytes */1234", b"bits 0-1/2", b"a=1&b=2;c=3&a=4&d&e=", b"a=%zz&%41=+",
    ):  # fmt: skip
        given = argument.decode() if function == "parseContentRange" else argument
        outcomes = []
        for module in (twisted, http):
            try:
                outcomes.append(getattr(module, function)(given))
            except ValueError:
                outcomes.append(ValueError)
        assert outcomes[0] == outcomes[1], argument


def test_lines_of_the_access_log_are_as_in_twisted(tw, tmp_path):
    class Leaf(tw("web.resource").Resource):
        isLeaf = True

        def render_GET(self, request):
            return b"12345"

    path = tmp_path / "access.log"
    site = tw("web.server").Site(Leaf(), logPath=str(path), reactor=tw("internet.task").Clock())
    site.startFactory()
    channel = site.buildProtocol(None)
    channel.makeConnection(tw("internet.testing").StringTransport())
    channel.dataReceived(
        b'GET /"x"\\ HTTP/1.1\r\nHost: x\r\nReferer: http://a/"\r\nUser-Agent: b \xff\r\n\r\n'.replace(b"\\", b"")
    )
    site.stopFactory()
    assert path.read_text() == (
        '"192.168.1.1" - - [01/Jan/1970:00:00:00 +0000] "GET /\\"x\\" HTTP/1.1" 200 5 "http://a/\\"" "b \\xff"\n'
    )


def test_a_channel_in_the_place_of_ours_gets_headers_and_data():
    class Channel:
        site = transport = None
        said: list = []

        def getPeer(self):
            return None

        getHost = getPeer

        def writeHeaders(self, version, code, reason, headers):
            self.said.append((version, code, reason, dict(headers.getAllRawHeaders())))

        def write(self, data):
            self.said.append(data)

        def requestDone(self, request):
            self.said.append(request)

    class Leaf(http.Request):
        def process(self):
            self.setHeader(b"content-length", b"2")
            self.write(b"ok")
            self.finish()

    channel = Channel()
    request = Leaf(channel)
    request.gotLength(0)
    request.requestReceived(b"GET", b"/", b"HTTP/1.1")
    assert channel.said == [(b"HTTP/1.1", b"200", b"OK", {b"Content-Length": [b"2"]}), b"ok", request]


def test_bodies_reach_whom_the_site_gives_for_them():
    file = io.BytesIO()
    wire = Wire(echo)
    wire.site.getContentFile = lambda length: asked.append(length) or file
    asked = []
    assert answers(wire.send(post(b"abc", b"text/plain")))[0].body == b"abc"
    assert asked == [3]


def test_a_request_that_goes_on_reading_sees_the_body_as_it_comes():
    class Streaming(resource.Resource):
        isLeaf = True

    from reactorio.web.server import Request

    parts = []

    class Watching(Request):
        def handleContentChunk(self, data):
            parts.append(data)
            super().handleContentChunk(data)

    wire = Wire(Streaming(), requestFactory=Watching)
    data = post(b"abcdef", b"text/plain")
    wire.send(data[:-3])
    wire.send(data[-3:])
    assert parts == [b"abc", b"def"]
