"""
Reactors by short name, as ``--reactor`` takes them. Each is a plugin that provides IReactorInstaller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol, implementer
from reactorio.plugin import IPlugin, getPlugins
from reactorio.python.reflect import namedAny

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IReactorCore

__all__ = ["IReactorInstaller", "NoSuchReactor", "Reactor", "getReactorTypes", "installReactor"]


class IReactorInstaller(Interface, Protocol):
    """A reactor that can be asked for."""

    shortName: str = Attribute("What --reactor calls it.")
    description: str = Attribute("One line for people.")

    def install(self) -> None:
        """Make it the global reactor; may raise anything if it does not work here."""


class NoSuchReactor(KeyError):
    """No reactor has the short name that was asked for."""


@implementer(IPlugin, IReactorInstaller)
class Reactor:
    """
    An installable reactor.

    Args:
        moduleName: The dotted name of a module with an ``install`` function.
    """

    def __init__(self, shortName: str, moduleName: str, description: str) -> None:
        self.shortName = shortName
        self.moduleName = moduleName
        self.description = description

    def install(self) -> None:
        namedAny(self.moduleName).install()


def getReactorTypes() -> Iterable[IReactorInstaller]:
    """Return every reactor that there is a plugin for, working here or not."""
    return getPlugins(IReactorInstaller)


def installReactor(shortName: str) -> IReactorCore:
    """
    Make the reactor with that name the global one, and return it.

    Raises:
        NoSuchReactor: There is none. What the reactor's own installation raises passes through.
    """
    for installer in getReactorTypes():
        if installer.shortName == shortName:
            installer.install()
            from reactorio.internet import reactor  # not at the top: there is one only now

            installed: Any = reactor
            return installed  # type: ignore[no-any-return]  # the reactor is an object by a module's name
    raise NoSuchReactor(shortName)
