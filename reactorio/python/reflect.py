"""
Objects by name and names of objects, methods by prefix, and text of objects whose own ``repr`` may be broken.

Names that begin with ``twisted.`` mean this package's modules, whether or not it is imported under that name.
"""

from __future__ import annotations

import importlib
import os
import traceback
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from reactorio.python._names import canonical
from reactorio.python._objgrep import findInstances, isLike, isOfType, isSame, modgrep, objgrep
from reactorio.python.compat import nativeString

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "InvalidName",
    "ModuleNotFound",
    "ObjectNotFound",
    "QueueMethod",
    "accumulateClassDict",
    "accumulateClassList",
    "accumulateMethods",
    "addMethodNamesToDict",
    "filenameToModuleName",
    "findInstances",
    "fullFuncName",
    "fullyQualifiedName",
    "getClass",
    "isLike",
    "isOfType",
    "isSame",
    "modgrep",
    "namedAny",
    "namedClass",
    "namedModule",
    "namedObject",
    "objgrep",
    "prefixedMethodNames",
    "prefixedMethods",
    "qual",
    "requireModule",
    "safe_repr",
    "safe_str",
]


# -- Objects by name


class InvalidName(ValueError):
    """This cannot be the name of an object."""


class ModuleNotFound(InvalidName):
    """There is no module of that name."""


class ObjectNotFound(InvalidName):
    """There is no object of that name."""


def _spellings(name: str) -> list[str]:
    """Return the names to try: ours for one of Twisted's, and then the name as it is."""
    ours = "reactorio" if name == "twisted" else canonical(name)
    return [name] if ours == name else [ours, name]


def namedModule(name: str) -> Any:
    """Import a module, and return it and not the package that it is in."""
    *first, last = _spellings(name)
    for spelling in first:
        try:
            return importlib.import_module(spelling)
        except ModuleNotFoundError as error:
            if not _is_about(error, spelling):
                raise
            missing = error
            try:
                return importlib.import_module(last)
            except ModuleNotFoundError as again:
                raise (missing if again.name == "twisted" else again) from None
    return importlib.import_module(last)


def namedObject(name: str) -> Any:
    """Return an attribute of a module: ``package.module.thing``."""
    module, _, attribute = name.rpartition(".")
    return getattr(namedModule(module), attribute)


namedClass = namedObject


def namedAny(name: str) -> Any:
    """
    Return a module, or something in it, or something in that, by its dotted name.

    Raises:
        InvalidName: It is no dotted name.
        ModuleNotFound: There is one part only, and no such module.
        ObjectNotFound: There is no module that the name begins with.
        AttributeError: The module is there, the rest is not.
    """
    if not name:
        raise InvalidName("Empty module name")
    if "" in name.split("."):
        raise InvalidName(f"name must be a string giving a '.'-separated list of Python identifiers, not {name!r}")
    *first, last = _spellings(name)
    for spelling in first:
        try:
            return _walk(spelling)
        except (AttributeError, InvalidName) as missing:
            try:
                return _walk(last)
            except InvalidName:
                raise missing from None
    return _walk(last)


