"""
The old way to log, in front of :mod:`reactorio.logger`, which does the work.

``msg("a", "message", key=value)`` and ``err(failure, "while doing something")`` publish an event, a dictionary, with these
keys and those of the context and of the call:

    message, format    the text: a tuple of objects, or a format for the % operator
    isError            whether it is an error
    failure, why       the exception, and what was being done
    system             who says it
    time               when, in seconds since the epoch

Observers added here see the events of :class:`reactorio.logger.Logger` too, with these keys added; and its observers see these.
"""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from io import UnsupportedOperation
from typing import IO, Any, TypeVar

from reactorio._interface import Interface, Protocol
from reactorio.logger import LegacyLogObserverWrapper, LogBeginner, LoggingFile
from reactorio.logger import Logger as NewLogger
from reactorio.logger import LogLevel as NewLogLevel
from reactorio.logger import LogPublisher as NewPublisher
from reactorio.logger import STDLibLogObserver as NewSTDLibLogObserver
from reactorio.logger import globalLogBeginner as newGlobalLogBeginner
from reactorio.logger import globalLogPublisher as newGlobalLogPublisher
from reactorio.logger._legacy import publishToNewObserver as _publishNew
from reactorio.python import context, reflect
from reactorio.python.failure import Failure

_R = TypeVar("_R")
EventDict = dict[str, Any]
_Observer = Callable[[EventDict], object]


class ILogContext:
    """The key, in :mod:`reactorio.python.context`, of what every event that is published there has."""


class ILogObserver(Interface, Protocol):
    """What is called with every event."""

    def __call__(self, eventDict: EventDict, /) -> None:
        """Take note of an event. It must not be changed."""


context.setDefault(ILogContext, {"system": "-"})


# -- Context


def callWithContext(ctx: dict[str, Any], func: Callable[..., _R], *args: Any, **kw: Any) -> _R:
    """Call ``func``; the events published meanwhile in this thread have the keys of ``ctx``."""
    result: _R = context.call({ILogContext: {**context.get(ILogContext), **ctx}}, func, *args, **kw)
    return result


def callWithLogger(logger: Any, func: Callable[..., _R], *args: Any, **kw: Any) -> _R | None:
    """
    Call ``func`` with ``logger.logPrefix()`` as the system of what is logged. An exception is logged and goes no further;
    only KeyboardInterrupt does.
    """
    try:
        prefix = logger.logPrefix()
    except KeyboardInterrupt:
        raise
    except BaseException:
        prefix = "(buggy logPrefix method)"
        err(system=prefix)
    try:
        return callWithContext({"system": prefix}, func, *args, **kw)
    except KeyboardInterrupt:
        raise
    except BaseException:
        err(system=prefix)
        return None


class Logger:
    """Base of what :func:`callWithLogger` takes."""

    def logPrefix(self) -> str:
        """Return the system of what it logs."""
        return "-"


# -- Publishing


class NullFile:
    """A file that takes everything and has nothing."""

    softspace = 0

    def read(self) -> None: ...

    def write(self, bytes: object) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class LogPublisher:
    """
    Takes old events and gives them to observers of both kinds.

    Args:
        observerPublisher: Has the observers.
        publishPublisher: Gets the events; both are the same, and new, by default.
        logBeginner: Begins logging for :func:`startLogging`; by default one that is made when it is wanted.
    """

    def __init__(
        self,
        observerPublisher: NewPublisher | None = None,
        publishPublisher: NewPublisher | None = None,
        logBeginner: LogBeginner | None = None,
        warningsModule: Any = warnings,
    ) -> None:
        if publishPublisher is None:
            publishPublisher = NewPublisher()
            if observerPublisher is None:
                observerPublisher = publishPublisher
        if observerPublisher is None:
            observerPublisher = NewPublisher()
        self._observerPublisher = observerPublisher
        self._publishPublisher = publishPublisher
        self._legacyObservers: list[LegacyLogObserverWrapper] = []
        self._logBeginner = logBeginner
        self._warningsModule = warningsModule
        self._oldshowwarning = warningsModule.showwarning

    @property
    def observers(self) -> list[_Observer]:
        """What was added, in order."""
        return [wrapper.legacyObserver for wrapper in self._legacyObservers]

    def addObserver(self, other: _Observer) -> None:
        """Call ``other`` with every event."""
        self._observerPublisher.addObserver(self._wrapped(other))

    def removeObserver(self, other: _Observer) -> None:
        """Call ``other`` no more; nothing happens if it was not."""
        for wrapper in self._legacyObservers:
            if wrapper.legacyObserver == other:
                self._legacyObservers.remove(wrapper)
                self._observerPublisher.removeObserver(wrapper)
                return

    def _wrapped(self, other: _Observer) -> LegacyLogObserverWrapper:
        wrapper = LegacyLogObserverWrapper(other)
        self._legacyObservers = [*self._legacyObservers, wrapper]
        return wrapper

    def _startLogging(self, other: _Observer, setStdout: bool) -> None:
        if self._logBeginner is None:
            self._logBeginner = LogBeginner(self._observerPublisher, NullFile(), sys, self._warningsModule)
        self._logBeginner.beginLoggingTo([self._wrapped(other)], discardBuffer=True, redirectStandardIO=setStdout)

    def _stopLogging(self) -> None:
        """Give warnings back to the standard library."""
        if self._logBeginner is not None and self._warningsModule.showwarning == self._logBeginner.showwarning:
            self._warningsModule.showwarning = self._oldshowwarning

    def msg(self, *message: object, **kw: object) -> None:
        """Publish an event with this message and these keys."""
        event: EventDict = {**(context.get(ILogContext) or {}), **kw}
        event["message"] = message
        event["time"] = time.time()
        event.setdefault("isError", 0)
        _publishNew(self._publishPublisher, event, textFromEventDict)

    def showwarning(
        self,
        message: str | Warning,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: IO[str] | None = None,
        line: str | None = None,
    ) -> None:
        """Stand for :func:`warnings.showwarning`: publish the warning, unless it is meant for a file."""
        if file is not None:
            self._oldshowwarning(message, category, filename, lineno, file, line)
            return
        self.msg(
            warning=message,
            category=reflect.qual(category),
            filename=filename,
            lineno=lineno,
            format="%(filename)s:%(lineno)s: %(category)s: %(warning)s",
        )


