"""Which loop a reactor runs on, and how it learns that a loop of somebody else's is over."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from reactorio.internet.defer import Deferred

__all__ = [
    "close_loop",
    "current_idle_loop",
    "install",
    "is_kind_chosen",
    "load_kind",
    "new_loop",
    "running_loop",
    "until_loop_ends",
]

KINDS = ("asyncio", "uvloop")

_log = Logger()

_kind: str | None = None

# None outside of a running loop. Documented for those who write loops, and a third of the price of
# `get_running_loop` with its exception.
running_loop = asyncio._get_running_loop


def install(*, uvloop: bool | None = None) -> None:
    """
    Say which loop reactors make for themselves: uvloop's, asyncio's, or (None) what ``REACTORIO_LOOP`` names.

    Raises:
        ImportError: uvloop is wanted and not installed.
    """
    global _kind
    if uvloop:
        import_module("uvloop")  # now is the time to say that it is missing
    _kind = None if uvloop is None else KINDS[uvloop]


def is_kind_chosen() -> bool:
    """Has anybody said which kind of loop to make?"""
    return bool(_kind or os.environ.get("REACTORIO_LOOP"))


def load_kind() -> None:
    """Import what a loop of the chosen kind is made of: for processes that are about to lose sight of it."""
    if (_kind or os.environ.get("REACTORIO_LOOP")) == "uvloop":
        import_module("uvloop")


def new_loop() -> asyncio.AbstractEventLoop:
    """
    Make a loop of the chosen kind.

    Raises:
        ValueError: ``REACTORIO_LOOP`` names none.
    """
    kind = _kind or os.environ.get("REACTORIO_LOOP") or "asyncio"
    loop: asyncio.AbstractEventLoop
    if kind == "uvloop":
        import uvloop

        loop = uvloop.new_event_loop()
    elif kind == "asyncio":
        loop = asyncio.SelectorEventLoop()
    else:
        raise ValueError(f"REACTORIO_LOOP is {kind!r}; it can be one of: {', '.join(KINDS)}")
    loop.set_exception_handler(_log_exception)
    return loop


def _log_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody caught in a loop of our own goes to the log that everything goes to."""
    message = context.get("message") or "Unhandled exception in event loop"
    facts = {key: value for key, value in context.items() if key not in ("message", "exception")}
    error = context.get("exception")
    if error is None:
        _log.error("{message}: {facts}", message=message, facts=facts)
    else:
        _log.failure("{message}: {facts}", failure=Failure(error), message=message, facts=facts)


def current_idle_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that the program has set for this thread, if it has set one, and it can still run."""
    with warnings.catch_warnings():
        # Without a loop set, `get_event_loop` raises (3.14), or makes one and warns (before).
        warnings.simplefilter("error")
        try:
            loop = asyncio.get_event_loop()
        except (RuntimeError, DeprecationWarning):
            return None
    return None if loop.is_closed() or loop.is_running() else loop


def close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """End a loop as `asyncio.run` does: cancel what runs, and let it see that, before closing."""
    if running_loop() is None:
        _close_loop(loop)
    else:
        # Two loops cannot run in one thread. This one stands still, so it may run its last turns in another.
        closing = threading.Thread(target=_close_loop, args=(loop,))
        closing.start()
        closing.join()


def _close_loop(loop: asyncio.AbstractEventLoop) -> None:
    try:
        # Tasks that were never begun would let go, without closing it, of what they were given: an accepted socket.
        loop.call_soon(loop.stop)
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def until_loop_ends(loop: asyncio.AbstractEventLoop, shut_down: Callable[[], Deferred[object]]) -> _Watch:
    """Have ``shut_down`` called, and what it returns awaited, when the running ``loop`` comes to its end."""
    return _Watch(loop, shut_down)


class _Watch:
    """
    An asynchronous generator that stands still for as long as the loop lives.

    A loop closes its generators when it shuts down (`loop.shutdown_asyncgens`, a part of `asyncio.run` and of
    every runner like it), after the tasks are cancelled and while it still runs.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, shut_down: Callable[[], Deferred[object]]) -> None:
        self._shut_down = shut_down
        self._loop = loop
        self._generator = self._stand_still()
        # The first step, which makes the loop take note of the generator, ends at its yield.
        try:
            self._generator.__anext__().send(None)
        except StopIteration:
            pass

    async def _stand_still(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            if running_loop() is self._loop:
                await self._shut_down()

    def dismiss(self) -> None:
        """The loop's end is of no interest any more."""

        async def nothing() -> None:
            pass

        self._shut_down = nothing  # type: ignore[assignment]  # awaited, no more
