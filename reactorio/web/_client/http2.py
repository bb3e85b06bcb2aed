"""One HTTP/2 connection (RFC 9113), seen from the client; h2 does the framing. It takes many requests at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

try:
    from h2 import events
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.errors import ErrorCodes
    from h2.exceptions import ProtocolError
    from h2.settings import SettingCodes, Settings
except ImportError as exc:
    raise ImportError("HTTP/2 needs h2: pip install reactorio[http2]") from exc

from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.internet.error import ConnectionDone
from reactorio.internet.protocol import Protocol, connectionDone
from reactorio.python.failure import Failure
from reactorio.web._client.errors import ParseError, RequestGenerationFailed, RequestNotSent
from reactorio.web._client.http2stream import STREAM_WINDOW, Stream, StreamReset
from reactorio.web.http_headers import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

# Bytes of all bodies of a connection together that a server may send before we have seen them.
CONNECTION_WINDOW = 1 << 24

# Frames in a row that bring nothing of any response; a server that sends more of them only keeps us busy.
IDLE_FRAMES = 1000


class HTTP2Connection(Protocol):
    """
    A connection.

    Args:
        limits: How much is taken from the server.
        idle: Called with this when no request is left on it.
        gone: Called with this when it takes no more requests.
    """

    def __init__(self, limits: Any, idle: Callable[[Any], None], gone: Callable[[Any], None]) -> None:
        self.limits = limits
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self.streams: dict[int, Stream] = {}
        self.waiting: deque[Stream] = deque()
        self.state = "QUIESCENT"
        self._idle = idle
        self._gone = gone
        self._idle_frames = 0
        self._closing: list[Deferred[None]] = []

    def connectionMade(self) -> None:
        """Say hello."""
        # In this way they are in the first frame; h2 sends what is set later only when that has been acknowledged.
        settings = {
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
            SettingCodes.MAX_HEADER_LIST_SIZE: self.limits.head,
        }
        self.h2.local_settings = Settings(client=True, initial_values=settings)
        self.h2.decoder.max_header_list_size = self.limits.head
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(CONNECTION_WINDOW - 65535)
        self.flush()

    def request(self, request: Any) -> Deferred[Any]:
        """Send ``request``, at once or when the server takes another; see `HTTP11ClientProtocol.request`."""
        if self.state != "QUIESCENT":
            return fail(RequestNotSent())
        stream = Stream(self, request)
        finished = stream.finished
        self.waiting.append(stream)
        self._begin_waiting()
        return finished

    def _begin_waiting(self) -> None:
        while self.waiting and self.h2.open_outbound_streams < self.h2.remote_settings.max_concurrent_streams:
            stream = self.waiting.popleft()
            if stream.over:
                continue
            number = self.h2.get_next_available_stream_id()
            self.streams[number] = stream
            try:
                stream.begin(number)
            except Exception:
                stream.end(Failure(RequestGenerationFailed([Failure()])))

    def flush(self) -> None:
        """Send what h2 has to say."""
        data = self.h2.data_to_send()
        if data and self.state != "CONNECTION_LOST":
            self.transport.write(data)

    def forget(self, stream: Stream) -> None:
        """A stream is over."""
        self.streams.pop(stream.number, None)
        if self.state == "QUIESCENT":
            self._begin_waiting()
        if not self.streams:
            if self.state == "QUIESCENT":
                self._idle(self)
            elif self.state == "GOING":
                self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """Read frames."""
        try:
            happened = self.h2.receive_data(data)
        except ProtocolError as exc:
            self.flush()
            self._end(Failure(ParseError(str(exc) or type(exc).__name__, b"")))
            self.transport.loseConnection()
            return
        for event in happened:
            handle = _HANDLERS.get(type(event))
            if handle is not None:
                self._idle_frames = 0 if handle(self, event) else self._idle_frames + 1
            else:
                self._idle_frames += 1
        if self._idle_frames > IDLE_FRAMES:
            self._end(Failure(ParseError("a server sends nothing but control frames", b"")))
            self.transport.abortConnection()
        self.flush()

    # Each returns whether the event is of use to anybody.

    def _head(self, event: Any) -> bool:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.head_received(event.headers, self.limits)
        return True

    def _body(self, event: Any) -> bool:
        size = event.flow_controlled_length
        if size:  # other streams are not to wait for who reads this one
            self.h2.increment_flow_control_window(size)
        stream = self.streams.get(event.stream_id)
        if stream is not None and event.data:
            stream.body_received(event.data, size)
        return bool(event.data)

    def _trailers(self, event: Any) -> bool:
        stream = self.streams.get(event.stream_id)
        if stream is not None and stream.response is not None:
            stream.response.trailers = Headers._from_pairs(event.headers)
        return True

    def _ended(self, event: Any) -> bool:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            if stream._producing is not None or stream._outgoing:
                stream._reset()  # it has its answer, and wants no more of the question
            stream.end()
        return True

    def _reset(self, event: Any) -> bool:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            refused = event.error_code == ErrorCodes.REFUSED_STREAM
            stream.lost(Failure(StreamReset(int(event.error_code))), maybe_unseen=refused)
        return False

    def _window(self, event: Any) -> bool:
        streams = [self.streams.get(event.stream_id)] if event.stream_id else list(self.streams.values())
        for stream in streams:
            if stream is not None:
                stream.send_more()
        return any(stream is not None and stream._producing is not None for stream in streams)

    def _settings(self, event: Any) -> bool:
        self._begin_waiting()
        for stream in list(self.streams.values()):
            stream.send_more()
        return False

    def _going_away(self, event: Any) -> bool:
        """The server takes no more: what it has not seen is to be sent elsewhere."""
        if self.state == "QUIESCENT":
            self.state = "GOING"
            self._gone(self)
        last = event.last_stream_id
        reason = Failure(ConnectionDone("the server goes away"))
        unseen = [stream for number, stream in self.streams.items() if last is not None and number > last]
        waiting, self.waiting = list(self.waiting), deque()
        for stream in [*unseen, *waiting]:
            stream.lost(reason, maybe_unseen=True)
        if not self.streams:
            self.transport.loseConnection()
        return False

    def _end(self, reason: Failure) -> None:
        if self.state == "QUIESCENT":
            self._gone(self)
        if self.state != "CONNECTION_LOST":
            self.state = "ABORTING"
        waiting, self.waiting = list(self.waiting), deque()
        for stream in [*self.streams.values(), *waiting]:
            stream.lost(reason, maybe_unseen=True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection ended, and with it every request."""
        self._end(reason)
        self.state = "CONNECTION_LOST"
        closing, self._closing = self._closing, []
        for deferred in closing:
            deferred.callback(None)

    def abort(self) -> Deferred[None]:
        """Close the connection at once; the Deferred fires when it is closed."""
        if self.state == "CONNECTION_LOST":
            return succeed(None)
        deferred: Deferred[None] = Deferred()
        self._closing.append(deferred)
        self.transport.abortConnection()
        return deferred


_HANDLERS: dict[type, Callable[[HTTP2Connection, Any], bool]] = {
    events.ResponseReceived: HTTP2Connection._head,
    events.DataReceived: HTTP2Connection._body,
    events.TrailersReceived: HTTP2Connection._trailers,
    events.StreamEnded: HTTP2Connection._ended,
    events.StreamReset: HTTP2Connection._reset,
    events.WindowUpdated: HTTP2Connection._window,
    events.RemoteSettingsChanged: HTTP2Connection._settings,
    events.ConnectionTerminated: HTTP2Connection._going_away,
}
