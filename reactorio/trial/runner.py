"""Running tests: loaders, suites, and the runner."""

from __future__ import annotations

import os
import pdb  # noqa: T100  # the debugger is a feature here
import sys
from typing import TYPE_CHECKING, Any, TextIO

from reactorio.python import log
from reactorio.python.deprecate import deprecated
from reactorio.python.versions import Version
from reactorio.trial import unittest
from reactorio.trial._asyncrunner import TestSuite, _ForceGarbageCollectionDecorator, _iterateTests
from reactorio.trial._loader import (
    TestLoader,
    _qualNameWalker,
    filenameToModule,
    isPackage,
    isPackageDirectory,
    isTestCase,
    name,
)
from reactorio.trial._suites import (
    NOT_IN_TEST,
    DestructiveTestSuite,
    ErrorHolder,
    LoggedSuite,
    TestHolder,
    TrialSuite,
    suiteVisit,
)
from reactorio.trial._workdir import DEFAULT_DIRECTORY, logging_to, working_directory
from reactorio.trial.itrial import ITestCase
from reactorio.trial.reporter import UncleanWarningsReporterWrapper, _ExitWrapper
from reactorio.trial.util import profiled

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "NOT_IN_TEST",
    "DestructiveTestSuite",
    "ErrorHolder",
    "LoggedSuite",
    "TestHolder",
    "TestLoader",
    "TestSuite",
    "TrialRunner",
    "TrialSuite",
    "_qualNameWalker",
    "filenameToModule",
    "isPackage",
    "isPackageDirectory",
    "isTestCase",
    "name",
    "samefile",
    "suiteVisit",
]


@deprecated(Version("Twisted", 26, 10, 0), replacement="os.path.samefile")
def samefile(filename1: str, filename2: str) -> bool:
    """Are both names of the same file?"""
    return os.path.samefile(filename1, filename2)


class TrialRunner:
    """
    Runs tests: in a directory of their own, with a log, and with a report.

    Args:
        reporterFactory: Makes the reporter, of the stream, the format of tracebacks, whether to write errors at once,
            and the log.
        mode: `DEBUG`, `DRY_RUN`, or None to just run them.
        logfile: Where the log is written, below the working directory.
        stream: Where the report is written.
        profile: Run the tests in Python's profiler.
        tracebackFormat: ``"default"``, ``"brief"`` or ``"verbose"``.
        realTimeErrors: Write errors at once, and again at the end.
        uncleanWarnings: What a test leaves in the reactor is no error.
        workingDirectory: Emptied before each run.
        forceGarbageCollection: Collect garbage before and after each test.
        debugger: Has ``runcall``; pdb, if there is none. Only for `DEBUG`.
        exitFirst: End the run at the first error or failure.
    """

    DEBUG = "debug"
    DRY_RUN = "dry-run"

    def __init__(
        self,
        reporterFactory: Callable[..., Any],
        mode: str | None = None,
        logfile: str = "test.log",
        stream: TextIO = sys.stdout,
        profile: bool = False,
        tracebackFormat: str = "default",
        realTimeErrors: bool = False,
        uncleanWarnings: bool = False,
        workingDirectory: str | None = None,
        forceGarbageCollection: bool = False,
        debugger: Any = None,
        exitFirst: bool = False,
    ) -> None:
        self.reporterFactory = reporterFactory
        self.mode = mode
        self.logfile = logfile
        self.stream = stream
        self.profile = profile
        self.uncleanWarnings = uncleanWarnings
        self.workingDirectory = workingDirectory or DEFAULT_DIRECTORY
        self.debugger = debugger
        self._tracebackFormat = tracebackFormat
        self._realTimeErrors = realTimeErrors
        self._forceGarbageCollection = forceGarbageCollection
        self._exitFirst = exitFirst

    @property
    def tbformat(self) -> str:
        return self._tracebackFormat

    @property
    def rterrors(self) -> bool:
        return self._realTimeErrors

    def _makeResult(self) -> Any:
        reporter = self.reporterFactory(self.stream, self.tbformat, self.rterrors, log)
        if self._exitFirst:
            reporter = _ExitWrapper(reporter)
        if self.uncleanWarnings:
            reporter = UncleanWarningsReporterWrapper(reporter)
        return reporter

    def run(self, test: Any) -> Any:
        """Run a test or suite, and return the reporter, which has written its report."""
        return self._run_decorated(self._decorated(test))

    def runUntilFailure(self, test: Any) -> Any:
        """Run a test or suite again and again, until something fails, and return the reporter of the last run."""
        decorated = self._decorated(test)
        count = 0
        while True:
            count += 1
            self.stream.write(f"Test Pass {count}\n")
            result = self._run_decorated(decorated)
            if result.shouldStop or not result.wasSuccessful():
                return result

    def _decorated(self, test: Any) -> Any:
        test = unittest.decorate(test, ITestCase)  # type: ignore[arg-type]  # called, an interface adapts
        if self._forceGarbageCollection:
            test = unittest.decorate(test, _ForceGarbageCollectionDecorator)
        return test

    def _run_decorated(self, test: Any) -> Any:
        result = self._makeResult()
        if self.mode == self.DRY_RUN:
            for each in _iterateTests(test):
                result.startTest(each)
                result.addSuccess(each)
                result.stopTest(each)
            result.done()
        else:
            run = profiled(self._run_suite, "profile.data") if self.profile else self._run_suite
            with working_directory(self.workingDirectory), logging_to(self.logfile, sys.stdout):
                run(TrialSuite([LoggedSuite([test])]), result)
        return result

    def _run_suite(self, suite: Any, result: Any) -> None:
        if self.mode == self.DEBUG:
            debugger = self.debugger if self.debugger is not None else pdb.Pdb()
            debugger.runcall(suite.run, result)
        else:
            suite.run(result)
        result.done()
