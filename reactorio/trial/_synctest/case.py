"""SynchronousTestCase: one test method between its fixtures, and what it may leave behind."""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from reactorio.python import log
from reactorio.python.deprecate import getDeprecationWarningString
from reactorio.python.failure import Failure
from reactorio.python.monkey import MonkeyPatcher
from reactorio.python.versions import getVersionString
from reactorio.trial import _synctest, itrial
from reactorio.trial._synctest.assertions import _Assertions
from reactorio.trial._synctest.outcomes import FailTest, SkipTest, Todo, makeTodo
from reactorio.trial._synctest.pyunit import PyUnitResultAdapter, raised_exc_info
from reactorio.trial._synctest.warned import LinesOf, _collectWarnings, _Warning, suppressing
from reactorio.trial.util import acquireAttribute

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.python.versions import Version

_T = TypeVar("_T")

__unittest = True  # see _synctest.assertions


class SynchronousTestCase(_Assertions):
    """
    A test that is over when its method returns.

    Attributes of the test method, the class or the module, the first that has one counting:

        skip        Why the test is not to be run.
        todo        Why the test is expected to fail: a reason, or exceptions and a reason.
        suppress    Warnings not to see: a list of what `reactorio.trial.util.suppress` returns.

    An error that is logged while the test runs is an error of the test (see `flushLoggedErrors`), a warning is
    given after it (see `flushWarnings`).
    """

    failureException = FailTest
    skip: str | None
    _cleanups: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]]  # kept by the standard library

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._warnings: list[_Warning] = []
        self._passed = False

    # Two cases of one method are two tests.

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def shortDescription(self) -> str:
        """The first line of the test's docstring, or else its name."""
        return super().shortDescription() or self._testMethodName

    # -- what the test, its class and its module say of it

    @property
    def _parents(self) -> list[object]:
        return [self._trial_test(), self, sys.modules.get(type(self).__module__)]

    def _trial_test(self) -> Callable[[], object]:
        """
        The test method.

        A case that was made with no method's name is a test that does nothing, but has no ``runTest`` that says so:
        pytest would take it for a test of each class that has no other.
        """
        test: Callable[[], object] = getattr(self, self._testMethodName, _do_nothing)
        return test

    def getSkip(self) -> tuple[bool, str | None]:
        """Is the test to be skipped, and why."""
        for owner in self._parents:
            reason = getattr(owner, "skip", None)
            if reason is not None:
                return True, reason
            if getattr(owner, "__unittest_skip__", False):
                return True, getattr(owner, "__unittest_skip_why__", "")
        return False, None

    def getTodo(self) -> Todo | None:
        """Why and how the test is expected to fail, if it is."""
        todo = acquireAttribute(self._parents, "todo", None)
        return None if todo is None else makeTodo(todo)

    def _getSuppress(self) -> Any:
        return acquireAttribute(self._parents, "suppress", [])

    # -- running
    #
    # Test classes have helpers of all sorts of names, `_run` and `_test` among them: ours begin with _trial.

    def run(self, result: Any = None) -> Any:
        """
        Run the test and tell ``result`` what came of it.

        Args:
            result: An `IReporter`, or a result as the standard library and pytest have it.
        """
        if result is None:
            result = self.defaultTestResult()
        reporter: Any = itrial.IReporter.adapt(result, None) or PyUnitResultAdapter(result)
        log.msg(f"--> {self.id()} <--")
        reporter.startTest(self)
        try:
            skipped, reason = self.getSkip()
            if skipped:
                reporter.addSkip(self, reason or "")
            else:
                self._trial_run_watched(reporter)
        except KeyboardInterrupt:
            if reporter is not result:
                raise
            # One of ours reports what there was until then, and ends the run by itself.
            reporter.addError(self, Failure())
            reporter.shouldStop = True
        finally:
            reporter.stopTest(self)

    def _trial_run_watched(self, result: itrial.IReporter) -> None:
        """Run the test with its log and its warnings collected."""
        observer = _synctest._logObserver
        self._passed = False
        self._warnings = []
        observer._add()
        try:
            _collectWarnings(
                self._warnings.append, suppressing, self._getSuppress(), lambda: self._trial_run_fixtures(result)
            )
        finally:
            observer._remove()
        for warning in self._warnings:
            try:
                warning.emit()
            except Warning:  # the filters make an error of it
                result.addError(self, Failure())
        self._warnings = []

    def _trial_run_fixtures(self, result: itrial.IReporter) -> None:
        try:
            failure = self._trial_perform(self.setUp, "setUp")
            if failure is not None:
                self._trial_setUp_failed(failure, result)
                self._trial_run_cleanups(result)
            else:
                self._passed = True
                self._trial_run_test(result)
                self._trial_run_cleanups(result)
                self._trial_add_error_if(self._trial_perform(self.tearDown, "tearDown"), result)
        finally:
            self._trial_tidy(result)
            for error in _synctest._logObserver.flushErrors():
                self._trial_add_error_if(error, result)
        if self._passed:
            result.addSuccess(self)

    def _trial_run_test(self, result: itrial.IReporter) -> None:
        todo = self.getTodo()
        failure = self._trial_perform(_refused_if_generator(self._trial_test()), self._testMethodName)
        if failure is not None:
            self._trial_report(failure, result, todo)
        elif todo is not None:
            self._passed = False
            result.addUnexpectedSuccess(self, todo)

    def _trial_run_cleanups(self, result: itrial.IReporter) -> None:
        """Make the calls that `addCleanup` was given, last one first; each one's error is one of the test's."""
        while self._cleanups:
            f, args, kwargs = self._cleanups.pop()
            name = getattr(f, "__name__", repr(f))
            self._trial_add_error_if(
                self._trial_perform(partial(f, *args, **kwargs), f"cleanup function {name}"), result
            )

    # -- what TestCase does otherwise

    def _trial_perform(self, function: Callable[[], object], description: str) -> Failure | None:
        """Call a fixture or the test method, and return what it raises. Only Ctrl-C goes through."""
        try:
            returned = function()
            if inspect.iscoroutine(returned):
                returned.close()
                raise TypeError(f"{description} is a coroutine: only TestCase can wait for it, not SynchronousTestCase")
        except KeyboardInterrupt:
            raise
        except BaseException:
            return Failure()
        return None

    def _trial_setUp_failed(self, failure: Failure, result: itrial.IReporter) -> None:
        self._trial_report(failure, result, None)

    def _trial_tidy(self, result: itrial.IReporter) -> None:
        """See that nothing is left of the test; here nothing can be."""

    # -- reporting

    def _trial_report(self, failure: Failure, result: itrial.IReporter, todo: Todo | None) -> None:
        self._passed = False
        if todo is not None and todo.expected(failure):
            result.addExpectedFailure(self, _raised(failure), todo)
        elif failure.check(self.failureException, FailTest):
            result.addFailure(self, _raised(failure))
        elif failure.check(SkipTest):
            result.addSkip(self, self._trial_reason_of(failure))
        else:
            result.addError(self, _raised(failure))

    def _trial_add_error_if(self, failure: Failure | None, result: itrial.IReporter) -> None:
        if failure is not None:
            self._passed = False
            result.addError(self, _raised(failure))

    def _trial_reason_of(self, skip: Failure) -> str:
        if skip.value.args:
            return str(skip.value.args[0])
        code = inspect.unwrap(getattr(type(self), self._testMethodName)).__code__
        warnings.warn_explicit(
            "Do not raise unittest.SkipTest with no arguments! Give a reason for skipping tests!",
            category=DeprecationWarning,
            filename=code.co_filename,
            lineno=code.co_firstlineno,
        )
        return ""

    # -- for use in tests

    def patch(self, obj: object, attribute: str, value: object) -> MonkeyPatcher:
        """Set an attribute until the test is over, or ``restore()`` of the returned patcher is called."""
        patcher = MonkeyPatcher((obj, attribute, value))
        patcher.patch()
        self.addCleanup(patcher.restore)
        return patcher

    def mktemp(self) -> str:
        """Return a relative path, new at each call, where nothing is yet; the folder that it is in exists."""
        limit = 32  # of a name: the tests' own may be longer than a file system takes
        names = (type(self).__module__, type(self).__name__, self._testMethodName)
        folder = os.path.join(*(name[:limit] for name in names))
        os.makedirs(folder, exist_ok=True)
        # mkdtemp makes what it returns absolute (from Python 3.12 on, always).
        return os.path.join(folder, os.path.basename(tempfile.mkdtemp("", "", folder)), "temp")

    def flushLoggedErrors(self, *errorTypes: type[BaseException]) -> list[Failure]:
        """
        Return the failures that were logged in this test, and no longer count them as its errors.

        Args:
            errorTypes: Only failures of these types; with none, all.
        """
        return _synctest._logObserver.flushErrors(*errorTypes)

    def flushWarnings(self, offendingFunctions: Any = None) -> list[dict[str, Any]]:
        """
        Return the warnings that were given in this test, and do not give them after it.

        Args:
            offendingFunctions: Only warnings blamed on a line of one of these functions.

        Returns:
            For each warning a dict of ``message`` (the text), ``category``, ``filename`` and ``lineno``.

        Raises:
            ValueError: One of ``offendingFunctions`` is neither a function nor a method.
        """
        if offendingFunctions is None:
            flushed, self._warnings[:] = list(self._warnings), []
        else:
            places = [LinesOf(function) for function in offendingFunctions]
            flushed = [warning for warning in self._warnings if any(warning in place for place in places)]
            self._warnings[:] = [warning for warning in self._warnings if warning not in flushed]
        return [vars(warning).copy() for warning in flushed]

    def callDeprecated(self, version: Any, f: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        """
        Call something deprecated, and assert that it says so.

        Args:
            version: Since when, or a pair of that and the replacement.
        """
        seen: list[_Warning] = []
        returned = _collectWarnings(seen.append, f, *args, **kwargs)
        since, replacement = version if isinstance(version, tuple) else (version, None)
        deprecations = [warning for warning in seen if warning.category is DeprecationWarning]
        if not deprecations:
            self.fail(f"{f!r} is not deprecated.")
        expected = getDeprecationWarningString(f, since, replacement=replacement)
        self.assertEqual(deprecations[0].message, expected)  # noqa: PT009
        # Only the first is this function's: what it calls may be deprecated too.
        self._warnings.extend(warning for warning in seen if warning is not deprecations[0])
        return returned

    def getDeprecatedModuleAttribute(
        self, moduleName: str, name: str, version: Version, message: str | None = None
    ) -> object:
        """
        Get an attribute of a module, and assert that it says that it is deprecated.

        Args:
            message: How the text goes on after the version.
        """
        seen: list[_Warning] = []
        attribute = _collectWarnings(seen.append, getattr, sys.modules[moduleName], name)
        self.assertEqual(len(seen), 1, f"one deprecation warning expected, found {seen!r}")  # noqa: PT009
        self.assertIs(seen[0].category, DeprecationWarning)  # noqa: PT009
        start = f"{moduleName}.{name} was deprecated in {getVersionString(version)}"
        if message is not None:
            start += f": {message}"
        self.assertTrue(seen[0].message.startswith(start), f"{seen[0].message!r} does not start with {start!r}")  # noqa: PT009
        return attribute


def _do_nothing() -> None:
    """The test of a case without one."""


def _raised(failure: Failure) -> Failure:
    """
    See that a Failure has a traceback, as an exception that was raised would have.

    Once it knows Twisted, pytest takes a Failure as it is, but it asks the Failure for the traceback.
    """
    return failure.with_traceback(raised_exc_info(failure)[2])


def _refused_if_generator(test: Callable[[], object]) -> Callable[[], object]:
    if not inspect.isgeneratorfunction(test):
        return test

    def refuse() -> None:
        raise TypeError(f"{test!r} is a generator function and therefore will never run")

    return refuse


SynchronousTestCase.__module__ = "reactorio.trial.unittest"
