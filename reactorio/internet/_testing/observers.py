"""A log observer that keeps the events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from reactorio._interface import implementer
from reactorio.logger import ILogObserver

if TYPE_CHECKING:
    from reactorio.logger import LogEvent, LogPublisher

__name__ = "reactorio.internet.testing"  # the public path, for the classes made here


@implementer(ILogObserver)
class EventLoggingObserver(Sequence["LogEvent"]):
    """Keeps the events it observes, and is the sequence of them."""

    def __init__(self) -> None:
        self._events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        self._events.append(event)

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> LogEvent: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LogEvent]: ...
    def __getitem__(self, index: int | slice) -> LogEvent | Sequence[LogEvent]:
        return self._events[index]

    def __iter__(self) -> Iterator[LogEvent]:
        return iter(self._events)

    @classmethod
    def createWithCleanup(cls, testInstance: Any, publisher: LogPublisher) -> EventLoggingObserver:
        """Make one that observes ``publisher`` until the test case is over."""
        observer = cls()
        publisher.addObserver(observer)
        testInstance.addCleanup(publisher.removeObserver, observer)
        return observer
