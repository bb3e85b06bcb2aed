"""
How objects live in pickles.

    Ephemeral   is not kept
    Versioned   knows the version of its state, and brings an older state up to date

Importing this module makes modules something that can be pickled, by name.
"""

from __future__ import annotations

import copyreg
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.python import log
from reactorio.python.reflect import qual

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import MethodType

__all__ = [
    "Ephemeral",
    "Versioned",
    "doUpgrade",
    "pickleMethod",
    "pickleModule",
    "requireUpgrade",
    "unpickleMethod",
    "unpickleModule",
]


def pickleMethod(method: MethodType) -> tuple[Callable[..., Any], tuple[str, Any, type]]:
    """Reduce a method of an instance, as copyreg wants it."""
    owner = method.__self__
    return unpickleMethod, (method.__name__, owner, type(owner))


def unpickleMethod(im_name: str, im_self: Any, im_class: type) -> Any:
    """Return the method again; of an instance that has no such method, that of ``im_class``, bound to it."""
    if im_self is None:
        return getattr(im_class, im_name)
    try:
        return getattr(im_self, im_name)
    except AttributeError:
        return getattr(im_class, im_name).__get__(im_self)


def pickleModule(module: ModuleType) -> tuple[Callable[..., Any], tuple[str]]:
    """Reduce a module to its name."""
    return unpickleModule, (module.__name__,)


def unpickleModule(name: str) -> ModuleType:
    return sys.modules.get(name) or importlib.import_module(name)


copyreg.pickle(ModuleType, pickleModule)


class Ephemeral:
    """What an instance holds belongs to this process: what comes out of a pickle is an empty `Ephemeral`."""

    def __reduce__(self) -> tuple[Any, ...]:
        self.__getstate__()  # its warning
        return Ephemeral, ()

    def __getstate__(self) -> Any:
        log.msg(f"WARNING: serializing ephemeral {self!r}")

    def __setstate__(self, state: object) -> None:
        log.msg(f"WARNING: unserializing ephemeral {type(self)!r}")
        self.__class__ = Ephemeral


# Instances of Versioned that were unpickled and may have to be upgraded, by id: they need not be hashable yet.
versionedsToUpgrade: dict[int, Versioned] = {}


class Versioned:
    """
    An object that outlives its class's changes.

    A class counts ``persistenceVersion`` up when its state changes, and has a method ``upgradeToVersion`` with each
    number that makes the state of the version before into this one. Base classes count for themselves. Unpickling
    only notes what has to be done; `doUpgrade` does it, when the whole graph is there.
    """

    persistenceVersion = 0
    # Attributes that are not kept.
    persistenceForgets: ClassVar[Sequence[str]] = ()

    def __getstate__(self, dict: Mapping[str, Any] | None = None) -> Any:
        state = {**(self.__dict__ if dict is None else dict)}
        for base in _lineage(type(self)):
            for forgotten in base.__dict__.get("persistenceForgets", ()):
                state.pop(forgotten, None)
            if "persistenceVersion" in base.__dict__:
                state[_version_key(base)] = base.persistenceVersion
        return state

    def __setstate__(self, state: Any) -> None:
        versionedsToUpgrade[id(self)] = self
        self.__dict__.update(state)

    def versionUpgrade(self) -> None:
        """Bring the state up to date, that of base classes first."""
        for base in _lineage(type(self)):
            was = self.__dict__.pop(_version_key(base), 0)
            if "persistenceVersion" not in base.__dict__:
                continue
            for version in range(was + 1, base.persistenceVersion + 1):
                upgrade = base.__dict__.get(f"upgradeToVersion{version}")
                if upgrade is not None:
                    log.msg(f"Upgrading {qual(base)} (of {qual(type(self))} @ {id(self)}) to version {version}")
                    upgrade(self)


def doUpgrade() -> None:
    """Upgrade everything that was unpickled since the last time, what an upgrade unpickles too."""
    while versionedsToUpgrade:
        requireUpgrade(next(iter(versionedsToUpgrade.values())))


def requireUpgrade(obj: Versioned) -> None:
    """Upgrade this one now, if it has to be; for upgrade methods that use other objects."""
    # Forgotten before it is done: upgrades may require each other.
    if versionedsToUpgrade.pop(id(obj), None) is not None:
        obj.versionUpgrade()


def _lineage(kind: type) -> list[Any]:
    """Return ``kind`` and its bases that are versioned, bases first."""
    return [base for base in reversed(kind.__mro__) if issubclass(base, Versioned) and base is not Versioned]


def _version_key(kind: type) -> str:
    return f"{qual(kind)}.persistenceVersion"
