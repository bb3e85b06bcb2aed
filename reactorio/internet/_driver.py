"""
What drives coroutines: one driver for ``inlineCallbacks``, ``ensureDeferred`` and ``Deferred.fromCoroutine``.

It resumes a coroutine the moment that a Deferred fires, with or without a loop. Under a running asyncio loop it is the
loop's current task while the coroutine runs, so that asyncio's own tools work in it, and it waits for futures as well.

About ``del self`` and boxes see ``_deferred``.
"""

from __future__ import annotations

import warnings
from contextvars import copy_context
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, cast

from reactorio.aio.futures import (
    AsyncioCancelledError,
    CancelledError,
    InvalidStateError,
    fired_in_wrong_thread,
    foreign_future,
    is_cancellation,
    is_future,
    running_loop,
    swap_current_task,
)
from reactorio.aio.standin import StandIn
from reactorio.internet._deferred import _WAITER, Deferred, _error_of, _failure_of, _pending, _run, _wrong_loop
from reactorio.internet._unhandled import DebugInfo
from reactorio.python.failure import Failure, _extraneous, special_classes

if TYPE_CHECKING:
    from types import TracebackType

    from reactorio.aio.futures import Loop

__all__ = ["Driver", "drive"]

_PENDING = getattr(_pending, "__code__", None)


class _DefGen_Return(BaseException):
    """Carries the value of ``returnValue`` out of the generator."""

    def __init__(self, value: object) -> None:
        self.value = value


