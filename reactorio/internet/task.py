"""
Work that is done later, again and again, or bit by bit.

    deferLater         once, later
    LoopingCall        again and again, at a steady pace
    cooperate          bit by bit, in turn with others
    react              a program that is one function
    Clock              time that a test holds in its hands
"""

from __future__ import annotations

import sys
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast, overload

from typing_extensions import ParamSpec

from reactorio._interface import implementer
from reactorio.internet._cooperate import (
    CooperativeTask,
    Cooperator,
    NotPaused,
    SchedulerError,
    SchedulerStopped,
    TaskDone,
    TaskFailed,
    TaskFinished,
    TaskStopped,
    coiterate,
    cooperate,
)
from reactorio.internet._cooperate import _theCooperator as _theCooperator
from reactorio.internet._delayedcall import DelayedCall
from reactorio.internet.defer import Deferred, ensureDeferred, maybeDeferred
from reactorio.internet.error import ReactorNotRunning
from reactorio.internet.interfaces import IReactorTime
from reactorio.python.deprecate import deprecated
from reactorio.python.failure import Failure
from reactorio.python.reflect import safe_repr
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence
    from typing import Protocol

    from reactorio.internet._deferred import _PlainT
    from reactorio.internet.interfaces import IDelayedCall, IReactorCore

    class _Reactor(IReactorCore, IReactorTime, Protocol): ...


__all__ = [
    "Clock",
    "CooperativeTask",
    "Cooperator",
    "LoopingCall",
    "NotPaused",
    "SchedulerError",
    "SchedulerStopped",
    "TaskDone",
    "TaskFailed",
    "TaskFinished",
    "TaskStopped",
    "coiterate",
    "cooperate",
    "deferLater",
    "react",
]

_T = TypeVar("_T")
_P = ParamSpec("_P")


