"""What test cases and reporters promise each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeAlias

    from reactorio.python.failure import Failure
    from reactorio.trial._synctest.outcomes import Todo

    ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]
    Problem: TypeAlias = Failure | ExcInfo

__all__ = ["IReporter", "IReporterWithDurations", "ITestCase", "ITestCaseVar"]


class ITestCase(Interface, Protocol):
    """One test, or something that runs as one."""

    failureException: type[BaseException] = Attribute("What ``fail`` raises; anything else that escapes is an error.")
    skip: str | None = Attribute("Why this test is not run; None or absent if it is.")

    def __call__(self, result: IReporter) -> Any:
        """Run the test: the same as ``run``."""

    def countTestCases(self) -> int:
        """How many tests this is: 1 for a test method."""

    def id(self) -> str:
        """The dotted name of the test, unique in its run."""

    def run(self, result: IReporter) -> Any:
        """Run the test once, and tell ``result`` what came of it."""

    def shortDescription(self) -> str:
        """One line for people."""


ITestCaseVar = TypeVar("ITestCaseVar", bound="ITestCase | type[ITestCase]")


class IReporter(Interface, Protocol):
    """
    Who hears of each test's start, outcome and end.

    One test may have more than one outcome: an error in the test and another in its tearDown, say.
    """

    shouldStop: bool = Attribute("True once no further test is to be started.")
    testsRun: int = Attribute("How many tests were started.")

    def startTest(self, method: Any, /) -> None:
        """The test ``method`` is about to run."""

    def stopTest(self, method: Any, /) -> None:
        """The test ``method`` is over, whatever came of it."""

    def addSuccess(self, test: Any) -> None:
        """The test ran, and nothing was wrong with it."""

    def addFailure(self, test: Any, failure: Problem, /) -> None:
        """An assertion of the test did not hold."""

    def addError(self, test: Any, error: Problem, /) -> None:
        """Something escaped from the test, its fixtures or the log that was no assertion."""

    def addSkip(self, test: Any, reason: str) -> None:
        """The test was not run, or gave up, because of ``reason``."""

    def addExpectedFailure(self, test: Any, failure: Problem, /, todo: Todo | None = None) -> None:
        """The test is marked ``todo``, and failed as it says."""

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        """The test is marked ``todo``, and passed."""

    def wasSuccessful(self) -> bool:
        """Did nothing fail so far?"""

    def done(self) -> None:
        """The run is over: no further call comes."""


class IReporterWithDurations(IReporter, Protocol):
    """A reporter that also takes times."""

    collectedDurations: list[tuple[str, float]] = Attribute("Pairs of a test's name and its seconds.")

    def addDuration(self, test: Any, elapsed: float) -> None:
        """The test took ``elapsed`` seconds."""
