"""What takes events, and what an event is."""

from __future__ import annotations

from typing import Any

from reactorio._interface import Interface, Protocol

__name__ = "reactorio.logger"  # the public path: an interface is pickled, printed and hashed by it

__all__ = ["ILogObserver", "LogEvent", "LogTrace"]

# The keys that begin with ``log_`` have a meaning: log_format, log_level, log_namespace, log_source, log_logger, log_time,
# and, for some events, log_system, log_failure, log_io, log_trace.
LogEvent = dict[str, Any]

# Who gave the event to whom, for an event that has a ``log_trace``.
LogTrace = list[tuple[object, object]]


class ILogObserver(Interface, Protocol):
    """Something that is called with every event. It must not change an event: others see the same one."""

    def __call__(self, event: LogEvent, /) -> None:
        """Take note of ``event``."""