class Driver(StandIn):
    """
    Drives one coroutine (or generator) for a Deferred; to asyncio it is the task in which the coroutine runs.

    Two cancellations come here. ``Deferred.cancel`` cancels what the coroutine awaits, at once, and the coroutine sees
    defer's CancelledError. ``cancel()``, as of a Task, comes from asyncio's tools: it takes effect in a later turn of
    the loop, and the coroutine sees asyncio's own CancelledError, which is what they look for.
    """

    __slots__ = ("_awaited", "_deferred", "_translation")

    _deferred: Deferred[Any]
    # The Deferred or the future that will resume the coroutine.
    _awaited: Any

    # What cancel(), or Deferred.cancel, wants the coroutine to see when what it awaits ends cancelled.
    _translation: BaseException | None

    def __init__(self, coroutine: Any, deferred: Deferred[Any]) -> None:
        self._coroutine = coroutine
        self._deferred = deferred
        deferred._canceller = self
        self._context = copy_context()
        self._injected = self._translation = self._awaited = self._loop = self._done_callbacks = None

    # Running

    @_extraneous
    def resume(self, result: Any, failed: bool) -> Deferred[Any] | None:
        """
        Go on with the result of what the coroutine awaited (or None, to start).

        Args:
            failed: Whether ``result`` is a Failure or an exception, to be raised in the coroutine.

        Returns:
            The coroutine's Deferred, if it has a result now and callbacks that wait for it.
        """
        self._awaited = error = None
        if failed:
            error = _error_of(result)
            result = None
            if self._translation is not None and is_cancellation(error):
                error = self._translation
        loop = running_loop()
        if loop is not self._loop:
            if self._loop is not None and self._loop.is_running():
                # In another thread, where the coroutine belongs and so gets the error.
                wrong = fired_in_wrong_thread()
                wrong.__cause__ = error
                self._loop.call_soon_threadsafe(self, None, wrong)
                return None
            if loop is not None:
                self._loop = loop
        if loop is None:
            following = self._context.run(self._step, result, error)
        else:
            outer = swap_current_task(loop, self)
            try:
                following = self._context.run(self._step, result, error)
            finally:
                swap_current_task(loop, outer)
        if self._injected is not None and self._awaited is not None:
            # Cancelled while it ran, before it came to wait.
            self._cancel_awaited()
        # See the module's docstring.
        result = error = None
        del self
        if following is None:
            return None
        box = [following]
        del following
        return box.pop()

    def __call__(self, future: Any = None, error: BaseException | None = None) -> None:
        """
        Go on because ``future`` is done, or with an ``error``, or because another turn of the loop has come.

        It is the driver itself that the loop calls: in debug mode, asyncio then says which coroutine was slow.
        """
        result: Any = error
        failed = error is not None
        if future is not None:
            try:
                result = future.result()
            except BaseException as raised:
                result = raised.with_traceback(raised.__traceback__.tb_next)  # type: ignore[union-attr]  # raised
                failed = True
        following = self.resume(result, failed)
        result = error = None
        if following is not None and not following.paused and not following._running:
            _run(following, isinstance(following.result, Failure))

    @_extraneous
    def _step(self, value: Any, error: BaseException | None) -> Deferred[Any] | None:
        """Run the coroutine until it has to wait, or ends; in its own context."""
        coroutine = self._coroutine
        self._translation = thrown = None
        while True:
            if self._injected is not None:
                error = self._injected
                self._injected = None
            try:
                if error is None:
                    awaited = coroutine.send(value)
                else:
                    thrown = error
                    error = None
                    awaited = coroutine.throw(thrown)
                    thrown = None
            except StopIteration as stop:
                thrown = awaited = None
                return self._end(stop.value)
            except _DefGen_Return as returned:
                _check_returner(coroutine, returned)
                return self._end(returned.value)
            except BaseException as raised:
                # The first link of the traceback is this function's.
                tb = raised.__traceback__.tb_next  # type: ignore[union-attr]  # it was raised
                if tb is not None and type(coroutine) is CoroutineType:
                    _leave_out_await(tb)
                failure = [_failure_of(raised, tb)]
                end = [self._end]
                awaited = None
                del self, coroutine, thrown, tb
                return end.pop()(failure.pop())

            if type(awaited) is Deferred or isinstance(awaited, Deferred):
                pass
            elif isinstance(awaited, Failure):
                value = None
                error = _error_of(awaited)
                continue
            elif awaited is None:
                value = None
                # In a coroutine that is asyncio.sleep(0); a generator may say just `yield`.
                if self._loop is not None and type(coroutine) is CoroutineType:
                    self._awaited = self._loop
                    self._loop.call_soon(self)
                    return None
                continue
            elif type(awaited) is CoroutineType or type(awaited) is GeneratorType:
                awaited = drive(awaited)
            elif is_future(awaited):
                if awaited.done():
                    try:
                        value = awaited.result()
                    except BaseException as raised:
                        error = raised.with_traceback(raised.__traceback__.tb_next)  # type: ignore[union-attr]  # raised
                    continue
                if self._loop is not None and awaited.get_loop() is not self._loop:
                    error = foreign_future(awaited)
                    continue
                awaited._asyncio_future_blocking = False
                awaited.add_done_callback(self)
                self._awaited = awaited
                return None
            else:
                value = awaited
                continue

            if not awaited.called or awaited.paused or awaited._callbacks is not None:
                if awaited.called and not awaited.paused and not awaited._running:
                    turn = _Turn(self)
                    self._awaited = awaited
                    if turn.comes(awaited):
                        value, error = turn.take()
                        self._awaited = None
                        del turn
                        continue
                    del turn, awaited
                    return None
                if not awaited._callbacks:
                    awaited._callbacks = [(self, self, _WAITER)]
                else:
                    if awaited._callbacks[-1][2] is _WAITER:
                        error = _wrong_loop(awaited, self._loop)
                        if error is not None:
                            continue
                    awaited._callbacks.append((self, self, _WAITER))
                self._awaited = awaited
                del awaited
                return None
            value = awaited.result
            awaited.result = None
            if isinstance(value, Failure):
                error = _error_of(value)
                value = None
                if awaited._debugInfo is not None:
                    awaited._debugInfo.failResult = None

    def _end(self, result: Any) -> Deferred[Any] | None:
        """Give the coroutine's result to its Deferred; return that if callbacks wait for it."""
        deferred = self._deferred
        if type(result) in special_classes and isinstance(result, Deferred):
            result = Failure(
                TypeError(f"a coroutine returned {result!r}: await it, or yield it, and return its result")
            )
        if deferred.called or deferred._debugInfo is not None:
            if deferred.called and deferred.result is self:
                # Being cancelled: cancel_from_deferred goes on with the result.
                deferred.result = result
                if self._done_callbacks is not None:
                    self._call_done_callbacks()
                return None
            if deferred._not_expected():
                return None
        deferred.called = True
        deferred.result = result
        deferred._canceller = None
        deferred._chainedTo = None
        if self._done_callbacks is not None:
            self._call_done_callbacks()
        if deferred._callbacks is not None:
            return deferred
        if type(result) in special_classes and not deferred.paused:
            if deferred._debugInfo is None:
                deferred._debugInfo = DebugInfo()
            deferred._debugInfo.failResult = result
        return None

    # Cancellation

    def cancel_from_deferred(self) -> None:
        """
        Be cancelled as a Deferred is: what is awaited is cancelled now, and decides what comes of it.

        The coroutine's Deferred has been called from now on. If the coroutine goes on, it waits for another one that
        stands for the rest of it.

        Unlike Twisted: a coroutine that runs just now is cancelled where it awaits next, and not forgotten about.
        """
        deferred = self._deferred
        deferred.called = True
        deferred._canceller = None
        deferred.paused += 1
        # Until the coroutine ends; see _end and done.
        deferred.result = self
        awaited = self._awaited
        try:
            if isinstance(awaited, Deferred):
                awaited.cancel()
            else:
                self._cancel_in_loop(awaited)
        except BaseException as error:
            # From a canceller: that is the result.
            self._set_aside(error)
        else:
            if deferred.result is self:
                rest = self._deferred = Deferred()
                rest._canceller = self
                rest._callbacks = [(deferred, deferred, _WAITER)]
                deferred.result = deferred._chainedTo = rest
                return
        deferred.paused -= 1
        failed = type(deferred.result) in special_classes
        if (failed or deferred._callbacks is not None) and not deferred.paused:
            _run(deferred, failed)
        del self, deferred, awaited

    def _set_aside(self, error: BaseException) -> None:
        """Let ``error`` be the coroutine's result; what else comes of it nobody will know, unless it is an error."""
        deferred, self._deferred = self._deferred, Deferred()
        if deferred.result is not self:
            self._deferred.callback(deferred.result)
        deferred.result = _failure_of(error, cast("TracebackType", error.__traceback__).tb_next)
        del self, deferred, error

    def _cancel_in_loop(self, awaited: Any) -> None:
        error = CancelledError()
        if is_future(awaited):
            self._translation = error
            if awaited.cancel():
                return
        self._injected = error

    def cancel(self, msg: Any = None) -> bool:
        """Be cancelled as a Task is."""
        if self.done():
            return False
        self._cancel_requests += 1
        awaited = self._awaited
        if is_future(awaited) and awaited.cancel(msg):
            return True
        self._injected = AsyncioCancelledError() if msg is None else AsyncioCancelledError(msg)
        if isinstance(awaited, Deferred) and self._loop is not None:
            # A Deferred would resume the coroutine inside of this call, and asyncio's tools are not ready for that.
            self._loop.call_soon(self._cancel_awaited)
        return True

    def _cancel_awaited(self) -> None:
        awaited = self._awaited
        if self._injected is None or awaited is None:
            return
        if isinstance(awaited, Deferred):
            self._translation = self._injected
            self._injected = None
            awaited._cancel_for_task()
        elif is_future(awaited):
            self._translation = self._injected
            if awaited.cancel():
                self._injected = None

    # What asyncio's tools ask of a task

    def done(self) -> bool:
        return self._deferred.called and self._deferred.result is not self

    def cancelled(self) -> bool:
        return self.done() and isinstance(self._error(), AsyncioCancelledError)

    def result(self) -> Any:
        self._require_done()
        error = self._error()
        if error is not None:
            raise error
        return self._deferred.result

    def exception(self) -> BaseException | None:
        self._require_done()
        error = self._error()
        if isinstance(error, AsyncioCancelledError):
            raise error
        return error

    def _error(self) -> BaseException | None:
        result = self._deferred.result
        return result.value if isinstance(result, Failure) else None

    def _require_done(self) -> None:
        if not self.done():
            raise InvalidStateError("Result is not set.")

    @property
    def _must_cancel(self) -> bool:
        return self._injected is not None

    @property
    def _fut_waiter(self) -> Any:
        return self._awaited if is_future(self._awaited) else None


