"""The log to the system's log."""

from __future__ import annotations

import syslog
from typing import Any

from reactorio.python import log

__all__ = ["DEFAULT_FACILITY", "DEFAULT_OPTIONS", "SyslogObserver", "startLogging"]

DEFAULT_OPTIONS = 0
DEFAULT_FACILITY = syslog.LOG_USER


class SyslogObserver:
    """
    An observer, its method :meth:`emit`, that writes to the system's log, a line each.

    Args:
        prefix: What the lines begin with: the program's name.
        options: As for :func:`syslog.openlog`.
        facility: As for :func:`syslog.openlog`.
    """

    # Replaced in tests.
    openlog = staticmethod(syslog.openlog)
    syslog = staticmethod(syslog.syslog)

    def __init__(self, prefix: str, options: int = DEFAULT_OPTIONS, facility: int = DEFAULT_FACILITY) -> None:
        self.openlog(prefix, options, facility)

    def emit(self, eventDict: dict[str, Any]) -> None:
        """
        Write the text of an event, if it has one.

        Its keys ``syslogPriority`` and ``syslogFacility`` say how; an error is an alert unless they say otherwise.
        """
        text = log.textFromEventDict(eventDict)
        if text is None:
            return
        priority = eventDict.get("syslogPriority", syslog.LOG_ALERT if eventDict["isError"] else syslog.LOG_INFO)
        priority |= int(eventDict.get("syslogFacility", 0))
        first, *rest = text.rstrip("\n").split("\n")
        for line in (first, *(f"\t{line}" for line in rest)):
            self.syslog(priority, f"[{eventDict['system']}] {line}")


def startLogging(
    prefix: str = "Twisted",
    options: int = DEFAULT_OPTIONS,
    facility: int = DEFAULT_FACILITY,
    setStdout: bool | int = 1,
) -> None:
    """Begin logging to the system's log; see :class:`SyslogObserver` and :func:`log.startLoggingWithObserver`."""
    log.startLoggingWithObserver(SyslogObserver(prefix, options, facility).emit, setStdout=setStdout)
