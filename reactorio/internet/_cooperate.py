"""Iterators that take turns: much work in small steps, between which the reactor goes on."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from reactorio.internet._deferred import Deferred
from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reactorio.internet.interfaces import IDelayedCall, IReactorTime

__all__ = [
    "CooperativeTask",
    "Cooperator",
    "NotPaused",
    "SchedulerError",
    "SchedulerStopped",
    "TaskDone",
    "TaskFailed",
    "TaskFinished",
    "TaskStopped",
    "coiterate",
    "cooperate",
]

_IteratorT = TypeVar("_IteratorT", bound="Iterator[Any]")

_log = Logger(namespace="reactorio.internet.task")

# How long a turn of all tasks together lasts, in seconds, before the reactor gets its own.
_SLICE = 0.01

# The next turn comes this many seconds later: soon, but after what waits in the reactor already.
_EPSILON = 0.00000001


class SchedulerError(Exception):
    """What can go wrong with cooperative tasks."""


class SchedulerStopped(SchedulerError):
    """The cooperator was stopped, and its tasks with it."""


class TaskFinished(SchedulerError):
    """The task has come to its end, of one kind or another."""


class TaskDone(TaskFinished):
    """The task's iterator was exhausted."""


class TaskStopped(TaskFinished):
    """The task was stopped."""


class TaskFailed(TaskFinished):
    """The task's iterator raised an exception, or a Deferred that it yielded failed."""


class NotPaused(SchedulerError):
    """``resume`` was called more often than ``pause``."""


class _Timer:
    """Says, once a slice of time is over, that a turn should end."""

    def __init__(self) -> None:
        self.end = monotonic() + _SLICE

    def __call__(self) -> bool:
        return monotonic() >= self.end


def _defaultScheduler(callable: Callable[[], None]) -> IDelayedCall:
    # The reactor stands above this module, and a cooperator may have another scheduler.
    from reactorio.internet import reactor

    return cast("IReactorTime", reactor).callLater(_EPSILON, callable)


class CooperativeTask(Generic[_IteratorT]):
    """An iterator on its way through a `Cooperator`, which makes these."""

    def __init__(self, iterator: _IteratorT, cooperator: Cooperator) -> None:
        self._iterator = iterator
        self._cooperator = cooperator
        self._pauseCount = 0
        self._deferreds: list[Deferred[_IteratorT]] = []
        # What stop() and pause() raise once it is finished, and what whenDone() gives.
        self._completionState: SchedulerError | None = None
        self._completionResult: _IteratorT | Failure
        cooperator._addTask(self)

    def whenDone(self) -> Deferred[_IteratorT]:
        """
        Return a new Deferred for the end.

        It fires with the iterator when that is exhausted. It fails with what the iterator raised, with `TaskStopped`,
        or with `SchedulerStopped`.
        """
        deferred: Deferred[_IteratorT] = Deferred()
        if self._completionState is None:
            self._deferreds.append(deferred)
        else:
            deferred.callback(self._completionResult)
        return deferred

    def pause(self) -> None:
        """
        Take no steps until ``resume`` was called as many times as this.

        Raises:
            TaskFinished: There is nothing left to pause.
        """
        self._require_unfinished()
        self._pauseCount += 1
        if self._pauseCount == 1:
            self._cooperator._removeTask(self)

    def resume(self) -> None:
        """
        Take back one ``pause``.

        Raises:
            NotPaused: It was not paused.
        """
        if self._pauseCount == 0:
            raise NotPaused
        self._pauseCount -= 1
        if self._pauseCount == 0 and self._completionState is None:
            self._cooperator._addTask(self)

    def stop(self) -> None:
        """
        Take no more steps.

        Raises:
            TaskFinished: It was finished before.
        """
        self._require_unfinished()
        self._completeWith(TaskStopped(), Failure(TaskStopped()))

    def _require_unfinished(self) -> None:
        if self._completionState is not None:
            raise self._completionState

    def _completeWith(self, completionState: SchedulerError, deferredResult: _IteratorT | Failure) -> None:
        self._completionState = completionState
        self._completionResult = deferredResult
        if not self._pauseCount:
            self._cooperator._removeTask(self)
        for deferred in self._deferreds:
            deferred.callback(deferredResult)

    def _oneWorkUnit(self) -> None:
        # Unlike Twisted: an iterator may stop its own task, or the cooperator, and then end as it likes.
        try:
            result = next(self._iterator)
        except StopIteration:
            if self._completionState is None:
                self._completeWith(TaskDone(), self._iterator)
        except BaseException:
            if self._completionState is None:
                self._completeWith(TaskFailed(), Failure())
            else:
                _log.failure("A task raised after it was stopped")
        else:
            if isinstance(result, Deferred) and self._completionState is None:
                self.pause()
                result.addCallbacks(self._go_on, self._fail_later)

    def _go_on(self, _: object) -> None:
        self.resume()

    def _fail_later(self, failure: Failure) -> None:
        # If it was stopped while it waited, the end has been told.
        if self._completionState is None:
            self._completeWith(TaskFailed(), failure)


