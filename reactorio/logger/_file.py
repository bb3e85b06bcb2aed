"""Events into files."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.logger._format import formatEventAsClassicLogText, formatTime, timeFormatRFC3339
from reactorio.logger._interfaces import ILogObserver
from reactorio.python.compat import ioType

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.logger._interfaces import LogEvent

__all__ = ["FileLogObserver", "textFileLogObserver"]


@implementer(ILogObserver)
class FileLogObserver:
    """
    Writes each event to a file, and flushes it.

    Args:
        outFile: Takes text, or bytes: then it gets UTF-8.
        formatEvent: Makes the text of an event; nothing is written if there is none.
    """

    def __init__(self, outFile: IO[Any], formatEvent: Callable[[LogEvent], str | None]) -> None:
        self._encoding = None if ioType(outFile) is str else "utf-8"
        self._outFile = outFile
        self.formatEvent = formatEvent

    def __call__(self, event: LogEvent) -> None:
        text = self.formatEvent(event)
        if text:
            self._outFile.write(text if self._encoding is None else text.encode(self._encoding))
            self._outFile.flush()


def textFileLogObserver(outFile: IO[Any], timeFormat: str | None = timeFormatRFC3339) -> FileLogObserver:
    """Make an observer that writes the classic log text to a file."""

    def format_time(when: float | None) -> str:
        return formatTime(when, timeFormat)

    return FileLogObserver(outFile, lambda event: formatEventAsClassicLogText(event, formatTime=format_time))
