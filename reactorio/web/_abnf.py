"""
Pieces of HTTP's grammar that `int` and `str` are too lenient for.
"""

from __future__ import annotations

import re

# token = 1*tchar (RFC 9110 section 5.6.2)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]+")
_DECIMAL = re.compile(rb"[ \t]*([0-9]+)[ \t]*")


def _istoken(b: bytes) -> bool:
    """Is it a token, a method or a field's name say (RFC 9110 section 5.6.2)?"""
    return _TOKEN.fullmatch(b) is not None


def _decint(data: bytes) -> int:
    """
    Read a decimal number, with blanks and tabs around it.

    Raises:
        ValueError: It has anything else in it: a sign, an underscore, other white space.
    """
    match = _DECIMAL.fullmatch(data)
    if match is None:
        raise ValueError(f"not a decimal number: {data!r}")
    return int(match[1])


def _ishexdigits(b: bytes | bytearray) -> bool:
    """Is it hexadecimal digits, one at least, and nothing else?"""
    return _HEXADECIMAL.fullmatch(b) is not None


def _hexint(b: bytes | bytearray) -> int:
    """
    Read a hexadecimal number.

    Raises:
        ValueError: It has anything but digits: a sign, a prefix, an underscore, white space.
    """
    if not _ishexdigits(b):
        raise ValueError(f"not a hexadecimal number: {bytes(b)!r}")
    return int(b, 16)
