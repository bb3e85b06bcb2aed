"""What a connection of HTTP/1 is to its requests: their transport, and whom a request's producer writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.interfaces import ISSLTransport
from reactorio.protocols.tls import _PullToPush
from reactorio.web.http_headers import Headers, _sanitizeLinearWhitespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.internet.interfaces import IAddress, IPullProducer, IPushProducer

__all__ = ["NoPushProducer", "Sending"]


class NoPushProducer:
    """Stands for a transport that cannot be slowed down."""

    def pauseProducing(self) -> None:
        """It goes on."""

    def resumeProducing(self) -> None:
        """It has gone on."""

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """It slows nobody down."""

    def unregisterProducer(self) -> None:
        """It has slowed nobody down."""

    def stopProducing(self) -> None:
        """It ends when it is closed."""


class Sending:
    """The part of `HTTPChannel` that sends answers, at the client's pace."""

    _requestProducer: Any = None
    _requestProducerStreaming: bool | None = None
    _waitingForTransport = False

    if TYPE_CHECKING:
        transport: Any
        _networkProducer: Any
        _over: bool
        _read_paused: bool
        _handlingRequest: bool
        _unsent_before: float
        _unsent_size: Callable[[], float]
        _watch_client: Callable[[], None]
        _go_on: Callable[[], None]

    def writeHeaders(
        self, version: bytes, code: bytes, reason: bytes, headers: Headers | Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Write a response's head."""
        if isinstance(headers, Headers):
            fields = headers._lines()
        else:
            pairs = ((_sanitizeLinearWhitespace(name), _sanitizeLinearWhitespace(value)) for name, value in headers)
            fields = b"".join([b"%s: %s\r\n" % pair for pair in pairs])
        parts = (version, b" ", code, b" ", _sanitizeLinearWhitespace(reason), b"\r\n", fields, b"\r\n")
        self.transport.write(b"".join(parts))

    def write(self, data: bytes) -> None:
        """Send ``data``."""
        self.transport.write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send the concatenation of ``iovec``."""
        self.transport.writeSequence(iovec)

    def getPeer(self) -> IAddress:
        """Return the client's address."""
        address: IAddress = self.transport.getPeer()
        return address

    def getHost(self) -> IAddress:
        """Return the address that the client connected to."""
        address: IAddress = self.transport.getHost()
        return address

    def isSecure(self) -> bool:
        """Is this TLS?"""
        return ISSLTransport.providedBy(self.transport)

    def loseConnection(self) -> None:
        """Close the connection, when all is sent."""
        self._over = True
        self._networkProducer.unregisterProducer()
        self.transport.loseConnection()

    # ---- producers

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        """
        Let a request's producer write at the client's pace.

        Raises:
            RuntimeError: There is one already.
        """
        if self._requestProducer is not None:
            raise RuntimeError(
                f"Cannot register producer {producer!r}, because producer {self._requestProducer!r} was never unregistered."
            )
        if not streaming:
            producer = _PullToPush(producer, self)
        self._requestProducer = producer
        self._requestProducerStreaming = streaming
        if not streaming:
            producer.startStreaming()  # type: ignore[union-attr]  # it has just been made
        elif self._waitingForTransport:
            producer.pauseProducing()  # type: ignore[union-attr]  # a streaming one has it

    def unregisterProducer(self) -> None:
        """Forget the request's producer, if there is one."""
        if self._requestProducer is None:
            return
        if not self._requestProducerStreaming:
            self._requestProducer.stopStreaming()
        self._requestProducer = self._requestProducerStreaming = None

    def stopProducing(self) -> None:
        """The connection takes no more."""
        if self._requestProducer is not None:
            self._requestProducer.stopProducing()

    def pauseProducing(self) -> None:
        """The client does not keep up: write no more, and read no more."""
        self._waitingForTransport = True
        self._unsent_before = self._unsent_size()
        self._watch_client()
        if not self._read_paused:
            self._networkProducer.pauseProducing()
        if self._requestProducer is not None:
            self._requestProducer.pauseProducing()

    def resumeProducing(self) -> None:
        """The client has caught up."""
        self._waitingForTransport = False
        self._watch_client()
        if self._requestProducer is not None:
            self._requestProducer.resumeProducing()
        if not self._handlingRequest and self._read_paused:
            self._read_paused = False
        if not self._read_paused:
            self._networkProducer.resumeProducing()
        self._go_on()
