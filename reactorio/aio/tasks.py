"""Tasks of the running loop: how to start one, and what they wait for, for those who draw a picture of it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, TypeVar

from reactorio.aio.futures import AwaitedFuture, BridgeFuture, running_loop
from reactorio.internet.defer import Deferred

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator
    from types import FrameType

_T = TypeVar("_T")

__all__ = ["await_chain", "awaited_by", "awaited_through", "is_task", "run_task", "running_tasks"]


def running_tasks() -> list[asyncio.Task[Any]]:
    """Return the tasks of the loop that runs here, that of the caller included; none outside of a loop."""
    loop = running_loop()
    return [] if loop is None else sorted(asyncio.all_tasks(loop), key=_number_and_name)


def _number_and_name(task: asyncio.Task[Any]) -> tuple[float, str]:
    """Order tasks with asyncio's own names as they were made, and others after them."""
    match = re.fullmatch(r"Task-(\d+)", task.get_name())
    return (int(match[1]) if match else float("inf"), task.get_name())


def run_task(coroutine: Coroutine[Any, Any, _T]) -> Deferred[_T]:
    """
    Run ``coroutine`` in a task of the loop that runs, for code that asks which task it is in.

    Returns:
        A Deferred of its result; to cancel that is to cancel the task.
    """
    return Deferred.fromFuture(asyncio.get_running_loop().create_task(coroutine))


def is_task(thing: object) -> bool:
    return isinstance(thing, asyncio.Task)


def awaited_by(thing: Any) -> Iterable[Any]:
    """
    Return what a task or a future waits for: futures, or the Deferreds that they stand for, as far as that is known.

    A future knows nothing of who will set it.
    """
    if isinstance(thing, asyncio.Task):
        # Private, and the only way to know before CPython 3.14; both kinds of task have it.
        return awaited_through(thing.get_coro(), getattr(thing, "_fut_waiter", None))
    if isinstance(thing, BridgeFuture):
        return (thing.deferred,)
    # gather's future knows its children.
    return getattr(thing, "_children", ())


def awaited_through(coroutine: Any, waiter: Any) -> Iterable[Any]:
    """Return what a coroutine waits for that has stopped with ``waiter``, which may stand for many."""
    for frame in await_chain(coroutine):
        many = _waits_for_many(frame)
        if many:
            return many
    if waiter is None:
        return ()
    return (waiter.deferred if isinstance(waiter, AwaitedFuture) else waiter,)


def _waits_for_many(frame: FrameType) -> Iterable[Any]:
    variables = frame.f_locals
    if frame.f_globals.get("__name__") == "asyncio.tasks":
        if frame.f_code.co_name == "_wait":
            return list(variables.get("fs", ()))
        if frame.f_code.co_name == "wait_for":  # up to Python 3.11, it has a task for what it waits for
            inner = variables.get("fut")
            return (inner,) if asyncio.isfuture(inner) else ()
    # A task group at its end, asyncio's or anyio's.
    children = getattr(variables.get("self"), "_tasks", None)
    if isinstance(children, set) and all(map(is_task, children)) and "exit" in frame.f_code.co_name:
        return sorted(children, key=_number_and_name)
    return ()


def await_chain(coroutine: Any) -> Iterator[FrameType]:
    """Yield the frames of a coroutine or generator that stands still, and of those that it awaits in turn."""
    while coroutine is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(coroutine, f"{kind}_frame", None)
            if frame is not None:
                yield frame
                coroutine = getattr(coroutine, "gi_yieldfrom" if kind == "gi" else f"{kind}_await", None)
                break
        else:
            return
