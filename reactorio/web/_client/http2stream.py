"""One request over HTTP/2 (RFC 9113), and its response: both with their flow control."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

try:
    from h2.errors import ErrorCodes
    from h2.exceptions import ProtocolError, StreamClosedError
except ImportError as exc:
    raise ImportError("HTTP/2 needs h2: pip install reactorio[http2]") from exc

from reactorio._interface import implementer
from reactorio.internet.defer import CancelledError, Deferred, maybeDeferred
from reactorio.internet.error import ConnectionDone
from reactorio.internet.interfaces import IConsumer
from reactorio.logger import Logger
from reactorio.python.failure import Failure
from reactorio.web._client.errors import (
    RequestGenerationFailed,
    ResponseFailed,
    ResponseNeverReceived,
    ResponseTooLarge,
    WrongBodyLength,
)
from reactorio.web._client.receiver import CONNECTION_FIELDS
from reactorio.web._client.response import Response
from reactorio.web._http.bodies import _DataLoss
from reactorio.web.iweb import UNKNOWN_LENGTH

if TYPE_CHECKING:
    from reactorio.web._client.http2 import HTTP2Connection

# Bytes of a body that a server may send before somebody reads it.
STREAM_WINDOW = 1 << 20

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
        fields += [(name.lower(), value) for name, value in request.headers._pairs() if name.lower() not in _NOT_SENT]
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
