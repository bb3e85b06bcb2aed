"""
Interfaces, each written once and seen in two ways.

A type checker sees a ``typing.Protocol``; at run time the same statement makes a zope ``InterfaceClass``, so that
``@implementer``, ``providedBy``, ``verifyObject`` and adapters work in unchanged applications::

    class IPushback(Interface, Protocol):
        pending: int = Attribute("Bytes taken back and not yet read again.")

        def unread(self, data: bytes) -> None:
            '''Put ``data`` before whatever is read next.'''

``IPushback.providedBy(x)`` narrows ``x`` for the checker, ``IPushback.adapt(x)`` is the typed spelling of
``IPushback(x)``. The first parameter, ``self``, is there for the checker: zope's signatures do not have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Attribute", "Interface", "Protocol", "classImplements", "directlyProvides", "implementer", "provider"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TypeVar

    from typing_extensions import TypeIs

    _T = TypeVar("_T")
    _C = TypeVar("_C")
    _Default = TypeVar("_Default")

    class _InterfaceMeta(type(Protocol)):  # type: ignore[misc]  # typing does not name Protocol's metaclass
        def providedBy(cls: type[_T], obj: object) -> TypeIs[_T]: ...
        def implementedBy(cls, klass: type) -> bool: ...
        def adapt(cls: type[_T], obj: object, default: _Default = ...) -> _T | _Default: ...

    class Interface(Protocol, metaclass=_InterfaceMeta): ...

    def Attribute(doc: str, /) -> Any: ...
    def implementer(*interfaces: object) -> Callable[[_C], _C]: ...
    def provider(*interfaces: object) -> Callable[[_C], _C]: ...
    def classImplements(cls: type, *interfaces: object) -> None: ...
    def directlyProvides(obj: object, *interfaces: object) -> None: ...

else:
    from types import FunctionType

    from zope.interface import Attribute, classImplements, directlyProvides, implementer, provider
    from zope.interface import Interface as ZopeInterface
    from zope.interface.interface import InterfaceClass, fromFunction

    class _OnlyForCheckers:
        """Stands for ``typing.Protocol`` among the bases, and is gone when the class is made."""

        def __mro_entries__(self, bases):
            return ()

    Protocol = _OnlyForCheckers()

    # What a class statement puts into the namespace and an interface has no place for.
    _NOT_MEMBERS = frozenset({"__orig_bases__", "__annotations__", "__annotate__", "__annotate_func__"})

    class TypedInterfaceClass(InterfaceClass):
        """A zope interface whose methods are written with ``self``, as a checker wants them."""

        def __init__(self, name, bases=(), attrs=None, __doc__=None, __module__=None):
            members = {
                key: _method(self, key, value) if isinstance(value, FunctionType) else value
                for key, value in (attrs or {}).items()
                if key not in _NOT_MEMBERS
            }
            super().__init__(name, bases, members, __doc__, __module__)

        def adapt(self, obj, *default):
            """Return ``obj`` itself if it provides this interface, else an adapter, else ``default``, else TypeError."""
            return self(obj, *default)

    def _method(interface, name, function):
        takes_self = function.__code__.co_varnames[:1] == ("self",)
        return fromFunction(function, interface, imlevel=int(takes_self), name=name)

    # Its repr is part of messages that applications and tests compare.
    TypedInterfaceClass.__name__ = "InterfaceClass"

    Interface = TypedInterfaceClass("Interface", (ZopeInterface,), {"__module__": __name__})
