"""
What a request says of its answer: status, fields, cookies, validators; and the head of the answer, in bytes.

Fields are kept as a plain mapping as long as nobody asks for the `Headers`: most answers have four of them, set once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.logger import Logger
from reactorio.web._http.cookies import write_cookie
from reactorio.web._http.dates import datetimeToString, stringToDatetime
from reactorio.web._responses import FOUND, NOT_MODIFIED, OK, PRECONDITION_FAILED, RESPONSES
from reactorio.web.http_headers import Headers, _nameEncoder

__all__ = ["CACHED", "NO_BODY_CODES", "Answering"]

if TYPE_CHECKING:
    from collections.abc import Callable

_canonical = _nameEncoder.encode

# Answers that have no body, whatever is written (RFC 9110 section 6.4.1).
NO_BODY_CODES = (204, 304)

CACHED = (
    "Magic constant returned by http.Request methods to set cache\nvalidation headers when the request is conditional and "
    "the value fails\nthe condition."
)

# First lines, by what they say: the same few all the time.
_first_lines: dict[tuple[bytes, int, bytes], bytes] = {}


def _first_line(version: bytes, code: int, reason: bytes) -> bytes:
    key = (version, code, reason)
    line = _first_lines.get(key)
    if line is None:
        line = b"%s %d %s\r\n" % (version, code, b" ".join(reason.splitlines()))
        if len(_first_lines) < 500:
            _first_lines[key] = line
    return line


class Answering:
    """
    The part of `reactorio.web.http.Request` that says what the answer is like.

    Attributes:
        code, code_message: The status, and its reason phrase.
        lastModified: When the resource last changed, in seconds since the epoch, if that is known.
        etag: The entity tag, if there is one.
        cookies: What each Set-Cookie will say.
    """

    code: int = OK
    code_message: bytes = RESPONSES[OK]
    lastModified: float | None = None
    etag: bytes | None = None
    cookies: list[bytes]

    _log = Logger(namespace="reactorio.web.http")
    _responseHeaders: Headers | None = None
    # Fields by their canonical names, until there are Headers.
    _answer: dict[bytes, bytes]

    if TYPE_CHECKING:
        method: bytes
        clientproto: bytes
        getHeader: Callable[[bytes], bytes | None]

    @property
    def responseHeaders(self) -> Headers:
        headers = self._responseHeaders
        if headers is None:
            headers = self._responseHeaders = Headers()
            for name, value in self._answer.items():
                headers.addRawHeader(name, value)
        return headers

    @responseHeaders.setter
    def responseHeaders(self, headers: Headers) -> None:
        self._responseHeaders = headers

    def setHeader(self, name: Any, value: Any) -> None:
        """Set a field of the answer, in place of what was there."""
        if self._responseHeaders is None and value.__class__ is bytes:
            self._answer[_canonical(name)] = value
        else:
            self.responseHeaders.setRawHeaders(name, [value])

    def add_header(self, name: bytes, value: bytes) -> None:
        """Add a field of the answer to what was there."""
        if self._responseHeaders is None:
            canonical = _canonical(name)
            if canonical not in self._answer:
                self._answer[canonical] = value
                return
        self.responseHeaders.addRawHeader(name, value)

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """
        Answer with status ``code``.

        Args:
            code: The status.
            message: The reason phrase, what RFC 9110 calls it if it is left out.

        Raises:
            TypeError: ``code`` is no number.
        """
        if not isinstance(code, int):
            raise TypeError("HTTP response code must be int")
        self.code = code
        if message is not None:
            self.code_message = message
        else:
            self.code_message = RESPONSES.get(code, b"Unknown Status")

    def redirect(self, url: Any) -> None:
        """Answer with a redirection to ``url``; `finish` is still to be called."""
        self.setResponseCode(FOUND)
        self.setHeader(b"location", url)

    def addCookie(
        self,
        k: Any,
        v: Any,
        expires: Any = None,
        domain: Any = None,
        path: Any = None,
        max_age: Any = None,
        comment: Any = None,
        secure: Any = None,
        httpOnly: Any = False,
        sameSite: Any = None,
    ) -> None:
        """
        Set a cookie with the answer (RFC 6265 section 4.1).

        Args:
            k: Its name.
            v: Its value.
            expires: The date at which it is forgotten, see `reactorio.web.http.datetimeToString`.
            domain: The hosts that get it.
            path: The paths that get it.
            max_age: Seconds after which it is forgotten, as text.
            comment: What it is for.
            secure: Is it for TLS only?
            httpOnly: Is it kept from scripts?
            sameSite: "lax", "strict" or "none".

        Raises:
            ValueError: See ``sameSite``; and "none" needs ``secure``.
        """
        attributes = [
            (b"Expires", expires),
            (b"Domain", domain),
            (b"Path", path),
            (b"Max-Age", max_age),
            (b"Comment", comment),
        ]
        self.cookies.append(write_cookie(k, v, attributes, secure, httpOnly, sameSite))

    def setLastModified(self, when: float) -> str | None:
        """
        Say when the resource last changed, in seconds since the epoch; the latest that is said counts.

        Returns:
            `CACHED` if the client has it as it is: the answer has no body then.
        """
        # Dates have whole seconds: rounded up, so that what changes within one is not taken for the same.
        when = -int(-when // 1)
        if self.lastModified is None or self.lastModified < when:
            self.lastModified = when
        since = self.getHeader(b"if-modified-since")
        if not since:
            return None
        try:
            known = stringToDatetime(since.partition(b";")[0])
        except ValueError:
            # RFC 9110 section 13.1.3: as if it was not there.
            return None
        if known >= self.lastModified:
            self.setResponseCode(NOT_MODIFIED)
            return CACHED
        return None

    def setETag(self, etag: bytes) -> str | None:
        """
        Set the entity tag, quotes included.

        Returns:
            `CACHED` if the client has it as it is: the answer has no body then.
        """
        if etag:
            self.etag = etag
        known = self.getHeader(b"if-none-match")
        if not known:
            return None
        # Weak comparison (RFC 9110 section 13.1.2).
        tags = {tag.strip().removeprefix(b"W/") for tag in known.replace(b",", b" ").split()}
        if etag.removeprefix(b"W/") in tags or b"*" in tags:
            self.setResponseCode(NOT_MODIFIED if self.method in (b"HEAD", b"GET") else PRECONDITION_FAILED)
            return CACHED
        return None

    # ---- the head, in bytes or as Headers

    def _plain_head(self) -> bytes | None:
        """Return the answer's head, if nothing about it is out of the ordinary."""
        if self._responseHeaders is not None or self.cookies:
            return None
        answer = self._answer
        if self.lastModified is not None:
            if b"Last-Modified" in answer:
                return None
            answer[b"Last-Modified"] = datetimeToString(self.lastModified)
        if self.etag is not None:
            answer[b"ETag"] = self.etag
        parts = [_first_line(self.clientproto, self.code, self.code_message)]
        for name, value in answer.items():
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"\r\n")
        head = b"".join(parts)
        # A value that holds an end of line must not begin another field.
        ends = len(answer) + 2
        return head if head.count(b"\n") == ends and head.count(b"\r") == ends else None

    def _complete_headers(self) -> Headers:
        """Return the answer's fields, with what attributes of the request add to them."""
        headers = self.responseHeaders
        if self.lastModified is not None:
            if headers.hasHeader(b"last-modified"):
                self._log.info("Warning: last-modified specified both in header list and lastModified attribute.")
            else:
                headers.setRawHeaders(b"last-modified", [datetimeToString(self.lastModified)])
        if self.etag is not None:
            headers.setRawHeaders(b"ETag", [self.etag])
        for cookie in self.cookies:
            headers.addRawHeader(b"Set-Cookie", cookie)
        return headers
