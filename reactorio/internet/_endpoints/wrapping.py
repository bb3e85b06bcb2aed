"""
What stands between the reactor and an application's factory, so that connecting has a Deferred for its result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import alsoProvides  # type: ignore[import-untyped]  # zope has no types

from reactorio.internet.defer import Deferred
from reactorio.internet.error import ConnectingCancelledError, NoProtocol
from reactorio.internet.interfaces import (
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IHandshakeListener,
    ILoggingContext,
)
from reactorio.internet.protocol import ClientFactory, Factory, Protocol, connectionDone

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IAddress, IConnector, IStreamClientEndpoint
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring


class _WrappingProtocol(Protocol):
    """
    Passes everything on to a protocol, and fires a Deferred with that once it is connected.

    Args:
        connectedDeferred: The Deferred.
        wrappedProtocol: The protocol. This provides what it does of the interfaces that a transport asks for.
    """

    def __init__(self, connectedDeferred: Deferred[Any], wrappedProtocol: Any) -> None:
        self._connectedDeferred = connectedDeferred
        self._wrappedProtocol = wrappedProtocol
        for interface in (IHalfCloseableProtocol, IFileDescriptorReceiver, IHandshakeListener):
            if interface.providedBy(wrappedProtocol):
                alsoProvides(self, interface)

    def logPrefix(self) -> str:
        """Return the wrapped protocol's name."""
        if ILoggingContext.providedBy(self._wrappedProtocol):
            return self._wrappedProtocol.logPrefix()
        return type(self._wrappedProtocol).__name__

    def connectionMade(self) -> None:
        """Connect the wrapped protocol, then fire the Deferred; it may have been cancelled a moment ago."""
        self._wrappedProtocol.makeConnection(self.transport)
        if self._connectedDeferred.called:
            self.transport.loseConnection()
        else:
            self._connectedDeferred.callback(self._wrappedProtocol)

    def dataReceived(self, data: bytes) -> Any:
        return self._wrappedProtocol.dataReceived(data)

    def fileDescriptorReceived(self, descriptor: int) -> Any:
        return self._wrappedProtocol.fileDescriptorReceived(descriptor)

    def connectionLost(self, reason: Failure = connectionDone) -> Any:
        return self._wrappedProtocol.connectionLost(reason)

    def readConnectionLost(self) -> None:
        self._wrappedProtocol.readConnectionLost()

    def writeConnectionLost(self) -> None:
        self._wrappedProtocol.writeConnectionLost()

    def handshakeCompleted(self) -> None:
        self._wrappedProtocol.handshakeCompleted()


class _WrappingFactory(ClientFactory[Any]):
    """
    A client factory for one connection, around any factory.

    Attributes:
        _onConnection: A Deferred of the protocol, connected. Cancelling it gives up connecting.
    """

    protocol = _WrappingProtocol
    _connector: IConnector

    def __init__(self, wrappedFactory: Any) -> None:
        self._wrappedFactory = wrappedFactory
        self._onConnection: Deferred[Any] = Deferred(self._give_up)

    def _give_up(self, deferred: Deferred[Any]) -> None:
        deferred.errback(ConnectingCancelledError(self._connector.getDestination()))
        self._connector.stopConnecting()

    def startedConnecting(self, connector: IConnector) -> None:
        """Remember what to stop when connecting is given up."""
        self._connector = connector

    def doStart(self) -> None:
        # Not super's: one factory in the log is enough, and it should be the application's.
        self._wrappedFactory.doStart()

    def doStop(self) -> None:
        self._wrappedFactory.doStop()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        try:
            wrapped = self._wrappedFactory.buildProtocol(addr)
            if wrapped is None:
                raise NoProtocol
        except Exception:
            self._onConnection.errback()
            return None
        return self.protocol(self._onConnection, wrapped)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        # Having been told to stop, the connector reports that it failed.
        if not self._onConnection.called:
            self._onConnection.errback(reason)


class _OneProtocolFactory(Factory[Any]):
    """A factory with one protocol."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return self._protocol


def connectProtocol(endpoint: IStreamClientEndpoint, protocol: Any) -> Deferred[Any]:
    """
    Connect a protocol that needs no factory.

    Args:
        endpoint: Where to connect to.
        protocol: The protocol.

    Returns:
        A Deferred of ``protocol``, connected; it fails, and is cancelled, as the endpoint says.
    """
    return endpoint.connect(_OneProtocolFactory(protocol))
