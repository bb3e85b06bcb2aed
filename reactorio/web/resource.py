"""
The tree of what a site has: each `Resource` answers for a path, and knows what is below.

A request's path is walked from the root: segment by segment ``getChildWithDefault`` is asked, until a resource is a leaf or
the path ends (`getChildForRequest`). Its ``render`` answers: by ``render_GET`` and so on. Those return bytes, or
``NOT_DONE_YET`` if the request is written to and finished later; and, unlike in Twisted, they may be coroutines or return a
Deferred of either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from reactorio._interface import Attribute, Interface, Protocol, implementer
from reactorio.python.deprecate import deprecated
from reactorio.python.reflect import prefixedMethodNames
from reactorio.python.versions import Version
from reactorio.web._responses import FORBIDDEN, NOT_FOUND
from reactorio.web.error import UnsupportedMethod

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reactorio.web.iweb import _IRequestEncoder, _IRequestEncoderFactory

__all__ = [
    "EncodingResourceWrapper",
    "ErrorPage",
    "ForbiddenResource",
    "IResource",
    "NoResource",
    "Resource",
    "getChildForRequest",
]


class IResource(Interface, Protocol):
    """What a site has at a path."""

    isLeaf: Any = Attribute("Does this answer for all paths below, too?")

    def getChildWithDefault(self, name: bytes, request: Any) -> Any:
        """
        Return what is at the segment ``name`` below this; it has no end, so it is a resource that says "not found" if need
        be. ``request.prepath`` holds the segments up to and with this one, ``request.postpath`` what follows.
        """

    def putChild(self, path: bytes, child: Any) -> None:
        """Put ``child`` at the segment ``path`` below this."""

    def render(self, request: Any) -> Any:
        """
        Answer ``request``: return the body, or NOT_DONE_YET to write and finish later.

        Raises:
            reactorio.web.error.UnsupportedMethod: Not by this method.
        """


def getChildForRequest(resource: Any, request: Any) -> Any:
    """Walk down from ``resource``, and return what is to answer ``request``."""
    postpath, prepath = request.postpath, request.prepath
    while postpath and not resource.isLeaf:
        segment = postpath.pop(0)
        prepath.append(segment)
        resource = resource.getChildWithDefault(segment, request)
    return resource


@implementer(IResource)
class Resource:
    """
    Something at a path, and its children.

    Attributes:
        isLeaf: Does this answer for all paths below, too?
        children: What was put below this, by segment.
        allowedMethods: The methods that ``Allow`` names; by default those that there is a ``render_…`` for.
    """

    entityType: ClassVar[Any] = IResource
    server: Any = None
    isLeaf: Any = 0

    def __init__(self) -> None:
        self.children: dict[bytes, Any] = {}

    # ---- children

    def getChild(self, path: bytes, request: Any) -> Any:
        """Return what is at ``path`` when nothing was put there: override it for children that are made when asked for."""
        # Of the class that applications ask for, which to make is deprecated.
        page = _UnsafeNoResource.__new__(_UnsafeNoResource)
        _page.__init__(page, NOT_FOUND, "No Such Resource", "Sorry. No luck finding that resource.")
        return page

    def getChildWithDefault(self, path: bytes, request: Any) -> Any:
        """Return what was put at ``path``, else what `getChild` makes."""
        child = self.children.get(path)
        return self.getChild(path, request) if child is None else child

    def getChildForRequest(self, request: Any) -> Any:
        """Walk down from here (deprecated: the function of that name)."""
        return getChildForRequest(self, request)

    def putChild(self, path: bytes, child: Any) -> None:
        """
        Put ``child`` at the segment ``path``: one segment, without slash and unquoted; nothing for this itself.

        Raises:
            TypeError: ``path`` is not bytes.
        """
        if not isinstance(path, bytes):
            raise TypeError(f"Path segment must be bytes, but {path!r} is {type(path)}")
        self.children[path] = child
        # Twisted's distributed sites look for it.
        child.server = self.server

    def delEntity(self, name: bytes) -> None:
        """Take away what is at ``name``."""
        del self.children[name]

    def reallyPutEntity(self, name: bytes, entity: Any) -> None:
        """Put ``entity`` at ``name``."""
        self.children[name] = entity

    def getStaticEntity(self, name: bytes) -> Any:
        """Return what was put at ``name``, or None."""
        return self.children.get(name)

    def getDynamicEntity(self, name: bytes, request: Any) -> Any:
        """Return what is at ``name`` for this request, or None if it is only what was put there."""
        return self.getChild(name, request) if name not in self.children else None

    def listStaticNames(self) -> list[bytes]:
        """Return the segments of what was put below this."""
        return list(self.children)

    def listStaticEntities(self) -> list[tuple[bytes, Any]]:
        """Return what was put below this, with its segments."""
        return list(self.children.items())

    def listDynamicNames(self) -> list[bytes]:
        """Return the segments of what is made when asked for, as far as they are known."""
        return []

    def listDynamicEntities(self, request: Any = None) -> list[tuple[bytes, Any]]:
        """Return what is made when asked for, as far as it is known."""
        return []

    def listNames(self) -> list[bytes]:
        """Return all segments that are known."""
        return self.listStaticNames() + self.listDynamicNames()

    def listEntities(self) -> list[tuple[bytes, Any]]:
        """Return all that is known to be below this."""
        return self.listStaticEntities() + self.listDynamicEntities()

    # ---- answering

    def render(self, request: Any) -> Any:
        """
        Answer by the ``render_…`` of the request's method.

        Raises:
            UnsupportedMethod: There is none.
        """
        method = request.method
        # Doubles of requests in tests have it as text.
        name = method if method.__class__ is str else method.decode("latin-1")
        answer = getattr(self, "render_" + name, None)
        if answer is None:
            raise UnsupportedMethod(getattr(self, "allowedMethods", None) or _computeAllowedMethods(self))
        return answer(request)

    def render_HEAD(self, request: Any) -> Any:
        """Answer as for GET; the body is left out where it is written."""
        answer = getattr(self, "render_GET", None)
        if answer is None:
            raise UnsupportedMethod(getattr(self, "allowedMethods", None) or _computeAllowedMethods(self))
        return answer(request)


def _computeAllowedMethods(resource: Any) -> list[bytes]:
    """Return the methods that ``resource`` has a ``render_…`` for."""
    return [name.encode("ascii") for name in sorted(prefixedMethodNames(resource.__class__, "render_"))]


# ---- pages of a status


class _UnsafeErrorPageBase(Resource):
    """
    A page for a status; its texts are HTML already: nothing that a client sent may be in them unescaped.

    Attributes:
        code, brief, detail: Status, heading and text.
        template: The page, for ``%`` and those three.
    """

    template = """
