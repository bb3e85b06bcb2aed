"""HTTP/2: streams, flow control both ways, limits, and real clients."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

pytest.importorskip("h2")

import h2.config
import h2.connection
import h2.errors
import h2.events
import hyperframe.frame
from certificates import SERVER

from reactorio.internet import reactor
from reactorio.web.server import NOT_DONE_YET, Request, Site

from .hosting import hosting, in_thread
from .wire import Rendering, Wire, echo, hello, limited

GET = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "x")]
POST = [(":method", "POST"), *GET[1:]]


class Client(Wire):
    """An h2 client at the other end of a site's connection: frames go both ways until nothing moves."""

    def __init__(self, root, pieces=1 << 20, **options):
        super().__init__(root, **options)
        self.pieces = pieces
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.events = []
        self.read = 0
        self.exchange()

    def exchange(self):
        """Deliver what either has to say; returns what has happened since the last time."""
        happened = []
        while True:
            self.clock.advance(0)
            data, self.read = self.transport.value()[self.read :], len(self.transport.value())
            happened += self.h2.receive_data(data)
            out = self.h2.data_to_send()
            if out and not self.closed:
                self.send_in_pieces(out, self.pieces)
            elif not data:
                self.events += happened
                return happened

    def ask(self, headers=GET, body=None):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, headers, end_stream=body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=True)
        return stream

    def answer(self, stream):
        """Return status, fields and body of a whole answer."""
        self.exchange()
        mine = [event for event in self.events if getattr(event, "stream_id", None) == stream]
        [head] = [event for event in mine if isinstance(event, h2.events.ResponseReceived)]
        assert any(isinstance(event, h2.events.StreamEnded) for event in mine), mine
        body = b"".join(event.data for event in mine if isinstance(event, h2.events.DataReceived))
        fields = dict(head.headers)
        return int(fields[":status"]), fields, body

    def goodbye(self):
        """Return the code with which the server ended the connection, None if it did not."""
        self.exchange()
        codes = [event.error_code for event in self.events if isinstance(event, h2.events.ConnectionTerminated)]
        return codes[-1] if codes else None

    def resets(self):
        return {event.stream_id: event.error_code for event in self.events if isinstance(event, h2.events.StreamReset)}


def test_a_client_that_begins_with_the_preface_speaks_http2():
    client = Client(hello)
    status, fields, body = client.answer(client.ask())
    assert (status, body) == (200, b"hello")
    assert (fields["content-length"], fields["server"]) == ("5", "reactorio")


@pytest.mark.parametrize("size", [1, 3, 24, 25])
def test_the_preface_may_come_in_pieces(size):
    client = Client(hello, pieces=size)
    assert client.answer(client.ask())[0] == 200


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PRI", b"PATCH"])
def test_what_only_begins_like_the_preface_is_http1(method):
    wire = Wire(lambda request: request.method)
    said = wire.send_in_pieces(method + b" /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 " if method != b"PRI" else b"HTTP/1.1 ")


def test_streams_are_answered_side_by_side_and_in_any_order():
    waiting = []
    client = Client(lambda request: waiting.append(request) or NOT_DONE_YET)
    streams = [client.ask() for _ in range(10)]
    client.exchange()
    for number, request in reversed(list(enumerate(waiting))):
        request.write(b"%d" % number)
        request.finish()
    assert [client.answer(stream)[2] for stream in streams] == [b"%d" % number for number in range(10)]


def test_fields_are_what_http1_has_in_their_place():
    def render(request):
        headers = request.requestHeaders
        assert request.clientproto == b"HTTP/2"
        assert headers.getRawHeaders(b"host") == [b"x"]
        assert request.received_cookies == {b"a": b"1", b"b": b"2"}
        request.setHeader(b"Connection", b"keep-alive")
        request.setHeader(b"Transfer-Encoding", b"chunked")
        request.addCookie(b"c", b"3")
        return b"ok"

    client = Client(render)
    status, fields, body = client.answer(client.ask([*GET, ("cookie", "a=1"), ("cookie", "b=2")]))
    assert (status, body, fields["set-cookie"]) == (200, b"ok", "c=3")
    assert not {"connection", "transfer-encoding"} & set(fields)


def test_trailers_are_known_when_the_body_is_whole():
    client = Client(lambda request: repr(request.trailers).encode())
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, POST)
    client.h2.send_data(stream, b"x")
    client.h2.send_headers(stream, [("t", "1")], end_stream=True)
    assert client.answer(stream)[2] == b"[(b't', b'1')]"


def test_head_has_the_fields_and_no_body():
    client = Client(hello)
    status, fields, body = client.answer(client.ask([(":method", "HEAD"), *GET[1:]]))
    assert (status, fields["content-length"], body) == (200, "5", b"")


