"""What the connections of a server share: limits, and the access log."""

from __future__ import annotations

import os
from io import BufferedIOBase, TextIOWrapper
from typing import TYPE_CHECKING, Any

from reactorio.internet.protocol import ServerFactory
from reactorio.logger import globalLogBeginner
from reactorio.python import log
from reactorio.web._http.dates import datetimeToLogString
from reactorio.web._http.generic import _genericHTTPChannelProtocolFactory
from reactorio.web._http.limits import DEFAULT_LIMITS, Limits
from reactorio.web._http.logfile import LogFile
from reactorio.web._http.logs import combinedLogFormatter

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IAddress, IDelayedCall, IReactorTime
    from reactorio.web._http.request import Request
    from reactorio.web.iweb import IAccessLogFormatter

__all__ = ["HTTPFactory"]

_TIMEOUT = 60


class HTTPFactory(ServerFactory):
    """
    Makes the connections of an HTTP server, and writes its access log.

    Args:
        logPath: The access log; without it, lines go to the program's log.
        timeout: Seconds after which a connection ends on which nothing comes, None for never.
        logFormatter: Makes the lines, `combinedLogFormatter` if it is left out.
        reactor: The clock, the global reactor if it is left out.
        limits: What is taken from a client, see `Limits`; None for Twisted's limits only.
        requireHost: Is a request refused whose Host is none, and one of HTTP/1.1 without Host (RFC 9112 section 3.2)? Only
            while the factory serves a port: tests of applications make connections without one, and have never sent it.

    Attributes:
        logFile: Where lines go, from `startFactory` on: a file of text, or of bytes, which is then wrapped.
    """

    protocol: Any = _genericHTTPChannelProtocolFactory
    logPath: str | bytes | None = None
    timeOut: float | None = _TIMEOUT

    _logFile: Any = None
    _logDateTime: str | None = None
    _logDateTimeCall: IDelayedCall | None = None

    def __init__(
        self,
        logPath: str | bytes | None = None,
        timeout: float | None = _TIMEOUT,
        logFormatter: IAccessLogFormatter | None = None,
        reactor: IReactorTime | None = None,
        *,
        limits: Limits | None = DEFAULT_LIMITS,
        requireHost: bool = True,
    ) -> None:
        if reactor is None:
            from reactorio.internet import reactor as global_reactor  # asked for at the latest moment, as everywhere

            reactor = global_reactor
        self.reactor: Any = reactor
        self.logPath = None if logPath is None else os.path.abspath(logPath)
        self.timeOut = timeout
        self.limits = limits
        self.requireHost = requireHost
        self._logFormatter: Any = combinedLogFormatter if logFormatter is None else logFormatter

    def buildProtocol(self, addr: IAddress | None) -> Any:
        channel = super().buildProtocol(addr)
        if channel is not None:
            channel.callLater = self.reactor.callLater
            channel.timeOut = self.timeOut
            channel.limits = self.limits
            channel.requireHost = self.requireHost and self.numPorts > 0
        return channel

    # ---- the access log

    @property
    def logFile(self) -> Any:
        if self._logFile is None:
            raise AttributeError("there is no log file before startFactory")
        return self._logFile

    @logFile.setter
    def logFile(self, newLogFile: Any) -> None:
        if isinstance(newLogFile, BufferedIOBase):
            newLogFile = TextIOWrapper(newLogFile, "utf-8", write_through=True, newline="\n")
        self._logFile = newLogFile

    def startFactory(self) -> None:
        """Open the access log."""
        if self._logDateTimeCall is None:
            self._updateLogDateTime()
        self.logFile = self._openLogFile(self.logPath) if self.logPath else log.logfile

    def stopFactory(self) -> None:
        """Close the access log, unless it is the program's log."""
        if self._logFile is not None:
            if self._logFile is not log.logfile:
                self._logFile.close()
            self._logFile = None
        if self._logDateTimeCall is not None and self._logDateTimeCall.active():
            self._logDateTimeCall.cancel()
        self._logDateTimeCall = None

    def _openLogFile(self, path: str | bytes) -> Any:
        """Open the access log: override it for another kind."""
        return LogFile(path, self.reactor.callLater)

    def _updateLogDateTime(self) -> None:
        """Write the time that lines have, and again each second."""
        self._logDateTime = datetimeToLogString(self.reactor.seconds())
        self._logDateTimeCall = self.reactor.callLater(1, self._updateLogDateTime)

    def log(self, request: Request) -> None:
        """
        Write a line for ``request``, which is answered.

        Unlike Twisted's, the program's log gets none before logging begins: what is held back until then is bounded, and
        requests would push out of it what it is there for.
        """
        file = self._logFile
        if file is None or (file is log.logfile and not globalLogBeginner.is_heard()):
            return
        file.write(self._logFormatter(self._logDateTime, request) + "\n")


HTTPFactory.__module__ = "reactorio.web.http"
