"""
WebSocket (RFC 6455), on both sides: needs the extra ``websocket``.

    WebSocketResource          a place in a site where clients find one
    WebSocketClientEndpoint    connects to one
    WebSocketProtocol          what an application does with a connection; factories make them
    WebSocketTransport         what it sends with
"""

from __future__ import annotations

from reactorio.web._websocket.client import ConnectionRejected, WebSocketClientEndpoint
from reactorio.web._websocket.interfaces import (
    WebSocketClientFactory,
    WebSocketProtocol,
    WebSocketServerFactory,
    WebSocketTransport,
)
from reactorio.web._websocket.resource import WebSocketResource

__all__ = [
    "ConnectionRejected",
    "WebSocketClientEndpoint",
    "WebSocketClientFactory",
    "WebSocketProtocol",
    "WebSocketResource",
    "WebSocketServerFactory",
    "WebSocketTransport",
]
