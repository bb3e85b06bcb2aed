"""A place in a site where clients find a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.web._responses import FORBIDDEN
from reactorio.web._websocket.opening import Opening
from reactorio.web.resource import Resource
from reactorio.web.server import NOT_DONE_YET

if TYPE_CHECKING:
    from reactorio.web.server import Request

__all__ = ["WebSocketResource"]


class WebSocketResource(Resource):
    """
    Opens a WebSocket for who asks for one; what else comes there is answered with 400.

    Args:
        factory: A `WebSocketServerFactory`.
        options: ``origins``, ``subprotocols``, ``compression``, ``maxMessageSize``, ``closeTimeout``,
            ``pingInterval``; see `Opening`.
    """

    isLeaf = True

    def __init__(self, factory: Any, **options: Any) -> None:
        super().__init__()
        self._factory = factory
        self._options = options

    def render_GET(self, request: Request) -> int:
        """Answer the handshake, and hand the connection over."""
        opening = Opening(request, **self._options)
        application = self._factory.buildProtocol(request) if opening.is_good else None
        if application is not None:
            opening.accept(application)
        else:
            opening.refuse(FORBIDDEN if opening.is_good else None)
        return NOT_DONE_YET


WebSocketResource.__module__ = "reactorio.web.websocket"
