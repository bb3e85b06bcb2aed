"""Datagram protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import ILoggingContext
from reactorio.logger import Logger

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.protocol"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)


class AbstractDatagramProtocol:
    """
    What an application does with a datagram socket.

    Attributes:
        transport: The transport, None while there is no socket.
        numPorts: How many sockets use this.
        noisy: Whether starting and stopping is logged.
    """

    transport: Any = None
    numPorts = 0
    noisy = True

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "transport": None}

    def doStart(self) -> None:
        """A socket starts to use this; at the first, `startProtocol` is called."""
        if not self.numPorts:
            if self.noisy:
                _log.info("Starting protocol {protocol!r}", protocol=self)
            self.startProtocol()
        self.numPorts += 1

    def doStop(self) -> None:
        """A socket no longer uses this; after the last, `stopProtocol` is called."""
        assert self.numPorts > 0, "stopped more often than started"
        self.numPorts -= 1
        self.transport = None
        if not self.numPorts:
            if self.noisy:
                _log.info("Stopping protocol {protocol!r}", protocol=self)
            self.stopProtocol()

    def startProtocol(self) -> None:
        """There is a socket to send by."""

    def stopProtocol(self) -> None:
        """There are no more sockets."""

    def makeConnection(self, transport: Any) -> None:
        """Take the transport, then call `doStart`."""
        assert self.transport is None, "this protocol has a transport"
        self.transport = transport
        self.doStart()

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """
        A datagram arrived.

        Args:
            datagram: All of it, at most as long as the socket takes.
            addr: Where it came from: host and port for UDP.
        """


@implementer(ILoggingContext)
class DatagramProtocol(AbstractDatagramProtocol):
    """What an application does with a datagram socket; subclasses say what."""

    def logPrefix(self) -> str:
        """Return the class's name."""
        return self.__class__.__name__

    def connectionRefused(self) -> None:
        """Nobody listens where a datagram was sent; only a socket with a peer (``transport.connect``) is told."""


class ConnectedDatagramProtocol(DatagramProtocol):
    """What an application does with a UNIX datagram socket that has one peer."""

    def datagramReceived(self, datagram: bytes, addr: Any = None) -> None:
        """A datagram arrived; there is no address, it came from the peer."""

    def connectionFailed(self, failure: Failure) -> None:
        """The peer could not be reached."""
