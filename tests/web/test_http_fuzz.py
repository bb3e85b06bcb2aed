"""
Requests mutated from valid ones, with h11 as the judge: what our server takes for a request, h11 takes for the same one; it
never raises, and how its input is cut changes nothing.
"""

from __future__ import annotations

import itertools
import re

import h11
import pytest
from hpack import Encoder
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reactorio.internet.error import ConnectionDone
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport
from reactorio.python.failure import Failure
from reactorio.web import http
from reactorio.web._http2 import H2Connection

SEEDS = [
    b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET http://here/a?b=c HTTP/1.1\r\nHost: here\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD /a%20b HTTP/1.1\r\nHost: here:80\r\nCookie: a=b; c=d\r\nCookie: e\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
    b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    b"GET / HTTP/1.0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost:\r\nExpect: 100-continue\r\n\r\n",
    b"FOO / HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
    b"GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nab",
    b"CONNECT here:443 HTTP/1.1\r\nHost: here:443\r\n\r\n",
]
PIECES = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b"\0",
        b"\x0b",
        b"\x7f",
        b"\x80",
        b"\xff",
        b":",
        b";",
        b",",
        b"0",
        b"-",
        b"+",
        b"_",
        b'"',
    ),
    *(
        b"\r\n\r\n",
        b"\n\n",
        b"\r\n ",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"GET ",
        b"Host: here\r\n",
        b"Content-Length: 3\r\n",
        b"0\r\n\r\n",
    ),
    *(
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"chunked",
        b"identity",
    ),
    *(
        b"Connection: close\r\n",
        b"Connection: upgrade\r\nUpgrade: h2c\r\n",
        b"X: y\r\n",
        b"\r\n0\r\n",
        b"ffffffffffffffffff",
        b"\x85",
    ),
]

mutations = st.lists(
    st.tuples(
        st.sampled_from(["insert", "replace", "delete", "copy", "swap"]),
        st.floats(0, 1),
        st.integers(1, 9),
        st.sampled_from(PIECES),
    ),
    max_size=4,
)


def mutate(wire, changes):
    for kind, where, size, piece in changes:
        at = int(where * len(wire))
        if kind == "insert":
            wire = wire[:at] + piece + wire[at:]
        elif kind == "replace":
            wire = wire[:at] + piece + wire[at + size :]
        elif kind == "delete":
            wire = wire[:at] + wire[at + size :]
        else:
            # A line twice, or behind the next one.
            lines = wire.splitlines(keepends=True)
            if lines:
                at = int(where * (len(lines) - 1))
                lines.insert(min(at + size, len(lines)), lines[at] if kind == "copy" else lines.pop(at))
                wire = b"".join(lines)
    return wire


wires = st.builds(
    lambda requests: b"".join(mutate(seed, changes) for seed, changes in requests),
    st.lists(st.tuples(st.sampled_from(SEEDS), mutations), min_size=1, max_size=3),
)


class Recorded(http.Request):
    def process(self):
        self.channel.factory.seen.append((self.method, self.uri, self.content.read()))
        self.setHeader(b"Content-Length", b"2")
        self.write(b"ok")
        self.finish()


def serve(pieces):
    """Return the requests that our server sees, all that it says, and whether it closes."""
    factory = http.HTTPFactory(reactor=Clock())
    factory.seen = []
    channel = factory.buildProtocol(None)
    channel.requestFactory = Recorded
    channel.requireHost = True
    transport = StringTransport()
    channel.makeConnection(transport)
    for piece in pieces:
        channel.dataReceived(piece)
    channel.connectionLost(None)
    return factory.seen, transport.value(), transport.disconnecting


def judge(wire):
    """Return the requests that h11 sees."""
    seen = []
    while True:
        while wire.startswith(b"\r\n"):
            # RFC 9112 section 2.2; h11 does not.
            wire = wire[2:]
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
        connection.receive_data(wire)
        body = b""
        try:
            while True:
                event = connection.next_event()
                if isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    break
                else:
                    return seen
        except h11.RemoteProtocolError:
            return seen
        seen.append((request.method, request.target, body))
        wire = connection.trailing_data[0]


def check(wire, cuts):
    seen, said, closes = serve([wire])
    assert judge(wire)[: len(seen)] == seen
    statuses = re.findall(rb"HTTP/1\.[01] (\d+) ", said)
    assert statuses.count(b"200") == len(seen)
    assert all(status in (b"100", b"200") for status in statuses[:-1])
    if statuses and statuses[-1] not in (b"100", b"200"):
        assert statuses[-1] in (b"400", b"413", b"414", b"431", b"501", b"505")
        assert closes
    bounds = [0, *sorted(int(cut * len(wire)) for cut in cuts), len(wire)]
    assert serve([wire[start:end] for start, end in itertools.pairwise(bounds)]) == (seen, said, closes)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_seeds_are_requests(seed):
    assert len(serve([seed])[0]) == len(judge(seed)) == 1
    check(seed, [n / 100 for n in range(100)])


