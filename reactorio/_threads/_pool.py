"""A team of threads."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Lock, local
from typing import TYPE_CHECKING

from reactorio._threads._team import Team
from reactorio._threads._threadworker import LockWorker, ThreadWorker
from reactorio.python import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread

__all__ = ["pool"]


def pool(
    currentLimit: Callable[[], int], startThread: Callable[[Callable[[], None]], Thread]
) -> Team[ThreadWorker[Thread]]:
    """
    Return a team that makes threads when it has work for them.

    Args:
        currentLimit: Returns how many there may be.
        startThread: Starts a thread that runs the given function.
    """

    def new_worker() -> ThreadWorker[Thread] | None:
        statistics = team.statistics()
        if statistics.idleWorkerCount + statistics.busyWorkerCount >= currentLimit():
            return None
        return ThreadWorker(startThread, SimpleQueue())

    team = Team(LockWorker(Lock(), local()), new_worker, log.err)
    return team
