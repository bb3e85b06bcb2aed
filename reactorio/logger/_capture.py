"""Events for tests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from reactorio.logger._observer import globalLogPublisher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reactorio.logger._interfaces import LogEvent

__all__ = ["capturedLogs"]


@contextmanager
def capturedLogs() -> Iterator[Sequence[LogEvent]]:
    """Make a context that collects, in the list it gives, the events that are published in it."""
    events: list[LogEvent] = []
    # Not the bare `append`: two empty lists are equal, so are their methods, and a publisher takes each observer once.
    observer = lambda event: events.append(event)  # noqa: E731
    globalLogPublisher.addObserver(observer)
    try:
        yield events
    finally:
        globalLogPublisher.removeObserver(observer)
