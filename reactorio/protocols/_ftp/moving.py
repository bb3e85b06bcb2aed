"""A client's data connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred
from reactorio.internet.error import ConnectionDone
from reactorio.internet.protocol import ClientFactory, ServerFactory, connectionDone
from reactorio.internet.protocol import Protocol as StreamProtocol
from reactorio.logger import Logger
from reactorio.protocols._ftp.addresses import host_of, same_host
from reactorio.protocols._ftp.errors import PortConnectionError, UnexpectedData
from reactorio.protocols._ftp.interfaces import IFinishableConsumer

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)


class _DataProtocol(Protocol):
    """
    The protocol of a data connection.

    Attributes:
        deferred: Fires when the connection is lost; it fails if that was not in good order, or there never was one.
    """

    transport: Any
    factory: Any
    deferred: Deferred[Any]


class ProtocolWrapper(StreamProtocol):
    """
    Passes everything on to another protocol, and tells when the connection is lost.

    Args:
        original: The other protocol.
        deferred: Fires then. Unlike Twisted, it fails if the connection broke: not all has come then.
    """

    def __init__(self, original: Any, deferred: Deferred[Any]) -> None:
        self.original = original
        self.deferred = deferred

    def makeConnection(self, transport: Any) -> None:
        super().makeConnection(transport)
        self.original.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        self.original.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.original.connectionLost(reason)
        if not self.deferred.called:
            if reason.check(ConnectionDone):
                self.deferred.callback(None)
            else:
                self.deferred.errback(reason)


@implementer(IFinishableConsumer)
class SenderProtocol(StreamProtocol):
    """
    Sends; call `finish` when all is written.

    Attributes:
        connectedDeferred: Fires with this when it is connected.
        deferred: Fires when the connection is closed; it fails if that breaks.
    """

    def __init__(self) -> None:
        self.connectedDeferred: Deferred[Any] = Deferred()
        self.deferred: Deferred[Any] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        raise UnexpectedData("Received data from the server on a send-only data-connection")

    def makeConnection(self, transport: Any) -> None:
        super().makeConnection(transport)
        if not self.connectedDeferred.called:
            self.connectedDeferred.callback(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.deferred.called:
            return
        if reason.check(ConnectionDone):
            self.deferred.callback("connection done")
        else:
            self.deferred.errback(reason)

    # ---- a consumer

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self.transport.unregisterProducer()

    def finish(self) -> None:
        """All is written: close the connection when it is sent, which is what ends the file."""
        self.transport.loseConnection()


class _PassiveConnectionFactory(ClientFactory[Any]):
    """
    Connects a protocol to the port that a server has told.

    Args:
        protoInstance: The protocol.
    """

    noisy = False

    def __init__(self, protoInstance: _DataProtocol) -> None:
        self.protoInstance = protoInstance

    def buildProtocol(self, ignored: Any) -> Any:
        if self.protoInstance.deferred.called:
            return None
        self.protoInstance.factory = self
        return self.protoInstance

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        if not self.protoInstance.deferred.called:
            self.protoInstance.deferred.errback(PortConnectionError(reason))


class FTPDataPortFactory(ServerFactory[Any]):
    """
    Waits for the one connection that a server makes to its client.

    Attributes:
        protocol: The protocol that it is for.
        listener: The port, to be closed when it is made.
        peer_host: Who may make it; None is anybody.
    """

    noisy = False
    protocol: Any = None
    listener: Any = None
    peer_host: str | None = None

    def buildProtocol(self, addr: Any) -> Any:
        host = host_of(addr)
        if self.peer_host is not None and host is not None and not same_host(host, self.peer_host):
            _log.info("FTP data connection from {host} refused: the server is {peer}", host=host, peer=self.peer_host)
            return None
        protocol, self.protocol = self.protocol, None
        if protocol is None:
            return None
        self.listener.stopListening()
        protocol.factory = self
        return protocol
