"""UDP ports that take part in multicast groups."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.udp import Port
from reactorio.internet.abstract import isIPAddress, isIPv6Address
from reactorio.internet.defer import Deferred, maybeDeferred, succeed
from reactorio.internet.error import MulticastJoinError
from reactorio.internet.interfaces import IMulticastTransport

if TYPE_CHECKING:
    from reactorio.aio.reactor import Reactor
    from reactorio.internet.protocol import AbstractDatagramProtocol

__all__ = ["Multicast", "MulticastMixin", "MulticastPort"]

_ANY_IPV4 = "0.0.0.0"

# Where Linux lists the IPv6 addresses of this machine: address, index of the interface, and more.
_IPV6_ADDRESSES = "/proc/net/if_inet6"


class MulticastMixin:
    """What a UDP port can do about multicast: the options of its socket, by family."""

    addressFamily: int
    socket: Any
    reactor: Any

    def _is_ipv6(self) -> bool:
        return self.addressFamily == socket.AF_INET6

    # ---- what is sent

    def getOutgoingInterface(self) -> str | int:
        """Return the interface that multicast leaves by: its address (IPv4) or index (IPv6); 0 leaves it to routing."""
        if self._is_ipv6():
            return int(self.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF))
        return socket.inet_ntoa(self.socket.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4))

    def setOutgoingInterface(self, addr: str | int) -> Deferred[int]:
        """
        Set the interface that multicast leaves by.

        Args:
            addr: Its address or name in DNS (IPv4), or its index (IPv6).

        Returns:
            Fires with 1; fails with OSError if there is no such interface, DNSLookupError if the name has no address.
        """
        if self._is_ipv6():
            return maybeDeferred(self._set_ipv6_interface, addr)
        return self._resolved(str(addr)).addCallback(self._set_ipv4_interface)

    def _set_ipv4_interface(self, addr: str) -> int:
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(addr))
        return 1

    def _set_ipv6_interface(self, index: str | int) -> int:
        if not isinstance(index, int):
            raise TypeError("IPv6 interfaces are specified as integers")
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        return 1

    def getLoopbackMode(self) -> bool:
        """Does this machine get its own multicast?"""
        if self._is_ipv6():
            return bool(self.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP))
        return bool(self.socket.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP))

    def setLoopbackMode(self, mode: bool) -> None:
        """Let this machine get its own multicast, or not."""
        if self._is_ipv6():
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, bool(mode))
        else:
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, bool(mode))

    def getTTL(self) -> int:
        """Return how many routers multicast may pass."""
        if self._is_ipv6():
            return int(self.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS))
        return int(self.socket.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL))

    def setTTL(self, ttl: int) -> None:
        """
        Set how many routers multicast may pass.

        Raises:
            ValueError: It is not from 0 to 255.
        """
        if not 0 <= ttl <= 255:
            raise ValueError(f"a TTL is from 0 to 255, not {ttl}")
        if self._is_ipv6():
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ttl)
        else:
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)

    # ---- groups

    def joinGroup(self, addr: str, interface: str = "") -> Deferred[None]:
        """
        Take what is sent to a group.

        Args:
            addr: The group's address, or its name in DNS.
            interface: Where to listen: an address of this machine, for IPv6 also an interface's name or index. By
                default routing decides.

        Returns:
            Fires when it is so; fails with MulticastJoinError, or DNSLookupError if a name has no address.
        """
        return Deferred.fromCoroutine(self._change_membership(addr, interface, join=True))

    def leaveGroup(self, addr: str, interface: str = "") -> Deferred[None]:
        """Undo `joinGroup`, which was called with the same arguments; fails as that does."""
        return Deferred.fromCoroutine(self._change_membership(addr, interface, join=False))

    async def _change_membership(self, group: str, interface: str, join: bool) -> None:
        address = await self._resolved(group)
        if self._is_ipv6():
            level = socket.IPPROTO_IPV6
            option = socket.IPV6_JOIN_GROUP if join else socket.IPV6_LEAVE_GROUP
            where = struct.pack("@I", _index_of(interface))
        else:
            level = socket.IPPROTO_IP
            option = socket.IP_ADD_MEMBERSHIP if join else socket.IP_DROP_MEMBERSHIP
            interface = interface or _ANY_IPV4
            where = self._packed(await self._resolved(interface))
        try:
            self.socket.setsockopt(level, option, self._packed(address) + where)
        except OSError as error:
            raise MulticastJoinError(group, interface, *error.args) from error

    def _packed(self, address: str) -> bytes:
        try:
            return socket.inet_pton(self.addressFamily, address)
        except OSError as error:
            family = socket.AddressFamily(self.addressFamily).name
            raise MulticastJoinError(f"invalid address literal for {family}: {address!r}") from error

    def _resolved(self, name: str) -> Deferred[str]:
        if isIPAddress(name) or isIPv6Address(name):
            return succeed(name)
        resolving: Deferred[str] = self.reactor.resolve(name)
        return resolving


def _index_of(interface: str | int) -> int:
    """
    Return the index of an IPv6 interface, 0 for any.

    Raises:
        MulticastJoinError: There is none.
    """
    if isinstance(interface, int) or interface.isdigit():
        return int(interface)
    if not interface or interface == "::":
        return 0
    address, _, zone = interface.partition("%")
    if zone or not isIPv6Address(address):
        return _index_of_name(zone or address)
    return _index_of_address(address)


def _index_of_name(name: str) -> int:
    if isIPAddress(name):
        raise MulticastJoinError(f"invalid address literal for AF_INET6: {name!r}")
    if name.isdigit():
        return int(name)
    try:
        return socket.if_nametoindex(name)
    except OSError as error:
        raise MulticastJoinError(f"no interface is called {name!r}") from error


def _index_of_address(address: str) -> int:
    if not os.path.exists(_IPV6_ADDRESSES):
        return 0  # no way to know, so it is for routing to say
    wanted = socket.inet_pton(socket.AF_INET6, address).hex()
    with open(_IPV6_ADDRESSES) as known:
        for line in known:
            packed, index, *_ = line.split()
            if packed == wanted:
                return int(index, 16)
    raise MulticastJoinError(f"no interface has the address {address!r}")


@implementer(IMulticastTransport)
class MulticastPort(MulticastMixin, Port):
    """
    A UDP port that can join groups.

    Args:
        port: Its number, 0 for any that is free.
        proto: Gets what arrives.
        interface: A numeric address of this machine; all of IPv4 by default.
        maxPacketSize: Longer datagrams are cut.
        reactor: Whose loop watches the socket.
        listenMultiple: May others on this machine bind the same port, and get what is sent to the group too?
    """

    _is_for_one = False

    def __init__(
        self,
        port: int,
        proto: AbstractDatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
        reactor: Reactor | None = None,
        listenMultiple: bool = False,
    ) -> None:
        super().__init__(port, proto, interface, maxPacketSize, reactor)
        self.listenMultiple = listenMultiple

    def createInternetSocket(self) -> socket.socket:
        sock = super().createInternetSocket()
        if self.listenMultiple:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return sock


MulticastMixin.__module__ = MulticastPort.__module__ = "reactorio.internet.udp"


class Multicast:
    """`IReactorMulticast`, for a reactor to inherit."""

    def listenMulticast(
        self,
        port: int,
        protocol: AbstractDatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,
    ) -> MulticastPort:
        """
        Take datagrams on ``port``, also those to groups that are joined; see `listenUDP`.

        Args:
            listenMultiple: May others on this machine bind the same port, and get what is sent to the group too?
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        listening = MulticastPort(port, protocol, interface, maxPacketSize, reactor, listenMultiple)
        listening.startListening()
        return listening
