"""What the plugin for pytest does in a session that uses reactorio."""

from __future__ import annotations

import functools
import gc
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest

from reactorio.aio.leftovers import (
    Leftovers,
    adopted_loop_waits,
    choosing_loops,
    release,
    run_adopted,
)
from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.python import log
from reactorio.python.failure import Failure
from reactorio.trial._asynctest import _called_inside
from reactorio.trial._reactor import run_until_fired

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self


# Seconds that a test has to end when it is cancelled.
_GRACE = 1.0


def run(function: Callable[[], Any], *, inside: bool, timeout: float) -> None:
    """
    Call a function, wait for the Deferred that it returns, and raise what that fails with.

    Args:
        inside: Call it when the reactor runs.
        timeout: Seconds after which it is cancelled, and the test fails.
    """
    __tracebackhide__ = _hidden
    from reactorio.internet import reactor  # looked up late: a test may have put another one in its place

    the_reactor: Any = reactor
    outcome: list[Any] = []
    deferred: Deferred[Any] | None = None
    if not inside:
        deferred = maybeDeferred(function).addBoth(outcome.append)
    if not outcome:
        if adopted_loop_waits(the_reactor):
            # A fixture of another plugin has run on a loop, so the test does, too.
            run_adopted(the_reactor, lambda: _start(function, deferred, outcome).addTimeout(timeout, the_reactor))
        elif the_reactor.running:
            pytest.fail("the test cannot be waited for: the reactor runs already", pytrace=False)
        else:
            waited = _called_inside(the_reactor, function).addBoth(outcome.append) if deferred is None else deferred
            _run_own_loop(the_reactor, waited, outcome, timeout)
    result = outcome[0]
    if isinstance(result, Failure):
        raise result.value.with_traceback(result.getTracebackObject())


def _start(function: Callable[[], Any], deferred: Deferred[Any] | None, outcome: list[Any]) -> Deferred[Any]:
    return maybeDeferred(function).addBoth(outcome.append) if deferred is None else deferred


def _run_own_loop(reactor: Any, deferred: Deferred[Any], outcome: list[Any], timeout: float) -> None:
    """Run the reactor until there is an outcome, or the test fails from outside of it."""
    __tracebackhide__ = _hidden
    failed: list[Any] = []

    def fail(error: Any) -> None:
        """End the test, by a cancellation: its traceback tells where the test was waiting."""
        failed.append(error)
        endings.append(reactor.callLater(_GRACE, reactor.crash))
        deferred.cancel()

    def note(loop: Any, context: dict[str, Any]) -> None:
        # pytest.fail() in a callback; or in a signal handler, as of pytest-timeout, which asyncio lets through,
        # and uvloop brings here.
        error = context.get("exception")
        if isinstance(error, pytest.fail.Exception):
            fail(error)
        elif before is None:
            loop.default_exception_handler(context)
        else:
            before(loop, context)

    late = pytest.fail.Exception(f"still running at {timeout} secs")
    endings: list[Any] = [reactor.callLater(timeout, fail, late)]
    loop = reactor._asyncioEventloop
    before = loop.get_exception_handler()
    loop.set_exception_handler(note)
    try:
        fired = run_until_fired(reactor, deferred, timeout + 2 * _GRACE, reactor.crash)
    except pytest.fail.Exception as error:
        fired = False
        failed.append(error)
        with suppress(RuntimeError):  # what the test waits for is of the loop, which is closed
            deferred.cancel()
    finally:
        loop.set_exception_handler(before)
        for ending in endings:
            if ending.active():
                ending.cancel()
    if failed:
        traceback = outcome[0].getTracebackObject() if outcome and isinstance(outcome[0], Failure) else None
        failed[0].pytrace = traceback is not None
        raise failed[0].with_traceback(traceback)
    if not fired:
        pytest.fail("the reactor was stopped before the test was done", pytrace=False)


def _hidden(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Leave these frames out of tracebacks, unless nothing is shown but a message."""
    error = excinfo.value
    return not isinstance(error, pytest.fail.Exception) or error.pytrace


def adopting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a coroutine function of somebody else's begin with the reactor on its loop."""

    @functools.wraps(function)
    async def adopt_and_call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        from reactorio.internet import reactor

        # Asking it is what makes it look where it is: on no loop of asyncio's, if another library runs the test.
        bool(reactor.running)
        if Watch.current is not None:
            Watch.current.fixtures_are_up()
        return await function(*args, **kwargs)

    return adopt_and_call


class LoggedErrors(list[Failure]):
    """The failures that are logged, for as long as it is entered."""

    def __enter__(self) -> Self:
        log.addObserver(self._observe)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        log.removeObserver(self._observe)

    def _observe(self, event: dict[str, Any]) -> None:
        if event.get("isError") and "failure" in event:
            self.append(event["failure"])

    def flush(self, *kinds: type[BaseException]) -> list[Failure]:
        """Return the failures of these types, or all, and forget them."""
        taken = [failure for failure in self if not kinds or failure.check(*kinds) is not None]
        self[:] = [failure for failure in self if failure not in taken]
        return taken


class Watch:
    """
    Watches a test, while entered; then the reactor is free for the next.

    Args:
        kind: The loop that the reactor makes for itself.
        errors: The test's own list of logged errors, if it has one.
    """

    current: Watch | None = None

    def __init__(self, kind: str | None, errors: LoggedErrors | None) -> None:
        from reactorio.internet import reactor  # looked up late, as above

        self._reactor: Any = reactor
        self._stack = ExitStack()
        self._stack.enter_context(choosing_loops(kind))
        self._errors = self._stack.enter_context(LoggedErrors()) if errors is None else errors
        self._before = self._at_call = Leftovers(self._reactor)
        self._at_loop_end: dict[str, list[str]] | None = None

    def __enter__(self) -> Self:
        ending = self._reactor.addSystemEventTrigger("before", "shutdown", self._note_end)
        self._stack.callback(_remove_trigger, self._reactor, ending)
        self._outer, Watch.current = Watch.current, self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        Watch.current = self._outer
        with self._stack:
            pass
        if not self._before:
            release(self._reactor)

    def fixtures_are_up(self) -> None:
        """What there is now belongs to fixtures."""
        self._at_call = Leftovers(self._reactor)

    def _note_end(self) -> None:
        # The loop of another plugin ends before the fixtures that it did not make, and closes what is open.
        if not self._reactor._owns_loop:
            self._at_loop_end = self._at_call.since()

    def find_leaks(self) -> dict[str, list[str]]:
        """Describe what the test has left behind, now that it is over."""
        leaks = self._before.settled() if self._at_loop_end is None else self._at_loop_end
        # A Deferred tells of an error that nobody handled when it is collected. Most are by now; those of this test
        # that are in a cycle are young.
        gc.collect(1)
        return {**leaks, "errors": [failure.getBriefTraceback() for failure in self._errors]}


def _remove_trigger(reactor: Any, handle: Any) -> None:
    with suppress(ValueError):  # it is called already
        reactor.removeSystemEventTrigger(handle)
