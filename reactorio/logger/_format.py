"""Events as text. None of this raises: what cannot be written is described."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from reactorio.logger._flatten import aFormatter, flatFormat
from reactorio.python.failure import Failure
from reactorio.python.reflect import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reactorio.logger._interfaces import LogEvent

__all__ = ["eventAsText", "formatEvent", "formatEventAsClassicLogText", "formatTime", "timeFormatRFC3339"]

timeFormatRFC3339 = "%Y-%m-%dT%H:%M:%S%z"


def formatEvent(event: LogEvent) -> str:
    """Return the message: ``log_format`` with the fields filled in; nothing if there is none."""
    try:
        if "log_flattened" in event:
            return flatFormat(event)
        format = event.get("log_format")
        if format is None:
            return ""
        if isinstance(format, bytes):
            format = format.decode("utf-8")
        elif not isinstance(format, str):
            raise TypeError(f"Log format must be str, not {format!r}")
        return formatWithCall(format, event)
    except Exception as error:
        return formatUnformattableEvent(event, error)


def formatWithCall(formatString: str, mapping: Mapping[str, Any]) -> str:
    """Like :meth:`str.format_map`, and a name that ends in ``()`` is called."""
    if "()" in formatString:
        return aFormatter.vformat(formatString, (), mapping)
    return formatString.format_map(mapping)


def formatUnformattableEvent(event: LogEvent, error: BaseException) -> str:
    """Say what went wrong with an event's message, and all that can be known of the event."""
    try:
        return f"Unable to format event {event!r}: {error}"
    except Exception:
        failure = Failure()
        recovered = ", ".join(f"{safe_repr(key)} = {safe_repr(value)}" for key, value in event.items())
        return (
            f"MESSAGE LOST: unformattable object logged: {safe_repr(error)}\n"
            f"Recoverable data: {recovered}\n"
            f"Exception during formatting:\n{failure}"
        )


def formatTime(when: float | None, timeFormat: str | None = timeFormatRFC3339, default: str = "-") -> str:
    """
    Return a time in the local zone.

    Args:
        when: Seconds since the epoch.
        timeFormat: As for :meth:`datetime.datetime.strftime`, microseconds included.
        default: What to return if there is no time or no format.
    """
    if when is None or timeFormat is None:
        return default
    return datetime.fromtimestamp(when).astimezone().strftime(timeFormat)


def eventAsText(
    event: LogEvent,
    includeTraceback: bool = True,
    includeTimestamp: bool = True,
    includeSystem: bool = True,
    formatTime: Callable[[float], str] = formatTime,
) -> str:
    """
    Return ``2030-01-02T03:04:05+0000 [namespace#level] message`` and behind it the traceback of a ``log_failure``.

    Nothing comes of an event that has neither a message nor a failure.
    """
    text = formatEvent(event)
    if includeTraceback and "log_failure" in event:
        text = f"{text}\n{_traceback(event['log_failure'])}"
    if not text:
        return text
    if includeSystem:
        text = f"[{_system(event)}] {text}"
    if includeTimestamp:
        text = f"{formatTime(event.get('log_time'))} {text}"  # type: ignore[arg-type]  # formatTime has a word for None
    return text


def formatEventAsClassicLogText(event: LogEvent, formatTime: Callable[[float | None], str] = formatTime) -> str | None:
    """Return what a log file has of the event: lines, all but the first indented; None if it has nothing."""
    text = eventAsText(event, formatTime=formatTime)
    if not text:
        return None
    return text.replace("\n", "\n\t") + "\n"


def _traceback(failure: Any) -> str:
    try:
        traceback: str = failure.getTraceback()
    except Exception as error:
        return f"(UNABLE TO OBTAIN TRACEBACK FROM EVENT):{error}"
    return traceback


def _system(event: LogEvent) -> str:
    system = event.get("log_system")
    if system is None:
        level = event.get("log_level")
        return f"{event.get('log_namespace', '-')}#{'-' if level is None else level.name}"
    try:
        return str(system)
    except Exception:
        return "UNFORMATTABLE"
