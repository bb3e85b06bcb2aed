"""The report as a tree of modules, classes and tests, in colour where the stream takes it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from reactorio.trial._textreports import Reporter

if TYPE_CHECKING:
    from reactorio.trial._synctest.outcomes import Todo
    from reactorio.trial.itrial import Problem

__name__ = "reactorio.trial.reporter"  # the public path, for the classes made here

_COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


class _AnsiColorizer:
    """Writes in colour, for terminals that take ANSI's escape sequences."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    @classmethod
    def supported(cls, stream: Any = None) -> bool:
        """Is the stream (standard output, if there is none) a terminal with more than two colours?"""
        stream = sys.stdout if stream is None else stream
        if not stream.isatty():
            return False
        try:
            import curses  # not at the top: not every Python has it
        except ImportError:
            return False
        try:
            try:
                count = curses.tigetnum("colors")
            except curses.error:
                curses.setupterm()
                count = curses.tigetnum("colors")
        except Exception:
            # Whatever is wrong with the terminal's description, the tests can be run without colours.
            return False
        return count > 2

    def write(self, text: str, color: str) -> None:
        self.stream.write(f"\x1b[{30 + _COLORS.index(color)};1m{text}\x1b[0m")


class _NullColorizer:
    """Writes without colour."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    @classmethod
    def supported(cls, stream: Any = None) -> bool:  # noqa: ARG003  # as the other one
        return True

    def write(self, text: str, color: str) -> None:
        self.stream.write(text)


class TreeReporter(Reporter):
    """
    Writes a tree, a line for each module, class and test; the outcome of each test is at the end of its line.

    Attributes:
        columns: How wide a line is.
        currentLine: What is written since the test started.
    """

    currentLine = ""
    indent = "  "
    columns = 79

    FAILURE = "red"
    ERROR = "red"
    TODO = "blue"
    SKIP = "blue"
    TODONE = "red"
    SUCCESS = "green"

    def __init__(self, stream: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(stream, *args, **kwargs)
        # The module and class of the last test.
        self._lastTest: list[str] = []
        colorizer = _AnsiColorizer if _AnsiColorizer.supported(self._stream) else _NullColorizer
        self._colorizer: Any = colorizer(self._stream)

    def getDescription(self, test: Any) -> str:
        """Return the name of the test within its class."""
        return str(test.id()).rpartition(".")[2]

    def startTest(self, test: Any) -> None:
        self._testPrelude(test.id())
        self.currentLine = ""
        self._write("%s%s ... ", self.indent * len(self._lastTest), self.getDescription(test))
        super().startTest(test)

    def _getPreludeSegments(self, testID: str) -> list[str]:
        """Return the module and the class of a test, or as much of them as its name has."""
        *outer, last = testID.split(".")[:-1] or [""]
        return [segment for segment in (".".join(outer), last) if segment]

    def _testPrelude(self, testID: str) -> None:
        """Write the lines of the module and the class, if the last test was of others."""
        segments = self._getPreludeSegments(testID)
        known = 0
        while known < min(len(segments), len(self._lastTest)) and segments[known] == self._lastTest[known]:
            known += 1
        for level, segment in list(enumerate(segments))[known:]:
            self._writeln("%s%s", self.indent * level, segment)
        self._lastTest = segments

    def _write(self, format: str, *args: Any) -> None:
        text = format % args if args else format
        # Of a test: an outcome after other text than its name, a traceback for one, is not moved to the right.
        self.currentLine += text
        super()._write("%s", text)

    def endLine(self, message: str, color: str) -> None:
        """Write the outcome at the right end of the line, or after it if the line is too long."""
        super()._write("%s", " " * (self.columns - len(self.currentLine) - len(message)))
        self._colorizer.write(message, color)
        super()._write("\n")

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self.endLine("[OK]", self.SUCCESS)

    def addError(self, test: Any, error: Problem) -> None:  # type: ignore[override]  # takes a Failure too
        super().addError(test, error)
        self.endLine("[ERROR]", self.ERROR)

    def addFailure(self, test: Any, fail: Problem) -> None:  # type: ignore[override]
        super().addFailure(test, fail)
        self.endLine("[FAIL]", self.FAILURE)

    def addSkip(self, test: Any, reason: Any) -> None:
        super().addSkip(test, reason)
        self.endLine("[SKIPPED]", self.SKIP)

    def addExpectedFailure(  # type: ignore[override]
        self, test: Any, error: Problem, todo: Todo | None = None
    ) -> None:
        super().addExpectedFailure(test, error, todo)
        self.endLine("[TODO]", self.TODO)

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        super().addUnexpectedSuccess(test, todo)
        self.endLine("[SUCCESS!?!]", self.TODONE)

    def _printSummary(self) -> None:
        passed = self.wasSuccessful()
        self._colorizer.write("PASSED" if passed else "FAILED", self.SUCCESS if passed else self.FAILURE)
        self._writeln("%s", self._getSummary())
