"""How long a client waits for a response, and for more of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.error import TimeoutError
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred


class Patience:
    """
    One request's time.

    One timer serves both bounds; what arrives only notes when it did.

    Args:
        clock: Whose time it is.
        total: Seconds for all of it, None for no bound.
        between: Seconds between two arrivals while the response is read, None for no bound.
    """

    __slots__ = ("_between", "_clock", "_connection", "_deadline", "_expired", "_last", "_timer", "_waiting")

    def __init__(self, clock: Any, total: float | None, between: float | None) -> None:
        self._clock = clock
        self._between = between
        self._last = clock.seconds()
        self._deadline = None if total is None else self._last + total
        # What is to be ended: the connection that has the request, and before there is one, the Deferred of it all.
        self._connection: Any = None
        self._waiting: Deferred[Any] | None = None
        self._expired = False
        self._timer: Any = None

    def watch(self, response: Deferred[Any]) -> Deferred[Any]:
        """See that ``response`` takes no longer than it may."""
        self._waiting = response
        self._schedule()
        return response.addCallbacks(self._answered, self._failed)

    def began(self, connection: Any) -> None:
        """``connection`` has the request."""
        self._connection = connection
        self._last = self._clock.seconds()
        self._schedule()

    def touch(self) -> None:
        """Something arrived."""
        self._last = self._clock.seconds()

    def stop(self) -> None:
        """The response is whole, or never will be."""
        self._connection = None
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _answered(self, response: Any) -> Any:
        self._waiting = None
        return response

    def _failed(self, reason: Failure) -> Failure:
        self._waiting = None
        self.stop()
        return Failure(TimeoutError()) if self._expired else reason

    def _next(self) -> float | None:
        """Return when time is up, as far as that is known."""
        bounds = [] if self._deadline is None else [self._deadline]
        if self._between is not None and self._connection is not None:
            bounds.append(self._last + self._between)
        return min(bounds, default=None)

    def _schedule(self) -> None:
        when = self._next()
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        if when is not None:
            self._timer = self._clock.callLater(max(0.0, when - self._clock.seconds()), self._look)

    def _look(self) -> None:
        self._timer = None
        connection, now = self._connection, self._clock.seconds()
        if connection is not None and connection._is_paused():
            self._last = now  # nobody reads: the server is not to blame
        when = self._next()
        if when is not None and when > now:
            self._schedule()
        elif connection is not None:
            connection._expire(Failure(TimeoutError()))
        elif self._waiting is not None:
            self._expired = True
            self._waiting.cancel()
