"""Child processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio._interface import Attribute, Interface, Protocol
from reactorio.internet._interfaces.streams import ITransport

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class IProcessTransport(ITransport, Protocol):
    """A running child; ``write`` goes to its standard input."""

    pid: int | None = Attribute("The child's process id, None once it has been reaped.")

    def closeStdin(self) -> None:
        """Close the child's standard input, after what is queued for it."""

    def closeStdout(self) -> None:
        """Close our end of the child's standard output."""

    def closeStderr(self) -> None:
        """Close our end of the child's standard error."""

    def closeChildFD(self, descriptor: int, /) -> None:
        """Close our end of the pipe that is ``descriptor`` in the child."""

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """Write to the pipe that is ``childFD`` in the child. KeyError if there is none."""

    def loseConnection(self) -> None:
        """Close standard input, output and error: most children take the hint."""

    def signalProcess(self, signalID: str | int) -> None:
        """
        Send a signal.

        Args:
            signalID: Its number, or its name without SIG: "HUP", "STOP", "INT", "KILL", "TERM", ...

        Raises:
            ProcessExitedAlready: The child is gone.
        """


class IProcessProtocol(Interface, Protocol):
    """What an application does with one child process."""

    def makeConnection(self, process: IProcessTransport, /) -> None:
        """The child was started."""

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """The child wrote ``data`` to its descriptor ``childFD``."""

    def childConnectionLost(self, childFD: int) -> None:
        """The pipe to the child's descriptor ``childFD`` was closed, by either side."""

    def processExited(self, reason: Failure) -> None:
        """The child ended; data may still be in its pipes. ``reason`` wraps `ProcessDone` or `ProcessTerminated`."""

    def processEnded(self, reason: Failure) -> None:
        """The child ended and all its pipes are closed. ``reason`` wraps `ProcessDone` or `ProcessTerminated`."""
