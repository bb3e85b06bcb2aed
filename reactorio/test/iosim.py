"""
Two protocols that talk to each other in memory, when a test says so. Unlike Twisted's, there is no pretended TLS: what is
between two `reactorio.protocols.tls` protocols here is TLS.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from reactorio._interface import implementer
from reactorio.internet.endpoints import TCP4ClientEndpoint
from reactorio.internet.error import ConnectionDone, ConnectionRefusedError
from reactorio.internet.interfaces import IConsumer, ITCPTransport
from reactorio.internet.protocol import Factory, Protocol
from reactorio.internet.task import Clock
from reactorio.internet.testing import MemoryReactorClock
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.internet.testing import MemoryReactor

__all__ = [
    "ConnectionCompleter",
    "FakeAddress",
    "FakeTransport",
    "IOPump",
    "connect",
    "connectableEndpoint",
    "connectedServerAndClient",
    "makeFakeClient",
    "makeFakeServer",
]

_S = TypeVar("_S")
_C = TypeVar("_C")

# A conversation that goes on for so many turns never ends.
_ENDLESS = 1000


class FakeAddress:
    """An address of nowhere."""


@implementer(ITCPTransport, IConsumer)
class FakeTransport:
    """
    One end of a connection: it keeps what is written until a pump takes it.

    Args:
        protocol: Whose end it is.
        isServer: Is it the one that was connected to?
        hostAddress, peerAddress: What `getHost` and `getPeer` say.

    Attributes:
        stream: What was written, and not taken yet.
        disconnectReason: What the protocol is told when the connection is lost.
    """

    _serials = count(1)

    disconnecting: Any = False
    disconnected = False
    disconnectReason: BaseException = ConnectionDone("Connection done")
    producer: Any = None
    streamingProducer = False

    def __init__(self, protocol: Any, isServer: bool, hostAddress: Any = None, peerAddress: Any = None) -> None:
        self.protocol = protocol
        self.isServer = isServer
        self.stream: list[bytes] = []
        self.serial = next(self._serials)
        self.hostAddress = FakeAddress() if hostAddress is None else hostAddress
        self.peerAddress = FakeAddress() if peerAddress is None else peerAddress
        self._no_delay = self._keep_alive = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.serial} {'server' if self.isServer else 'client'}>"

    # ---- writing

    def write(self, data: bytes) -> None:
        """Keep ``data`` for the pump; once the connection is being closed, drop it."""
        if not self.disconnecting:
            self.stream.append(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Write each of ``iovec``."""
        for data in iovec:
            self.write(data)

    def getOutBuffer(self) -> bytes | None:
        """Take what was written, None if nothing was; a producer that is asked for more has been."""
        if self.producer is not None and not self.streamingProducer:
            self.producer.resumeProducing()
        if not self.stream:
            return None
        written, self.stream = b"".join(self.stream), []
        return written

    def bufferReceived(self, buf: bytes) -> None:
        """Give the protocol what its peer has written."""
        self.protocol.dataReceived(buf)

    # ---- the end

    def loseConnection(self) -> None:
        """Close the connection when what was written is taken."""
        self.disconnecting = True

    def loseWriteConnection(self) -> None:
        """As `loseConnection`: there are no halves."""
        self.loseConnection()

    def abortConnection(self) -> None:
        """As `loseConnection`, to be seen as the same in tests."""
        self.loseConnection()

    def reportDisconnect(self) -> None:
        """Tell the protocol that the connection is lost."""
        self.protocol.connectionLost(Failure(self.disconnectReason))

    # ---- producers

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have ``producer`` asked at each turn of the pump, unless it is a streaming one."""
        self.producer = producer
        self.streamingProducer = streaming

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        self.producer = None

    def stopConsuming(self) -> None:
        """Close the connection, and stop the producer."""
        producer = self.producer
        self.unregisterProducer()
        self.loseConnection()
        if producer is not None:
            producer.stopProducing()

    def pauseProducing(self) -> None:
        """What comes is given to the protocol all the same."""

    def resumeProducing(self) -> None:
        """It has never been paused."""

    def stopProducing(self) -> None:
        """Close the connection."""
        self.loseConnection()

    # ---- facts

    def getPeer(self) -> Any:
        """Return the other end's address."""
        return self.peerAddress

    def getHost(self) -> Any:
        """Return this end's address."""
        return self.hostAddress

    def logPrefix(self) -> str:
        """How log lines name this."""
        return "iosim"

    def getTcpNoDelay(self) -> bool:
        """Return what was set."""
        return self._no_delay

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Keep it for `getTcpNoDelay`."""
        self._no_delay = enabled

    def getTcpKeepAlive(self) -> bool:
        """Return what was set."""
        return self._keep_alive

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Keep it for `getTcpKeepAlive`."""
        self._keep_alive = enabled


