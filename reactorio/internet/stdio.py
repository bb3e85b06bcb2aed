"""Standard input and output as a transport."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._upgrading import start_tls
from reactorio.internet.error import ConnectionDone
from reactorio.internet.interfaces import (
    IAddress,
    IConsumer,
    IHalfCloseableDescriptor,
    IHalfCloseableProtocol,
    IPushProducer,
    ITransport,
)
from reactorio.internet.process import ProcessReader, ProcessWriter
from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IProtocol, IPullProducer

__all__ = ["PipeAddress", "StandardIO"]

_log = Logger()


@implementer(IAddress)
class PipeAddress:
    """The address of a pipe, which has none."""


@implementer(ITransport, IPushProducer, IConsumer, IHalfCloseableDescriptor)
class StandardIO:
    """
    A protocol's transport over two descriptors of this process.

    Pipes, terminals, sockets and plain files will do. They are made non-blocking, which whoever else has them open
    notices, and blocking again at the end; they are left open.

    Args:
        proto: Is connected at once.
        stdin: The number of what is read.
        stdout: The number of what is written to.
        reactor: Who watches them; the usual one by default.
    """

    disconnected = False
    disconnecting = False

    def __init__(self, proto: IProtocol, stdin: int = 0, stdout: int = 1, reactor: Any = None) -> None:
        if reactor is None:
            # Looked up late: an application may put its own in this place.
            from reactorio.internet import reactor as the_reactor

            reactor = the_reactor
        self.protocol: IProtocol | None = proto
        # What these two ask of a process, they find in this class.
        owner: Any = self
        self._writer: ProcessWriter | None = ProcessWriter(reactor, owner, "write", stdout)
        self._reader: ProcessReader | None = ProcessReader(reactor, owner, "read", stdin)
        proto.makeConnection(self)

    # ---- what reader and writer tell

    def childDataReceived(self, name: str, data: bytes) -> None:
        """Some input has come."""
        if self.protocol is not None:
            self.protocol.dataReceived(data)

    def childConnectionLost(self, name: str, reason: Failure) -> None:
        """One of the two is closed."""
        if self.disconnected:
            return
        if reason.check(ConnectionDone) and name == "read":
            self.readConnectionLost(reason)
        elif name == "write":
            self.writeConnectionLost(reason)
        else:
            self.connectionLost(reason)

    def logPrefix(self) -> str:
        """Return how log lines name the protocol."""
        return type(self.protocol).__name__ if self.protocol is not None else "-"

    # ---- ends

    def readConnectionLost(self, reason: Failure) -> None:
        """
        There is no more input: the end, unless the protocol can live with that.

        Unlike Twisted: what was written before is still written.
        """
        self._reader = None
        protocol: object = self.protocol
        if IHalfCloseableProtocol.providedBy(protocol):
            self._tell_half(protocol.readConnectionLost)
        elif self._writer is not None and self._writer._is_writing():
            self.loseConnection()
        else:
            self.connectionLost(reason)

    def writeConnectionLost(self, reason: Failure) -> None:
        """No more output is taken. It is the end if we have asked for that, or if there is no more input either."""
        self._writer = None
        protocol: object = self.protocol
        if self.disconnecting or self._reader is None:
            self.connectionLost(reason)
        elif IHalfCloseableProtocol.providedBy(protocol):
            self._tell_half(protocol.writeConnectionLost)

    def connectionLost(self, reason: Failure) -> None:
        """Both are closed, or have to be here and now."""
        if self.disconnected:
            return
        self.disconnected = True
        reader, self._reader = self._reader, None
        writer, self._writer = self._writer, None
        protocol, self.protocol = self.protocol, None
        for pipe in (reader, writer):
            if pipe is not None:
                pipe.connectionLost(reason)
        if protocol is not None:
            self._tell(protocol.connectionLost, reason)

    def _tell_half(self, call: Any) -> None:
        """Tell the protocol of one end; if it cannot take that, it is both's."""
        try:
            call()
        except Exception:
            failure = Failure()
            _log.failure("Unhandled error in a protocol on standard input and output", failure)
            self.connectionLost(failure)

    def _tell(self, call: Any, *args: Any) -> None:
        try:
            call(*args)
        except Exception:
            _log.failure("Unhandled error in a protocol on standard input and output")

    def loseConnection(self) -> None:
        """Close both, when what is to be written is written."""
        self.disconnecting = True
        if self._writer is not None:
            self._writer.loseConnection()
        elif self._reader is not None:
            self._reader.loseConnection()

    def loseWriteConnection(self) -> None:
        """Close what is written to, when what is to be written is written."""
        if self._writer is not None:
            self._writer.loseConnection()

    def startTLS(self, contextFactory: Any, normal: bool = True) -> None:
        """
        Speak TLS from here on; what was written before goes out as it is.

        Args:
            contextFactory: See `reactorio.protocols.tls.TLSMemoryBIOFactory`.
            normal: Is who started this process the client of TLS?

        Raises:
            Exception: What ``contextFactory`` raised.
        """
        reader, writer = self._reader, self._writer
        if reader is None or writer is None:
            return  # a handshake takes both directions
        producer, streaming = writer.producer, writer.streamingProducer
        beneath = copy(self)
        beneath.protocol = tls = start_tls(self, beneath, contextFactory, not normal, reader.reactor)
        # Their owner.
        reader.proc = writer.proc = beneath  # type: ignore[assignment]  # it answers like a process
        if producer is not None:
            writer.unregisterProducer()
            tls.registerProducer(producer, streaming)

    # ---- writing

    def write(self, data: bytes) -> None:
        """Write ``data``; dropped once what is written to is closed."""
        if self._writer is not None:
            self._writer.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        if self._writer is not None:
            self._writer.writeSequence(data)

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        """Let ``producer`` write at the pace of what is written to."""
        if self._writer is None:
            producer.stopProducing()
        else:
            self._writer.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        if self._writer is not None:
            self._writer.unregisterProducer()

    # ---- as a producer

    def pauseProducing(self) -> None:
        if self._reader is not None:
            self._reader.pauseProducing()

    def resumeProducing(self) -> None:
        if self._reader is not None:
            self._reader.resumeProducing()

    def stopProducing(self) -> None:
        self.loseConnection()

    # ---- facts

    def getHost(self) -> IAddress:
        return PipeAddress()

    def getPeer(self) -> IAddress:
        return PipeAddress()
