"""
Where Deferreds meet asyncio's futures and tasks.

    CancelledError     the one cancellation, for both worlds
    AwaitedFuture      what a Deferred gives to an asyncio Task that awaits it
    BridgeFuture       what ``Deferred.asFuture`` gives
    running_loop, current_task, swap_current_task, is_future    the questions that the driver asks

Nothing here knows the Deferred class: this module stands below it.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import tasks
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.python.failure import Failure

__all__ = [
    "AsyncioCancelledError",
    "AwaitedFuture",
    "BridgeFuture",
    "CancelledError",
    "Future",
    "InvalidStateError",
    "Loop",
    "current_task",
    "fired_in_wrong_thread",
    "foreign_future",
    "is_cancellation",
    "is_future",
    "is_group_of_cancellations",
    "running_loop",
    "swap_current_task",
]

AsyncioCancelledError = asyncio.CancelledError
InvalidStateError = asyncio.InvalidStateError
Future = asyncio.Future
Loop = asyncio.AbstractEventLoop

# What most functions return. A class that lacks an attribute takes long to say so.
_VALUES = frozenset({type(None), bool, int, float, str, bytes, list, tuple, dict, set})


def is_future(thing: object) -> bool:
    """Do what ``asyncio.isfuture`` does, faster where the answer is no."""
    return type(thing) not in _VALUES and asyncio.isfuture(thing)


# None when no loop runs in this thread.
running_loop: Callable[[], Loop | None] = asyncio._get_running_loop


class CancelledError(Exception, asyncio.CancelledError):
    """
    The work was cancelled.

    Both ``except twisted.internet.defer.CancelledError`` and ``except asyncio.CancelledError`` catch it.
    """


CancelledError.__module__ = "reactorio.internet.defer"


if sys.version_info >= (3, 12):
    current_task: Callable[[Loop], Any] = asyncio.current_task
    swap_current_task: Callable[[Loop, Any], Any] = tasks._swap_current_task  # type: ignore[attr-defined]  # not in typeshed
else:
    # asyncio's own table. In these two Pythons it will stay, and _leave_task and _enter_task take three times as long.
    _current_tasks: dict[Loop, Any] = tasks._current_tasks  # type: ignore[attr-defined]  # not in typeshed
    current_task = _current_tasks.get

    def swap_current_task(loop: Loop, task: Any) -> Any:
        """Make ``task`` (or None) the loop's current task, and return which one was."""
        before = _current_tasks.get(loop)
        if task is not None:
            _current_tasks[loop] = task
        elif before is not None:
            del _current_tasks[loop]
        return before


def is_cancellation(error: object) -> bool:
    """Is it a CancelledError, or an error of many Deferreds that says no more than that they were cancelled?"""
    return isinstance(error, asyncio.CancelledError) or getattr(error, "_only_cancelled", False)


def is_group_of_cancellations(error: BaseException) -> bool:
    """Is it an exception group that has nothing but CancelledErrors in it?"""
    if sys.version_info < (3, 11) or not isinstance(error, BaseExceptionGroup):  # noqa: F821  # since 3.11
        return False
    return error.split(asyncio.CancelledError)[1] is None


def foreign_future(future: Future[Any]) -> RuntimeError:
    """Return the error for who waits for a future that is not of the loop that runs."""
    return RuntimeError(f"{future!r} belongs to another event loop than the one that runs")


def fired_in_wrong_thread() -> RuntimeError:
    """Return the error for who awaits a Deferred that somebody fires in a thread that is not the loop's."""
    return RuntimeError(
        "the Deferred awaited here was fired in another thread than that of the event loop; "
        "reactor.callFromThread is for that"
    )


class _Cancellable(Protocol):
    """What these futures need of a Deferred."""

    def _cancel_for_task(self) -> None: ...


class _DeferredFuture(asyncio.Future[Any]):
    """A future that ends as a Deferred does; it is also that Deferred's callback (``resume``)."""

    __slots__ = ("_asked", "deferred")

    # Who makes it sets this: a constructor in C takes half of the time of ours.
    deferred: _Cancellable
    # There once somebody cancelled this future, and so the Deferred: the message for asyncio's CancelledError.
    _asked: tuple[Any]

    def resume(self, result: Any, failed: bool) -> None:
        """Take the Deferred's result, a Failure if ``failed``."""
        if self.done():
            return
        if running_loop() is not self._loop and self._is_out_of_reach(result if failed else None):
            return
        if not failed:
            self.set_result(result)
            return
        self._fail(result)

    def _is_out_of_reach(self, failure: Failure | None) -> bool:
        """Deal with a Deferred that fires where this future's loop is not to be touched; say no if it does not run."""
        error = None if failure is None else failure.value
        if self._loop.is_running():
            wrong = fired_in_wrong_thread()
            wrong.__cause__ = error
            self._loop.call_soon_threadsafe(self._set_late, wrong)
            return True
        if not self._loop.is_closed():
            return False
        # Who waited is gone with its loop.
        if error is not None:
            message = "A Deferred failed after the event loop was closed in which it was awaited"
            self._loop.call_exception_handler({"message": message, "exception": error, "future": self})
        return True

    def _set_late(self, error: BaseException) -> None:
        if not self.done():
            self.set_exception(error)

    def _fail(self, failure: Failure) -> None:
        error = failure.value
        asked = getattr(self, "_asked", None)
        if asked is not None and is_cancellation(error):
            # asyncio.timeout, up to 3.12, wants to see its own class and no other.
            super().cancel(*asked)
        elif isinstance(error, asyncio.CancelledError) and type(error) is not CancelledError:
            super().cancel()
        elif isinstance(error, StopIteration):
            # A future refuses it: raised into a coroutine it would mean something else.
            self.set_exception(RuntimeError(f"the Deferred failed with {error!r}"))
        elif isinstance(error, BaseException):
            self.set_exception(error.with_traceback(failure.tb))
        else:
            self.set_exception(RuntimeError(f"the Deferred failed with {error!r}, which is no exception"))

    def _cancel_deferred(self) -> None:
        try:
            self.deferred._cancel_for_task()
        except Exception as error:
            # Task.cancel and TaskGroup count on cancel() not to raise.
            self.get_loop().call_exception_handler(
                {"message": "A Deferred's canceller raised", "exception": error, "future": self}
            )


class AwaitedFuture(_DeferredFuture):
    """
    Stands for a Deferred in the Task that awaits it.

    Cancelling it cancels the Deferred, and it ends when that does: a Task that awaits a Deferred is cancelled when the
    Deferred has wound up its work, just as with an inner Task.
    """

    __slots__ = ()

    def cancel(self, msg: Any = None) -> bool:
        if self.done():
            return False
        self._asked = (msg,)
        self._cancel_deferred()
        return True


class BridgeFuture(_DeferredFuture):
    """A future for code that does not know Deferreds. Cancelled, it is so at once, and the Deferred is told."""

    __slots__ = ()

    def cancel(self, msg: Any = None) -> bool:
        if not super().cancel(msg):
            return False
        self._cancel_deferred()
        return True


def loop_for_future() -> Loop:
    """
    Return the running loop.

    Raises:
        RuntimeError: None runs in this thread.
    """
    return asyncio.get_running_loop()
