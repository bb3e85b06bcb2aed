"""Suites of tests, and tests that wrap tests."""

from __future__ import annotations

import gc
import unittest as pyunit
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.python.components import registerAdapter
from reactorio.trial import itrial, reporter
from reactorio.trial._synctest import _logObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class TestSuite(pyunit.TestSuite):
    """Tests that run one after the other, and stay in the suite to be run again."""

    _cleanup = False


@implementer(itrial.ITestCase)
class TestDecorator:
    """
    A test around a test: a subclass does something before or after. Reporters are shown this one.

    Args:
        originalTest: Any test, of the standard library's too.
    """

    def __init__(self, originalTest: Any) -> None:
        self._originalTest = originalTest

    @property
    def failureException(self) -> Any:
        return self._originalTest.failureException

    @property
    def skip(self) -> Any:
        return self._originalTest.skip

    def __call__(self, result: Any) -> Any:
        return self.run(result)

    def run(self, result: Any) -> Any:
        """Run the test, with itself in the place of the original wherever ``result`` is told of it."""
        return self._originalTest.run(reporter._AdaptedReporter(result, self.__class__))

    def countTestCases(self) -> int:
        count: int = self._originalTest.countTestCases()
        return count

    def id(self) -> str:
        name: str = self._originalTest.id()
        return name

    def shortDescription(self) -> str:
        description: str = self._originalTest.shortDescription()
        return description


class _PyUnitTestCaseAdapter(TestDecorator):
    """A test case of the standard library as an ITestCase."""


registerAdapter(_PyUnitTestCaseAdapter, pyunit.TestCase, itrial.ITestCase)


class _ForceGarbageCollectionDecorator(TestDecorator):
    """Collect garbage before and after the test: a Deferred whose error nobody handled is then this test's error."""

    def run(self, result: Any) -> Any:
        gc.collect()
        _logObserver._add()
        try:
            super().run(result)
            gc.collect()
        finally:
            _logObserver._remove()
        for error in _logObserver.flushErrors():
            result.addError(self, error)


def _clearSuite(suite: Any) -> None:
    """Take all tests out of a suite."""
    suite._tests = []


def decorate(test: Any, decorator: Callable[[Any], Any]) -> Any:
    """
    Wrap each test of a suite, and of the suites in it, in place; or one test.

    Returns:
        The suite, or the wrapped test.
    """
    try:
        tests = iter(test)
    except TypeError:
        return decorator(test)
    decorated = [decorate(one, decorator) for one in tests]
    _clearSuite(test)
    test.addTests(decorated)
    return test


def _iterateTests(testSuiteOrCase: Any) -> Iterator[Any]:
    """Yield the test cases of a suite, however deep, in order; or the one."""
    try:
        suite = iter(testSuiteOrCase)
    except TypeError:
        yield testSuiteOrCase
    else:
        for test in suite:
            yield from _iterateTests(test)


for _class in (TestDecorator, TestSuite):
    _class.__module__ = "reactorio.trial.unittest"
decorate.__module__ = "reactorio.trial.unittest"
del _class