def _leave_out_await(tb: TracebackType) -> None:
    """Take our link between an ``await`` and the error that came to it out of a traceback; it can only be the first."""
    following = tb.tb_next
    while following is not None:
        if following.tb_frame.f_code is _PENDING:
            tb.tb_next = following.tb_next
            return
        tb = following
        following = tb.tb_next


class _Turn:
    """
    A coroutine's place among callbacks that are yet to be called, of a Deferred that has its result.

    That is so while another Deferred, that waited for this one, has its turn. The coroutine goes on when all of those
    callbacks have been called, with what was the result in its turn.
    """

    __slots__ = ("_driver", "_has_come", "_is_late", "_outcome")

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._has_come = self._is_late = False
        self._outcome: tuple[Any, BaseException | None] = (None, None)

    @property
    def _loop(self) -> Loop | None:
        return self._driver._loop

    def comes(self, deferred: Deferred[Any]) -> bool:
        """Say whether it comes with the callbacks that are there. If not, it resumes the driver when it does."""
        deferred._add(self, self, _WAITER)
        self._is_late = not self._has_come
        del deferred
        return self._has_come

    def take(self) -> tuple[Any, BaseException | None]:
        """Return the result, or the error, which is nowhere else then: its frames know this object."""
        outcome, self._outcome = self._outcome, (None, None)
        return outcome

    def resume(self, result: Any, failed: bool) -> Deferred[Any] | None:
        if self._is_late:
            return self._driver.resume(result, failed)
        self._has_come = True
        self._outcome = (None, _error_of(result)) if failed else (result, None)
        return None


def _check_returner(coroutine: Any, returned: _DefGen_Return) -> None:
    """Warn if it was not the generator itself that called ``returnValue``, but a function that it called."""
    # The links: _step, the generator, who called returnValue (if not the generator), returnValue.
    tb = cast("TracebackType", cast("TracebackType", returned.__traceback__).tb_next)
    generator = tb.tb_frame.f_code
    while tb.tb_next is not None and tb.tb_next.tb_next is not None:
        tb = tb.tb_next
    culprit = tb.tb_frame.f_code
    if culprit is generator:
        return
    warnings.warn_explicit(
        f"returnValue() in {culprit.co_name!r} causing {generator.co_name!r} to exit: returnValue should only be "
        "invoked by functions decorated with inlineCallbacks",
        DeprecationWarning,
        culprit.co_filename,
        tb.tb_lineno,
    )


@_extraneous
def drive(coroutine: Any) -> Deferred[Any]:
    """Start to run a coroutine or generator, and return the Deferred for its result."""
    # What is called for every level of a program's coroutines writes these three lines itself: a frame less.
    box: list[Deferred[Any]] = [Deferred()]
    Driver(coroutine, box[0]).resume(None, False)
    return box.pop()
