"""What the running loop's tasks wait for, for those who draw a picture of it."""

from __future__ import annotations

import asyncio
from typing import Any

from reactorio.aio.futures import AwaitedFuture, running_loop

__all__ = ["awaited_by", "is_task", "running_tasks"]


def running_tasks() -> list[asyncio.Task[Any]]:
    """Return the tasks of the loop that runs here, that of the caller included; none outside of a loop."""
    loop = running_loop()
    return [] if loop is None else sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())


def is_task(thing: object) -> bool:
    return isinstance(thing, asyncio.Task)


def awaited_by(task: asyncio.Task[Any]) -> Any:
    """Return the future or, in place of the future that stands for it, the Deferred that ``task`` waits for."""
    # Private, and the only way to know before CPython 3.14; both kinds of task have it.
    waiter = getattr(task, "_fut_waiter", None)
    return waiter.deferred if isinstance(waiter, AwaitedFuture) else waiter
