"""
One HTTP/2 connection (RFC 9113), seen from the client; h2 does the framing. A connection takes many requests at a time.

    Negotiating      finds out in the TLS handshake which of the two protocols a server speaks
    HTTP2Connection  the connection
    Stream           one request on it, and its response
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

try:
    from h2 import events
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.errors import ErrorCodes
    from h2.exceptions import ProtocolError, StreamClosedError
    from h2.settings import SettingCodes, Settings
except ImportError as exc:
    raise ImportError("HTTP/2 needs h2: pip install reactorio[http2]") from exc

from reactorio._interface import implementer
from reactorio.internet.defer import CancelledError, Deferred, fail, maybeDeferred, succeed
from reactorio.internet.error import ConnectionDone
from reactorio.internet.interfaces import IConsumer, IHandshakeListener, IProtocolNegotiationFactory
from reactorio.internet.protocol import Factory, Protocol, connectionDone
from reactorio.logger import Logger
from reactorio.python.failure import Failure
from reactorio.web._client.errors import (
    ParseError,
    RequestGenerationFailed,
    RequestNotSent,
    ResponseFailed,
    ResponseNeverReceived,
    ResponseTooLarge,
    WrongBodyLength,
)
from reactorio.web._client.receiver import CONNECTION_FIELDS
from reactorio.web._client.response import Response
from reactorio.web._http.bodies import _DataLoss
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import UNKNOWN_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IAddress

# Bytes of a body that a server may send before somebody reads it, and of all bodies of a connection together.
STREAM_WINDOW = 1 << 20
CONNECTION_WINDOW = 1 << 24

# Frames in a row that bring nothing of any response; a server that sends more of them only keeps us busy.
IDLE_FRAMES = 1000

# What HTTP/2 says in ways of its own, or not at all (RFC 9113 section 8.2.2).
_NOT_SENT = CONNECTION_FIELDS | {b"host"}

_log = Logger()


class StreamReset(Exception):
    """
    The server ended one request.

    Attributes:
        code: Why, as RFC 9113 section 7 numbers it.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"the server reset the stream: {code}")
        self.code = code


