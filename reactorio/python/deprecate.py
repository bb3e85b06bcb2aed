"""
Saying that something is on its way out.

    deprecated                    a function, method or class
    deprecatedProperty            a property
    deprecatedKeywordParameter    one parameter of a function
    deprecatedModuleAttribute     a name in a module
    warnAboutFunction             somebody else's function, from outside

The versions may be :class:`reactorio.python.versions.Version` or the ``incremental`` package's.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import ParamSpec

from reactorio.python.reflect import fullyQualifiedName as _fullyQualifiedName
from reactorio.python.versions import Version, getVersionString

if TYPE_CHECKING:
    from types import FunctionType, ModuleType

__all__ = [
    "DEPRECATION_WARNING_FORMAT",
    "deprecated",
    "deprecatedKeywordParameter",
    "deprecatedModuleAttribute",
    "deprecatedProperty",
    "getDeprecationWarningString",
    "getVersionString",
    "getWarningMethod",
    "setWarningMethod",
    "warnAboutFunction",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_F = TypeVar("_F", bound=Callable[..., Any])
_Replacement = str | Callable[..., object] | None

DEPRECATION_WARNING_FORMAT = "%(fqpn)s was deprecated in %(version)s"

_warn: Callable[..., None] = warnings.warn


def getWarningMethod() -> Callable[..., None]:
    """Return what deprecations are announced with."""
    return _warn


def setWarningMethod(newMethod: Callable[..., None]) -> None:
    """Announce deprecations with another function than :func:`warnings.warn`; it takes the same arguments."""
    global _warn
    _warn = newMethod


# -- What is said


def _replacement_clause(replacement: _Replacement) -> str:
    if not replacement:
        return ""
    name = _fullyQualifiedName(replacement) if callable(replacement) else replacement
    return f"; please use {name} instead"


def _getDeprecationWarningString(
    fqpn: str, version: Version, format: str | None = None, replacement: _Replacement = None
) -> str:
    text = (format or DEPRECATION_WARNING_FORMAT) % {"fqpn": fqpn, "version": getVersionString(version)}
    return text + _replacement_clause(replacement)


def getDeprecationWarningString(
    callableThing: Callable[..., object],
    version: Version,
    format: str | None = None,
    replacement: _Replacement = None,
) -> str:
    """
    Return the text of a warning: ``module.thing was deprecated in Package 1.2.3``.

    Args:
        format: Another text, with ``%(fqpn)s`` and ``%(version)s``.
        replacement: What to use instead: an object, or text.
    """
    return _getDeprecationWarningString(_fullyQualifiedName(callableThing), version, format, replacement)


def _getDeprecationDocstring(version: Version, replacement: _Replacement = None) -> str:
    return f"Deprecated in {getVersionString(version)}{_replacement_clause(replacement)}."


def _appendToDocstring(thingWithDoc: Any, textToAppend: str) -> None:
    if not thingWithDoc.__doc__:
        thingWithDoc.__doc__ = textToAppend
        return
    starts_on_second_line = thingWithDoc.__doc__.startswith("\n")
    doc = inspect.cleandoc(thingWithDoc.__doc__)
    start = "\n" if starts_on_second_line else ""
    thingWithDoc.__doc__ = f"{start}{doc}\n\n{textToAppend}\n"


# -- Functions, classes, properties, parameters


def deprecated(version: Version, replacement: _Replacement = None) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """
    Make a decorator for what is deprecated since ``version``: calls warn, and the docstring says so.

    A class becomes a function that makes instances, so it can no longer be derived from.
    """

    def mark(function: Callable[_P, _R]) -> Callable[_P, _R]:
        message = getDeprecationWarningString(function, version, None, replacement)

        @wraps(function)
        def warning(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            _warn(message, DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        _appendToDocstring(warning, _getDeprecationDocstring(version, replacement))
        setattr(warning, "deprecatedVersion", version)
        return warning

    return mark


class _DeprecatedProperty(property):
    """A property that warns when it is set, too; reading warns in the getter."""

    message: str

    def setter(self, fset: Callable[[Any, Any], None]) -> _DeprecatedProperty:
        @wraps(fset)
        def warning(instance: Any, value: Any) -> None:
            _warn(self.message, DeprecationWarning, stacklevel=2)
            fset(instance, value)

        changed = type(self)(self.fget, warning, self.fdel)
        changed.message = self.message
        return changed


def deprecatedProperty(version: Version, replacement: _Replacement = None) -> Callable[[Callable[[Any], _R]], Any]:
    """Make a decorator, in the place of ``@property``, for a property deprecated since ``version``."""

    def mark(function: Callable[[Any], _R]) -> _DeprecatedProperty:
        getter = deprecated(version, replacement)(function)
        made = _DeprecatedProperty(getter)
        made.message = getDeprecationWarningString(function, version, None, replacement)
        return made

    return mark


def deprecatedKeywordParameter(version: Version, name: str, replacement: str | None = None) -> Callable[[_F], _F]:
    """
    Make a decorator that warns when the parameter ``name`` is given: by keyword, or by position if it is the last.

    Args:
        replacement: The parameter to use instead.
    """

    def mark(function: _F) -> _F:
        message = _getDeprecationWarningString(
            f"The {name!r} parameter to {_fullyQualifiedName(function)}", version, replacement=replacement
        )
        parameters = list(inspect.signature(function).parameters.values())
        by_position: int | None = None
        for position, parameter in enumerate(parameters):
            if parameter.name == name and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                by_position = position

        @wraps(function)
        def warning(*args: Any, **kwargs: Any) -> Any:
            if name in kwargs or (by_position is not None and len(args) > by_position):
                _warn(message, DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        note = f"The {name!r} parameter was deprecated in {getVersionString(version)}"
        _appendToDocstring(warning, f"{note}{_replacement_clause(replacement)}.")
        return warning  # type: ignore[return-value]  # wraps() keeps the signature

    return mark


# -- Names in modules


class _DeprecatedAttribute:
    """A name in a module whose reading warns."""

    def __init__(self, module: ModuleType, name: str, version: Version, message: str) -> None:
        self.module = module
        self.__name__ = name
        self.version = version
        self.message = message

    def get(self) -> Any:
        """Return the value, and blame the caller's caller for asking."""
        value = getattr(self.module, self.__name__)
        fqpn = f"{self.module.__name__}.{self.__name__}"
        message = _getDeprecationWarningString(fqpn, self.version, f"{DEPRECATION_WARNING_FORMAT}: {self.message}")
        warnings.warn(message, DeprecationWarning, stacklevel=3)
        return value


