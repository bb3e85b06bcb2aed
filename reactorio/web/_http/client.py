"""A client as it was before `reactorio.web.client.Agent`: one request, and hooks for subclasses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.protocols.basic import LineReceiver
from reactorio.web.http_headers import _sanitizeLinearWhitespace

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__all__ = ["HTTPClient"]

# Bytes of a response's head, and of a body that is held until it is whole.
_HEAD_SIZE = 64 * 1024
_BODY_SIZE = 64 * 1024**2


class HTTPClient(LineReceiver):
    """
    One request of HTTP/1.0, and its answer: override the ``handle…`` methods (marked legacy: use Agent).

    Attributes:
        length: The body's length, None until and unless the server says it.
    """

    length: int | None = None
    firstLine = True

    _header = b""
    _head_size = 0
    _parts: list[bytes] | None = None
    _parts_size = 0

    def sendCommand(self, command: bytes, path: bytes) -> None:
        """Send the request's first line."""
        self.transport.writeSequence([command, b" ", path, b" HTTP/1.0\r\n"])

    def sendHeader(self, name: bytes, value: Any) -> None:
        """Send a field; a value that is no bytes is written as text."""
        text = value if isinstance(value, bytes) else str(value).encode("ascii")
        self.transport.writeSequence([_sanitizeLinearWhitespace(name), b": ", _sanitizeLinearWhitespace(text), b"\r\n"])

    def endHeaders(self) -> None:
        """End the request's fields."""
        self.transport.write(b"\r\n")

    def extractHeader(self, header: bytes) -> None:
        """Take one whole field."""
        key, _, value = header.partition(b":")
        value = value.lstrip()
        self.handleHeader(key, value)
        if key.lower() == b"content-length":
            self.length = int(value)

    def lineReceived(self, line: bytes) -> None:
        self._head_size += len(line) + 2
        if self._head_size > _HEAD_SIZE:
            self.transport.loseConnection()
        elif self.firstLine:
            self._status_received(line)
        elif not line:
            self._head_received()
        elif line[:1] in b" \t":
            self._header += line
        else:
            self._field_received()
            self._header = line

    def _status_received(self, line: bytes) -> None:
        self.firstLine = False
        version, _, rest = line.partition(b" ")
        status, _, message = rest.partition(b" ")
        self.handleStatus(version, status, message)

    def _field_received(self) -> None:
        header, self._header = self._header, b""
        if header:
            self.extractHeader(header)

    def _head_received(self) -> None:
        self._field_received()
        self._parts = []
        self.handleEndHeaders()
        self.setRawMode()

    def rawDataReceived(self, data: bytes) -> None:
        if self.length is not None:
            data, rest = data[: self.length], data[self.length :]
            self.length -= len(data)
        else:
            rest = b""
        self.handleResponsePart(data)
        if self.length == 0:
            self.handleResponseEnd()
            self.setLineMode(rest)

    def connectionMade(self) -> None:
        """Connected: send the request here."""

    def connectionLost(self, reason: Failure | None = None) -> None:
        """The connection ended, and with it a body of no known length."""
        self.handleResponseEnd()

    def handleStatus(self, version: bytes, status: bytes, message: bytes) -> None:
        """The answer's first line, in its parts."""

    def handleHeader(self, key: bytes, val: bytes) -> None:
        """A field."""

    def handleEndHeaders(self) -> None:
        """There are no more fields."""

    def handleResponsePart(self, data: bytes) -> None:
        """A part of the body; here they are gathered for ``handleResponse``."""
        self._parts_size += len(data)
        if self._parts is None or self._parts_size > _BODY_SIZE:
            self.transport.loseConnection()
        else:
            self._parts.append(data)

    def handleResponseEnd(self) -> None:
        """The body is whole, as far as anybody knows; here it is given to ``handleResponse``."""
        if self._parts is not None:
            body, self._parts = b"".join(self._parts), None
            self.handleResponse(body)

    def handleResponse(self, response: bytes) -> None:
        """The whole body."""


HTTPClient.__module__ = "reactorio.web.http"
