"""
The head of a request, read by httptools (llhttp), and checked for what that lets pass.

llhttp refuses bare line feeds, folded fields (RFC 9112 section 5.2), control characters, blanks before a colon, lengths that are
no number or more than one, and a length beside a transfer coding. Here it is seen to that the first line has exactly two
blanks, which version it is, and how many there are of the fields that must not be there twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reactorio.web._abnf import _istoken
from reactorio.web._responses import (
    BAD_REQUEST,
    HTTP_VERSION_NOT_SUPPORTED,
    NOT_IMPLEMENTED,
    REQUEST_HEADER_FIELDS_TOO_LARGE,
    REQUEST_URI_TOO_LONG,
)

try:
    from httptools import HttpParserError, HttpParserInvalidMethodError, HttpParserUpgrade, HttpRequestParser
except ImportError as exc:
    raise ImportError("HTTP needs httptools: pip install 'reactorio[web]'") from exc

if TYPE_CHECKING:
    from reactorio.web._http.limits import Limits

__all__ = ["HeadReader", "Refused", "refuse_first_line"]

_VERSIONS = frozenset({b"HTTP/1.1", b"HTTP/1.0"})
_LINE_ENDS = frozenset({b"\r", b"\n"})
# uri-host [ ":" port ] (RFC 9110 section 7.2, RFC 3986 section 3.2.2)
_HOST = re.compile(rb"(?:\[[0-9A-Za-z:.%~_\-]+\]|[0-9A-Za-z\-._~%!$&'()*+,;=]*)(?::[0-9]*)?")


class Refused(Exception):
    """
    A request that is not to be answered but with a status.

    Attributes:
        status: Which.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class HeadReader:
    """
    Reads heads of one connection, one after the other.

    Attributes:
        method, uri, version: The first line's parts.
        fields: Names as they came, and values without the blanks around them.
        length: The body's length, None if it comes in chunks.
        connection: What Connection says, in lower case, if anything.
        expects_continue: Does the client wait for "100 Continue"?
        has_cookies: Is there a Cookie?
        host: What Host says, if anything.
    """

    __slots__ = (
        "_parser",
        "connection",
        "expects_continue",
        "fields",
        "has_cookies",
        "host",
        "length",
        "method",
        "uri",
        "version",
    )

    method: bytes
    uri: bytes
    version: bytes
    length: int | None

    def __init__(self) -> None:
        self._parser: Any = None
        self.fields: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """What httptools calls for each field; it leaves the blanks behind a value."""
        self.fields.append((name, value.rstrip(b" \t")))

    def read(self, head: bytes, limits: Limits | None) -> None:
        """
        Read a whole head, the empty line included.

        Raises:
            Refused: It is none, or over a limit.
        """
        parts = head[: head.index(b"\r\n")].split(b" ")
        # llhttp passes over line ends in front, which are no part of a method.
        if len(parts) != 3 or not parts[1] or parts[2] not in _VERSIONS or head[:1] in _LINE_ENDS:
            refuse_first_line(parts)
        self.method, self.uri, self.version = parts
        self.fields = []
        parser = self._parser
        if parser is None:
            parser = self._parser = HttpRequestParser(self)
        try:
            parser.feed_data(head)
        except HttpParserUpgrade:
            self._parser = None
        except HttpParserInvalidMethodError:
            self._read_other_method(head)
        except HttpParserError as exc:
            self._parser = None
            raise Refused(BAD_REQUEST, str(exc)) from exc
        if limits is not None and limits.header_count is not None and len(self.fields) > limits.header_count:
            raise Refused(REQUEST_HEADER_FIELDS_TOO_LARGE, "too many fields")
        self._look()

    def _read_other_method(self, head: bytes) -> None:
        """Read a head whose method llhttp does not know, in another's name."""
        self._parser = None
        if not _istoken(self.method):
            raise Refused(BAD_REQUEST, "the method is no token")
        self.fields = []
        try:
            HttpRequestParser(self).feed_data(b"POST" + head[len(self.method) :])
        except HttpParserUpgrade:
            pass
        except HttpParserError as exc:
            raise Refused(BAD_REQUEST, str(exc)) from exc

    def _look(self) -> None:
        """Find what decides how the request goes on."""
        self.length = 0
        self.connection = self.host = None
        self.expects_continue = self.has_cookies = False
        hosts = codings = 0
        for name, value in self.fields:
            name = name.lower()
            if name not in _LOOKED_AT:
                continue
            if name == b"host":
                hosts += 1
                self.host = value
            elif name == b"connection":
                self.connection = (self.connection + b"," if self.connection else b"") + value.lower()
                self._parser = None
            elif name == b"cookie":
                self.has_cookies = True
            elif name == b"content-length":
                self.length = int(value)
                self._parser = None
            elif name == b"transfer-encoding":
                codings += 1
                self._coding(value)
            elif value.lower() == b"100-continue":
                self.expects_continue = True
        if hosts > 1 or codings > 1:
            raise Refused(BAD_REQUEST, "a field that must not be there twice")
        if self.version != b"HTTP/1.1":
            self._parser = None

    def _coding(self, value: bytes) -> None:
        self._parser = None
        coding = value.strip().lower()
        if coding == b"chunked":
            self.length = None
        elif coding != b"identity":
            raise Refused(NOT_IMPLEMENTED, "a transfer coding that is not chunked")


_LOOKED_AT = frozenset({b"host", b"connection", b"cookie", b"content-length", b"transfer-encoding", b"expect"})


def refuse_first_line(parts: list[bytes]) -> None:
    """
    Refuse a first line, given in its parts, that is none of a request of HTTP/1.

    Raises:
        Refused: It is not.
    """
    if len(parts) != 3 or not _istoken(parts[0]) or not parts[1]:
        raise Refused(BAD_REQUEST, "the first line does not have its three parts")
    version = parts[2]
    if version in _VERSIONS:
        return
    numbers = version[5:].split(b".") if version.startswith(b"HTTP/") else []
    if len(numbers) == 2 and all(number.isdigit() for number in numbers) and numbers[0] != b"1":
        raise Refused(HTTP_VERSION_NOT_SUPPORTED, "not HTTP/1")
    raise Refused(BAD_REQUEST, "no version that there is")


def refuse_host(host: bytes | None) -> None:
    """
    Refuse a request by what its Host says, None for a request that has none (RFC 9112 section 3.2).

    Raises:
        Refused: It is missing, or no name or address, with or without a port.
    """
    if host is None:
        raise Refused(BAD_REQUEST, "no Host")
    if _HOST.fullmatch(host) is None:
        raise Refused(BAD_REQUEST, "a Host that is none")


def refuse_beginning(held: bytes, limits: Limits | None) -> None:
    """
    Refuse a head that is not whole yet, if it can become none.

    Raises:
        Refused: It cannot.
    """
    end = held.find(b"\n")
    if end >= 0:
        if held.count(b"\n") != held.count(b"\r\n"):
            raise Refused(BAD_REQUEST, "a line feed without a carriage return")
        refuse_first_line(held[: end - 1].split(b" "))
    if limits is not None:
        refuse_size(end if end >= 0 else len(held), len(held), limits)


def refuse_size(first_line: int, size: int, limits: Limits) -> None:
    """
    Refuse a head that is too large.

    Raises:
        Refused: It is.
    """
    if limits.request_line is not None and first_line > limits.request_line:
        raise Refused(REQUEST_URI_TOO_LONG, "the first line is too long")
    if limits.head_size is not None and size > limits.head_size:
        raise Refused(REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too large")
