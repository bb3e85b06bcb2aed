"""Opening, binding and naming sockets."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from reactorio.internet.abstract import isIPv6Address
from reactorio.internet.address import IPv4Address, IPv6Address, UNIXAddress
from reactorio.internet.error import ServiceNameUnknownError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from reactorio.internet.interfaces import IAddress

__all__ = [
    "Binding",
    "LentSocket",
    "address_of",
    "as_binding",
    "family_of",
    "forget_if_closed",
    "makeBinding",
    "new_socket",
    "port_number",
    "resolve_numeric",
]

_POSIX = os.name == "posix" and sys.platform != "cygwin"

# None where there is no such thing.
_UNIX = getattr(socket, "AF_UNIX", None)

_NUMERIC_ONLY = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


@dataclass(frozen=True)
class Binding:
    """Where a socket is bound, and with whom it shares that address."""

    interface: str
    port: int
    reuse_address: bool = False
    reuse_port: bool = False

    def apply(self, sock: socket.socket) -> None:
        """Bind ``sock``; raises OSError."""
        if self.reuse_address:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(resolve_numeric(family_of(self.interface), self.interface, self.port))


def makeBinding(interface: str = "", port: int = 0, reuseAddress: bool = False, reusePort: bool = False) -> Binding:
    """Describe a local address for `listenTCP`'s ``port`` or `connectTCP`'s ``bindAddress``."""
    return Binding(interface, port, reuseAddress, reusePort)


def as_binding(where: Binding | tuple[str, int] | str) -> Binding:
    """Understand ``bindAddress``: a binding, a pair of interface and port, or an interface alone."""
    if isinstance(where, Binding):
        return where
    if isinstance(where, str):
        return Binding(where, 0)
    return Binding(*where)


def listening_binding(port: int | Binding, interface: str) -> Binding:
    """
    Understand ``port`` and ``interface`` of `listenTCP`.

    Raises:
        ValueError: They name two interfaces.
    """
    if isinstance(port, Binding):
        if interface and interface != port.interface:
            raise ValueError(f"interface is {interface!r}, but port is bound to {port.interface!r}")
        return port
    # Elsewhere the option lets two programs listen at once.
    return Binding(interface, port, reuse_address=_POSIX)


def family_of(host: str) -> socket.AddressFamily:
    """IPv6 for an IPv6 literal, otherwise IPv4."""
    return socket.AF_INET6 if isIPv6Address(host) else socket.AF_INET


class LentSocket:
    """
    The socket of a loop's transport, for an application that wants to see it.

    It has all that the loop lets one do with it, and `close`, which the loop's has not: a program that has handed the
    descriptor on (`adoptStreamConnection`, another process) closes its own with that, and the connection lives on there.

    Args:
        sock: What the loop gives out.
        end: Ends the transport that it belongs to.
    """

    __slots__ = ("_end", "_sock")

    def __init__(self, sock: Any, end: Callable[[], None]) -> None:
        self._sock = sock
        self._end = end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def close(self) -> None:
        """Close this descriptor of the connection, without a word to the peer or to the protocol."""
        self._end()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._sock!r}>"


def new_socket(family: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only where it is.
    protocol = 0 if family == _UNIX else socket.IPPROTO_TCP
    sock = socket.socket(family, socket.SOCK_STREAM, protocol)
    sock.setblocking(False)
    return sock


def forget_if_closed(sock: socket.socket, transport: asyncio.BaseTransport) -> None:
    """
    Have ``sock``, which ``transport`` was given, not close its descriptor again if the transport has closed it.

    uvloop takes note of the socket after the protocol's ``connection_made``. If that has closed the transport, libuv
    has closed the descriptor, the socket does not know, and when it is collected, closes what has that number then.
    """
    lent = transport.get_extra_info("socket")
    if (lent is None or lent.fileno() == -1) and sock.fileno() != -1:
        sock.detach()


def resolve_numeric(family: int, host: str, port: int) -> Any:
    """Return the socket address of a numeric host; never looks a name up, so never blocks."""
    if family != socket.AF_INET6 or not host:
        return (host, port)
    return resolve_ipv6(host, port)


def resolve_ipv6(host: str, port: int) -> Any:
    """Return the 4-tuple with the flow label and the scope that ``host`` (``fe80::1%eth0``) tells."""
    # glibc takes a port modulo 65536; it is the kernel that shall judge it.
    resolved = socket.getaddrinfo(host, port if isinstance(port, str) else 0, 0, 0, 0, _NUMERIC_ONLY)[0][4]
    return (resolved[0], port, *resolved[2:])


def address_of(family: int, sockaddr: Any, type: Literal["TCP", "UDP"] = "TCP") -> IAddress:
    """Return the address object for what ``getsockname`` or ``getpeername`` gave."""
    if family == socket.AF_INET6:
        host, port, flow, scope = sockaddr
        if scope:
            host = socket.getnameinfo(sockaddr, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
        return IPv6Address(type, host, port, flow, scope)
    if family == _UNIX:
        return UNIXAddress(sockaddr or None)
    return IPv4Address(type, sockaddr[0], sockaddr[1])


def port_number(port: int | str) -> int:
    """
    Return a port's number, looking a service's name up.

    Raises:
        ServiceNameUnknownError: The system knows no such service.
    """
    if isinstance(port, str):
        try:
            return socket.getservbyname(port, "tcp")
        except OSError as error:
            raise ServiceNameUnknownError(string=f"{error} ({port!r})") from error
    return port
