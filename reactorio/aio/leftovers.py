"""What is left of a test in a reactor and on its loop, and which loop a test runs on."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from reactorio.aio import loop as loops

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from reactorio.aio.reactor import Reactor
    from reactorio.internet.defer import Deferred

__all__ = ["Leftovers", "adopted_loop_waits", "choosing_loops", "release", "run_adopted"]


@contextmanager
def choosing_loops(kind: str | None) -> Iterator[None]:
    """
    Have reactors make loops of the given kind; of the program's choice, or else asyncio's, if it is None.

    One way or the other each makes its own: none takes the loop that somebody has set for this thread and left.
    """
    before = loops._kind
    loops._kind = kind or before or os.environ.get("REACTORIO_LOOP") or "asyncio"
    try:
        yield
    finally:
        loops._kind = before


class Leftovers:
    """
    What is in a reactor and on its loop now, and may be there later.

    A timer that is set anew for the same callable is the same.
    """

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._before = {kind: {key for key, _ in found} for kind, found in self._look().items()}

    def __bool__(self) -> bool:
        """Was there anything?"""
        return any(self._before.values())

    def since(self) -> dict[str, list[str]]:
        """Describe what has come since: ``timers``, ``selectables`` and ``tasks``."""
        return {
            kind: [str(one) for key, one in found if key not in self._before[kind]]
            for kind, found in self._look().items()
        }

    def settled(self) -> dict[str, list[str]]:
        """Describe what has come since; let the loop turn a few times first, if there is anything."""
        # What a test closed as its last act is closed in the next turns of the loop.
        for _ in range(5):
            if not any(self.since().values()) or self._reactor._asyncioEventloop.is_running():
                break
            self._reactor.iterate(0)
        return self.since()

    def _look(self) -> dict[str, list[tuple[Any, Any]]]:
        reactor = self._reactor
        timers = [(_key_of(call.func), call) for call in reactor.getDelayedCalls()]
        open_ones = dict.fromkeys([*reactor._open, *reactor.getReaders(), *reactor.getWriters()])
        tasks: set[asyncio.Task[Any]] = set()
        # On a loop of somebody else's, tasks are somebody else's too.
        if reactor._owns_loop and reactor._loop is not None:
            tasks = asyncio.all_tasks(reactor._loop)
        return {
            "timers": timers,
            "selectables": [(one, one) for one in open_ones],
            "tasks": [(task, task) for task in tasks],
        }


def _key_of(function: Any) -> Any:
    try:
        hash(function)
    except TypeError:
        return id(function)
    return function


def adopted_loop_waits(reactor: Any) -> bool:
    """Does the reactor have a loop of somebody else's, which may run again but does not run now?"""
    reactor._forget_closed_loop()
    return reactor._adopted_end is not None and not reactor._loop.is_running()


def run_adopted(reactor: Any, function: Callable[[], Deferred[Any]]) -> Any:
    """Run the loop that the reactor has adopted until what the function returns has fired."""

    async def wait() -> Any:
        return await function()

    main: Coroutine[Any, Any, Any] = wait()
    return reactor._loop.run_until_complete(main)


def release(reactor: Any) -> None:
    """End what is left, and free the reactor of its loop, as if the program were over; nothing if it runs."""
    loop = reactor._loop
    for call in reactor.getDelayedCalls():
        call.cancel()
    if loop is not None and loop.is_running():
        return
    if loop is not None and not reactor._owns_loop and not loop.is_closed():
        # Not ours to end. What was on it is closed in its next turns, before its owner closes it.
        reactor.disconnectAll()
    elif loop is not None or reactor._open:
        stopping = reactor.addSystemEventTrigger("after", "startup", reactor.stop)
        try:
            reactor.run(installSignalHandlers=False)
        finally:
            with suppress(ValueError):  # it is called already
                reactor.removeSystemEventTrigger(stopping)
    # It has done so by itself, unless what ended with it has ended the run: reactor.crash does.
    reactor._let_go()
