"""TCP ports: bound at once, served when there is a loop."""

from __future__ import annotations

import socket
from itertools import count
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.errors import CONNECTION_DONE
from reactorio.aio.sharing import shared_socket
from reactorio.aio.sockets import address_of, family_of, listening_binding, new_socket
from reactorio.aio.spare import ListeningSocket
from reactorio.aio.streams import Connection, log_prefix_of
from reactorio.internet.defer import Deferred, succeed
from reactorio.internet.error import CannotListenError
from reactorio.internet.interfaces import IListeningPort, ILoggingContext
from reactorio.logger import Logger
from reactorio.python import log
from reactorio.python.failure import Failure
from reactorio.python.reflect import qual

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from reactorio.aio.reactor import Reactor
    from reactorio.aio.sockets import Binding
    from reactorio.internet.interfaces import IAddress, IProtocol, IProtocolFactory

__all__ = ["Port", "Server"]

_log = Logger(namespace="reactorio.internet.tcp")


class Server(Connection):
    """A connection that a port accepted."""

    client: Any = None
    _kind: str | None = None
    _number: int | str | None = None

    def __init__(
        self,
        sock: socket.socket | None,
        protocol: IProtocol | None,
        client: Any,
        server: Port,
        sessionno: int,
        reactor: Reactor | None,
    ) -> None:
        super().__init__(sock, protocol, reactor)
        self.server = server
        self._family = getattr(server, "addressFamily", socket.AF_INET)
        self.sessionno = sessionno
        if client:
            self.client = client

    def _made(self) -> None:
        # Not getPeer, which would keep it: most protocols never ask for it again.
        peer = self._peer or self._named("peername", self._peername)
        try:
            protocol = self.server.factory.buildProtocol(peer)
        except Exception:
            _log.failure("Unhandled error in {factory}.buildProtocol", factory=self.server.factory)
            protocol = None
        if protocol is None:
            self.abortConnection()
            return
        self._kind = type(protocol).__name__
        self._number = self.server._realPortNumber
        self._connect_protocol(protocol)

    @property
    def hostname(self) -> str | None:
        """How log lines name the peer."""
        return getattr(self.getPeer(), "host", None)

    @property
    def logstr(self) -> str:
        return f"{self._prefix},{self.sessionno},{self.hostname}" if self._prefix else "Uninitialized"

    def __repr__(self) -> str:
        if self._kind is None:
            return object.__repr__(self)
        return f"<{self._kind} #{self.sessionno} on {self._number}>"


