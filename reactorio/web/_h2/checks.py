"""
What h2 lets pass of a request's fields: what could mean something else once it is written as HTTP/1, by a proxy say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reactorio.web._abnf import _istoken
from reactorio.web._http.head import Refused, refuse_host
from reactorio.web._responses import BAD_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["refuse_malformed"]

_TARGET = re.compile(rb"[\x21-\x7e]+")
# RFC 9113 section 8.2.1, and RFC 9110 section 5.5
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


def refuse_malformed(headers: Iterable[tuple[bytes, bytes]], has_ended: bool) -> None:
    """
    Refuse a request that is malformed (RFC 9113 section 8.1.1).

    Args:
        headers: Its fields, which h2 has found good.
        has_ended: Has it no body?

    Raises:
        Refused: It is.
    """
    lengths = 0
    for name, value in headers:
        if name[:1] == b":":
            _check_pseudo(name, value)
            continue
        if not _istoken(name):
            raise Refused(BAD_REQUEST, "the name of a field is no token")
        if _VALUE.fullmatch(value) is None:
            raise Refused(BAD_REQUEST, "a control character in a field")
        if name == b"content-length":
            lengths += 1
            if lengths > 1 or (has_ended and value.strip(b"0")):
                raise Refused(BAD_REQUEST, "a length that is not the body's")
        elif name == b"host":
            refuse_host(value)


def _check_pseudo(name: bytes, value: bytes) -> None:
    if name == b":method":
        if not _istoken(value):
            raise Refused(BAD_REQUEST, "the method is no token")
    elif name == b":path":
        if _TARGET.fullmatch(value) is None:
            raise Refused(BAD_REQUEST, "what is asked for is no path")
    elif name == b":authority":
        refuse_host(value)
