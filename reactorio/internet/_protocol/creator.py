"""One connection, as a Deferred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet._protocol.factories import ClientFactory
from reactorio.internet.defer import Deferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IAddress, IConnector, IDelayedCall
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.protocol"  # the public path: see the package's docstring


class _InstanceFactory(ClientFactory[Any]):
    """
    Has the protocol for one connection, and fires a Deferred with it.

    Attributes:
        pending: The call that will fire the Deferred: a turn later, so that ``connectionMade`` comes first.
    """

    noisy = False
    pending: IDelayedCall | None = None

    def __init__(self, reactor: Any, instance: Any, deferred: Deferred[Any]) -> None:
        self.reactor = reactor
        self.instance = instance
        self.deferred: Deferred[Any] | None = deferred

    def __repr__(self) -> str:
        return f"<ClientCreator factory: {self.instance!r}>"

    def buildProtocol(self, addr: IAddress | None) -> Any:
        deferred = self._take_deferred()
        self.pending = self.reactor.callLater(0, self.fire, deferred.callback, self.instance)
        return self.instance

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        deferred = self._take_deferred()
        self.pending = self.reactor.callLater(0, self.fire, deferred.errback, reason)

    def _take_deferred(self) -> Deferred[Any]:
        deferred, self.deferred = self.deferred, None
        assert deferred is not None, "the connection was made or refused before"
        return deferred

    def fire(self, func: Callable[[Any], None], value: Any) -> None:
        """Fire the Deferred."""
        self.pending = None
        func(value)


class ClientCreator:
    """
    Connects, once or more, each time with a new protocol and without a factory.

    Each method returns a Deferred of the protocol, connected; cancelling it gives up the connection. For new
    programs, see ``reactorio.internet.endpoints``.

    Args:
        reactor: What connects.
        protocolClass: What makes the protocols, called with the other arguments.
    """

    def __init__(self, reactor: Any, protocolClass: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.reactor = reactor
        self.protocolClass = protocolClass
        self.args = args
        self.kwargs = kwargs

    def connectTCP(
        self, host: str, port: int, timeout: float = 30, bindAddress: tuple[str, int] | None = None
    ) -> Deferred[Any]:
        """Connect as ``reactor.connectTCP`` does."""
        return self._connect(
            lambda factory: self.reactor.connectTCP(host, port, factory, timeout=timeout, bindAddress=bindAddress)
        )

    def connectUNIX(self, address: str | bytes, timeout: float = 30, checkPID: bool = False) -> Deferred[Any]:
        """Connect as ``reactor.connectUNIX`` does."""
        return self._connect(
            lambda factory: self.reactor.connectUNIX(address, factory, timeout=timeout, checkPID=checkPID)
        )

    def connectSSL(
        self,
        host: str,
        port: int,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: tuple[str, int] | None = None,
    ) -> Deferred[Any]:
        """Connect as ``reactor.connectSSL`` does."""
        return self._connect(
            lambda factory: self.reactor.connectSSL(
                host, port, factory, contextFactory, timeout=timeout, bindAddress=bindAddress
            )
        )

    def _connect(self, start: Callable[[_InstanceFactory], IConnector]) -> Deferred[Any]:
        def give_up(_: Deferred[Any]) -> None:
            connector.disconnect()
            if factory.pending is not None:
                factory.pending.cancel()

        deferred: Deferred[Any] = Deferred(give_up)
        factory = _InstanceFactory(self.reactor, self.protocolClass(*self.args, **self.kwargs), deferred)
        connector = start(factory)
        return deferred
