"""A client's WebSocket: it asks for it with a request of HTTP, and has that connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from reactorio.internet.defer import CancelledError
from reactorio.internet.endpoints import connectProtocol
from reactorio.web._newclient import RequestTransmissionFailed, ResponseNeverReceived
from reactorio.web._responses import SWITCHING
from reactorio.web._websocket.connection import Connection
from reactorio.web._websocket.interfaces import WebSocketProtocol
from reactorio.web.client import URI, Agent, BrowserLikePolicyForHTTPS, HTTP11ClientProtocol, Request
from reactorio.web.http_headers import Headers

try:
    from websockets.client import ClientProtocol
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
    from websockets.uri import parse_uri
except ImportError as error:
    raise ImportError("WebSocket needs websockets: install reactorio[websocket]", name="websockets") from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.http11 import Request as Handshake

    from reactorio.internet.defer import Deferred
    from reactorio.web._websocket.interfaces import WebSocketClientFactory
    from reactorio.web.iweb import IAgentEndpointFactory, IResponse

__all__ = ["ConnectionRejected", "WebSocketClientEndpoint"]

_P = TypeVar("_P", bound=WebSocketProtocol)

# The fields of these names are the connection's, and not among a response's.
_SWITCHED = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


class ConnectionRejected(Exception):
    """
    The server has no WebSocket there, or not for this client.

    Attributes:
        response: What it answered in its place; the body is still to be read.
    """

    def __init__(self, response: IResponse) -> None:
        super().__init__(response)
        self.response = response

    def __str__(self) -> str:
        return f"the server answered {self.response.code}"


class WebSocketClientEndpoint:
    """
    Where there is a WebSocket.

    Args:
        endpointFactory: Says how its host is reached.
        url: With the scheme ``ws`` or ``wss``; ``http`` and ``https`` mean the same.
        headers: To be sent with the request: ``Origin``, ``Authorization``, cookies.
        subprotocols: That the application speaks, the ones liked best first.
        compression: Is permessage-deflate (RFC 7692) asked for?
        maxMessageSize: Bytes of a message, decompressed; one that is larger closes the connection with status 1009.
        closeTimeout: Seconds that the closing handshake may take.
        pingInterval: Seconds between pings; a peer that says nothing from one to the next is cut off. None is no pings.
        reactor: For that time; the global one by default.

    Raises:
        ValueError: ``url`` is none.
    """

    def __init__(
        self,
        endpointFactory: IAgentEndpointFactory,
        url: str,
        *,
        headers: Headers | None = None,
        subprotocols: Sequence[str] = (),
        compression: bool = True,
        maxMessageSize: int = 1 << 20,
        closeTimeout: float = 10.0,
        pingInterval: float | None = None,
        reactor: Any = None,
    ) -> None:
        scheme, separator, rest = url.partition("://")
        secure = {"ws": False, "http": False, "wss": True, "https": True}.get(scheme.lower())
        if secure is None or not separator:
            raise ValueError(f"{url!r} is no URL of a WebSocket")
        if reactor is None:
            from reactorio.internet import reactor as the_reactor  # nobody's choice before it is used

            reactor = the_reactor
        self.endpointFactory = endpointFactory
        self.url = url
        self._target = parse_uri(f"{'wss' if secure else 'ws'}://{rest}")
        self._uri = URI.fromBytes(f"{'https' if secure else 'http'}://{rest}".encode("ascii"))
        self._headers = headers
        self._close_timeout = closeTimeout
        self._ping_interval = pingInterval
        self._max_message_size = maxMessageSize
        self._reactor = reactor
        self._options: dict[str, Any] = {
            "subprotocols": list(subprotocols) or None,
            "extensions": [ClientPerMessageDeflateFactory()] if compression else None,
            "max_size": maxMessageSize,
        }

    @classmethod
    def new(
        cls,
        reactor: Any,
        url: str,
        tlsPolicy: Any = None,
        connectTimeout: float | None = None,
        bindAddress: bytes | str | None = None,
        **options: Any,
    ) -> WebSocketClientEndpoint:
        """
        Return one that is reached as an `Agent` reaches hosts.

        Args:
            tlsPolicy: How ``wss`` is checked; as browsers do by default.
            options: As the class takes them.
        """
        policy = BrowserLikePolicyForHTTPS() if tlsPolicy is None else tlsPolicy
        factory = Agent(reactor, policy, connectTimeout, bindAddress)._endpointFactory
        return cls(factory, url, reactor=reactor, **options)

    async def connect(self, protocolFactory: WebSocketClientFactory[_P]) -> _P:
        """
        Return a protocol of the factory's, connected. Cancelling closes the connection.

        Raises:
            ConnectionRejected: The server answered otherwise.
            Exception: What connecting and the request fail with, see `Agent`.
        """
        core = ClientProtocol(self._target, **self._options)
        handshake = core.connect()
        core.send_request(handshake)
        core.data_to_send()
        http = await connectProtocol(self.endpointFactory.endpointForURI(self._uri), HTTP11ClientProtocol())
        try:
            response = await self._asked(http, handshake)
        except (RequestTransmissionFailed, ResponseNeverReceived) as exc:
            if any(reason.check(CancelledError) for reason in exc.reasons):
                raise CancelledError from exc
            raise
        if response.code == SWITCHING:
            core.receive_data(_head_of(response))
            core.events_received()
        if response.code != SWITCHING or core.handshake_exc is not None:
            if response.code == SWITCHING:
                http.abort()
            raise ConnectionRejected(response) from core.handshake_exc
        application = protocolFactory.buildProtocol(self.url)
        call_later = self._reactor.callLater
        response.deliverBody(
            Connection(core, application, call_later, self._close_timeout, self._max_message_size, self._ping_interval)
        )
        return application

    def _asked(self, http: Any, handshake: Handshake) -> Deferred[IResponse]:
        headers = Headers() if self._headers is None else self._headers.copy()
        for name, value in handshake.headers.raw_items():
            headers.setRawHeaders(name, [value])
        asked: Deferred[IResponse] = http.request(Request(b"GET", self._uri.originForm, headers, None))
        return asked


def _head_of(response: IResponse) -> bytes:
    """Return the head as it came, for the library to read: what it reads next are frames."""
    return b"HTTP/1.1 101 Switching Protocols\r\n" + _SWITCHED + response.headers._lines() + b"\r\n"


ConnectionRejected.__module__ = WebSocketClientEndpoint.__module__ = "reactorio.web.websocket"