def test_bodies_go_both_ways_through_small_windows():
    client = Client(echo)
    stream, body, got = client.h2.get_next_available_stream_id(), b"0123456789" * 30_000, b""
    client.h2.send_headers(stream, POST)
    sent = 0
    while sent < len(body):
        room = min(client.h2.local_flow_control_window(stream), client.h2.max_outbound_frame_size)
        assert room, "the server gives no more room"
        client.h2.send_data(stream, body[sent : sent + room])
        sent += room
        client.exchange()
    client.h2.end_stream(stream)
    while True:
        happened = client.exchange()
        for event in happened:
            if isinstance(event, h2.events.DataReceived):
                got += event.data
                client.h2.acknowledge_received_data(event.flow_controlled_length, stream)
        if any(isinstance(event, h2.events.StreamEnded) for event in happened):
            break
        assert happened
    assert got == body


def test_a_stream_that_the_client_does_not_read_does_not_hold_up_the_others():
    def render(request):
        return b"x" * (100_000 if request.uri == b"/large" else 10)

    client = Client(render)
    client.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1000})
    client.ask([(":method", "GET"), (":path", "/large"), *GET[2:]])
    small = client.ask()
    assert client.answer(small)[2] == b"x" * 10


def test_a_producer_waits_for_the_clients_window():
    events = []

    class Producer:
        def pauseProducing(self):
            events.append("pause")

        def resumeProducing(self):
            events.append("resume")

        def stopProducing(self):
            events.append("stop")

    def render(request):
        request.registerProducer(Producer(), True)
        requests.append(request)
        return NOT_DONE_YET

    requests = []
    client = Client(render)
    stream = client.ask()
    client.exchange()
    requests[0].write(b"x" * 70_000)
    assert events == ["pause"]
    client.exchange()
    client.h2.increment_flow_control_window(100_000)
    client.h2.increment_flow_control_window(100_000, stream)
    client.exchange()
    assert events == ["pause", "resume"]
    requests[0].unregisterProducer()
    requests[0].finish()
    assert len(client.answer(stream)[2]) == 70_000


def test_a_request_that_wants_no_more_for_now_has_the_client_wait():
    requests = []

    def render(request):
        return b"%d" % len(request.content.read())

    class Slow(Request):
        def gotLength(self, length):
            super().gotLength(length)
            requests.append(self)
            self.channel.pauseProducing()

    client = Client(render, requestFactory=Slow)
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, POST)
    client.exchange()
    for _ in range(4):
        client.h2.send_data(stream, b"x" * 16_000)
        client.exchange()
    assert client.h2.local_flow_control_window(stream) < 16_000
    requests[0].channel.resumeProducing()
    client.exchange()
    assert client.h2.local_flow_control_window(stream) > 16_000
    client.h2.end_stream(stream)
    assert client.answer(stream)[2] == b"64000"


def test_a_client_that_resets_its_stream_is_gone_for_the_request():
    failed, requests = [], []

    def render(request):
        requests.append(request)
        request.notifyFinish().addErrback(failed.append)
        return NOT_DONE_YET

    client = Client(render)
    stream = client.ask()
    client.exchange()
    client.h2.reset_stream(stream)
    client.exchange()
    assert len(failed) == 1
    requests[0].write(b"into the void")
    assert client.goodbye() is None
    client.lose()


def test_an_answer_that_is_there_before_the_request_is_whole_ends_the_request():
    client = Client(hello, limits=limited(body_size=10))
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, POST)
    client.h2.send_data(stream, b"x" * 11)
    client.exchange()
    assert [dict(e.headers)[":status"] for e in client.events if isinstance(e, h2.events.ResponseReceived)] == ["413"]
    assert client.goodbye() is None
    assert client.answer(client.ask())[0] == 200


def test_an_announced_body_that_is_too_large_is_refused_at_once():
    client = Client(hello, limits=limited(body_size=10))
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, [*POST, ("content-length", "11")])
    client.exchange()
    assert [dict(e.headers)[":status"] for e in client.events if isinstance(e, h2.events.ResponseReceived)] == ["413"]


def test_a_form_that_is_none_is_a_bad_request_of_its_stream_only():
    client = Client(hello)
    stream = client.ask([*POST, ("content-type", "multipart/form-data")], b"nothing")
    assert client.answer(stream)[0] == 400
    assert client.answer(client.ask())[0] == 200


# ---- clients that mean harm


def frames_of(client, *frames):
    """Deliver frames that h2 would not send."""
    for frame in frames:
        if not client.closed:
            client.send(frame.serialize())
    return client.goodbye()


def test_more_streams_than_are_taken_end_the_connection():
    client = Client(lambda request: NOT_DONE_YET, limits=limited(streams=3))
    assert client.h2.remote_settings.max_concurrent_streams == 3
    heads = (
        hyperframe.frame.HeadersFrame(number, client.h2.encoder.encode(GET), flags=["END_HEADERS", "END_STREAM"])
        for number in (1, 3, 5, 7)
    )
    assert frames_of(client, *heads) is not None
    assert client.closed


def test_a_client_that_resets_streams_in_a_row_loses_the_connection():
    client = Client(lambda request: NOT_DONE_YET, limits=limited(resets=50))
    for _ in range(51):
        stream = client.ask()
        client.h2.reset_stream(stream)
        client.exchange()
        if client.closed:
            break
    assert client.goodbye() == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    assert client.closed


