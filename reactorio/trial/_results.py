"""What came of each test: the result that all of trial's reporters are."""

from __future__ import annotations

import time
import unittest as pyunit
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.python.failure import Failure
from reactorio.trial import itrial
from reactorio.trial._synctest.outcomes import Todo, makeTodo

if TYPE_CHECKING:
    from reactorio.trial.itrial import Problem

__name__ = "reactorio.trial.reporter"  # the public path, for the class made here


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
        self._testStarted = self._lastTime = 0.0

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
