"""Which engine a connection gets."""

from __future__ import annotations

import ssl
import warnings
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import (
    ILoggingContext,
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IProtocolNegotiationFactory,
)
from reactorio.protocols._tls.connection import TLSMemoryBIOProtocol
from reactorio.protocols._tls.negotiation import accept_protocols, chooser
from reactorio.protocols._tls.openssl_or_none import SSL, wrapped_connection
from reactorio.protocols._tls.stdlib import StdlibEngine
from reactorio.protocols._tls_legacy import LegacyContextFactoryWarning
from reactorio.protocols.policies import WrappingFactory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reactorio.protocols._tls.engines import Engine

__name__ = "reactorio.protocols.tls"  # the public path: see the package's docstring


def _get_default_clock() -> Any:
    """Return the reactor."""
    # Not at the import: it would decide which reactor.
    from reactorio.internet import reactor

    return reactor


class TLSMemoryBIOFactory(WrappingFactory):
    """
    Makes protocols that speak TLS between a stream and the protocols of another factory.

    Args:
        contextFactory: Says how: options of ``reactorio.internet.ssl``, an `IOpenSSLClientConnectionCreator` or
            `IOpenSSLServerConnectionCreator`, something with a ``getContext``; or, unlike Twisted, an
            ``ssl.SSLContext`` of the standard library's.
        isClient: Which side this is, of TLS; the stream may have been opened by either.
        wrappedFactory: The other factory.
        clock: Tells when what was written in one turn is to be sent, and when it takes too long; by default the reactor.

    Raises:
        TypeError: It is nothing of that kind.
        Exception: What ``getContext`` raised: not later, when a connection is there.

    Attributes:
        handshake_timeout: Seconds that a handshake may take; None: any time. A connection that exceeds them is cut off,
            and lost with TimeoutError. Unlike Twisted, which has no limits; these are asyncio's. They can be changed
            on a factory (of a listening port: ``port.factory``), or on the class, for all.
        shutdown_timeout: Seconds until a peer has answered our closing TLS, with all that was sent before on its way.
    """

    protocol = TLSMemoryBIOProtocol
    noisy = False
    handshake_timeout: float | None = 60.0
    shutdown_timeout: float | None = 30.0

    def __init__(self, contextFactory: Any, isClient: bool, wrappedFactory: Any, clock: Any = None) -> None:
        super().__init__(wrappedFactory)
        self._isClient = bool(isClient)
        self._connectionCreator = _as_creator(contextFactory, self._isClient)
        self._clock = _get_default_clock() if clock is None else clock

    @property
    def _creatorCallable(self) -> Any:
        """What makes pyOpenSSL's connections, by the name that tests of applications know."""
        creator = self._connectionCreator
        return creator.clientConnectionForTLS if self._isClient else creator.serverConnectionForTLS

    def logPrefix(self) -> str:
        """Return the wrapped factory's name, and that it speaks TLS."""
        wrapped = self.wrappedFactory
        prefix = wrapped.logPrefix() if ILoggingContext.providedBy(wrapped) else type(wrapped).__name__
        return f"{prefix} (TLS)"

    def _createEngine(self, tlsProtocol: TLSMemoryBIOProtocol) -> Engine:
        creator = self._connectionCreator
        protocols = self._acceptable_protocols()
        own = getattr(creator, "_engine_for", None)
        if own is not None:
            engine: Engine | None = own(self._isClient, protocols)
            if engine is not None:
                return engine
        if self._isClient:
            connection = creator.clientConnectionForTLS(tlsProtocol)
        else:
            connection = creator.serverConnectionForTLS(tlsProtocol)
        if protocols:
            accept_protocols(connection, self._isClient, protocols)
        return wrapped_connection(connection)

    def _acceptable_protocols(self) -> Sequence[bytes]:
        if IProtocolNegotiationFactory.providedBy(self.wrappedFactory):
            return self.wrappedFactory.acceptableProtocols()
        return ()


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class _ContextFactoryToConnectionFactory:
    """
    Makes connections with what has only a ``getContext``, as factories of contexts long had.

    Args:
        oldStyleContextFactory: That factory. It is asked at once, so that its errors are told to whom they concern,
            and again for each connection.
    """

    def __init__(self, oldStyleContextFactory: Any) -> None:
        context = oldStyleContextFactory.getContext()
        if SSL is not None and context is None:
            raise TypeError(f"{oldStyleContextFactory!r}'s `getContext` method doesn't return a `Context`")
        self._oldStyleContextFactory = oldStyleContextFactory

    def _engine_for(self, is_client: bool, protocols: Sequence[bytes]) -> Engine | None:
        context = self._oldStyleContextFactory.getContext()
        return StdlibEngine(context, is_client) if isinstance(context, ssl.SSLContext) else None

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Any:
        return self._connection(tlsProtocol, "set_connect_state")

    def serverConnectionForTLS(self, tlsProtocol: Any) -> Any:
        return self._connection(tlsProtocol, "set_accept_state")

    def _connection(self, tls_protocol: Any, set_state: str) -> Any:
        context = self._oldStyleContextFactory.getContext()
        if tls_protocol.factory._acceptable_protocols():
            try:
                context.set_alpn_select_callback(chooser(()))
            except ValueError:
                pass  # there are connections with it already, so this has been done
        connection = SSL.Connection(context, None)
        connection.set_app_data(tls_protocol)
        getattr(connection, set_state)()
        return connection


class _StdlibContext:
    """Makes engines with a context of the standard library's."""

    def __init__(self, context: ssl.SSLContext, is_client: bool) -> None:
        if is_client and context.check_hostname:
            raise ValueError("the context checks names, but says for none which: optionsForClientTLS(name) does both")
        self._context = context

    def _engine_for(self, is_client: bool, protocols: Sequence[bytes]) -> Engine:
        return StdlibEngine(self._context, is_client)


def _as_creator(factory: Any, is_client: bool) -> Any:
    interface = IOpenSSLClientConnectionCreator if is_client else IOpenSSLServerConnectionCreator
    if interface.providedBy(factory):
        return factory
    if isinstance(factory, ssl.SSLContext):
        return _StdlibContext(factory, is_client)
    if not IOpenSSLContextFactory.providedBy(factory):
        side = "Client" if is_client else "Server"
        warnings.warn(
            f"{factory!r} does not explicitly provide any OpenSSL connection-creator {side} interface; "
            f"neither {interface.__name__}, nor IOpenSSLContextFactory.",
            LegacyContextFactoryWarning,
            stacklevel=3,
        )
        if not hasattr(factory, "getContext"):
            raise TypeError(f"{factory!r} does not even have a `getContext` method")
    return _ContextFactoryToConnectionFactory(factory)
