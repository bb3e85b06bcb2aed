"""
The first of a name's addresses that answers.

Addresses come from the reactor's name resolver, in its order. An attempt starts while those before it still wait, so
that one address that leads nowhere does not hold up the others (RFC 8305, "Happy Eyeballs").
"""

from __future__ import annotations

import socket
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio._interface import implementer
from reactorio.internet._endpoints.tcp import TCP4ClientEndpoint, TCP6ClientEndpoint, as_bind_address
from reactorio.internet._idna import BadHostname, encoded_and_text
from reactorio.internet._resolver import HostResolution
from reactorio.internet.abstract import isIPv6Address
from reactorio.internet.address import HostnameAddress, IPv4Address, IPv6Address
from reactorio.internet.defer import Deferred, fail
from reactorio.internet.error import ConnectingCancelledError, DNSLookupError
from reactorio.internet.interfaces import (
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from reactorio.internet.threads import deferToThread
from reactorio.logger import Logger
from reactorio.python.reflect import fullyQualifiedName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reactorio.internet._endpoints.tcp import BindAddress
    from reactorio.internet.interfaces import IAddress, IHostResolution, IProtocolFactory
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)

_ADDRESS_OF = {socket.AF_INET: IPv4Address, socket.AF_INET6: IPv6Address}


