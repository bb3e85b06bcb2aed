"""File descriptors with a buffer, for applications that read and write one themselves; and what is an IP address."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import (
    IConsumer,
    IHalfCloseableDescriptor,
    ILoggingContext,
    IPushProducer,
    IReadWriteDescriptor,
    ITransport,
)
from reactorio.internet.main import CONNECTION_DONE, CONNECTION_LOST
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IAddress, IPullProducer, IReactorFDSet

__all__ = ["FileDescriptor", "isIPAddress", "isIPv6Address"]


@implementer(IPushProducer, IReadWriteDescriptor, IConsumer, ITransport, IHalfCloseableDescriptor, ILoggingContext)
class FileDescriptor:
    """
    A descriptor that a reactor watches, with a buffer for what is to be written.

    A subclass brings ``fileno``, ``doRead`` and `writeSomeData`.

    Attributes:
        SEND_LIMIT: Bytes that one `writeSomeData` gets at most.
        bufferSize: Unwritten bytes at which a push producer is paused.
    """

    connected = 0
    disconnected = 0
    disconnecting = 0
    producerPaused = False
    streamingProducer = False
    producer: IPushProducer | IPullProducer | None = None

    SEND_LIMIT = 128 * 1024
    bufferSize = 2**16

    _write_disconnecting = False
    _write_disconnected = False

    def __init__(self, reactor: IReactorFDSet | None = None) -> None:
        if reactor is None:
            # The default of this signature, and the one way for it not to need a loop at import.
            from reactorio.internet import reactor as the_reactor

            reactor = the_reactor
        self.reactor: Any = reactor
        self.dataBuffer = b""
        self.offset = 0
        self._more: list[bytes] = []
        self._more_size = 0

    # ---- what a subclass brings

    def writeSomeData(self, data: bytes) -> int | BaseException:
        """Write some of ``data``, without blocking; return how many bytes, or the error that ends the connection."""
        raise NotImplementedError(f"{type(self).__module__}.{type(self).__qualname__} does not implement writeSomeData")

    def doRead(self) -> BaseException | None:
        """Read what there is; return the error that ends the connection."""
        raise NotImplementedError(f"{type(self).__module__}.{type(self).__qualname__} does not implement doRead")

    def fileno(self) -> int:
        """Return the descriptor's number, -1 when there is none."""
        return -1

    def getHost(self) -> IAddress:
        raise NotImplementedError(f"{type(self).__qualname__} has no address")

    def getPeer(self) -> IAddress:
        raise NotImplementedError(f"{type(self).__qualname__} has no peer")

    def logPrefix(self) -> str:
        """Return the name that log lines have for this descriptor."""
        return "-"

    def _getLogPrefix(self, applicationObject: object) -> str:
        """Return the name that log lines have for a protocol or factory. Subclasses elsewhere call it."""
        own = ILoggingContext(applicationObject, None)  # type: ignore[misc, call-arg]
        return type(applicationObject).__name__ if own is None else str(own.logPrefix())

    # ---- ends

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over: tell the producer, stop watching."""
        self.disconnected = 1
        self.connected = 0
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.stopProducing()
        self.stopReading()
        self.stopWriting()

    def readConnectionLost(self, reason: Failure) -> None:
        """Nothing more can be read; unless a subclass knows better, that is the end."""
        self.connectionLost(reason)

    def writeConnectionLost(self, reason: Failure) -> None:
        """Nothing more can be written; unless a subclass knows better, that is the end."""
        self.connectionLost(reason)

    def loseConnection(self, _connDone: Failure = Failure(CONNECTION_DONE)) -> None:  # noqa: B008  # one is enough
        """Close when everything is written and no producer is registered."""
        if not self.connected or self.disconnecting:
            return
        if self._write_disconnected:
            self.stopReading()
            self.stopWriting()
            self.connectionLost(_connDone)
        else:
            self.stopReading()
            self.startWriting()
            self.disconnecting = 1

    def loseWriteConnection(self) -> None:
        """Close for writing when everything is written."""
        self._write_disconnecting = True
        self.startWriting()

    def _closeWriteConnection(self) -> None:
        """Everything is written: close that direction. A subclass whose descriptor has two overrides it."""

    def _postLoseConnection(self) -> BaseException | None:
        """Everything is written after `loseConnection`: return the error that ends the connection."""
        return CONNECTION_DONE

    # ---- writing

    def write(self, data: bytes) -> None:
        """
        Write ``data`` when the descriptor takes it.

        Raises:
            TypeError: It is not bytes.
        """
        _require_bytes(data)
        if self.connected and not self._write_disconnected and data:
            self._more.append(data)
            self._more_size += len(data)
            self._pause_if_full()
            self.startWriting()

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """
        Write the concatenation of ``iovec``.

        Raises:
            TypeError: One of its members is not bytes.
        """
        pieces = list(iovec)
        for piece in pieces:
            _require_bytes(piece)
        if self.connected and not self._write_disconnected and pieces:
            self._more += pieces
            self._more_size += sum(map(len, pieces))
            self._pause_if_full()
            self.startWriting()

    def _is_writing(self) -> bool:
        """Is anything not written yet?"""
        return len(self.dataBuffer) > self.offset or bool(self._more)

    def _pause_if_full(self) -> None:
        if self.producer is None or not self.streamingProducer:
            return
        if len(self.dataBuffer) - self.offset + self._more_size > self.bufferSize:
            self.producerPaused = True
            self.producer.pauseProducing()  # type: ignore[attr-defined]  # a streaming one has it

    def doWrite(self) -> BaseException | None:
        """Write some of what is buffered; return the error that ends the connection."""
        if len(self.dataBuffer) - self.offset < self.SEND_LIMIT:
            self.dataBuffer = b"".join([self.dataBuffer[self.offset :], *self._more])
            self.offset = 0
            self._more = []
            self._more_size = 0
        written = self.writeSomeData(self.dataBuffer[self.offset : self.offset + self.SEND_LIMIT])
        if isinstance(written, BaseException):
            return written
        if written < 0:
            return CONNECTION_LOST
        self.offset += written
        if self.offset < len(self.dataBuffer) or self._more:
            return None
        self.dataBuffer = b""
        self.offset = 0
        return self._drained()

    def _drained(self) -> BaseException | None:
        self.stopWriting()
        if self.producer is not None and (not self.streamingProducer or self.producerPaused):
            self.producerPaused = False
            self.producer.resumeProducing()
        elif self.disconnecting:
            return self._postLoseConnection()
        elif self._write_disconnecting:
            self._write_disconnected = True
            self._closeWriteConnection()
        return None

    # ---- as a consumer

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        """
        Let ``producer`` write at the descriptor's pace.

        Raises:
            RuntimeError: There is one already.
        """
        if self.producer is not None:
            raise RuntimeError(
                f"Cannot register producer {producer!r}, because producer {self.producer!r} was never unregistered."
            )
        if self.disconnected:
            producer.stopProducing()
            return
        self.producer = producer
        self.streamingProducer = bool(streaming)
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """The producer is done; a `loseConnection` that waited for it goes on."""
        self.producer = None
        if self.connected and self.disconnecting:
            self.startWriting()

    def stopConsuming(self) -> None:
        self.unregisterProducer()
        self.loseConnection()

    # ---- as a producer, and in the reactor

    def startReading(self) -> None:
        self.reactor.addReader(self)

    def stopReading(self) -> None:
        self.reactor.removeReader(self)

    def startWriting(self) -> None:
        self.reactor.addWriter(self)

    def stopWriting(self) -> None:
        self.reactor.removeWriter(self)

    def pauseProducing(self) -> None:
        self.stopReading()

    def resumeProducing(self) -> None:
        if self.connected and not self.disconnecting:
            self.startReading()

    def stopProducing(self) -> None:
        self.loseConnection()


def _require_bytes(data: object) -> None:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("Data must be bytes")


def _is_literal(family: int, text: str | bytes) -> bool:
    if isinstance(text, bytes):
        try:
            text = text.decode("ascii")
        except UnicodeDecodeError:
            return False
    try:
        socket.inet_pton(family, text)
    except (ValueError, OSError):
        return False
    return True


def isIPAddress(addr: str | bytes, family: int = socket.AF_INET) -> bool:
    """
    Is ``addr`` a numeric address? An IPv6 one may name a scope (``fe80::1%eth0``).

    Raises:
        ValueError: ``family`` is neither AF_INET nor AF_INET6.
    """
    if family == socket.AF_INET6:
        return isIPv6Address(addr)
    if family != socket.AF_INET:
        raise ValueError(f"unknown address family {family!r}")
    return _is_literal(family, addr)


def isIPv6Address(addr: str | bytes) -> bool:
    """Is ``addr`` a numeric IPv6 address, with or without a scope?"""
    text = addr.decode("ascii", "replace") if isinstance(addr, bytes) else addr
    address, percent, scope = text.partition("%")
    return bool(scope or not percent) and _is_literal(socket.AF_INET6, address)
