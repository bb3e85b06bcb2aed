"""Bytes a second, for all connections of a factory together."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from reactorio.internet.error import AlreadyCalled, AlreadyCancelled
from reactorio.logger import Logger
from reactorio.protocols._policies.clock import call_later
from reactorio.protocols._policies.wrapping import ProtocolWrapper, WrappingFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.internet.interfaces import IAddress, IDelayedCall

__name__ = "reactorio.protocols.policies"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)


class ThrottlingProtocol(ProtocolWrapper):
    """
    Counts what it passes on; its factory pauses it.

    Attributes:
        producer: What feeds the transport, None if nothing does.
    """

    producer: Any = None

    def write(self, data: bytes) -> None:
        self.factory.registerWritten(len(data))
        super().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        pieces = list(data)
        self.factory.registerWritten(sum(map(len, pieces)))
        super().writeSequence(pieces)

    def dataReceived(self, data: bytes) -> None:
        self.factory.registerRead(len(data))
        super().dataReceived(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer
        super().registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self.producer = None
        super().unregisterProducer()

    def throttleReads(self) -> None:
        """Read no more for now."""
        self.transport.pauseProducing()

    def unthrottleReads(self) -> None:
        """Go on reading."""
        if not self.disconnecting:
            self.transport.resumeProducing()

    def throttleWrites(self) -> None:
        """Pause the producer, if there is one; what is written without one is not held back."""
        if self.producer is not None:
            self.producer.pauseProducing()

    def unthrottleWrites(self) -> None:
        """Let the producer, if there is one, go on."""
        if self.producer is not None:
            self.producer.resumeProducing()


class ThrottlingFactory(WrappingFactory):
    """
    Limits the connections of a factory: how many there are, and what all together read and write in a second.

    Each second it looks at what was read and written; if that was too much, everything pauses for as long as makes
    up for it.

    Args:
        wrappedFactory: The factory.
        maxConnectionCount: How many connections there may be; those over it are closed at once.
        readLimit: Bytes a second, None for no limit.
        writeLimit: Bytes a second, None for no limit.
    """

    protocol = ThrottlingProtocol

    def __init__(
        self,
        wrappedFactory: Any,
        maxConnectionCount: int = sys.maxsize,
        readLimit: int | None = None,
        writeLimit: int | None = None,
    ) -> None:
        super().__init__(wrappedFactory)
        self.connectionCount = 0
        self.maxConnectionCount = maxConnectionCount
        self.readLimit = readLimit
        self.writeLimit = writeLimit
        self.readThisSecond = 0
        self.writtenThisSecond = 0
        self.unthrottleReadsID: IDelayedCall | None = None
        self.checkReadBandwidthID: IDelayedCall | None = None
        self.unthrottleWritesID: IDelayedCall | None = None
        self.checkWriteBandwidthID: IDelayedCall | None = None

    def callLater(self, period: float, func: Callable[[], Any]) -> IDelayedCall:
        """Ask the global reactor to call ``func``; override it for another clock."""
        return call_later(period, func)

    def registerWritten(self, length: int) -> None:
        """So many bytes were written."""
        self.writtenThisSecond += length

    def registerRead(self, length: int) -> None:
        """So many bytes were read."""
        self.readThisSecond += length

    def checkReadBandwidth(self) -> None:
        """Called each second: pause reading if there was too much of it."""
        if self.readLimit is not None and self.readThisSecond > self.readLimit:
            self.throttleReads()
            pause = self.readThisSecond / self.readLimit - 1.0
            self.unthrottleReadsID = self.callLater(pause, self.unthrottleReads)
        self.readThisSecond = 0
        self.checkReadBandwidthID = self.callLater(1, self.checkReadBandwidth)

    def checkWriteBandwidth(self) -> None:
        """Called each second: pause producers if too much was written."""
        if self.writeLimit is not None and self.writtenThisSecond > self.writeLimit:
            self.throttleWrites()
            pause = self.writtenThisSecond / self.writeLimit - 1.0
            self.unthrottleWritesID = self.callLater(pause, self.unthrottleWrites)
        self.writtenThisSecond = 0
        self.checkWriteBandwidthID = self.callLater(1, self.checkWriteBandwidth)

    def throttleReads(self) -> None:
        """Pause reading on all connections."""
        _log.info("Throttling reads on {factory}", factory=self)
        for protocol in list(self.protocols):
            protocol.throttleReads()

    def unthrottleReads(self) -> None:
        """Go on reading on all connections."""
        self.unthrottleReadsID = None
        _log.info("Stopped throttling reads on {factory}", factory=self)
        for protocol in list(self.protocols):
            protocol.unthrottleReads()

    def throttleWrites(self) -> None:
        """Pause all producers."""
        _log.info("Throttling writes on {factory}", factory=self)
        for protocol in list(self.protocols):
            protocol.throttleWrites()

    def unthrottleWrites(self) -> None:
        """Let all producers go on."""
        self.unthrottleWritesID = None
        _log.info("Stopped throttling writes on {factory}", factory=self)
        for protocol in list(self.protocols):
            protocol.unthrottleWrites()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        if self.connectionCount >= self.maxConnectionCount:
            _log.info("Max connection count reached!")
            return None
        protocol = super().buildProtocol(addr)
        if protocol is not None:
            if self.connectionCount == 0:
                self._start_checking()
            self.connectionCount += 1
        return protocol

    def _start_checking(self) -> None:
        if self.readLimit is not None:
            self.checkReadBandwidth()
        if self.writeLimit is not None:
            self.checkWriteBandwidth()

    def unregisterProtocol(self, p: Any) -> None:
        super().unregisterProtocol(p)
        self.connectionCount -= 1
        if self.connectionCount == 0:
            for name in ("unthrottleReadsID", "checkReadBandwidthID", "unthrottleWritesID", "checkWriteBandwidthID"):
                self._cancel(getattr(self, name))
                setattr(self, name, None)

    @staticmethod
    def _cancel(call: IDelayedCall | None) -> None:
        if call is not None:
            try:
                call.cancel()
            except (AlreadyCalled, AlreadyCancelled):
                # The last connection was lost in that very call.
                pass
