"""What a coroutine driver of ours shows to asyncio: a task."""

from __future__ import annotations

import itertools
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable
    from types import FrameType
    from typing import TextIO

    from reactorio.aio.futures import Loop

__all__ = ["StandIn"]

_next_name = itertools.count(1).__next__


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

    def __repr__(self) -> str:
        state = "finished" if self.done() else "pending"
        coroutine = getattr(self._coroutine, "__qualname__", type(self._coroutine).__qualname__)
        frames = self.get_stack()
        where = f"running at {frames[0].f_code.co_filename}:{frames[0].f_lineno}" if frames else "done"
        return f"<{type(self).__name__} {state} name={self.get_name()!r} coro=<{coroutine}() {where}>>"

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
