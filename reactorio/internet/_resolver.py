"""Host names to addresses: getaddrinfo in threads, and what stands between the old and the new kind of resolver."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio.internet.abstract import isIPAddress, isIPv6Address
from reactorio.internet.address import IPv4Address, IPv6Address
from reactorio.internet.defer import Deferred
from reactorio.internet.error import DNSLookupError
from reactorio.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver, IResolverSimple
from reactorio.internet.threads import deferToThreadPool
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from reactorio.internet.interfaces import IAddress, IReactorThreads
    from reactorio.python.failure import Failure
    from reactorio.python.threadpool import ThreadPool

_log = Logger()

_FAMILY_OF = {
    frozenset([IPv4Address]): socket.AF_INET,
    frozenset([IPv6Address]): socket.AF_INET6,
    frozenset([IPv4Address, IPv6Address]): socket.AF_UNSPEC,
}
_ADDRESS_OF = {socket.AF_INET: IPv4Address, socket.AF_INET6: IPv6Address}
_SOCKET_TYPE_OF = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
_TRANSPORT_OF = {number: name for name, number in _SOCKET_TYPE_OF.items()}


@implementer(IHostResolution)
class HostResolution:
    """A resolution under way, known by the name it is for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """A lookup in a thread cannot be stopped: it ends by itself, and its answer still arrives."""


@implementer(IHostnameResolver)
class GAIResolver:
    """
    Resolve with ``getaddrinfo`` in threads.

    Args:
        reactor: Where the answers are delivered.
        getThreadPool: Returns the pool to look up in; the reactor's own by default.
        getaddrinfo: What is called in the thread.
    """

    def __init__(
        self,
        reactor: IReactorThreads,
        getThreadPool: Callable[[], ThreadPool] | None = None,
        getaddrinfo: Callable[..., Any] = socket.getaddrinfo,
    ) -> None:
        self._reactor = reactor
        # A reactor makes its resolver before it is complete itself.
        self._get_thread_pool = getThreadPool or (lambda: reactor.getThreadPool())
        self._getaddrinfo = getaddrinfo

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        family = _FAMILY_OF[frozenset(addressTypes or (IPv4Address, IPv6Address))]
        socket_type = _SOCKET_TYPE_OF[transportSemantics]

        def look_up() -> list[Any]:
            try:
                found: list[Any] = self._getaddrinfo(hostName, portNumber, family, socket_type)
            except socket.gaierror:
                return []
            return found

        def deliver(found: list[Any]) -> None:
            for family, kind, _, _, sockaddr in found:
                resolutionReceiver.addressResolved(_ADDRESS_OF[family](_TRANSPORT_OF.get(kind, "TCP"), *sockaddr))

        def complain(failure: Failure) -> None:
            _log.failure("Unexpected error while resolving {name!r}", failure=failure, name=hostName)

        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        looked_up = deferToThreadPool(self._reactor, self._get_thread_pool(), look_up)
        looked_up.addCallback(deliver).addErrback(complain).addCallback(
            lambda _: resolutionReceiver.resolutionComplete()
        )
        return resolution


@implementer(IHostnameResolver)
class SimpleResolverComplexifier:
    """An IHostnameResolver made of an IResolverSimple: one address a name, and that an IPv4 one."""

    def __init__(self, simpleResolver: IResolverSimple) -> None:
        self._simpleResolver = simpleResolver

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        name = _as_ascii(hostName)
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)

        def deliver(address: str) -> None:
            make: Any = IPv6Address if isIPv6Address(address) else IPv4Address
            resolutionReceiver.addressResolved(make(transportSemantics, address, portNumber))

        def refused(failure: Failure) -> None:
            if not failure.check(DNSLookupError):
                _log.failure(
                    "while looking up {name} with {resolver}", failure, name=name, resolver=self._simpleResolver
                )

        self._simpleResolver.getHostByName(name).addCallback(deliver).addErrback(refused).addCallback(
            lambda _: resolutionReceiver.resolutionComplete()
        )
        return resolution


@implementer(IResolutionReceiver)
class FirstOneWins:
    """Fire a Deferred with the first address, or with DNSLookupError when there was none."""

    def __init__(self, deferred: Deferred[str]) -> None:
        self._deferred = deferred
        self._resolved = False

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._resolution = resolutionInProgress

    def addressResolved(self, address: IAddress) -> None:
        if not self._resolved:
            self._resolved = True
            self._deferred.callback(address.host)  # type: ignore[attr-defined]  # IPv4Address or IPv6Address

    def resolutionComplete(self) -> None:
        if not self._resolved:
            self._deferred.errback(DNSLookupError(self._resolution.name))


@implementer(IResolverSimple)
class ComplexResolverSimplifier:
    """An IResolverSimple made of an IHostnameResolver: the first IPv4 address."""

    def __init__(self, nameResolver: IHostnameResolver) -> None:
        self._nameResolver = nameResolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        found: Deferred[str] = Deferred()
        self._nameResolver.resolveHostName(FirstOneWins(found), name, 0, [IPv4Address])
        return found


def _as_ascii(name: str) -> str:
    """The name as the DNS has it (RFC 5891): what is ASCII already stays as it is."""
    if isinstance(name, bytes):
        return name.decode("ascii")
    if name.isascii():
        return name
    return name.encode("idna").decode("ascii")


def resolve_simply(resolver: IResolverSimple, name: str, timeout: Sequence[int]) -> Deferred[str]:
    """Look ``name`` up unless it is an address already; no name at all means every interface."""
    found: Deferred[str]
    if not name:
        found = Deferred()
        found.callback("0.0.0.0")
    elif isIPAddress(name) or isIPv6Address(name):
        found = Deferred()
        found.callback(name)
    else:
        found = resolver.getHostByName(name, timeout)
    return found
