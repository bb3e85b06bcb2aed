"""Suites of a run, and what stands in it in the place of a test."""

from __future__ import annotations

import unittest as pyunit
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.trial import _synctest, itrial
from reactorio.trial._asyncrunner import TestSuite, _ForceGarbageCollectionDecorator, decorate
from reactorio.trial.util import excInfoOrFailureToExcInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.trial.itrial import Problem

__name__ = "reactorio.trial.runner"  # the public path, for the classes made here

NOT_IN_TEST = "<not in test>"


class DestructiveTestSuite(TestSuite):
    """A suite that lets go of each test before it runs it: what a test keeps is gone once it is over."""

    def run(self, result: Any, debug: bool = False) -> Any:
        """Run the tests; those that are left, because ``result`` said to stop, stay."""
        waiting: list[Any] = list(reversed(self._tests))
        self._tests = []
        try:
            while waiting and not result.shouldStop:
                waiting.pop()(result)
        finally:
            self._tests = waiting[::-1]
        return result


class LoggedSuite(TestSuite):
    """A suite that reports what is logged as an error while no test is running."""

    def run(self, result: Any, debug: bool = False) -> Any:
        observer = _synctest._logObserver
        observer._add()
        try:
            super().run(result)
        finally:
            observer._remove()
        for error in observer.flushErrors():
            result.addError(TestHolder(NOT_IN_TEST), error)
        return result


class TrialSuite(TestSuite):
    """
    All tests of a run, after which the reactor shuts down.

    Args:
        forceGarbageCollection: Collect garbage before and after each test.
    """

    def __init__(self, tests: Iterable[Any] = (), forceGarbageCollection: bool = False) -> None:
        if forceGarbageCollection:
            tests = [decorate(test, _ForceGarbageCollectionDecorator) for test in tests]
        super().__init__(tests)

    def run(self, result: Any, debug: bool = False) -> Any:
        try:
            super().run(result)
        finally:
            _shut_down()
        return result


def _shut_down() -> None:
    """Have the reactor end as a program's does, with its threads and its shutdown triggers."""
    from reactorio.internet import reactor  # looked up late: a test may have put another one in its place

    loop: Any = reactor
    if not loop.running:
        loop.callWhenRunning(loop.stop)
        loop.run(installSignalHandlers=False)


@implementer(itrial.ITestCase)
class TestHolder:
    """
    Something to report of that is no test.

    Args:
        description: What it is called.
    """

    __test__ = False  # for pytest: this is no test class

    failureException: Any = None
    skip = None

    def __init__(self, description: str) -> None:
        self.description = description

    def __call__(self, result: Any) -> Any:
        return self.run(result)

    def id(self) -> str:
        return self.description

    def countTestCases(self) -> int:
        return 0

    def run(self, result: Any) -> Any:
        """Report a success."""
        self._report(result, result.addSuccess, self)

    def _report(self, result: Any, report: Callable[..., object], *outcome: object) -> None:
        result.startTest(self)
        report(*outcome)
        result.stopTest(self)

    def shortDescription(self) -> str:
        return self.description


class ErrorHolder(TestHolder):
    """
    What stands for tests that cannot be had, a module that cannot be imported for example.

    Args:
        error: Why: a `Failure` or an exc_info tuple.
    """

    def __init__(self, description: str, error: Problem) -> None:
        super().__init__(description)
        self.error = excInfoOrFailureToExcInfo(error)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} description={self.description!r} error={self.error[1]!r}>"

    def run(self, result: Any) -> Any:
        """Report the error."""
        self._report(result, result.addError, self, self.error)


def suiteVisit(suite: Any, visitor: Callable[[Any], object]) -> None:
    """Call ``visitor`` with each test of a suite, and of the suites in it."""
    for case in suite._tests:
        if isinstance(case, pyunit.TestSuite):
            suiteVisit(case, visitor)
        else:
            visitor(case)
