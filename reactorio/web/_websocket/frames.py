"""Frames of WebSocket (RFC 6455 section 5.2), as far as their size and their beginning."""

from __future__ import annotations

__all__ = ["framed", "size_of_frame"]

_MASKED = 0x80


def framed(first: int, payload: bytes) -> bytes:
    """Return a server's frame, which is not masked; ``first`` is its first byte."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def size_of_frame(data: bytes, position: int) -> int:
    """Return the size of the frame that begins at ``position``, with all that it has; 0 if that is still to come."""
    known = len(data) - position
    if known < 2:
        return 0
    second = data[position + 1]
    mask = 4 if second & _MASKED else 0
    size = second & ~_MASKED
    wide = {126: 2, 127: 8}.get(size, 0)
    if known < 2 + wide:
        return 0
    if wide:
        size = int.from_bytes(data[position + 2 : position + 2 + wide], "big")
    return 2 + wide + mask + size
