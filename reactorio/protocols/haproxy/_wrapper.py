"""
Between the connection and the application: takes the header, and stands for the client's connection.

The application's protocol is connected when the header is there: it may speak first, and may ask at once who its peer is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import providedBy  # type: ignore[import-untyped]  # zope has no types

from reactorio._interface import directlyProvides
from reactorio.internet.interfaces import ILoggingContext
from reactorio.internet.protocol import Protocol, connectionDone
from reactorio.logger import Logger
from reactorio.protocols.haproxy._exceptions import InvalidProxyHeader
from reactorio.protocols.haproxy._v1parser import V1Parser
from reactorio.protocols.haproxy._v2parser import V2Parser
from reactorio.protocols.policies import ProtocolWrapper, WrappingFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IAddress, IDelayedCall
    from reactorio.protocols.haproxy._info import ProxyInfo
    from reactorio.python.failure import Failure

_log = Logger()


def _parser_for(data: bytes) -> V1Parser | V2Parser:
    """Return a parser of the version that starts as ``data`` does: their first bytes differ."""
    for kind in (V1Parser, V2Parser):
        if data.startswith(kind.PREFIX[:1]):
            return kind()
    raise InvalidProxyHeader("it starts like neither version")


class HAProxyProtocolWrapper(ProtocolWrapper):
    """
    Takes the header from the connection, then passes everything on.

    Unlike Twisted: the wrapped protocol is connected when the header has arrived, not before, as the specification demands
    (section 2); one whose header is refused never is.

    Attributes:
        proxy_info: What the header says; None until it has arrived.
    """

    proxy_info: ProxyInfo | None = None
    _parser: V1Parser | V2Parser | None = None
    _refused = False
    _deadline: IDelayedCall | None = None
    # What came with the header, for a protocol that stopped reading as soon as it was connected.
    _held = b""
    _reading_paused = False

    def makeConnection(self, transport: Any) -> None:
        """Take the transport, and wait for the header."""
        directlyProvides(self, providedBy(transport))
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        # A connection in memory has no reactor: it has no time limit then.
        reactor = getattr(transport, "reactor", None)
        if reactor is not None and self.factory.header_timeout is not None:
            self._deadline = reactor.callLater(self.factory.header_timeout, self._too_late)

    # ---- the header

    def dataReceived(self, data: bytes) -> None:
        """Take the header out of what arrives; pass on what follows."""
        if self._refused:
            return
        if self.proxy_info is not None:
            self._deliver(data)
            return
        try:
            if self._parser is None:
                self._parser = _parser_for(data)
            info, rest = self._parser.feed(data)
        except InvalidProxyHeader as error:
            self._refuse(str(error))
            return
        if info is not None:
            self._parser = None
            self._begin(info, rest or b"")

    def _begin(self, info: ProxyInfo, rest: bytes) -> None:
        self._stop_waiting()
        self.proxy_info = info
        self.wrappedProtocol.makeConnection(self)
        if rest and self.wrappedProtocol is not None:
            self._deliver(rest)

    def _refuse(self, why: str) -> None:
        self._stop_waiting()
        self._refused = True
        self._parser = None
        _log.info("Refused the PROXY header from {peer}: {why}", peer=self.transport.getPeer(), why=why)
        # Aborted where that is possible: a peer of a TLS connection that is closed can take its time.
        getattr(self.transport, "abortConnection", self.transport.loseConnection)()

    def _too_late(self) -> None:
        self._deadline = None
        self._refuse("it is not complete in time")

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # ---- reading

    def _deliver(self, data: bytes) -> None:
        if self._reading_paused:
            self._held += data
        else:
            self.wrappedProtocol.dataReceived(data)

    def pauseProducing(self) -> None:
        """Do not read, and keep what came with the header."""
        self._reading_paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read again, first what came with the header."""
        self._reading_paused = False
        if self._held:
            held, self._held = self._held, b""
            self.wrappedProtocol.dataReceived(held)
        if not self._reading_paused and self.wrappedProtocol is not None:
            self.transport.resumeProducing()

    # ---- as the client's connection

    def getPeer(self) -> IAddress:
        """Return the client's address; before the header has come, or if it has none, the connection's."""
        if self.proxy_info is None or self.proxy_info.source is None:
            return super().getPeer()
        return self.proxy_info.source

    def getHost(self) -> IAddress:
        """Return the address that the client connected to; before the header, or if it has none, the connection's."""
        if self.proxy_info is None or self.proxy_info.destination is None:
            return super().getHost()
        return self.proxy_info.destination

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop_waiting()
        self._held = b""
        if self.proxy_info is not None:
            super().connectionLost(reason)
            return
        self._refused = True
        self.factory.unregisterProtocol(self)
        self.wrappedProtocol = None


class HAProxyWrappingFactory(WrappingFactory):
    """
    Has the connections to another factory's protocols start with a header of the PROXY protocol, version 1 or 2.

    Attributes:
        header_timeout: How many seconds a proxy has to send it, None for any. A proxy sends it at once; it has to be 3 at
            least, so that it may be lost once on the way.
    """

    protocol: Callable[..., Any] = HAProxyProtocolWrapper
    header_timeout: float | None = 10

    def logPrefix(self) -> str:
        """Return the wrapped factory's name, and that it is behind a proxy."""
        wrapped = self.wrappedFactory
        prefix = wrapped.logPrefix() if ILoggingContext.providedBy(wrapped) else type(wrapped).__name__
        return f"{prefix} (PROXY)"
