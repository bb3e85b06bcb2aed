"""
TLS on a connection that began without.

The application keeps its transport: the object turns into a door to TLS, and hands the loop's transport down to a
connection beneath TLS, which is all that the loop still knows of.

    application  <->  the connection it has always had
                          TLSMemoryBIOProtocol
                      a connection beneath  <->  the loop's transport
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.streams import Connection
from reactorio.internet.interfaces import INegotiated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IAddress, IProtocol
    from reactorio.python.failure import Failure

__all__ = ["start_tls"]


def start_tls(connection: Connection, contextFactory: Any, normal: bool) -> None:
    """
    Speak TLS on ``connection`` from here on; what was written before goes out as it is.

    Args:
        connection: It is turned into a `_WithTLS` of its own kind.
        contextFactory: See `reactorio.protocols.tls.TLSMemoryBIOFactory`.
        normal: Is who opened the connection the client of TLS, too?
    """
    # It stands above this package: TLS works over any stream. Only who uses it needs it.
    from reactorio.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol

    is_client = connection._tlsClientDefault if normal else not connection._tlsClientDefault
    factory = TLSMemoryBIOFactory(contextFactory, is_client, None, connection.reactor)
    if connection._transport is None:
        # Lost, or not there yet: nothing will ever be sent on it.
        connection.TLS = True
        return
    producer, streaming = connection.producer, connection.streamingProducer
    connection._flush()
    beneath = getattr(connection, "_beneath_kind", _Beneath)(connection)
    tls = TLSMemoryBIOProtocol(factory, connection.protocol, False)
    beneath.protocol = tls
    # Before anything is changed: what a context factory does here may fail.
    tls.makeConnection(beneath)
    if producer is not None:
        connection.unregisterProducer()
    connection.__dict__.pop("protocol", None)
    connection.__class__ = _with_tls(type(connection))
    door: Any = connection
    door._beneath, door._tls = beneath, tls
    connection.TLS = True
    connection.reactor._closed(connection)
    connection.reactor._opened(beneath)
    beneath._transport.set_protocol(beneath)  # type: ignore[union-attr]  # it has the connection's
    if producer is not None:
        tls.registerProducer(producer, streaming)


class _Beneath(Connection):
    """
    What the loop sees of a connection that has turned to TLS.

    Args:
        above: The connection.
    """

    def __init__(self, above: Connection) -> None:
        super().__init__(None, None, above.reactor)
        self._above: Any = above
        self._transport = above._transport
        self._loop = above._loop
        self._reading = above._reading
        self.disconnecting = above.disconnecting
        self.connected = 1

    def _after_loss(self, reason: Failure) -> None:
        above, self._above = self._above, None
        self._host, self._peer = above.getHost(), above.getPeer()
        above._lost(reason)

    def _end(self) -> None:
        if self._transport is not None and self._above is not None:
            # As soon as the transport is closed, it does not tell.
            self._above._keep_addresses(self._transport)
        super()._end()

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is not None and self._above is not None:
            self._above._keep_addresses(self._transport)
        super().connection_lost(error)

    def getHost(self) -> IAddress:
        return super().getHost() if self._above is None else self._above.getHost()

    def getPeer(self) -> IAddress:
        return super().getPeer() if self._above is None else self._above.getPeer()

    @property
    def logstr(self) -> str:
        return super().logstr if self._above is None else self._above.logstr

    def __repr__(self) -> str:
        return super().__repr__() if self._above is None else repr(self._above)


@implementer(INegotiated)
class _WithTLS(Connection):
    """Mixed into the kind of a connection when it turns to TLS."""

    _beneath: Any
    _tls: Any

    @property
    def protocol(self) -> IProtocol | None:
        """The application's, also here; setting it hands the connection over."""
        protocol: IProtocol | None = self._tls.wrappedProtocol
        return protocol

    @protocol.setter
    def protocol(self, protocol: IProtocol | None) -> None:
        self._tls.wrappedProtocol = protocol

    @property
    def disconnecting(self) -> bool:
        """Has `loseConnection` been called?"""
        return bool(self._tls.disconnecting)

    @disconnecting.setter
    def disconnecting(self, disconnecting: bool) -> None:
        self._tls.disconnecting = disconnecting

    def startTLS(self, contextFactory: Any, normal: bool = True) -> None:
        """Speak TLS within TLS from here on."""
        self._tls.startTLS(contextFactory, normal, self._tlsClientDefault)

    def getPeerCertificate(self) -> Any:
        """Return the peer's certificate; see `reactorio.protocols.tls.TLSMemoryBIOProtocol`."""
        return self._tls.getPeerCertificate()

    @property
    def negotiatedProtocol(self) -> bytes | None:
        """What ALPN has chosen; None if nothing, or not yet."""
        chosen: bytes | None = self._tls.negotiatedProtocol
        return chosen

    def getHandle(self) -> Any:
        """Return TLS's handle: pyOpenSSL's ``Connection``, or what answers in its stead."""
        return self._tls.getHandle()

    # ---- as a transport

    def write(self, data: bytes) -> None:
        self._tls.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self._tls.writeSequence(data)

    def loseConnection(self) -> None:
        self._tls.loseConnection()

    def loseWriteConnection(self) -> None:
        self._tls.loseWriteConnection()

    def abortConnection(self) -> None:
        self._tls.abortConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._tls.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self._tls.unregisterProducer()

    def stopConsuming(self) -> None:
        self._tls.stopConsuming()

    def startReading(self) -> None:
        self._beneath.startReading()

    def stopReading(self) -> None:
        self._beneath.stopReading()

    def pauseProducing(self) -> None:
        self._tls.pauseProducing()

    def resumeProducing(self) -> None:
        self._tls.resumeProducing()

    def _is_reading(self) -> bool:
        return bool(self._beneath._is_reading())

    def _is_writing(self) -> bool:
        return bool(self._beneath._is_writing())

    def unsent_size(self) -> int:
        return sum(map(len, self._tls._unsent)) + int(self._beneath.unsent_size())

    # ---- ends

    def connectionLost(self, reason: Failure) -> None:
        """End the connection here and now."""
        self._beneath.connectionLost(reason)

    def _end(self) -> None:
        self._beneath._end()

    def _keep_addresses(self, transport: Any) -> None:
        self._sockname = transport.get_extra_info("sockname") or self._sockname
        self._peername = transport.get_extra_info("peername") or self._peername

    def _lost(self, reason: Failure) -> None:
        """The connection beneath is over, and the application knows."""
        self._transport = None
        self.disconnected = 1
        self.connected = 0
        self._reading = False
        self._after_loss(reason)


_kinds: dict[type[Connection], type[Connection]] = {}


def _with_tls(kind: type[Connection]) -> type[Connection]:
    known = _kinds.get(kind)
    if known is None:
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
        known = _kinds[kind] = type(kind.__name__, (_WithTLS, kind), names)
    return known
