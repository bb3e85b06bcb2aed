"""
callLater: a heap of calls behind at most one timer of the loop.

A loop's own timer for each call costs 4.8 to 5.7 µs to set and cancel, an entry of this heap under 2: cancelling
leaves the entry where it is, to be dropped when its time comes or when dead entries are the greater part.
"""

from __future__ import annotations

import time
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

from reactorio.aio.futures import running_loop
from reactorio.internet._delayedcall import NEW, DelayedCall
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import ParamSpec

    from reactorio.aio.futures import Loop

    P = ParamSpec("P")

_log = Logger(namespace="reactorio.internet.base")

# `seconds` tells the time of day once and goes on steadily from there: it never jumps when the clock is set.
_EPOCH = time.time() - time.monotonic()

# uvloop's timers count whole milliseconds, so they may fire up to half of one early.
_EARLY = 0.0005

_FEW = 64
_NEVER = float("inf")

# The parameter of that name is the contract.
callable_check = callable


class Timers:
    """The clock of a reactor. A subclass says, in `_arm`, how to be woken."""

    _loop: Loop | None = None

    def _here(self) -> None:
        """Called when another loop runs than ours, or none."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, DelayedCall]] = []
        # Those not yet in the heap: most are cancelled before they would be needed there.
        self._new: list[DelayedCall] = []
        self._sequence = count()
        self._retired_before = 0
        self._cancelled_calls = 0
        self._too_many_cancelled = _FEW
        self._wake_at = _NEVER
        self._on_cancel = self._timer_cancelled
        self._on_move = self._timer_moved

    def seconds(self) -> float:
        """
        Return the time in seconds since the epoch.

        Unlike Twisted: it is monotonic, and differs from ``time.time()`` once the system's clock was set.
        """
        return time.monotonic() + _EPOCH

    def callLater(self, delay: float, callable: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> DelayedCall:
        """
        Call ``callable`` in ``delay`` seconds; calls of the same moment come in the order in which they were made.

        Raises:
            AssertionError: ``callable`` is not, or ``delay`` is negative.
        """
        if not (delay >= 0 and callable_check(callable)):
            raise AssertionError(_why_not(delay, callable))
        if running_loop() is not self._loop:
            self._here()
        time = self.seconds() + delay
        call = DelayedCall(time, callable, args, kwargs, self._on_cancel, self._on_move, self.seconds)
        self._new.append(call)
        if time < self._wake_at:
            self._wake_for(time)
        return call

    def getDelayedCalls(self) -> list[DelayedCall]:
        """Return the calls that are yet to come, in no particular order."""
        calls = [*(call for _, _, call in self._heap), *self._new]
        return list({call: None for call in calls if call.active()})

    def runUntilCurrent(self) -> None:
        """Make the calls whose time has come; not those that are added meanwhile, even if they are due."""
        self._run_due()

    def _run_due(self) -> bool:
        """Do that, and tell whether there was any: a loop may wake us early."""
        made = False
        self._sort_in()
        heap = self._heap
        now = self.seconds() + _EARLY
        self._wake_at = -_NEVER  # nobody needs to arm before this round is over
        try:
            while heap and heap[0][0] <= now:
                when, _, call = heappop(heap)
                if call.cancelled:
                    self._cancelled_calls -= 1
                elif call.called or call.queued_for != when:
                    pass  # it ran already, or was moved to an earlier time and has another entry
                elif call.time > when:
                    call.queued_for = call.time  # it was moved to a later time
                    heappush(heap, (call.time, next(self._sequence), call))
                else:
                    made = True
                    _make(call)
        finally:
            self._wake_for_first()
        return made

    def _sort_in(self) -> None:
        """Bring the new calls into the heap; during a round they stay out of it, and so wait for the next."""
        for call in self._new:
            if call.cancelled:
                self._cancelled_calls -= 1
            else:
                call.queued_for = call.time
                heappush(self._heap, (call.time, next(self._sequence), call))
        self._new.clear()

    def _timer_moved(self, call: DelayedCall) -> None:
        # A call that is put off again and again (an idle timeout) has one entry, not one for each time.
        if call.time < call.queued_for:
            call.queued_for = NEW
            self._new.append(call)
        if call.time < self._wake_at:
            self._wake_for(call.time)

    def _wake_for(self, when: float) -> None:
        self._wake_at = when
        self._arm(max(0.0, when - self.seconds()))

    def _arm(self, delay: float) -> None:
        """Have `runUntilCurrent` called in ``delay`` seconds, and not at any time asked for before."""

    def _timer_cancelled(self, call: DelayedCall) -> None:
        self._cancelled_calls += 1
        if self._cancelled_calls > self._too_many_cancelled:
            self._sort_in()
            self._heap[:] = [entry for entry in self._heap if not entry[2].cancelled]
            heapify(self._heap)
            self._cancelled_calls = 0
            self._too_many_cancelled = _FEW + len(self._heap)

    def _retire_timers(self) -> None:
        """This run is over: what is pending stays listed, and is not carried over into the next run."""
        self._retired_before = next(self._sequence)
        self._wake_at = _NEVER

    def _begin_timers(self) -> None:
        self._sort_in()
        if self._retired_before:
            self._heap[:] = [entry for entry in self._heap if entry[1] > self._retired_before]
            heapify(self._heap)
            self._retired_before = self._cancelled_calls = 0
        self._wake_for_first()

    def _wake_for_first(self) -> None:
        """Arm for the first of all, from scratch."""
        self._wake_at = _NEVER
        self._sort_in()
        if self._heap:
            self._wake_for(self._heap[0][0])


def _make(call: DelayedCall) -> None:
    call.called = 1
    try:
        call.func(*call.args, **call.kw)
    except Exception:
        _log.failure("Unhandled error in a delayed call: {call}", call=call)


def _why_not(delay: Any, callable: object) -> str:
    if not callable_check(callable):
        return f"{callable!r} is not callable"
    return f"{delay} is not greater than or equal to 0 seconds"
