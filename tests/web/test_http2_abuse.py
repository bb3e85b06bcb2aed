"""
What a client may try over HTTP/2, sent frame by frame to a real server: the stream ends, or the connection, with the right
error, in bounded time and memory; and the server serves the next one.
"""

from __future__ import annotations

import signal
import threading

import h2.errors
import pytest
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from .attacking import attacked

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
METHOD, PATH, SCHEME, HOST = FIELDS = [
    (b":method", b"GET"),
    (b":path", b"/"),
    (b":scheme", b"http"),
    (b":authority", b"here"),
]
POST = [(b":method", b"POST"), PATH, SCHEME, HOST]
WHOLE = ("END_HEADERS", "END_STREAM")
FLOOD = 10_000


def asking(path):
    return [METHOD, (b":path", path), SCHEME, HOST]


class Attacker:
    """Sends whatever frames it wants; the last one is a ping, whose answer tells that the rest was understood."""

    def __init__(self, victim, settings=None):
        self.connection = victim.connect()
        self._encoder = Encoder()
        self._came = b""
        self.send(PREFACE, SettingsFrame(0, settings=settings or {}))

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.connection.close()

    def send(self, *frames):
        wire = b"".join(frame if isinstance(frame, bytes) else frame.serialize() for frame in frames)
        try:
            self.connection.sendall(wire)
        except ConnectionError:
            # It has closed; what it said before is still to be read.
            return

    def headers(self, stream, fields=FIELDS, flags=WHOLE, **more):
        return HeadersFrame(stream, self._encoder.encode(fields, huffman=False), flags=list(flags), **more)

    def frames(self, until):
        """Return the frames that come, up to one for which ``until`` is true, or else the end of the connection."""
        frames = []
        while True:
            while len(self._came) >= 9:
                frame, size = Frame.parse_frame_header(memoryview(self._came[:9]))
                if len(self._came) < 9 + size:
                    break
                frame.parse_body(memoryview(self._came[9 : 9 + size]))
                self._came = self._came[9 + size :]
                frames.append(frame)
                if until(frame):
                    return frames
            try:
                part = self.connection.recv(1 << 16)
            except ConnectionError:
                part = b""
            if not part:
                return frames
            self._came += part

    def outcome(self):
        """What became of it: the connection's error, or else the stream's, or else its status."""
        self.send(PingFrame(0, opaque_data=b"the last"))
        frames = self.frames(lambda frame: isinstance(frame, (PingFrame, GoAwayFrame)))
        for frame in frames:
            if isinstance(frame, GoAwayFrame):
                assert self.frames(lambda frame: False) == [], "it closes"
                return "connection", h2.errors.ErrorCodes(frame.error_code).name
        assert isinstance(frames[-1], PingFrame), "it ends without a word"
        if not any(isinstance(frame, (RstStreamFrame, HeadersFrame)) for frame in frames):
            frames = self.frames(lambda frame: isinstance(frame, (RstStreamFrame, HeadersFrame)))
        for frame in frames:
            if isinstance(frame, RstStreamFrame):
                return "stream", h2.errors.ErrorCodes(frame.error_code).name
        headers = next(frame for frame in frames if isinstance(frame, HeadersFrame))
        return "answer", {0x88: 200, 0x8C: 400, 0x8D: 404, 0x48: "another"}[headers.data[0]]


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def victim(request, tmp_path_factory):
    with attacked(tmp_path_factory.mktemp("victim"), REACTORIO_LOOP=request.param) as victim:
        yield victim


CONNECTION = ("connection", "PROTOCOL_ERROR")
STREAM = ("stream", "PROTOCOL_ERROR")
OK = ("answer", 200)

