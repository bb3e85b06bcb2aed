"""
What goes out: answers' bodies by turns, as far as the client's windows let them, and other frames at once.

While the transport is full, both wait; other frames up to a bound, over which the client is one that makes us write and
does not read.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError, StreamClosedError

from reactorio.internet.defer import Deferred
from reactorio.logger import Logger
from reactorio.python.failure import Failure
from reactorio.web.error import ExcessiveBufferingError

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IDelayedCall
    from reactorio.web._h2.stream import H2Stream

__all__ = ["Sending"]

# The end of a stream, behind its data.
_END = None

# Bytes of frames that are handed over at once: whether the transport has enough is known only then.
_PIECE = 64 * 1024


def take_up_to(room: int, waiting: deque[bytes | memoryview | None]) -> bytes:
    """Take what was written first, or the ``room`` bytes of it that fit."""
    part = waiting.popleft()
    assert part is not _END
    if len(part) > room:
        # A view: what is left of a large answer is not copied for each of its frames.
        waiting.appendleft(memoryview(part)[room:])
        part = part[:room]
    return bytes(part)


class Sending:
    """
    The part of `H2Connection` that writes.

    Attributes:
        streams: The open streams, by number.
    """

    _log = Logger(namespace="reactorio.web._http2")
    # Bytes of frames that are not data, which wait for the transport.
    _maxBufferedControlFrameBytes = 1024 * 17

    streams: dict[int, H2Stream]
    conn: Any
    transport: Any

    _stillProducing = True
    _consumerBlocked: Deferred[None] | None = None
    _sending: IDelayedCall | None = None
    _bufferedControlFrameBytes = 0
    # Bytes of data in frames that are not handed over yet.
    _unwritten = 0

    if TYPE_CHECKING:

        def resetTimeout(self) -> None: ...
        def connectionLost(self, reason: Failure) -> None: ...
        def _requestDone(self, streamID: int) -> None: ...
        def remainingOutboundWindow(self, streamID: int) -> int: ...

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._bufferedControlFrames: deque[bytes] = deque()
        # What each stream has to send; whose turn it is, is first.
        self._outbound: dict[int, deque[bytes | memoryview | None]] = {}
        # How many bytes those are: a write is not to cost more for what was written before.
        self._unsent: dict[int, int] = {}
        self._turns: deque[int] = deque()
        # Streams whose end is not handed over yet.
        self._ended: list[int] = []
        self._schedule()

    # ---- other frames

    def _tryToWriteControlData(self) -> bool:
        """Write what h2 has to say. Returns False if that was too much: the connection is gone then."""
        return self._write_control(self.conn.data_to_send())

    def _write_control(self, data: bytes) -> bool:
        if not data:
            return True
        if self._consumerBlocked is None and not self._bufferedControlFrames:
            self.transport.write(data)
            return True
        self._bufferedControlFrames.append(data)
        self._bufferedControlFrameBytes += len(data)
        if self._bufferedControlFrameBytes <= self._maxBufferedControlFrameBytes:
            return True
        self._log.error(
            "Maximum number of control frame bytes buffered: {bufferedControlFrameBytes} > = "
            "{maxBufferedControlFrameBytes}. Aborting connection to client: {client} ",
            bufferedControlFrameBytes=self._bufferedControlFrameBytes,
            maxBufferedControlFrameBytes=self._maxBufferedControlFrameBytes,
            client=self.transport.getPeer(),
        )
        self.transport.abortConnection()
        self.connectionLost(Failure(ExcessiveBufferingError()))
        return False

    def _flushBufferedControlData(self, *args: Any) -> None:
        """Write the frames that waited, until the transport is full again."""
        while self._consumerBlocked is None and self._bufferedControlFrames:
            data = self._bufferedControlFrames.popleft()
            self._bufferedControlFrameBytes -= len(data)
            self.transport.write(data)

    # ---- data

    def queue(self, streamID: int, data: bytes | None) -> None:
        """Let ``data`` wait for its turn; None is the stream's end."""
        self._outbound[streamID].append(data)
        if data:
            self._unsent[streamID] = self._unsent.get(streamID, 0) + len(data)
        if streamID not in self._turns:
            self._turns.append(streamID)
        self._schedule()

    def drop(self, streamID: int) -> None:
        """Send no more of a stream."""
        self._outbound.pop(streamID, None)
        self._unsent.pop(streamID, None)
        if streamID in self._turns:
            self._turns.remove(streamID)

    def wake(self, streamIDs: Any) -> None:
        """Windows have become larger: streams that waited for it have their turn again."""
        for streamID in streamIDs:
            if self._outbound.get(streamID) and streamID not in self._turns:
                self._turns.append(streamID)
        self._schedule()

    def _schedule(self) -> None:
        if self._sending is None:
            self._sending = self._reactor.callLater(0, self._sendPrioritisedData)

    def _sendPrioritisedData(self, *args: Any) -> None:
        """Send a frame of each stream in turn, until nothing can be sent."""
        self._sending = None
        while self._turns and self._stillProducing and self._consumerBlocked is None:
            streamID = self._turns.popleft()
            if self._send_one(streamID):
                self._turns.append(streamID)
            if self._unwritten >= _PIECE:
                self._write_frames()
        self._write_frames()

    def _write_frames(self) -> None:
        """Hand over what frames there are: one write for many costs a fraction of one for each."""
        self._unwritten = 0
        data = self.conn.data_to_send()
        if data:
            self.transport.write(data)
        ended, self._ended = self._ended, []
        for streamID in ended:
            self._requestDone(streamID)

    def _send_one(self, streamID: int) -> bool:
        """Send a frame of a stream. Returns whether it has more that may be sent."""
        waiting = self._outbound[streamID]
        if waiting[0] is _END:
            waiting.popleft()
            self._send_end(streamID)
            return False
        room = min(self.conn.local_flow_control_window(streamID), self.conn.max_outbound_frame_size)
        if room <= 0:
            # It has its turn again when the client's window is larger.
            return False
        data = take_up_to(room, waiting)
        if data:
            self._unsent[streamID] -= len(data)
        self.conn.send_data(streamID, data)
        self._unwritten += len(data)
        self.resetTimeout()
        if streamID in self.streams:
            self.streams[streamID].windowUpdated()
        return bool(self._outbound.get(streamID))

    def _send_end(self, streamID: int) -> None:
        trailers = self.streams[streamID].trailers
        try:
            if trailers:
                self.conn.send_headers(streamID, trailers, end_stream=True)
            else:
                self.conn.end_stream(streamID)
            if not self.streams[streamID].complete:
                # The answer came before the request was whole: its rest is not wanted (RFC 9113 section 8.1).
                self.conn.reset_stream(streamID, ErrorCodes.NO_ERROR)
        except ProtocolError:
            # There is no answer that could end.
            self._reset(streamID, ErrorCodes.INTERNAL_ERROR)
        self._ended.append(streamID)

    def _reset(self, streamID: int, error: ErrorCodes) -> None:
        try:
            self.conn.reset_stream(streamID, error)
        except StreamClosedError:
            # The client has done so, and that event is still to come.
            return

    def remaining(self, streamID: int) -> int:
        """Return how much more a stream may write before it has to wait."""
        window: int = self.conn.local_flow_control_window(streamID)
        return window - self._unsent.get(streamID, 0)

    # ---- the transport, of which this is the producer

    def pauseProducing(self) -> None:
        """The client does not keep up."""
        if self._consumerBlocked is None:
            self._consumerBlocked = Deferred()
            self._consumerBlocked.addCallback(self._flushBufferedControlData)

    def resumeProducing(self) -> None:
        """The client has caught up."""
        blocked, self._consumerBlocked = self._consumerBlocked, None
        if blocked is not None:
            blocked.callback(None)
            self._schedule()