theLogPublisher = LogPublisher(
    observerPublisher=newGlobalLogPublisher,
    publishPublisher=newGlobalLogPublisher,
    logBeginner=newGlobalLogBeginner,
)

addObserver = theLogPublisher.addObserver
removeObserver = theLogPublisher.removeObserver
msg = theLogPublisher.msg
showwarning = newGlobalLogBeginner.showwarning


def err(_stuff: object = None, _why: str | None = None, **kw: object) -> None:
    """
    Publish an error.

    Args:
        _stuff: A Failure, an exception, or anything else, which is then shown; by default the exception being handled.
        _why: What was being done.
    """
    if _stuff is None:
        _stuff = Failure()
    elif isinstance(_stuff, BaseException) and not isinstance(_stuff, Failure):
        _stuff = Failure(_stuff)
    if isinstance(_stuff, Failure):
        msg(failure=_stuff, why=_why, isError=1, **kw)
    else:
        msg(reflect.safe_repr(_stuff), why=_why, isError=1, **kw)


deferr = err


# -- Text


def _safeFormat(fmtString: Any, fmtDict: dict[str, Any]) -> str:
    """Return ``fmtString % fmtDict``, or what can be said if that raises."""
    try:
        text: str = fmtString % fmtDict
        return text
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass
    try:
        return f"Invalid format string or unformattable object in log message: {fmtString!r}, {fmtDict}"
    except BaseException:
        pass
    try:
        return f"UNFORMATTABLE OBJECT WRITTEN TO LOG with fmt {fmtString!r}, MESSAGE LOST"
    except BaseException:
        return "PATHOLOGICAL ERROR IN BOTH FORMAT STRING AND MESSAGE DETAILS, MESSAGE LOST"


def textFromEventDict(eventDict: EventDict) -> str | None:
    """
    Return the text of an event: its message, or why and the traceback of a failure, or its format filled in.

    Returns:
        None if it has none of these.
    """
    if eventDict["message"]:
        return " ".join(map(reflect.safe_str, eventDict["message"]))
    if eventDict["isError"] and "failure" in eventDict:
        why = eventDict.get("why") or "Unhandled Error"
        try:
            traceback = eventDict["failure"].getTraceback()
        except Exception as error:
            traceback = f"(unable to obtain traceback): {error}"
        return f"{why}\n{traceback}"
    if "format" in eventDict:
        return _safeFormat(eventDict["format"], eventDict)
    return None


# -- Observers


class _GlobalStartStopObserver:
    """An observer of the global events, from ``start()`` to ``stop()``."""

    def emit(self, eventDict: EventDict) -> None:
        """Take note of an event."""
        raise NotImplementedError

    def start(self) -> None:
        addObserver(self.emit)

    def stop(self) -> None:
        removeObserver(self.emit)


