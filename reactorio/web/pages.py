"""Resources that say what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reactorio.web import resource
from reactorio.web._responses import FORBIDDEN, NOT_FOUND
from reactorio.web.template import renderElement, tags

if TYPE_CHECKING:
    from reactorio.web.iweb import IRenderable, IRequest

__all__ = ["errorPage", "forbidden", "notFound"]


class _ErrorPage(resource.Resource):
    """A page for a status, and for all paths below."""

    def __init__(self, code: int, brief: str, detail: str) -> None:
        super().__init__()
        self._code = code
        self._brief = brief
        self._detail = detail

    def render(self, request: IRequest) -> Any:
        request.setResponseCode(self._code)
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        page = tags.html(
            tags.head(tags.title(f"{self._code} - {self._brief}")),
            tags.body(tags.h1(self._brief), tags.p(self._detail)),
        )
        # A tag is no element, and none is needed.
        return renderElement(request, cast("IRenderable", page))

    def getChild(self, path: bytes, request: IRequest) -> resource.Resource:
        return self


def errorPage(code: int, brief: str, detail: str) -> _ErrorPage:
    """
    Return a resource that answers with a status.

    Args:
        brief: The title.
        detail: What follows.
    """
    return _ErrorPage(code, brief, detail)


def notFound(
    brief: str = "No Such Resource", message: str = "Sorry. No luck finding that resource."
) -> resource.IResource:
    """Return a resource that says that there is nothing (404)."""
    return _ErrorPage(NOT_FOUND, brief, message)


def forbidden(brief: str = "Forbidden Resource", message: str = "Sorry, resource is forbidden.") -> resource.IResource:
    """Return a resource that says that access is refused (403)."""
    return _ErrorPage(FORBIDDEN, brief, message)
