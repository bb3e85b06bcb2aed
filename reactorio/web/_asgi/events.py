"""Things that are waited for, by any number of tasks, each of which may give up."""

from __future__ import annotations

from collections import deque
from typing import Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IPushProducer

__all__ = ["Events", "Gate"]


@implementer(IPushProducer)
class Gate:
    """
    Open or shut. As a transport's producer, it is shut while that wants nothing more.

    Attributes:
        is_open: Which of the two.
    """

    def __init__(self, is_open: bool = True) -> None:
        self.is_open = is_open
        self._waiting: list[Deferred[None]] = []

    def resumeProducing(self) -> None:
        """Open it: let through whoever waits, and whoever comes."""
        self.is_open = True
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    def pauseProducing(self) -> None:
        """Shut it: have whoever comes wait."""
        self.is_open = False

    open = stopProducing = resumeProducing
    shut = pauseProducing

    async def passed(self) -> None:
        """Wait until it is open."""
        while not self.is_open:
            one: Deferred[None] = Deferred(self._waiting.remove)
            self._waiting.append(one)
            await one


class Events:
    """
    A queue of what an ASGI application receives.

    Args:
        last: What it receives for ever after the queue's end.
    """

    def __init__(self, last: dict[str, Any]) -> None:
        self._queue: deque[dict[str, Any]] = deque()
        self._last = last
        self._ended = False
        self._some = Gate(False)

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, event: dict[str, Any]) -> None:
        self._queue.append(event)
        self._some.open()

    def end(self, last: dict[str, Any] | None = None) -> None:
        """Nothing else will come, but for the last, which may be another than was said."""
        self._last = last or self._last
        self._ended = True
        self._some.open()

    async def get(self) -> dict[str, Any]:
        """Take the next one, when it is there."""
        await self._some.passed()
        if self._queue:
            event = self._queue.popleft()
            if not self._queue and not self._ended:
                self._some.shut()
            return event
        return self._last
