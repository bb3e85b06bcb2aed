"""Attributes replaced for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import ParamSpec

    _P = ParamSpec("_P")

__all__ = ["MonkeyPatcher"]

_R = TypeVar("_R")


class MonkeyPatcher:
    """
    Replaces attributes of objects, and puts them back.

    Args:
        patches: An object, the name of its attribute, and the value, each.
    """

    def __init__(self, *patches: tuple[Any, str, Any]) -> None:
        self._patchesToApply: list[tuple[Any, str, Any]] = []
        self._originals: list[tuple[Any, str, Any]] = []
        for patch in patches:
            self.addPatch(*patch)

    def addPatch(self, obj: Any, name: str, value: Any) -> None:
        """Replace ``obj.name`` by ``value``, from the next :meth:`patch` on."""
        self._patchesToApply.append((obj, name, value))

    def _alreadyPatched(self, obj: Any, name: str) -> bool:
        return any(patched is obj and attribute == name for patched, attribute, _ in self._originals)

    def patch(self) -> None:
        """
        Replace.

        Raises:
            AttributeError: An object does not have the attribute.
        """
        for obj, name, value in self._patchesToApply:
            original = getattr(obj, name)
            if not self._alreadyPatched(obj, name):
                self._originals.append((obj, name, original))
            setattr(obj, name, value)

    __enter__ = patch

    def restore(self) -> None:
        """Put back what was there before the first replacement."""
        while self._originals:
            obj, name, original = self._originals.pop()
            setattr(obj, name, original)

    def __exit__(self, *exc_info: object) -> None:
        self.restore()

    def runWithPatches(self, f: Callable[_P, _R], *args: _P.args, **kw: _P.kwargs) -> _R:
        """Call ``f`` with the attributes replaced."""
        self.patch()
        try:
            return f(*args, **kw)
        finally:
            self.restore()
