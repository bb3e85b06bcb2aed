"""Transports that keep what is written, ports that do not listen, connectors that do not connect."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.address import IPv4Address
from reactorio.internet.error import ConnectionDone
from reactorio.internet.interfaces import (
    IConnector,
    IConsumer,
    IListeningPort,
    IPushProducer,
    ITransport,
    IUDPTransport,
)
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IAddress, IProtocol

__name__ = "reactorio.internet.testing"  # the public path, for the classes made here


@implementer(ITransport, IConsumer, IPushProducer)
class StringTransport:
    """
    A stream connection without another end.

    Args:
        hostAddress, peerAddress: What `getHost` and `getPeer` return, if not some IPv4 address.
        lenient: Let a producer be paused and resumed after it was stopped, or the connection closed.

    Attributes:
        producerState: ``"producing"``, ``"paused"`` or ``"stopped"``: what was asked of this transport last.
        producer, streaming: Who is registered to write to it, and how.
        disconnecting: Was `loseConnection` called?
        disconnected: Was `abortConnection` called?
        io: What was written and not cleared.
    """

    disconnecting = False
    disconnected = False

    producer: Any = None
    streaming: bool | None = None

    hostAddr: Any = None
    peerAddr: Any = None

    producerState = "producing"

    def __init__(self, hostAddress: Any = None, peerAddress: Any = None, lenient: bool = False) -> None:
        self.clear()
        if hostAddress is not None:
            self.hostAddr = hostAddress
        if peerAddress is not None:
            self.peerAddr = peerAddress
        self.connected = True
        self._lenient = lenient

    def clear(self) -> None:
        """Forget what was written so far."""
        self.io = BytesIO()

    def value(self) -> bytes:
        """Return what was written since the last `clear`."""
        return self.io.getvalue()

    # -- ITransport

    def write(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        self.io.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.io.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = True

    def abortConnection(self) -> None:
        self.disconnected = True
        self.loseConnection()

    def getPeer(self) -> IAddress:
        peer: IAddress = IPv4Address("TCP", "192.168.1.1", 54321) if self.peerAddr is None else self.peerAddr
        return peer

    def getHost(self) -> IAddress:
        host: IAddress = IPv4Address("TCP", "10.0.0.1", 12345) if self.hostAddr is None else self.hostAddr
        return host

    # -- IConsumer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("Cannot register two producers")
        self.producer = producer
        self.streaming = streaming

    def unregisterProducer(self) -> None:
        if self.producer is None:
            raise RuntimeError("Cannot unregister a producer unless one is registered")
        self.producer = None
        self.streaming = None

    # -- IPushProducer

    def _require_open(self) -> None:
        if self._lenient:
            return
        if self.disconnecting:
            raise RuntimeError("Cannot resume producing after loseConnection")
        if self.producerState == "stopped":
            raise RuntimeError("Cannot resume a stopped producer")

    def pauseProducing(self) -> None:
        self._require_open()
        self.producerState = "paused"

    def resumeProducing(self) -> None:
        self._require_open()
        self.producerState = "producing"

    def stopProducing(self) -> None:
        self.producerState = "stopped"


class StringTransportWithDisconnection(StringTransport):
    """
    A `StringTransport` that tells its protocol, at once, when the connection is closed.

    Attributes:
        protocol: Has to be set before that.
    """

    protocol: IProtocol

    def loseConnection(self) -> None:
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(Failure(ConnectionDone("Bye.")))


@implementer(IUDPTransport)
class FakeDatagramTransport:
    """
    A UDP port without a socket.

    Attributes:
        written: Pairs of a packet and where it was sent, `noAddr` if that was not said.
    """

    noAddr: Any = object()

    _broadcast = False

    def __init__(self) -> None:
        self.written: list[tuple[bytes, Any]] = []

    def write(self, packet: bytes, addr: Any = noAddr) -> None:
        self.written.append((packet, addr))

    def connect(self, host: str, port: int) -> None:
        """Nothing: what is written is kept as it is."""

    def getHost(self) -> IAddress:
        return IPv4Address("UDP", "10.0.0.1", 12345)

    def stopListening(self) -> None:
        """Nothing: there is no socket."""

    def setBroadcastAllowed(self, enabled: bool) -> None:
        self._broadcast = enabled

    def getBroadcastAllowed(self) -> bool:
        return self._broadcast


class StringIOWithoutClosing(BytesIO):
    """A buffer whose content can be read after it is closed."""

    def close(self) -> None:
        """Stay open."""


@implementer(IListeningPort)
class _FakePort:
    """A port that knows its address and nothing else."""

    def __init__(self, hostAddress: Any) -> None:
        self._hostAddress = hostAddress

    def startListening(self) -> None:
        """Nothing: there is no socket."""

    def stopListening(self) -> None:
        """Nothing: there is no socket."""

    def getHost(self) -> IAddress:
        host: IAddress = self._hostAddress
        return host


@implementer(IConnector)
class _FakeConnector:
    """
    A connector that knows its destination, and what was asked of it.

    Attributes:
        stoppedConnecting: Was `stopConnecting` called?
    """

    _disconnected = False
    stoppedConnecting = False

    def __init__(self, address: Any) -> None:
        self._address = address

    def stopConnecting(self) -> None:
        self.stoppedConnecting = True

    def disconnect(self) -> None:
        self._disconnected = True

    def connect(self) -> None:
        """Nothing: a test makes the connection, if there is to be one."""

    def getDestination(self) -> IAddress:
        destination: IAddress = self._address
        return destination
