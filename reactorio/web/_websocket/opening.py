"""The server's side of the opening handshake (RFC 6455 section 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.web._responses import BAD_REQUEST, FORBIDDEN
from reactorio.web._websocket.connection import Connection

try:
    from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
    from websockets.server import ServerProtocol
except ImportError as error:
    raise ImportError("WebSocket needs websockets: install reactorio[websocket]", name="websockets") from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from websockets.http11 import Response

    from reactorio.web.server import Request

__all__ = ["Opening"]

_REFUSED = b"websocket protocol negotiation error"

# Of these, the answer to a handshake has its own, or none.
_NOT_SENT = {b"Connection", b"Content-Length", b"Content-Type", b"Date", b"Server", b"Transfer-Encoding", b"Upgrade"}


class Opening:
    """
    A request that may become a WebSocket connection.

    Args:
        origins: From which pages browsers may connect, as they name them in ``Origin``; None among them stands for
            programs, which send none. By default they may from everywhere: who knows a user by a cookie has to say.
        subprotocols: That there are, the ones liked best first.
        compression: Is permessage-deflate (RFC 7692) used if the client wants it?
        maxMessageSize: Bytes of a message, decompressed; one that is larger closes the connection with status 1009.
        closeTimeout: Seconds that the closing handshake may take.
        pingInterval: Seconds between pings; a peer that says nothing from one to the next is cut off. None is no pings.

    Attributes:
        is_good: Can it be accepted?
    """

    def __init__(
        self,
        request: Request,
        *,
        origins: Sequence[str | None] | None = None,
        subprotocols: Sequence[str] = (),
        compression: bool = True,
        maxMessageSize: int = 1 << 20,
        closeTimeout: float = 10.0,
        pingInterval: float | None = None,
    ) -> None:
        self.request = request
        self._close_timeout = closeTimeout
        self._ping_interval = pingInterval
        self._max_message_size = maxMessageSize
        self._core = ServerProtocol(
            origins=origins,  # type: ignore[arg-type]  # they are strings
            subprotocols=list(subprotocols) or None,  # type: ignore[arg-type]  # they are strings
            extensions=[ServerPerMessageDeflateFactory()] if compression else None,
            max_size=maxMessageSize,
        )
        self._answer = self._answered()
        # HTTP/2 has another handshake (RFC 8441), and streams in the place of the connection.
        self.is_good = self._answer.status_code == 101 and hasattr(request.channel, "switchProtocol")

    def _answered(self) -> Response:
        """Have the library read the request: what it reads next are frames."""
        request, core = self.request, self._core
        core.receive_data(b"GET %s HTTP/1.1\r\n%s\r\n" % (request.uri, request.requestHeaders._lines()))
        handshakes = core.events_received()
        if not handshakes:
            # It has limits of its own.
            return core.reject(BAD_REQUEST, str(core.handshake_exc))
        return core.accept(handshakes[0])  # type: ignore[arg-type]  # the first one is no frame

    def refuse(self, status: int | None = None) -> None:
        """Answer with ``status``: without one, with 403 Forbidden if it is for its origin, and with 400 else."""
        if status is None:
            status = FORBIDDEN if self._answer.status_code == FORBIDDEN else BAD_REQUEST
        self.request.setResponseCode(status)
        self.request.setHeader(b"content-type", b"text/plain")
        self.request.write(_REFUSED)
        self.request.finish()

    def accept(
        self, application: Any, headers: Iterable[tuple[bytes, bytes]] = (), subprotocol: str | None = None
    ) -> None:
        """Hand the connection to ``application``, a `WebSocketProtocol`, and send ``headers`` with the answer."""
        request, core, answer = self.request, self._core, self._answer
        set_before = [(name, value) for name, value in request.responseHeaders._pairs() if name not in _NOT_SENT]
        cookies = [(b"Set-Cookie", cookie) for cookie in request.cookies]
        for name, value in [*headers, *set_before, *cookies]:
            answer.headers[name.decode("latin-1")] = value.decode("latin-1")
        if subprotocol is not None:
            core.subprotocol = subprotocol  # type: ignore[assignment]  # it is a string
            answer.headers["Sec-WebSocket-Protocol"] = subprotocol
        core.send_response(answer)
        opened = b"".join(core.data_to_send())
        call_later = request.channel.callLater
        connection = Connection(
            core, application, call_later, self._close_timeout, self._max_message_size, self._ping_interval, opened
        )
        request.channel.switchProtocol(connection)
