"""The publisher: one observer that is many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio.logger._interfaces import ILogObserver
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.logger._interfaces import LogEvent

__all__ = ["LogPublisher", "bitbucketLogObserver", "globalLogPublisher"]

OBSERVER_DISABLED = "Temporarily disabling observer {observer} due to exception: {log_failure}"


@implementer(ILogObserver)
class LogPublisher:
    """
    Gives each event to all its observers, in the order in which they were added.

    One that raises neither keeps the others from the event nor the caller from going on: the others are told.
    """

    def __init__(self, *observers: ILogObserver) -> None:
        # Replaced, never changed: an observer may add or remove observers while an event is given out.
        self._observers: list[ILogObserver] = list(observers)

    def addObserver(self, observer: ILogObserver) -> None:
        """
        Give events to ``observer`` too; once, however often it is added.

        Raises:
            TypeError: It cannot be called.
        """
        if not callable(observer):
            raise TypeError(f"Observer is not callable: {observer!r}")
        if observer not in self._observers:
            self._observers = [*self._observers, observer]

    def removeObserver(self, observer: ILogObserver) -> None:
        """Give no more events to ``observer``; nothing happens if it got none."""
        self._observers = [other for other in self._observers if other != observer]

    def __call__(self, event: LogEvent) -> None:
        trace = event.get("log_trace")
        broken: list[tuple[ILogObserver, Failure]] | None = None
        for observer in self._observers:
            if trace is not None:
                trace.append((self, observer))
            try:
                observer(event)
            except Exception:
                broken = [*(broken or ()), (observer, Failure())]
        if broken:
            self._tell_the_others(broken)

    def _tell_the_others(self, broken: list[tuple[ILogObserver, Failure]]) -> None:
        # A Logger publishes by default where this module says: it stands above.
        from reactorio.logger._logger import Logger

        for observer, failure in broken:
            others = LogPublisher(*(other for other in self._observers if other is not observer))
            # Not by the publisher itself: what one broken observer causes shall not go round and round.
            Logger(observer=_Guarded(others)).failure(OBSERVER_DISABLED, failure=failure, observer=observer)


@implementer(ILogObserver)
class _Guarded:
    """Gives events on to observers, without a word about those that raise."""

    def __init__(self, publisher: LogPublisher) -> None:
        self._observers = publisher._observers

    def __call__(self, event: LogEvent) -> None:
        for observer in self._observers:
            try:
                observer(event)
            except Exception:
                # It has raised once already for the event that is talked about, or does so next time.
                continue


@implementer(ILogObserver)
def bitbucketLogObserver(event: LogEvent) -> None:
    """Do nothing."""


globalLogPublisher = LogPublisher()