<html>
  <head><title>%(code)s - %(brief)s</title></head>
  <body>
    <h1>%(brief)s</h1>
    <p>%(detail)s</p>
  </body>
</html>
"""

    def __init__(self, status: int, brief: str, detail: str) -> None:
        super().__init__()
        self.code = status
        self.brief = brief
        self.detail = detail

    def render(self, request: Any) -> bytes:
        request.setResponseCode(self.code)
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        page = self.template % {"code": self.code, "brief": self.brief, "detail": self.detail}
        return page.encode("utf-8")

    def getChild(self, chnam: bytes, request: Any) -> Any:
        """Return itself: there is nothing below."""
        return self


_page = _UnsafeErrorPageBase


def _escapes(function: str) -> str:
    return f"reactorio.web.pages.{function}, which escapes HTML,"


class _UnsafeErrorPage(_UnsafeErrorPageBase):
    """A page for a status whose texts are HTML (deprecated: `reactorio.web.pages.errorPage`)."""

    @deprecated(Version("Twisted", 22, 10, 0), _escapes("errorPage"))
    def __init__(self, status: int, brief: str, detail: str) -> None:
        super().__init__(status, brief, detail)


class _UnsafeNoResource(_UnsafeErrorPageBase):
    """A page that says "not found" (deprecated: `reactorio.web.pages.notFound`)."""

    @deprecated(Version("Twisted", 22, 10, 0), _escapes("notFound"))
    def __init__(self, message: str = "Sorry. No luck finding that resource.") -> None:
        super().__init__(NOT_FOUND, "No Such Resource", message)


class _UnsafeForbiddenResource(_UnsafeErrorPageBase):
    """A page that says "forbidden" (deprecated: `reactorio.web.pages.forbidden`)."""

    @deprecated(Version("Twisted", 22, 10, 0), _escapes("forbidden"))
    def __init__(self, message: str = "Sorry, resource is forbidden.") -> None:
        super().__init__(FORBIDDEN, "Forbidden Resource", message)


ErrorPage = _UnsafeErrorPage
NoResource = _UnsafeNoResource
ForbiddenResource = _UnsafeForbiddenResource


# ---- answers that are rewritten


class _IEncodingResource(Interface, Protocol):
    """A resource whose answers may be compressed, or rewritten otherwise."""

    def getEncoder(self, request: Any) -> _IRequestEncoder | None:
        """Return who rewrites the answer to ``request``, if somebody does."""


@implementer(IResource, _IEncodingResource)
class EncodingResourceWrapper:
    """
    A resource whose answers are rewritten by the first of several encoders that wants to.

    Args:
        original: The resource.
        encoders: See `reactorio.web.server.GzipEncoderFactory`.
    """

    def __init__(self, original: Any, encoders: Iterable[_IRequestEncoderFactory]) -> None:
        self.original = original
        self._encoders: Sequence[_IRequestEncoderFactory] = list(encoders)

    @property
    def isLeaf(self) -> Any:
        return self.original.isLeaf

    @isLeaf.setter
    def isLeaf(self, value: Any) -> None:
        self.original.isLeaf = value

    def getChildWithDefault(self, name: bytes, request: Any) -> Any:
        """Return what is below the resource; that is not rewritten."""
        return self.original.getChildWithDefault(name, request)

    def putChild(self, path: bytes, child: Any) -> None:
        """Put ``child`` below the resource."""
        self.original.putChild(path, child)

    def render(self, request: Any) -> Any:
        """Have the resource answer."""
        return self.original.render(request)

    def getEncoder(self, request: Any) -> _IRequestEncoder | None:
        """Return the first encoder that wants to."""
        for factory in self._encoders:
            encoder = factory.encoderForRequest(request)
            if encoder is not None:
                return encoder
        return None
