"""TLS on a stream that began without, and whose transport is not the loop's: a child's pipes, standard input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IConsumer, INegotiated, IPushProducer, ISystemHandle, ITransport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IAddress, IProtocol

__all__ = ["WithTLS", "start_tls"]


def start_tls(transport: Any, beneath: Any, contextFactory: Any, is_client: bool, reactor: Any) -> Any:
    """
    Have ``transport`` speak TLS from here on. The application keeps it: the object turns into a `WithTLS`.

    Args:
        transport: What the application has.
        beneath: What it has been so far, as another object.
        contextFactory: See `reactorio.protocols.tls.TLSMemoryBIOFactory`.
        is_client: Which side of TLS we are.
        reactor: The clock of TLS; the usual one by default.

    Returns:
        The protocol that is to have ``beneath``.

    Raises:
        Exception: What ``contextFactory`` raised; then nothing has changed.
    """
    # It stands above: TLS works over any stream. Only who uses it needs it.
    from reactorio.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol

    factory = TLSMemoryBIOFactory(contextFactory, is_client, None, reactor)
    tls = TLSMemoryBIOProtocol(factory, transport.protocol, False)
    tls.makeConnection(beneath)
    transport.__dict__.clear()
    transport.__class__ = WithTLS
    transport._tls = tls
    return tls


@implementer(ITransport, IConsumer, IPushProducer, ISystemHandle, INegotiated)
class WithTLS:
    """What such a transport turns into. Whatever is not here, TLS has, or what is beneath it."""

    _tls: Any

    @property
    def protocol(self) -> IProtocol | None:
        """The application's; setting it hands the connection over."""
        protocol: IProtocol | None = self._tls.wrappedProtocol
        return protocol

    @protocol.setter
    def protocol(self, protocol: IProtocol) -> None:
        self._tls.wrappedProtocol = protocol

    @property
    def negotiatedProtocol(self) -> bytes | None:
        """What ALPN has chosen; None if nothing, or not yet."""
        chosen: bytes | None = self._tls.negotiatedProtocol
        return chosen

    @property
    def disconnecting(self) -> bool:
        """Has `loseConnection` been called?"""
        return bool(self._tls.disconnecting)

    def getHandle(self) -> Any:
        """Return TLS's handle: pyOpenSSL's ``Connection``, or what answers in its stead."""
        return self._tls.getHandle()

    def write(self, data: bytes) -> None:
        self._tls.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self._tls.writeSequence(data)

    def loseConnection(self) -> None:
        self._tls.loseConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._tls.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self._tls.unregisterProducer()

    def pauseProducing(self) -> None:
        self._tls.pauseProducing()

    def resumeProducing(self) -> None:
        self._tls.resumeProducing()

    def stopProducing(self) -> None:
        self._tls.stopProducing()

    def getHost(self) -> IAddress:
        host: IAddress = self._tls.getHost()
        return host

    def getPeer(self) -> IAddress:
        peer: IAddress = self._tls.getPeer()
        return peer

    def __getattr__(self, name: str) -> Any:
        if name == "_tls":
            raise AttributeError(name)
        return getattr(self._tls, name)
