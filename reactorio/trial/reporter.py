"""Who hears of tests: results, reports for people, and reporters in front of reporters."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.python.failure import Failure
from reactorio.trial import itrial
from reactorio.trial._linereports import MinimalReporter, TextReporter, TimingTextReporter, VerboseTextReporter
from reactorio.trial._results import TestResult
from reactorio.trial._subunit import SubunitReporter
from reactorio.trial._textreports import Reporter, SafeStream
from reactorio.trial._treereport import TreeReporter, _AnsiColorizer, _NullColorizer
from reactorio.trial.util import DirtyReactorAggregateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.trial._synctest.outcomes import Todo
    from reactorio.trial.itrial import Problem

__all__ = [
    "BrokenTestCaseWarning",
    "MinimalReporter",
    "Reporter",
    "SafeStream",
    "SubunitReporter",
    "TestProtocolClient",
    "TestResult",
    "TestResultDecorator",
    "TextReporter",
    "TimingTextReporter",
    "TreeReporter",
    "UncleanWarningsReporterWrapper",
    "VerboseTextReporter",
    "_AnsiColorizer",
    "_NullColorizer",
]

try:
    from subunit import TestProtocolClient  # type: ignore[import-not-found]  # a user's choice, not ours
except ImportError:
    TestProtocolClient = None


class BrokenTestCaseWarning(Warning):
    """A test case does something that no test case should."""


@implementer(itrial.IReporterWithDurations)
class TestResultDecorator:
    """
    A reporter in front of a reporter. A subclass changes what it passes on.

    Args:
        original: Any attribute that this one does not have is this reporter's.
    """

    __test__ = False

    def __init__(self, original: Any) -> None:
        self._originalReporter = original

    def __getattr__(self, name: str) -> Any:
        # Not for what copying and pickling ask of an object that has no attributes yet.
        if name == "_originalReporter":
            raise AttributeError(name)
        return getattr(self._originalReporter, name)

    @property
    def shouldStop(self) -> bool:
        return bool(self._originalReporter.shouldStop)

    @shouldStop.setter
    def shouldStop(self, stop: bool) -> None:
        self._originalReporter.shouldStop = stop

    # Methods, and not __getattr__'s: `providedBy` has to be true of what is there.

    def startTest(self, method: Any) -> None:
        self._originalReporter.startTest(method)

    def stopTest(self, method: Any) -> None:
        self._originalReporter.stopTest(method)

    def addSuccess(self, test: Any) -> None:
        self._originalReporter.addSuccess(test)

    def addFailure(self, test: Any, failure: Problem) -> None:
        self._originalReporter.addFailure(test, failure)

    def addError(self, test: Any, error: Problem) -> None:
        self._originalReporter.addError(test, error)

    def addSkip(self, test: Any, reason: Any) -> None:
        self._originalReporter.addSkip(test, reason)

    def addExpectedFailure(self, test: Any, failure: Problem, todo: Todo | None = None) -> None:
        self._originalReporter.addExpectedFailure(test, failure, *_given(todo))

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        self._originalReporter.addUnexpectedSuccess(test, *_given(todo))

    def addDuration(self, test: Any, elapsed: float) -> None:
        self._originalReporter.addDuration(test, elapsed)


def _given(todo: Todo | None) -> tuple[Todo, ...]:
    """The argument, if there is one: not every reporter behind takes it."""
    return () if todo is None else (todo,)


class UncleanWarningsReporterWrapper(TestResultDecorator):
    """Has what a test left in the reactor be a warning, and no error."""

    def addError(self, test: Any, error: Problem) -> None:
        if isinstance(error, Failure) and error.check(DirtyReactorAggregateError) is not None:
            warnings.warn(error.getErrorMessage(), stacklevel=1)
        else:
            super().addError(test, error)


class _ExitWrapper(TestResultDecorator):
    """Ends the run at the first error or failure."""

    def addError(self, test: Any, error: Problem) -> None:
        self.shouldStop = True
        super().addError(test, error)

    def addFailure(self, test: Any, failure: Problem) -> None:
        self.shouldStop = True
        super().addFailure(test, failure)


class _AdaptedReporter(TestResultDecorator):
    """
    Shows the reporter something else in the place of each test.

    Args:
        testAdapter: Called with a test, returns what stands for it.
        shouldStop: Whose word ends the run.
    """

    def __init__(self, original: Any, testAdapter: Callable[[Any], Any]) -> None:
        super().__init__(original)
        self.testAdapter = testAdapter

    def startTest(self, method: Any) -> None:
        super().startTest(self.testAdapter(method))

    def stopTest(self, method: Any) -> None:
        super().stopTest(self.testAdapter(method))

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(self.testAdapter(test))

    def addFailure(self, test: Any, failure: Problem) -> None:
        super().addFailure(self.testAdapter(test), failure)

    def addError(self, test: Any, error: Problem) -> None:
        super().addError(self.testAdapter(test), error)

    def addSkip(self, test: Any, reason: Any) -> None:
        super().addSkip(self.testAdapter(test), reason)

    def addExpectedFailure(self, test: Any, failure: Problem, todo: Todo | None = None) -> None:
        super().addExpectedFailure(self.testAdapter(test), failure, todo)

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        super().addUnexpectedSuccess(self.testAdapter(test), todo)

    def addDuration(self, test: Any, elapsed: float) -> None:
        super().addDuration(self.testAdapter(test), elapsed)
