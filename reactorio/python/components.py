"""
Adapters, objects made of adapters, and proxies: zope.interface's adaptation with a global registry.

``registerAdapter(Factory, Original, IThing)`` makes ``IThing(original)`` return ``Factory(original)``.
"""

from __future__ import annotations

from pprint import pformat
from typing import TYPE_CHECKING, Any

from zope.interface import implementedBy, providedBy  # type: ignore[import-untyped]  # zope has no types
from zope.interface.adapter import AdapterRegistry  # type: ignore[import-untyped]
from zope.interface.interface import InterfaceClass, adapter_hooks  # type: ignore[import-untyped]

from reactorio._interface import classImplements
from reactorio.python.reflect import namedObject

if TYPE_CHECKING:
    from collections.abc import Callable

    _Hook = Callable[[Any, Any], Any]

__all__ = [
    "ALLOW_DUPLICATES",
    "Adapter",
    "AdapterRegistry",
    "CannotAdapt",
    "Componentized",
    "ReprableComponentized",
    "getAdapterFactory",
    "getRegistry",
    "globalRegistry",
    "proxyForInterface",
    "registerAdapter",
]

# What zope raises when there is no adapter.
CannotAdapt = TypeError

# Whether an adapter may take the place of another.
ALLOW_DUPLICATES: bool | int = 0

globalRegistry = AdapterRegistry()


def getRegistry() -> AdapterRegistry:
    """Return the registry that adapters are registered in."""
    return globalRegistry


def _addHook(registry: AdapterRegistry) -> _Hook:
    """Have interfaces look for adapters in ``registry`` too."""

    def hook(interface: Any, obj: Any) -> Any:
        factory = registry.lookup1(providedBy(obj), interface)
        return None if factory is None else factory(obj)

    adapter_hooks.append(hook)
    return hook


def _removeHook(hook: _Hook) -> None:
    """Undo what :func:`_addHook` did when it returned ``hook``."""
    adapter_hooks.remove(hook)


_addHook(globalRegistry)


def _specification(original: Any) -> Any:
    return original if isinstance(original, InterfaceClass) else implementedBy(original)


def registerAdapter(adapterFactory: Callable[[Any], Any], origInterface: Any, *interfaceClasses: Any) -> None:
    """
    Adapt one thing to others.

    Args:
        adapterFactory: Called with the object to adapt.
        origInterface: The class or interface of that object.
        interfaceClasses: The interfaces that the factory adapts to; at least one.

    Raises:
        ValueError: There is an adapter for that already.
    """
    assert interfaceClasses, "You need to pass an Interface"
    registry = getRegistry()
    original = _specification(origInterface)
    for interface in interfaceClasses:
        registered = registry.registered([original], interface)
        if registered is not None and not ALLOW_DUPLICATES:
            raise ValueError(f"an adapter ({registered}) was already registered.")
    for interface in interfaceClasses:
        registry.register([original], interface, "", adapterFactory)


def getAdapterFactory(fromInterface: Any, toInterface: Any, default: Any) -> Any:
    """Return what adapts a class or interface to an interface, or ``default``."""
    factory = getRegistry().lookup1(_specification(fromInterface), toInterface)
    return default if factory is None else factory


class Adapter:
    """
    A base for adapters, that has what it adapts as ``original``.

    It can be adapted to what the original can be adapted to.
    """

    # Not to be kept by a Componentized.
    temporaryAdapter: bool | int = 0
    # To be kept by a Componentized for all interfaces that it provides.
    multiComponent: bool | int = 1

    def __init__(self, original: Any) -> None:
        self.original = original

    def __conform__(self, interface: Any) -> Any:
        conform = getattr(self.original, "__conform__", None)
        return None if conform is None else conform(interface)

    def isuper(self, iface: Any, adapter: Callable[[Any], Any]) -> Any:
        """Adapt the original with another adapter."""
        return adapter(self.original)


def _key(interface: Any) -> str:
    return f"{interface.__module__}.{interface.__name__}"


