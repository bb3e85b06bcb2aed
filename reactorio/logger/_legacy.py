"""
Between this system and ``python.log``, whose events have other keys.

    message, format    the text: a tuple of objects, or a format for the % operator
    isError            whether it is an error
    failure, why       the exception, and what was being done
    system, time       as log_system and log_time
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.logger._format import formatEvent
from reactorio.logger._interfaces import ILogObserver
from reactorio.logger._levels import LogLevel, from_stdlib
from reactorio.logger._stdlib import StringifiableFromEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.logger._interfaces import LogEvent

__all__ = ["LegacyLogObserverWrapper", "publishToNewObserver"]


@implementer(ILogObserver)
class LegacyLogObserverWrapper:
    """
    Makes an observer of a ``python.log`` observer.

    The keys that the legacy observer knows are added to the event, which all observers share: the next such observer finds
    them there.
    """

    def __init__(self, legacyObserver: Callable[[dict[str, Any]], object]) -> None:
        self.legacyObserver = legacyObserver

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.legacyObserver})"

    def __call__(self, event: LogEvent) -> None:
        if "format" not in event and event.get("log_format") is not None:
            event["format"] = "%(log_legacy)s"
            event["log_legacy"] = StringifiableFromEvent(event.copy())
        if not isinstance(event.get("message"), tuple):
            if "message" in event:
                # A field of the message has that name: the others shall still find it.
                event = event.copy()
            event["message"] = ()
        if "time" not in event:
            event["time"] = event["log_time"]
        if "system" not in event:
            event["system"] = event.get("log_system", "-")
        if "log_failure" in event:
            event.setdefault("failure", event["log_failure"])
            event.setdefault("isError", 1)
            event.setdefault("why", formatEvent(event))
        elif "isError" not in event:
            event["isError"] = int(event.get("log_level") in (LogLevel.error, LogLevel.critical))
        self.legacyObserver(event)


def publishToNewObserver(
    observer: ILogObserver,
    eventDict: dict[str, Any],
    textFromEventDict: Callable[[dict[str, Any]], str | None],
) -> None:
    """
    Give an event of ``python.log`` to an observer.

    Args:
        textFromEventDict: Makes the event's text.
    """
    if "log_time" not in eventDict:
        eventDict["log_time"] = eventDict["time"]
    if "log_format" not in eventDict:
        text = textFromEventDict(eventDict)
        if text is not None:
            eventDict["log_text"] = text
            eventDict["log_format"] = "{log_text}"
    if "log_level" not in eventDict:
        if "logLevel" in eventDict:
            level = from_stdlib.get(eventDict["logLevel"])
        else:
            level = LogLevel.critical if eventDict.get("isError") else LogLevel.info
        if level is not None:
            eventDict["log_level"] = level
    if "log_namespace" not in eventDict:
        eventDict["log_namespace"] = "log_legacy"
    if "log_system" not in eventDict and "system" in eventDict:
        eventDict["log_system"] = eventDict["system"]
    observer(eventDict)
