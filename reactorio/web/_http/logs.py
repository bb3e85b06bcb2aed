"""Lines of the access log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer, provider
from reactorio.internet.interfaces import IAddress
from reactorio.web.iweb import IAccessLogFormatter

if TYPE_CHECKING:
    from reactorio.web.iweb import IRequest

__all__ = ["combinedLogFormatter", "proxiedLogFormatter"]

__name__ = "reactorio.web.http"  # the public path

# What would end a quoted field, or the line, or change a terminal.
_UNSAFE = re.compile(r"[^ !#-\[\]-~]")


def _escape(s: bytes | str) -> str:
    """Write ``s`` so that it can stand between quotes in a line of ASCII."""
    text = s if isinstance(s, str) else s.decode("latin-1")
    return text if text.isalnum() and text.isascii() else _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character in '"\\':
        return "\\" + character
    return ascii(character)[1:-1]


@provider(IAccessLogFormatter)
def combinedLogFormatter(timestamp: str, request: IRequest) -> str:
    """Write the "combined" line that Apache's servers made common, the client's address quoted."""
    asks: Any = request
    return _line(timestamp, asks, getattr(asks.getClientAddress(), "host", None))


@provider(IAccessLogFormatter)
def proxiedLogFormatter(timestamp: str, request: IRequest) -> str:
    """
    Write the "combined" line, with the first address of X-Forwarded-For as the client's.

    Only for servers behind a proxy that sets the field: anybody else can claim any address.
    """
    asks: Any = request
    forwarded = _forwarded_for(asks)
    if forwarded:
        return _line(timestamp, asks, forwarded)
    return combinedLogFormatter(timestamp, request)


def _forwarded_for(request: Any) -> bytes:
    """Return the first address of X-Forwarded-For, or nothing."""
    said: bytes = request.requestHeaders.getRawHeaders(b"x-forwarded-for", [b""])[0]
    return said.split(b",")[0].strip()


def _line(timestamp: str, request: Any, host: bytes | str | None) -> str:
    get = request.getHeader
    host = "-" if not host else host if isinstance(host, str) else host.decode("latin-1")
    asked = b" ".join((request.method, request.uri, request.clientproto)).decode("latin-1")
    referer = (get(b"referer") or b"-").decode("latin-1")
    agent = (get(b"user-agent") or b"-").decode("latin-1")
    text = f"{host}{asked}{referer}{agent}"
    # What the expression finds, asked for in less time.
    if not (text.isascii() and text.isprintable()) or '"' in text or "\\" in text:
        host, asked, referer, agent = map(_escape, (host, asked, referer, agent))
    return f'"{host}" - - {timestamp} "{asked}" {int(request.code)} {request.sentLength or "-"} "{referer}" "{agent}"'


@implementer(IAddress)
class _XForwardedForAddress:
    """The address of a client, as a proxy tells it."""

    def __init__(self, host: bytes) -> None:
        self.host = host


class _XForwardedForRequest:
    """A request whose client is the one that X-Forwarded-For names first; the rest is ``request``'s."""

    def __init__(self, request: Any) -> None:
        self.original = request

    def getClientAddress(self) -> Any:
        """Return the address that the proxy tells, or the proxy's."""
        host = _forwarded_for(self.original)
        return _XForwardedForAddress(host) if host else self.original.getClientAddress()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)
