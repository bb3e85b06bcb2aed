"""
Plugins: objects that a module in a plugin package leaves lying at its top level, collected by interface.

A plugin package gathers its modules from all of sys.path (`pluginPackagePaths`). So that a program need not import
every one of them to learn what is there, each folder has a cache that says what each module provides; a module whose
file is not the one in the cache is imported and looked at again. Every look finds what was added since the last one. A
module whose plugins are there only if other packages are names those, as in ``plugin_needs = ("cryptography",)``: when one of
them comes or goes, the module is looked at again, too.

Besides, distributions offer plugins by entry points (`reactorio._entrypoints`).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

from zope.interface import providedBy  # type: ignore[import-untyped]  # zope has no types

from reactorio import _entrypoints
from reactorio._interface import Interface, Protocol
from reactorio._plugincache import PluginCache
from reactorio.logger import Logger
from reactorio.python.reflect import namedAny

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from types import ModuleType

__all__ = ["CachedDropin", "CachedPlugin", "IPlugin", "getCache", "getPlugIns", "getPlugins", "pluginPackagePaths"]

_Provided = TypeVar("_Provided")

_log = Logger()


# What is wrong with modules that could not be imported, by name. Each is told once.
_broken: dict[str, str] = {}


class IPlugin(Interface, Protocol):
    """What every plugin provides, besides the interface that it is looked for by."""


class CachedPlugin:
    """
    A plugin that need not be imported yet.

    Args:
        provided: What it provides, as interfaces or as their dotted names.
    """

    def __init__(self, dropin: CachedDropin, name: str, description: str | None, provided: Iterable[Any]) -> None:
        self.dropin = dropin
        self.name = name
        self.description = description
        self._provided = [getattr(interface, "__identifier__", interface) for interface in provided]
        self._satisfied = set(self._provided)
        dropin.plugins.append(self)

    @property
    def provided(self) -> list[Any]:
        """The interfaces; asking imports the modules that define them."""
        return [namedAny(name) for name in self._provided]

    def __repr__(self) -> str:
        provided = ", ".join(name.rpartition(".")[2] for name in self._provided)
        return f"<CachedPlugin {self.name!r}/{self.dropin.moduleName!r} (provides {provided!r})>"

    def load(self) -> Any:
        """Import the plugin's module, and return the plugin."""
        return namedAny(f"{self.dropin.moduleName}.{self.name}")

    def __conform__(self, interface: Any, registry: object = None, default: Any = None) -> Any:
        # By name: the interfaces in a cache are not worth importing to say no.
        return self.load() if interface.__identifier__ in self._satisfied else default

    getComponent = __conform__


class CachedDropin:
    """One module of a plugin package, and its plugins."""

    def __init__(self, moduleName: str, description: str | None) -> None:
        self.moduleName = moduleName
        self.description = description
        self.plugins: list[CachedPlugin] = []


def getPlugins(
    interface: type[_Provided] | Callable[..., _Provided], package: ModuleType | None = None
) -> Iterator[_Provided]:
    """
    Yield every plugin that provides ``interface``. One that cannot be loaded is logged and left out.

    Args:
        package: The plugin package; ``reactorio.plugins`` if not given.
    """
    adapt: Callable[..., Any] = interface
    for dropin in getCache(package if package is not None else _default_package()).values():
        for plugin in dropin.plugins:
            try:
                adapted = adapt(plugin, None)
            except Exception as error:
                _log.critical(
                    "Cannot load the plugin {name} of {module}: {problem}",
                    name=plugin.name,
                    module=dropin.moduleName,
                    problem=_in_one_line(error),
                )
            else:
                if adapted is not None:
                    yield adapted
    if package is None:
        for entry in _entrypoints.found():
            if entry.provides(interface):
                lazy: Any = _entrypoints.LazyPlugin(entry, interface, IPlugin)
                yield lazy


getPlugIns = getPlugins


def _default_package() -> ModuleType:
    # The package asks this module for its __path__, so it cannot be imported from the top.
    package = importlib.import_module("reactorio.plugins")
    # Who extends sys.path late has plugins, too.
    known = set(package.__path__)
    package.__path__.extend(folder for folder in pluginPackagePaths(package.__name__) if folder not in known)
    return package


def _in_one_line(error: BaseException) -> str:
    """Say what went wrong, and where: in the innermost code that is neither the import system's nor ours."""
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_machinery(frame.filename)]
    return f"{text} ({places[-1].filename}, line {places[-1].lineno})" if places else text