class Componentized:
    """An object that keeps its adapters: adapting it again to an interface gives the same one, with its state."""

    persistenceVersion = 1

    def __init__(self) -> None:
        self._adapterCache: dict[str, Any] = {}

    def locateAdapterClass(self, klass: type, interfaceClass: Any, default: Any) -> Any:
        return getAdapterFactory(klass, interfaceClass, default)

    def setAdapter(self, interfaceClass: Any, adapterClass: Callable[[Any], Any]) -> None:
        """Keep a new ``adapterClass(self)`` for one interface."""
        self.setComponent(interfaceClass, adapterClass(self))

    def addAdapter(self, adapterClass: Callable[[Any], Any], ignoreClass: bool | int = 0) -> Any:
        """Keep a new ``adapterClass(self)`` and return it; see :meth:`addComponent`."""
        adapter = adapterClass(self)
        self.addComponent(adapter, ignoreClass)
        return adapter

    def setComponent(self, interfaceClass: Any, component: Any) -> None:
        """Keep ``component`` for one interface."""
        self._adapterCache[_key(interfaceClass)] = component

    def addComponent(self, component: Any, ignoreClass: bool | int = 0) -> None:
        """
        Keep ``component`` for the interfaces that it provides and that its class is the registered adapter to.

        Args:
            ignoreClass: Keep it for all that it provides.
        """
        for interface in providedBy(component):
            if ignoreClass or self.locateAdapterClass(type(self), interface, None) is type(component):
                self._adapterCache[_key(interface)] = component

    def unsetComponent(self, interfaceClass: Any) -> None:
        """Forget what is kept for an interface; KeyError if nothing is."""
        del self._adapterCache[_key(interfaceClass)]

    def removeComponent(self, component: Any) -> list[Any]:
        """Forget ``component``, and return the interfaces that it was kept for."""
        keys = [key for key, kept in self._adapterCache.items() if kept is component]
        for key in keys:
            del self._adapterCache[key]
        return [namedObject(key) for key in keys]

    def getComponent(self, interface: Any, default: Any = None) -> Any:
        """Return what is kept for an interface; else what adapts to it, and keep that; else ``default``."""
        key = _key(interface)
        if key in self._adapterCache:
            return self._adapterCache[key]
        adapter = interface.__adapt__(self)
        if adapter is None:
            return default
        if not getattr(adapter, "temporaryAdapter", False):
            self._adapterCache[key] = adapter
            if getattr(adapter, "multiComponent", True):
                self.addComponent(adapter)
        return adapter

    def __conform__(self, interface: Any) -> Any:
        return self.getComponent(interface)


class ReprableComponentized(Componentized):
    """One whose ``repr`` has what it keeps."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {pformat(self._adapterCache)}>"


class _ProxiedMethod:
    """A proxy's method, got from the class: to be called with the proxy first."""

    def __init__(self, methodName: str, originalAttribute: str) -> None:
        self.methodName = self.__name__ = methodName
        self.originalAttribute = originalAttribute

    def __call__(self, oself: Any, *args: Any, **kw: Any) -> Any:
        return getattr(getattr(oself, self.originalAttribute), self.methodName)(*args, **kw)


class _ProxyDescriptor:
    """An attribute that is the original's."""

    def __init__(self, attributeName: str, originalAttribute: str) -> None:
        self.attributeName = attributeName
        self.originalAttribute = originalAttribute

    def __get__(self, oself: Any, type: type | None = None) -> Any:
        if oself is None:
            return _ProxiedMethod(self.attributeName, self.originalAttribute)
        return getattr(getattr(oself, self.originalAttribute), self.attributeName)

    def __set__(self, oself: Any, value: Any) -> None:
        setattr(getattr(oself, self.originalAttribute), self.attributeName, value)

    def __delete__(self, oself: Any) -> None:
        delattr(getattr(oself, self.originalAttribute), self.attributeName)


def proxyForInterface(iface: Any, originalAttribute: str = "original") -> Any:
    """
    Make a class whose instances pass the methods and attributes of an interface on to another object.

    A base to override some of them.

    Args:
        originalAttribute: What the instances call that object, the constructor's argument.
    """

    def __init__(self: Any, original: Any) -> None:
        setattr(self, originalAttribute, original)

    members: dict[str, Any] = {name: _ProxyDescriptor(name, originalAttribute) for name in iface}
    proxy = type(f"(Proxy for {_key(iface)})", (object,), {"__init__": __init__, "__module__": __name__, **members})
    classImplements(proxy, iface)
    return proxy
