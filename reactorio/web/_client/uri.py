"""URIs, as a client takes them apart; and what neither they nor a method may hold."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin, urlparse, urlunparse

from reactorio.internet.abstract import isIPv6Address

__name__ = "reactorio.web.client"  # the public path

# RFC 9110 section 9.1: a method is a token.
_VALID_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch

# No space, no control character, nothing outside of ASCII: nothing that could end the request line.
_VALID_URI = re.compile(rb"\A[\x21-\x7e]+\Z")
_is_uri = _VALID_URI.match

_DEFAULT_PORTS = {b"http": 80, b"https": 443}


def _ensureValidMethod(method: bytes) -> bytes:
    """
    Return ``method``.

    Raises:
        ValueError: It is no token.
    """
    if _VALID_METHOD(method):
        return method
    raise ValueError(f"Invalid method {method!r}")


def _ensureValidURI(uri: bytes) -> bytes:
    """
    Return ``uri``.

    Raises:
        ValueError: It holds a character that no URI may.
    """
    if _is_uri(uri):
        return uri
    raise ValueError(f"Invalid URI {uri!r}")


class _Parts(NamedTuple):
    scheme: bytes
    netloc: bytes
    host: bytes
    port: int
    path: bytes
    params: bytes
    query: bytes
    fragment: bytes


@lru_cache(maxsize=512)
def _parts_of(uri: bytes, default_port: int | None) -> _Parts:
    """Take ``uri`` apart. What was is remembered: programs ask the same few servers again and again."""
    scheme, netloc, path, params, query, fragment = urlparse(uri.strip())
    port = _DEFAULT_PORTS.get(scheme, 80) if default_port is None else default_port
    host, colon, digits = netloc.rpartition(b":")
    if not colon or b"]" in digits:
        host = netloc
    elif digits.isdigit():
        port = int(digits)
    elif digits:
        host = netloc
    if host[:1] == b"[" and host[-1:] == b"]":
        host = host[1:-1]
    return _Parts(scheme, netloc, host, port, path, params, query, fragment)


class URI:
    """
    The parts of a URI.

    Attributes:
        scheme: ``http`` say, in lower case.
        netloc: Host and port as written.
        host: The host, an IPv6 address without its brackets.
        port: The port, the scheme's own if none is written.
        path, params, query, fragment: What follows, each without the character that leads to it.
    """

    def __init__(
        self,
        scheme: bytes,
        netloc: bytes,
        host: bytes,
        port: int,
        path: bytes,
        params: bytes,
        query: bytes,
        fragment: bytes,
    ) -> None:
        self.scheme = scheme
        self.netloc = netloc
        self.host = host.strip(b"[]")
        self.port = port
        self.path = path
        self.params = params
        self.query = query
        self.fragment = fragment

    @classmethod
    def fromBytes(cls, uri: bytes, defaultPort: int | None = None) -> URI:
        """
        Take ``uri`` apart.

        Args:
            defaultPort: The port if ``uri`` has none, in place of its scheme's.

        Raises:
            ValueError: Its brackets do not match.
        """
        return cls(*_parts_of(uri, defaultPort))

    def toBytes(self) -> bytes:
        """Return the URI again."""
        return urlunparse((self.scheme, self.netloc, self.path, self.params, self.query, self.fragment))

    @property
    def originForm(self) -> bytes:
        """What a request line has of it (RFC 9112 section 3.2.1): path and query."""
        path = self.path or b"/"
        if self.params:
            path += b";" + self.params
        if self.query:
            path += b"?" + self.query
        return path if path[:1] == b"/" or self.scheme not in _DEFAULT_PORTS else b"/" + path

    @property
    def _bracketed_host(self) -> bytes:
        return b"[" + self.host + b"]" if isIPv6Address(self.host.decode("ascii", "replace")) else self.host


def _urljoin(base: bytes, url: bytes) -> bytes:
    """
    Return where ``url`` leads from ``base``; the fragment is its own, or else that of ``base`` (RFC 9110 section 10.2.2).
    """
    base, base_fragment = urldefrag(base)
    url, fragment = urldefrag(urljoin(base, url))
    return urljoin(url, b"#" + (fragment or base_fragment))
