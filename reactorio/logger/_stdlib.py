"""Events to the standard library's :mod:`logging`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio.logger._format import formatEvent
from reactorio.logger._interfaces import ILogObserver
from reactorio.logger._levels import LogLevel, to_stdlib
from reactorio.python.compat import currentframe

if TYPE_CHECKING:
    from reactorio.logger._interfaces import LogEvent

__all__ = ["STDLibLogObserver"]


@implementer(ILogObserver)
class STDLibLogObserver:
    """
    Gives events to a logger of :mod:`logging`, which decides on levels, handlers and formats.

    Args:
        name: Of the logger. It is Twisted's unless another is given, so that configurations for it apply.
        stackDepth: How far out the record's file and line are: 4 is who calls the observer, one more who calls that.
    """

    defaultStackDepth = 4

    def __init__(self, name: str = "twisted", stackDepth: int = defaultStackDepth) -> None:
        self.logger = logging.getLogger(name)
        self.stackDepth = stackDepth

    def __call__(self, event: LogEvent) -> None:
        if "log_record" in event:
            return  # it came from there
        level = to_stdlib.get(event.get("log_level", LogLevel.info), logging.INFO)
        if not self.logger.isEnabledFor(level):
            return
        failure = event.get("log_failure")
        exc_info = None if failure is None else (failure.type, failure.value, failure.getTracebackObject())
        # The depth counts from within two calls of logging's own, as it did when it was asked to find the caller.
        caller = currentframe(max(self.stackDepth - 3, 0))
        record = self.logger.makeRecord(
            self.logger.name,
            level,
            caller.f_code.co_filename,
            caller.f_lineno,
            StringifiableFromEvent(event),
            (),
            exc_info,
            caller.f_code.co_name,
        )
        self.logger.handle(record)


class StringifiableFromEvent:
    """An event whose text is its message: not made before somebody wants it."""

    def __init__(self, event: LogEvent) -> None:
        self.event = event

    def __str__(self) -> str:
        return formatEvent(self.event)

    def __bytes__(self) -> bytes:
        return str(self).encode("utf-8")
