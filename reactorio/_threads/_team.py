"""Many workers that look like one."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from reactorio._interface import implementer
from reactorio._threads._convenience import Quit
from reactorio._threads._ithreads import IWorker

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio._threads._ithreads import IExclusiveWorker

__all__ = ["Statistics", "Team"]

_W = TypeVar("_W", bound="IWorker")


class Statistics(NamedTuple):
    """How many workers a team has, and how much work waits for one."""

    idleWorkerCount: int
    busyWorkerCount: int
    backloggedWorkCount: int


@implementer(IWorker)
class Team(Generic[_W]):
    """
    Has each task done by an idle worker, by a new one, or by the next that becomes idle.

    Args:
        coordinator: Who does the team's own work, which is to look after the workers.
        createWorker: Returns a new worker, or None when there must be no more; called by the coordinator.
        logException: Called in a worker, while an exception of a task is handled.
    """

    def __init__(
        self,
        coordinator: IExclusiveWorker,
        createWorker: Callable[[], _W | None],
        logException: Callable[[], object],
    ) -> None:
        self._coordinator = coordinator
        self._create_worker = createWorker
        self._log_exception = logException
        self._quit = Quit()
        # All from here on is changed by the coordinator only.
        self._quitting = False
        self._idle: list[_W] = []
        self._busy: set[_W] = set()
        self._backlog: deque[Callable[[], object]] = deque()
        # How many of the busy shall quit as soon as they are idle.
        self._surplus = 0

    def statistics(self) -> Statistics:
        """Return how things stand."""
        return Statistics(len(self._idle), len(self._busy), len(self._backlog))

    def idle(self) -> list[_W]:
        """Return the workers that do nothing."""
        return list(self._idle)

    def busy(self) -> list[_W]:
        """Return the workers that do something."""
        return list(self._busy)

    def do(self, task: Callable[[], object]) -> None:
        """Have a worker do ``task``."""
        self._quit.check()
        self._coordinator.do(partial(self._assign, task))

    def grow(self, n: int) -> None:
        """Have ``n`` more workers, as far as more can be made."""
        self._quit.check()
        self._coordinator.do(partial(self._grow, n))

    def shrink(self, n: int | None = None) -> None:
        """Have ``n`` workers less, or none; who is busy quits when it has done its task."""
        self._quit.check()
        self._coordinator.do(partial(self._shrink, n))

    def fit(self, low: int, high: int) -> None:
        """Have ``low`` to ``high`` workers: within that, one for each task."""
        self._quit.check()
        self._coordinator.do(partial(self._fit, low, high))

    def quit(self) -> None:
        """Take no more tasks; have those that there are done, and the workers and the coordinator quit."""
        self._quit.set()
        self._coordinator.do(self._begin_to_quit)

    # What the coordinator does

    def _assign(self, task: Callable[[], object]) -> None:
        worker = self._idle.pop() if self._idle else self._create_worker()
        if worker is None:
            self._backlog.append(task)
        else:
            self._busy.add(worker)
            worker.do(partial(self._work, worker, task))

    def _grow(self, n: int) -> None:
        # Whoever was to go, and has not, stays.
        staying = min(n, self._surplus)
        self._surplus -= staying
        for _ in range(n - staying):
            worker = self._create_worker()
            if worker is None:
                return
            self._free(worker)

    def _shrink(self, n: int | None) -> None:
        if n is None:
            n = len(self._idle) + len(self._busy)
        while n and self._idle:
            self._idle.pop().quit()
            n -= 1
        self._surplus = min(self._surplus + n, len(self._busy))

    def _fit(self, low: int, high: int) -> None:
        number = len(self._idle) + len(self._busy) - self._surplus
        wanted = min(max(low, len(self._busy) + len(self._backlog)), high)
        if number > high:
            self._shrink(number - high)
        elif number < wanted:
            self._grow(wanted - number)

    def _free(self, worker: _W) -> None:
        """``worker`` is new, or has done its task."""
        if self._surplus:
            self._surplus -= 1
        elif self._backlog:
            self._busy.add(worker)
            worker.do(partial(self._work, worker, self._backlog.popleft()))
            return
        elif not self._quitting:
            self._busy.discard(worker)
            self._idle.append(worker)
            return
        self._busy.discard(worker)
        worker.quit()
        if self._quitting and not self._busy:
            self._coordinator.quit()

    def _begin_to_quit(self) -> None:
        self._quitting = True
        # They quit anyway, and not before all is done.
        self._surplus = 0
        while self._idle:
            self._idle.pop().quit()
        if not self._busy:
            self._coordinator.quit()

    # What a worker does

    def _work(self, worker: _W, task: Callable[[], object]) -> None:
        try:
            task()
        except BaseException:
            self._log_exception()
        self._coordinator.do(partial(self._free, worker))
