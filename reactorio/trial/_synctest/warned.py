"""Warnings: collecting them while something runs, and asking which function one came from."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    _P = ParamSpec("_P")

_T = TypeVar("_T")

_Suppressions = Sequence[tuple[Sequence[Any], "dict[str, Any]"]]


@dataclass(frozen=True)
class _Warning:
    """A warning that was given: its text, its class, and the line it is blamed on."""

    message: str
    category: type[Warning]
    filename: str
    lineno: int

    def emit(self) -> None:
        """Give the warning again, to whatever the filters say now."""
        warnings.warn_explicit(self.message, self.category, self.filename, self.lineno)


def _collectWarnings(
    observeWarning: Callable[[_Warning], object], f: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Call ``f``, hand each warning given meanwhile to ``observeWarning``, repeated ones too, and show none."""

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        observeWarning(_Warning(str(message), category, filename, lineno))

    # Entering and changing the filters makes the modules' records of what was already shown invalid (bpo-4180),
    # and "always" makes no new ones: nothing is missed for having been shown before.
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("always")
        warnings.showwarning = show
        return f(*args, **kwargs)


def suppressing(suppressions: _Suppressions, f: Callable[[], _T]) -> _T:
    """Call ``f`` under the filters that ``suppress`` attributes hold, first one strongest."""
    if not suppressions:
        return f()
    with warnings.catch_warnings():
        for args, kwargs in reversed(suppressions):
            warnings.filterwarnings(*args, **kwargs)
        return f()


class LinesOf:
    """
    The lines that a function's code is on.

    Raises:
        ValueError: It is neither a function nor a method.
    """

    def __init__(self, function: object) -> None:
        if isinstance(function, MethodType):
            function = function.__func__
        if not isinstance(function, FunctionType):
            raise ValueError(f"{function!r} is not a function or method")
        code = function.__code__
        self._filename = os.path.normcase(code.co_filename)
        # Not sorted: a jump back to an earlier line may be the last instruction (PEP 626).
        lines = [line for _, _, line in code.co_lines() if line is not None]
        self._first, self._last = min(lines), max(lines)

    def __contains__(self, warning: _Warning) -> bool:
        return self._first <= warning.lineno <= self._last and os.path.normcase(
            os.path.abspath(warning.filename)
        ) == os.path.abspath(self._filename)
