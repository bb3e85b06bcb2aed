"""How late the loop is."""

from __future__ import annotations

import time
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IDelayedCall

__all__ = ["Heartbeat"]


class Heartbeat:
    """
    Calls itself every so often, and notes how much later than that it was called.

    The attributes may be read from any thread.

    Attributes:
        counts: How often it was late by up to each of BOUNDS, and then by more.
        total: Seconds that it was late, in sum.
    """

    # Seconds. Below the first a loop has nothing to do; beyond the last something is broken.
    BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
    INTERVAL = 0.25

    _call: IDelayedCall | None = None

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._due: float | None = None
        self.counts = [0] * (len(self.BOUNDS) + 1)
        self.total = 0.0

    def start(self) -> None:
        """Begin, in the reactor's thread."""
        self._due = time.monotonic() + self.INTERVAL
        self._call = self._reactor.callLater(self.INTERVAL, self._beat)

    def _beat(self) -> None:
        late = self.stalled()
        self.counts[bisect_left(self.BOUNDS, late)] += 1
        self.total += late
        self.start()

    def stalled(self) -> float:
        """Return by how many seconds the next beat is late by now: for so long at least, the loop has not turned."""
        due = self._due
        return 0.0 if due is None else max(0.0, time.monotonic() - due)

    def stop(self) -> None:
        """End, in the reactor's thread."""
        call, self._call, self._due = self._call, None, None
        if call is not None and call.active():
            call.cancel()