@implementer(IListeningPort, ILoggingContext)
class Port:
    """
    A TCP port that listens.

    Args:
        port: Its number, 0 for any that is free, or a binding.
        factory: Builds a protocol for each connection.
        backlog: Connections that the system holds ready while we are busy.
        interface: A numeric address of this machine; all of IPv4 by default.
        reactor: Whose loop serves it.
    """

    addressFamily: int = socket.AF_INET
    socketType = socket.SOCK_STREAM
    connected = False
    disconnecting = False
    disconnected = False
    sessionno = 0
    _type = "TCP"
    # What an accepted connection becomes; `counting` has others.
    _connection_kind: type[Server] = Server
    _realPortNumber: int | None = None
    _server: asyncio.AbstractServer | None = None
    _paused = False
    # Others may have this socket, too.
    _inherited = False
    _stopped: Deferred[None] | None = None

    def __init__(
        self,
        port: int | Binding,
        factory: IProtocolFactory,
        backlog: int = 50,
        interface: str = "",
        reactor: Reactor | None = None,
    ) -> None:
        self._binding = listening_binding(port, interface)
        self.port = self._binding.port
        self.interface = self._binding.interface
        self.factory = factory
        self.backlog = backlog
        self.reactor: Any = reactor
        self.addressFamily = family_of(self.interface)
        self.socket: Any = None
        self._sessions = count()

    @classmethod
    def _adopted(cls, sock: socket.socket, factory: IProtocolFactory, reactor: Reactor) -> Port:
        """A port on a socket that somebody else has bound and that listens."""
        port = cls(sock.getsockname()[1], factory, interface=sock.getsockname()[0], reactor=reactor)
        port.addressFamily = sock.family
        port.socket = ListeningSocket.instead_of(sock)
        port._inherited = True
        return port

    def createInternetSocket(self) -> socket.socket:
        """Return a new socket that does not block; OSError is `CannotListenError` to the caller of listenTCP."""
        return ListeningSocket.instead_of(new_socket(self.addressFamily))

    def startListening(self) -> None:
        """
        Bind and listen.

        Raises:
            CannotListenError: The system refused.
        """
        if self.socket is None:
            self.socket = self._bound_socket()
        self._say_started()
        self.factory.doStart()
        self.connected = True
        self.disconnected = False
        self.reactor._opened(self)
        self.reactor._when_loop(self._serve)

    def _say_started(self) -> None:
        self._realPortNumber = self.socket.getsockname()[1]
        log.msg(f"{log_prefix_of(self.factory)} starting on {self._realPortNumber}")

    def _bound_socket(self) -> socket.socket:
        sock = None
        try:
            sock = self._shared_socket()
            if sock is not None:
                return sock
            sock = self.createInternetSocket()
            self._binding.apply(sock)
            sock.listen(self.backlog)
        except (OSError, OverflowError) as error:
            if sock is not None:
                sock.close()
            reason = error if isinstance(error, OSError) else str(error)
            raise CannotListenError(self.interface, self.port, reason) from error
        return sock

    def _shared_socket(self) -> socket.socket | None:
        return self._as_shared(shared_socket("tcp", host=self.interface, port=self.port, backlog=self.backlog))

    def _as_shared(self, sock: socket.socket | None) -> socket.socket | None:
        self._inherited = sock is not None
        return None if sock is None else ListeningSocket.instead_of(sock)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self.connected or self.disconnecting or self._server is not None or self._paused:
            return
        # Neither step needs the loop to turn: the first is done when it returns, the second at its first step.
        creating = loop.create_server(self._accept, sock=self.socket, backlog=self.backlog, start_serving=False)
        try:
            creating.send(None)
        except StopIteration as created:
            self._server = created.value
        serving = self._server.start_serving()  # type: ignore[union-attr]
        try:
            serving.send(None)
        except StopIteration:
            pass
        serving.close()

    def _accept(self) -> Server:
        self.sessionno = number = next(self._sessions)
        return self._connection_kind(None, None, None, self, number, self.reactor)

    # ---- pausing

    def stopReading(self) -> None:
        """Accept nothing until `startReading`; the system queues what comes, up to the backlog."""
        if self._paused or not self.connected:
            return
        self._paused = True
        server = self._server
        if server is not None:
            # A server takes its socket with it, so another descriptor of it has to stay.
            kept = self.socket.dup()
            self._stop_accepting(server.close)
            self.socket, self._server = kept, None

    def startReading(self) -> None:
        """Accept again."""
        if self._paused and self.connected:
            self._paused = False
            self.reactor._when_loop(self._serve)

    pauseProducing = stopReading
    resumeProducing = startReading

    # ---- closing

    def stopListening(self) -> Deferred[None]:
        """Close the port; the Deferred fires when it is free. Connections that it accepted live on."""
        if not self.connected:
            return self._stopped or succeed(None)
        if self._stopped is None:
            self._stopped = Deferred()
            self.disconnecting = True
            self._stop_accepting(self._close_now)
            self.reactor._call_soon(self._finish_when_closed, 10)
        return self._stopped

    loseConnection = stopListening

    def _stop_accepting(self, then_close: Callable[[], object]) -> None:
        """Accept nothing from now on, and have the server closed."""
        loop = self.reactor._loop
        is_open = self._server is not None and loop is not None and not loop.is_closed()
        if is_open and loop.remove_reader(self.socket.fileno()):
            # asyncio makes transports of what it has just accepted in its next turn, and fails if the server is closed
            # by then. uvloop makes them at once, and no reader of it is known.
            self.reactor._call_soon(then_close)
        else:
            then_close()

    def _close_now(self) -> None:
        if self.connected:
            self._close()

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            self.socket.close()
        else:
            server.close()

    def _finish_when_closed(self, turns: int) -> None:
        # uvloop closes the descriptor a turn or two later than it is told to.
        if not self.connected:
            return  # shutdown was faster
        if turns and self.socket.fileno() != -1:
            self.reactor._call_soon(self._finish_when_closed, turns - 1)
        else:
            self.connectionLost(Failure(CONNECTION_DONE))

    def connectionLost(self, reason: Failure) -> None:
        """
        The port is closed, or has to be here and now; it can listen again after that.

        Raises:
            Exception: What the factory's ``stopFactory`` raised; after `stopListening` its Deferred gets it instead.
        """
        if not self.connected:
            return
        self.connected = self.disconnecting = False
        self.disconnected = True
        self.reactor._closed(self)
        self._close()
        self.socket = None
        self._say_closed()
        stopped, self._stopped = self._stopped, None
        if stopped is None:
            self.factory.doStop()
            return
        try:
            self.factory.doStop()
        except Exception:
            stopped.errback()
        else:
            stopped.callback(None)

    def _say_closed(self) -> None:
        log.msg(f"({self._type} Port {self._realPortNumber} Closed)")
        self._realPortNumber = None

    # ---- facts

    def _is_reading(self) -> bool:
        return self.connected and not self._paused

    def _is_writing(self) -> bool:
        return False

    def getHost(self) -> IAddress:
        """Return the address that the port is bound to; OSError when it is closed."""
        return address_of(self.addressFamily, self.socket.getsockname())

    def fileno(self) -> int:
        number: int = self.socket.fileno()
        return number

    def logPrefix(self) -> str:
        return qual(type(self.factory))

    def __repr__(self) -> str:
        where = "(not listening)" if self._realPortNumber is None else f"on {self._realPortNumber}"
        return f"<{qual(type(self))} of {qual(type(self.factory))} {where}>"


Port.__module__ = Server.__module__ = "reactorio.internet.tcp"
