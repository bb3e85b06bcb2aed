"""What trial's test cases report, in the terms of the standard library's results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.trial.util import excInfoOrFailureToExcInfo

if TYPE_CHECKING:
    from reactorio.trial import itrial
    from reactorio.trial._synctest.outcomes import Todo


__unittest = True  # see _synctest.assertions


class PyUnitResultAdapter:
    """
    Stand between a trial test case and a `unittest.TestResult` (or pytest's).

    Args:
        original: Takes exc_info tuples where trial reports a `Failure`, and knows no `Todo`.
    """

    def __init__(self, original: Any) -> None:
        self.original = original

    @property
    def shouldStop(self) -> bool:
        return bool(getattr(self.original, "shouldStop", False))

    @property
    def testsRun(self) -> int:
        return int(getattr(self.original, "testsRun", 0))

    def startTest(self, method: Any) -> None:
        self.original.startTest(method)

    def stopTest(self, method: Any) -> None:
        self.original.stopTest(method)

    def addSuccess(self, test: Any) -> None:
        self.original.addSuccess(test)

    def addFailure(self, test: Any, failure: itrial.Problem) -> None:
        self.original.addFailure(test, raised_exc_info(failure))

    def addError(self, test: Any, error: itrial.Problem) -> None:
        self.original.addError(test, raised_exc_info(error))

    def addSkip(self, test: Any, reason: str) -> None:
        self.original.addSkip(test, str(reason))

    def addExpectedFailure(self, test: Any, failure: itrial.Problem, todo: Todo | None = None) -> None:
        self.original.addExpectedFailure(test, raised_exc_info(failure))

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        self.original.addUnexpectedSuccess(test)

    def wasSuccessful(self) -> bool:
        return bool(self.original.wasSuccessful())

    def done(self) -> None:
        """Nothing: the standard library's results have no end that they are told of."""


def raised_exc_info(problem: itrial.Problem) -> itrial.ExcInfo:
    """The exception and its traceback; if there is none because it was never raised, one that starts here."""
    kind, value, traceback = excInfoOrFailureToExcInfo(problem)
    if traceback is None:
        # pytest expects every exception to have one.
        try:
            raise value
        except BaseException as raised:
            traceback = raised.__traceback__
    return kind, value, traceback


PyUnitResultAdapter.__module__ = "reactorio.trial.unittest"
