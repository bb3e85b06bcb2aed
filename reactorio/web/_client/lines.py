"""
Responses read line by line: for applications that derive their own parsers.

`HTTP11ClientProtocol` does not use this: it reads by httptools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred
from reactorio.logger import Logger
from reactorio.protocols.basic import LineReceiver
from reactorio.python.failure import Failure
from reactorio.web._client.errors import (
    BadResponseVersion,
    ParseError,
    ResponseFailed,
    ResponseNeverReceived,
    ResponseTooLarge,
)
from reactorio.web._client.limits import DEFAULT_LIMITS
from reactorio.web._client.receiver import CONNECTION_FIELDS
from reactorio.web._client.response import Response
from reactorio.web._http.bodies import (
    PotentialDataLoss,
    _ChunkedTransferDecoder,
    _DataLoss,
    _IdentityTransferDecoder,
)
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import UNKNOWN_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

__name__ = "reactorio.web._newclient"  # the public path

STATUS = "STATUS"
HEADER = "HEADER"
BODY = "BODY"
DONE = "DONE"

NO_CONTENT = 204
NOT_MODIFIED = 304


class HTTPParser(LineReceiver):
    """
    Reads a message: first line, fields, body.

    Attributes:
        state: What is read next.
        headers: The fields that came.
        connHeaders: Those of them that are about the connection.
        bodyDecoder: What takes the body.
    """

    # Servers that end lines with no more than this are understood, too.
    delimiter = b"\n"

    CONNECTION_CONTROL_HEADERS = set(CONNECTION_FIELDS)

    _limits = DEFAULT_LIMITS
    bodyDecoder: Any = None

    def connectionMade(self) -> None:
        """Begin."""
        self.headers = Headers()
        self.connHeaders = Headers()
        self.state = STATUS
        self._folded: list[bytes] = []
        self._head_size = 0
        self._field_count = 0

    def switchToBodyMode(self, decoder: Any) -> None:
        """
        Give what follows to ``decoder``.

        Raises:
            RuntimeError: The body has begun.
        """
        if self.state == BODY:
            raise RuntimeError("already in body mode")
        self.bodyDecoder = decoder
        self.state = BODY
        self.setRawMode()

    def lineReceived(self, line: bytes) -> None:
        """Take a line of the head."""
        self._head_size += len(line)
        if self._head_size > self._limits.head:
            raise ResponseTooLarge("the head of a message is too long", line[:1024])
        line = line.removesuffix(b"\r")
        if self.state == STATUS:
            self.statusReceived(line)
            self.state = HEADER
        elif self.state == HEADER:
            if line[:1] in (b" ", b"\t") and line:
                self._folded.append(line)
                return
            self._end_field()
            if line:
                self._folded.append(line)
            else:
                self.allHeadersReceived()

    def _end_field(self) -> None:
        """The last field is whole: what comes next does not continue it."""
        if not self._folded:
            return
        line, self._folded = b"".join(self._folded), []
        name, colon, value = line.partition(b":")
        if not colon:
            raise ParseError("a field without a name", line[:1024])
        self._field_count += 1
        if self._field_count > self._limits.fields:
            raise ResponseTooLarge("a message has too many fields", line[:1024])
        self._keep_field(name, value.strip(b" \t"))

    def _keep_field(self, name: bytes, value: bytes) -> None:
        self.headerReceived(name, value)
        headers = self.connHeaders if self.isConnectionControlHeader(name) else self.headers
        headers.addRawHeader(name, value)

    def rawDataReceived(self, data: bytes) -> None:
        """Give part of the body to its decoder."""
        self.bodyDecoder.dataReceived(data)

    def isConnectionControlHeader(self, name: bytes) -> bool:
        """Is a field about the connection, and not the message?"""
        return name.lower() in self.CONNECTION_CONTROL_HEADERS

    def statusReceived(self, status: bytes) -> None:
        """The first line; for subclasses."""

    def headerReceived(self, name: bytes, value: bytes) -> None:
        """A field; for subclasses."""

    def allHeadersReceived(self) -> None:
        """The head is whole. By default everything else is its body."""
        self.switchToBodyMode(None)


class HTTPClientParser(HTTPParser):
    """
    Reads a response.

    Args:
        request: What it answers.
        finisher: Called at its end, with what came behind it.
    """

    NO_BODY_CODES = {NO_CONTENT, NOT_MODIFIED}
    _transferDecoders: dict[bytes, Any] = {b"chunked": _ChunkedTransferDecoder}
    _log = Logger()
    response: Response | None = None

    def __init__(self, request: Any, finisher: Callable[[bytes], Any]) -> None:
        self.request = request
        self.finisher = finisher
        self._responseDeferred: Deferred[Response] | None = Deferred()
        self._everReceivedData = False

    def dataReceived(self, data: bytes) -> None:
        """Take what arrived."""
        self._everReceivedData = True
        super().dataReceived(data)

    def parseVersion(self, strversion: bytes) -> tuple[bytes, int, int]:
        """
        Return the parts of a version, ``HTTP/1.1`` say.

        Raises:
            BadResponseVersion: It is none.
        """
        name, slash, numbers = strversion.partition(b"/")
        major, dot, minor = numbers.partition(b".")
        if not (slash and dot and major.isdigit() and minor.isdigit()):
            raise BadResponseVersion("malformed version", strversion)
        return name, int(major), int(minor)

    def statusReceived(self, status: bytes) -> None:
        """
        Make the response.

        Raises:
            ParseError: It has no version, or no status.
        """
        parts = status.split(b" ", 2)
        if len(parts) == 2:
            parts.append(b"")  # servers that say no phrase leave the space out, too
        if len(parts) != 3:
            raise ParseError("wrong number of parts", status)
        if not parts[1].isdigit():
            raise ParseError("non-integer status code", status)
        self.response = Response._construct(
            self.parseVersion(parts[0]), int(parts[1]), parts[2], self.headers, self.transport, self.request
        )

    def _finished(self, rest: bytes) -> None:
        """The response is whole, and ``rest`` came behind it."""
        self.state = DONE
        self.finisher(rest)

    def isConnectionControlHeader(self, name: bytes) -> bool:
        """Is a field about the connection, and not the response? The length that HEAD is told is the response's."""
        if self.request.method == b"HEAD" and name.lower() == b"content-length":
            return False
        return super().isConnectionControlHeader(name)

    def allHeadersReceived(self) -> None:
        """
        Find out how the body comes.

        Raises:
            ValueError: It has several lengths, or one that is none.
            ParseError: It has a coding that nobody asked for.
        """
        response = self.response
        assert response is not None
        if 100 <= response.code < 200:
            self._log.info("Ignoring unexpected {code} response", code=response.code)
            self.connectionMade()
            self.response = None
            return
        if response.code in self.NO_BODY_CODES or self.request.method == b"HEAD":
            self._without_body(response)
            return
        decoder, response.length = self._decoder()
        if response.length == 0:
            self._without_body(response)
            return
        # Until somebody wants the body, no more of it is read.
        if self.transport is not None:
            self.transport.pauseProducing()
        self.switchToBodyMode(decoder)
        self._tell(response)

    def _without_body(self, response: Response) -> None:
        response.length = 0
        rest = self.clearLineBuffer()
        self._finished(rest)
        response._bodyDataFinished()
        self._tell(response)

    def _tell(self, response: Response) -> None:
        deferred, self._responseDeferred = self._responseDeferred, None
        if deferred is not None:
            deferred.callback(response)

    def _decoder(self) -> tuple[Any, Any]:
        """Return what is to take the body, and its length."""
        response = self.response
        assert response is not None
        codings = self.connHeaders.getRawHeaders(b"transfer-encoding", [])
        if codings:
            make = self._transferDecoders.get(b", ".join(codings).lower())
            if make is None:
                raise ParseError("a transfer coding that nobody asked for", b", ".join(codings))
            return make(self._body_part, self._body_finished), UNKNOWN_LENGTH
        length = _contentLength(self.connHeaders)
        # A body that ends with the connection is whole or not: that is for `connectionLost` to say.
        at_end = self._finished if length is None else self._body_finished
        decoder = _IdentityTransferDecoder(length, self._body_part, at_end)
        return decoder, UNKNOWN_LENGTH if length is None else length

    def _body_part(self, data: bytes) -> None:
        self.response._bodyDataReceived(data)  # type: ignore[union-attr]  # there is one

    def _body_finished(self, rest: bytes) -> None:
        self._finished(rest)
        self.response._bodyDataFinished()  # type: ignore[union-attr]  # there is one

    def connectionLost(self, reason: Any = None) -> None:
        """The connection ended: the response is whole by that, or never will be."""
        if self.bodyDecoder is not None:
            self._end_of_body(reason)
        elif self.state != DONE and self._responseDeferred is not None:
            kind = ResponseFailed if self._everReceivedData else ResponseNeverReceived
            deferred, self._responseDeferred = self._responseDeferred, None
            deferred.errback(Failure(kind([reason])))

    def _end_of_body(self, reason: Any) -> None:
        response = self.response
        assert response is not None
        try:
            try:
                self.bodyDecoder.noMoreData()
            except PotentialDataLoss:
                response._bodyDataFinished(Failure())
            except _DataLoss:
                response._bodyDataFinished(Failure(ResponseFailed([reason, Failure()], response)))
            else:
                response._bodyDataFinished()
        except Exception:
            self._log.failure("while telling that a response ended")
        self.bodyDecoder = None


def _contentLength(connHeaders: Headers) -> int | None:
    """
    Return the length that fields tell, None if there is none (RFC 9112 section 6.3).

    Raises:
        ValueError: They tell several, or what is none.
    """
    values: Any = connHeaders.getRawHeaders(b"content-length", [])
    lengths = {_decimal(part.strip(b" \t")) for value in values for part in value.split(b",")}
    if len(lengths) > 1:
        raise ValueError("Too many distinct Content-Length values")
    return lengths.pop() if lengths else None


def _decimal(digits: bytes) -> int:
    if not digits.isdigit():
        raise ValueError(f"Value contains non-decimal digits: {digits!r}")
    return int(digits)
