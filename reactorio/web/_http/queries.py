"""Queries, URLs, ranges and chunks, as bytes."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes as unquote

from reactorio.web._abnf import _hexint

if TYPE_CHECKING:
    from urllib.parse import ParseResultBytes

__all__ = ["fromChunk", "parseContentRange", "parse_qs", "toChunk", "unquote", "urlparse"]

__name__ = "reactorio.web.http"  # the public path


def urlparse(url: bytes) -> ParseResultBytes:
    """
    Take a URL apart.

    Raises:
        TypeError: It is text.
    """
    if isinstance(url, str):
        raise TypeError("url must be bytes, not unicode")
    # The standard library keeps what it has parsed, and hands text out where bytes are asked for.
    scheme, netloc, path, params, query, fragment = urllib.parse.urlparse(url.decode("charmap"))
    return urllib.parse.ParseResultBytes(
        *(part.encode("charmap") for part in (scheme, netloc, path, params, query, fragment))
    )


def parse_qs(qs: bytes, keep_blank_values: bool = False, strict_parsing: bool = False) -> dict[bytes, list[bytes]]:
    """
    Take a query or an urlencoded form apart, at ``&`` and ``;``.

    Args:
        qs: The query.
        keep_blank_values: Is a name with nothing behind ``=`` kept?
        strict_parsing: Is a part without ``=`` an error? Otherwise it is left out.

    Raises:
        ValueError: See ``strict_parsing``.
    """
    fields: dict[bytes, list[bytes]] = {}
    for part in qs.replace(b";", b"&").split(b"&"):
        name, equals, value = part.partition(b"=")
        if not equals:
            if strict_parsing:
                raise ValueError(f"a field without a value: {part!r}")
            continue
        if value or keep_blank_values:
            fields.setdefault(_unescaped(name), []).append(_unescaped(value))
    return fields


def _unescaped(text: bytes) -> bytes:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    return unquote(text) if b"%" in text else text


def parseContentRange(header: str) -> tuple[int, int, int | None]:
    """
    Read a Content-Range of bytes: ``bytes 0-499/1234``.

    Returns:
        First and last byte, and how many there are in all, None if that is not said.

    Raises:
        ValueError: It is of another unit, or makes no sense.
    """
    kind, rest = header.strip().split()
    if kind.lower() != "bytes":
        raise ValueError(f"a range of type {kind!r} is not supported")
    span, size = rest.split("/")
    first, last = map(int, span.split("-"))
    return first, last, None if size == "*" else int(size)


def toChunk(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return the parts of a chunk that holds ``data`` (RFC 9112 section 7.1)."""
    return b"%x" % len(data), b"\r\n", data, b"\r\n"


def fromChunk(data: bytes) -> tuple[bytes, bytes]:
    """
    Take a chunk off ``data``.

    Returns:
        What the chunk holds, and what comes behind it.

    Raises:
        ValueError: The chunk is not whole, or is none.
    """
    size, newline, rest = data.partition(b"\r\n")
    if not newline:
        raise ValueError("a chunk's size must end with CRLF")
    length = _hexint(size)
    if rest[length : length + 2] != b"\r\n":
        raise ValueError("chunk must end with CRLF")
    return rest[:length], rest[length + 2 :]
