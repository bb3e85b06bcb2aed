"""How a test says that it failed, was skipped, or is known not to pass yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest import SkipTest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.python.failure import Failure

__all__ = ["FailTest", "SkipTest", "Todo", "makeTodo"]


class FailTest(AssertionError):
    """An assertion did not hold."""


@dataclass(frozen=True)
class Todo:
    """
    Why a test is expected to fail.

    Args:
        reason: For people.
        errors: The exceptions that are expected; None for any.
    """

    reason: str
    errors: Iterable[type[BaseException]] | None = None

    def __repr__(self) -> str:
        return f"<Todo reason={self.reason!r} errors={self.errors!r}>"

    def expected(self, failure: Failure) -> bool:
        """Is this what the test was expected to fail with?"""
        return self.errors is None or any(failure.check(error) for error in self.errors)


def makeTodo(value: str | tuple[type[BaseException] | Iterable[type[BaseException]], str]) -> Todo:
    """Make a `Todo` of a ``todo`` attribute: a reason, or a pair of one or several exceptions and a reason."""
    if isinstance(value, str):
        return Todo(value)
    errors, reason = value
    return Todo(reason, [errors] if isinstance(errors, type) else list(errors))


for _name in ("FailTest", "Todo", "makeTodo"):
    globals()[_name].__module__ = "reactorio.trial.unittest"
del _name
