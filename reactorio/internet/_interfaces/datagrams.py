"""Datagram transports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio._interface import Interface, Protocol

if TYPE_CHECKING:
    from reactorio.internet._interfaces.streams import IAddress
    from reactorio.internet.defer import Deferred

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class IUDPTransport(Interface, Protocol):
    """A UDP socket."""

    def write(self, packet: bytes, addr: tuple[str, int] | None = None) -> None:
        """
        Send ``packet``.

        Args:
            packet: At most what fits in one datagram.
            addr: Host (an address, not a name) and port; None on a connected socket.

        Raises:
            MessageLengthError: The packet is too long to be sent.
        """

    def connect(self, host: str, port: int) -> None:
        """
        Send everything to one address, and hear of its refusals.

        Args:
            host: An address, not a name.
            port: A port at it.
        """

    def getHost(self) -> IAddress:
        """Return the address that is listened on."""

    def stopListening(self) -> Deferred[None] | None:
        """Close; the Deferred, where there is one, fires when the port is free again."""

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """Set or clear SO_BROADCAST."""

    def getBroadcastAllowed(self) -> bool:
        """Return whether SO_BROADCAST is set."""


class IMulticastTransport(IUDPTransport, Protocol):
    """A UDP socket that may join multicast groups."""

    def getOutgoingInterface(self) -> str | int:
        """Return the interface that multicast leaves by: its address (IPv4), or its index (IPv6)."""

    def setOutgoingInterface(self, addr: str | int) -> Deferred[int] | None:
        """Set the interface that multicast leaves by."""

    def getLoopbackMode(self) -> bool:
        """Return whether this host hears its own multicast."""

    def setLoopbackMode(self, mode: bool) -> None:
        """Set whether this host hears its own multicast."""

    def getTTL(self) -> int:
        """Return how many routers multicast may pass."""

    def setTTL(self, ttl: int) -> None:
        """Set how many routers multicast may pass, 0 to 255."""

    def joinGroup(self, addr: str, interface: str = "") -> Deferred[None]:
        """Join the group ``addr``; fails with `MulticastJoinError`."""

    def leaveGroup(self, addr: str, interface: str = "") -> Deferred[None]:
        """Leave the group ``addr``."""


class IUNIXDatagramTransport(Interface, Protocol):
    """A UNIX datagram socket."""

    def write(self, packet: bytes, addr: str) -> None:
        """Send ``packet`` to the socket at the path ``addr``."""

    def getHost(self) -> IAddress:
        """Return the address that is listened on."""


class IUNIXDatagramConnectedTransport(Interface, Protocol):
    """A UNIX datagram socket that is connected to one peer."""

    def write(self, packet: bytes) -> None:
        """Send ``packet`` to the peer."""

    def getHost(self) -> IAddress:
        """Return this end's address."""

    def getPeer(self) -> IAddress:
        """Return the peer's address."""