def test_a_client_that_resets_streams_now_and_then_does_not():
    client = Client(lambda request: NOT_DONE_YET, limits=limited(resets=5, resets_per_second=10))
    for _ in range(50):
        client.h2.reset_stream(client.ask())
        client.exchange()
        client.clock.advance(0.1)
    assert client.goodbye() is None
    client.lose()


@pytest.mark.parametrize("kind", ["settings", "ping", "priority", "empty data"])
def test_a_flood_of_frames_that_are_no_requests_ends_the_connection(kind):
    client = Client(lambda request: NOT_DONE_YET, limits=limited(control_frames=50))
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, POST)
    client.exchange()
    frame = {
        "settings": hyperframe.frame.SettingsFrame(0),
        "ping": hyperframe.frame.PingFrame(0, b"x" * 8),
        "priority": hyperframe.frame.PriorityFrame(stream, depends_on=0, stream_weight=1),
        "empty data": hyperframe.frame.DataFrame(stream, b""),
    }[kind]
    assert frames_of(client, *[frame] * 40) is None
    assert frames_of(client, *[frame] * 40) == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    assert client.closed


def test_a_client_that_makes_us_answer_and_does_not_read_is_cut_off(logged_errors):
    client = Client(hello, limits=limited(control_frames=10_000))
    client.transport.producer.pauseProducing()
    for _ in range(2000):
        if not client.closed:
            client.send(hyperframe.frame.PingFrame(0, b"x" * 8).serialize())
    assert client.transport.disconnected
    logged_errors.clear()


def test_a_head_in_endless_continuations_ends_the_connection():
    client = Client(hello)
    first = hyperframe.frame.HeadersFrame(1, client.h2.encoder.encode(GET))
    parts = [hyperframe.frame.ContinuationFrame(1, b"\x00\x01a\x01b" * 100) for _ in range(200)]
    assert frames_of(client, first, *parts) is not None
    assert client.closed


def test_a_head_that_unpacks_to_too_much_ends_the_connection():
    client = Client(hello, limits=limited(head_size=4096))
    assert client.h2.remote_settings.max_header_list_size == 4096
    bomb = [*GET, *((f"a{number}", "x" * 100) for number in range(100))]
    frame = hyperframe.frame.HeadersFrame(1, client.h2.encoder.encode(bomb), flags=["END_HEADERS", "END_STREAM"])
    assert frames_of(client, frame) == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    assert client.closed


def test_fields_that_http1_could_read_otherwise_are_refused():
    for bad in [
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("a", "b\r\nc: d"),
        ("Upper", "case"),
        ("a b", "c"),
    ]:
        client = Client(hello)
        encoder = client.h2.encoder
        frame = hyperframe.frame.HeadersFrame(1, encoder.encode([*GET, bad]), flags=["END_HEADERS", "END_STREAM"])
        frames_of(client, frame)
        heads = [event for event in client.events if isinstance(event, h2.events.ResponseReceived)]
        assert heads == [], bad
        assert client.closed, bad


def test_a_client_that_says_nothing_is_told_goodbye():
    client = Client(hello, timeout=60)
    assert client.answer(client.ask())[0] == 200
    client.clock.advance(60)
    assert client.goodbye() == h2.errors.ErrorCodes.NO_ERROR
    assert client.transport.disconnecting
    client.clock.advance(15)
    assert client.transport.disconnected


def test_the_end_of_the_connection_is_the_end_of_its_requests():
    failed = []

    def render(request):
        request.notifyFinish().addErrback(failed.append)
        return NOT_DONE_YET

    client = Client(render)
    for _ in range(3):
        client.ask()
    client.exchange()
    client.lose()
    assert len(failed) == 3
    client.clock.advance(1)
    assert client.clock.getDelayedCalls() == []


# ---- real clients


def test_curl_with_prior_knowledge(run):
    async def main():
        async with hosting(Rendering(echo)) as site:
            return await in_thread(
                lambda: site.curl("/", "--http2-prior-knowledge", "-d", "x" * 100_000, "-w", " %{http_version}")
            )

    version = subprocess.run(["curl", "-V"], capture_output=True, text=True).stdout
    if "nghttp2" not in version:
        pytest.skip("this curl has no HTTP/2")
    assert run(main()) == b"x" * 100_000 + b" 2"


@pytest.mark.parametrize("http2", [True, False])
def test_alpn_chooses_what_the_client_can(run, http2):
    httpx = pytest.importorskip("httpx")
    pytest.importorskip("OpenSSL")

    async def main():
        def render(request):
            assert request.isSecure()
            return request.clientproto + b" " + request.content.read()[:5]

        port = reactor.listenSSL(0, Site(Rendering(render)), SERVER.options(), interface="127.0.0.1")
        async with httpx.AsyncClient(http2=http2, verify=False) as client:
            url = f"https://127.0.0.1:{port.getHost().port}/"
            answers = [await client.post(url, content=b"12345" * 50_000) for _ in range(3)]
        await port.stopListening()
        while reactor._open:
            await asyncio.sleep(0)
        return [(answer.http_version, answer.content) for answer in answers]

    version = "HTTP/2" if http2 else "HTTP/1.1"
    assert run(main()) == [(version, version.encode() + b" 12345")] * 3
