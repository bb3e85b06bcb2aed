"""Events kept for later."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio.logger._interfaces import ILogObserver

if TYPE_CHECKING:
    from reactorio.logger._interfaces import LogEvent

__all__ = ["LimitedHistoryLogObserver"]


@implementer(ILogObserver)
class LimitedHistoryLogObserver:
    """
    Keeps the last events.

    Args:
        size: How many; None is all, as long as memory lasts.
    """

    def __init__(self, size: int | None = 2**16) -> None:
        self._buffer: deque[LogEvent] = deque(maxlen=size)

    def __call__(self, event: LogEvent) -> None:
        self._buffer.append(event)

    def replayTo(self, otherObserver: ILogObserver) -> None:
        """Give the events to another observer, in their order."""
        for event in list(self._buffer):
            otherObserver(event)