@implementer(IStreamClientEndpoint)
class HostnameEndpoint:
    """
    A TCP port at a host known by its name.

    A name that cannot be one makes `connect` fail with ValueError. Unlike Twisted: underscores are fine, whether the
    ``idna`` package is there or not.

    Args:
        reactor: What looks the name up and connects.
        host: The name, as text or as it goes into DNS; or an address.
        port: The port.
        timeout: Seconds until an attempt at one address fails.
        bindAddress: Host, or host and port, to connect from.
        attemptDelay: Seconds from the start of one attempt to the next. Without it, the next one starts after 0.3
            seconds, or (unlike Twisted) as soon as an attempt has failed.
    """

    _DEFAULT_ATTEMPT_DELAY = 0.3

    # How names are looked up for a reactor that cannot; tests put other things here.
    _getaddrinfo = staticmethod(socket.getaddrinfo)
    _deferToThread: ClassVar[Any] = staticmethod(deferToThread)

    def __init__(
        self,
        reactor: Any,
        host: str | bytes,
        port: int,
        timeout: float = 30,
        bindAddress: BindAddress = None,
        attemptDelay: float | None = None,
    ) -> None:
        self._reactor = reactor
        self._hostBytes, self._hostText, self._badHostname = self._names(host)
        self._port = port
        self._timeout = timeout
        self._bindAddress = as_bind_address(bindAddress)
        self._attemptDelay = attemptDelay
        if not IReactorPluggableNameResolver.providedBy(reactor):
            warnings.warn(
                "Passing HostnameEndpoint a reactor that does not provide IReactorPluggableNameResolver"
                f" ({fullyQualifiedName(type(reactor))}) was deprecated in Twisted 17.5.0;"
                " please use a reactor that provides IReactorPluggableNameResolver instead",
                DeprecationWarning,
                stacklevel=2,
            )

    @staticmethod
    def _names(host: str | bytes) -> tuple[bytes, str, bool]:
        """Return the host as DNS has it, as people read it, and whether it can be no host's name."""
        try:
            return *encoded_and_text(host), False
        except BadHostname:
            text = host if isinstance(host, str) else host.decode("ascii", "backslashreplace")
            escaped = text.encode("ascii", "backslashreplace")
            return escaped, escaped.decode("ascii"), True

    def __repr__(self) -> str:
        host = self._hostBytes.decode("ascii")
        return f"<HostnameEndpoint {f'[{host}]' if isIPv6Address(host) else host}:{self._port}>"

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        Connect to whichever address answers first.

        Returns:
            A Deferred of the protocol. It fails with `DNSLookupError` when there are no addresses, and as the last
            attempt did when all have failed.
        """
        if self._badHostname:
            return fail(ValueError(f"invalid hostname: {self._hostText}"))
        race = _Race(self, protocolFactory)
        self._name_resolver().resolveHostName(race, self._hostText, portNumber=self._port)
        return race.finished

    def _name_resolver(self) -> IHostnameResolver:
        if IReactorPluggableNameResolver.providedBy(self._reactor):
            return self._reactor.nameResolver
        return _SimpleHostnameResolver(self._fallbackNameResolution)

    def _fallbackNameResolution(self, host: str, port: int) -> Deferred[Any]:
        resolving: Deferred[Any] = self._deferToThread(self._getaddrinfo, host, port, 0, socket.SOCK_STREAM)
        return resolving

    def _endpoint_at(self, address: IAddress) -> TCP4ClientEndpoint | TCP6ClientEndpoint | None:
        """Return what connects to ``address``, None for a family that TCP does not have."""
        if isinstance(address, IPv4Address):
            kind: type[TCP4ClientEndpoint | TCP6ClientEndpoint] = TCP4ClientEndpoint
        elif isinstance(address, IPv6Address):
            kind = TCP6ClientEndpoint
        else:
            return None
        return kind(self._reactor, address.host, address.port, self._timeout, self._bindAddress)


@implementer(IResolutionReceiver)
class _Race:
    """
    One `HostnameEndpoint.connect`: gathers the addresses, then attempts them until one answers.

    Attributes:
        finished: A Deferred of the winner's protocol.
    """

    def __init__(self, endpoint: HostnameEndpoint, factory: IProtocolFactory) -> None:
        self._endpoint = endpoint
        self._factory = factory
        self._resolution: IHostResolution | None = None
        self._waiting: deque[TCP4ClientEndpoint | TCP6ClientEndpoint] = deque()
        self._attempts: list[Deferred[Any]] = []
        self._timer: Any = None
        self._is_over = False
        self.finished: Deferred[Any] = Deferred(self._give_up)

    # Looking up

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._resolution = resolutionInProgress

    def addressResolved(self, address: IAddress) -> None:
        endpoint = self._endpoint._endpoint_at(address)
        if endpoint is not None:
            self._waiting.append(endpoint)

    def resolutionComplete(self) -> None:
        self._resolution = None
        if self._is_over:
            return
        if self._waiting:
            self._start_next()
        else:
            self._stop()
            self.finished.errback(DNSLookupError(f"no results for hostname lookup: {self._endpoint._hostText}"))

    # Connecting

    def _start_next(self) -> None:
        self._timer = None
        attempt = self._waiting.popleft().connect(self._factory)
        self._attempts.append(attempt)
        if self._waiting:
            delay = self._endpoint._attemptDelay
            if delay is None:
                delay = self._endpoint._DEFAULT_ATTEMPT_DELAY
            self._timer = self._endpoint._reactor.callLater(delay, self._start_next)
        attempt.addCallbacks(self._won, self._lost, callbackArgs=(attempt,), errbackArgs=(attempt,))

    def _won(self, protocol: Any, attempt: Deferred[Any]) -> None:
        self._attempts.remove(attempt)
        self._stop()
        self.finished.callback(protocol)

    def _lost(self, reason: Failure, attempt: Deferred[Any]) -> None:
        self._attempts.remove(attempt)
        if self._is_over:
            # One of those that were cancelled because another has won, or because nobody wants it any longer.
            return
        if not self._waiting:
            if not self._attempts:
                self._stop()
                self.finished.errback(reason)
        elif self._endpoint._attemptDelay is None:
            self._timer.cancel()
            self._start_next()

    def _give_up(self, deferred: Deferred[Any]) -> None:
        self._stop()
        deferred.errback(ConnectingCancelledError(HostnameAddress(self._endpoint._hostBytes, self._endpoint._port)))

    def _stop(self) -> None:
        self._is_over = True
        self._waiting.clear()
        if self._resolution is not None:
            self._resolution.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for attempt in list(self._attempts):
            attempt.cancel()


@implementer(IHostnameResolver)
class _SimpleHostnameResolver:
    """
    A resolver that asks a function.

    Args:
        nameResolution: Takes the host and the port, and returns a Deferred of what ``socket.getaddrinfo`` returns.
    """

    def __init__(self, nameResolution: Callable[[str, int], Deferred[Any]]) -> None:
        self._nameResolution = nameResolution

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Look ``hostName`` up; a failure is logged, and there are no addresses then."""
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)

        def found(results: Any) -> None:
            for family, _, _, _, (host, port, *_) in results:
                if family in _ADDRESS_OF:
                    resolutionReceiver.addressResolved(_ADDRESS_OF[family]("TCP", host, port))

        def failed(reason: Failure) -> None:
            _log.failure(
                "while looking up {name} with {callable}",
                failure=reason,
                name=hostName,
                callable=self._nameResolution,
            )

        looking_up = self._nameResolution(hostName, portNumber)
        looking_up.addCallback(found).addErrback(failed)
        looking_up.addCallback(lambda _: resolutionReceiver.resolutionComplete())
        return resolution