REQUESTS = {
    "as it should be": (FIELDS, OK),
    "two methods": ([METHOD, *FIELDS], CONNECTION),
    "two paths": ([PATH, *FIELDS], CONNECTION),
    "two schemes": ([SCHEME, *FIELDS], CONNECTION),
    "two authorities": ([HOST, *FIELDS], CONNECTION),
    "no method": ([PATH, SCHEME, HOST], CONNECTION),
    "no path": ([METHOD, SCHEME, HOST], CONNECTION),
    "no scheme": ([METHOD, PATH, HOST], CONNECTION),
    "no authority": ([METHOD, PATH, SCHEME], CONNECTION),
    "Host for authority": ([METHOD, PATH, SCHEME, (b"host", b"here")], OK),
    "Host and authority": ([*FIELDS, (b"host", b"here")], OK),
    "Host and another authority": ([*FIELDS, (b"host", b"there")], CONNECTION),
    "two Hosts": ([METHOD, PATH, SCHEME, (b"host", b"a"), (b"host", b"b")], CONNECTION),
    "empty path": ([METHOD, (b":path", b""), SCHEME, HOST], CONNECTION),
    "pseudo fields behind others": ([METHOD, PATH, (b"x", b"y"), SCHEME, HOST], CONNECTION),
    "an unknown pseudo field": ([*FIELDS, (b":other", b"x")], CONNECTION),
    "a response's pseudo field": ([*FIELDS, (b":status", b"200")], CONNECTION),
    "a protocol without CONNECT": ([*FIELDS, (b":protocol", b"websocket")], CONNECTION),
    "te: trailers": ([*FIELDS, (b"te", b"trailers")], OK),
    "te: gzip": ([*FIELDS, (b"te", b"gzip")], CONNECTION),
    "uppercase": ([*FIELDS, (b"X-Foo", b"y")], CONNECTION),
    **{
        f"of connections: {name!r}": ([*FIELDS, (name, b"x")], CONNECTION)
        for name in (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade")
    },
    **{
        f"name {name!r}": ([*FIELDS, (name, b"x")], CONNECTION)
        for name in (b"", b"a b", b"a\r\nb", b"a:b", b"a\0", b"a\n", b" a", b"\x80")
    },
    **{f"name {name!r}": ([*FIELDS, (name, b"x")], STREAM) for name in (b"a(", b"a/", b'a"')},
    **{
        f"value {value!r}": ([*FIELDS, (b"x", value)], CONNECTION)
        for value in (b"a\r\nb: c", b"a\nb", b"a\rb", b"a\0b")
    },
    **{f"value {value!r}": ([*FIELDS, (b"x", value)], STREAM) for value in (b"a\x01b", b"a\x7fb")},
    **{
        f"authority {host!r}": ([METHOD, PATH, SCHEME, (b":authority", host)], STREAM)
        for host in (b"a b", b"a/b", b"user@here", b"a#b")
    },
    **{
        f"path {path!r}": (asking(path), CONNECTION)
        for path in (b"/a\r\nb", b"/a\0", b"/ HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled")
    },
    **{f"path {path!r}": (asking(path), STREAM) for path in (b"/a b", b"/\x80", b"/ HTTP/1.1")},
    **{f"path {path!r}": (asking(path), ("answer", 400)) for path in (b"x", b"*x", b"ftp://here/")},
    **{f"path {path!r}": (asking(path), OK) for path in (b"/a", b"http://here/a")},
    **{
        f"method {method!r}": ([(b":method", method), PATH, SCHEME, HOST], STREAM)
        for method in (b"", b"G T", b"G(T", b"GET / HTTP/1.1")
    },
    "a method and more": ([(b":method", b"GET / HTTP/1.1\r\nX:"), PATH, SCHEME, HOST], CONNECTION),
    "CONNECT with a path": ([(b":method", b"CONNECT"), PATH, SCHEME, HOST], CONNECTION),
    **{
        f"length {length!r}, no body": ([*POST, (b"content-length", length)], CONNECTION)
        for length in (b"+5", b"-5", b"5_0", b"", b"x", b"5, 5", b"9" * 5000)
    },
    **{
        f"length {length!r}, no body": ([*POST, (b"content-length", length)], STREAM)
        for length in (b"5", b"9" * 30, b" 5"[1:] * 2)
    },
    "length 0, no body": ([*POST, (b"content-length", b"0")], OK),
}


@pytest.mark.parametrize(("fields", "outcome"), REQUESTS.values(), ids=[name.replace("\\", "|") for name in REQUESTS])
def test_a_request_that_is_none_is_refused(victim, fields, outcome):
    with Attacker(victim) as attacker:
        attacker.send(attacker.headers(1, fields))
        assert attacker.outcome() == outcome


@pytest.mark.parametrize(
    ("lengths", "outcome"),
    [
        ([b"3"], OK),
        ([b"2"], CONNECTION),
        ([b"4"], CONNECTION),
        ([b"2000000000"], CONNECTION),
        ([b"3", b"3"], STREAM),
        ([b"3", b"5"], CONNECTION),
        ([b"5", b"3"], CONNECTION),
    ],
)
def test_a_length_is_the_bodys(victim, lengths, outcome):
    with Attacker(victim) as attacker:
        fields = [*POST, *((b"content-length", length) for length in lengths)]
        attacker.send(attacker.headers(1, fields, ("END_HEADERS",)), DataFrame(1, b"abc", flags=["END_STREAM"]))
        assert attacker.outcome() == outcome


def raw(hexadecimal, *rest):
    return bytes.fromhex(hexadecimal) + b"".join(rest)


OPEN = ("END_HEADERS",)

FRAMES = {
    "an even stream": (lambda a: [a.headers(2)], CONNECTION),
    "fields on stream 0": (lambda a: [raw("000001 01 05 00000000", b"\x82")], CONNECTION),
    "a stream below another": (lambda a: [a.headers(5), a.headers(3)], CONNECTION),
    "the last stream there is": (lambda a: [a.headers(2**31 - 1)], OK),
    "trailers": (lambda a: [a.headers(1, POST, OPEN), DataFrame(1, b"abc"), a.headers(1, [(b"x", b"y")])], OK),
    "trailers with a path": (lambda a: [a.headers(1, POST, OPEN), a.headers(1, [(b":path", b"/")])], CONNECTION),
    "trailers and no end": (lambda a: [a.headers(1, POST, OPEN), a.headers(1, [(b"x", b"y")], OPEN)], CONNECTION),
    "data on no stream": (lambda a: [DataFrame(1, b"x")], CONNECTION),
    "data on stream 0": (lambda a: [raw("000001 00 00 00000000", b"x")], CONNECTION),
    "data behind the end": (
        lambda a: [a.headers(1, asking(b"/never")), DataFrame(1, b"x")],
        ("stream", "STREAM_CLOSED"),
    ),
    "a reset of no stream": (lambda a: [RstStreamFrame(1, error_code=8)], CONNECTION),
    "a window larger by nothing": (lambda a: [raw("000004 08 00 00000000 00000000")], CONNECTION),
    "a stream's window larger by nothing": (
        lambda a: [a.headers(1, POST, OPEN), raw("000004 08 00 00000001 00000000")],
        CONNECTION,
    ),
    "too large a window": (
        lambda a: [WindowUpdateFrame(0, window_increment=2**31 - 1)],
        ("connection", "FLOW_CONTROL_ERROR"),
    ),
    "too large a window of a stream": (
        lambda a: [a.headers(1, POST, OPEN), WindowUpdateFrame(1, window_increment=2**31 - 1)],
        ("stream", "FLOW_CONTROL_ERROR"),
    ),
    "too large a window of all streams": (
        lambda a: [
            a.headers(1, POST, OPEN),
            WindowUpdateFrame(1, window_increment=2**30),
            SettingsFrame(0, settings={4: 2**31 - 1}),
        ],
        ("connection", "FLOW_CONTROL_ERROR"),
    ),
    "a window of no stream": (lambda a: [WindowUpdateFrame(1, window_increment=1)], CONNECTION),
    "push, perhaps": (lambda a: [SettingsFrame(0, settings={2: 2})], CONNECTION),
    "an initial window of 2**31": (
        lambda a: [SettingsFrame(0, settings={4: 2**31})],
        ("connection", "FLOW_CONTROL_ERROR"),
    ),
    "frames that are too small": (lambda a: [SettingsFrame(0, settings={5: 100})], CONNECTION),
    "frames that are too large": (lambda a: [SettingsFrame(0, settings={5: 2**24})], CONNECTION),
    "a huge table": (lambda a: [SettingsFrame(0, settings={1: 2**32 - 1}), a.headers(1, asking(b"/never"))], None),
    "settings with half of one": (
        lambda a: [raw("000005 04 00 00000000", b"\0" * 5)],
        ("connection", "FRAME_SIZE_ERROR"),
    ),
    "settings of a stream": (lambda a: [raw("000000 04 00 00000001")], CONNECTION),
    "a short ping": (lambda a: [raw("000007 06 00 00000000", b"\0" * 7)], ("connection", "FRAME_SIZE_ERROR")),
    "a ping of a stream": (lambda a: [raw("000008 06 00 00000001", b"\0" * 8)], CONNECTION),
    "a push": (lambda a: [raw("000005 05 04 00000001 00000002", b"\x82")], CONNECTION),
    "a stream before itself": (lambda a: [PriorityFrame(1, depends_on=1, stream_weight=5)], CONNECTION),
    "a request before itself": (lambda a: [a.headers(1, flags=(*WHOLE, "PRIORITY"), depends_on=1)], CONNECTION),
    "a continuation of nothing": (lambda a: [ContinuationFrame(1, b"\x82", flags=["END_HEADERS"])], CONNECTION),
    "a ping within fields": (lambda a: [a.headers(1, flags=())], CONNECTION),
    "an oversize frame": (
        lambda a: [a.headers(1, POST, OPEN), raw("004001 00 00 00000001", b"x" * 16385)],
        ("connection", "FRAME_SIZE_ERROR"),
    ),
    "more padding than frame": (
        lambda a: [a.headers(1, POST, OPEN), raw("000003 00 08 00000001", b"\x09ab")],
        CONNECTION,
    ),
    "an unknown frame": (lambda a: [raw("000003 99 00 00000000", b"abc"), a.headers(1)], OK),
    "fields that are none": (lambda a: [HeadersFrame(1, b"\xff" * 7, flags=list(WHOLE))], CONNECTION),
    "field 0": (lambda a: [HeadersFrame(1, b"\x80", flags=list(WHOLE))], CONNECTION),
    "a table that is too large": (
        lambda a: [HeadersFrame(1, b"\x3f\xff\xff\xff\x7f\x82", flags=list(WHOLE))],
        CONNECTION,
    ),
    "a bad code": (lambda a: [HeadersFrame(1, b"\x82\x86\x84\x00\x81\xff\x81\xff", flags=list(WHOLE))], CONNECTION),
    "more than the window": (
        lambda a: [a.headers(1, POST, OPEN), *(DataFrame(1, b"x" * 16384) for _ in range(8))],
        ("connection", "FLOW_CONTROL_ERROR"),
    ),
    "too many streams": (lambda a: [a.headers(2 * n + 1, asking(b"/never")) for n in range(101)], CONNECTION),
}


@pytest.mark.parametrize(("frames", "outcome"), FRAMES.values(), ids=FRAMES)
def test_frames_out_of_order_end_stream_or_connection(victim, frames, outcome):
    with Attacker(victim) as attacker:
        attacker.send(*frames(attacker))
        if outcome is None:
            attacker.send(PingFrame(0, opaque_data=b"the last"))
            assert isinstance(attacker.frames(lambda frame: isinstance(frame, PingFrame))[-1], PingFrame)
        else:
            assert attacker.outcome() == outcome


def test_a_stream_is_used_once(victim):
    with Attacker(victim) as attacker:
        attacker.send(attacker.headers(1))
        attacker.frames(lambda frame: "END_STREAM" in frame.flags)
        attacker.send(attacker.headers(1))
        assert attacker.outcome() == ("connection", "STREAM_CLOSED")


# ---- floods


def each_stream(path, *end):
    """A request on each of many streams, and a frame that ends it."""
    return lambda a: (
        frame for n in range(FLOOD) for frame in (a.headers(2 * n + 1, asking(path)), *(one(2 * n + 1) for one in end))
    )


def reset(stream):
    return RstStreamFrame(stream, error_code=8)


def overflow(stream):
    return WindowUpdateFrame(stream, window_increment=2**31 - 1)


def bomb(attacker):
    """A field of 3.9 kB in the table, then heads that name it 15,000 times."""
    attacker.send(attacker.headers(1, [*FIELDS, (b"x", b"a" * 3900)]))
    return (HeadersFrame(2 * n + 1, b"\x82\x84\x86\xc0" + b"\xbe" * 15_000, flags=list(WHOLE)) for n in range(1, 50))


CALM = "ENHANCE_YOUR_CALM"
FLOODS = {
    "resets (CVE-2023-44487)": (each_stream(b"/never", reset), CALM),
    "resets of what is answered": (each_stream(b"/", reset), CALM),
    "resets of large answers": (each_stream(b"/big", reset), CALM),
    "frames that have us reset (CVE-2025-8671)": (each_stream(b"/never", overflow), CALM),
    "data that has us reset": (each_stream(b"/never", lambda stream: DataFrame(stream, b"x")), CALM),
    "requests that are none": (each_stream(b"/a b", reset), CALM),
    "continuations (CVE-2024-27316)": (
        lambda a: [a.headers(1, flags=()), *(ContinuationFrame(1, b"\0\1a\1b" * 2000) for _ in range(2000))],
        "PROTOCOL_ERROR",
    ),
    "empty continuations": (lambda a: [a.headers(1, flags=()), *[ContinuationFrame(1, b"")] * FLOOD], "PROTOCOL_ERROR"),
    "fields out of the table": (bomb, "PROTOCOL_ERROR"),
    "settings": (lambda a: [SettingsFrame(0, settings={4: 65535})] * FLOOD, CALM),
    "empty settings": (lambda a: [SettingsFrame(0)] * FLOOD, CALM),
    "pings": (lambda a: [PingFrame(0, opaque_data=b"12345678")] * FLOOD, CALM),
    "priorities": (lambda a: [PriorityFrame(1, depends_on=0, stream_weight=5)] * FLOOD, CALM),
    "empty data": (lambda a: [a.headers(1, POST, OPEN), *[DataFrame(1, b"")] * FLOOD], CALM),
    "padded empty data": (
        lambda a: [a.headers(1, POST, OPEN), *[DataFrame(1, b"", pad_length=1, flags=["PADDED"])] * FLOOD],
        CALM,
    ),
}


def flood(attacker, frames):
    wire = []
    for frame in frames:
        wire.append(frame)
        if len(wire) == 200:
            attacker.send(*wire)
            wire.clear()
    attacker.send(*wire)


@pytest.mark.parametrize(("frames", "error"), FLOODS.values(), ids=FLOODS)
def test_a_flood_ends_the_connection(victim, frames, error):
    before = victim.stats()
    with Attacker(victim) as attacker:
        sender = threading.Thread(target=flood, args=(attacker, frames(attacker)))
        sender.start()
        last = attacker.frames(lambda frame: isinstance(frame, GoAwayFrame))[-1]
        sender.join()
    assert h2.errors.ErrorCodes(last.error_code).name == error
    after = victim.stats()
    assert after["asked"] - before["asked"] < 1100
    assert after["rss"] - before["rss"] < 30e6
    assert after["cpu"] - before["cpu"] < 3


@pytest.mark.parametrize(
    "frames",
    [
        lambda a: [WindowUpdateFrame(0, window_increment=1)] * FLOOD,
        lambda a: [SettingsFrame(0, flags=["ACK"])] * FLOOD,
        lambda a: [PingFrame(0, opaque_data=b"12345678", flags=["ACK"])] * FLOOD,
        lambda a: [raw("000003 99 00 00000000", b"abc")] * FLOOD,
        lambda a: [a.headers(1), *[RstStreamFrame(1, error_code=8)] * FLOOD],
        lambda a: [a.headers(1, asking(b"/big?n=10000000")), *[WindowUpdateFrame(1, window_increment=1)] * FLOOD],
    ],
    ids=["windows", "acknowledged settings", "answered pings", "unknown", "resets of one", "a byte at a time"],
)
def test_what_costs_nothing_may_come_as_often_as_it_likes(victim, frames):
    before = victim.stats()
    with Attacker(victim, {4: 0}) as attacker:
        flood(attacker, frames(attacker))
        attacker.send(PingFrame(0, opaque_data=b"the last"))
        assert isinstance(attacker.frames(lambda frame: isinstance(frame, PingFrame))[-1], PingFrame)
    after = victim.stats()
    assert after["rss"] - before["rss"] < 30e6
    assert after["cpu"] - before["cpu"] < 3


def test_frames_that_make_us_answer_a_client_that_does_not_read_end_the_connection(victim):
    before = victim.stats()["rss"]
    with Attacker(victim) as attacker:
        attacker.send(attacker.headers(1))
        stream_is_closed = DataFrame(1, b"").serialize()
        try:
            while True:
                attacker.connection.sendall(stream_is_closed * 1000)
        except OSError:
            pass
    assert victim.stats()["rss"] - before < 30e6
    # The log names the client.
    assert all("Maximum number of control frame bytes" in line for line in victim.errors())
    victim.program.lines.clear()


def test_an_answer_that_has_no_window_waits_and_keeps_nobody(tmp_path):
    with attacked(tmp_path, "timeout=0.5", "abort=0.3") as victim, Attacker(victim, {4: 0}) as attacker:
        attacker.send(attacker.headers(1, asking(b"/stream")), attacker.headers(3))
        frames = attacker.frames(lambda frame: False)
        assert [type(frame) for frame in frames if frame.stream_id] == [HeadersFrame, HeadersFrame]
        assert isinstance(frames[-1], GoAwayFrame)
        assert victim.stats()["lost"] == 1


def test_refused_bodies_leave_the_window_to_the_others(tmp_path):
    with attacked(tmp_path, "body_size=1000") as victim, Attacker(victim) as attacker:
        for stream in range(1, 41, 2):
            attacker.send(attacker.headers(stream, POST, OPEN), DataFrame(stream, b"x" * 16000))
            attacker.frames(lambda frame: isinstance(frame, HeadersFrame))
        attacker.send(attacker.headers(101, POST, OPEN), DataFrame(101, b"abc", flags=["END_STREAM"]))
        frames = attacker.frames(lambda frame: frame.stream_id == 101)
        assert not any(isinstance(frame, GoAwayFrame) for frame in frames)
        assert frames[-1].data[0] == 0x88


def test_many_small_writes_and_one_large_one_cost_their_bytes(victim):
    before = victim.stats()["cpu"]
    with Attacker(victim, {4: 2**30}) as attacker:
        attacker.send(WindowUpdateFrame(0, window_increment=2**30))
        for stream, path in ((1, b"/pieces?n=20000"), (3, b"/big?n=20000000")):
            attacker.send(attacker.headers(stream, asking(path)))
            frames = attacker.frames(lambda frame: "END_STREAM" in frame.flags)
            sizes = [len(frame.data) for frame in frames if isinstance(frame, DataFrame)]
            assert sum(sizes) == {1: 200_000, 3: 20_000_000}[stream]
    assert victim.stats()["cpu"] - before < 5


def test_a_request_that_is_taken_back_at_once_harms_no_other(victim):
    with Attacker(victim) as attacker:
        attacker.send(
            attacker.headers(1), reset(1), attacker.headers(3, asking(b"/big")), reset(3), attacker.headers(5)
        )
        assert attacker.frames(lambda frame: "END_STREAM" in frame.flags)[-1].stream_id == 5


def test_who_says_goodbye_is_not_answered_any_more(victim):
    with Attacker(victim) as attacker:
        attacker.send(attacker.headers(1), attacker.headers(3, asking(b"/never")), GoAwayFrame(0))
        attacker.send(*[GoAwayFrame(0)] * 100)
        # The second request is one too many behind a goodbye.
        attacker.send(attacker.headers(5))
        assert isinstance(attacker.frames(lambda frame: isinstance(frame, GoAwayFrame))[-1], GoAwayFrame)


def test_streams_half_open_when_the_server_ends_do_not_keep_it(tmp_path):
    with attacked(tmp_path) as victim, Attacker(victim) as attacker:
        attacker.send(attacker.headers(1, asking(b"/never")), attacker.headers(3, POST, OPEN))
        attacker.send(PingFrame(0, opaque_data=b"the last"), attacker.headers(5, POST, ()))
        attacker.frames(lambda frame: isinstance(frame, PingFrame))
        victim.program.signal(signal.SIGTERM)
        attacker.frames(lambda frame: False)
        assert victim.program.end() == 0
        assert victim.errors() == []
        victim.is_ended = True
