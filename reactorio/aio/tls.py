"""TLS ports and clients: TCP's, with TLS between them and the application's protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.aio.connecting import Connector
from reactorio.aio.listening import Port

if TYPE_CHECKING:
    from reactorio.aio.reactor import Reactor
    from reactorio.aio.sockets import Binding
    from reactorio.internet.interfaces import IProtocolFactory
    from reactorio.internet.protocol import ClientFactory

__all__ = ["Tls"]


class _TLSPort(Port):
    """A TCP port whose connections speak TLS."""

    _type = "TLS"


_TLSPort.__name__ = _TLSPort.__qualname__ = "Port"
_TLSPort.__module__ = "reactorio.internet.tcp"


class Tls:
    """`IReactorSSL`, for a reactor to inherit."""

    def listenSSL(
        self,
        port: int | Binding,
        factory: IProtocolFactory,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> Port:
        """
        Listen on ``port`` for connections that speak TLS.

        Args:
            port: Its number (0: any that is free, see ``getHost``), or what `makeBinding` returned.
            factory: Builds a protocol for each connection.
            contextFactory: See `reactorio.protocols.tls.TLSMemoryBIOFactory`.
            backlog: Connections that the system holds ready while we are busy.
            interface: A numeric address of this machine; all of IPv4 by default.

        Raises:
            CannotListenError: The system refused.
            Exception: What ``contextFactory`` raised.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        listening = _TLSPort(port, _wrapped(contextFactory, False, factory, reactor), backlog, interface, reactor)
        listening.startListening()
        return listening

    def connectSSL(
        self,
        host: str,
        port: int | str,
        factory: ClientFactory,
        contextFactory: Any,
        timeout: float | None = 30,
        bindAddress: Binding | tuple[str, int] | str | None = None,
    ) -> Connector:
        """
        Connect to a port and speak TLS; the factory is told how it went.

        Args:
            host: A name or a numeric address. It is not the name that certificates are checked for: ``contextFactory``
                knows that.
            port: A number, or a service's name.
            factory: Builds the protocol.
            contextFactory: See `reactorio.protocols.tls.TLSMemoryBIOFactory`.
            timeout: Seconds for the attempt to connect; the handshake comes after that.
            bindAddress: Where our end is.

        Raises:
            ServiceNameUnknownError: The system knows no such service.
            Exception: What ``contextFactory`` raised.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        wrapped = _wrapped(contextFactory, True, factory, reactor)
        connector = Connector(host, port, wrapped, timeout, bindAddress, reactor)
        connector.connect()
        return connector


def _wrapped(contextFactory: Any, is_client: bool, factory: Any, reactor: Reactor) -> Any:
    # It stands above this package: TLS works over any stream. Only who uses it needs it.
    from reactorio.protocols.tls import TLSMemoryBIOFactory

    return TLSMemoryBIOFactory(contextFactory, is_client, factory, reactor)
