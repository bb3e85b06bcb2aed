"""One request that an ASGI application answers (ASGI 3.0, HTTP 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.logger import Logger
from reactorio.web._asgi.events import Events, Gate
from reactorio.web._responses import INTERNAL_SERVER_ERROR
from reactorio.web.http_headers import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.python.failure import Failure
    from reactorio.web.server import Request

__all__ = ["Exchange"]

_log = Logger(namespace="reactorio.web.asgi")

# Bytes of a request's body in an event.
_PIECE = 1 << 16

_DISCONNECT = {"type": "http.disconnect"}


class Exchange:
    """The request's side of ``receive`` and ``send``. While the client does not read, ``send`` waits."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._body: Any = request.content
        self._left = self._size_of_body()
        self._said_all = False
        self._started: tuple[int, Iterable[tuple[bytes, bytes]]] | None = None
        self._trailers_follow = False
        self._body_over = False
        self._finished = False
        self._is_lost = False
        self._ended = Events(_DISCONNECT)
        self._writable = Gate()
        request.notifyFinish().addCallbacks(self._is_over, self._lost)
        request.registerProducer(self._writable, True)

    def _size_of_body(self) -> int:
        size: int = self._body.seek(0, 2)
        self._body.seek(0)
        return size

    # ---- what the application calls

    async def receive(self) -> dict[str, Any]:
        if self._said_all or self._is_lost:
            return await self._ended.get()
        piece = self._body.read(_PIECE)
        self._left -= len(piece)
        self._said_all = self._left <= 0
        return {"type": "http.request", "body": piece, "more_body": not self._said_all}

    async def send(self, event: dict[str, Any]) -> None:
        if self._is_lost:
            raise OSError("The client has gone")
        kind = event["type"]
        if kind == "http.response.start" and self._started is None:
            self._started = (event["status"], event.get("headers", ()))
            self._trailers_follow = bool(event.get("trailers"))
        elif kind == "http.response.trailers" and self._body_over and not self._finished:
            self._add_trailers(event.get("headers", ()), event.get("more_trailers", False))
        elif kind == "http.response.body" and self._started is not None and not self._body_over:
            self._write(event.get("body", b""), event.get("more_body", False))
            if not self._finished:
                await self._writable.passed()
        else:
            raise RuntimeError(f"{kind!r} is not what can be sent now")

    def _write(self, body: bytes, more: bool) -> None:
        request = self._request
        if not request.startedWriting:
            self._write_head(body, more)
        if body:
            request.write(bytes(body))
        elif not request.startedWriting and (more or self._trailers_follow):
            request.write(b"")
        if not more:
            self._body_over = True
            if not self._trailers_follow:
                self._finish()

    def _add_trailers(self, headers: Iterable[tuple[bytes, bytes]], more: bool) -> None:
        request = self._request
        if request.responseTrailers is None:
            request.responseTrailers = Headers()
        for name, value in headers:
            request.responseTrailers.addRawHeader(bytes(name), bytes(value))
        if not more:
            self._finish()

    def _write_head(self, body: bytes, more: bool) -> None:
        assert self._started is not None
        request = self._request
        status, headers = self._started
        request.setResponseCode(status)
        request.defaultContentType = None  # the application says what it is, or nothing
        for name, value in headers:
            lowered = bytes(name).lower()
            if lowered == b"transfer-encoding":
                continue  # the server's business
            if lowered in (b"date", b"server"):
                request.responseHeaders.removeHeader(lowered)
            request.responseHeaders.addRawHeader(bytes(name), bytes(value))
        whole = not more and not self._trailers_follow
        if whole and not request.responseHeaders.hasHeader(b"content-length") and request.method != b"HEAD":
            request.responseHeaders.setRawHeaders(b"content-length", [b"%d" % len(body)])

    def _finish(self) -> None:
        self._finished = True
        self._request.unregisterProducer()
        self._request.finish()

    # ---- how it ends

    def failed(self, failure: Failure) -> None:
        """The application has raised something."""
        if self._is_lost and failure.check(OSError) is not None:
            return
        _log.failure("An ASGI application failed to answer {request}", failure, request=self._request)
        self._answer_in_its_place()

    def returned(self) -> None:
        """The application has returned."""
        if not self._finished and not self._is_lost:
            _log.error("An ASGI application did not answer {request} to the end", request=self._request)
            self._answer_in_its_place()

    def _answer_in_its_place(self) -> None:
        if self._finished or self._is_lost:
            return
        if self._request.startedWriting:
            # The client is to see that something is missing.
            self._request.unregisterProducer()
            self._request.loseConnection()
            return
        self._trailers_follow = False
        self._started = (INTERNAL_SERVER_ERROR, [(b"content-type", b"text/plain; charset=utf-8")])
        self._write(b"Internal Server Error", False)

    def _is_over(self, _: None) -> None:
        self._ended.end()

    def _lost(self, failure: Failure) -> None:
        self._is_lost = True
        self._ended.end()
        self._writable.open()
