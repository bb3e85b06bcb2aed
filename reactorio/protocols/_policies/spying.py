"""What goes over a connection, written down."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols._policies.wrapping import ProtocolWrapper, WrappingFactory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IAddress
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.policies"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)


class SpewingProtocol(ProtocolWrapper):
    """Logs all that is read and written."""

    def dataReceived(self, data: bytes) -> None:
        _log.info("Received: {data!r}", data=data)
        super().dataReceived(data)

    def write(self, data: bytes) -> None:
        _log.info("Sending: {data!r}", data=data)
        super().write(data)


class SpewingFactory(WrappingFactory):
    """Logs all that the connections of a factory read and write."""

    protocol = SpewingProtocol


class TrafficLoggingProtocol(ProtocolWrapper):
    """
    Writes all that is read and written to a file.

    Lines start with C for what the client, the other end, does, S for what the server does, and SV for what it
    writes in several pieces.

    Args:
        factory: The factory that made this.
        wrappedProtocol: The protocol that has this for its transport.
        logfile: The file, open for writing text.
        lengthLimit: How long data may be to be written in full; what is left out of longer data is marked.
        number: The connection's number.
    """

    def __init__(
        self, factory: Any, wrappedProtocol: Any, logfile: IO[str], lengthLimit: int | None = None, number: int = 0
    ) -> None:
        super().__init__(factory, wrappedProtocol)
        self.logfile = logfile
        self.lengthLimit = lengthLimit
        self._number = number

    def _write_line(self, line: str) -> None:
        self.logfile.write(line + "\n")
        self.logfile.flush()

    def _shorten(self, data: bytes) -> bytes:
        if self.lengthLimit is None or len(data) <= self.lengthLimit:
            return data
        mark = b"<... elided>"
        return data[: max(0, self.lengthLimit - len(mark))] + mark

    def connectionMade(self) -> None:
        self._write_line("*")
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        self._write_line(f"C {self._number}: {self._shorten(data)!r}")
        super().dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._write_line(f"C {self._number}: {reason!r}")
        if isinstance(self.logfile, io.TextIOWrapper):
            # What is no file of the system, such as a StringIO, stays open: it is there to be looked at.
            self.logfile.close()
        super().connectionLost(reason)

    def write(self, data: bytes) -> None:
        self._write_line(f"S {self._number}: {self._shorten(data)!r}")
        super().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        pieces = list(data)
        self._write_line(f"SV {self._number}: {[self._shorten(piece) for piece in pieces]!r}")
        super().writeSequence(pieces)

    def loseConnection(self) -> None:
        self._write_line(f"S {self._number}: *")
        super().loseConnection()


class TrafficLoggingFactory(WrappingFactory):
    """
    Writes all that the connections of a factory read and write to files, one a connection.

    Args:
        wrappedFactory: The factory.
        logfilePrefix: The files' names, before a dash and the connection's number.
        lengthLimit: How long data may be to be written in full.
    """

    protocol = TrafficLoggingProtocol
    _counter = 0

    def __init__(self, wrappedFactory: Any, logfilePrefix: str, lengthLimit: int | None = None) -> None:
        super().__init__(wrappedFactory)
        self.logfilePrefix = logfilePrefix
        self.lengthLimit = lengthLimit

    def open(self, name: str) -> IO[str]:
        """Open the file ``name``; override it to write elsewhere."""
        return open(name, "w")

    def buildProtocol(self, addr: IAddress | None) -> Any:
        self._counter += 1
        return super().buildProtocol(addr)

    def _wrap(self, wrapped: Any) -> Any:
        logfile = self.open(f"{self.logfilePrefix}-{self._counter}")
        return self.protocol(self, wrapped, logfile, self.lengthLimit, self._counter)

    def resetCounter(self) -> None:
        """Count connections from 1 again."""
        self._counter = 0
