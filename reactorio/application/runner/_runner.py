"""A reactor's run as a program's."""

from __future__ import annotations

from os import kill
from signal import SIGTERM
from sys import stderr
from typing import TYPE_CHECKING, Any, TextIO

from reactorio.application.runner._exit import ExitStatus, exit
from reactorio.application.runner._pidfile import (
    AlreadyRunningError,
    InvalidPIDFileError,
    IPIDFile,
    NoPIDFound,
    nonePIDFile,
)
from reactorio.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reactorio.logger import FileLogObserver

__all__ = ["Runner"]


def _nothing(**arguments: object) -> None: ...


class Runner:
    """
    Runs a reactor, with a log and a pid file.

    Args:
        kill: Send SIGTERM to the process that the pid file names, and exit.
        whenRunning, reactorExited: Called with the arguments given for them, as keywords: when the reactor runs, and
            when it does not any more.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        pidFile: IPIDFile = nonePIDFile,
        kill: bool = False,
        defaultLogLevel: Any = LogLevel.info,
        logFile: TextIO = stderr,
        fileLogObserverFactory: Callable[[TextIO], FileLogObserver] = textFileLogObserver,
        whenRunning: Callable[..., None] = _nothing,
        whenRunningArguments: Mapping[str, Any] | None = None,
        reactorExited: Callable[..., None] = _nothing,
        reactorExitedArguments: Mapping[str, Any] | None = None,
    ) -> None:
        self._reactor = reactor
        self._pidFile = pidFile
        self._kill = kill
        self._defaultLogLevel = defaultLogLevel
        self._logFile = logFile
        self._fileLogObserverFactory = fileLogObserverFactory
        self._whenRunning = whenRunning
        self._whenRunningArguments = whenRunningArguments or {}
        self._reactorExited = reactorExited
        self._reactorExitedArguments = reactorExitedArguments or {}

    def run(self) -> None:
        """Do it all; exit if there is a reason not to."""
        self.killIfRequested()
        try:
            with self._pidFile:
                self.startLogging()
                self.startReactor()
                self.reactorExited()
        except AlreadyRunningError:
            exit(ExitStatus.EX_CONFIG, "Already running.")

    def killIfRequested(self) -> None:
        """End the other process and this one, if that is what was asked for."""
        if not self._kill:
            return
        if self._pidFile is nonePIDFile:
            exit(ExitStatus.EX_USAGE, "No PID file specified.")
            return  # where `exit` was replaced
        try:
            pid = self._pidFile.read()
        except NoPIDFound:
            exit(ExitStatus.EX_NOINPUT, "PID file does not exist.")
        except InvalidPIDFileError:
            exit(ExitStatus.EX_DATAERR, "Invalid PID file.")
        except OSError:
            exit(ExitStatus.EX_IOERR, "Unable to read PID file.")
        else:
            self.startLogging()
            self._log.info("Terminating process: {pid}", pid=pid)
            kill(pid, SIGTERM)
            exit(ExitStatus.EX_OK)

    def startLogging(self) -> None:
        """Write what is at least as urgent as the default level to the file."""
        observer = self._fileLogObserverFactory(self._logFile)
        predicate = LogLevelFilterPredicate(defaultLogLevel=self._defaultLogLevel)
        globalLogBeginner.beginLoggingTo([FilteringLogObserver(observer, [predicate])])

    def startReactor(self) -> None:
        """Run the reactor until it stops."""
        self._reactor.callWhenRunning(self.whenRunning)
        self._log.info("Starting reactor...")
        self._reactor.run()

    def whenRunning(self) -> None:
        self._whenRunning(**self._whenRunningArguments)

    def reactorExited(self) -> None:
        self._reactorExited(**self._reactorExitedArguments)
