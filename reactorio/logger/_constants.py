"""
Named constants: each is one object with a name, ordered as written in its class.

They have the interface of the ``constantly`` package's, which Twisted's API hands out, without the dependency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["NamedConstant", "Names"]


class NamedConstant:
    """One constant; its class gives it the name."""

    name: str
    _container: type[Names]
    _index: int

    def __set_name__(self, owner: type[Names], name: str) -> None:
        if "_container" in self.__dict__:
            return  # a class that just uses the constant
        self.name = name
        self._container = owner
        self._index = len(owner._enumerants)
        owner._enumerants[name] = self

    def __repr__(self) -> str:
        return f"<{self._container.__name__}={self.name}>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[type[Names], str]]:
        # A copied or unpickled constant is the constant.
        return getattr, (self._container, self.name)

    def _is_sibling(self, other: object) -> bool:
        return isinstance(other, NamedConstant) and other._container is self._container

    def __lt__(self, other: NamedConstant) -> bool:
        return self._index < other._index if self._is_sibling(other) else NotImplemented

    def __le__(self, other: NamedConstant) -> bool:
        return self._index <= other._index if self._is_sibling(other) else NotImplemented

    def __gt__(self, other: NamedConstant) -> bool:
        return self._index > other._index if self._is_sibling(other) else NotImplemented

    def __ge__(self, other: NamedConstant) -> bool:
        return self._index >= other._index if self._is_sibling(other) else NotImplemented


class _NamesMeta(type):
    """Gives each class of constants its own table, before its body's constants enter themselves there."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _NamesMeta:
        return super().__new__(mcs, name, bases, {"_enumerants": {}, **namespace})


class Names(metaclass=_NamesMeta):
    """A group of constants."""

    _enumerants: ClassVar[dict[str, NamedConstant]]

    @classmethod
    def iterconstants(cls) -> Iterator[NamedConstant]:
        """Go through the constants in order."""
        return iter(cls._enumerants.values())

    @classmethod
    def lookupByName(cls, name: str) -> NamedConstant:
        """Return the constant of that name; ValueError if there is none."""
        try:
            return cls._enumerants[name]
        except KeyError:
            raise ValueError(name) from None
