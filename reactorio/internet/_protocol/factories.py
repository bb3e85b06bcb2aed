"""Factories of stream protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from reactorio._interface import implementer
from reactorio.internet.interfaces import ILoggingContext, IProtocolFactory
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from reactorio.internet.interfaces import IAddress, IConnector
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.protocol"  # the public path: see the package's docstring

# What a factory makes. `Factory` alone means a factory of anything.
P = TypeVar("P", default=Any)


def _log_of(factory: Factory[Any]) -> Logger:
    """Return a log whose events tell which factory, of whoever's class, they are about."""
    kind = type(factory)
    return Logger(namespace=f"{kind.__module__}.{kind.__qualname__}", source=factory)


@implementer(IProtocolFactory, ILoggingContext)
class Factory(Generic[P]):
    """
    Makes a protocol for each connection.

    Attributes:
        protocol: What is called, without arguments, to make one. Set it, or override `buildProtocol`.
        numPorts: How many ports and connectors use this.
        noisy: Whether starting and stopping is logged.
    """

    protocol: Callable[..., P] | None = None
    numPorts = 0
    noisy = True

    @classmethod
    def forProtocol(cls, protocol: Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Return a factory of ``protocol``; the other arguments are the factory's."""
        factory = cls(*args, **kwargs)
        factory.protocol = protocol
        return factory

    def logPrefix(self) -> str:
        """Return the class's name."""
        return self.__class__.__name__

    def doStart(self) -> None:
        """A port or connector starts to use this; at the first, `startFactory` is called."""
        if not self.numPorts:
            if self.noisy:
                _log_of(self).info("Starting factory {factory!r}", factory=self)
            self.startFactory()
        self.numPorts += 1

    def doStop(self) -> None:
        """A port or connector no longer uses this; after the last, `stopFactory` is called."""
        if not self.numPorts:
            # A port that was never quite started is stopped all the same.
            return
        self.numPorts -= 1
        if not self.numPorts:
            if self.noisy:
                _log_of(self).info("Stopping factory {factory!r}", factory=self)
            self.stopFactory()

    def startFactory(self) -> None:
        """Connections may come from now on: the place to open what they share."""

    def stopFactory(self) -> None:
        """No new connections will come: the place to close what they share."""

    def buildProtocol(self, addr: IAddress | None) -> P | None:
        """
        Make the protocol of one connection.

        Args:
            addr: The other end of the connection.

        Returns:
            The protocol, with its ``factory`` set; None closes the connection at once.
        """
        assert self.protocol is not None, "set protocol, or override buildProtocol"
        protocol = self.protocol()
        protocol.factory = self  # type: ignore[attr-defined]  # P is unbound, or every protocol would have to declare it
        return protocol


class ServerFactory(Factory[P]):
    """A factory for a port."""


class ClientFactory(Factory[P]):
    """
    A factory for a connector: it also hears how connecting goes.

    Each of the hooks may call ``connector.connect()`` to try again.
    """

    def startedConnecting(self, connector: IConnector) -> None:
        """An attempt begins; ``connector.stopConnecting()`` would end it."""

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """An attempt failed."""

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        """A connection ended, after its protocol's ``connectionLost``."""
