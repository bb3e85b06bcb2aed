"""
Plugins of installed distributions, by their entry points::

    [project.entry-points."reactorio.service"]
    fruit = "fruit.service"                 # a module with Options and makeService, or an IServiceMaker

    [project.entry-points."reactorio.endpoint"]
    pipe = "fruit.endpoints:PipeParser"     # for "pipe:..."; or a module with one for servers and one for clients

    [project.entry-points."reactorio.cred"]
    seeds = "fruit.checkers:factory"        # for --auth=seeds

A name and the summary of the distribution are all that is needed to list them: one is imported when it is chosen.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reactorio._interface import directlyProvides

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

__all__ = ["GROUPS", "EntryPointPlugin", "LazyPlugin", "found"]

# By group: the attribute that is the entry point's name, and the interfaces by which its plugins are looked for.
GROUPS: dict[str, tuple[str, frozenset[str]]] = {
    "reactorio.service": ("tapname", frozenset({"reactorio.application.service.IServiceMaker"})),
    "reactorio.endpoint": (
        "prefix",
        frozenset(
            {
                "reactorio.internet.interfaces.IStreamServerEndpointStringParser",
                "reactorio.internet.interfaces.IStreamClientEndpointStringParserWithReactor",
            }
        ),
    ),
    "reactorio.cred": ("authType", frozenset({"reactorio.cred.strcred.ICheckerFactory"})),
}


class EntryPointPlugin:
    """An entry point in one of the groups."""

    def __init__(self, group: str, entry: EntryPoint) -> None:
        self.group = group
        self.name = entry.name
        self.value = entry.value
        self._entry = entry

    @property
    def distribution(self) -> str:
        """The name and version of the distribution that has it."""
        owner = self._entry.dist
        return "" if owner is None else f"{owner.metadata['Name']} {owner.version}"

    @property
    def description(self) -> str:
        """One line for people: the distribution's."""
        owner = self._entry.dist
        return "" if owner is None else owner.metadata["Summary"] or ""

    def load(self) -> Any:
        """Import what it names."""
        return self._entry.load()

    def provides(self, interface: Any) -> bool:
        """Is a plugin for ``interface`` to be expected of it?"""
        return getattr(interface, "__identifier__", None) in GROUPS[self.group][1]

    def plugin_for(self, interface: Any) -> Any:
        """
        Import what it names, and return what of it provides ``interface``.

        Raises:
            TypeError: Nothing does.
        """
        loaded = self.load()
        provider: Any = interface(loaded, None)
        if provider is None and isinstance(loaded, ModuleType):
            if hasattr(loaded, "makeService"):
                return loaded
            candidates = (interface(thing, None) for thing in vars(loaded).values())
            provider = next((plugin for plugin in candidates if plugin is not None), None)
        if provider is None:
            raise TypeError(f"{self.value}, the plugin {self.name} of {self.distribution}, is no {interface.__name__}")
        return provider


class LazyPlugin:
    """A plugin that is not imported before more than its name and description is needed."""

    def __init__(self, entry: EntryPointPlugin, interface: Any, *also: Any) -> None:
        self._entry = entry
        self._interface = interface
        self.description = entry.description
        setattr(self, GROUPS[entry.group][0], entry.name)
        directlyProvides(self, interface, *also)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        plugin = self._entry.plugin_for(self._interface)
        if isinstance(plugin, ModuleType) and name == "options":
            name = "Options"
        return getattr(plugin, name)

    def __repr__(self) -> str:
        return f"<plugin {self._entry.name} of {self._entry.distribution}>"


# What was found last, and what the path looked like.
_last: tuple[tuple[object, ...], list[EntryPointPlugin]] = ((), [])


def found() -> list[EntryPointPlugin]:
    """Return the entry points of all groups, those of distributions that were installed meanwhile too."""
    global _last
    # Going through the distributions takes some milliseconds; installing one changes the folder.
    state = tuple(_state())
    if _last[0] != state:
        importlib.invalidate_caches()
        _last = state, list(_search())
    return _last[1]


def _state() -> Iterator[object]:
    for folder in sys.path:
        try:
            yield folder, os.stat(folder or os.curdir).st_mtime_ns
        except OSError:
            yield folder


def _search() -> Iterator[EntryPointPlugin]:
    from importlib.metadata import entry_points  # heavy, and often not needed

    every = entry_points()
    seen = set()
    for group in GROUPS:
        for entry in every.select(group=group):
            if (group, entry.name) not in seen:
                # As in an import, what is first on the path counts.
                seen.add((group, entry.name))
                yield EntryPointPlugin(group, entry)