class IOPump:
    """
    Carries what two ends have written to each other.

    Args:
        client, server: The protocols.
        clientIO, serverIO: Their ends.
        debug: Print what is carried?
        clock: It is let go on by nothing at each turn, so that what is due is called.
    """

    def __init__(
        self,
        client: Any,
        server: Any,
        clientIO: FakeTransport,
        serverIO: FakeTransport,
        debug: bool,
        clock: Clock | None = None,
    ) -> None:
        self.client = client
        self.server = server
        self.clientIO = clientIO
        self.serverIO = serverIO
        self.debug = debug
        self.clock = Clock() if clock is None else clock

    def flush(self, debug: bool = False, advanceClock: bool = True) -> bool:
        """
        Carry until nobody has more to say. Returns whether anybody had anything.

        Raises:
            AssertionError: It takes more than a conversation that ends would.
        """
        for turns in range(_ENDLESS):
            if not self.pump(debug, advanceClock):
                return turns > 0
        raise AssertionError(f"they still talk after {_ENDLESS} turns")

    def pump(self, debug: bool = False, advanceClock: bool = True) -> bool:
        """Carry what both have written, or the end of the connection. Returns whether there was anything."""
        if advanceClock:
            self.clock.advance(0)
        to_client, to_server = self.serverIO.getOutBuffer(), self.clientIO.getOutBuffer()
        if debug or self.debug:
            print(f"client -> server: {to_server!r}\nserver -> client: {to_client!r}")
        if to_client:
            self.clientIO.bufferReceived(to_client)
        if to_server:
            self.serverIO.bufferReceived(to_server)
        return bool(to_client or to_server) or self._end()

    def _end(self) -> bool:
        """End the connection if one end has closed it. Returns whether anything has ended."""
        ends = (self.clientIO, self.serverIO)
        if not any(end.disconnecting and not end.stream for end in ends):
            return False
        ended = [end for end in ends if not end.disconnected]
        for end in ended:
            end.disconnecting = end.disconnected = True
        for end in ended:
            end.reportDisconnect()
        return bool(ended)


def makeFakeClient(clientProtocol: Any) -> FakeTransport:
    """Make the end of a client."""
    return FakeTransport(clientProtocol, isServer=False)


def makeFakeServer(serverProtocol: Any) -> FakeTransport:
    """Make the end of a server."""
    return FakeTransport(serverProtocol, isServer=True)


def connect(
    serverProtocol: Any,
    serverTransport: FakeTransport,
    clientProtocol: Any,
    clientTransport: FakeTransport,
    debug: bool = False,
    greet: bool = True,
    clock: Clock | None = None,
) -> IOPump:
    """
    Connect two protocols by their ends.

    Args:
        debug: Print what is carried?
        greet: Carry what they have to say at once?
        clock: See `IOPump`.
    """
    serverProtocol.makeConnection(serverTransport)
    clientProtocol.makeConnection(clientTransport)
    pump = IOPump(clientProtocol, serverProtocol, clientTransport, serverTransport, debug, clock)
    if greet:
        pump.flush()
    return pump


def connectedServerAndClient(
    ServerClass: Callable[[], _S],
    ClientClass: Callable[[], _C],
    clientTransportFactory: Callable[[_C], Any] = makeFakeClient,
    serverTransportFactory: Callable[[_S], Any] = makeFakeServer,
    debug: bool = False,
    greet: bool = True,
    clock: Clock | None = None,
) -> tuple[_C, _S, IOPump]:
    """Make two protocols and connect them. Returns the client, the server, and the pump between them."""
    client, server = ClientClass(), ServerClass()
    ends = serverTransportFactory(server), clientTransportFactory(client)
    return client, server, connect(server, ends[0], client, ends[1], debug, greet, clock)


class ConnectionCompleter:
    """Lets connections succeed, or fail, that were asked of a `MemoryReactor`, with the servers that listen there."""

    def __init__(self, memoryReactor: MemoryReactor) -> None:
        self._reactor = memoryReactor

    def succeedOnce(self, debug: bool = False, greet: bool = True) -> IOPump | None:
        """Connect the first client for which there is a server; without one, return None."""
        reactor = self._reactor
        for index, (host, port, client, _, _) in enumerate(reactor.tcpClients):
            for at, server, _, interface in reactor.tcpServers:
                if at == port and (not interface or interface == host):
                    connector = reactor.connectors[index]
                    del reactor.tcpClients[index], reactor.connectors[index]
                    return _connected(server, client, connector, debug, greet)
        return None

    def failOnce(self, reason: Failure | None = None) -> None:
        """Let the first connection that waits fail: it is refused, if no reason is given."""
        _, _, factory, *_ = self._reactor.tcpClients.pop(0)
        connector = self._reactor.connectors.pop(0)
        factory.clientConnectionFailed(connector, reason or Failure(ConnectionRefusedError()))


def _connected(server: Any, client: Any, connector: Any, debug: bool, greet: bool) -> IOPump:
    client.doStart()
    client.startedConnecting(connector)
    protocols = server.buildProtocol(None), client.buildProtocol(None)
    ends = makeFakeServer(protocols[0]), makeFakeClient(protocols[1])
    return connect(protocols[0], ends[0], protocols[1], ends[1], debug, greet)


def connectableEndpoint(debug: bool = False) -> tuple[Any, ConnectionCompleter]:
    """Return an endpoint of a client, and what lets its connection come about; the server echoes nothing."""
    reactor = MemoryReactorClock()
    reactor.listenTCP(9999, Factory.forProtocol(Protocol))
    return TCP4ClientEndpoint(reactor, "127.0.0.1", 9999), ConnectionCompleter(reactor)
