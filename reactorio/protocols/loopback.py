"""
Two protocols connected to each other, in memory or over a socket, for tests.
"""

from __future__ import annotations

import tempfile
from collections import deque
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred, DeferredList, maybeDeferred
from reactorio.internet.error import ConnectionDone
from reactorio.internet.interfaces import IAddress, IConsumer, ITransport
from reactorio.internet.protocol import ClientFactory, Factory, connectionDone
from reactorio.protocols.policies import ProtocolWrapper
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.internet.interfaces import IConnector

__all__ = [
    "LoopbackClientFactory",
    "LoopbackRelay",
    "collapsingPumpPolicy",
    "identityPumpPolicy",
    "loopbackAsync",
    "loopbackTCP",
    "loopbackUNIX",
]


def _global_reactor() -> Any:
    # The functions below take no reactor, as Twisted's do not: the global one, looked up when it is needed.
    from reactorio.internet import reactor

    return reactor


# In memory


class _LoopbackQueue:
    """
    What one protocol wrote and the other has not got; None among it is the end.

    Attributes:
        disconnect: Whether there is, or was, an end in it.
    """

    def __init__(self) -> None:
        self._pieces: deque[bytes | None] = deque()
        self.disconnect = False
        self.on_put: Callable[[], None] = lambda: None

    def put(self, piece: bytes | None) -> None:
        self._pieces.append(piece)
        self.on_put()

    def get(self) -> bytes | None:
        return self._pieces.popleft()

    def __bool__(self) -> bool:
        return bool(self._pieces)


@implementer(IAddress)
class _LoopbackAddress:
    """The address of either end."""


