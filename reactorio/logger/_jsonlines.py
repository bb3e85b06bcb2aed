"""
Events for collectors of logs: a flat JSON object a line, the same few names in each.

Unlike :mod:`reactorio.logger._json`, whose form Twisted can read back, this one is for other programs: times are RFC 3339, in
UTC, values that JSON cannot say are their reprs, and an exception is its text.
"""

from __future__ import annotations

import math
from datetime import datetime, timezone
from json import dumps
from typing import IO, TYPE_CHECKING, Any

from reactorio.logger._file import FileLogObserver
from reactorio.logger._format import eventAsText
from reactorio.python.failure import Failure
from reactorio.python.reflect import safe_repr, safe_str

if TYPE_CHECKING:
    from reactorio.logger._interfaces import LogEvent

__all__ = ["event_as_json_line", "json_lines_observer"]

# What the machinery puts into events, for observers of both kinds; it is in the line by other names, or of no use there.
_MACHINERY = {"failure", "format", "isError", "logLevel", "message", "system", "time", "why"}

_DEPTH = 4


def event_as_json_line(event: LogEvent) -> str:
    """
    Return ``event`` as one line of JSON, without the line's end.

    It has ``time``, ``level``, ``logger`` (the namespace), ``message``, for an exception also ``exception_type``,
    ``exception_message`` and ``exception`` (the traceback), and then the event's own fields. A field whose name is one
    of these has an underscore after it.
    """
    line: dict[str, Any] = {
        "time": _time(event.get("log_time")),
        "level": _level(event),
        "logger": event.get("log_namespace", ""),
        "message": eventAsText(event, includeTraceback=False, includeTimestamp=False, includeSystem=False),
    }
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        line["exception_type"] = safe_str(getattr(failure.type, "__qualname__", failure.type))
        line["exception_message"] = failure.getErrorMessage()
        line["exception"] = failure.getTraceback().rstrip("\n")
    for key, value in event.items():
        if not key.startswith("log_") and key not in _MACHINERY:
            line[key if key not in line else f"{key}_"] = _plain(value, _DEPTH)
    text = dumps(line, ensure_ascii=False, allow_nan=False)
    # What UTF-8 cannot say, lone surrogates from names of files, is an escape of JSON's.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def json_lines_observer(outFile: IO[Any]) -> FileLogObserver:
    """Make an observer that writes each event to ``outFile`` as `event_as_json_line` has it."""
    return FileLogObserver(outFile, lambda event: event_as_json_line(event) + "\n")


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return level.name if level is not None else "info"


def _plain(value: object, depth: int) -> object:
    """Return what JSON can say of ``value``."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if depth and isinstance(value, (list, tuple)):
        return [_plain(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        return {safe_str(key): _plain(item, depth - 1) for key, item in value.items()}
    return safe_repr(value)
