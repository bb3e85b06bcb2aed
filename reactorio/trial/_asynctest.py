"""
TestCase: a test that may return a Deferred or be a coroutine.

Each of setUp, the test, the cleanups and tearDown is waited for in turn. What has fired when it returns costs no
turn of the reactor; for the rest the reactor runs until it fires, or its time is up.
"""

from __future__ import annotations

import inspect
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from reactorio.internet.defer import AlreadyCalledError, Deferred, TimeoutError, maybeDeferred
from reactorio.python.failure import Failure
from reactorio.trial import util
from reactorio.trial._janitor import _Janitor
from reactorio.trial._reactor import guarded, run_until_fired
from reactorio.trial._synctest import SynchronousTestCase

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.trial import itrial

_T = TypeVar("_T")

__unittest = True  # see _synctest.assertions


class TestCase(SynchronousTestCase):
    """
    A test that may return a Deferred, or be a coroutine or under ``inlineCallbacks``, and so may its fixtures.

    An attribute ``timeout`` of the method, the class or the module says how many seconds each of setUp, the test,
    each cleanup and tearDown may take; `reactorio.trial.util.DEFAULT_TIMEOUT_DURATION` if there is none.

    Calls still to be made and sockets still open when the test is over are errors of the test.

    Unlike Twisted: a coroutine, and a generator under ``inlineCallbacks``, starts in the running reactor, so that
    asyncio's ``timeout``, ``sleep`` and tasks can be used from its first line on.
    """

    def assertFailure(self, deferred: Deferred[_T], *expectedFailures: type[BaseException]) -> Deferred[Any]:
        """
        Have the test fail unless ``deferred`` fails with one of these exceptions.

        Returns:
            ``deferred``, with the exception as its result.
        """

        def on_success(result: object) -> None:
            raise self.failureException(f"did not catch an error, instead got {result!r}")

        def on_failure(failure: Failure) -> BaseException:
            if failure.check(*expectedFailures):
                return failure.value
            raise self.failureException(f"\nExpected: {expectedFailures!r}\nGot:\n{failure}")

        return deferred.addCallbacks(on_success, on_failure)

    failUnlessFailure = assertFailure

    def getSuppress(self) -> Any:
        """The filters under which the test runs, see `reactorio.trial.util.suppress`."""
        return self._getSuppress()

    def getTimeout(self) -> float:
        """How many seconds each part of the test may take."""
        timeout = util.acquireAttribute(self._parents, "timeout", util.DEFAULT_TIMEOUT_DURATION)
        if timeout is util.DEFAULT_TIMEOUT:
            return util.DEFAULT_TIMEOUT_DURATION
        try:
            return float(timeout)
        except (TypeError, ValueError):
            # Not an error: a test class may use the name for something of its own.
            warnings.warn("'timeout' attribute needs to be a number.", category=DeprecationWarning, stacklevel=2)
            return util.DEFAULT_TIMEOUT_DURATION

    # -- what SynchronousTestCase does otherwise

    def _trial_run_fixtures(self, result: itrial.IReporter) -> None:
        with guarded(_global_reactor()):
            super()._trial_run_fixtures(result)
            # After the success: what is still open says nothing of what the test is about.
            if not _global_reactor().running:
                _Janitor(self, result).postClassCleanup()

    def _trial_tidy(self, result: itrial.IReporter) -> None:
        # Within a run of somebody else's, who could tell what is left over from what is at work?
        if not _global_reactor().running:
            self._passed = _Janitor(self, result).postCaseCleanup() and self._passed

    def _trial_setUp_failed(self, failure: Failure, result: itrial.IReporter) -> None:
        if failure.check(self.failureException):
            self._trial_add_error_if(failure, result)
        else:
            super()._trial_setUp_failed(failure, result)

    def _trial_perform(self, function: Callable[[], object], description: str) -> Failure | None:
        """Call a fixture or the test method, wait for what it returns, and return the failure that comes of it."""
        in_steps = _runs_in_steps(function)
        # The reactor is asked for when it is needed: a cleanup may be what puts sys.modules back.
        if in_steps and not _global_reactor().running:
            deferred = _called_inside(_global_reactor(), function)
        else:
            deferred = maybeDeferred(function)
        outcome: list[object] = []
        deferred.addBoth(outcome.append)
        if not outcome:
            try:
                self._trial_wait(deferred, outcome, f"{self!r} ({description})", cancel=in_steps)
            except RuntimeError:
                return Failure()
        failure = outcome[0]
        if not isinstance(failure, Failure):
            return None
        if failure.check(KeyboardInterrupt):
            failure.raiseException()
        return failure

    def _trial_wait(self, deferred: Deferred[Any], outcome: list[object], part: str, cancel: bool) -> None:
        """
        Run the reactor until there is an outcome.

        Args:
            part: What is waited for.
            cancel: If it is late, cancel it. Otherwise its errbacks hear of it, and have the last word.

        Raises:
            RuntimeError: The reactor cannot be run, or was stopped before there was one.
        """
        reactor = _global_reactor()
        if reactor.running:
            raise RuntimeError(f"{part} cannot be waited for: the reactor runs already")
        timeout = self.getTimeout()

        def give_up() -> None:
            late = Failure(TimeoutError(f"{part} still running at {timeout} secs"))
            if cancel:
                deferred.cancel()
                outcome[:] = [late]
            else:
                _fail(deferred, late)
                outcome[:] = outcome or [late]

        if not run_until_fired(reactor, deferred, timeout, give_up):
            raise RuntimeError(f"{part}: the reactor was stopped before it was done")


TestCase.__module__ = "reactorio.trial.unittest"


def _global_reactor() -> Any:
    from reactorio.internet import reactor  # looked up late: an application may put its own in this place

    return reactor


def _runs_in_steps(function: Callable[[], object]) -> bool:
    """Does it run step by step, as a coroutine or under ``inlineCallbacks``?"""
    while isinstance(function, partial):
        function = function.func
    if inspect.iscoroutinefunction(function):
        return True
    return inspect.isgeneratorfunction(inspect.unwrap(function)) and not inspect.isgeneratorfunction(function)


def _called_inside(reactor: Any, function: Callable[[], object]) -> Deferred[Any]:
    """Have the reactor call ``function`` when it runs; cancelling the Deferred cancels what that does."""
    running: Deferred[None] = Deferred()
    reactor.callWhenRunning(running.callback, None)
    return running.addCallback(lambda _: maybeDeferred(function))


def _fail(deferred: Deferred[Any], failure: Failure) -> None:
    try:
        deferred.errback(failure)
    except AlreadyCalledError:
        pass  # its callbacks wait for another Deferred, which nobody can be told of
