"""
Elements: objects that decide, by methods that are exposed to templates, what stands in a document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from reactorio._interface import implementer
from reactorio.web.error import MissingRenderMethod, MissingTemplateLoader, UnexposedMethodError
from reactorio.web.iweb import IRenderable

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.web._stan import Tag
    from reactorio.web.iweb import IRequest, ITemplateLoader
    from reactorio.web.template import Flattenable

__all__ = ["Element", "Expose", "renderer"]

_MethodT = TypeVar("_MethodT", bound="Callable[..., Any]")

_REQUIRED: Any = object()


class Expose:
    """
    A decorator that exposes methods to who has only their names, and the door through which they are got.

    What is exposed is the function: a method that overrides it in a subclass is not, unless it is decorated as well.
    """

    def __call__(self, f: _MethodT, /, *funcObjs: Callable[..., object]) -> _MethodT:
        """Expose these functions, and return the first."""
        for function in (f, *funcObjs):
            through = cast("Any", function)
            through.exposedThrough = [*getattr(function, "exposedThrough", ()), self]
        return f

    def get(self, instance: object, methodName: str, default: Any = _REQUIRED) -> Any:
        """
        Return the method of this name, bound, if it is exposed; or the default.

        Raises:
            UnexposedMethodError: It is not, or not there, and there is no default.
        """
        method = getattr(instance, methodName, None)
        if self in getattr(method, "exposedThrough", ()):
            return method
        if default is _REQUIRED:
            raise UnexposedMethodError(self, methodName)
        return default


# The decorator of what templates may name in ``t:render``: called with the request and a copy of the tag.
renderer = Expose()


@implementer(IRenderable)
class Element:
    """
    A part of a document with a template and the methods that its directives name.

    Args:
        loader: The template; None to have the class's.
    """

    loader: ITemplateLoader | None = None

    def __init__(self, loader: ITemplateLoader | None = None) -> None:
        if loader is not None:
            self.loader = loader

    def lookupRenderMethod(self, name: str) -> Callable[[IRequest | None, Tag], Flattenable]:
        """
        Return the method for the directive ``name``.

        Raises:
            MissingRenderMethod: None of this name is exposed by `renderer`.
        """
        method = renderer.get(self, name, None)
        if method is None:
            raise MissingRenderMethod(self, name)
        return cast("Callable[[IRequest | None, Tag], Flattenable]", method)

    def render(self, request: IRequest | None) -> Flattenable:
        """
        Return the template; subclasses may return anything that can be flattened.

        Raises:
            MissingTemplateLoader: There is none.
        """
        if self.loader is None:
            raise MissingTemplateLoader(self)
        return cast("Flattenable", self.loader.load())


Element.__module__ = "reactorio.web.template"