@implementer(IConsumer)
class Stream:
    """
    One request, and its response: the consumer of the one's body, the transport of the other's.

    Attributes:
        finished: Fires with the response when its head is whole.
    """

    disconnecting = False

    def __init__(self, connection: HTTP2Connection, request: Any) -> None:
        self.connection = connection
        self.request = request
        self.finished: Deferred[Any] = Deferred(self._cancel)
        self.number = 0
        self.response: Response | None = None
        self.over = False
        self._paused = False
        self._unacknowledged = 0
        self._producer: Any = None
        self._producer_paused = False
        self._outgoing: deque[bytes] = deque()
        self._outgoing_size = 0
        self._outgoing_ends = False
        self._left: Any = None
        self._producing: Deferred[Any] | None = None
        self._patience = getattr(request, "_patience", None)

    # The request.

    def begin(self, number: int) -> None:
        """Send the request as stream ``number``."""
        self.number = number
        if self._patience is not None:
            self._patience.began(self)
        request = self.request
        producer = request.bodyProducer
        fields = [
            (b":method", request.method),
            (b":scheme", b"https"),
            (b":authority", request.headers.getRawHeaders(b"host", [b""])[0]),
            (b":path", request.uri),
        ]
        for name, values in request.headers.getAllRawHeaders():
            if name.lower() not in _NOT_SENT:
                fields += [(name.lower(), value) for value in values]
        if producer is not None and producer.length is not UNKNOWN_LENGTH:
            fields.append((b"content-length", b"%d" % producer.length))
            self._left = producer.length
        self.connection.h2.send_headers(number, fields, end_stream=producer is None)
        self.connection.flush()
        if producer is not None:
            self._producing = maybeDeferred(producer.startProducing, self)
            self._producing.addCallbacks(self._produced, self._not_produced)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pause and resume ``producer`` as the server takes what it writes."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """There is no producer any more."""
        self._producer = None

    def write(self, data: bytes) -> None:
        """Send ``data`` of the body, as soon as the server takes it."""
        if self.over:
            return
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                self._not_produced(Failure(WrongBodyLength("too many bytes written")))
                return
        self._outgoing.append(data)
        self._outgoing_size += len(data)
        self.send_more()
        if self._outgoing_size and not self._producer_paused:
            self._producer_paused = True
            self.request.bodyProducer.pauseProducing()

    def send_more(self) -> None:
        """Send what the server takes by now."""
        try:
            self._send_what_fits()
        except StreamClosedError:
            return  # h2 knows it before we do: the event is on its way
        self.connection.flush()
        if not self._outgoing_size and self._producer_paused:
            self._producer_paused = False
            self.request.bodyProducer.resumeProducing()

    def _send_what_fits(self) -> None:
        h2, number = self.connection.h2, self.number
        while self._outgoing and not self.over:
            size = min(h2.local_flow_control_window(number), h2.max_outbound_frame_size)
            if size <= 0:
                break
            data = self._outgoing.popleft()
            if len(data) > size:
                self._outgoing.appendleft(data[size:])
                data = data[:size]
            self._outgoing_size -= len(data)
            h2.send_data(number, data)
        if not self._outgoing and self._outgoing_ends and not self.over:
            self._outgoing_ends = False
            h2.end_stream(number)

    def _produced(self, ignored: Any) -> None:
        self._producing = None
        if self._left:
            self._not_produced(Failure(WrongBodyLength("too few bytes written")))
        elif not self.over:
            self._outgoing_ends = True
            self.send_more()

    def _not_produced(self, reason: Failure) -> None:
        self._producing = None
        if not self.over:
            self._reset()
            self.end(Failure(RequestGenerationFailed([reason])))

    # The response.

    def head_received(self, fields: list[tuple[bytes, bytes]], limits: Any) -> None:
        """The response's head is whole."""
        code, length, pairs, size = 0, UNKNOWN_LENGTH, [], 0
        for name, value in fields:
            size += len(name) + len(value)
            if name == b":status":
                code = int(value)
            elif name == b"content-length" and self.request.method != b"HEAD":
                length = int(value)
            elif name[:1] != b":":
                pairs.append((name, value))
        if len(pairs) > limits.fields or size > limits.head:
            self._reset()
            self.end(Failure(ResponseFailed([Failure(ResponseTooLarge("the head of a response is too long", b""))])))
            return
        response = Response._construct((b"HTTP", 2, 0), code, b"", None, self, self.request)
        response._pairs = pairs
        response.length = 0 if self.request.method == b"HEAD" or code in (204, 304) else length
        self.response = response
        self._paused = True
        self.finished.callback(response)

    def body_received(self, data: bytes, size: int) -> None:
        """More of the body came; ``size`` is what the server counts it for."""
        if self._patience is not None:
            self._patience.touch()
        if self.response is None or self.over:
            return
        self._unacknowledged += size
        try:
            self.response._bodyDataReceived(data)
        except Exception:
            reason = Failure()
            self._reset()
            self.end(Failure(ResponseFailed([reason], self.response)))
            return
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Let the server send as much as was read, unless nobody reads."""
        if self._paused or self.over or self._unacknowledged < STREAM_WINDOW // 4:
            return
        try:
            self.connection.h2.increment_flow_control_window(self._unacknowledged, self.number)
        except StreamClosedError:
            pass  # the rest is here already, and h2 knows that before we do
        self._unacknowledged = 0
        self.connection.flush()

    def end(self, reason: Failure | None = None) -> None:
        """The response is whole, or never will be."""
        if self.over:
            return
        self.over = True
        if self._patience is not None:
            self._patience.stop()
        self._outgoing.clear()
        if self._producing is not None:
            self._stop_producing()
        self.connection.forget(self)
        if self.response is not None:
            if self.response._state in ("INITIAL", "CONNECTED"):
                try:
                    self.response._bodyDataFinished(reason)
                except Exception:
                    _log.failure("while telling that a response ended")
        elif reason is not None and not self.finished.called:
            self.finished.errback(reason)

    def _stop_producing(self) -> None:
        try:
            self.request.bodyProducer.stopProducing()
        except Exception:
            _log.failure("Unhandled error from a body's producer that was told to stop")

    def lost(self, reason: Failure, maybe_unseen: bool = False) -> None:
        """The stream ended before its response did."""
        if self.response is not None:
            self.end(Failure(ResponseFailed([reason, Failure(_DataLoss())], self.response)))
        else:
            self.end(Failure((ResponseNeverReceived if maybe_unseen else ResponseFailed)([reason])))

    def _reset(self) -> None:
        if self.number and not self.over:
            try:
                self.connection.h2.reset_stream(self.number, ErrorCodes.CANCEL)
            except ProtocolError:
                pass  # it is closed already
            self.connection.flush()

    def _cancel(self, deferred: Deferred[Any]) -> None:
        self._reset()
        self.lost(Failure(CancelledError()), maybe_unseen=True)

    def _expire(self, reason: Failure) -> None:
        self._reset()
        self.lost(reason, maybe_unseen=True)

    def _is_paused(self) -> bool:
        return self._paused and self.response is not None

    # A transport, to the body's protocol.

    def pauseProducing(self) -> None:
        """Let the server send no more than its window allows."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Let the server send more."""
        self._paused = False
        self._acknowledge()

    def stopProducing(self) -> None:
        """End the request."""
        self.abortConnection()

    def loseConnection(self) -> None:
        """End the request."""
        self.abortConnection()

    def abortConnection(self) -> None:
        """End the request; the connection, which others use, stays."""
        if not self.over:
            self._reset()
            self.lost(Failure(ConnectionDone()))


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


@implementer(IHandshakeListener)
class Negotiating(Protocol):
    """
    A connection whose protocol the handshake is to tell.

    Args:
        choose: Makes the protocol: for h2, or not.

    Attributes:
        ready: Fires with that protocol, or fails as the connection does.
    """

    def __init__(self, choose: Callable[[bool], Any]) -> None:
        self._choose = choose
        self._chosen: Any = None
        self.ready: Deferred[Any] = Deferred(lambda ignored: self.transport.abortConnection())

    def handshakeCompleted(self) -> None:
        """The server has said which."""
        if self.ready.called:  # nobody wants it any more
            return
        negotiated = getattr(self.transport, "negotiatedProtocol", None)
        self._chosen = self._choose(negotiated == b"h2")
        self._chosen.makeConnection(self.transport)
        self.ready.callback(self._chosen)

    def dataReceived(self, data: bytes) -> None:
        """Pass ``data`` on."""
        self._chosen.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection ended, or there was none."""
        if self._chosen is not None:
            self._chosen.connectionLost(reason)
        elif not self.ready.called:
            self.ready.errback(reason)


@implementer(IProtocolNegotiationFactory)
class NegotiatingFactory(Factory[Negotiating]):
    """Makes connections that offer both protocols."""

    noisy = False

    def __init__(self, choose: Callable[[bool], Any]) -> None:
        self._choose = choose

    def acceptableProtocols(self) -> list[bytes]:
        """Return the protocols, the better first."""
        return [b"h2", b"http/1.1"]

    def buildProtocol(self, addr: IAddress | None) -> Negotiating:
        return Negotiating(self._choose)
