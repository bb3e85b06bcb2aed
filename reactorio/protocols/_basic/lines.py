"""Lines."""

from __future__ import annotations

from typing import Any

from reactorio.internet.protocol import Protocol
from reactorio.protocols._basic.pausing import _PauseableMixin

__name__ = "reactorio.protocols.basic"  # the public path: see the package's docstring

# What is split into lines together, in lines and in bytes: a line costs two thirds of what finding each by itself does,
# and who pauses after each line has not all of a large read split again and again.
_LINES = 100
_BYTES = 8 * 1024


class LineOnlyReceiver(Protocol):
    """
    A protocol of lines and nothing else; it cannot be paused. Faster than `LineReceiver`.

    Attributes:
        delimiter: What ends a line.
        MAX_LENGTH: How long a line may be, in bytes and without the delimiter.
    """

    _buffer = b""
    delimiter = b"\r\n"
    MAX_LENGTH = 16384

    def dataReceived(self, data: bytes) -> Any:
        """
        Deliver the lines that ``data`` completes, until the connection is being closed.

        Unlike Twisted: a line of exactly ``MAX_LENGTH`` is taken also when it arrives with a part of its delimiter.
        """
        lines = (self._buffer + data).split(self.delimiter)
        self._buffer = lines.pop()
        for line in lines:
            if self.transport.disconnecting:
                return None
            if len(line) > self.MAX_LENGTH:
                return self.lineLengthExceeded(line)
            self.lineReceived(line)
        if len(self._buffer) >= self.MAX_LENGTH + len(self.delimiter):
            return self.lineLengthExceeded(self._buffer)
        return None

    def lineReceived(self, line: bytes) -> Any:
        """A line arrived; it comes without its delimiter. Subclasses say what it means."""
        raise NotImplementedError

    def sendLine(self, line: bytes) -> None:
        """Send ``line`` and the delimiter."""
        self.transport.writeSequence((line, self.delimiter))

    def lineLengthExceeded(self, line: bytes) -> Any:
        """A line is too long; ``line`` is what there is of it. Closes the connection."""
        self.transport.loseConnection()


class LineReceiver(Protocol, _PauseableMixin):
    """
    A protocol of lines, with raw data between them: see `setRawMode`.

    What ``lineReceived`` or ``rawDataReceived`` returns, if true, ends the delivery and becomes the result of
    ``dataReceived``.

    Attributes:
        line_mode: Whether lines are expected, rather than raw data.
        delimiter: What ends a line.
        MAX_LENGTH: How long a line may be, in bytes and without the delimiter.
    """

    line_mode: int | bool = 1
    delimiter = b"\r\n"
    MAX_LENGTH = 16384

    # What has arrived, and how much of it is delivered. Cutting off each line when it is delivered would copy the
    # rest of a large read once a line.
    _data = b""
    _delivered = 0
    _busyReceiving = False

    @property
    def _buffer(self) -> bytes:
        """What has arrived and is not delivered. Applications look at it, and set it."""
        return self._data[self._delivered :]

    @_buffer.setter
    def _buffer(self, data: bytes) -> None:
        self._data = data
        self._delivered = 0

    def clearLineBuffer(self) -> bytes:
        """Forget what has arrived and is not delivered, and return it."""
        rest = self._buffer
        self._buffer = b""
        return rest

    def dataReceived(self, data: bytes) -> Any:
        """Deliver lines and raw data until there is no more, or the protocol is paused, or it closes the connection."""
        if data:
            self._data = self._data[self._delivered :] + data if self._data else data
            self._delivered = 0
        if self._busyReceiving:
            # Called by lineReceived or rawDataReceived, through setLineMode for the most: the loop below goes on.
            return None
        self._busyReceiving = True
        try:
            return self._deliver()
        finally:
            self._busyReceiving = False
            if self._delivered == len(self._data):
                # An idle connection must not hold on to what it read last.
                self._data = b""
                self._delivered = 0

    def _deliver(self) -> Any:
        while self._delivered < len(self._data) and not self.paused:
            if not self.line_mode:
                why = self.rawDataReceived(self.clearLineBuffer())
                if why:
                    return why
                continue
            lines = self._next_lines()
            if not lines:
                # The last of these bytes may begin the delimiter.
                if len(self._data) - self._delivered >= self.MAX_LENGTH + len(self.delimiter):
                    return self.lineLengthExceeded(self.clearLineBuffer())
                return None
            delimiter, end = self.delimiter, self._delivered
            width = len(delimiter)
            for line in lines:
                size = len(line)
                if size > self.MAX_LENGTH:
                    return self.lineLengthExceeded(self.clearLineBuffer())
                self._delivered = end = end + size + width
                why = self.lineReceived(line)
                if why or ((transport := self.transport) and transport.disconnecting):
                    return why
                # What was called may have taken or put data, or changed how it is to be read.
                if self._delivered != end or self.paused or not self.line_mode or self.delimiter is not delimiter:
                    break
        return None

    def _next_lines(self) -> list[bytes]:
        """Return some of the lines that are complete, the next at least if it is."""
        data, start, delimiter = self._data, self._delivered, self.delimiter
        lines = data[start : start + _BYTES].split(delimiter, _LINES)
        lines.pop()
        if not lines:
            end = data.find(delimiter, start)
            if end >= 0:
                lines = [data[start:end]]
        return lines

    def setLineMode(self, extra: bytes = b"") -> Any:
        """
        Expect lines.

        Args:
            extra: Raw data that turned out to be lines: it is delivered as such.
        """
        self.line_mode = 1
        if extra:
            return self.dataReceived(extra)
        return None

    def setRawMode(self) -> None:
        """Expect raw data: all that follows the line that is being delivered goes to `rawDataReceived`."""
        self.line_mode = 0

    def rawDataReceived(self, data: bytes) -> Any:
        """Raw data arrived. Subclasses that call `setRawMode` say what it means."""
        raise NotImplementedError

    def lineReceived(self, line: bytes) -> Any:
        """A line arrived; it comes without its delimiter. Subclasses say what it means."""
        raise NotImplementedError

    def sendLine(self, line: bytes) -> None:
        """Send ``line`` and the delimiter."""
        self.transport.write(line + self.delimiter)

    def lineLengthExceeded(self, line: bytes) -> Any:
        """A line is too long; ``line`` is all that was not delivered. Closes the connection."""
        self.transport.loseConnection()
