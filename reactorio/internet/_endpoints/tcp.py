"""Endpoints of TCP over IPv4 and IPv6."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from reactorio._interface import implementer
from reactorio.internet._endpoints.wrapping import _WrappingFactory
from reactorio.internet.abstract import isIPv6Address
from reactorio.internet.defer import Deferred, execute, fail
from reactorio.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint
from reactorio.internet.threads import deferToThread

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IProtocolFactory
    from reactorio.internet.tcp import Binding

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring

BindAddress: TypeAlias = "Binding | bytes | str | tuple[bytes | str, int] | None"


def as_bind_address(where: BindAddress) -> Any:
    """Return ``where`` as ``connectTCP`` takes it: a host alone gets a port, and bytes become text."""
    if isinstance(where, (bytes, str)):
        where = where, 0
    if isinstance(where, tuple):
        host, port = where
        return host.decode("ascii") if isinstance(host, bytes) else host, port
    return where


class _TCPServerEndpoint:
    """What the endpoints of both families have in common."""

    def __init__(self, reactor: Any, port: int, backlog: int, interface: str) -> None:
        self._reactor = reactor
        self._port = port
        self._backlog = backlog
        self._interface = interface

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Listen; returns a Deferred of the port, which fails with `CannotListenError`."""
        return execute(
            self._reactor.listenTCP,
            self._port,
            protocolFactory,
            backlog=self._backlog,
            interface=self._interface,
        )


@implementer(IStreamServerEndpoint)
class TCP4ServerEndpoint(_TCPServerEndpoint):
    """
    A TCP port.

    Args:
        reactor: What listens.
        port: The port, 0 for one that is free.
        backlog: How many connections may wait to be accepted.
        interface: The address to bind; all of IPv4 if empty.
    """

    def __init__(self, reactor: Any, port: int, backlog: int = 50, interface: str = "") -> None:
        super().__init__(reactor, port, backlog, interface)


@implementer(IStreamServerEndpoint)
class TCP6ServerEndpoint(_TCPServerEndpoint):
    """
    A TCP port on IPv6.

    Args:
        reactor: What listens.
        port: The port, 0 for one that is free.
        backlog: How many connections may wait to be accepted.
        interface: The address to bind; by default all of IPv6, and of IPv4 where the system is set up so.
    """

    def __init__(self, reactor: Any, port: int, backlog: int = 50, interface: str = "::") -> None:
        super().__init__(reactor, port, backlog, interface)


def connect_tcp(
    reactor: Any, host: str, port: int, factory: IProtocolFactory, timeout: float, bind_address: Any
) -> Deferred[Any]:
    """Connect with ``factory``, which is any factory; returns a Deferred of the protocol."""
    try:
        wrapping = _WrappingFactory(factory)
        reactor.connectTCP(host, port, wrapping, timeout=timeout, bindAddress=bind_address)
    except Exception:
        return fail()
    return wrapping._onConnection


@implementer(IStreamClientEndpoint)
class TCP4ClientEndpoint:
    """
    A TCP port somewhere, over IPv4. For a host's name, `HostnameEndpoint` is better: it tries all addresses.

    Args:
        reactor: What connects.
        host: The host's address or name.
        port: The port.
        timeout: Seconds until an attempt fails.
        bindAddress: Host, or host and port, to connect from.
    """

    def __init__(
        self, reactor: Any, host: str, port: int, timeout: float = 30, bindAddress: BindAddress = None
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._timeout = timeout
        self._bindAddress = as_bind_address(bindAddress)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint.connect`."""
        return connect_tcp(self._reactor, self._host, self._port, protocolFactory, self._timeout, self._bindAddress)


@implementer(IStreamClientEndpoint)
class TCP6ClientEndpoint:
    """
    A TCP port somewhere, over IPv6.

    Args:
        reactor: What connects.
        host: The host's address, or its name: the first of its IPv6 addresses is taken.
        port: The port.
        timeout: Seconds until an attempt fails.
        bindAddress: Host, or host and port, to connect from.
    """

    # How names are looked up; tests put other things here.
    _getaddrinfo = staticmethod(socket.getaddrinfo)
    _deferToThread: ClassVar[Any] = staticmethod(deferToThread)

    def __init__(
        self, reactor: Any, host: str, port: int, timeout: float = 30, bindAddress: BindAddress = None
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._timeout = timeout
        self._bindAddress = as_bind_address(bindAddress)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint.connect`."""
        if isIPv6Address(self._host):
            return self._connect(self._host, protocolFactory)
        found = self._nameResolution(self._host)
        return found.addCallback(lambda results: self._connect(results[0][4][0], protocolFactory))

    def _nameResolution(self, host: str) -> Deferred[Any]:
        resolving: Deferred[Any] = self._deferToThread(self._getaddrinfo, host, 0, socket.AF_INET6)
        return resolving

    def _connect(self, address: str, factory: IProtocolFactory) -> Deferred[Any]:
        return connect_tcp(self._reactor, address, self._port, factory, self._timeout, self._bindAddress)
