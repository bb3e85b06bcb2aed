"""
Modules that could be imported, found without importing them.

    getModule("a.b")        a module by name
    walkModules()           all of them
    module.iterModules()    those in a package
    module.load()           import it after all
    module.iterAttributes() what is in it then

A package's modules are those in its directory, or, if it is imported, in its ``__path__``.
"""

from __future__ import annotations

import inspect
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any
from zipimport import zipimporter

from reactorio.python.filepath import FilePath, UnlistableError
from reactorio.python.reflect import namedAny
from reactorio.python.zippath import ZipArchive, ZipPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping

__all__ = [
    "PYTHON_EXTENSIONS",
    "PathEntry",
    "PythonAttribute",
    "PythonModule",
    "PythonPath",
    "getModule",
    "iterModules",
    "theSystemPath",
    "walkModules",
]

# In the order of preference.
PYTHON_EXTENSIONS = [".py", ".pyc"]

_NOTHING = object()


class _HasModules:
    """A place that has modules: a package, or an entry of the path."""

    def _places(self) -> Iterable[tuple[PathEntry, Any]]:
        """Go through the directories that have the modules, each with its entry of the path."""
        raise NotImplementedError

    def _full_name(self, name: str) -> str:
        return name

    def iterModules(self) -> Iterator[PythonModule]:
        """Go through the modules and packages in here, not those in the packages."""
        seen = set()
        for entry, directory in self._places():
            for name, path in _modules_in(directory):
                if name not in seen:
                    seen.add(name)
                    yield PythonModule(self._full_name(name), path, entry)

    def walkModules(self, importPackages: bool = False) -> Iterator[PythonModule]:
        """
        Go through the modules and packages in here, and in the packages, each before what is in it.

        Args:
            importPackages: Import each package, so that it can say where its modules are.
        """
        for module in self.iterModules():
            yield from module.walkModules(importPackages)

    def __getitem__(self, name: str) -> PythonModule:
        """Return the module of that name; KeyError if there is none."""
        for module in self.iterModules():
            if module.name == self._full_name(name):
                return module
        raise KeyError(name)

    # Without it, Python would try to iterate by [0], [1], [2].
    __iter__ = None


def _modules_in(directory: Any) -> list[tuple[str, Any]]:
    """Return the names of the modules and packages in a directory, and their files."""
    try:
        children = directory.children()
    except (UnlistableError, OSError):
        return []
    found: dict[str, tuple[int, Any]] = {}
    for path in children:
        name, extension = os.path.splitext(os.fsdecode(path.basename()))
        if extension in PYTHON_EXTENSIONS:
            preference = PYTHON_EXTENSIONS.index(extension)
        else:
            name, preference = os.fsdecode(path.basename()), -1
            path = _package_file(path)
        if path is None or name == "__init__" or not name.isidentifier():
            continue
        if name not in found or preference < found[name][0]:
            found[name] = (preference, path)
    return [(name, path) for name, (_, path) in found.items()]


def _package_file(directory: Any) -> Any:
    if directory.isdir():
        for extension in PYTHON_EXTENSIONS:
            path = directory.child(f"__init__{extension}")
            if path.exists():
                return path
    return None


class PythonAttribute:
    """
    Something in a module, or in something in a module.

    Args:
        name: With dots.
        onObject: What has it.
        loaded: Whether ``pythonValue`` is its value.
    """

    def __init__(self, name: str, onObject: Any, loaded: bool, pythonValue: Any) -> None:
        self.name = name
        self.onObject = onObject
        self._loaded = loaded
        self.pythonValue = pythonValue

    def __repr__(self) -> str:
        return f"PythonAttribute<{self.name!r}>"

    def isLoaded(self) -> bool:
        return self._loaded

    def load(self, default: Any = _NOTHING) -> Any:
        """Return its value."""
        return self.pythonValue

    def iterAttributes(self) -> Iterator[PythonAttribute]:
        """Go through what is in it."""
        for name, value in inspect.getmembers(self.load()):
            yield PythonAttribute(f"{self.name}.{name}", self, True, value)


class PythonModule(_HasModules):
    """
    A module or package, imported or not.

    Args:
        filePath: Its file; of a package, the ``__init__``.
        pathEntry: Where on the path it was found.
    """

    def __init__(self, name: str, filePath: Any, pathEntry: PathEntry) -> None:
        self.name = name
        self.filePath = filePath
        self.parentPath = filePath.parent()
        self.pathEntry = pathEntry

    def __repr__(self) -> str:
        return f"PythonModule<{self.name!r}>"

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, PythonModule) else NotImplemented

    def __lt__(self, other: PythonModule) -> bool:
        return self.name < other.name if isinstance(other, PythonModule) else NotImplemented

    def __gt__(self, other: PythonModule) -> bool:
        return self.name > other.name if isinstance(other, PythonModule) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def _loaded(self) -> Any:
        return self.pathEntry.pythonPath.moduleDict.get(self.name)

    def isLoaded(self) -> bool:
        """Is it imported?"""
        return self._loaded() is not None

    def isPackage(self) -> bool:
        return os.path.splitext(os.fsdecode(self.filePath.basename()))[0] == "__init__"

    def load(self, default: Any = _NOTHING) -> Any:
        """
        Import it, and return the module.

        Args:
            default: Return this if that fails, whatever the reason.
        """
        try:
            return self.pathEntry.pythonPath.moduleLoader(self.name)
        except Exception:
            if default is _NOTHING:
                raise
            return default

    def iterAttributes(self) -> Iterator[PythonAttribute]:
        """
        Go through what is in it.

        Raises:
            ValueError: It is not imported.
        """
        loaded = self._loaded()
        if loaded is None:
            raise ValueError(f"{self.name} is not imported: load() it first")
        for name, value in inspect.getmembers(loaded):
            yield PythonAttribute(f"{self.name}.{name}", self, True, value)

    def walkModules(self, importPackages: bool = False) -> Iterator[PythonModule]:
        if importPackages and self.isPackage():
            self.load()
        yield self
        yield from super().walkModules(importPackages)

    def _full_name(self, name: str) -> str:
        return f"{self.name}.{name}"

    def _places(self) -> Iterator[tuple[PathEntry, Any]]:
        if not self.isPackage():
            return
        path = getattr(self._loaded(), "__path__", None)
        if path is None:
            yield self.pathEntry, self.parentPath
            return
        for directory in path:
            yield self.pathEntry, self.pathEntry.pythonPath._smartPath(directory)


