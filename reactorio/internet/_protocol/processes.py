"""Protocols of child processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio.internet._protocol.streams import BaseProtocol
from reactorio.internet.interfaces import IProcessProtocol

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.protocol"  # the public path: see the package's docstring


@implementer(IProcessProtocol)
class ProcessProtocol(BaseProtocol):
    """What an application does with one child process; subclasses say what."""

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Call `outReceived` or `errReceived`; of other descriptors the subclass has to take care."""
        if childFD == 1:
            self.outReceived(data)
        elif childFD == 2:
            self.errReceived(data)

    def outReceived(self, data: bytes) -> None:
        """The child wrote ``data`` to its standard output."""

    def errReceived(self, data: bytes) -> None:
        """The child wrote ``data`` to its standard error."""

    def childConnectionLost(self, childFD: int) -> None:
        """Call `inConnectionLost`, `outConnectionLost` or `errConnectionLost`."""
        if childFD == 0:
            self.inConnectionLost()
        elif childFD == 1:
            self.outConnectionLost()
        elif childFD == 2:
            self.errConnectionLost()

    def inConnectionLost(self) -> None:
        """The child's standard input is closed."""

    def outConnectionLost(self) -> None:
        """The child's standard output is closed."""

    def errConnectionLost(self) -> None:
        """The child's standard error is closed."""

    def processExited(self, reason: Failure) -> None:
        """The child ended; its pipes may still hold data."""

    def processEnded(self, reason: Failure) -> None:
        """The child ended and all its pipes are closed; nothing is called after this."""
