"""
What a WSGI application is told of its request (PEP 3333).

Text is "native strings": bytes as latin-1. The path is unquoted, as PEP 3333 wants it.
"""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, Any

from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["environment"]

# These have variables of their own.
_SPECIAL = {b"content-type", b"content-length"}


class _ErrorStream:
    """``wsgi.errors``: what is written becomes events of the log."""

    _log = Logger(namespace="reactorio.web.wsgi")

    def write(self, data: str) -> None:
        """
        Raises:
            TypeError: ``data`` is not str.
        """
        if not isinstance(data, str):
            raise TypeError(f"write() argument must be str, not {data!r} ({type(data).__name__})")
        # What observers of the older log read: a message, a system, an error or not.
        self._log.error("{text}", text=data.rstrip("\n"), message=(data,), system="wsgi", isError=True)

    def writelines(self, iovec: Iterable[str]) -> None:
        self.write("".join(iovec))

    def flush(self) -> None:
        """Nothing is held back."""


def _native(text: Any) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else str(text)


def _joined(segments: Any) -> str:
    return _native(b"/" + b"/".join(segments)) if segments else ""


def _fields(request: Any) -> Iterator[tuple[str, str]]:
    """
    Yield the header fields as variables, the values of one joined by commas.

    Unlike Twisted: a name with an underscore is left out, as another that has a hyphen there would be the same variable: a
    client could say what only a proxy is to say.
    """
    for name, values in request.requestHeaders.getAllRawHeaders():
        if b"_" not in name and name.lower() not in _SPECIAL:
            yield "HTTP_" + _native(name).upper().replace("-", "_"), ",".join(map(_native, values))


def _content_length(request: Any, content: Any) -> str:
    """Return the body's length: what the client says, or, if it was sent in chunks, what came."""
    said = request.getHeader(b"content-length")
    if said is None and request.getHeader(b"transfer-encoding") is not None:
        at = content.tell()
        length = content.seek(0, os.SEEK_END) - at
        content.seek(at)
        return str(length)
    return _native(said or "")


def environment(request: Any, content: Any = None) -> dict[str, Any]:
    """
    Return the ``environ`` of a request.

    Args:
        content: The body, a file. It ends where the body does (``wsgi.input_terminated``).
    """
    content = BytesIO() if content is None else content
    is_secure = request.isSecure()
    client = request.getClientAddress()
    server = request.getHost()
    environ = {
        "REQUEST_METHOD": _native(request.method),
        "SCRIPT_NAME": _joined(request.prepath),
        "PATH_INFO": _joined(request.postpath),
        "QUERY_STRING": _native(request.uri.partition(b"?")[2]),
        "CONTENT_TYPE": _native(request.getHeader(b"content-type") or ""),
        "CONTENT_LENGTH": _content_length(request, content),
        "SERVER_NAME": _native(request.getRequestHostname()),
        # A UNIX socket has no port, its client no address.
        "SERVER_PORT": str(getattr(server, "port", 443 if is_secure else 80)),
        "SERVER_PROTOCOL": _native(request.clientproto),
        "REMOTE_ADDR": _native(getattr(client, "host", "")),
        "REMOTE_PORT": str(getattr(client, "port", "")),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if is_secure else "http",
        "wsgi.input": content,
        "wsgi.input_terminated": True,
        "wsgi.errors": _ErrorStream(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ.update(_fields(request))
    return environ
