"""The beginning of logging: before it events wait, and what is critical goes to standard error."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import IO, TYPE_CHECKING, Any

from reactorio.logger._buffer import LimitedHistoryLogObserver
from reactorio.logger._file import FileLogObserver
from reactorio.logger._filter import FilteringLogObserver, LogLevelFilterPredicate
from reactorio.logger._format import eventAsText
from reactorio.logger._fromstdlib import observe_unhandled
from reactorio.logger._io import LoggingFile
from reactorio.logger._levels import LogLevel
from reactorio.logger._logger import Logger
from reactorio.logger._observer import LogPublisher, globalLogPublisher
from reactorio.python.compat import currentframe
from reactorio.python.reflect import qual

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.logger._constants import NamedConstant
    from reactorio.logger._interfaces import ILogObserver, LogEvent

__all__ = ["LogBeginner", "globalLogBeginner", "globalLogPublisher"]

MORE_THAN_ONCE_WARNING = (
    "Warning: primary log target selected twice at <{fileNow}:{lineNow}> - "
    "previously selected at <{fileThen}:{lineThen}>.  Remove one of the calls to beginLoggingTo."
)


class LogBeginner:
    """
    Holds back a publisher's events until somebody says where they shall go.

    Args:
        errorStream: Gets the critical ones meanwhile.
        stdio: Whose ``stdout`` and ``stderr`` become part of the log: :mod:`sys`, but in tests.
        warningsModule: Whose warnings become part of it: :mod:`warnings`, but in tests.
        initialBufferSize: How many events are held back, the last ones; by default 200.
    """

    _DEFAULT_BUFFER_SIZE = 200

    def __init__(
        self,
        publisher: LogPublisher,
        errorStream: Any,
        stdio: object,
        warningsModule: Any,
        initialBufferSize: int | None = None,
    ) -> None:
        self._initialBuffer = LimitedHistoryLogObserver(
            self._DEFAULT_BUFFER_SIZE if initialBufferSize is None else initialBufferSize
        )
        self._publisher = publisher
        self._log = Logger(observer=publisher)
        self._stdio: Any = stdio
        self._warningsModule = warningsModule
        self._oldshowwarning = warningsModule.showwarning
        # The standard library's `logging`, for the one beginner that is the program's.
        self._loggingModule: Any = None
        # Where logging began: file and line.
        self._began: tuple[str, int] | None = None
        self._temporaryObserver: LogPublisher | None = LogPublisher(
            self._initialBuffer,
            FilteringLogObserver(
                FileLogObserver(errorStream, _without_time_and_system),
                [LogLevelFilterPredicate(defaultLogLevel=LogLevel.critical)],
            ),
        )
        publisher.addObserver(self._temporaryObserver)

    def beginLoggingTo(
        self,
        observers: Iterable[ILogObserver],
        discardBuffer: bool = False,
        redirectStandardIO: bool = True,
    ) -> None:
        """
        Give events to ``observers`` from now on, those held back included.

        It is meant to be called once, by the program; a second call adds observers and logs a warning.

        Args:
            discardBuffer: Forget the events held back.
            redirectStandardIO: Have what is printed become events.
        """
        caller = currentframe(1)
        now = (caller.f_code.co_filename, caller.f_lineno)
        before, self._began = self._began, now
        if self._temporaryObserver is not None:
            self._publisher.removeObserver(self._temporaryObserver)
            self._temporaryObserver = None
            if not discardBuffer:
                observers = list(observers)
                self._initialBuffer.replayTo(LogPublisher(*observers))
            self._initialBuffer = LimitedHistoryLogObserver(0)
            self._warningsModule.showwarning = self.showwarning
            if self._loggingModule is not None:
                observe_unhandled(self._loggingModule, self._publisher)
        for observer in observers:
            self._publisher.addObserver(observer)
        if before is not None:
            self._log.warn(
                MORE_THAN_ONCE_WARNING, fileNow=now[0], lineNow=now[1], fileThen=before[0], lineThen=before[1]
            )
        if redirectStandardIO:
            self._redirect("stdout", LogLevel.info)
            self._redirect("stderr", LogLevel.error)

    def is_heard(self) -> bool:
        """Does anybody get events? Before logging begins they are only held back, and none but the gravest printed."""
        return self._temporaryObserver is None or self._publisher._observers != [self._temporaryObserver]

    def _redirect(self, name: str, level: NamedConstant) -> None:
        stream = getattr(self._stdio, name)
        encoding = getattr(stream, "encoding", None)
        log = Logger(namespace=name, observer=self._publisher)
        setattr(self._stdio, name, LoggingFile(logger=log, level=level, encoding=encoding))

    def showwarning(
        self,
        message: str | Warning,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: IO[Any] | None = None,
        line: str | None = None,
    ) -> None:
        """Stand for :func:`warnings.showwarning`: log the warning, unless it is meant for a file."""
        if file is not None:
            self._oldshowwarning(message, category, filename, lineno, file, line)
            return
        self._log.warn(
            "{filename}:{lineno}: {category}: {warning}",
            warning=message,
            category=qual(category),
            filename=filename,
            lineno=lineno,
        )


def _without_time_and_system(event: LogEvent) -> str:
    return eventAsText(event, includeTimestamp=False, includeSystem=False) + "\n"


globalLogBeginner = LogBeginner(globalLogPublisher, sys.stderr, sys, warnings)
globalLogBeginner._loggingModule = logging