def _walk(name: str) -> Any:
    parts = name.split(".")
    found: Any = None
    imported = 0
    for count in range(1, len(parts) + 1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError as error:
            if not _is_about(error, name):
                raise
            break
        imported = count
    if not imported:
        if len(parts) == 1:
            raise ModuleNotFound(f"No module named {name!r}")
        raise ObjectNotFound(f"{name!r} does not name an object")
    for part in parts[imported:]:
        found = getattr(found, part)
    return found


def _is_about(error: ModuleNotFoundError, name: str) -> bool:
    """Is it ``name``, or a package on the way to it, that is not there: not something that it imports?"""
    return error.name is not None and f"{name}.".startswith(f"{error.name}.")


def requireModule(name: str, default: Any = None) -> Any:
    """Import a module; return ``default`` if that is not possible."""
    try:
        return namedModule(name)
    except ImportError:
        return default


def filenameToModuleName(fn: str | bytes) -> str:
    """Return the name by which the module in a file is imported, going up as long as there is an ``__init__.py``."""
    path = os.path.abspath(os.fsdecode(fn))
    directory, filename = os.path.split(path)
    parts = [os.path.splitext(filename)[0]]
    if parts == ["__init__"]:
        parts = []
    while os.path.exists(os.path.join(directory, "__init__.py")):
        directory, package = os.path.split(directory)
        parts.insert(0, package)
    return nativeString(".".join(parts))


# -- Names of objects


def qual(clazz: type[object]) -> str:
    """Return ``module.Name`` of a class."""
    return f"{clazz.__module__}.{clazz.__name__}"


def fullyQualifiedName(obj: Any) -> str:
    """Return the dotted name of a module, class, function or method."""
    name: str = getattr(obj, "__qualname__", None) or obj.__name__
    if isinstance(obj, MethodType):
        # The name of the class that the object has, not of the one the method is written in.
        owner = obj.__self__ if isinstance(obj.__self__, type) else type(obj.__self__)
        return f"{owner.__module__}.{owner.__name__}.{obj.__name__}"
    if isinstance(obj, (type, FunctionType)):
        return f"{obj.__module__}.{name}"
    return name


def fullFuncName(func: Callable[..., Any]) -> str:
    """
    Return ``module.function``.

    Raises:
        Exception: What goes by that name is another object.
    """
    name = f"{func.__module__}.{func.__name__}"
    if namedObject(name) is not func:
        raise Exception(f"Couldn't find {func} as {name}.")
    return name


def getClass(x: object) -> type:
    return type(x)


# -- Methods by prefix


def _own_methods(klass: type, prefix: str) -> list[str]:
    return [name for name, value in vars(klass).items() if isinstance(value, FunctionType) and name.startswith(prefix)]


def prefixedMethodNames(classObj: type, prefix: str) -> list[str]:
    """Return the names, less the prefix, of the methods of a class and its bases."""
    names: dict[str, int] = {}
    addMethodNamesToDict(classObj, names, prefix)
    return list(names)


def addMethodNamesToDict(classObj: type, dict: dict[str, int], prefix: str, baseClass: type | None = None) -> None:
    """
    Put the names of methods, less the prefix, into ``dict``, each with the value 1.

    Args:
        baseClass: Take only methods of classes that directly derive from this one.
    """
    for klass in reversed(classObj.__mro__):
        if baseClass is None or baseClass in klass.__bases__:
            for name in _own_methods(klass, prefix):
                dict[name[len(prefix) :]] = 1


def prefixedMethods(obj: object, prefix: str = "") -> list[Callable[..., Any]]:
    """Return the bound methods of ``obj`` whose names begin with ``prefix``."""
    methods: dict[str, Callable[..., Any]] = {}
    accumulateMethods(obj, methods, prefix)
    return list(methods.values())


def accumulateMethods(
    obj: object, dict: dict[str, Callable[..., Any]], prefix: str = "", curClass: type | None = None
) -> None:
    """Put the bound methods of ``obj`` into ``dict``, by their names less the prefix."""
    for klass in reversed((curClass or type(obj)).__mro__):
        for name in _own_methods(klass, prefix):
            dict[name[len(prefix) :]] = getattr(obj, name)


def accumulateClassDict(classObj: type, attr: str, adict: dict[Any, Any], baseClass: type | None = None) -> None:
    """Merge the dictionaries that classes have as ``attr``, from the base down, so that what derives wins."""
    for base in classObj.__bases__:
        accumulateClassDict(base, attr, adict)
    if baseClass is None or baseClass in classObj.__bases__:
        adict.update(vars(classObj).get(attr, {}))


def accumulateClassList(classObj: type, attr: str, listObj: list[Any], baseClass: type | None = None) -> None:
    """Join the lists that classes have as ``attr``, from the base down."""
    for base in classObj.__bases__:
        accumulateClassList(base, attr, listObj)
    if baseClass is None or baseClass in classObj.__bases__:
        listObj.extend(vars(classObj).get(attr, []))


class QueueMethod:
    """Appends its name and the arguments to ``calls`` each time it is called."""

    def __init__(self, name: str, calls: list[tuple[str, tuple[Any, ...]]]) -> None:
        self.name = name
        self.calls = calls

    def __call__(self, *args: Any) -> None:
        self.calls.append((self.name, args))


# -- Text of objects


def safe_repr(o: object) -> str:
    """Return ``repr(o)``, or if that raises, a text that shows the error."""
    try:
        return repr(o)
    except Exception:
        return _describe_broken(o, "repr")


def safe_str(o: object) -> str:
    """Return ``str(o)``, with bytes decoded if they are UTF-8, or if it raises, a text that shows the error."""
    if isinstance(o, bytes):
        try:
            return o.decode("utf-8")
        except UnicodeDecodeError:
            pass
    try:
        return str(o)
    except Exception:
        return _describe_broken(o, "str")


def _describe_broken(o: object, operation: str) -> str:
    error = traceback.format_exc()
    try:
        klass = o.__class__
    except Exception:
        klass = type(o)
    try:
        name = klass.__name__
    except Exception:
        try:
            name = str(klass)
        except Exception:
            name = None
    start = f"<BROKEN CLASS AT 0x{id(klass):x}" if name is None else f"<{name} instance at 0x{id(o):x}"
    return f"{start} with {operation} error:\n {error}>"
