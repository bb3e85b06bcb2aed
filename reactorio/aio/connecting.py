"""TCP clients: a connector tries, a client is what it tries with."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.sockets import (
    as_binding,
    family_of,
    forget_if_closed,
    new_socket,
    port_number,
    resolve_numeric,
)
from reactorio.aio.streams import Connection
from reactorio.internet.address import IPv4Address
from reactorio.internet.error import (
    ConnectBindError,
    ConnectError,
    NotConnectingError,
    TimeoutError,
    UserError,
    getConnectError,
)
from reactorio.internet.interfaces import IConnector
from reactorio.internet.protocol import Protocol
from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    import asyncio

    from reactorio.aio.reactor import Reactor
    from reactorio.aio.sockets import Binding
    from reactorio.internet._delayedcall import DelayedCall
    from reactorio.internet.interfaces import IAddress, IProtocol
    from reactorio.internet.protocol import ClientFactory

__all__ = ["BaseClient", "BaseConnector", "Client", "Connector"]

_log = Logger(namespace="reactorio.internet.tcp")

_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY})


class BaseClient(Connection):
    """
    A connection that we open. It exists, and so does its socket, before there is a loop.

    Args:
        connector: Who is told how the attempt ends.
        family: What kind of socket.
        reactor: Whose loop connects it.
    """

    addr: Any = None
    _tlsClientDefault = True

    def __init__(self, connector: BaseConnector, family: int, reactor: Reactor | None = None) -> None:
        super().__init__(None, None, reactor)
        self.connector: BaseConnector | None = connector
        self._family = family
        try:
            self.socket = self.createInternetSocket()
        except OSError as error:
            self._fail_soon(getConnectError(error))

    def createInternetSocket(self) -> socket.socket:
        """Return a new socket that does not block."""
        return new_socket(self._family)

    def _fail_soon(self, error: Exception) -> None:
        self.reactor._call_soon(self.failIfNotConnected, error)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a stream's
        if self._given_up():
            transport.abort()
        else:
            super().connection_made(transport)

    def _made(self) -> None:
        connector: BaseConnector = self.connector  # type: ignore[assignment]  # there until given up
        protocol = connector.buildProtocol(self.getPeer())
        if protocol is None:
            self._connect_protocol(Protocol())
            self.loseConnection()
        else:
            self._connect_protocol(protocol)

    @property
    def logstr(self) -> str:
        return f"{self._prefix},client" if self._prefix else "Uninitialized"

    def data_received(self, data: bytes) -> None:
        if self.protocol is not None:
            super().data_received(data)

    def _given_up(self) -> bool:
        return self.connector is None or bool(self.disconnected)

    def stopConnecting(self) -> None:
        """Stop the attempt; the factory's ``clientConnectionFailed`` gets UserError."""
        self.failIfNotConnected(UserError())

    def failIfNotConnected(self, error: BaseException | Failure | None) -> None:
        """Give the attempt up because of ``error``, if it is still one."""
        if self.connected or self._given_up():
            return
        connector, self.connector = self.connector, None
        self.disconnected = 1
        self.reactor._closed(self)
        self._stop_trying()
        reason = error if isinstance(error, Failure) else Failure(error)
        connector.connectionFailed(reason)  # type: ignore[union-attr]

    def _stop_trying(self) -> None:
        """The attempt is given up: close the socket."""
        if self.socket is not None:
            self.socket.close()

    def connectionLost(self, reason: Failure) -> None:
        """End the connection here and now, or the attempt, if it is still one."""
        if self.connected or self._given_up():
            super().connectionLost(reason)
        else:
            self.failIfNotConnected(ConnectError(string=reason))

    def _is_writing(self) -> bool:
        return super()._is_writing() if self.connected else not self._given_up()

    def _after_loss(self, reason: Failure) -> None:
        connector, self.connector = self.connector, None
        if connector is not None:
            connector.connectionLost(reason)

    def __repr__(self) -> str:
        return f"<{self.__class__} to {self.addr} at {id(self):x}>"


class Client(BaseClient):
    """A TCP connection that we open; it is bound at once, and begins with the loop's next turn."""

    addr: tuple[str, int]

    def __init__(
        self,
        host: str,
        port: int,
        bindAddress: Binding | tuple[str, int] | str | None,
        connector: Connector,
        reactor: Reactor | None = None,
    ) -> None:
        super().__init__(connector, family_of(host), reactor)
        self.addr = (host, port)
        self._attaching: asyncio.Task[Any] | None = None
        if self.socket is None:
            return
        if bindAddress is not None:
            try:
                as_binding(bindAddress).apply(self.socket)
            except OSError as error:
                self._fail_soon(ConnectBindError(error.errno, os.strerror(error.errno or 0)))
                return
        self.reactor._call_soon(self.resolveAddress)

    def resolveAddress(self) -> None:
        """Find the address for the name, and go on to connect."""
        if self._given_up():
            return
        host = self.addr[0]
        if self._family == socket.AF_INET6:
            self._connect_to(host)
        else:
            self.reactor.resolve(host).addCallbacks(self._connect_to, self._not_resolved)

    def _not_resolved(self, failure: Failure) -> None:
        self.failIfNotConnected(failure)

    def _connect_to(self, host: str) -> None:
        if self._given_up():
            return
        try:
            sockaddr = resolve_numeric(self._family, host, self.addr[1])
            self.addr = sockaddr[:2]
            code = self.socket.connect_ex(sockaddr)
            # From here on it is told when the reactor ends.
            self.reactor._opened(self)
        except Exception as error:
            # A port that is no port: the caller's mistake, told through the errback like any other.
            self.failIfNotConnected(error)
            return
        if code in _UNDER_WAY:
            self.reactor._loop.add_writer(self.socket, self._connect_progressed)
        elif code:
            self.failIfNotConnected(getConnectError(OSError(code, os.strerror(code))))
        else:
            self._attach()

    def _connect_progressed(self) -> None:
        self.reactor._loop.remove_writer(self.socket)
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.failIfNotConnected(getConnectError(OSError(code, os.strerror(code))))
        else:
            self._attach()

    def _attach(self) -> None:
        loop: asyncio.AbstractEventLoop = self.reactor._loop
        self._attaching = loop.create_task(loop.create_connection(lambda: self, sock=self.socket))
        self._attaching.add_done_callback(self._attached)

    def _attached(self, task: asyncio.Task[Any]) -> None:
        self._attaching = None
        if task.cancelled():
            return
        if task.exception() is not None:
            self.failIfNotConnected(task.exception())
        else:
            forget_if_closed(self._socket, task.result()[0])

    def _stop_trying(self) -> None:
        if self._attaching is not None:
            # The loop has the socket now, and is to close it: connection_made says so.
            return
        if self.socket is not None and self.reactor._loop is not None and self.socket.fileno() != -1:
            self.reactor._loop.remove_writer(self.socket)
        super()._stop_trying()


