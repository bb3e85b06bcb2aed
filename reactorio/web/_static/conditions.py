"""
Validators, and the requests that depend on them (RFC 9110 sections 8.8 and 13).

A file's entity tag is made of its size and of the nanosecond in which it was last changed. It is weak for a second after
that, because a file system's clock ticks in milliseconds and what is changed twice in one tick would keep its tag.
"""

from __future__ import annotations

import math
import re
import time
from itertools import islice
from typing import TYPE_CHECKING

from reactorio.web import http

if TYPE_CHECKING:
    import os

    from reactorio.web.server import Request

__all__ = [
    "accepted_encodings",
    "entity_tag",
    "failed_precondition",
    "is_none_match",
    "last_modified",
    "range_is_current",
    "tags_of",
]

_SETTLED = 1.0

# RFC 9110 section 8.8.3: a quoted string without escapes, perhaps weak.
_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_MAX_TAGS = 64


def entity_tag(status: os.stat_result) -> bytes:
    """Return the entity tag of a file."""
    tag = b'"%x-%x"' % (status.st_mtime_ns, status.st_size)
    return tag if time.time() - status.st_mtime >= _SETTLED else b"W/" + tag


def last_modified(modified: float) -> int:
    """Return the second that Last-Modified names, rounded as `reactorio.web.http.Request.setLastModified` does it."""
    return math.ceil(modified)


def tags_of(header: bytes) -> list[bytes]:
    """Return the tags of an If-Match or If-None-Match header, ``*`` among them; of many the first 64."""
    if header.strip() == b"*":
        return [b"*"]
    return [match.group() for match in islice(_TAG.finditer(header), _MAX_TAGS)]


def _opaque(tag: bytes) -> bytes:
    return tag[2:] if tag.startswith(b"W/") else tag


def is_none_match(header: bytes, tag: bytes) -> bool:
    """Does If-None-Match say that the client has this one? Weak comparison (section 13.1.2)."""
    tags = tags_of(header)
    return b"*" in tags or _opaque(tag) in map(_opaque, tags)


def failed_precondition(request: Request, tag: bytes, modified: float) -> bool:
    """Is there an If-Match, or without one an If-Unmodified-Since, that this file does not fulfil (section 13.2.2)?"""
    header = request.getHeader(b"if-match")
    if header is not None:
        tags = tags_of(header)
        # Strong comparison (section 13.1.1): a weak tag matches nothing.
        return b"*" not in tags and (tag.startswith(b"W/") or tag not in tags)
    header = request.getHeader(b"if-unmodified-since")
    date = None if header is None else _date(header)
    return date is not None and last_modified(modified) > date


def range_is_current(request: Request, tag: bytes, modified: float) -> bool:
    """May the Range header be followed, as far as If-Range says (section 13.1.5)?"""
    header = request.getHeader(b"if-range")
    if header is None:
        return True
    header = header.strip()
    if header.endswith(b'"'):
        return header == tag and not tag.startswith(b"W/")
    # A date is a strong validator only if the file has been left alone since (section 8.8.2.2).
    return _date(header) == last_modified(modified) and not tag.startswith(b"W/")


def _date(header: bytes) -> int | None:
    try:
        return http.stringToDatetime(header)
    except ValueError:
        return None


def accepted_encodings(header: bytes) -> set[bytes]:
    """Return the encodings that an Accept-Encoding header takes (RFC 9110 section 12.5.3)."""
    accepted: set[bytes] = set()
    for element in header.split(b","):
        name, _, parameters = element.partition(b";")
        quality = parameters.replace(b" ", b"").lower()
        if quality not in (b"q=0", b"q=0.", b"q=0.0", b"q=0.00", b"q=0.000"):
            accepted.add(name.strip().lower())
    return accepted
