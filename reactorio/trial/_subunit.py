"""The report as a stream for other programs, by the library of the subunit project."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.trial import itrial
from reactorio.trial._results import TestResult
from reactorio.trial.util import excInfoOrFailureToExcInfo

if TYPE_CHECKING:
    from reactorio.trial._synctest.outcomes import Todo
    from reactorio.trial.itrial import Problem

__name__ = "reactorio.trial.reporter"  # the public path, for the class made here


@implementer(itrial.IReporter)
class SubunitReporter:
    """
    Writes the subunit protocol (version 1).

    Args:
        stream: Takes bytes, itself or by its ``buffer``.
        tbformat, realtime, publisher: The protocol has no place for them.

    Raises:
        Exception: The library (python-subunit) is not installed.
    """

    testsRun: Any = None

    def __init__(
        self, stream: Any = None, tbformat: str = "default", realtime: bool = False, publisher: Any = None
    ) -> None:
        from reactorio.trial import reporter  # which imports this module

        if reporter.TestProtocolClient is None:
            raise Exception("Subunit not available")
        stream = sys.stdout if stream is None else stream
        self._subunit: Any = reporter.TestProtocolClient(getattr(stream, "buffer", stream))
        # The client does not keep count.
        self._result = TestResult()

    @property
    def shouldStop(self) -> bool:
        return bool(self._result.shouldStop)

    @shouldStop.setter
    def shouldStop(self, stop: bool) -> None:
        self._result.shouldStop = stop

    def stop(self) -> None:
        """Have no further test be started."""
        self._result.stop()

    def wasSuccessful(self) -> bool:
        return self._result.wasSuccessful()

    def done(self) -> None:
        """Nothing: the stream of outcomes is all there is."""

    def startTest(self, test: Any) -> Any:
        return self._subunit.startTest(test)

    def stopTest(self, test: Any) -> Any:
        return self._subunit.stopTest(test)

    def addSuccess(self, test: Any) -> Any:
        return self._subunit.addSuccess(test)

    def addSkip(self, test: Any, reason: Any) -> Any:
        # Old versions of the library do not know all of these.
        report = getattr(self._subunit, "addSkip", None)
        return self.addSuccess(test) if report is None else report(test, reason)

    def addError(self, test: Any, err: Problem) -> Any:
        self._result.addError(test, err)
        return self._subunit.addError(test, excInfoOrFailureToExcInfo(err))

    def addFailure(self, test: Any, err: Problem) -> Any:
        self._result.addFailure(test, err)
        return self._subunit.addFailure(test, excInfoOrFailureToExcInfo(err))

    def addExpectedFailure(self, test: Any, failure: Problem, todo: Todo | None = None) -> Any:
        report = getattr(self._subunit, "addExpectedFailure", None)
        return self.addSuccess(test) if report is None else report(test, excInfoOrFailureToExcInfo(failure))

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> Any:
        """Report a success: the protocol of this version knows no better."""
        return self.addSuccess(test)