@settings(max_examples=1500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wires, st.lists(st.floats(0, 1), max_size=4))
@example(b"\nGET / HTTP/1.1\r\nHost: here\r\n\r\n", [])
@example(SEEDS[4][:-5] + b"0\r\n\nGET /smuggled HTTP/1.1\r\nHost: here\r\n\r\n", [])
@example(SEEDS[0] + b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", [0.5])
def test_what_is_a_request_for_us_is_the_same_one_for_h11(wire, cuts):
    check(wire, cuts)


@settings(max_examples=500)
@given(
    st.lists(st.sampled_from([*SEEDS, *PIECES]) | st.binary(max_size=20), max_size=8),
    st.lists(st.floats(0, 1), max_size=4),
)
def test_pieces_of_requests_are_no_worse(parts, cuts):
    check(b"".join(parts), cuts)


# ---- forms

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n'
    b"--b\r\nContent-Disposition: form-data; name*=utf-8''%C3%A9; filename=\"f\"\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--b--\r\n"
)
FORM_PIECES = [
    *(
        b"\r\n",
        b"--b",
        b"--b\r\n",
        b"--b--",
        b'"',
        b";",
        b"=",
        b"name",
        b"*0*=",
        b"''",
        b"%ff",
        b"\0",
        b"\xff",
        b"\\",
        b":",
        b" ",
    ),
    *(b"Content-Disposition: ", b"=?utf-8?q?=ff?=", b"charset=x", b"name*=x'y'z", b"form-data", b"&", b"+"),
]


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        [b"multipart/form-data; boundary=b", b'multipart/form-data; boundary="b', b"application/x-www-form-urlencoded"]
    ),
    st.lists(st.tuples(st.sampled_from(FORM_PIECES), st.floats(0, 1), st.integers(0, 5)), max_size=8),
)
def test_a_form_is_read_or_refused(kind, changes):
    body = FORM
    for piece, where, size in changes:
        at = int(where * len(body))
        body = body[:at] + piece + body[at + size :]
    head = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body))
    seen, said, closes = serve([head + body])
    assert said.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 400 "))
    assert closes == said.startswith(b"HTTP/1.1 400 ")
    assert [request[2] for request in seen] == ([] if closes else [body])


# ---- HTTP/2


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


encoder = Encoder()
HEADS = [
    encoder.encode(
        [(b":method", method), (b":path", b"/"), (b":scheme", b"http"), (b":authority", b"here")], huffman=False
    )
    for method in (b"GET", b"POST", b"CONNECT")
]
payloads = st.sampled_from([*HEADS, b"", b"\0\0\0\1", b"\0" * 8, b"\x7f\xff\xff\xff", b"\0\4\0\0\0\0"]) | st.binary(
    max_size=20
)
frames = st.builds(
    frame,
    st.integers(0, 10),
    st.sampled_from([0, 1, 4, 5, 8, 0x20, 0x25, 255]),
    st.sampled_from([0, 1, 3, 5, 7]),
    payloads,
)
likely = st.sampled_from(
    [
        *(frame(1, flags, stream, head) for flags in (4, 5) for stream in (1, 3, 5) for head in HEADS),
        *(frame(0, flags, stream, b"abc") for flags in (0, 1) for stream in (1, 3, 5)),
        *(frame(3, 0, stream, b"\0\0\0\10") for stream in (1, 3, 5)),
        *(frame(8, 0, stream, b"\0\0\0\1") for stream in (0, 1, 3)),
        frame(4, 0, 0, b"\0\4\0\0\0\0"),
        frame(4, 0, 0, b"\0\4\0\1\0\0"),
        frame(6, 0, 0, b"12345678"),
        frame(7, 0, 0, b"\0" * 8),
    ]
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(likely | frames, max_size=12), st.booleans(), st.booleans())
def test_frames_in_any_order_raise_nothing(sequence, is_one_piece, answers_at_once):
    clock = Clock()
    waiting = []

    class Waiting(Recorded):
        def process(self):
            if answers_at_once:
                super().process()
            else:
                waiting.append(self)

    connection = H2Connection(clock)
    connection.requestFactory = Waiting
    connection.factory = http.HTTPFactory(reactor=clock)
    connection.factory.seen = []
    connection.callLater = clock.callLater
    connection.timeOut = 10
    transport = StringTransport()
    connection.makeConnection(transport)
    wire = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""), *sequence]
    for piece in [b"".join(wire)] if is_one_piece else wire:
        connection.dataReceived(piece)
        clock.advance(0)
    for request in waiting:
        if request.channel is not None:
            Recorded.process(request)
    clock.advance(0)
    clock.advance(10)
    connection.connectionLost(Failure(ConnectionDone()))
    assert connection.streams == {}
    clock.advance(20)
    assert clock.getDelayedCalls() == []