class Cooperator:
    """
    Lets many iterators take steps in turn, for a short while, again and again.

    Args:
        terminationPredicateFactory: Called at the start of each while; what it returns is called after each step, and
            says whether the while is over.
        scheduler: Called with a function that it shall call a little later; returns an IDelayedCall for it.
        started: Whether to begin at once; ``start`` begins otherwise.
    """

    def __init__(
        self,
        terminationPredicateFactory: Callable[[], Callable[[], bool]] = _Timer,
        scheduler: Callable[[Callable[[], None]], IDelayedCall] = _defaultScheduler,
        started: bool = True,
    ) -> None:
        self._tasks: list[CooperativeTask[Any]] = []
        # Where the round of all tasks has come to.
        self._round = iter(self._tasks)
        self._terminationPredicateFactory = terminationPredicateFactory
        self._scheduler = scheduler
        self._delayedCall: IDelayedCall | None = None
        self._started = started
        self._stopped = False

    @property
    def running(self) -> bool:
        """Whether tasks take steps: it was started, and not stopped since."""
        return self._started and not self._stopped

    def coiterate(self, iterator: _IteratorT, doneDeferred: Deferred[_IteratorT] | None = None) -> Deferred[_IteratorT]:
        """Add a task; return ``doneDeferred``, or a new Deferred, that ends as `CooperativeTask.whenDone` says."""
        if doneDeferred is None:
            doneDeferred = Deferred()
        self.cooperate(iterator).whenDone().chainDeferred(doneDeferred)
        return doneDeferred

    def cooperate(self, iterator: _IteratorT) -> CooperativeTask[_IteratorT]:
        """
        Add a task.

        Each ``next`` of the iterator is a step; if it yields a Deferred, the task rests until that fires.
        """
        return CooperativeTask(iterator, self)

    def start(self) -> None:
        """Begin, or begin again."""
        self._started = True
        self._stopped = False
        self._reschedule()

    def stop(self) -> None:
        """End all tasks with `SchedulerStopped`, and from now on every new one at once."""
        self._stopped = True
        while self._tasks:
            self._tasks[0]._completeWith(SchedulerStopped(), Failure(SchedulerStopped()))
        self._unschedule()

    def _addTask(self, task: CooperativeTask[Any]) -> None:
        self._tasks.append(task)
        if self._stopped:
            task._completeWith(SchedulerStopped(), Failure(SchedulerStopped()))
        else:
            self._reschedule()

    def _removeTask(self, task: CooperativeTask[Any]) -> None:
        self._tasks.remove(task)
        if not self._tasks:
            self._unschedule()

    def _reschedule(self) -> None:
        if self._started and self._tasks and self._delayedCall is None:
            self._delayedCall = self._scheduler(self._tick)

    def _unschedule(self) -> None:
        if self._delayedCall is not None:
            self._delayedCall.cancel()
            self._delayedCall = None

    def _tick(self) -> None:
        """Have a turn."""
        self._delayedCall = None
        self._take_steps(self._terminationPredicateFactory())
        self._reschedule()

    def _take_steps(self, is_over: Callable[[], bool]) -> None:
        while self._tasks:
            for task in self._round:
                task._oneWorkUnit()
                if is_over():
                    return
            self._round = iter(self._tasks)


_theCooperator = Cooperator()


def coiterate(iterator: _IteratorT) -> Deferred[_IteratorT]:
    """Add a task to the global cooperator, and return a Deferred for its end; see `Cooperator.coiterate`."""
    return _theCooperator.coiterate(iterator)


def cooperate(iterator: _IteratorT) -> CooperativeTask[_IteratorT]:
    """Add a task to the global cooperator; see `Cooperator.cooperate`."""
    return _theCooperator.cooperate(iterator)


for _name in __all__:
    globals()[_name].__module__ = "reactorio.internet.task"