class _ModuleProxy:
    """Stands in ``sys.modules`` for a module that has deprecated names; all else goes through."""

    def __init__(self, module: ModuleType) -> None:
        object.__setattr__(self, "_module", module)
        object.__setattr__(self, "_deprecatedAttributes", {})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} module={object.__getattribute__(self, '_module')!r}>"

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "_module"), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(object.__getattribute__(self, "_module"), name)

    def __dir__(self) -> list[str]:
        return dir(object.__getattribute__(self, "_module"))

    def __getattribute__(self, name: str) -> Any:
        attribute = object.__getattribute__(self, "_deprecatedAttributes").get(name)
        # `from package import name` looks twice: first importlib asks whether it must import a submodule.
        if attribute is not None and sys._getframe(1).f_globals.get("__name__") != "importlib._bootstrap":
            return attribute.get()
        return getattr(object.__getattribute__(self, "_module"), name)


def _proxy_for(moduleName: str) -> _ModuleProxy:
    module: Any = sys.modules[moduleName]
    # Not isinstance: it would ask the proxy for its __class__, which is the module's.
    if type(module) is _ModuleProxy:
        return module
    proxy = _ModuleProxy(module)
    sys.modules[moduleName] = proxy  # type: ignore[assignment]  # it acts as one
    return proxy


def deprecatedModuleAttribute(version: Version, message: str, moduleName: str, name: str) -> None:
    """
    Warn whoever reads ``name`` from a module; to be called in that module.

    Args:
        message: What the warning says after the version: what to use instead.
    """
    proxy = _proxy_for(moduleName)
    attribute = _DeprecatedAttribute(object.__getattribute__(proxy, "_module"), name, version, message)
    object.__getattribute__(proxy, "_deprecatedAttributes")[name] = attribute


# -- Functions of others


def warnAboutFunction(offender: FunctionType, warningString: str) -> None:
    """
    Warn about ``offender`` as if its last line had done it.

    For a framework that learns from how a function of its user behaved that it is written in an old way.
    """
    module = sys.modules[offender.__module__]
    last_line = max(line for _, _, line in offender.__code__.co_lines() if line is not None)
    warnings.warn_explicit(
        warningString,
        category=DeprecationWarning,
        # The module knows where its file is now, compiled code knows where it was.
        filename=inspect.getabsfile(module),
        lineno=last_line,
        registry=offender.__globals__.setdefault("__warningregistry__", {}),
        module=offender.__module__,
    )


# -- Parameters of which only one may be given


def _passedSignature(
    signature: inspect.Signature, positional: tuple[object, ...], keyword: dict[str, object]
) -> dict[str, object]:
    """Return the arguments by name that a call passes, and the defaults of those that go by keyword only."""
    passed = dict(signature.bind(*positional, **keyword).arguments)
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            passed.setdefault(name, parameter.default)
    return passed


def _mutuallyExclusiveArguments(
    argumentPairs: Sequence[Sequence[str]],
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Make a decorator that raises TypeError for a call that passes both arguments of a pair."""

    def mark(function: Callable[_P, _R]) -> Callable[_P, _R]:
        signature = inspect.signature(function)

        @wraps(function)
        def checking(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            passed = _passedSignature(signature, args, kwargs)
            for this, that in argumentPairs:
                if this in passed and that in passed:
                    name = _fullyQualifiedName(function)
                    raise TypeError(f"The {this!r} and {that!r} arguments to {name} are mutually exclusive.")
            return function(*args, **kwargs)

        return checking

    return mark
