"""A protocol around another, seen from there as the transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import providedBy  # type: ignore[import-untyped]  # zope has no types

from reactorio._interface import directlyProvides
from reactorio.internet.interfaces import ILoggingContext
from reactorio.internet.protocol import ClientFactory, Protocol, connectionDone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.internet.interfaces import IAddress, IConnector
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.policies"  # the public path: see the package's docstring


def _log_prefix(wrapper: object, wrapped: object) -> str:
    prefix = wrapped.logPrefix() if ILoggingContext.providedBy(wrapped) else type(wrapped).__name__
    return f"{prefix} ({type(wrapper).__name__})"


class ProtocolWrapper(Protocol):
    """
    Stands between a transport and a protocol. It provides whatever the transport does.

    Args:
        factory: The factory that made this.
        wrappedProtocol: The protocol that has this for its transport.

    Attributes:
        wrappedProtocol: That protocol; None once the connection is lost, so that the two do not keep each other alive.
        disconnecting: Whether the connection is being closed.
    """

    disconnecting: int | bool = 0

    def __init__(self, factory: Any, wrappedProtocol: Any) -> None:
        self.wrappedProtocol = wrappedProtocol
        self.factory = factory

    def logPrefix(self) -> str:
        """Return the name of the wrapped protocol, and this class's name after it."""
        return _log_prefix(self, self.wrappedProtocol)

    def makeConnection(self, transport: Any) -> None:
        """Take the transport, and be the transport of the wrapped protocol."""
        directlyProvides(self, providedBy(transport))
        super().makeConnection(transport)
        self.factory.registerProtocol(self)
        self.wrappedProtocol.makeConnection(self)

    # As a transport

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.transport.writeSequence(data)

    def loseConnection(self) -> None:
        self.disconnecting = 1
        self.transport.loseConnection()

    def getPeer(self) -> IAddress:
        return self.transport.getPeer()  # type: ignore[no-any-return]  # the transport is whatever it is

    def getHost(self) -> IAddress:
        return self.transport.getHost()  # type: ignore[no-any-return]  # the transport is whatever it is

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self.transport.unregisterProducer()

    def stopConsuming(self) -> None:
        self.transport.stopConsuming()

    def __getattr__(self, name: str) -> Any:
        # What this class does not have, the transport may.
        return getattr(self.transport, name)

    # As a protocol

    def dataReceived(self, data: bytes) -> None:
        self.wrappedProtocol.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.unregisterProtocol(self)
        self.wrappedProtocol.connectionLost(reason)
        self.wrappedProtocol = None


class WrappingFactory(ClientFactory[Any]):
    """
    Makes wrappers around the protocols of another factory, server's or client's.

    Args:
        wrappedFactory: The other factory.

    Attributes:
        protocol: What makes a wrapper, called with this factory and the protocol to wrap.
        protocols: The wrappers that are connected, as keys.
    """

    protocol: Callable[..., Any] = ProtocolWrapper

    def __init__(self, wrappedFactory: Any) -> None:
        self.wrappedFactory = wrappedFactory
        self.protocols: dict[Any, int] = {}

    def logPrefix(self) -> str:
        """Return the name of the wrapped factory, and this class's name after it."""
        return _log_prefix(self, self.wrappedFactory)

    def doStart(self) -> None:
        self.wrappedFactory.doStart()
        super().doStart()

    def doStop(self) -> None:
        self.wrappedFactory.doStop()
        super().doStop()

    def startedConnecting(self, connector: IConnector) -> None:
        self.wrappedFactory.startedConnecting(connector)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        self.wrappedFactory.clientConnectionFailed(connector, reason)

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        self.wrappedFactory.clientConnectionLost(connector, reason)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """
        Make a wrapper around the wrapped factory's protocol.

        Unlike Twisted: where that factory makes no protocol, there is no wrapper around None either, and the
        connection is closed.
        """
        wrapped = self.wrappedFactory.buildProtocol(addr)
        return None if wrapped is None else self._wrap(wrapped)

    def _wrap(self, wrapped: Any) -> Any:
        return self.protocol(self, wrapped)

    def registerProtocol(self, p: Any) -> None:
        """A wrapper is connected."""
        self.protocols[p] = 1

    def unregisterProtocol(self, p: Any) -> None:
        """A wrapper's connection is lost."""
        del self.protocols[p]
