"""What is static besides files: bytes, redirects, responses as they are; and what the resources below a File share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from reactorio.python import components
from reactorio.python.compat import networkString
from reactorio.web import _refusals, http, resource, server
from reactorio.web.util import redirectTo

if TYPE_CHECKING:
    from reactorio.web.server import Request

__all__ = ["ASISProcessor", "Data", "Redirect", "Registry", "dangerousPathError", "isDangerous", "slash_added"]

__name__ = "reactorio.web.static"  # the public path

dangerousPathError = _refusals.not_found("Invalid request URL.")


def isDangerous(path: bytes) -> bool:
    """Is this segment of a path more than a name: ``..``, or with a slash in it?"""
    return path == b".." or b"/" in path or os.fsencode(os.sep) in path


def slash_added(request: Request) -> bytes:
    """
    Return the request's URI with a slash after its path.

    A path that begins with two slashes, or what a browser takes for them, would lead to another host: it is left with one.
    """
    head, mark, query = request.uri.partition(b"?")
    path, hash_, fragment = head.partition(b"#")
    if path[:1] in (b"/", b"\\"):
        path = b"/" + path.replace(b"\\", b"%5C").lstrip(b"/")
        while path.startswith(b"/%5C"):
            path = b"/" + path[4:].lstrip(b"/")
    return b"".join((path.rstrip(b"/"), b"/", hash_, fragment, mark, query))


class Redirect(resource.Resource):
    """Leads to the same path with a slash at its end."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.url = slash_added(request)

    def render(self, request: Request) -> bytes:
        return redirectTo(self.url, request)


class Data(resource.Resource):
    """
    The same bytes for everybody.

    Args:
        data: What is sent.
        type: Its type, as in ``text/plain; charset=utf-8``.
    """

    def __init__(self, data: bytes, type: str | bytes) -> None:
        super().__init__()
        self.data = data
        self.type = type

    def render_GET(self, request: Request) -> bytes:
        kind = self.type
        request.setHeader(b"content-type", kind if isinstance(kind, bytes) else networkString(kind))
        request.setHeader(b"content-length", b"%d" % len(self.data))
        return b"" if request.method == b"HEAD" else self.data

    render_HEAD = render_GET


class Registry(components.Componentized):
    """What the resources below a `File` share: components by interface, and what scripts have made, by path."""

    def __init__(self) -> None:
        super().__init__()
        self._cached: dict[Any, Any] = {}

    def cachePath(self, path: Any, rsrc: Any) -> None:
        """Remember what the script at ``path`` made."""
        self._cached[path] = rsrc

    def getCachedPath(self, path: Any) -> Any:
        """Return it, or None."""
        return self._cached.get(path)


class ASISProcessor(resource.Resource):
    """
    A file that is the whole response, status line and headers included. The connection ends with it.

    It is for HTTP/1 alone, and what is in the file is believed.
    """

    def __init__(self, path: Any, registry: Registry | None = None) -> None:
        super().__init__()
        self.path = path
        self.registry = registry or Registry()

    def render(self, request: Request) -> Any:
        channel = request.channel
        if not isinstance(channel, http.HTTPChannel):
            return _refusals.error_page(http.NOT_IMPLEMENTED, "Not Implemented", "Ask in HTTP/1.1.").render(request)
        try:
            with open(self.path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return _refusals.not_found("File not found.").render(request)
        # Only the file knows where its body ends.
        channel.persistent = False
        request.startedWriting = 1
        request.write(content)
        request.finish()
        return server.NOT_DONE_YET
