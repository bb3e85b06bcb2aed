"""
A TCP port that stands for one somewhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IAddress, IConnector
    from reactorio.python.failure import Failure

__all__ = ["Proxy", "ProxyClient", "ProxyClientFactory", "ProxyFactory", "ProxyServer"]

_log = Logger()


class Proxy(Protocol):
    """
    One of the two connections that are joined.

    Attributes:
        peer: The other; None when it is not there yet, or no longer.
        noisy: Whether the loss of the peer is logged.
    """

    noisy = True
    peer: Proxy | None = None
    # Does each slow the other down?
    _joined = False

    def setPeer(self, peer: Proxy | None) -> None:
        """Join this with ``peer``."""
        self.peer = peer

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Close the peer too."""
        if self.peer is not None:
            if self._joined:
                # With this connection still its producer, a backlog there would wait for us to go on.
                self.peer.transport.unregisterProducer()
            self.peer.transport.loseConnection()
            self.peer = None
        elif self.noisy:
            _log.info("Unable to connect to peer: {reason}", reason=reason)

    def dataReceived(self, data: bytes) -> None:
        """Pass on to the peer."""
        assert self.peer is not None, "reading was not paused until there was a peer"
        self.peer.transport.write(data)


class ProxyClient(Proxy):
    """The connection to the port that is stood for."""

    def connectionMade(self) -> None:
        """Join the other connection, and let each slow the other down."""
        assert self.peer is not None, "the factory joins the two"
        self.peer.setPeer(self)
        self.transport.registerProducer(self.peer.transport, True)
        self.peer.transport.registerProducer(self.transport, True)
        self._joined = self.peer._joined = True
        self.peer.transport.resumeProducing()


class ProxyClientFactory(ClientFactory[Any]):
    """Makes the connection to the port that is stood for."""

    protocol: Callable[..., Any] | None = ProxyClient

    def setServer(self, server: ProxyServer) -> None:
        """Join what this makes with ``server``."""
        self.server = server

    def buildProtocol(self, addr: IAddress | None) -> Any:
        protocol: Any = super().buildProtocol(addr)
        protocol.setPeer(self.server)
        return protocol

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """Close the other connection: it has nowhere to go."""
        self.server.transport.loseConnection()


class ProxyServer(Proxy):
    """
    The connection from a client, who takes this for the port that is stood for.

    Attributes:
        reactor: What connects; the global reactor if it is None.
    """

    clientProtocolFactory: Callable[[], Any] = ProxyClientFactory
    reactor: Any = None

    def connectionMade(self) -> None:
        """Connect to the port that is stood for, and read nothing until that is done."""
        self.transport.pauseProducing()
        client = self.clientProtocolFactory()
        client.setServer(self)
        if self.reactor is None:
            # Twisted's default, and there is nowhere to be given a reactor.
            from reactorio.internet import reactor

            self.reactor = reactor
        self.reactor.connectTCP(self.factory.host, self.factory.port, client)


class ProxyFactory(Factory[Any]):
    """
    Makes a port stand for another.

    Args:
        host: The other port's host.
        port: The other port.
    """

    protocol: Callable[..., Any] | None = ProxyServer

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
