"""
Fields that a body holds: urlencoded, or multipart/form-data (RFC 7578).
"""

from __future__ import annotations

import re
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from reactorio.web._http.queries import parse_qs

if TYPE_CHECKING:
    from reactorio.web._http.limits import Limits

__all__ = ["FormTooLarge", "_MultiPartParseException", "_getMultiPartArgs", "_parseContentType", "fields_of_form"]

# RFC 2046 section 5.1.1; it does not end in a blank.
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")


class _MultiPartParseException(Exception):
    """That is not multipart/form-data."""


class FormTooLarge(Exception):
    """It has more fields, or bytes, than a server takes."""


def _parseContentType(line: bytes) -> bytes:
    """Return the type that a Content-Type names, in lower case and without parameters."""
    return line.partition(b";")[0].strip().lower()


def fields_of_form(content: bytes, content_type: bytes, limits: Limits) -> dict[bytes, list[bytes]]:
    """
    Return the fields of a form, none if ``content_type`` is no form's.

    Raises:
        FormTooLarge: See `Limits`.
        ValueError: It is not what it says.
    """
    kind = _parseContentType(content_type)
    most = limits.form_fields
    if kind == b"application/x-www-form-urlencoded":
        if most is not None and content.count(b"&") + content.count(b";") >= most:
            raise FormTooLarge
        return parse_qs(content, keep_blank_values=True)
    if kind == b"multipart/form-data":
        return _multipart(content, content_type, most, limits.part_head_size)
    return {}


def _getMultiPartArgs(content: bytes, ctype: bytes) -> dict[bytes, list[bytes]]:
    """
    Return the fields of a multipart form.

    Raises:
        _MultiPartParseException: It is none.
    """
    try:
        return _multipart(content, ctype, None, 8192)
    except ValueError as exc:
        raise _MultiPartParseException(str(exc)) from exc


def _multipart(content: bytes, content_type: bytes, most: int | None, head_size: int) -> dict[bytes, list[bytes]]:
    boundary = _boundary_of(content_type)
    parts = (b"\r\n" + content).split(b"\r\n--" + boundary, -1 if most is None else most + 2)
    if len(parts) < 2:
        raise ValueError("no boundary in the body")
    if most is not None and len(parts) > most + 2:
        raise FormTooLarge
    fields: dict[bytes, list[bytes]] = {}
    for part in parts[1:]:
        if part.startswith(b"--"):
            return fields
        field = _field_of(part, head_size)
        if field is not None:
            fields.setdefault(field[0], []).append(field[1])
    # The last boundary is missing, and the body is as long as its head says: some clients do so.
    return fields


def _boundary_of(content_type: bytes) -> bytes:
    try:
        message: Message = Message()
        message["content-type"] = content_type.decode("ascii")
        boundary = message.get_boundary("").encode("ascii")
    except UnicodeError as exc:
        raise ValueError("a boundary that is not ASCII") from exc
    if not _BOUNDARY.fullmatch(boundary):
        raise ValueError("no boundary, or one that must not be")
    return boundary


def _field_of(part: bytes, head_size: int) -> tuple[bytes, bytes] | None:
    """Return a part's name and value; None if it has no name."""
    # What is between boundary and line end is padding (RFC 2046 section 5.1.1).
    padding, newline, rest = part.partition(b"\r\n")
    if padding.strip(b" \t") or not newline:
        raise ValueError("a boundary does not end with its line")
    head, gap, value = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if len(head) > head_size:
        raise ValueError("the fields of a part are too long")
    if not gap:
        return None
    name = _name_of(head[2:])
    return None if name is None else (name, value)


def _name_of(head: bytes) -> bytes | None:
    message: EmailMessage = BytesHeaderParser(_class=EmailMessage).parsebytes(head + b"\r\n\r\n")
    name = message.get_param("name", header="content-disposition")
    if isinstance(name, tuple):
        charset, _, text = name
        try:
            return text.encode("latin-1").decode(charset or "utf-8").encode("utf-8")
        except LookupError as exc:
            raise ValueError("a charset that there is not") from exc
    return None if name is None else str(name).encode("utf-8", "surrogateescape")