class PathEntry(_HasModules):
    """A directory or archive on the path."""

    def __init__(self, filePath: Any, pythonPath: PythonPath) -> None:
        self.filePath = filePath
        self.pythonPath = pythonPath

    def __repr__(self) -> str:
        return f"PathEntry<{self.filePath!r}>"

    def _places(self) -> Iterator[tuple[PathEntry, Any]]:
        yield self, self.filePath


class PythonPath(_HasModules):
    """
    All that can be imported; by default from the interpreter's own path.

    Args:
        sysPath: The directories and archives.
        moduleDict: What is imported.
        sysPathHooks: What makes an importer for an entry of the path.
        importerCache: The importers that there are.
        moduleLoader: Imports a module by name.
        sysPathFactory: Called for the directories each time, in the place of ``sysPath``.
    """

    def __init__(
        self,
        sysPath: Iterable[str] | None = None,
        moduleDict: Mapping[str, Any] = sys.modules,
        sysPathHooks: Iterable[Callable[[str], Any]] = sys.path_hooks,
        importerCache: MutableMapping[str, Any] = sys.path_importer_cache,
        moduleLoader: Callable[[str], Any] = namedAny,
        sysPathFactory: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        if sysPath is not None:
            own = sysPath
            sysPathFactory = lambda: own  # noqa: E731
        self._sysPathFactory = sysPathFactory or (lambda: sys.path)
        self.moduleDict = moduleDict
        self.sysPathHooks = sysPathHooks
        self.importerCache = importerCache
        self.moduleLoader = moduleLoader

    def __repr__(self) -> str:
        return f"PythonPath({list(self.sysPath)!r},{list(self.moduleDict)!r})"

    @property
    def sysPath(self) -> Iterable[str]:
        return self._sysPathFactory()

    def iterEntries(self) -> Iterator[PathEntry]:
        """Go through the directories and archives, whether they exist or not."""
        for directory in self.sysPath:
            yield PathEntry(self._smartPath(directory), self)

    def _places(self) -> Iterator[tuple[PathEntry, Any]]:
        for entry in self.iterEntries():
            yield entry, entry.filePath

    def _smartPath(self, pathName: str) -> Any:
        """Return an entry of the path as what it is: an archive, a directory in one, or a directory."""
        importer = self._importer(pathName)
        if not isinstance(importer, zipimporter):
            return FilePath(pathName)
        path: Any = ZipArchive(importer.archive)
        for name in importer.prefix.split(os.sep):
            if name:
                path = path.child(name)
        return path

    def _importer(self, pathName: str) -> Any:
        if pathName in self.importerCache:
            return self.importerCache[pathName]
        for hook in self.sysPathHooks:
            try:
                return hook(pathName)
            except ImportError:
                continue
        return None

    def __getitem__(self, name: str) -> PythonModule:
        """Return the module of that name, with dots if it is in a package; KeyError if there is none."""
        loaded = self.moduleDict.get(name)
        if getattr(loaded, "__file__", None) is not None:
            return self._loaded_module(name, loaded)
        package, _, last = name.rpartition(".")
        try:
            return self[package][last] if package else super().__getitem__(name)
        except KeyError:
            raise KeyError(name) from None

    def _loaded_module(self, name: str, loaded: Any) -> PythonModule:
        file = os.path.abspath(loaded.__file__)
        entry = self._entry_of(name, file)
        if entry not in self.importerCache:
            warnings.warn(
                f"{entry} (for module {name}) not in path importer cache "
                "(PEP 302 violation - check your local configuration).",
                stacklevel=3,
            )
        path_entry = PathEntry(self._smartPath(entry), self)
        path: Any = FilePath(file)
        if isinstance(path_entry.filePath, ZipPath):
            path = path_entry.filePath
            for part in os.path.relpath(file, entry).split(os.sep):
                path = path.child(part)
        return PythonModule(name, path, path_entry)

    def _entry_of(self, name: str, file: str) -> str:
        """Return the entry of the path by which the module, or the package that it is in, was found."""
        top = self.moduleDict.get(name.partition(".")[0])
        if getattr(top, "__file__", None) is not None:
            name, file = name.partition(".")[0], os.path.abspath(top.__file__)  # type: ignore[union-attr]  # asked
        levels = name.count(".") + 1
        if os.path.splitext(os.path.basename(file))[0] == "__init__":
            levels += 1
        for _ in range(levels):
            file = os.path.dirname(file)
        return file

    def __contains__(self, name: str) -> bool:
        try:
            self[name]
        except KeyError:
            return False
        return True


theSystemPath = PythonPath()


def walkModules(importPackages: bool = False) -> Iterator[PythonModule]:
    """Go through all that can be imported."""
    return theSystemPath.walkModules(importPackages)


def iterModules() -> Iterator[PythonModule]:
    """Go through the modules and packages that can be imported, not those in the packages."""
    return theSystemPath.iterModules()


def getModule(moduleName: str) -> PythonModule:
    """Return a module by its name; KeyError if there is none."""
    return theSystemPath[moduleName]
