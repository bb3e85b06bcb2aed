"""
Host names as text, and as they go into DNS (RFC 5890 and following).

The ``idna`` package is used for names beyond ASCII if it is there; the standard library's codec is an older edition.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import normalize

from reactorio.internet.abstract import isIPAddress, isIPv6Address

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BadHostname", "encoded_and_text"]

# Letters, digits and hyphens (RFC 1123 section 2.1); and underscores, which names of services and containers have.
_LABEL = re.compile(rb"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


class BadHostname(ValueError):
    """What should be a host's name cannot be one."""


def _codecs() -> tuple[Callable[[str], bytes], Callable[[bytes], str]]:
    try:
        import idna
    except ImportError:
        return lambda text: text.encode("idna"), lambda encoded: encoded.decode("idna")
    return idna.encode, idna.decode


def encoded_and_text(host: str | bytes) -> tuple[bytes, str]:
    """
    Return ``host`` as it goes into DNS, and as text. An address is the same in both.

    Raises:
        BadHostname: It is neither a name nor an address.
    """
    try:
        return _from_encoded(host) if isinstance(host, bytes) else _from_text(normalize("NFC", host))
    except UnicodeError as error:
        raise BadHostname(f"invalid hostname: {host!r}") from error


def _from_text(text: str) -> tuple[bytes, str]:
    if text.isascii():
        return _from_encoded(text.encode("ascii"))
    encode, _ = _codecs()
    return _check(encode(text)), text


def _from_encoded(encoded: bytes) -> tuple[bytes, str]:
    text = encoded.decode("ascii")
    if isIPAddress(text) or isIPv6Address(text):
        return encoded, text
    _check(encoded)
    if b"xn--" in encoded.lower():
        _, decode = _codecs()
        text = decode(encoded)
    return encoded, text


def _check(encoded: bytes) -> bytes:
    labels = encoded.removesuffix(b".").split(b".")
    if len(encoded) > 254 or not all(map(_LABEL.fullmatch, labels)):
        raise BadHostname(f"invalid hostname: {encoded!r}")
    return encoded


def _idnaBytes(text: str) -> bytes:
    """Return a name as it goes into DNS, for programs that know this by its name in Twisted."""
    return encoded_and_text(text)[0]


def _idnaText(octets: bytes) -> str:
    """Return a name as text, for programs that know this by its name in Twisted."""
    return encoded_and_text(octets)[1]
