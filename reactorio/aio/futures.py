"""
Where Deferreds meet asyncio's futures and tasks.

    CancelledError     the one cancellation, for both worlds
    StandIn            what our coroutine driver shows to asyncio: a task
    Awaited            what a Deferred gives to an asyncio Task that awaits it
    BridgeFuture       what ``Deferred.asFuture`` gives
    running_loop, current_task, swap_current_task, is_future    the questions that the driver asks

Nothing here knows the Deferred class: this module stands below it.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import traceback
from asyncio import tasks
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable
    from types import FrameType
    from typing import TextIO

    from reactorio.python.failure import Failure

__all__ = [
    "AsyncioCancelledError",
    "Awaited",
    "BridgeFuture",
    "CancelledError",
    "Future",
    "InvalidStateError",
    "Loop",
    "StandIn",
    "current_task",
    "is_future",
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

_next_name = itertools.count(1).__next__


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


class _Cancellable(Protocol):
    """What these futures need of a Deferred."""

    def cancel(self) -> None: ...


class Awaited:
    """
    What an asyncio Task waits for when it awaits a Deferred: as little of a future as a Task needs, for speed.

    Cancelling it cancels the Deferred, and it ends when that does: a Task that awaits a Deferred is cancelled when the
    Deferred has wound up its work, just as with an inner Task.
    """

    __slots__ = (
        "_asked",
        "_asyncio_future_blocking",
        "_context",
        "_done",
        "_loop",
        "_wakeup",
        "deferred",
        "error",
        "value",
    )

    _wakeup: Callable[[Any], object]
    _context: contextvars.Context | None

    def __init__(self, deferred: _Cancellable, loop: Loop) -> None:
        self.deferred = deferred
        # A Task asks for the loop by this name where there is no get_loop(), and so without a call.
        self._loop = loop
        self._asyncio_future_blocking = True
        self._done = False
        self.error: BaseException | None = None
        # Set once somebody cancelled this, and so the Deferred: the arguments for asyncio's CancelledError.
        self._asked: tuple[Any, ...] | None = None

    def __repr__(self) -> str:
        return f"<waits for {self.deferred!r}>"

    def done(self) -> bool:
        return self._done

    def add_done_callback(self, fn: Callable[[Any], object], *, context: contextvars.Context | None = None) -> None:
        """Take the Task's way to be woken; it has just begun to wait, so there is no result yet."""
        self._wakeup = fn
        self._context = context

    def resume(self, result: Any, failed: bool) -> None:
        """Take the Deferred's result, a Failure if ``failed``, and wake the Task in the next turn of the loop."""
        self._done = True
        if failed:
            self.error = _raisable(result, self._asked)
        else:
            self.value = result
        self._loop.call_soon(self._wakeup, self, context=self._context)

    def result(self) -> None:
        """Let the Task go on; who awaits takes the outcome."""

    def raise_error(self) -> NoReturn:
        try:
            raise self.error  # type: ignore[misc]  # asked for only if there is one
        finally:
            del self

    def cancel(self, msg: Any = None) -> bool:
        if self._done:
            return False
        self._asked = () if msg is None else (msg,)
        _cancel(self.deferred, self._loop, self)
        return True


class BridgeFuture(asyncio.Future[Any]):
    """A future for code that does not know Deferreds. Cancelled, it is so at once, and the Deferred is told."""

    __slots__ = ("deferred",)

    def __init__(self, deferred: _Cancellable, loop: Loop) -> None:
        super().__init__(loop=loop)
        self.deferred = deferred

    def resume(self, result: Any, failed: bool) -> None:
        """Take the Deferred's result, a Failure if ``failed``."""
        if self.done():
            return
        if not failed:
            self.set_result(result)
            return
        error = _raisable(result, None)
        if isinstance(error, asyncio.CancelledError) and not isinstance(error, CancelledError):
            super().cancel(*error.args)
        else:
            self.set_exception(error)

    def cancel(self, msg: Any = None) -> bool:
        if not super().cancel(msg):
            return False
        _cancel(self.deferred, self.get_loop(), self)
        return True


