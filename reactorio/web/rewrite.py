"""Requests for one path answered by another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.web import resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.web.server import Request

__all__ = ["RewriterResource", "alias", "tildeToUsers"]


class RewriterResource(resource.Resource):
    """
    A resource whose requests are changed before it sees them.

    Args:
        orig: The resource.
        rewriteRules: They are called in order with each request, whose ``postpath`` they may change.
    """

    def __init__(self, orig: Any, *rewriteRules: Callable[[Request], object]) -> None:
        super().__init__()
        self.resource = orig
        self.rewriteRules = list(rewriteRules)

    def _rewrite(self, request: Request) -> None:
        for rule in self.rewriteRules:
            rule(request)

    def getChild(self, path: bytes, request: Request) -> Any:
        # The rules see the whole of what is left of the path, this segment included.
        request.postpath.insert(0, path)
        request.prepath.pop()
        self._rewrite(request)
        segment = request.postpath.pop(0) if request.postpath else b""
        request.prepath.append(segment)
        return self.resource.getChildWithDefault(segment, request)

    def render(self, request: Request) -> Any:
        self._rewrite(request)
        return self.resource.render(request)


def tildeToUsers(request: Request) -> None:
    """A rule: ``/~joe`` is ``/users/joe``."""
    if request.postpath and request.postpath[0][:1] == b"~":
        request.postpath[:1] = [b"users", request.postpath[0][1:]]
        request.path = _path(request)


def alias(aliasPath: bytes | str, sourcePath: bytes | str) -> Callable[[Request], None]:
    """Return a rule that puts ``sourcePath`` in the place of ``aliasPath`` where a path begins with that."""
    before, after = _segments(aliasPath), _segments(sourcePath)

    def rewrite(request: Request) -> None:
        if request.postpath[: len(before)] == before:
            request.postpath[: len(before)] = after
            request.path = _path(request)

    return rewrite


def _segments(path: bytes | str) -> list[bytes]:
    return (path.encode("utf-8") if isinstance(path, str) else path).strip(b"/").split(b"/")


def _path(request: Request) -> bytes:
    return b"/" + b"/".join([*request.prepath, *request.postpath])