class FileLogObserver(_GlobalStartStopObserver):
    """
    Writes ``2030-01-02 03:04:05+0000 [system] text`` to a file.

    Args:
        f: Takes text.
    """

    # How to write the time, as for datetime.strftime; None is as above.
    timeFormat: str | None = None

    # Many lines have the same: a second, and how it is written.
    _lastTime: tuple[int | None, str] = (None, "")

    def __init__(self, f: Any) -> None:
        self.write = f.write
        self.flush = f.flush

    def getTimezoneOffset(self, when: float) -> int:
        """Return how many seconds the local zone was west of UTC at a time."""
        local = datetime.fromtimestamp(when).astimezone()
        offset = local.utcoffset()
        assert offset is not None
        return -round(offset.total_seconds())

    def formatTime(self, when: float) -> str:
        """Return a time, given in seconds since the epoch, in the local zone."""
        if self.timeFormat is not None:
            return datetime.fromtimestamp(when).strftime(self.timeFormat)
        zone = timezone(-timedelta(seconds=self.getTimezoneOffset(when)))
        return datetime.fromtimestamp(when, zone).strftime("%Y-%m-%d %H:%M:%S%z")

    def _written(self, when: float) -> str:
        if self.timeFormat is not None or type(self).formatTime is not FileLogObserver.formatTime:
            return self.formatTime(when)
        second = math.floor(when)
        if self._lastTime[0] != second:
            self._lastTime = (second, self.formatTime(when))
        return self._lastTime[1]

    def emit(self, eventDict: EventDict) -> None:
        text = textFromEventDict(eventDict)
        if text is None:
            return
        parts = {"system": eventDict["system"], "text": text.replace("\n", "\n\t")}
        line = _safeFormat("[%(system)s] %(text)s\n", parts)
        self.write(f"{self._written(eventDict['time'])} {line}")
        self.flush()


class PythonLoggingObserver(_GlobalStartStopObserver):
    """Gives events to a logger of the standard library's :mod:`logging`."""

    def __init__(self, loggerName: str = "twisted") -> None:
        self._newObserver = NewSTDLibLogObserver(loggerName)

    def emit(self, eventDict: EventDict) -> None:
        if eventDict["message"] or "format" in eventDict or eventDict["isError"]:
            _publishNew(self._newObserver, eventDict, textFromEventDict)


class DefaultObserver(_GlobalStartStopObserver):
    """Writes errors to standard error."""

    stderr: Any = sys.stderr

    def emit(self, eventDict: EventDict) -> None:
        if eventDict["isError"]:
            text = textFromEventDict(eventDict)
            if text is not None:
                self.stderr.write(text)
                self.stderr.flush()


defaultObserver = DefaultObserver()


# -- Starting


def startLogging(file: Any, *a: Any, **kw: Any) -> FileLogObserver | None:
    """
    Write the log to ``file``, and have what is printed become part of it.

    Returns:
        The observer that writes; None if ``file`` is what printing goes to already, because logging has begun.
    """
    if isinstance(file, LoggingFile):
        return None
    observer = FileLogObserver(file)
    startLoggingWithObserver(observer.emit, *a, **kw)
    return observer


def startLoggingWithObserver(observer: _Observer, setStdout: bool | int = 1) -> None:
    """
    Begin logging, with ``observer`` as the first one.

    Args:
        setStdout: Have what is printed become part of the log.
    """
    theLogPublisher._startLogging(observer, bool(setStdout))
    msg("Log opened.")


def discardLogs() -> None:
    """Have what is written to :data:`logfile` go nowhere."""
    global logfile
    logfile = NullFile()


# Files whose lines become events.
logfile: LoggingFile | NullFile = LoggingFile(logger=NewLogger(), level=NewLogLevel.info)
logerr = LoggingFile(logger=NewLogger(), level=NewLogLevel.error)


class StdioOnnaStick:
    """A file, for writing only, whose lines become old events, with ``printed=1``."""

    closed = 0
    softspace = 0
    mode = "wb"
    name = "<stdio (log)>"

    def __init__(self, isError: int = 0, encoding: str | None = None) -> None:
        self.isError = isError
        self.encoding = encoding or sys.getdefaultencoding()
        self.buf = ""

    def close(self) -> None: ...

    def flush(self) -> None: ...

    def fileno(self) -> int:
        raise UnsupportedOperation(f"{type(self).__name__} has no file descriptor.")

    def read(self) -> None:
        raise OSError("can't read from the log!")

    readline = readlines = seek = tell = read

    def write(self, data: str | bytes) -> None:
        text = data.decode(self.encoding) if isinstance(data, bytes) else data
        *lines, self.buf = (self.buf + text).split("\n")
        for line in lines:
            msg(line, printed=1, isError=self.isError)

    def writelines(self, lines: list[str | bytes]) -> None:
        """Publish an event for each line; they need no line ends."""
        for line in lines:
            text = line.decode(self.encoding) if isinstance(line, bytes) else line
            msg(text, printed=1, isError=self.isError)