class LoopingCall:
    """
    Calls a function again and again.

    The calls are due at multiples of the interval since ``start``. One that is due while the last one still runs (its
    Deferred, or coroutine, has not ended) is left out, so they never overlap and never pile up.

    Attributes:
        clock: What tells the time: the reactor, unless set otherwise before ``start``.
        interval: The seconds between calls.
        running: Whether it goes on.
        starttime: When it was started or reset, on the clock.
        call: The IDelayedCall of the next call, or None.
    """

    call: IDelayedCall | None = None
    running: bool = False
    interval: float | None = None
    starttime: float | None = None
    _deferred: Deferred[LoopingCall] | None = None
    _runAtStart: bool = False
    # When the function was last called by withCount.
    _realLastTime: float | None = None

    def __init__(self, f: Callable[..., object], *a: object, **kw: object) -> None:
        self.f = f
        self.a = a
        self.kw = kw
        # The default clock stands above this module.
        from reactorio.internet import reactor

        self.clock = cast("IReactorTime", reactor)

    @classmethod
    def withCount(cls, countCallable: Callable[[int], object]) -> LoopingCall:
        """
        Make one that tells its function how many calls this one stands for: 1, plus those that were left out since the
        last one, before a `reset` or another `start` too.

        An interval of 0 leaves nothing out: the count is 1. A call that would stand for none is not made: if it is
        started again within an interval of the last call, one "now" is none.
        """

        def counter() -> object:
            now = loop.clock.seconds()
            interval = cast("float", loop.interval)
            last = loop._realLastTime
            if interval == 0:
                count = 1
            else:
                start = cast("float", loop.starttime)
                if last is None:
                    # The first call is one more, if it is made at the start.
                    last = start - interval if loop._runAtStart else start
                count = int((now - start) / interval) - int((last - start) / interval)
                if count <= 0:
                    # Or rounding made it a little too early. The next one will count for both.
                    return None
            loop._realLastTime = now
            return countCallable(count)

        loop = cls(counter)
        return loop

    @property
    @deprecated(Version("Twisted", 16, 0, 0), replacement="the deferred returned by start()")
    def deferred(self) -> Deferred[LoopingCall] | None:
        """What ``start`` returned."""
        return self._deferred

    def start(self, interval: float, now: bool = True) -> Deferred[LoopingCall]:
        """
        Begin.

        Args:
            interval: The seconds between calls; 0 for as often as the reactor can.
            now: Whether the first call is made at once, or an interval later.

        Returns:
            A Deferred that fires with this object when it was stopped, and fails with what the function raised.

        Raises:
            ValueError: The interval is negative.
        """
        assert not self.running, "Tried to start an already running LoopingCall."
        if interval < 0:
            raise ValueError("interval must be >= 0")
        self.running = True
        # A call of the function may end it all before start() returns.
        deferred = self._deferred = Deferred()
        self.starttime = self.clock.seconds()
        self.interval = interval
        self._runAtStart = now
        if now:
            self()
        else:
            self._scheduleFrom(self.starttime)
        return deferred

    def stop(self) -> None:
        """Make no more calls. The Deferred of ``start`` fires: now, or when the call that is under way has ended."""
        assert self.running, "Tried to stop a LoopingCall that was not running."
        self.running = False
        if self.call is not None:
            self.call.cancel()
            self.call = None
            self._finish(self)

    def reset(self) -> None:
        """Make the next call an interval from now, and those after it accordingly."""
        assert self.running, "Tried to reset a LoopingCall that was not running."
        if self.call is not None:
            self.call.cancel()
            self.call = None
            self.starttime = self.clock.seconds()
            self._scheduleFrom(self.starttime)

    def __call__(self) -> None:
        self.call = None
        maybeDeferred(self.f, *self.a, **self.kw).addCallbacks(self._called, self._failed)

    def _called(self, _: object) -> None:
        if self.running:
            self._scheduleFrom(self.clock.seconds())
        else:
            self._finish(self)

    def _failed(self, failure: Failure) -> None:
        self.running = False
        self._finish(failure)

    def _finish(self, result: LoopingCall | Failure) -> None:
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            deferred.callback(result)

    def _scheduleFrom(self, when: float) -> None:
        self.call = self.clock.callLater(self._delay_from(when), self)

    def _delay_from(self, when: float) -> float:
        """Return how many seconds after ``when`` the next call is due: the first multiple that is in the future."""
        interval = cast("float", self.interval)
        if interval == 0:
            return 0
        start = cast("float", self.starttime)
        delay = interval - (when - start) % interval
        # Where the clock's numbers are great, adding a small delay may not change them.
        return delay if when + delay > when else interval

    def __repr__(self) -> str:
        name = getattr(self.f, "__qualname__", None) or safe_repr(self.f)
        return f"LoopingCall<{self.interval!r}>({name}, *{safe_repr(self.a)}, **{safe_repr(self.kw)})"


@overload
def deferLater(clock: IReactorTime, delay: float, callable: None = None) -> Deferred[None]: ...


@overload
def deferLater(
    clock: IReactorTime, delay: float, callable: Callable[_P, Failure], *args: _P.args, **kw: _P.kwargs
) -> Deferred[Any]: ...


@overload
def deferLater(
    clock: IReactorTime, delay: float, callable: Callable[_P, Deferred[_T]], *args: _P.args, **kw: _P.kwargs
) -> Deferred[_T]: ...


@overload
def deferLater(
    clock: IReactorTime, delay: float, callable: Callable[_P, _PlainT], *args: _P.args, **kw: _P.kwargs
) -> Deferred[_PlainT]: ...


@overload
def deferLater(
    clock: IReactorTime, delay: float, callable: Callable[_P, Deferred[_T] | Failure], *args: _P.args, **kw: _P.kwargs
) -> Deferred[_T]: ...


@overload
def deferLater(
    clock: IReactorTime,
    delay: float,
    callable: Callable[_P, _T | Deferred[_T] | Failure],
    *args: _P.args,
    **kw: _P.kwargs,
) -> Deferred[_T]: ...


