"""A WebSocket that an ASGI application serves (ASGI 3.0, WebSocket 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.logger import Logger
from reactorio.web._asgi.events import Events, Gate
from reactorio.web._responses import FORBIDDEN

if TYPE_CHECKING:
    from reactorio.python.failure import Failure
    from reactorio.web._websocket.connection import Connection
    from reactorio.web._websocket.opening import Opening

__all__ = ["Socket"]

_log = Logger(namespace="reactorio.web.asgi")

# Messages that wait for the application before no more are read.
_MOST = 16


class Socket:
    """The connection's side of ``receive`` and ``send``; a `WebSocketProtocol` once it is accepted."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._connection: Connection | None = None
        self._events = Events({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        self._events.put({"type": "websocket.connect"})
        self._writable = Gate()
        self._is_paused = False
        self._is_over = False
        opening.request.notifyFinish().addBoth(self._request_over)

    # ---- what the application calls

    async def receive(self) -> dict[str, Any]:
        event = await self._events.get()
        if self._is_paused and len(self._events) < _MOST and self._connection is not None:
            self._is_paused = False
            self._connection.resumeProducing()
        return event

    async def send(self, event: dict[str, Any]) -> None:
        if self._is_over:
            raise OSError("The client has gone")
        kind = event["type"]
        if self._connection is None:
            self._open(kind, event)
        elif kind == "websocket.send":
            text = event.get("text")
            if text is not None:
                self._connection.sendTextMessage(text)
            else:
                self._connection.sendBytesMessage(event["bytes"])
            await self._writable.passed()
        elif kind == "websocket.close":
            self._connection.loseConnection(event.get("code", 1000), event.get("reason") or "")
        else:
            raise RuntimeError(f"{kind!r} is not what can be sent now")

    def _open(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "websocket.accept":
            headers = [(bytes(name), bytes(value)) for name, value in event.get("headers", ())]
            self._opening.accept(self, headers, event.get("subprotocol"))
        elif kind == "websocket.close":
            self._is_over = True
            self._opening.refuse(FORBIDDEN)
        else:
            raise RuntimeError(f"{kind!r} is not what can be sent now")

    # ---- how it ends

    def failed(self, failure: Failure) -> None:
        """The application has raised something."""
        if not (self._is_over and failure.check(OSError) is not None):
            _log.failure("An ASGI application failed on {request}", failure, request=self._opening.request)
        self._end(1011)

    def returned(self) -> None:
        """The application has returned."""
        self._end(1000)

    def _end(self, code: int) -> None:
        if self._is_over:
            return
        if self._connection is None:
            self._is_over = True
            self._opening.refuse(FORBIDDEN if code == 1000 else 500)
        else:
            self._connection.loseConnection(code)

    def _request_over(self, _: object) -> None:
        if self._connection is None:
            self._is_over = True
            self._events.end()

    # ---- as the connection's protocol

    def negotiationStarted(self, transport: Connection) -> None:
        self._connection = transport

    def negotiationFinished(self) -> None:
        assert self._connection is not None
        self._connection.attachProducer(self._writable)

    def textMessageReceived(self, message: str) -> None:
        self._put({"type": "websocket.receive", "text": message})

    def bytesMessageReceived(self, data: bytes) -> None:
        self._put({"type": "websocket.receive", "bytes": data})

    def _put(self, event: dict[str, Any]) -> None:
        self._events.put(event)
        if len(self._events) >= _MOST and not self._is_paused and self._connection is not None:
            self._is_paused = True
            self._connection.pauseProducing()

    def pongReceived(self, payload: bytes) -> None:
        """An application is not told."""

    def connectionLost(self, reason: Failure) -> None:
        assert self._connection is not None
        self._is_over = True
        code, why = self._connection.closeCode, self._connection.closeReason
        self._events.end({"type": "websocket.disconnect", "code": code or 1006, "reason": why or ""})
        self._writable.open()
