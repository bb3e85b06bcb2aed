"""Functions made of functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import ParamSpec

    _P = ParamSpec("_P")

__all__ = ["compose"]

_A = TypeVar("_A")
_B = TypeVar("_B")


def compose(after: Callable[[_A], _B], first: Callable[_P, _A]) -> Callable[_P, _B]:
    """Return a function that calls ``first``, and ``after`` with the result."""

    def composed(*args: _P.args, **kwargs: _P.kwargs) -> _B:
        return after(first(*args, **kwargs))

    return composed
