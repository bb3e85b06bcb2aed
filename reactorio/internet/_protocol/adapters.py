"""Protocols as consumers, consumers as protocols, files as transports."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._protocol.streams import connectionDone
from reactorio.internet.interfaces import IConsumer, IProtocol, ITransport
from reactorio.python import components

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.protocol"  # the public path: see the package's docstring


@implementer(IConsumer)
class ProtocolToConsumerAdapter(components.Adapter):
    """A consumer that gives what it is fed to a protocol's ``dataReceived``."""

    def write(self, data: bytes) -> None:
        self.original.dataReceived(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Do nothing: a protocol has no say in how fast data comes."""

    def unregisterProducer(self) -> None:
        """Do nothing."""


@implementer(IProtocol)
class ConsumerToProtocolAdapter(components.Adapter):
    """A protocol that gives what arrives to a consumer's ``write``."""

    def dataReceived(self, data: bytes) -> None:
        self.original.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Do nothing: a consumer is not told of the end."""

    def makeConnection(self, transport: ITransport) -> None:
        """Do nothing."""

    def connectionMade(self) -> None:
        """Do nothing."""


components.registerAdapter(ProtocolToConsumerAdapter, IProtocol, IConsumer)
components.registerAdapter(ConsumerToProtocolAdapter, IConsumer, IProtocol)


@implementer(ITransport)
class FileWrapper:
    """
    A transport that writes to a file, and blocks while it does.

    Args:
        file: A file open for writing bytes. It is closed with the transport.
    """

    closed = 0
    disconnecting = 0
    producer: Any = None
    streamingProducer: int | bool = 0

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, data: bytes) -> None:
        """Write; what goes wrong goes to `handleException`. Then ask a pull producer for more."""
        try:
            self.file.write(data)
        except Exception:
            self.handleException()
        self._ask_for_more()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close the file; what goes wrong goes to `handleException`."""
        self.closed = 1
        try:
            self.file.close()
        except Exception:
            self.handleException()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take a producer, and ask a pull producer for its first data."""
        self.producer = producer
        self.streamingProducer = streaming
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def stopConsuming(self) -> None:
        """Let go of the producer and close the file."""
        self.unregisterProducer()
        self.loseConnection()

    def _ask_for_more(self) -> None:
        # A push producer writes by itself, and a file never slows it down.
        if self.producer is not None and not self.streamingProducer:
            self.producer.resumeProducing()

    def getPeer(self) -> Any:
        # Twisted has a tuple here and a string below, and neither is an address.
        return "file", "file"

    def getHost(self) -> Any:
        return "file"

    def handleException(self) -> None:
        """Called while an exception of the file is handled. Subclasses may re-raise or log it."""

    def resumeProducing(self) -> None:
        """Do nothing: nothing is read from the file."""

    def pauseProducing(self) -> None:
        """Do nothing: nothing is read from the file."""

    def stopProducing(self) -> None:
        """Close the file."""
        self.loseConnection()