def _is_machinery(filename: str) -> bool:
    package = os.path.dirname(__file__)
    ours = filename.startswith(package + os.sep) and os.path.dirname(filename) != os.path.join(package, "plugins")
    return ours or filename.startswith("<frozen") or filename == importlib.__file__


def pluginPackagePaths(name: str) -> list[str]:
    """
    Return the folders that may hold modules of the plugin package ``name`` beside the package itself.

    They are in the order of sys.path. A folder that is a package of its own is none of them: it is another
    installation of the same package, which the import system hides too. What other projects have in
    ``twisted/plugins`` belongs to ``reactorio.plugins``.
    """
    names = [name]
    if name.startswith("reactorio."):
        names.append(name.replace("reactorio", "twisted", 1))
    folders = (os.path.join(entry, *dotted.split(".")) for entry in sys.path for dotted in names)
    return [os.path.abspath(folder) for folder in folders if not os.path.exists(os.path.join(folder, "__init__.py"))]


def getCache(module: ModuleType) -> dict[str, CachedDropin]:
    """Return what the plugin package ``module`` holds, by module name; the caches on disk are up to date afterwards."""
    dropins: dict[str, CachedDropin] = {}
    for entry in module.__path__:
        # As in an import, the first folder that has a name has it.
        dropins.update(_Folder(entry, module.__name__).dropins(hidden=dropins.keys()))
    return dropins


def _needs(packages: Iterable[str]) -> dict[str, bool]:
    """Say of each package whether it is there; it is not imported."""
    return {name: sys.modules.get(name) is not None or importlib.util.find_spec(name) is not None for name in packages}


class _Folder:
    """One entry of a plugin package's ``__path__``."""

    def __init__(self, path: str, package: str) -> None:
        self._path = path
        self._package = package
        self._cache = PluginCache(path, package)

    def dropins(self, hidden: Collection[str]) -> dict[str, CachedDropin]:
        """Return its modules by name, but for those that an import would find elsewhere."""
        cached = self._cache.read()
        names = sorted({module.name for module in pkgutil.iter_modules([self._path])})
        current = {name: cached[name] for name in names if name in hidden and name in cached}
        for name in names:
            if name in hidden:
                continue
            stamp = self._stamp(name)
            entry = cached.get(name)
            if entry is None or stamp is None or entry["stamp"] != stamp or _needs(entry["needs"]) != entry["needs"]:
                entry = self._examine(name, stamp)
            if entry is not None:
                current[name] = entry
        if current != cached:
            self._cache.write(current)
        return {name: self._dropin(name, entry) for name, entry in current.items() if name not in hidden}

    def _stamp(self, name: str) -> list[int] | None:
        """Return what changes when the module's file does, or None if no single file is the module."""
        for suffix in (".py", ".pyc"):
            try:
                status = os.stat(os.path.join(self._path, name + suffix))
            except OSError:
                continue
            return [status.st_mtime_ns, status.st_size]
        return None

    def _examine(self, name: str, stamp: list[int] | None) -> dict[str, Any] | None:
        """Import a module, and return what the cache shall say of it; None if it cannot be imported."""
        importlib.invalidate_caches()
        full_name = f"{self._package}.{name}"
        if full_name in sys.modules:
            # It may have been imported before its file, or what it needs, was as it is now: nobody else should believe it.
            stamp = None
        try:
            module = importlib.import_module(full_name)
        except Exception as error:
            problem = _in_one_line(error)
            if _broken.get(full_name) != problem:
                _log.critical("Cannot import the plugin module {module}: {problem}", module=full_name, problem=problem)
            _broken[full_name] = problem
            return None
        _broken.pop(full_name, None)
        adapt: Any = IPlugin
        plugins = ((key, value, adapt(value, None)) for key, value in vars(module).items())
        return {
            "stamp": stamp,
            "needs": _needs(getattr(module, "plugin_needs", ())),
            "description": module.__doc__,
            "plugins": [
                {
                    "name": key,
                    "description": value.__doc__,
                    "provided": [interface.__identifier__ for interface in providedBy(plugin)],
                    "satisfied": [interface.__identifier__ for interface in providedBy(plugin).flattened()],
                }
                for key, value, plugin in plugins
                if plugin is not None
            ],
        }

    def _dropin(self, name: str, entry: dict[str, Any]) -> CachedDropin:
        dropin = CachedDropin(f"{self._package}.{name}", entry["description"])
        for described in entry["plugins"]:
            plugin = CachedPlugin(dropin, described["name"], described["description"], described["provided"])
            plugin._satisfied.update(described["satisfied"])
        return dropin
