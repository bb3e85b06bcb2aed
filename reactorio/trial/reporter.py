"""Results of test runs, and results around results."""

from __future__ import annotations

import time
import unittest as pyunit
import warnings
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.python.failure import Failure
from reactorio.trial import itrial
from reactorio.trial._synctest.outcomes import Todo, makeTodo
from reactorio.trial.util import DirtyReactorAggregateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.trial.itrial import Problem

__all__ = ["BrokenTestCaseWarning", "TestResult", "TestResultDecorator", "UncleanWarningsReporterWrapper"]


class BrokenTestCaseWarning(Warning):
    """A test case does something that no test case should."""


@implementer(itrial.IReporterWithDurations)
class TestResult(pyunit.TestResult):
    """
    Keeps what came of each test. It is a result for the standard library's test cases as well.

    Attributes:
        successes: How many tests were right.
        errors, failures: Pairs of a test and a `Failure`.
        skips: Pairs of a test and a reason.
        expectedFailures: Triples of a test, a `Failure` and a `Todo`.
        unexpectedSuccesses: Pairs of a test and a `Todo`.
        collectedDurations: Pairs of a test's name and the seconds that it took.
    """

    __test__ = False  # for pytest: this is no test class

    errors: list[tuple[Any, Failure]]  # type: ignore[assignment]  # the standard library keeps text
    failures: list[tuple[Any, Failure]]  # type: ignore[assignment]
    expectedFailures: list[tuple[Any, Failure, Todo]]  # type: ignore[assignment]
    unexpectedSuccesses: list[tuple[Any, Todo]]  # type: ignore[assignment]
    collectedDurations: list[tuple[str, float]]

    def __init__(self) -> None:
        super().__init__()
        self.skips: list[tuple[Any, Any]] = []
        self.successes = 0
        self.collectedDurations = []
        self._timings: list[float] = []
        self._lastTime = 0.0

    def __repr__(self) -> str:
        return (
            f"<{type(self).__module__}.{type(self).__qualname__} run={self.testsRun} errors={len(self.errors)} "
            f"failures={len(self.failures)} todos={len(self.expectedFailures)} "
            f"dones={len(self.unexpectedSuccesses)} skips={len(self.skips)}>"
        )

    def _getTime(self) -> float:
        return time.time()

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        self._testStarted = self._getTime()

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        self._lastTime = self._getTime() - self._testStarted

    def addSuccess(self, test: Any) -> None:
        self.successes += 1

    def addError(self, test: Any, error: Problem) -> None:  # type: ignore[override]  # takes a Failure too
        self.errors.append((test, _failure(error)))

    def addFailure(self, test: Any, fail: Problem) -> None:  # type: ignore[override]
        self.failures.append((test, _failure(fail)))

    def addSkip(self, test: Any, reason: Any) -> None:
        self.skips.append((test, reason))

    def addExpectedFailure(  # type: ignore[override]
        self, test: Any, error: Problem, todo: Todo | None = None
    ) -> None:
        self.expectedFailures.append((test, _failure(error), _todo(todo)))

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        self.unexpectedSuccesses.append((test, _todo(todo)))

    def addDuration(self, test: Any, elapsed: float) -> None:
        self.collectedDurations.append((str(test), elapsed))

    def wasSuccessful(self) -> bool:
        """Did nothing fail? A todo that passed is no failure here, other than in the standard library."""
        return not self.failures and not self.errors

    def done(self) -> None:
        """The run is over."""


def _failure(problem: object) -> Failure:
    """
    Make a Failure of what a test reported.

    Raises:
        TypeError: It is neither a Failure nor an exc_info tuple.
    """
    if isinstance(problem, Failure):
        return problem
    if isinstance(problem, tuple) and len(problem) == 3:
        kind, value, traceback = problem
        return Failure(value, kind, traceback)
    raise TypeError(f"a Failure or an exc_info tuple is expected, not {problem!r}")


def _todo(todo: Todo | None) -> Todo:
    # The standard library's expectedFailure gives no reason.
    return makeTodo("Test expected to fail") if todo is None else todo


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
