"""How SSH writes strings and numbers (RFC 4251 section 5)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

__all__ = ["MP", "NS", "ffs", "getMP", "getNS"]


def NS(t: bytes | str) -> bytes:
    """Return ``t`` as a string: its length in four bytes before it. Text is written in UTF-8."""
    content = t.encode("utf-8") if isinstance(t, str) else bytes(t)
    return len(content).to_bytes(4, "big") + content


def getNS(s: bytes, count: int = 1) -> tuple[bytes, ...]:
    """
    Return ``count`` strings, and what follows them.

    Unlike Twisted: a string that is shorter than it says is an error, too.

    Raises:
        struct.error: There are fewer strings.
    """
    strings = []
    position = 0
    for _ in range(count):
        (length,) = struct.unpack_from("!L", s, position)
        end = position + 4 + length
        if end > len(s):
            raise struct.error(f"a string of {length} bytes ends after {len(s) - position - 4}")
        strings.append(s[position + 4 : end])
        position = end
    return (*strings, s[position:])


def MP(number: int) -> bytes:
    """
    Return ``number`` as a multiple precision integer.

    Raises:
        ValueError: It is negative; no key has such numbers.
    """
    if number < 0:
        raise ValueError("the numbers of keys are not negative")
    # One bit more than the number has: it is that of the sign.
    return NS(number.to_bytes(number.bit_length() // 8 + 1 if number else 0, "big"))


def getMP(data: bytes, count: int = 1) -> tuple[Any, ...]:
    """
    Return ``count`` multiple precision integers, taken as not negative, and what follows them.

    Raises:
        struct.error: There are fewer.
    """
    *numbers, rest = getNS(data, count)
    return (*(int.from_bytes(number, "big") for number in numbers), rest)


def ffs(c: Iterable[Any], s: Container[Any]) -> Any:
    """Return the first of ``c`` that ``s`` has, too: what two sides agree on; None if there is nothing."""
    return next((candidate for candidate in c if candidate in s), None)
