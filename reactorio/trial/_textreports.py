"""Reports for people: what went wrong, grouped, and a summary."""

from __future__ import annotations

import importlib
import os
import sys
import unittest as pyunit
from typing import TYPE_CHECKING, Any

from reactorio.python import failure, log, modules, reflect
from reactorio.python.util import untilConcludes
from reactorio.trial import _synctest
from reactorio.trial._results import TestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reactorio.python.failure import Failure
    from reactorio.trial._synctest.outcomes import Todo
    from reactorio.trial.itrial import Problem

__name__ = "reactorio.trial.reporter"  # the public path, for the classes made here

# Frames of these say how a test is found and run, not what it did.
_MACHINERY = (
    os.path.dirname(os.path.dirname(_synctest.__file__)) + os.sep,
    pyunit.case.__file__,
    failure.__file__,
    modules.__file__,
    reflect.__file__,
    os.path.dirname(importlib.__file__) + os.sep,
    "<frozen importlib.",
)


class SafeStream:
    """
    A stream whose writes start again when a signal interrupts them.

    Args:
        original: Any attribute that this one does not have is this stream's.
    """

    def __init__(self, original: Any) -> None:
        self.original = original

    def __getattr__(self, name: str) -> Any:
        if name == "original":
            raise AttributeError(name)
        return getattr(self.original, name)

    def write(self, *a: Any, **kw: Any) -> Any:
        return untilConcludes(self.original.write, *a, **kw)

    def flush(self) -> None:
        untilConcludes(self.original.flush)


class Reporter(TestResult):
    """
    Writes nothing while the tests run, and at the end all that went wrong; the base of all reports in text.

    Args:
        stream: Where to write; standard output, if there is none.
        tbformat: How much of a traceback: ``"default"``, ``"brief"`` or ``"verbose"``.
        realtime: Write errors and failures at once, too.
        publisher: The log whose warnings are written as they come; the global one, if there is none.
    """

    _separator = "-" * 79
    _doubleSeparator = "=" * 79

    def __init__(
        self, stream: Any = None, tbformat: str = "default", realtime: bool = False, publisher: Any = None
    ) -> None:
        super().__init__()
        self._stream = SafeStream(sys.stdout if stream is None else stream)
        self.tbformat = tbformat
        self.realtime = realtime
        self._startTime: float | None = None
        self._warningCache: set[tuple[Any, ...]] = set()
        self._publisher = log if publisher is None else publisher
        self._publisher.addObserver(self._observeWarnings)

    # -- while the tests run

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        if self._startTime is None:
            self._startTime = self._getTime()
        self._warningCache = set()

    def addFailure(self, test: Any, fail: Problem) -> None:  # type: ignore[override]  # takes a Failure too
        super().addFailure(test, fail)
        self._write_now(self.failures[-1][1])

    def addError(self, test: Any, error: Problem) -> None:  # type: ignore[override]
        super().addError(test, error)
        self._write_now(self.errors[-1][1])

    def _write_now(self, failure: Failure) -> None:
        if self.realtime:
            self._write(self._formatFailureTraceback(failure))

    def _observeWarnings(self, event: dict[str, Any]) -> None:
        """Write a warning that came over the log, once in each test."""
        if "warning" not in event:
            return
        key = (event["filename"], event["lineno"], event["category"].split(".")[-1], str(event["warning"]))
        if key not in self._warningCache:
            self._warningCache.add(key)
            self._writeln("%s:%s: %s: %s", *key)

    # -- in the end

    def done(self) -> None:
        """Write what there is to say of the whole run."""
        self._publisher.removeObserver(self._observeWarnings)
        self._printErrors()
        self._writeln(self._separator)
        if self._startTime is not None:
            self._writeln("Ran %d tests in %.3fs", self.testsRun, self._getTime() - self._startTime)
        self._writeln("")
        self._printSummary()

    def _printErrors(self) -> None:
        self._writeln("")
        self._printResults("[SKIPPED]", self.skips, "{}\n".format)
        self._printResults("[TODO]", self.expectedFailures, self._format_expected_failure)
        self._printResults("[FAIL]", self.failures, self._formatFailureTraceback)
        self._printResults("[ERROR]", self.errors, self._formatFailureTraceback)
        self._printResults("[SUCCESS!?!]", self.unexpectedSuccesses, _reason)

    def _printResults(self, flavor: str, errors: Sequence[Any], formatter: Callable[..., str]) -> None:
        """Write one kind of outcome: each text once, with the tests that it is true of."""
        for text, tests in self._groupResults(errors, formatter):
            self._writeln(self._doubleSeparator)
            self._writeln(flavor)
            self._write(text)
            self._writeln("")
            for test in tests:
                self._writeln(test.id())

    def _groupResults(self, results: Iterable[Any], formatter: Callable[..., str]) -> list[tuple[str, list[Any]]]:
        groups: dict[str, list[Any]] = {}
        for test, *outcome in results:
            groups.setdefault(formatter(*outcome), []).append(test)
        return list(groups.items())

    def _format_expected_failure(self, failure: Failure, todo: Todo) -> str:
        return _reason(todo) + self._formatFailureTraceback(failure)

    def _formatFailureTraceback(self, fail: Failure | str) -> str:
        if isinstance(fail, str):
            return fail.rstrip() + "\n"
        whole = fail.frames
        fail.frames = self._trimFrames(whole)
        try:
            return fail.getTraceback(detail=self.tbformat)
        finally:
            fail.frames = whole

    def _trimFrames(self, frames: Sequence[Any]) -> list[Any]:
        """Leave out how the test was come to, and from where in an assertion it failed; unless that is all."""
        kept = list(frames)
        while kept and kept[0][1].startswith(_MACHINERY):
            del kept[0]
        while kept and kept[-1][1].startswith(_MACHINERY):
            del kept[-1]
        return kept or list(frames)

    def _printSummary(self) -> None:
        self._writeln("%s%s", "PASSED" if self.wasSuccessful() else "FAILED", self._getSummary())

    def _getSummary(self) -> str:
        """How many there are of each kind that there are."""
        kinds = ("skips", "expectedFailures", "failures", "errors", "unexpectedSuccesses")
        counts = {kind: len(getattr(self, kind)) for kind in kinds}
        counts["successes"] = self.successes
        text = ", ".join(f"{kind}={count}" for kind, count in counts.items() if count)
        return f" ({text})" if text else ""

    def _write(self, format: str, *args: Any) -> None:
        self._stream.write(format % args if args else format)
        self._stream.flush()

    def _writeln(self, format: str, *args: Any) -> None:
        self._write(format + "\n", *args)


def _reason(todo: Todo) -> str:
    return f"Reason: {todo.reason!r}\n"
