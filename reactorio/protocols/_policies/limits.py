"""How many connections there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.protocol import ServerFactory
from reactorio.protocols._policies.wrapping import ProtocolWrapper, WrappingFactory

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IAddress
    from reactorio.internet.protocol import Protocol

__name__ = "reactorio.protocols.policies"  # the public path: see the package's docstring


class LimitConnectionsByPeer(WrappingFactory):
    """
    Limits the connections from one host; those over the limit are closed at once.

    Unlike Twisted: it counts by the address's ``host``. (Twisted's indexes the address, which is an error.)

    Attributes:
        maxConnectionsPerPeer: The limit.
        peerConnections: How many there are, by host.
    """

    maxConnectionsPerPeer = 5

    def startFactory(self) -> None:
        self.peerConnections: dict[Any, int] = {}

    def buildProtocol(self, addr: Any) -> Any:
        if self.peerConnections.get(addr.host, 0) >= self.maxConnectionsPerPeer:
            return None
        protocol = super().buildProtocol(addr)
        if protocol is not None:
            self.peerConnections[addr.host] = self.peerConnections.get(addr.host, 0) + 1
        return protocol

    def unregisterProtocol(self, p: Any) -> None:
        super().unregisterProtocol(p)
        host = p.getPeer().host
        self.peerConnections[host] -= 1
        if not self.peerConnections[host]:
            del self.peerConnections[host]


class LimitTotalConnectionsFactory(ServerFactory[Any]):
    """
    A factory that limits how many connections it has.

    Attributes:
        connectionCount: How many there are, those over the limit included.
        connectionLimit: The limit, None for none.
        overflowProtocol: The protocol of connections over the limit, to tell them so and close; they are closed at
            once if it is None.
    """

    connectionCount = 0
    connectionLimit: int | None = None
    overflowProtocol: type[Protocol] | None = None

    def buildProtocol(self, addr: IAddress | None) -> Any:
        if self.connectionLimit is None or self.connectionCount < self.connectionLimit:
            protocol = super().buildProtocol(addr)
        elif self.overflowProtocol is not None:
            protocol = self.overflowProtocol()
            protocol.factory = self
        else:
            return None
        if protocol is None:
            return None
        self.connectionCount += 1
        return ProtocolWrapper(self, protocol)

    def registerProtocol(self, p: Any) -> None:
        """Do nothing: the connection counts since its protocol was made."""

    def unregisterProtocol(self, p: Any) -> None:
        """A connection is lost."""
        self.connectionCount -= 1
