"""Where the log of an application goes."""

from __future__ import annotations

import sys
import warnings
from typing import IO, TYPE_CHECKING, Any

from reactorio import logger
from reactorio.application._watchedlog import WatchedLogFile
from reactorio.application.internet import _maybeGlobalReactor
from reactorio.copyright import version as served_version
from reactorio.logger._journal import JournalObserver, is_journal
from reactorio.python import log
from reactorio.python.reflect import qual

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reactorio.logger import LogEvent

__all__ = ["AppLogger"]


class AppLogger:
    """
    Starts and stops the log of an application.

    The observer is, in this order, what the ``logger`` of the options makes, the application's ILogObserver, or
    one that writes text to the file that the options name (``logfile``; stdout if that is empty or ``-``).
    """

    _observer: Any = None
    _journal: JournalObserver | None = None

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._logfilename: str = options.get("logfile") or ""
        self._observerFactory: Callable[[], Any] | None = options.get("logger") or None
        self._format: str | None = options.get("log-format")
        self._worker: Any = options.get("worker")
        self._predicate: logger.ILogFilterPredicate | None = options.get("log-predicate")

    def start(self, application: Any) -> None:
        """Begin logging, and say that the application is starting."""
        self._observer = self._modern(self._chooseObserver(application))
        if self._predicate is not None:
            self._observer = logger.FilteringLogObserver(self._observer, [self._predicate])
        logger.globalLogBeginner.beginLoggingTo([self._observer])
        self._initialLog()

    def _begin_without_application(self) -> None:
        """Begin logging for the one thing that there is to say: why there is no application."""
        observer = self._modern(self._chooseObserver(None))
        # What is printed now is for the user.
        logger.globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)

    def stop(self) -> None:
        """Say that it is over, and stop logging. Another call does nothing more."""
        logger._loggerFor(self).info("Server Shut Down.")
        if self._observer is not None:
            logger.globalLogPublisher.removeObserver(self._observer)
            if self._journal is not None:
                self._journal.close()
            self._observer = self._journal = None

    def _chooseObserver(self, application: Any) -> Any:
        if self._observerFactory is not None:
            return self._observerFactory()
        observer = logger.ILogObserver.adapt(application, None)
        if observer is not None:
            return observer
        legacy = log.ILogObserver.adapt(application, None)
        if legacy is not None:
            return logger.LegacyLogObserverWrapper(legacy)
        return self._getLogObserver()

    def _modern(self, observer: Any) -> Any:
        if logger.ILogObserver.providedBy(observer):
            return observer
        if not log.ILogObserver.providedBy(observer):
            warnings.warn(
                "Passing a logger factory which makes log observers which do not implement "
                "reactorio.logger.ILogObserver or reactorio.python.log.ILogObserver to "
                f"{qual(AppLogger)} was deprecated in Twisted 16.2. Please use a factory that produces "
                "reactorio.logger.ILogObserver (or the legacy reactorio.python.log.ILogObserver) "
                "implementing objects instead.",
                DeprecationWarning,
                stacklevel=3,
            )
        return logger.LegacyLogObserverWrapper(observer)

    def _initialLog(self) -> None:
        mine = logger._loggerFor(self)
        mine.info(
            "twistd {version} ({exe} {pyVersion}) starting up.",
            version=served_version,
            exe=sys.executable,
            pyVersion=".".join(map(str, sys.version_info[:3])),
        )
        mine.info("reactor class: {reactor}.", reactor=_twisted_name(qual(type(_maybeGlobalReactor(None)))))

    def _getLogObserver(self) -> Any:
        if self._logfilename in ("", "-"):
            return self._to_stdout()
        return self._to(_open_log(self._logfilename))

    def _to(self, file: IO[Any]) -> Any:
        """Return an observer that writes to ``file`` in the format that is asked for."""
        number = None if self._worker is None else self._worker.number
        return _json_observer(file, number) if self._format == "json" else _text_observer(file, number)

    def _to_stdout(self) -> Any:
        """Return an observer that writes to stdout; where that is the journal, as that likes it best."""
        if self._format is None and is_journal(sys.stdout):
            self._journal = JournalObserver(sys.stdout)
            return self._journal
        return self._to(sys.stdout)


def _open_log(name: str, turns_over: bool = True) -> Any:
    try:
        return WatchedLogFile.fromFullPath(name) if turns_over else WatchedLogFile.fromFullPath(name, rotateLength=None)
    except OSError as error:
        raise SystemExit(f"Cannot log to {name}: {error.strerror}") from error


def _text_observer(file: IO[Any], worker: int | None = None) -> logger.FileLogObserver:
    """
    Return an observer whose lines name our modules as the programs that read logs know them.

    Args:
        worker: Of several, which this process is; the lines say so.
    """
    observer = logger.textFileLogObserver(file)
    format_event = observer.formatEvent
    if worker is None:
        observer.formatEvent = lambda event: format_event(_as_twisted(event))
    else:
        # After the time, and where what is in brackets says whose line it is.
        observer.formatEvent = lambda event: (format_event(_as_twisted(event)) or "").replace(
            " [", f" [worker {worker}: ", 1
        )
    return observer


def _json_observer(file: IO[Any], worker: int | None = None) -> logger.FileLogObserver:
    observer = logger.json_lines_observer(file)
    format_event = observer.formatEvent
    more = {} if worker is None else {"worker": worker}
    observer.formatEvent = lambda event: format_event({**_as_twisted(event), **more})
    return observer


def _as_twisted(event: LogEvent) -> LogEvent:
    namespace = event.get("log_namespace")
    if isinstance(namespace, str) and namespace.startswith("reactorio."):
        return {**event, "log_namespace": _twisted_name(namespace)}
    return event


def _twisted_name(name: str) -> str:
    return "twisted" + name[len("reactorio") :] if name.startswith("reactorio.") else name


AppLogger.__module__ = "reactorio.application.app"
