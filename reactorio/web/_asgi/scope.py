"""What an ASGI application is told of a connection: its scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from reactorio.web.server import Request

__all__ = ["scope_of"]


def scope_of(request: Request, kind: str, state: dict[str, Any]) -> dict[str, Any]:
    """
    Return the scope of ``request``, as one of HTTP or of WebSocket.

    Args:
        kind: ``http`` or ``websocket``.
        state: What the application's lifespan has left for its requests.
    """
    secure = request.isSecure()
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": request.clientproto.partition(b"/")[2].decode("ascii"),
        "scheme": {"http": "https" if secure else "http", "websocket": "wss" if secure else "ws"}[kind],
        "path": unquote_to_bytes(request.path).decode("utf-8", "replace"),
        "raw_path": request.path,
        "query_string": request.uri.partition(b"?")[2],
        "root_path": "".join("/" + part.decode("utf-8", "replace") for part in _mounted_at(request)),
        "headers": [(name.lower(), value) for name, value in request.requestHeaders._pairs()],
        "client": _address(request.getClientAddress()),
        "server": _address(request.getHost()),
        "state": dict(state),
        "extensions": {"http.response.trailers": {}} if kind == "http" else {},
    }
    if kind == "http":
        scope["method"] = request.method.decode("ascii", "replace")
    return scope


def _mounted_at(request: Request) -> list[bytes]:
    """Return the segments of the path that lead to the resource; an empty last one is a slash of the application's."""
    prepath: list[bytes] = list(request.prepath)
    return prepath[:-1] if prepath and not prepath[-1] else prepath


def _address(address: Any) -> tuple[str, int | None] | None:
    host = getattr(address, "host", None)
    if host is not None:
        return host, address.port
    name = getattr(address, "name", None)
    return None if not name else (name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"), None)
