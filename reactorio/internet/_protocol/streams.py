"""Stream protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.error import ConnectionDone
from reactorio.internet.interfaces import ILoggingContext, IProtocol
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.internet.interfaces import ITransport

__name__ = "reactorio.internet.protocol"  # the public path: see the package's docstring

# The reason of every connection that was closed in order: one for all, so it must not keep anybody's frames alive.
connectionDone = Failure(ConnectionDone())
connectionDone.cleanFailure()


class BaseProtocol:
    """
    What the protocols of streams and of processes have in common.

    Attributes:
        connected: 1 once there has been a transport.
        transport: The transport, None before `makeConnection`.
    """

    connected = 0
    # Any, not `ITransport | None`: which transport it is, the application knows, and it is there from connectionMade on.
    transport: Any = None

    def makeConnection(self, transport: ITransport) -> None:
        """Take the transport, then call `connectionMade`."""
        self.connected = 1
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        """The connection is there: the place to greet, or to start a timer."""


@implementer(IProtocol, ILoggingContext)
class Protocol(BaseProtocol):
    """
    What an application does with one stream connection; subclasses say what.

    Attributes:
        factory: The factory that made this.
    """

    factory: Any = None

    def logPrefix(self) -> str:
        """Return the class's name."""
        return self.__class__.__name__

    def dataReceived(self, data: bytes) -> None:
        """Some bytes arrived, cut anywhere."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection is over.

        Args:
            reason: Wraps `ConnectionDone` if the connection was closed in order, else `ConnectionLost`.
        """
