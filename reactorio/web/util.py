"""Resources that send elsewhere or are still to come, and failures as pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.web import resource
from reactorio.web._template.escape import attribute
from reactorio.web._template.failures import (
    FailureElement,
    _FrameElement,
    _SourceFragmentElement,
    _SourceLineElement,
    _StackElement,
    formatFailure,
)

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred
    from reactorio.python.failure import Failure
    from reactorio.web.iweb import IRequest

__all__ = [
    "_PRE",
    "DeferredResource",
    "FailureElement",
    "ParentRedirect",
    "Redirect",
    "_FrameElement",
    "_SourceFragmentElement",
    "_SourceLineElement",
    "_StackElement",
    "formatFailure",
    "redirectTo",
]

# For clients that do not follow the header field.
_REDIRECTION = b"""
<html>
    <head>
        <meta http-equiv="refresh" content="0;URL=%(url)s">
    </head>
    <body bgcolor="#FFFFFF" text="#000000">
    <a href="%(url)s">click here</a>
    </body>
</html>
"""


def _PRE(text: str) -> str:
    """Return text, escaped, in a ``pre``."""
    return f"<pre>{attribute(text).decode()}</pre>"


def redirectTo(URL: bytes, request: IRequest) -> bytes:
    """
    Answer a request with a redirection (302), and return the body.

    Args:
        URL: Where to; a path or an absolute URL, quoted as it goes over the wire.

    Raises:
        TypeError: It is no bytes.
    """
    if not isinstance(URL, bytes):
        raise TypeError("URL must be bytes")
    request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
    request.redirect(URL)
    return _REDIRECTION % {b"url": attribute(URL)}


class Redirect(resource.Resource):
    """Redirects all requests to one URL, those for paths below this, too."""

    isLeaf = True

    def __init__(self, url: bytes) -> None:
        super().__init__()
        self.url = url

    def render(self, request: IRequest) -> Any:
        return redirectTo(self.url, request)

    def getChild(self, path: bytes, request: IRequest) -> Any:
        return self


class ParentRedirect(resource.Resource):
    """Redirects to the path without its last segment, and without the query."""

    isLeaf = True

    def render(self, request: IRequest) -> Any:
        return redirectTo(str(request.URLPath().here()).encode("ascii"), request)


class DeferredResource(resource.Resource):
    """
    Stands in for a resource that comes later. If it does not come, the request fails.

    Args:
        d: A Deferred of the resource. It is used up.
    """

    isLeaf = True

    def __init__(self, d: Deferred[Any]) -> None:
        super().__init__()
        self.d = d

    def getChild(self, path: bytes, request: IRequest) -> Any:
        return self

    def render(self, request: IRequest) -> Any:
        # Requests are made by what stands on resources.
        from reactorio.web.server import NOT_DONE_YET

        self.d.addCallback(self._cbChild, request).addErrback(self._ebChild, request)
        return NOT_DONE_YET

    def _cbChild(self, child: Any, request: Any) -> None:
        request.render(resource.getChildForRequest(child, request))

    def _ebChild(self, reason: Failure, request: Any) -> None:
        request.processingFailed(reason)
