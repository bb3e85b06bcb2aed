"""Canonical S-expressions, which LSH writes its keys in: ``(3:key(1:n2:xy))`` (RFC 9804 section 6.1)."""

from __future__ import annotations

from typing import Any

__all__ = ["pack", "parse"]

# A key has three levels, and numbers of some hundred bytes.
_MAX_DEPTH = 16
_MAX_DIGITS = 6


def parse(s: bytes) -> list[Any]:
    """
    Return the list that ``s`` is, of bytes and lists.

    Raises:
        ValueError: It is no list, it ends early or late, or lists are nested deeper than any key's.
    """
    outermost: list[Any] = []
    open_lists = [outermost]
    position = 0
    while position < len(s):
        if len(open_lists) == 1 and outermost:
            raise ValueError("something follows the list")
        character = s[position : position + 1]
        if character == b"(":
            if len(open_lists) > _MAX_DEPTH:
                raise ValueError("lists are nested too deeply")
            inner: list[Any] = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
            position += 1
        elif len(open_lists) == 1:
            raise ValueError("this is no list")
        elif character == b")":
            open_lists.pop()
            position += 1
        else:
            atom, position = _atom(s, position)
            open_lists[-1].append(atom)
    if len(open_lists) != 1 or not outermost:
        raise ValueError("the list does not end")
    found: list[Any] = outermost[0]
    return found


def _atom(s: bytes, position: int) -> tuple[bytes, int]:
    colon = s.find(b":", position, position + _MAX_DIGITS + 1)
    digits = s[position:colon] if colon >= 0 else b""
    if not digits.isdigit():
        raise ValueError("there is neither a list nor the length of a string")
    end = colon + 1 + int(digits)
    if end > len(s):
        raise ValueError("a string is shorter than it says")
    return s[colon + 1 : end], end


def pack(sexp: list[Any]) -> bytes:
    """Write the bytes and lists of bytes in ``sexp`` one after the other."""
    return b"".join(
        b"(" + pack(part) + b")" if isinstance(part, list) else b"%d:%b" % (len(part), part) for part in sexp
    )
