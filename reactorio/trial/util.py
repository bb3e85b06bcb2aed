"""What tests of test runners need: attributes by scope, suppressions, and the janitor's complaint."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from reactorio.python.failure import Failure
from reactorio.trial._janitor import DirtyReactorAggregateError
from reactorio.trial._janitor import _Janitor as _Janitor  # tests of runners clean their own reactors with it

# What a runner raises, and how it empties its directory.
from reactorio.trial._workdir import _NoTrialMarker as _NoTrialMarker
from reactorio.trial._workdir import _removeSafely as _removeSafely
from reactorio.trial._workdir import _unusedTestDirectory as _unusedTestDirectory
from reactorio.trial._workdir import _WorkingDirectoryBusy as _WorkingDirectoryBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import ParamSpec

    from reactorio.trial.itrial import ExcInfo, Problem

    _P = ParamSpec("_P")

_T = TypeVar("_T")

__all__ = [
    "DEFAULT_TIMEOUT",
    "DEFAULT_TIMEOUT_DURATION",
    "DirtyReactorAggregateError",
    "acquireAttribute",
    "excInfoOrFailureToExcInfo",
    "openTestLog",
    "profiled",
    "suppress",
]

DEFAULT_TIMEOUT = object()
"""Stands for `DEFAULT_TIMEOUT_DURATION`, whatever that is then."""

DEFAULT_TIMEOUT_DURATION = 120.0
"""Seconds that a TestCase waits for a Deferred."""

_DEFAULT = object()


def acquireAttribute(objects: Sequence[object], attr: str, default: Any = _DEFAULT) -> Any:
    """
    Return the attribute of the first object that has it, else ``default``.

    Raises:
        AttributeError: None has it, and there is no default.
    """
    for candidate in objects:
        if hasattr(candidate, attr):
            return getattr(candidate, attr)
    if default is _DEFAULT:
        raise AttributeError(f"attribute {attr!r} not found in {objects!r}")
    return default


def excInfoOrFailureToExcInfo(err: Problem) -> ExcInfo:
    """Turn a Failure into what `sys.exc_info` gives; such a tuple stays as it is."""
    if isinstance(err, Failure):
        return (err.type, err.value, err.getTracebackObject())
    return err


def suppress(action: str = "ignore", **kwarg: Any) -> tuple[tuple[str], dict[str, Any]]:
    """Make an entry of a ``suppress`` attribute: the arguments of `warnings.filterwarnings`."""
    return ((action,), kwarg)


def profiled(f: Callable[_P, _T], outputFile: str) -> Callable[_P, _T]:
    """Wrap ``f`` so that each call leaves its profile in ``outputFile``, and prints it."""

    def _(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        import profile  # only for this, and slow to import

        prof = profile.Profile()
        try:
            result: _T = prof.runcall(f, *args, **kwargs)
            return result
        finally:
            prof.dump_stats(outputFile)
            prof.print_stats()

    return _


def openTestLog(path: Any) -> TextIO:
    """Open a log file to append text to, in UTF-8 whatever the locale; ``path`` is a FilePath."""
    return open(os.fspath(path.path), "a", encoding="utf-8", errors="strict")
