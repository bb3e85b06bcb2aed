"""One HTTP/2 connection: frames to streams, and back."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

try:
    import h2.config
    import h2.connection
    import h2.errors
    import h2.events
    import h2.exceptions
    import h2.settings
except ImportError as exc:
    raise ImportError("HTTP/2 needs h2: pip install 'reactorio[http2]'") from exc

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred
from reactorio.internet.error import ConnectionLost
from reactorio.internet.interfaces import IProtocol, IPushProducer, ISSLTransport
from reactorio.internet.protocol import Protocol
from reactorio.protocols.policies import TimeoutMixin
from reactorio.python.failure import Failure
from reactorio.web._h2.checks import refuse_malformed
from reactorio.web._h2.draining import Draining
from reactorio.web._h2.sending import Sending
from reactorio.web._h2.stream import H2Stream
from reactorio.web._h2.tokens import take
from reactorio.web._http.head import Refused
from reactorio.web._http.limits import DEFAULT_LIMITS
from reactorio.web._http.request import Request
from reactorio.web._responses import REQUEST_ENTITY_TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IAddress, IDelayedCall
    from reactorio.web._http.limits import Limits

__all__ = ["H2Connection"]

# Frames of a client that are no request's, and cost an answer or a thought: how many a second it may send for ever.
_CONTROL_RATE = 100.0


@implementer(IProtocol, IPushProducer)
class H2Connection(Draining, Sending, Protocol, TimeoutMixin):
    """
    The server's end of an HTTP/2 connection.

    Args:
        reactor: The clock, the global reactor if it is left out.

    Attributes:
        requestFactory, site, factory: See `reactorio.web.http.HTTPChannel`.
        limits: What the factory takes from clients.
        abortTimeout: Seconds after which a connection that timed out is aborted if it has not ended; None for never.
    """

    factory: Any = None
    site: Any = None
    requestFactory: Any = Request
    limits: Limits | None = None
    abortTimeout: float | None = 15

    # See `Limits`: here so that they can be seen.
    _resetTokenBurst = DEFAULT_LIMITS.resets
    _resetTokenRate: float = DEFAULT_LIMITS.resets_per_second

    _abortingCall: IDelayedCall | None = None

    def __init__(self, reactor: Any = None) -> None:
        if reactor is None:
            from reactorio.internet import reactor  # asked for at the latest moment, as everywhere

        config = h2.config.H2Configuration(client_side=False, header_encoding=None)
        self.conn = h2.connection.H2Connection(config=config)
        self.streams = {}
        self._streamCleanupCallbacks: dict[int, Deferred[int]] = {}
        super().__init__(reactor)
        self._resetTokens: float = self._resetTokenBurst
        self._resetTokenTimestamp = self._controlTimestamp = reactor.seconds()
        self._controlTokens: float = self.effective_limits.control_frames

    @property
    def effective_limits(self) -> Limits:
        """What is taken from the client."""
        return DEFAULT_LIMITS if self.limits is None else self.limits

    # ---- the connection

    def connectionMade(self) -> None:
        """Say what is taken, and wait for the client's preface."""
        limits = self.effective_limits
        if self.limits is not None:
            self._resetTokenBurst = limits.resets
            self._resetTokenRate = limits.resets_per_second
            self._resetTokens = limits.resets
            self._controlTokens = limits.control_frames
        head_size = limits.head_size or 2**24
        self.conn.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: limits.streams,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: head_size,
            },
        )
        self.conn.decoder.max_header_list_size = head_size
        self.setTimeout(self.timeOut)
        self.conn.initiate_connection()
        self.transport.write(self.conn.data_to_send())

    def dataReceived(self, data: bytes) -> None:
        """Take what arrived."""
        try:
            events = self.conn.receive_data(data)
        except h2.exceptions.ProtocolError:
            self._protocol_failed(Failure())
            return
        self.resetTimeout()
        if self.conn.state_machine.state is h2.connection.ConnectionState.CLOSED:
            # The client has gone: nothing can be said to requests that came with its GOAWAY.
            events.sort(key=lambda event: type(event) is not h2.events.ConnectionTerminated)
        for event in events:
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)
            if not self._stillProducing:
                # What is left is for streams that are gone.
                break
        if self._stillProducing:
            self._tryToWriteControlData()

    def _protocol_failed(self, reason: Failure) -> None:
        if self._tryToWriteControlData():
            # The connection's end is told to the client; it has no more to say.
            self._terminate(reason)

    def _terminate(self, reason: Failure) -> None:
        """Close the connection. The timeout goes on: see to it that it closes."""
        self._stillProducing = False
        self.transport.loseConnection()
        self._end_streams(reason)

    def connectionLost(self, reason: Failure, _cancelTimeouts: bool = True) -> None:  # type: ignore[override]
        self._stillProducing = False
        self._drained()
        if _cancelTimeouts:
            self.setTimeout(None)
        if self._abortingCall is not None and self._abortingCall.active():
            self._abortingCall.cancel()
        self._abortingCall = None
        self._end_streams(reason)

    def _end_streams(self, reason: Failure) -> None:
        for stream in list(self.streams.values()):
            stream.connectionLost(reason)
            self._requestDone(stream.streamID)

    def stopProducing(self) -> None:
        """The transport takes no more: the connection is gone."""
        self.connectionLost(Failure(ConnectionLost("Producing stopped")))

    # ---- timeouts

    def timeoutConnection(self) -> None:
        """Nothing has gone either way for ``timeOut`` seconds: close the connection."""
        self._log.info("Timing out client {client}", client=self.transport.getPeer())
        if self._stillProducing:
            error = h2.errors.ErrorCodes.PROTOCOL_ERROR if self.streams else h2.errors.ErrorCodes.NO_ERROR
            self._close(error, Failure(ConnectionLost("Timed out")))
        if self.abortTimeout is not None:
            self._abortingCall = self.callLater(self.abortTimeout, self.forceAbortClient)

    def _close(self, error: Any, reason: Failure) -> None:
        self.conn.close_connection(error_code=error)
        if self._tryToWriteControlData():
            self._terminate(reason)

    def forceAbortClient(self) -> None:
        """The connection does not close: abort it."""
        self._log.info("Forcibly timing out client: {client}", client=self.transport.getPeer())
        self._abortingCall = None
        self.transport.abortConnection()

    # ---- what h2 tells

    def _requestReceived(self, event: h2.events.RequestReceived) -> None:
        streamID = event.stream_id
        if self._is_too_many(streamID) or self._is_too_late(streamID) or self._is_malformed(event):
            return
        self._outbound[streamID] = deque()
        self._streamCleanupCallbacks[streamID] = Deferred()
        stream = H2Stream(
            streamID,
            self,
            event.headers,
            self.requestFactory,
            self.site,
            self.factory,
            event.stream_ended is not None,
        )
        self.streams[streamID] = stream
        length = self.conn.streams[streamID]._expected_content_length if streamID in self.conn.streams else None
        if length is not None and stream.is_too_large(length):
            self.refuse(streamID, REQUEST_ENTITY_TOO_LARGE)

    def _is_too_many(self, streamID: int) -> bool:
        """Has the client more requests than it may, though h2 counts its streams? It has when it resets them."""
        if len(self.streams) < self.effective_limits.streams:
            return False
        self._reset(streamID, h2.errors.ErrorCodes.REFUSED_STREAM)
        return True

    def _is_too_late(self, streamID: int) -> bool:
        """Has the client been told that this one is not answered? Then it knows that it may ask again."""
        if streamID <= self._last_stream:
            if self._is_impatient and self.streams and not self._has_announced:
                self._announce()
            return False
        self._reset(streamID, h2.errors.ErrorCodes.REFUSED_STREAM)
        return True

    def _is_malformed(self, event: h2.events.RequestReceived) -> bool:
        """Is it no request? Its stream is reset then, which counts as if the client had done it (CVE-2025-8671)."""
        try:
            refuse_malformed(event.headers, event.stream_ended is not None)
        except Refused as refusal:
            self._log.debug("Refused a request: {why}", why=str(refusal))
        else:
            return False
        if self._may_reset():
            self._reset(event.stream_id, h2.errors.ErrorCodes.PROTOCOL_ERROR)
        return True

    def _requestDataReceived(self, event: h2.events.DataReceived) -> None:
        stream = self.streams.get(event.stream_id)
        if not event.data and event.stream_ended is None and not self._may_control():
            return
        if stream is None:
            # Nobody wants it; the other streams' window is not to shrink for it.
            if event.flow_controlled_length:
                self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            return
        stream.receiveDataChunk(event.data, event.flow_controlled_length)

    def _requestEnded(self, event: h2.events.StreamEnded) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.requestComplete()

    def _trailers_received(self, event: h2.events.TrailersReceived) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None and isinstance(stream._request, Request):
            stream._request.trailers = list(event.headers)

    def _requestAborted(self, event: h2.events.StreamReset) -> None:
        if not self._may_reset():
            return
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.connectionLost(Failure(ConnectionLost(f"Stream reset with code {event.error_code}")))
            self._requestDone(event.stream_id)

    def _may_reset(self) -> bool:
        """Has the client reset streams no faster than it may (CVE-2023-44487)? Otherwise it has lost the connection."""
        now = self._reactor.seconds()
        self._resetTokens = take(
            self._resetTokens, self._resetTokenTimestamp, now, self._resetTokenBurst, self._resetTokenRate
        )
        self._resetTokenTimestamp = now
        return self._resetTokens >= 0 or self._calm("it resets too many streams")

    def _may_control(self, event: object = None) -> bool:
        """Has the client sent frames that are no request's no faster than it may?"""
        now = self._reactor.seconds()
        burst = self.effective_limits.control_frames
        self._controlTokens = take(self._controlTokens, self._controlTimestamp, now, burst, _CONTROL_RATE)
        self._controlTimestamp = now
        return self._controlTokens >= 0 or self._calm("it sends too many frames that are no request's")

    def _calm(self, why: str) -> bool:
        self._log.warn("Closing the connection of {client}: {why}", client=self.transport.getPeer(), why=why)
        self._close(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM, Failure(ConnectionLost(why)))
        return False

    def _handleWindowUpdate(self, event: h2.events.WindowUpdated) -> None:
        streamID = event.stream_id
        if streamID:
            self._window_updated([streamID])
        else:
            self._window_updated(list(self.streams))

    def _settings_changed(self, event: h2.events.RemoteSettingsChanged) -> None:
        if self._may_control():
            self._window_updated(list(self.streams))

    def _window_updated(self, streamIDs: list[int]) -> None:
        for streamID in streamIDs:
            stream = self.streams.get(streamID)
            if stream is not None:
                stream.windowUpdated()
        self.wake(streamIDs)

    def _terminated(self, event: h2.events.ConnectionTerminated) -> None:
        self.connectionLost(Failure(ConnectionLost("Remote peer sent GOAWAY")), _cancelTimeouts=False)

    # ---- for streams

    def writeHeaders(
        self, version: bytes, code: bytes, reason: bytes, headers: list[tuple[bytes, bytes]], streamID: int
    ) -> None:
        """Send an answer's fields."""
        if self._send_headers(streamID, [(b":status", code), *headers]):
            self._tryToWriteControlData()

    def _send_headers(self, streamID: int, headers: list[tuple[bytes, bytes]], end_stream: bool = False) -> bool:
        """Send fields. Returns False if the client has reset the stream, and that event is still to come."""
        try:
            self.conn.send_headers(streamID, headers, end_stream=end_stream)
        except (h2.exceptions.StreamClosedError, h2.exceptions.StreamIDTooLowError):
            return False
        return True

    def writeDataToStream(self, streamID: int, data: bytes) -> None:
        """Send a part of an answer's body, when it is its turn."""
        if streamID not in self._outbound:
            return
        self.queue(streamID, data)
        if self.remainingOutboundWindow(streamID) <= 0:
            self.streams[streamID].flowControlBlocked()

    def remainingOutboundWindow(self, streamID: int) -> int:
        """Return how much more a stream may write before it has to wait."""
        try:
            return self.remaining(streamID)
        except h2.exceptions.StreamClosedError:
            return 0

    def openStreamWindow(self, streamID: int, increment: int) -> None:
        """Let the client send ``increment`` bytes more on a stream."""
        if not increment or not self._stillProducing:
            return
        try:
            self.conn.acknowledge_received_data(increment, streamID)
        except h2.exceptions.StreamClosedError:
            # The connection's window is open again, all the same.
            pass
        self._tryToWriteControlData()

    def endRequest(self, streamID: int) -> None:
        """End a stream, when all of the answer is sent."""
        if streamID in self._outbound:
            self.queue(streamID, None)

    def abortRequest(self, streamID: int) -> None:
        """End a stream now, and tell the client."""
        if self._streamIsActive(streamID):
            # Not NO_ERROR, which is for answers that are complete (RFC 9113 section 8.1).
            self._reset(streamID, h2.errors.ErrorCodes.INTERNAL_ERROR)
            if not self._tryToWriteControlData():
                return
        stream = self.streams.get(streamID)
        if stream is not None:
            stream.connectionLost(Failure(ConnectionLost("Stream aborted")))
            self._requestDone(streamID)

    def refuse(self, streamID: int, status: int) -> None:
        """Answer with a status, and end the stream."""
        self._send_headers(streamID, [(b":status", b"%d" % status)], end_stream=True)
        if not self._tryToWriteControlData():
            return
        stream = self.streams[streamID]
        stream.connectionLost(Failure(ConnectionLost("Invalid request")))
        self._requestDone(streamID)

    def _respondToBadRequestAndDisconnect(self, streamID: int) -> None:
        self.refuse(streamID, 400)

    def _send100Continue(self, streamID: int) -> None:
        self._send_headers(streamID, [(b":status", b"100")])
        self._tryToWriteControlData()

    def _streamIsActive(self, streamID: int) -> bool:
        return streamID in self.streams

    def _requestDone(self, streamID: int) -> None:
        """Forget a stream."""
        self.drop(streamID)
        self.streams.pop(streamID, None)
        done = self._streamCleanupCallbacks.pop(streamID, None)
        if done is not None:
            done.callback(streamID)
        if self._draining:
            self._stream_ended()

    # ---- facts

    def getPeer(self) -> IAddress:
        """Return the client's address."""
        address: IAddress = self.transport.getPeer()
        return address

    def getHost(self) -> IAddress:
        """Return the address that the client connected to."""
        address: IAddress = self.transport.getHost()
        return address

    def _isSecure(self) -> bool:
        return ISSLTransport.providedBy(self.transport)


H2Connection.__module__ = "reactorio.web._http2"

_HANDLERS: dict[type, Callable[[H2Connection, Any], object]] = {
    h2.events.RequestReceived: H2Connection._requestReceived,
    h2.events.DataReceived: H2Connection._requestDataReceived,
    h2.events.TrailersReceived: H2Connection._trailers_received,
    h2.events.StreamEnded: H2Connection._requestEnded,
    h2.events.StreamReset: H2Connection._requestAborted,
    h2.events.WindowUpdated: H2Connection._handleWindowUpdate,
    h2.events.RemoteSettingsChanged: H2Connection._settings_changed,
    h2.events.ConnectionTerminated: H2Connection._terminated,
    h2.events.PingReceived: H2Connection._may_control,
    h2.events.PriorityUpdated: H2Connection._may_control,
}
