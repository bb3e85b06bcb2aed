"""A worker for tests: it works when it is told to, step by step."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio._threads._convenience import Quit
from reactorio._threads._ithreads import IExclusiveWorker

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["createMemoryWorker"]


@implementer(IExclusiveWorker)
class MemoryWorker:
    """Keeps its work, for the function that `createMemoryWorker` returns beside it."""

    def __init__(self) -> None:
        self._quit = Quit()
        self._pending: deque[Callable[[], object]] = deque()

    def do(self, task: Callable[[], object]) -> None:
        """Keep ``task``."""
        self._quit.check()
        self._pending.append(task)

    def quit(self) -> None:
        """Take no more."""
        self._quit.set()

    def perform(self) -> bool:
        """Do what was given first; tell whether there was anything."""
        if not self._pending:
            return False
        self._pending.popleft()()
        return True


def createMemoryWorker() -> tuple[IExclusiveWorker, Callable[[], bool]]:
    """Return a worker, and a function that has it do one thing and tells whether there was one."""
    worker = MemoryWorker()
    return worker, worker.perform
