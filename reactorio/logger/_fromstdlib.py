"""
Records of the standard library's :mod:`logging`, as events: the way back from `STDLibLogObserver`.

No loop can come of the two: an event made of a record carries it, and the observer passes over such events; a record
made of an event carries that, and the handler leaves such records to whoever handles them otherwise.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from reactorio.logger._levels import LogLevel
from reactorio.logger._observer import globalLogPublisher
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.logger._constants import NamedConstant
    from reactorio.logger._interfaces import ILogObserver, LogEvent

__all__ = ["StdlibHandler", "came_from_event", "observe_unhandled"]

_LEVELS: list[tuple[int, NamedConstant]] = [
    (logging.CRITICAL, LogLevel.critical),
    (logging.ERROR, LogLevel.error),
    (logging.WARNING, LogLevel.warn),
    (logging.INFO, LogLevel.info),
]


class StdlibHandler(logging.Handler):
    """
    A handler for :mod:`logging` whose output is this package's log.

    With ``logging.getLogger().addHandler(StdlibHandler())`` every record is an event: what asyncio, aiohttp and other
    libraries log stands in the same files, and in the same form, as the rest.

    Args:
        level: The least level of records.
        observer: Gets the events; by default the global publisher.
        otherwise: Gets the records that are events already.
    """

    def __init__(
        self,
        level: int = logging.NOTSET,
        observer: ILogObserver = globalLogPublisher,
        otherwise: logging.Handler | None = None,
    ) -> None:
        super().__init__(level)
        self._observer = observer
        self._otherwise = otherwise

    def emit(self, record: logging.LogRecord) -> None:
        if not came_from_event(record):
            self._observer(_event_of(record))
        elif self._otherwise is not None:
            self._otherwise.handle(record)


def came_from_event(record: logging.LogRecord) -> bool:
    """Was the record made by `STDLibLogObserver`?"""
    return hasattr(record.msg, "event")


def _event_of(record: logging.LogRecord) -> LogEvent:
    level = next((ours for theirs, ours in _LEVELS if record.levelno >= theirs), LogLevel.debug)
    event: dict[str, Any] = {
        "log_format": "{log_text}",
        "log_text": record.getMessage(),
        "log_level": level,
        "log_namespace": record.name,
        "log_system": f"{record.name}#{level.name}",
        "log_time": record.created,
        "log_record": record,
    }
    if record.exc_info and record.exc_info[1] is not None:
        kind, error, traceback = record.exc_info
        event["log_failure"] = Failure(error, kind, traceback)
    return event


def observe_unhandled(module: Any, observer: ILogObserver) -> None:
    """
    Make events of the records that no handler wants, which :mod:`logging` would print bare to standard error.

    Programs that configure :mod:`logging` keep what they configured: ``lastResort`` is what comes after that.
    """
    last = module.lastResort
    if not isinstance(last, StdlibHandler):
        module.lastResort = StdlibHandler(logging.WARNING if last is None else last.level, observer, last)