@implementer(IConnector)
class BaseConnector:
    """
    Tries to connect a factory, again and again if asked to; `connect` is called for the first time by the reactor.

    Attributes:
        state: ``"disconnected"``, ``"connecting"`` or ``"connected"``.
        transport: What is being tried, or is connected.
    """

    timeoutID: DelayedCall | None = None
    factoryStarted = False

    def __init__(self, factory: ClientFactory, timeout: float | None, reactor: Reactor) -> None:
        self.state = "disconnected"
        self.factory = factory
        self.timeout = timeout
        self.reactor = reactor
        self.transport: Any = None

    def _makeTransport(self) -> Any:
        """Return a transport that has begun to connect."""
        raise NotImplementedError("a kind of connector knows its kind of transport")

    def getDestination(self) -> IAddress:
        """Return what we connect to."""
        raise NotImplementedError("a kind of connector knows its kind of address")

    def connect(self) -> None:
        """
        Start an attempt.

        Raises:
            RuntimeError: One is under way, or has succeeded.
        """
        if self.state != "disconnected":
            raise RuntimeError("can't connect in this state")
        self.state = "connecting"
        if not self.factoryStarted:
            self.factory.doStart()
            self.factoryStarted = True
        self.transport = transport = self._makeTransport()
        if self.timeout is not None:
            self.timeoutID = self.reactor.callLater(self.timeout, transport.failIfNotConnected, TimeoutError())
        self.factory.startedConnecting(self)

    def stopConnecting(self) -> None:
        """
        Stop the attempt; the factory's ``clientConnectionFailed`` gets UserError.

        Raises:
            NotConnectingError: None is under way.
        """
        if self.state != "connecting":
            raise NotConnectingError("we're not trying to connect")
        self.state = "disconnected"
        transport, self.transport = self.transport, None
        transport.failIfNotConnected(UserError())

    def disconnect(self) -> None:
        """Stop the attempt, or close the connection."""
        if self.state == "connecting":
            self.stopConnecting()
        elif self.state == "connected":
            self.transport.loseConnection()

    def cancelTimeout(self) -> None:
        timeout, self.timeoutID = self.timeoutID, None
        if timeout is not None and timeout.active():
            timeout.cancel()

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:
        """The attempt succeeded: return the factory's protocol."""
        self.state = "connected"
        self.cancelTimeout()
        return self.factory.buildProtocol(addr)

    def connectionFailed(self, reason: Failure) -> None:
        self.cancelTimeout()
        self._over(self.factory.clientConnectionFailed, reason)

    def connectionLost(self, reason: Failure) -> None:
        self._over(self.factory.clientConnectionLost, reason)

    def _over(self, tell: Any, reason: Failure) -> None:
        self.transport = None
        self.state = "disconnected"
        try:
            tell(self, reason)
        except Exception:
            _log.failure("Unhandled error in {factory}", factory=self.factory)
        # It may have called connect.
        if self.state == "disconnected":
            self.factory.doStop()
            self.factoryStarted = False


class Connector(BaseConnector):
    """
    Connects to a TCP port.

    Raises:
        ServiceNameUnknownError: ``port`` is a name, and the system knows no such service.
    """

    def __init__(
        self,
        host: str,
        port: int | str,
        factory: ClientFactory,
        timeout: float | None,
        bindAddress: Binding | tuple[str, int] | str | None,
        reactor: Any = None,
    ) -> None:
        self.host = host
        self.port = port_number(port)
        self.bindAddress = bindAddress
        super().__init__(factory, timeout, reactor)

    def __repr__(self) -> str:
        kind = type(self)
        where = self.getDestination()
        return f"<{kind.__module__}.{kind.__qualname__} instance at {id(self):#x} {self.state} {where}>"

    def _makeTransport(self) -> Client:
        return Client(self.host, self.port, self.bindAddress, self, self.reactor)

    def getDestination(self) -> IAddress:
        return IPv4Address("TCP", self.host, self.port)


BaseClient.__module__ = Client.__module__ = Connector.__module__ = "reactorio.internet.tcp"
BaseConnector.__module__ = "reactorio.internet.base"
