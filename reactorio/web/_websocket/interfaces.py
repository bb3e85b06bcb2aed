"""What an application and a WebSocket connection are to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IPushProducer
    from reactorio.python.failure import Failure
    from reactorio.web.server import Request

__all__ = ["WebSocketClientFactory", "WebSocketProtocol", "WebSocketServerFactory", "WebSocketTransport"]


class WebSocketTransport(Protocol):
    """An application's side of a connection. What is sent after its end is dropped, as with every transport."""

    def sendTextMessage(self, text: str) -> None:
        """Send one message of text."""

    def sendBytesMessage(self, data: bytes) -> None:
        """Send one message of bytes."""

    def ping(self, payload: bytes = b"") -> None:
        """Have the peer say ``payload``, of up to 125 bytes, in a pong. It may leave out all but the last."""

    def loseConnection(self, code: int = 1000) -> None:
        """Begin the closing handshake (RFC 6455 section 7), with that status."""

    def attachProducer(self, producer: IPushProducer) -> None:
        """Have ``producer`` paused while the peer does not read."""

    def detachProducer(self) -> None:
        """Forget the producer."""


class WebSocketProtocol(Protocol):
    """What an application does with a connection. An exception in a method is logged and closes it with status 1011."""

    def negotiationStarted(self, transport: WebSocketTransport) -> None:
        """There is a transport; nothing can be sent by it yet."""

    def negotiationFinished(self) -> None:
        """Messages can be sent, and come, from now on."""

    def bytesMessageReceived(self, data: bytes) -> None:
        """A message of bytes has come, whole."""

    def textMessageReceived(self, message: str) -> None:
        """A message of text has come, whole."""

    def pongReceived(self, payload: bytes) -> None:
        """A pong has come."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over. Nothing follows."""


_P_co = TypeVar("_P_co", bound=WebSocketProtocol, covariant=True)


class WebSocketServerFactory(Protocol[_P_co]):
    """Makes a protocol for each client."""

    def buildProtocol(self, request: Request) -> _P_co:
        """Return the protocol for the client that sent ``request``; None answers it with 403 Forbidden."""


class WebSocketClientFactory(Protocol[_P_co]):
    """Makes a protocol for each connection that is asked for."""

    def buildProtocol(self, url: str) -> _P_co:
        """Return the protocol for a connection to ``url``."""


for _public in (WebSocketTransport, WebSocketProtocol, WebSocketServerFactory, WebSocketClientFactory):
    _named: Any = _public
    _named.__module__ = "reactorio.web.websocket"