def _raisable(failure: Failure, asked: tuple[Any, ...] | None) -> BaseException:
    """Return what an asyncio Task is to see for a Deferred's Failure; ``asked`` if it was a Task that cancelled it."""
    error = failure.value
    if isinstance(error, asyncio.CancelledError) and (asked is not None or not isinstance(error, CancelledError)):
        # asyncio.timeout, up to 3.12, wants to see its own class and no other.
        return asyncio.CancelledError(*(error.args if asked is None else asked))
    if isinstance(error, StopIteration):
        # Raised into a coroutine it would mean something else.
        return RuntimeError(f"the Deferred failed with {error!r}")
    if isinstance(error, BaseException):
        return error.with_traceback(failure.tb)
    return RuntimeError(f"the Deferred failed with {error!r}, which is no exception")


def _cancel(deferred: _Cancellable, loop: Loop, waiter: object) -> None:
    try:
        deferred.cancel()
    except Exception as error:
        # Task.cancel and TaskGroup count on cancel() not to raise.
        loop.call_exception_handler({"message": "A Deferred's canceller raised", "exception": error, "future": waiter})


class StandIn:
    """
    A coroutine driver, as asyncio sees it: the current task.

    It has what libraries ask of a task (``asyncio.timeout``, ``TaskGroup``, async_timeout, anyio, aiohttp): to cancel
    it, to count cancellations, its name, loop, coroutine and context, and when it is done. A subclass drives the
    coroutine and says how it went.
    """

    __slots__ = ("__dict__", "__weakref__", "_context", "_coroutine", "_done_callbacks", "_injected", "_loop")

    _context: contextvars.Context
    _coroutine: Any
    _loop: Loop | None
    # Raised in the coroutine at its next step.
    _injected: BaseException | None
    _done_callbacks: list[tuple[Callable[[Any], object], contextvars.Context | None]] | None

    # Asked for rarely: in the instance only once they differ.
    _cancel_requests: int = 0
    _name: str | None = None

    # asyncio.isfuture must say no to this class: gather and wait_for would take it for a future.

    def done(self) -> bool:
        raise NotImplementedError

    def cancel_from_deferred(self) -> None:
        """Be cancelled as a Deferred is, not as a task."""
        raise NotImplementedError

    def cancelling(self) -> int:
        return self._cancel_requests

    def uncancel(self) -> int:
        if self._cancel_requests > 0:
            self._cancel_requests -= 1
            if self._cancel_requests == 0 and sys.version_info >= (3, 13):
                self._injected = None
        return self._cancel_requests

    def get_loop(self) -> Loop | None:
        return self._loop

    def get_coro(self) -> Any:
        return self._coroutine

    def get_context(self) -> contextvars.Context:
        return self._context

    def get_name(self) -> str:
        if self._name is None:
            self._name = f"Deferred-{_next_name()}"
        return self._name

    def set_name(self, value: object) -> None:
        self._name = str(value)

    def get_stack(self, *, limit: int | None = None) -> list[FrameType]:
        frame = getattr(self._coroutine, "cr_frame", None) or getattr(self._coroutine, "gi_frame", None)
        return [frame] if frame is not None and limit != 0 else []

    def print_stack(self, *, limit: int | None = None, file: TextIO | None = None) -> None:
        for frame in self.get_stack(limit=limit):
            traceback.print_list(traceback.extract_stack(frame, 1), file)

    def add_done_callback(self, fn: Callable[[Any], object], *, context: contextvars.Context | None = None) -> None:
        if self.done():
            self._call_soon(fn, context)
        elif self._done_callbacks is None:
            self._done_callbacks = [(fn, context)]
        else:
            self._done_callbacks.append((fn, context))

    def remove_done_callback(self, fn: Callable[[Any], object]) -> int:
        before = self._done_callbacks or []
        self._done_callbacks = [pair for pair in before if pair[0] != fn] or None
        return len(before) - len(self._done_callbacks or ())

    def _call_done_callbacks(self) -> None:
        callbacks, self._done_callbacks = self._done_callbacks, None
        for fn, context in callbacks or ():
            self._call_soon(fn, context)

    def _call_soon(self, fn: Callable[[Any], object], context: contextvars.Context | None) -> None:
        if self._loop is not None:
            self._loop.call_soon(fn, self, context=context)
        elif context is not None:
            context.run(fn, self)
        else:
            fn(self)


def loop_for_future() -> Loop:
    """
    Return the running loop.

    Raises:
        RuntimeError: None runs in this thread.
    """
    return asyncio.get_running_loop()
