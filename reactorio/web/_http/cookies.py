"""Cookies: those that come, and those that go (RFC 6265)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.web.http_headers import _sanitizeLinearWhitespace

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parse_cookies", "write_cookie"]

_SAME_SITE = (b"lax", b"strict", b"none")


def parse_cookies(values: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the cookies that Cookie fields hold, by name; what is none is left out."""
    cookies = {}
    for value in values:
        for part in value.split(b";"):
            name, equals, content = part.lstrip().partition(b"=")
            if equals:
                cookies[name] = content
    return cookies


def write_cookie(
    name: Any, value: Any, attributes: list[tuple[bytes, Any]], secure: Any, httpOnly: Any, sameSite: Any
) -> bytes:
    """
    Return what Set-Cookie says; text is UTF-8, and what would end a value or a line is a blank.

    Raises:
        ValueError: There is no such ``sameSite``, or it is "none" without ``secure``.
    """
    parts = [_clean(name) + b"=" + _clean(value)]
    parts += [key + b"=" + _clean(text) for key, text in attributes if text is not None]
    if secure:
        parts.append(b"Secure")
    if httpOnly:
        parts.append(b"HttpOnly")
    if sameSite:
        parts.append(b"SameSite=" + _same_site(sameSite, secure))
    return b"; ".join(parts)


def _same_site(sameSite: Any, secure: Any) -> bytes:
    which = _bytes(sameSite).lower()
    if which not in _SAME_SITE:
        raise ValueError(f"Invalid value for sameSite: {which!r}")
    if which == b"none" and not secure:
        raise ValueError(f'Invalid value for sameSite: {which!r}. Missing the "secure" attribute')
    return which


def _bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("utf-8")


def _clean(text: Any) -> bytes:
    return _sanitizeLinearWhitespace(_bytes(text)).replace(b";", b" ")
