"""UDP ports."""

from __future__ import annotations

import socket
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.datagrams import BasePort
from reactorio.aio.sharing import shared_socket
from reactorio.aio.sockets import resolve_numeric
from reactorio.aio.streams import log_prefix_of
from reactorio.internet.abstract import isIPAddress, isIPv6Address
from reactorio.internet.error import CannotListenError, InvalidAddressError
from reactorio.internet.interfaces import IUDPTransport
from reactorio.python import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.aio.reactor import Reactor
    from reactorio.internet.protocol import AbstractDatagramProtocol

__all__ = ["Datagrams", "Port"]


@implementer(IUDPTransport)
class Port(BasePort):
    """
    A UDP port.

    Args:
        port: Its number, 0 for any that is free.
        proto: Gets what arrives.
        interface: A numeric address of this machine; all of IPv4 by default.
        maxPacketSize: Longer datagrams are cut.
        reactor: Whose loop watches the socket.

    Raises:
        InvalidAddressError: ``interface`` is not a numeric address.
    """

    _realPortNumber: int | None = None
    # Of several processes, is it good enough if one gets a datagram? Not if it was sent to them all.
    _is_for_one = True

    def __init__(
        self,
        port: int,
        proto: AbstractDatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
        reactor: Reactor | None = None,
    ) -> None:
        super().__init__(proto, maxPacketSize, reactor)
        self.port = port
        self.interface = interface
        if interface:
            self.addressFamily = _family_of(interface)

    @classmethod
    def _adopted(
        cls, sock: socket.socket, protocol: AbstractDatagramProtocol, maxPacketSize: int, reactor: Reactor
    ) -> Port:
        """A port on a socket that somebody else has bound."""
        interface, number = sock.getsockname()[:2]
        port = cls(number, protocol, interface, maxPacketSize, reactor)
        sock.setblocking(False)
        port.addressFamily = sock.family
        port.socket = sock
        return port

    def _bound_socket(self) -> socket.socket:
        try:
            sock = shared_socket("udp", host=self.interface, port=self.port) if self._is_for_one else None
        except OSError as error:
            raise self._cannot_listen(error) from error
        if sock is None:
            return super()._bound_socket()
        sock.setblocking(False)
        return sock

    def _bind(self, sock: socket.socket) -> None:
        sock.bind(resolve_numeric(self.addressFamily, self.interface, self.port))

    def _cannot_listen(self, reason: OSError | str) -> CannotListenError:
        return CannotListenError(self.interface, self.port, reason)

    def _say_started(self) -> None:
        self._realPortNumber = self.socket.getsockname()[1]
        log.msg(f"{log_prefix_of(self.protocol)} starting on {self._realPortNumber}")

    def _say_closed(self) -> None:
        log.msg(f"(UDP Port {self._realPortNumber} Closed)")
        self._realPortNumber = None

    def _sender(self, sockaddr: Any) -> Any:
        if self.addressFamily != socket.AF_INET6:
            return sockaddr
        host, port, _, scope = sockaddr
        if scope:
            # Without its zone a link-local address cannot be answered.
            host = socket.getnameinfo(sockaddr, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
        return host, port

    def write(self, datagram: bytes, addr: tuple[str, int] | None = None) -> int | None:
        """
        Send a datagram.

        Args:
            datagram: What to send.
            addr: Host, numeric or ``"<broadcast>"``, and port; needless after `connect`.

        Returns:
            Its length, or None if the system remembers that one before was refused.

        Raises:
            InvalidAddressError: The host is a name, or of the other family.
            MessageLengthError: The datagram is longer than the system lets one be.
            OSError: Whatever else the system says: a full buffer (BlockingIOError), no route, no permission.
        """
        if self._connectedAddr is not None:
            assert addr in (None, self._connectedAddr), "a connected port sends to its peer only"
            return self._sent(self._open_socket(), datagram, None)
        assert addr is not None, "a port that is not connected needs an address"
        _check_destination(addr[0], self.addressFamily)
        return self._sent(self._open_socket(), datagram, addr)

    def writeSequence(self, seq: Iterable[bytes], addr: tuple[str, int] | None = None) -> int | None:
        """Send the concatenation of ``seq`` as one datagram; see `write`."""
        return self.write(b"".join(seq), addr)

    def connect(self, host: str, port: int) -> None:
        """
        Send to this peer only, take from this peer only, and be told when it refuses (``connectionRefused``).

        Raises:
            InvalidAddressError: The host is not a numeric address.
            RuntimeError: The port is connected.
        """
        if self._connectedAddr is not None:
            raise RuntimeError("already connected, reconnecting is not currently supported")
        family = _family_of(host)
        self._open_socket().connect(resolve_numeric(family, host, port))
        self._connectedAddr = (host, port)

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """Let datagrams be sent to broadcast addresses, or not."""
        self._open_socket().setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, bool(enabled))

    def getBroadcastAllowed(self) -> bool:
        """May datagrams be sent to broadcast addresses?"""
        return bool(self._open_socket().getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST))

    def __repr__(self) -> str:
        where = "not connected" if self._realPortNumber is None else f"on {self._realPortNumber}"
        return f"<{type(self.protocol)} {where}>"


Port.__module__ = "reactorio.internet.udp"


# Most peers are written to again and again: a tenth of what sending back a datagram costs.
@lru_cache(maxsize=1024)
def _check_destination(host: str, family: int) -> None:
    if family == socket.AF_INET6:
        if isIPv6Address(host):
            return
        if host == "<broadcast>" or isIPAddress(host):
            raise InvalidAddressError(host, "IPv6 port write() called with IPv4 or broadcast address")
    else:
        if isIPAddress(host) or host == "<broadcast>":
            return
        if isIPv6Address(host):
            raise InvalidAddressError(host, "IPv4 port write() called with IPv6 address")
    raise InvalidAddressError(host, "write() only accepts IP addresses, not hostnames")


def _family_of(host: str) -> socket.AddressFamily:
    if isIPAddress(host):
        return socket.AF_INET
    if isIPv6Address(host):
        return socket.AF_INET6
    raise InvalidAddressError(host, "not an IPv4 or IPv6 address.")


class Datagrams:
    """`IReactorUDP`, for a reactor to inherit."""

    def listenUDP(
        self, port: int, protocol: AbstractDatagramProtocol, interface: str = "", maxPacketSize: int = 8192
    ) -> Port:
        """
        Take datagrams on ``port`` (0: any that is free, see ``getHost``).

        Args:
            port: Its number.
            protocol: Gets what arrives.
            interface: A numeric address of this machine; all of IPv4 by default.
            maxPacketSize: Longer datagrams are cut.

        Raises:
            CannotListenError: The system refused.
            InvalidAddressError: ``interface`` is not a numeric address.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        listening = Port(port, protocol, interface, maxPacketSize, reactor)
        listening.startListening()
        return listening
