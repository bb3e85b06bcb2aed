"""
Test cases that need no reactor.

    case        SynchronousTestCase: fixtures, cleanups, skip, todo, flushing
    assertions  everything that starts with assert
    pyunit      trial's results for the standard library's reporters
    warned      collecting warnings, and asking which function gave one
    logged      collecting the errors that were logged
    outcomes    FailTest, SkipTest, Todo

A module may import those below it, none above. Applications find the names in `reactorio.trial.unittest`.
"""

from __future__ import annotations

from reactorio.trial._synctest.logged import _LogObserver
from reactorio.trial._synctest.outcomes import FailTest, SkipTest, Todo, makeTodo
from reactorio.trial._synctest.warned import _collectWarnings, _Warning

# Who listens while a test runs. It is looked up here at each test, so that tests of tests can put another one.
_logObserver = _LogObserver()

from reactorio.trial._synctest.assertions import _Assertions  # noqa: E402  # reads better with the observer above
from reactorio.trial._synctest.case import SynchronousTestCase  # noqa: E402
from reactorio.trial._synctest.pyunit import PyUnitResultAdapter  # noqa: E402

__all__ = [
    "FailTest",
    "PyUnitResultAdapter",
    "SkipTest",
    "SynchronousTestCase",
    "Todo",
    "_Assertions",
    "_LogObserver",
    "_Warning",
    "_collectWarnings",
    "makeTodo",
]
