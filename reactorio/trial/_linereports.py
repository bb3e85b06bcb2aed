"""Reports in plain text: a letter for each test, a line for each, or nothing but the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.trial._textreports import Reporter

if TYPE_CHECKING:
    from reactorio.trial._synctest.outcomes import Todo
    from reactorio.trial.itrial import Problem

__name__ = "reactorio.trial.reporter"  # the public path, for the classes made here


class MinimalReporter(Reporter):
    """Writes no errors, and the summary as numbers: seconds, tests (twice), errors, failures, skips."""

    def _printErrors(self) -> None:
        """Nothing: who reads the numbers runs the tests again for more."""

    def _printSummary(self) -> None:
        elapsed = 0 if self._startTime is None else self._getTime() - self._startTime
        numbers = (elapsed, self.testsRun, self.testsRun, len(self.errors), len(self.failures), len(self.skips))
        self._writeln(" ".join(map(str, numbers)))


class _EachOutcome(Reporter):
    """Writes something at each outcome of a test. A subclass says what."""

    _marks: tuple[str, str, str, str, str, str]

    # Each is a method of its own: `Reporter` writes errors in real time before the mark.

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self._write(self._marks[0])

    def addError(self, test: Any, error: Problem) -> None:  # type: ignore[override]  # takes a Failure too
        super().addError(test, error)
        self._write(self._marks[1])

    def addFailure(self, test: Any, fail: Problem) -> None:  # type: ignore[override]
        super().addFailure(test, fail)
        self._write(self._marks[2])

    def addSkip(self, test: Any, reason: Any) -> None:
        super().addSkip(test, reason)
        self._write(self._marks[3])

    def addExpectedFailure(  # type: ignore[override]
        self, test: Any, error: Problem, todo: Todo | None = None
    ) -> None:
        super().addExpectedFailure(test, error, todo)
        self._write(self._marks[4])

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        super().addUnexpectedSuccess(test, todo)
        self._write(self._marks[5])


class TextReporter(_EachOutcome):
    """Writes one character for each test."""

    _marks = (".", "E", "F", "S", "T", "!")


class VerboseTextReporter(_EachOutcome):
    """Writes one line for each test."""

    _marks = ("[OK]", "[ERROR]", "[FAILURE]", "[SKIPPED]", "[TODO]", "[SUCCESS!?!]")

    def startTest(self, test: Any) -> None:
        self._write("%s ... ", test.id())
        super().startTest(test)

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        self._write("\n")


class TimingTextReporter(VerboseTextReporter):
    """Writes one line for each test, and one for the time that it took."""

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        self._write("(%.03f secs)\n", self._lastTime)
