"""HTTP/1 on the wire: messages in order, what is refused, limits, and time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.testing import StringTransport
from reactorio.web import http
from reactorio.web.server import NOT_DONE_YET

from .wire import Wire, answers, echo, hello, limited

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345"
CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n"
)


def test_one_response_is_one_write():
    wire = Wire(hello)
    writes = []
    wire.transport.write = writes.append
    wire.connection.dataReceived(GET)
    assert len(writes) == 1
    [answer] = answers(writes[0])
    assert (answer.status, answer.body) == (200, b"hello")


def test_requests_on_one_connection_are_answered_in_order():
    wire = Wire(lambda request: request.uri)
    data = b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(1000))
    assert [answer.body for answer in answers(wire.send(data))] == [b"/%d" % number for number in range(1000)]
    assert not wire.closed


def test_a_request_behind_one_that_is_not_answered_waits():
    waiting = []
    wire = Wire(lambda request: waiting.append(request) or NOT_DONE_YET)
    assert wire.send(GET + GET) == b""
    assert len(waiting) == 1
    waiting[0].finish()
    assert len(waiting) == 2


def test_what_waits_behind_a_request_is_bounded_and_then_no_more_is_read():
    waiting = []
    wire = Wire(lambda request: waiting.append(request) or NOT_DONE_YET, limits=limited(pipelined=100))
    wire.send(GET + b"x" * 90)
    assert wire.transport.producerState == "producing"
    wire.send(b"x" * 20)
    assert wire.transport.producerState == "paused"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_cutting_the_wire_anywhere_changes_nothing(size):
    data = GET + POST + CHUNKED + GET
    bodies = [answer.body for answer in answers(Wire(echo).send_in_pieces(data, size))]
    assert bodies == [b"", b"12345", b"abcdefg", b""]


@given(st.lists(st.sampled_from([GET, POST, CHUNKED]), max_size=6), st.lists(st.integers(1, 120), min_size=1))
def test_requests_cut_at_random_are_answered_as_they_came(requests, sizes):
    data, wire, said = b"".join(requests), Wire(echo), b""
    for size in itertools.cycle(sizes):
        said += wire.send(data[:size])
        data = data[size:]
        if not data:
            break
    expected = {GET: b"", POST: b"12345", CHUNKED: b"abcdefg"}
    assert [answer.body for answer in answers(said)] == [expected[request] for request in requests]


def test_head_has_the_fields_of_get_and_no_body():
    wire = Wire(hello)
    said = wire.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n") + wire.send(GET)
    head, get = answers(said, b"HEAD", b"GET")
    assert (head.body, get.body) == (b"", b"hello")
    assert head.headers[b"content-length"] == get.headers[b"content-length"] == b"5"


@pytest.mark.parametrize("code", [204, 304])
def test_statuses_without_a_body_have_none(code):
    def render(request):
        request.setResponseCode(code)
        request.write(b"never seen")
        request.finish()
        return NOT_DONE_YET

    said = Wire(render).send(GET + GET)
    assert [answer.body for answer in answers(said)] == [b"", b""]
    assert b"Transfer-Encoding" not in said


def test_a_body_of_unknown_length_goes_in_chunks_and_to_an_old_client_until_the_end():
    def render(request):
        request.write(b"one")
        request.write(b"two")
        request.finish()
        return NOT_DONE_YET

    wire = Wire(render)
    assert [answer.body for answer in answers(wire.send(GET))] == [b"onetwo"]
    assert not wire.closed
    said = wire.send(b"GET / HTTP/1.0\r\n\r\n")
    assert said.endswith(b"\r\n\r\nonetwo")
    assert wire.closed


def test_a_client_that_wants_the_connection_closed_has_it_closed_and_nothing_more_is_read():
    wire = Wire(hello)
    said = wire.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n" + GET)
    assert len(answers(said)) == 1
    assert b"Connection: close" in said
    assert wire.closed


def test_a_client_that_waits_is_told_to_continue_once_the_head_is_good():
    wire = Wire(echo)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    assert wire.send(head) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answers(wire.send(b"abc"))[0].body == b"abc"


def test_a_client_that_waits_to_send_too_much_is_not_told_to_continue():
    wire = Wire(echo, limits=limited(body_size=2))
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    assert wire.send(head).startswith(b"HTTP/1.1 413 ")
    assert wire.closed


def test_trailers_are_known_when_the_body_is_whole():
    seen = []
    wire = Wire(lambda request: seen.append(request.trailers) or b"")
    wire.send(CHUNKED + POST)
    assert seen == [[(b"T", b"1")], ()]


def test_methods_that_the_parser_does_not_know_reach_the_resource():
    wire = Wire(lambda request: request.method)
    data = b"BREW /pot HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok" + GET
    assert [answer.body for answer in answers(wire.send_in_pieces(data))] == [b"BREW", b"GET"]


HEADS = {
    "a length and a coding": (
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
    "a list of lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n", 400),
    "a signed length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n", 400),
    "a hexadecimal length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n", 400),
    "an empty length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400),
    "a huge length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
    "two codings": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "a coding nobody knows": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 400),
    "a coding before chunked": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "chunked and then another": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, x\r\n\r\n", 400),
    "a folded field": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
    "a blank before the colon": (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n", 400),
    "a bare line feed": (b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400),
    "bare line feeds only": (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    "a bare carriage return": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n", 400),
    "a NUL": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0\r\n\r\n", 400),
    "a NUL in the target": (b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a NUL in a name": (b"GET / HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n", 400),
    "no name": (b"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    "two blanks": (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a blank in the target": (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "no version": (b"GET /\r\n", 400),
    "a later HTTP/1": (b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 400),
    "another HTTP": (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
    "an older HTTP": (b"GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505),
    "no HTTP": (b"EHLO mail.example.com\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a chunk's size with a sign": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n",
        400,
    ),
    "a chunk's size with a prefix": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n",
        400,
    ),
    "a chunk's size with a line feed": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;\na\r\nabc\r\n",
        400,
    ),
    "a chunk that is too long": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_two_servers_may_read_differently_is_refused_and_the_connection_closed(name, size):
    data, status = HEADS[name]
    seen = []
    wire = Wire(lambda request: seen.append(request) or b"", requireHost=True)
    said = wire.send_in_pieces(data + GET, size)
    assert said == b"HTTP/1.1 %d %s\r\n\r\n" % (status, http.RESPONSES[status])
    assert wire.closed
    assert seen == []


LIMITS = {
    "the first line": (b"GET /" + b"x" * 100 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {"request_line": 100}, 414),
    "an endless first line": (b"GET /" + b"x" * 200, {"request_line": 100}, 414),
    "the head": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 200 + b"\r\n\r\n", {"head_size": 200}, 431),
    "an endless head": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 200, {"head_size": 200}, 431),
    "the fields": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10 + b"\r\n", {"header_count": 10}, 431),
    "the body": (POST, {"body_size": 4}, 413),
    "the chunks": (CHUNKED, {"body_size": 6}, 413),
    "the form": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\na&b&c",
        {"form_fields": 2},
        413,
    ),
    "the form's size": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\na&b&c",
        {"form_size": 4},
        413,
    ),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_is_over_a_limit_is_answered_with_its_status_and_the_connection_closed(name, size):
    data, limits, status = LIMITS[name]
    wire = Wire(hello, limits=limited(**limits))
    assert wire.send_in_pieces(data, size).startswith(b"HTTP/1.1 %d " % status)
    assert wire.closed


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_within_the_limits_is_answered(name):
    data, _, _ = LIMITS[name]
    if not name.startswith("an endless"):
        assert [answer.status for answer in answers(Wire(hello).send(data))] == [200]


def test_limits_are_for_each_request_anew():
    wire = Wire(hello, limits=limited(head_size=60, body_size=8))
    assert len(answers(wire.send((GET + POST + CHUNKED[:0]) * 10))) == 20


def test_a_client_that_says_nothing_is_closed_after_a_while_and_aborted_after_another():
    wire = Wire(hello, timeout=60)
    wire.clock.advance(59)
    assert not wire.closed
    wire.clock.advance(1)
    assert wire.transport.disconnecting
    assert wire.transport.value() == b""
    wire.clock.advance(15)
    assert wire.transport.disconnected


def test_each_request_gives_the_connection_time():
    wire = Wire(hello, timeout=60)
    for _ in range(5):
        wire.clock.advance(59)
        wire.send(GET)
    assert not wire.closed
    wire.clock.advance(60)
    assert wire.closed
    wire.lose()


def test_a_head_that_trickles_in_has_its_time_and_no_more():
    wire = Wire(hello, timeout=60, limits=limited(head_time=20))
    wire.send(GET)
    wire.clock.advance(50)
    for byte in GET[:19]:
        assert not wire.closed
        wire.send(bytes([byte]))
        wire.clock.advance(1)
    wire.clock.advance(1)
    assert wire.transport.value().endswith(b"HTTP/1.1 408 Request Time-out\r\n\r\n")
    assert wire.closed
    wire.lose()


def test_a_body_that_stops_coming_is_a_timeout():
    wire = Wire(hello, timeout=60)
    wire.send(POST[:-1])
    wire.clock.advance(60)
    assert wire.transport.value() == b"HTTP/1.1 408 Request Time-out\r\n\r\n"
    wire.lose()


def test_the_application_has_all_the_time_it_wants():
    waiting = []
    wire = Wire(lambda request: waiting.append(request) or NOT_DONE_YET, timeout=60)
    wire.send(GET)
    wire.clock.advance(10_000)
    assert not wire.closed
    waiting[0].finish()
    wire.clock.advance(59)
    assert not wire.closed
    wire.clock.advance(1)
    assert wire.closed
    wire.lose()
    assert wire.clock.getDelayedCalls() == []


def test_a_channel_of_ones_own_sees_fields_and_heads_and_may_refuse():
    class Picky(http.HTTPChannel):
        def headerReceived(self, line):
            seen.append(line)
            return not line.startswith(b"Evil") and super().headerReceived(line)

        def allHeadersReceived(self):
            super().allHeadersReceived()
            seen.append(self.requests[-1].getHeader(b"host"))

    class Request(http.Request):
        def process(self):
            self.write(self.getHeader(b"a") or b"")
            self.finish()

    seen = []
    factory = http.HTTPFactory(timeout=None)
    factory.protocol = Picky
    channel, transport = factory.buildProtocol(None), StringTransport()
    channel.requestFactory = Request
    channel.makeConnection(transport)
    channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n")
    assert seen == [b"Host: x", b"A: b", b"x"]
    assert answers(transport.value())[0].body == b"b"
    transport.clear()
    channel.dataReceived(b"GET / HTTP/1.1\r\nEvil: x\r\n\r\n")
    assert transport.value().startswith(b"HTTP/1.1 400 ")
