"""
The name ``twisted``, served by this package.

``twisted.X.Y`` is the very module object ``reactorio.X.Y``, whichever name is imported first; only the top-level
``twisted`` is a module of its own, because its version is Twisted's. Two finders do it. The first, ahead of every
other so that it wins over an installed Twisted, finds what reactorio has. The second, behind every other, says
clearly that reactorio does not have the rest.

Every child Python imports this at its start, so it imports little: `typing` and `importlib.abc` would cost it 25 ms.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence
    from importlib.abc import Loader
    from types import CodeType
    from typing import Any
else:
    Loader = object

__all__ = ["TWISTED_VERSION", "inherit", "install"]

TWISTED_VERSION = (26, 10, 0)
"""The Twisted release whose API is served."""

_ALIAS = "twisted"
_OURS = __name__.partition(".")[0]

# A child Python that finds this folder on PYTHONPATH runs the sitecustomize in it, which reads the variable.
_INHERIT_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_inherit")
_INHERIT_VARIABLE = "REACTORIO_AS_TWISTED"


def install() -> None:
    """
    Turn the alias on, for the rest of the life of this process.

    Raises:
        ImportError: Twisted itself is imported already; its modules and ours would mix.
    """
    if any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        return
    spec = find_spec(_ALIAS) if _ALIAS not in sys.modules else sys.modules[_ALIAS].__spec__
    if spec is not None and spec.origin == sys.modules[_OURS].__file__:
        return  # somebody else's alias for this package is on: a test harness has one
    if _ALIAS in sys.modules:
        raise ImportError(f"Twisted is already imported: {_OURS}.as_twisted has to come first", name=_ALIAS)
    sys.meta_path.insert(0, _AliasFinder())
    sys.meta_path.append(_AbsenceFinder())
    for name in [name for name in sys.modules if name.startswith(_OURS + ".")]:
        _mirror(name)


def inherit(environ: MutableMapping[str, str] = os.environ) -> None:
    """Have the Pythons that are started with ``environ`` turn the alias on before they run anything."""
    environ[_INHERIT_VARIABLE] = sys.prefix
    path = environ.get("PYTHONPATH")
    if not path:
        environ["PYTHONPATH"] = _INHERIT_FOLDER
    elif _INHERIT_FOLDER not in path.split(os.pathsep):
        environ["PYTHONPATH"] = _INHERIT_FOLDER + os.pathsep + path


def _mirror(name: str) -> None:
    """Give the loaded module ``name`` its second entry in sys.modules: programs look there for the reactor."""
    module = sys.modules.get(name)
    if module is not None:
        sys.modules.setdefault(_ALIAS + name[len(_OURS) :], module)


class _Twisted(ModuleType):
    """``import twisted``: Twisted's version, and whatever submodule of reactorio is loaded."""

    def __getattr__(self, name: str) -> Any:
        if name == "version":
            from reactorio.python.versions import Version  # programs that do not ask for it need not load it

            self.version = Version("Twisted", *TWISTED_VERSION)
            return self.version
        try:
            return sys.modules[f"{_OURS}.{name}"]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None


class _AliasFinder:
    """Finds each ``twisted.X`` that reactorio has."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, rest = fullname.partition(".")
        if package == _ALIAS:
            return _alias_spec(fullname, f"{_OURS}.{rest}") if rest else _twisted_spec()
        if package == _OURS and rest:
            return _mirroring_spec(fullname, path)
        return None

    def find_distributions(self, context: Any) -> Sequence[Any]:
        """What `importlib.metadata` asks a finder: pytest and others look there for Twisted's version."""
        if str(context.name).lower() != _ALIAS:
            return ()
        from reactorio._metadata import TwistedDistribution  # only who asks pays for importlib.metadata

        return (TwistedDistribution(".".join(map(str, TWISTED_VERSION))),)


class _AbsenceFinder:
    """Asked last: there is nothing by that name."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname.startswith(_ALIAS + "."):
            raise ModuleNotFoundError(f"No module named {fullname!r}: {_OURS} does not have it", name=fullname)


def _twisted_spec() -> ModuleSpec:
    ours = sys.modules[_OURS]
    spec = ModuleSpec(_ALIAS, _TwistedLoader(_OURS), origin=ours.__file__, is_package=True)
    spec.submodule_search_locations = ours.__path__  # type: ignore[assignment]  # a list in fact
    spec.has_location = True
    return spec


def _alias_spec(alias: str, name: str) -> ModuleSpec | None:
    module = sys.modules.get(name)
    if module is not None:
        # Not always a module: the reactor is an object.
        locations, origin = getattr(module, "__path__", None), getattr(module, "__file__", None)
    else:
        found = find_spec(name)
        if found is None:
            return None
        locations, origin = found.submodule_search_locations, found.origin
    spec = ModuleSpec(alias, _AliasLoader(name), origin=origin, is_package=locations is not None)
    if locations is not None:
        spec.submodule_search_locations = list(locations)
    spec.has_location = origin is not None
    return spec


def _mirroring_spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    spec = PathFinder.find_spec(name, path)
    if spec is not None and type(spec.loader) is SourceFileLoader:
        spec.loader = _MirroringLoader(spec.loader.name, spec.loader.path)
    return spec


class _MirroringLoader(SourceFileLoader):
    """Loads a module of reactorio, and enters it under its alias too."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _mirror(self.name)


class _AliasLoader(Loader):
    """Loads ``twisted.X`` by handing out ``reactorio.X``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        # Now, before importlib enters its placeholder: who imports the alias from within the module
        # sees that module, perhaps half made, and never the placeholder.
        import_module(self._name)
        return None

    def exec_module(self, module: ModuleType) -> None:
        # Replace the placeholder instead of returning our module from create_module:
        # importlib would overwrite its __spec__.
        assert module.__spec__ is not None
        sys.modules[module.__spec__.name] = sys.modules[self._name]

    # What `python -m`, pkgutil, inspect and zipimport-minded tools ask of a loader.

    def get_code(self, fullname: str) -> CodeType | None:
        return self._real_loader().get_code(self._name)  # type: ignore[no-any-return]  # a loader's optional method

    def get_source(self, fullname: str) -> str | None:
        return self._real_loader().get_source(self._name)  # type: ignore[no-any-return]  # likewise

    def get_filename(self, fullname: str) -> str:
        return self._real_loader().get_filename(self._name)  # type: ignore[no-any-return]  # likewise

    def get_data(self, path: str) -> bytes:
        return self._real_loader().get_data(path)  # type: ignore[no-any-return]  # likewise

    def get_resource_reader(self, fullname: str) -> Any:
        return self._real_loader().get_resource_reader(self._name)

    def is_package(self, fullname: str) -> bool:
        return self._real_loader().is_package(self._name)  # type: ignore[no-any-return]  # likewise

    def _real_loader(self) -> Any:
        spec = find_spec(self._name)
        if spec is None or spec.loader is None:
            raise ImportError(f"no loader for {self._name!r}", name=self._name)
        return spec.loader


class _TwistedLoader(_AliasLoader):
    """Makes the top-level module."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Twisted(spec.name, sys.modules[_OURS].__doc__)

    def exec_module(self, module: ModuleType) -> None:
        module.__version__ = ".".join(map(str, TWISTED_VERSION))  # type: ignore[attr-defined]  # that is how it is made
