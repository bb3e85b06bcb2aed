"""Strings and numbers (RFC 4251 section 5), read with limits."""

from __future__ import annotations

from reactorio.conch.ssh._keys.errors import BadKeyError

__all__ = ["Reader"]

# As OpenSSH's: 16384 bits. Whatever is larger only keeps the processor busy.
_MAX_NUMBER = 16384 // 8 + 1


class Reader:
    """
    Takes one thing after the other from ``data``.

    Each method raises BadKeyError if it is not there, or too large.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        end = self._position + count
        if end > len(self._data):
            raise BadKeyError("the key ends early")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def uint32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.uint32())

    def number(self) -> int:
        """Return a multiple precision integer; no key has negative ones."""
        content = self.string()
        if len(content) > _MAX_NUMBER:
            raise BadKeyError("a number of the key is too large")
        if content[:1] >= b"\x80":
            raise BadKeyError("a number of the key is negative")
        return int.from_bytes(content, "big")

    def numbers(self, count: int) -> list[int]:
        return [self.number() for _ in range(count)]

    def rest(self) -> bytes:
        return self._data[self._position :]

    def end(self) -> None:
        """Raise BadKeyError if something follows."""
        if self._position != len(self._data):
            raise BadKeyError("something follows the key")
