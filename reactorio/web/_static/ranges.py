"""
Range headers: which bytes of a file are asked for (RFC 9110 section 14).

A header that is not understood, or that asks for an absurd number of parts, is as if it were not there: the whole file is
the answer that every client has to take (section 14.2).
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MAX_RANGES", "content_range", "multipart", "parse", "resolve"]

MAX_RANGES = 64
"""More parts than these are not answered: each costs a seek, and some 100 bytes of headers."""

# One range-spec. Spaces are allowed for as in Twisted; RFC 9110 has none. 19 digits are the largest file's, 2 ** 63.
_SPEC = re.compile(rb"[ \t]*([0-9]{0,19})[ \t]*-[ \t]*([0-9]{0,19})[ \t]*")


def parse(header: bytes, limit: int = MAX_RANGES) -> list[tuple[int | None, int | None]]:
    """
    Return what a Range header asks for: first and last byte, either of them None (the first: as many at the end).

    Raises:
        ValueError: It is malformed, of another unit than bytes, or asks for more than ``limit`` ranges.
    """
    unit, equals, specs = header.partition(b"=")
    if not equals or unit.strip().lower() != b"bytes":
        raise ValueError("not in bytes")
    # A comma for each range, and some for the empty elements that lists may have (RFC 9110 section 5.6.1.2).
    if specs.count(b",") > 4 * limit:
        raise ValueError("too many ranges")
    ranges = [_parse_one(spec) for spec in specs.split(b",") if spec.strip()]
    if not ranges:
        raise ValueError("no range")
    if len(ranges) > limit:
        raise ValueError("too many ranges")
    return ranges


def _parse_one(spec: bytes) -> tuple[int | None, int | None]:
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        raise ValueError(f"not a range: {spec!r}")
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None and last is None:
        raise ValueError("neither first nor last byte")
    if first is not None and last is not None and first > last:
        raise ValueError("the last byte is before the first")
    return first, last


def resolve(first: int | None, last: int | None, size: int) -> tuple[int, int]:
    """Return offset and length of a range in a file of ``size`` bytes; (0, 0) if it has none of them."""
    if first is None:
        length = min(last or 0, size)
        return (size - length, length) if length else (0, 0)
    if first >= size:
        return 0, 0
    end = size if last is None else min(last + 1, size)
    return first, end - first


def multipart(
    parts: Sequence[tuple[int, int]], size: int, headers: Sequence[tuple[bytes, bytes]]
) -> tuple[bytes, list[tuple[bytes, int, int]]]:
    """
    Return boundary and layout of an answer in parts: what goes before each, its offset and its length.

    Args:
        parts: Offsets and lengths, none of them 0.
        size: The whole file's.
        headers: What the whole file's would be: its type, and its encoding if it has one.
    """
    boundary = secrets.token_hex(12).encode("ascii")
    lines = b"".join(b"%s: %s\r\n" % header for header in headers)
    layout = [
        (b"\r\n--%s\r\n%s%s: %s\r\n\r\n" % (boundary, lines, b"Content-range", content_range(*part, size)), *part)
        for part in parts
    ]
    layout.append((b"\r\n--%s--\r\n" % boundary, 0, 0))
    return boundary, layout


def content_range(offset: int, length: int, size: int) -> bytes:
    """Return the value of a Content-Range header."""
    return b"bytes %d-%d/%d" % (offset, offset + length - 1, size)
