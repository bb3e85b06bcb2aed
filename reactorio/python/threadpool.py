"""Threads that wait for work: as many as there is work for, between a minimum and a maximum."""

from __future__ import annotations

from contextvars import Context, copy_context
from threading import Thread, current_thread
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import ParamSpec

from reactorio._threads import AlreadyQuit, pool
from reactorio.python import context, log
from reactorio.python.deprecate import deprecated
from reactorio.python.failure import Failure
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio._threads import Team, ThreadWorker

__all__ = ["ThreadPool"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class ThreadPool:
    """
    Calls functions in threads.

    A function sees the :mod:`context` and the context variables of who asked for the call. Work may be given before
    :meth:`start`; after :meth:`stop`, none is taken until the pool is started again.

    Args:
        minthreads: How many threads there are without work.
        maxthreads: How many there are at most; more work waits.
        name: Part of the threads' names.
    """

    min = 5
    max = 20
    joined = False
    started = False
    name: str | None = None

    # Can be replaced, on a subclass or an instance.
    threadFactory: Callable[..., Thread] = Thread

    def __init__(self, minthreads: int = 5, maxthreads: int = 20, name: str | None = None) -> None:
        _check_limits(minthreads, maxthreads)
        self.min = minthreads
        self.max = maxthreads
        self.name = name
        self.threads: list[Thread] = []
        self._threads_made = 0
        self._team = self._new_team()

    def __getstate__(self) -> dict[str, Any]:
        return {"min": self.min, "max": self.max, "name": self.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        ThreadPool.__init__(self, state["min"], state["max"], state["name"])

    # -- What there is

    @staticmethod
    @deprecated(Version("Twisted", 22, 1, 0), replacement="threading.current_thread")
    def currentThread() -> Thread:
        """Return the calling thread."""
        return current_thread()

    @property
    def workers(self) -> int:
        """The number of threads."""
        statistics = self._team.statistics()
        return statistics.idleWorkerCount + statistics.busyWorkerCount

    @property
    def waiters(self) -> list[Thread]:
        """The threads that wait for work."""
        return [worker.thread for worker in self._team.idle()]

    @property
    def working(self) -> list[Thread]:
        """The threads that do some."""
        return [worker.thread for worker in self._team.busy()]

    @property
    def _queue(self) -> _Waiting:
        return _Waiting(self._team)

    q = _queue

    def dumpStats(self) -> None:
        """Log which threads wait and which work."""
        log.msg(f"waiters: {self.waiters}")
        log.msg(f"workers: {self.working}")
        log.msg(f"total: {self.threads}")

    # -- Start, stop, size

    def start(self) -> None:
        """Make threads: the minimum, and for the work that is there."""
        if self.joined:
            self._team = self._new_team()
        self.joined = False
        self.started = True
        self.adjustPoolsize()

    def stop(self) -> None:
        """Take no more work, and wait until what there is has been done and the threads have ended."""
        if not self.joined:
            self.joined = True
            self.started = False
            self._team.quit()
        me = current_thread()
        for thread in list(self.threads):
            # A pool stopped from one of its own threads ends when that call returns.
            if thread is not me:
                thread.join()

    def adjustPoolsize(self, minthreads: int | None = None, maxthreads: int | None = None) -> None:
        """
        Change the limits, and end or make threads accordingly; a thread ends when it is through with its call.

        Raises:
            ValueError: The minimum is negative, or more than the maximum.
        """
        low = self.min if minthreads is None else minthreads
        high = self.max if maxthreads is None else maxthreads
        _check_limits(low, high)
        self.min = low
        self.max = high
        if self.started:
            self._team.fit(low, high)

    def startAWorker(self) -> None:
        """Make one more thread, if there may be one."""
        self._team.grow(1)

    def stopAWorker(self) -> None:
        """End one thread, when it is through with its call."""
        self._team.shrink(1)

    # The team of workers, given the most that there may be and what starts a thread. Tests have others.
    _pool = staticmethod(pool)

    def _new_team(self) -> Team[ThreadWorker[Thread]]:
        return self._pool(self._limit, self._start_thread)

    def _limit(self) -> int:
        return self.max if self.started else 0

    def _start_thread(self, target: Callable[[], None]) -> Thread:
        def serve() -> None:
            try:
                target()
            finally:
                self.threads.remove(thread)

        thread = self.threadFactory(target=serve, name=self._generateName())
        thread.start()
        self.threads.append(thread)
        return thread

    def _generateName(self) -> str:
        number = self._threads_made
        self._threads_made += 1
        return f"PoolThread-{self.name or id(self)}-{number}"

    # -- Work

    def callInThread(self, func: Callable[_P, object], *args: _P.args, **kw: _P.kwargs) -> None:
        """Call ``func`` in a thread; what it raises is logged."""
        self.callInThreadWithCallback(None, func, *args, **kw)

    def callInThreadWithCallback(
        self, onResult: Callable[[bool, Any], object] | None, func: Callable[_P, _R], *args: _P.args, **kw: _P.kwargs
    ) -> None:
        """
        Call ``func`` in a thread, and in the same thread ``onResult(True, result)`` or ``onResult(False, failure)``.

        What ``onResult`` raises is logged.
        """
        if self.joined:
            return
        try:
            self._team.do(_Call(onResult, func, args, kw).make)
        except AlreadyQuit:
            pass  # just now


class _Waiting:
    """How many calls wait, as a queue would tell."""

    def __init__(self, team: Team[ThreadWorker[Thread]]) -> None:
        self._team = team

    def qsize(self) -> int:
        return self._team.statistics().backloggedWorkCount


class _Call:
    """One function to call, and where."""

    def __init__(
        self,
        on_result: Callable[[bool, Any], object] | None,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self._on_result = on_result
        # Given up as soon as it is called: its arguments live no longer than the call.
        self._function: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]] | None = (function, args, kwargs)
        self._context = context.theContextTracker.currentContext().innermost()
        self._variables: Context = copy_context()

    def make(self) -> None:
        self._variables.run(context.call, self._context, self._make)

    def _make(self) -> None:
        result: Any
        try:
            result = self._call_function()
            success = True
        except BaseException:
            result = Failure()
            success = False
        if self._on_result is not None:
            try:
                self._on_result(success, result)
            except BaseException:
                log.err()
        elif not success:
            log.err(result)

    def _call_function(self) -> Any:
        assert self._function is not None
        function, args, kwargs = self._function
        self._function = None
        return function(*args, **kwargs)


def _check_limits(low: int, high: int) -> None:
    if low < 0:
        raise ValueError(f"the minimum is negative: {low}")
    if low > high:
        raise ValueError(f"the minimum is greater than the maximum: {low} > {high}")
