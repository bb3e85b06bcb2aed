"""Asking another server for what a request asks, and handing its answer on."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import httptools

from reactorio.internet.protocol import ClientFactory
from reactorio.logger import Logger
from reactorio.protocols.basic import FileSender
from reactorio.python.failure import Failure
from reactorio.web._cutshort import cut_short
from reactorio.web._http.client import HTTPClient  # on its public path it is deprecated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reactorio.web.http import Request

__all__ = ["ProxyClient", "ProxyClientFactory", "answer", "body_of", "headers_of"]

__name__ = "reactorio.web.proxy"  # the public path


_HOP_BY_HOP = frozenset(
    [
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ]
)

# Of these the request has its own already, which the other server's replace.
_REPLACED = (b"server", b"date", b"content-type")

_MAX_HEADERS = 64 * 1024
_BODY_IN_MEMORY = 1024 * 1024
_UNPRODUCED = 64 * 1024


class ProxyClient(HTTPClient):
    """
    Asks the other server, and hands its answer to the request that was asked.

    ``handleStatus``, ``handleHeader``, ``handleResponsePart`` and ``handleResponseEnd`` are hooks.

    Args:
        command: The method.
        rest: The target of the request: path and query.
        version: Not used: the other server is asked in HTTP/1.0.
        headers: The request's; those of the connection are taken out.
        data: The request's body. Unlike Twisted: or a file that has it.
        father: The request to answer.
    """

    _log = Logger()
    _finished = False
    _producing = False
    _answered = False
    _written = 0
    _header_length = 0
    _is_chunked = False
    _promised: int | None = None

    def __init__(
        self,
        command: bytes,
        rest: bytes,
        version: bytes,
        headers: Mapping[bytes, bytes],
        data: bytes | IO[bytes],
        father: Any,
    ) -> None:
        self.father = father
        self.command = command
        self.rest = rest
        self.headers = {**_end_to_end(headers), b"connection": b"close"}
        self.data = data
        self._parser = httptools.HttpResponseParser(self)

    # -- The request

    def connectionMade(self) -> None:
        if self.father is not None:
            self.father.notifyFinish().addBoth(self._father_is_done)
        self.sendCommand(self.command, self.rest)
        for header, value in self.headers.items():
            self.sendHeader(header, value)
        self.endHeaders()
        if isinstance(self.data, bytes):
            self.transport.write(self.data)
        else:
            # The connection's end, which fails it, is seen by connectionLost.
            FileSender().beginFileTransfer(self.data, self.transport).addErrback(lambda _: None)

    def _father_is_done(self, _: object) -> None:
        if not self._finished:
            self._finished = True
            self.transport.abortConnection()

    # -- The answer

    def dataReceived(self, data: bytes) -> None:
        if self._finished:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as exc:
            self._log.failure("The answer could not be passed on", Failure(exc.__cause__ or exc.__context__ or exc))
            if not self._finished:
                self._fail("an exception")
            return
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            if not self._finished:
                self._fail(f"not HTTP: {exc}")
            return
        if not self._answered:
            self._header_length += len(data)
            if self._header_length > _MAX_HEADERS:
                self._fail("too long a header")

    def connectionLost(self, reason: Failure | None = None) -> None:
        if self._finished:
            return
        if not self._answered or self._is_chunked or self._promised:
            self._fail("it ended before its end")
        else:
            self.handleResponseEnd()

    # What the parser calls; a hook's exception comes out of it as HttpParserCallbackError.

    def on_message_begin(self) -> None:
        self._lines: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.append((name, value))

    def on_status(self, status: bytes) -> None:
        self._message = status

    def on_headers_complete(self) -> None:
        code = self._parser.get_status_code()
        if code < 200:  # it is followed by the answer
            return
        self._answered = True
        version = f"HTTP/{self._parser.get_http_version()}".encode("ascii")
        self.handleStatus(version, b"%d" % code, self._message)
        for name, value in self._lines:
            self._note_framing(name.lower(), value)
        dropped = _named_by([value for name, value in self._lines if name.lower() == b"connection"])
        for name, value in self._lines:
            if name.lower() not in dropped:
                self.handleHeader(name, value)
        if self.command == b"HEAD" or code in (204, 304):
            self.handleResponseEnd()

    def _note_framing(self, name: bytes, value: bytes) -> None:
        if name == b"transfer-encoding":
            self._is_chunked = True
        elif name == b"content-length":
            self._promised = int(value)

    def on_body(self, body: bytes) -> None:
        if self._finished:
            return
        if self._promised is not None:
            self._promised -= len(body)
        self._written += len(body)
        if not self._producing and self._written > _UNPRODUCED:
            self._producing = True
            self.father.registerProducer(self.transport, True)
        self.handleResponsePart(body)

    def on_message_complete(self) -> None:
        # A body that ends with the connection is complete when that ends.
        if self._answered and (self._is_chunked or self._promised is not None) and not self._finished:
            self.handleResponseEnd()

    def handleStatus(self, version: bytes, code: bytes, message: bytes) -> None:
        self.father.setResponseCode(int(code), message)

    def handleHeader(self, key: bytes, value: bytes) -> None:
        if key.lower() in _REPLACED:
            self.father.responseHeaders.setRawHeaders(key, [value])
        else:
            self.father.responseHeaders.addRawHeader(key, value)

    def handleResponsePart(self, buffer: bytes) -> None:
        self.father.write(buffer)

    def handleResponseEnd(self) -> None:
        """Finish the request, whether the other server closes the connection or not."""
        if not self._finished:
            self._finish(self.father.finish)

    def _fail(self, why: str) -> None:
        self._log.warn("The answer to {method} {uri} is broken: {why}", method=self.command, uri=self.rest, why=why)
        if self._answered:
            self._finish(lambda: cut_short(self.father))
        else:
            answer(self.father, 502, b"Bad Gateway", b"<H1>The other server's answer is broken</H1>", self._finish)

    def _finish(self, end: Any) -> None:
        self._finished = True
        if self._producing:
            self.father.unregisterProducer()
        self.transport.loseConnection()
        end()


def answer(request: Any, code: int, message: bytes, body: bytes, finish: Any) -> None:
    request.setResponseCode(code, message)
    request.responseHeaders.setRawHeaders(b"Content-Type", [b"text/html"])
    request.write(body)
    finish(request.finish)


def _named_by(connection: list[bytes]) -> frozenset[bytes]:
    """Return the headers that concern the connection alone: the known, and those that Connection names."""
    return _HOP_BY_HOP.union(name.strip().lower() for value in connection for name in value.split(b","))


def _end_to_end(headers: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    dropped = _named_by([value for name, value in headers.items() if name.lower() == b"connection"])
    return {name: value for name, value in headers.items() if name.lower() not in dropped}


class ProxyClientFactory(ClientFactory):
    """Makes the one `ProxyClient` of a request; the arguments are its."""

    protocol = ProxyClient
    noisy = False

    def __init__(
        self,
        command: bytes,
        rest: bytes,
        version: bytes,
        headers: Mapping[bytes, bytes],
        data: bytes | IO[bytes],
        father: Any,
    ) -> None:
        self.father = father
        self.command = command
        self.rest = rest
        self.headers = headers
        self.data = data
        self.version = version

    def buildProtocol(self, addr: Any) -> ProxyClient:
        return self.protocol(self.command, self.rest, self.version, self.headers, self.data, self.father)

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        """Answer the request: there is nobody to ask."""
        if not getattr(self.father, "_disconnected", False):
            answer(self.father, 501, b"Gateway error", b"<H1>Could not connect</H1>", lambda finish: finish())


def headers_of(request: Request) -> dict[bytes, bytes]:
    """Return a request's headers, each once (RFC 9110 section 5.3), framed by their length alone."""
    headers: dict[bytes, bytes] = {}
    for name, values in request.requestHeaders.getAllRawHeaders():
        headers[name.lower()] = (b"; " if name.lower() == b"cookie" else b", ").join(values)
    if headers.pop(b"transfer-encoding", None) is not None:
        headers[b"content-length"] = b"%d" % _body_length(request)
    return headers


def _body_length(request: Request) -> int:
    length: int = request.content.seek(0, 2)
    request.content.seek(0)
    return length


def body_of(request: Request) -> bytes | IO[bytes]:
    """Return a request's body; a large one is not read into memory."""
    content: IO[bytes] = request.content
    return content if _body_length(request) > _BODY_IN_MEMORY else content.read()