def deferLater(
    clock: IReactorTime, delay: float, callable: Callable[..., Any] | None = None, *args: object, **kw: object
) -> Deferred[Any]:
    """
    Call ``callable``, if there is one, ``delay`` seconds from now.

    Returns:
        A Deferred for what it returns, or for None. Cancelling it cancels the call.
    """
    deferred: Deferred[Any] = Deferred(lambda _: call.cancel())
    if callable is not None:
        call_it = callable
        deferred.addCallback(lambda _: call_it(*args, **kw))
    call = clock.callLater(delay, deferred.callback, None)
    return deferred


@implementer(IReactorTime)
class Clock:
    """
    A reactor's timers, with a time that goes on only when told to.

    Attributes:
        rightNow: The time, in seconds.
        calls: What is still to be called, in order.
    """

    rightNow = 0.0

    def __init__(self) -> None:
        self.calls: list[DelayedCall] = []

    def seconds(self) -> float:
        """Return the time."""
        return self.rightNow

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> DelayedCall:
        """See `IReactorTime.callLater`."""
        call = DelayedCall(
            self.seconds() + delay, callable, args, kw, self.calls.remove, lambda _: self._sortCalls(), self.seconds
        )
        self.calls.append(call)
        self._sortCalls()
        return call

    def getDelayedCalls(self) -> Sequence[DelayedCall]:
        """Return what is still to be called."""
        return self.calls

    def _sortCalls(self) -> None:
        # Calls that are due at the same time stay in the order in which they were asked for.
        self.calls.sort(key=DelayedCall.getTime)

    def advance(self, amount: float) -> None:
        """Let ``amount`` seconds pass at once, then call all that is due by then, new calls included."""
        self.rightNow += amount
        self._sortCalls()
        while self.calls and self.calls[0].getTime() <= self.seconds():
            call = self.calls.pop(0)
            call.called = 1
            call.func(*call.args, **call.kw)

    def pump(self, timings: Iterable[float]) -> None:
        """``advance`` by each of ``timings``."""
        for amount in timings:
            self.advance(amount)


def react(
    main: Callable[..., Deferred[Any] | Coroutine[Any, Any, Any]],
    argv: Iterable[object] = (),
    _reactor: Any = None,
) -> NoReturn:
    """
    Run the reactor while ``main`` does its work, then exit.

    Args:
        main: Called with the reactor and the items of ``argv``. It returns a Deferred, or is a coroutine function; a
            coroutine is started when the reactor runs, so that it may use asyncio from its first line.

    Raises:
        SystemExit: Always: with 0 when the work was done or the reactor was stopped; with its own code if the result
            is a SystemExit; with 1, and the error logged, if it is another error.
    """
    reactor: _Reactor
    if _reactor is None:
        # Looked up when it is needed: importing this module must not choose a reactor.
        from reactorio.internet import reactor as the_reactor

        reactor = cast("_Reactor", the_reactor)
    else:
        reactor = _reactor
    code: Any = 0

    def stop(result: Any) -> None:
        nonlocal code
        if isinstance(result, Failure):
            code = _exit_code(result)
        try:
            reactor.stop()
        except ReactorNotRunning:
            # It was stopped while, or before, the work came to its end.
            pass

    work = main(reactor, *argv)
    # Deferreds and coroutines are told apart now; what is neither is an error now.
    finished = None if isinstance(work, CoroutineType) else ensureDeferred(work)
    reactor.callWhenRunning(lambda: (finished or ensureDeferred(work)).addBoth(stop))
    reactor.run()
    sys.exit(code)


def _exit_code(failure: Failure) -> Any:
    error = failure.value
    if isinstance(error, SystemExit):
        return error.code
    # The log has a use for Failures, and only this function for the log.
    from reactorio.python import log

    log.err(failure, "main function encountered error")
    return 1