@implementer(ITransport, IConsumer)
class _LoopbackTransport:
    """The transport of one end: it writes to a queue."""

    disconnecting = False
    producer: Any = None
    streamingProducer: bool | None = None

    def __init__(self, queue: _LoopbackQueue) -> None:
        self._queue = self.q = queue  # the short name is what tests of applications know
        self.is_over = False

    def write(self, data: bytes) -> None:
        self._queue.put(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self._queue.put(b"".join(data))

    def loseConnection(self) -> None:
        self._queue.disconnect = True
        self._queue.put(None)

    def abortConnection(self) -> None:
        """Close, like `loseConnection`: what was written before is delivered."""
        self.loseConnection()

    def getPeer(self) -> IAddress:
        return _LoopbackAddress()

    def getHost(self) -> IAddress:
        return _LoopbackAddress()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert self.producer is None, "there is a producer already"
        self.producer = producer
        self.streamingProducer = streaming
        self._ask_for_more()

    def unregisterProducer(self) -> None:
        assert self.producer is not None, "there is no producer"
        self.producer = None

    def _ask_for_more(self) -> None:
        if self.producer is not None and not self.streamingProducer and not self.is_over:
            self.producer.resumeProducing()
            _global_reactor().callLater(0, self._ask_for_more)


def identityPumpPolicy(queue: _LoopbackQueue, target: Any) -> None:
    """Deliver each write by itself."""
    while queue:
        piece = queue.get()
        if piece is None:
            break
        target.dataReceived(piece)


def collapsingPumpPolicy(queue: _LoopbackQueue, target: Any) -> None:
    """Deliver all that was written at once."""
    pieces = []
    while queue:
        piece = queue.get()
        if piece is None:
            break
        pieces.append(piece)
    if pieces:
        target.dataReceived(b"".join(pieces))


class _Pump:
    """
    Delivers what the queues hold: what is written at the beginning and in answer to what is delivered at once, the rest
    a turn of the reactor after it was written.
    """

    def __init__(self, server: Any, client: Any, policy: Callable[[_LoopbackQueue, Any], None]) -> None:
        self._ends = [server, client]
        self._policy = policy
        self._to_client, self._to_server = _LoopbackQueue(), _LoopbackQueue()
        self._to_client.on_put = self._to_server.on_put = self._wake
        self._transports = [_LoopbackTransport(self._to_client), _LoopbackTransport(self._to_server)]
        self._is_awake = True
        self.finished: Deferred[None] = Deferred()

    def connect(self) -> None:
        for end, transport in zip(self._ends, self._transports, strict=True):
            end.makeConnection(transport)
        self._turn()

    def _wake(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            _global_reactor().callLater(0, self._turn)

    def _turn(self) -> None:
        if self._transports[0].is_over:
            return
        try:
            while self._to_client or self._to_server:
                self._deliver()
            self._is_awake = False
            if self._to_client.disconnect or self._to_server.disconnect:
                self._end()
        except Exception:
            self._stop()
            self.finished.errback()

    def _deliver(self) -> None:
        server, client = self._ends
        if self._to_client:
            self._policy(self._to_client, client)
        if self._to_server:
            self._policy(self._to_server, server)

    def _end(self) -> None:
        ends = self._ends
        self._stop()
        for end in ends:
            end.connectionLost(Failure(ConnectionDone("Connection done")))
        self.finished.callback(None)

    def _stop(self) -> None:
        for transport in self._transports:
            transport.is_over = True
        # Else only the garbage collector would end the protocols: queues refer to us.
        self._ends = []


def loopbackAsync(
    server: Any, client: Any, pumpPolicy: Callable[[_LoopbackQueue, Any], None] = identityPumpPolicy
) -> Deferred[None]:
    """
    Connect two protocols in memory. What one writes outside of its hooks, the other gets in a later turn of the reactor.

    Args:
        server: A protocol; its ``makeConnection`` is called first.
        client: The other.
        pumpPolicy: Delivers what a queue holds to a protocol: `identityPumpPolicy` or `collapsingPumpPolicy`.

    Returns:
        A Deferred that fires when the connection is over.
    """
    pump = _Pump(server, client, pumpPolicy)
    pump.connect()
    return pump.finished


@implementer(ITransport, IConsumer)
class LoopbackRelay:
    """
    A transport that delivers what is written to it when told to.

    Args:
        target: The protocol to deliver to.
        logFile: Where to write down what is written and delivered.
    """

    buffer = b""
    shouldLose = 0
    disconnecting = 0
    producer: Any = None

    def __init__(self, target: Any, logFile: IO[str] | None = None) -> None:
        self.target = target
        self.logFile = logFile

    def write(self, data: bytes) -> None:
        self.buffer += data
        self._note("writing", data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def clearBuffer(self) -> None:
        """Ask the producer for more, deliver what was written, and end the connection if that was asked for."""
        if self.shouldLose == -1:
            return
        if self.producer is not None:
            self.producer.resumeProducing()
        if self.buffer:
            delivery, self.buffer = self.buffer, b""
            self._note("receiving", delivery)
            self.target.dataReceived(delivery)
        if self.shouldLose == 1:
            self.shouldLose = -1
            self.target.connectionLost(Failure(ConnectionDone("Connection done")))

    def _note(self, what: str, data: bytes) -> None:
        if self.logFile is not None:
            self.logFile.write(f"loopback {what} {data!r}\n")

    def loseConnection(self) -> None:
        if self.shouldLose != -1:
            self.shouldLose = 1

    def getHost(self) -> Any:
        return "loopback"

    def getPeer(self) -> Any:
        return "loopback"

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def logPrefix(self) -> str:
        return f"Loopback({type(self.target).__name__!r})"


# Over a socket


class _FiresWhenLost(ProtocolWrapper):
    """A wrapper that tells when its connection is over."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.factory.lost.callback(None)


class _OneServer(Factory[Any]):
    """A factory with one protocol."""

    def __init__(self, protocol: Any, noisy: bool) -> None:
        self._protocol = protocol
        self.noisy = noisy
        self.lost: Deferred[None] = Deferred()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return _FiresWhenLost(self, self._protocol)

    def registerProtocol(self, p: Any) -> None:
        """Do nothing: there is one."""

    def unregisterProtocol(self, p: Any) -> None:
        """Do nothing: there is one."""


class LoopbackClientFactory(ClientFactory[Any]):
    """
    A factory with one protocol.

    Attributes:
        deferred: Fires when the connection is over; fails when there is none.
    """

    def __init__(self, protocol: Any) -> None:
        self.deferred: Deferred[None] = Deferred()
        self.protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return self.protocol

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        self.deferred.callback(None)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        self.deferred.errback(reason)


def loopbackTCP(server: Any, client: Any, port: int = 0, noisy: bool = True) -> Deferred[None]:
    """
    Connect two protocols over TCP.

    Args:
        server: The protocol that listens.
        client: The other.
        port: Where it listens, 0 for a port that is free.
        noisy: Whether factories log that they start and stop.

    Returns:
        A Deferred that fires when both ends are closed and the port is free again.
    """
    reactor = _global_reactor()
    factory, client_factory = _factories(server, client, noisy)
    listening = reactor.listenTCP(port, factory, interface="127.0.0.1")
    reactor.connectTCP("127.0.0.1", listening.getHost().port, client_factory)
    return _when_over(factory, client_factory, listening)


def loopbackUNIX(server: Any, client: Any, noisy: bool = True) -> Deferred[None]:
    """Connect two protocols over a UNIX socket; otherwise like `loopbackTCP`."""
    reactor = _global_reactor()
    folder = tempfile.TemporaryDirectory()
    path = str(Path(folder.name) / "socket")
    factory, client_factory = _factories(server, client, noisy)
    listening = reactor.listenUNIX(path, factory)
    reactor.connectUNIX(path, client_factory)

    def clean_up(result: Any) -> Any:
        folder.cleanup()
        return result

    return _when_over(factory, client_factory, listening).addBoth(clean_up)


def _factories(server: Any, client: Any, noisy: bool) -> tuple[_OneServer, LoopbackClientFactory]:
    client_factory = LoopbackClientFactory(client)
    client_factory.noisy = noisy
    return _OneServer(server, noisy), client_factory


def _when_over(factory: _OneServer, client_factory: LoopbackClientFactory, listening: Any) -> Deferred[None]:
    both = DeferredList([factory.lost, client_factory.deferred], fireOnOneErrback=True, consumeErrors=True)
    return both.addBoth(lambda result: maybeDeferred(listening.stopListening).addCallback(lambda _: _outcome(result)))


def _outcome(result: Any) -> Failure | None:
    # DeferredList wraps what failed first.
    return result.value.subFailure if isinstance(result, Failure) else None  # type: ignore[attr-defined]
