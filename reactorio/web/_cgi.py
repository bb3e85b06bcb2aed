"""
What a CGI script is told, and what it answers (RFC 3875).

    environment     the meta-variables of a request (section 4.1)
    arguments       a search string as command line arguments (section 4.4)
    Headers         the response's header, taken from output in pieces (section 6)
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from reactorio.web import server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reactorio.web.server import Request

__all__ = ["Headers", "HeadersTooLong", "arguments", "environment"]

# Meta-variables, and what would be one: of those that the server itself was started with none is the script's.
_OURS = re.compile(
    r"HTTP_.*|AUTH_TYPE|CONTENT_(LENGTH|TYPE)|GATEWAY_INTERFACE|HTTPS|PATH_(INFO|TRANSLATED)|QUERY_STRING"
    r"|REMOTE_(ADDR|HOST|IDENT|PORT|USER)|REQUEST_(METHOD|SCHEME|URI)|SCRIPT_(FILENAME|NAME)"
    r"|SERVER_(NAME|PORT|PROTOCOL|SOFTWARE)"
)

# Proxy would become HTTP_PROXY, which many HTTP clients take for the user's setting (httpoxy, CVE-2016-1000104). The next two
# carry passwords (section 4.1.18), the rest have variables of their own.
_NOT_PASSED_ON = {b"proxy", b"authorization", b"proxy-authorization", b"content-length", b"content-type"}

_TOKEN = re.compile(rb"[!#$%&'*+.^`|~0-9A-Za-z-]+")


def environment(request: Request, script: str | bytes, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """
    Return a script's environment: the server's own, without what looks like a request's, and the request's.

    Args:
        request: Its ``prepath`` leads to the script, what its ``postpath`` has is behind that.
        script: The script's path.
        base: The server's own environment.

    Raises:
        ValueError: The request has a NUL where an environment cannot.
    """
    variables = {name: value for name, value in base.items() if not _OURS.fullmatch(name)}
    variables.update(_of_headers(request))
    variables.update(_of_request(request, script))
    for name, value in variables.items():
        if "\0" in value:
            raise ValueError(f"a NUL in {name}")
    return variables


def _of_request(request: Request, script: str | bytes) -> Iterator[tuple[str, str]]:
    yield "GATEWAY_INTERFACE", "CGI/1.1"
    yield "SERVER_SOFTWARE", os.fsdecode(server.version)
    yield "SERVER_NAME", os.fsdecode(request.getRequestHostname())
    host = request.getHost()
    yield "SERVER_PORT", str(getattr(host, "port", ""))
    yield "SERVER_PROTOCOL", os.fsdecode(request.clientproto)
    if getattr(request, "isSecure", bool)():
        yield "HTTPS", "on"
    yield "REQUEST_METHOD", os.fsdecode(request.method)
    yield "REQUEST_URI", os.fsdecode(request.uri)
    yield "QUERY_STRING", os.fsdecode(request.uri.partition(b"?")[2])
    yield "SCRIPT_FILENAME", os.fsdecode(script)
    yield "SCRIPT_NAME", _path(request.prepath) if request.prepath else ""
    if request.postpath:
        yield "PATH_INFO", _path(request.postpath)
    client = request.getClientAddress()
    if hasattr(client, "host"):
        yield "REMOTE_ADDR", os.fsdecode(client.host)
        yield "REMOTE_PORT", str(getattr(client, "port", ""))
    content_type = request.getHeader(b"content-type")
    if content_type is not None:
        yield "CONTENT_TYPE", os.fsdecode(content_type)
    length = body_length(request)
    # "If and only if" there is a body (section 4.1.2). It is counted: one sent in chunks has not said how long it is.
    if length or request.getHeader(b"content-length") is not None:
        yield "CONTENT_LENGTH", str(length)


def _of_headers(request: Request) -> Iterator[tuple[str, str]]:
    for name, values in request.requestHeaders.getAllRawHeaders():
        # An underscore in a name would make it the same variable as a dash: the way to forge a header that a proxy removes.
        if name.lower() in _NOT_PASSED_ON or not _TOKEN.fullmatch(name):
            continue
        joint = b"; " if name.lower() == b"cookie" else b", "
        yield "HTTP_" + name.decode("ascii").upper().replace("-", "_"), os.fsdecode(joint.join(values))


def _path(segments: Any) -> str:
    return "/" + "/".join(os.fsdecode(segment) for segment in segments)


def body_length(request: Request) -> int:
    """Return the length of a request's body, in bytes; its ``content`` is at its beginning afterwards."""
    content = getattr(request, "content", None)
    if content is None:
        return 0
    length: int = content.seek(0, os.SEEK_END)
    content.seek(0)
    return length


def arguments(request: Request) -> list[str]:
    """Return the words of a search string (``?one+two``), for GET and HEAD; none if it has an ``=``."""
    query = request.uri.partition(b"?")[2]
    if request.method not in (b"GET", b"HEAD") or not query or b"=" in query:
        return []
    words = [unquote(os.fsdecode(word), errors="surrogateescape") for word in query.split(b"+")]
    return [] if any("\0" in word for word in words) else words


class HeadersTooLong(Exception):
    """A script's output has no end of its header within the limit."""


class Headers:
    """
    Takes output until the header is complete.

    Args:
        limit: How long the header may be, in bytes.
    """

    # A line that is empty, whatever ends lines for this script.
    _END = re.compile(rb"(?:\A|\r?\n)\r?\n")

    def __init__(self, limit: int = 64 * 1024) -> None:
        self._limit = limit
        self._taken = b""

    def receive(self, output: bytes) -> tuple[list[bytes], bytes] | None:
        """
        Take output; return the header's lines and what comes after them, once they are complete.

        Raises:
            HeadersTooLong: They are not within the limit.
        """
        searched = max(0, len(self._taken) - 3)
        self._taken += output
        end = self._END.search(self._taken, searched) if searched else self._END.search(self._taken)
        if end is None or end.start() > self._limit:
            if len(self._taken) > self._limit:
                raise HeadersTooLong(f"more than {self._limit} bytes")
            return None
        lines = [line.rstrip(b"\r") for line in self._taken[: end.start()].split(b"\n")]
        return [line for line in lines if line], self._taken[end.end() :]
