"""UNIX stream sockets: ports with a path and, if wanted, a lock beside it; clients; connections that carry descriptors."""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.connecting import BaseClient, BaseConnector
from reactorio.aio.listening import Port as TCPPort
from reactorio.aio.listening import Server as TCPServer
from reactorio.aio.sharing import shared_socket
from reactorio.aio.sockets import address_of
from reactorio.aio.spare import ListeningSocket
from reactorio.aio.streams import Connection, log_prefix_of
from reactorio.aio.unixstreams import UNIXTransport
from reactorio.internet.address import UNIXAddress
from reactorio.internet.error import BadFileError, CannotListenError, getConnectError
from reactorio.internet.interfaces import IFileDescriptorReceiver, IUNIXTransport
from reactorio.logger import Logger
from reactorio.python import log
from reactorio.python.lockfile import FilesystemLock

if TYPE_CHECKING:
    import asyncio

    from reactorio.aio.reactor import Reactor
    from reactorio.internet.interfaces import IAddress, IProtocolFactory
    from reactorio.internet.protocol import ClientFactory
    from reactorio.python.failure import Failure

__all__ = ["Client", "Connector", "Port", "Server", "Unix"]

_log = Logger(namespace="reactorio.internet.unix")

# Unsent descriptors at which a push producer is paused.
_MANY_DESCRIPTORS = 64

# Connections that one wake-up accepts before others have their turn.
_A_WAKE_UP = 100

# Seconds until a port that could not accept tries again, and a client whose server was busy.
_ACCEPT_AGAIN = 1.0
_CONNECT_AGAIN = 0.02

_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


@implementer(IUNIXTransport)
class _CarriesDescriptors(Connection):
    """A connection over a UNIX socket."""

    _transport: Any

    def _attach(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        """Begin on a connected socket; raises OSError if the peer was gone before it could be named."""
        transport = UNIXTransport(loop, sock, self, self._take_descriptors)
        # Now, since most have no name, and that is no reason to ask again.
        self._host = address_of(socket.AF_UNIX, transport.get_extra_info("sockname"))
        if self._peer is None:
            self._peer = address_of(socket.AF_UNIX, transport.get_extra_info("peername"))
        transport.begin()

    def sendFileDescriptor(self, descriptor: int) -> None:
        """
        Send a copy of ``descriptor`` along with the next byte written. It may be closed after this call.

        A connection that is closed with descriptors that no byte was written for ends with FileDescriptorOverrun.

        Raises:
            OSError: It is no descriptor.
        """
        if not self.connected or self._write_disconnecting:
            return
        self._flush()
        self._transport.send_descriptor(descriptor)
        if (
            self.streamingProducer
            and self.producer is not None
            and not self.producerPaused
            and self._transport.get_queued_descriptors() > _MANY_DESCRIPTORS
        ):
            self.producerPaused = True
            self._guarded(self.producer.pauseProducing)  # type: ignore[attr-defined]  # a streaming one has it

    def _take_descriptors(self, numbers: list[int]) -> None:
        receives = IFileDescriptorReceiver.providedBy(self.protocol)
        if not receives:
            log.msg(
                protocolName=log_prefix_of(self.protocol),
                hostAddress=self.getHost(),
                peerAddress=self.getPeer(),
                format="%(protocolName)s (on %(hostAddress)r) does not provide IFileDescriptorReceiver; "
                "closing file descriptor received (from %(peerAddress)r).",
            )
        for number in numbers:
            if receives and self.connected:
                self._guarded(self.protocol.fileDescriptorReceived, number)  # type: ignore[union-attr]  # provided
            else:
                os.close(number)

    def getTcpNoDelay(self) -> bool:
        """Return False: there is nothing like it here."""
        return False

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Do nothing: there is nothing like it here, small data is never kept back."""


class Server(_CarriesDescriptors, TCPServer):
    """A connection that a UNIX port accepted."""

    @property
    def hostname(self) -> str:
        # Peers without a name are told apart by number, so what they came to is worth more in a log.
        name = getattr(self.getPeer(), "name", None)
        return str(self.server._realPortNumber) if name is None else os.fsdecode(name)


class Port(TCPPort):
    """
    A UNIX stream socket that listens.

    Args:
        fileName: Its path; a leading zero byte means Linux's abstract namespace.
        factory: Builds a protocol for each connection.
        backlog: Connections that the system holds ready while we are busy.
        mode: The permissions of the file.
        reactor: Whose loop serves it.
        wantPID: Hold a lock beside the file; a file left behind by a process that died with the lock is replaced.
    """

    _type = "UNIX"
    _connection_kind: type[TCPServer] = Server
    _path: str | None = None
    _file: tuple[int, int] | None = None
    lockFile: FilesystemLock | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _retry: asyncio.TimerHandle | None = None

    def __init__(
        self,
        fileName: str | bytes,
        factory: IProtocolFactory,
        backlog: int = 50,
        mode: int = 0o666,
        reactor: Reactor | None = None,
        wantPID: bool = False,
    ) -> None:
        super().__init__(0, factory, backlog, "", reactor)
        self.addressFamily = socket.AF_UNIX
        self.port: Any = os.fsdecode(fileName)
        self.mode = mode
        self.wantPID = wantPID

    @classmethod
    def _adopted(cls, sock: socket.socket, factory: IProtocolFactory, reactor: Reactor) -> Port:
        """A port on a socket that somebody else has bound and that listens. The file stays: it is theirs."""
        port = cls(sock.getsockname(), factory, reactor=reactor)
        port.socket = ListeningSocket.instead_of(sock)
        port._inherited = True
        return port

    # ---- opening

    def _bound_socket(self) -> socket.socket:
        sock = None
        try:
            sock = self._shared_socket()
            if sock is not None:
                return sock
            self._lock()
            sock = self.createInternetSocket()
            sock.bind(self.port)
            if self._in_file_system():
                # Before anybody can connect.
                self._file = _identity(self.port)
                os.chmod(self.port, self.mode)
            sock.listen(self.backlog)
        except OSError as error:
            if sock is not None:
                sock.close()
            self._leave_file_system()
            raise CannotListenError(None, self.port, error) from error
        return sock

    def _shared_socket(self) -> socket.socket | None:
        where = {"path": self.port, "backlog": self.backlog, "mode": self.mode, "lock": self.wantPID}
        return self._as_shared(shared_socket("unix", **where))

    def _in_file_system(self) -> bool:
        return bool(self.port) and not self.port.startswith("\0")

    def _lock(self) -> None:
        if not (self.wantPID and self._in_file_system()):
            return
        lock = FilesystemLock(self.port + ".lock")
        if not lock.lock():
            raise CannotListenError(None, self.port, "Cannot acquire lock")
        self.lockFile = lock
        if not lock.clean and _is_socket(self.port):
            os.unlink(self.port)

    def _leave_file_system(self) -> None:
        """Remove the file, if it is still ours and not a successor's, and give the lock back."""
        file, self._file = self._file, None
        if file is not None and _identity(self.port) == file:
            os.unlink(self.port)
        lock, self.lockFile = self.lockFile, None
        if lock is not None:
            lock.unlock()

    def _say_started(self) -> None:
        self._realPortNumber = self.port
        log.msg(f"{log_prefix_of(self.factory)} starting on {self.port!r}")

    # ---- accepting

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.connected and not self._paused and not self.disconnecting:
            self._loop = loop
            loop.add_reader(self.socket.fileno(), self._acceptable)

    def _acceptable(self) -> None:
        for _ in range(_A_WAKE_UP):
            # What a factory does may close or pause the port.
            if not self.connected or self._paused or self.disconnecting:
                return
            try:
                sock, _ = self.socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in _OUT_OF_RESOURCES:
                    raise
                self._accept_later(error)
                return
            self._welcome(sock)

    def _welcome(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        server: Any = self._accept()
        try:
            server._attach(self._loop, sock)
        except OSError:
            sock.close()

    def _accept_later(self, error: OSError) -> None:
        loop: asyncio.AbstractEventLoop = self._loop  # type: ignore[assignment]  # it is the one that called
        _log.error("{port} cannot accept: {error}. Trying again in a second.", port=self, error=error)
        loop.remove_reader(self.socket.fileno())
        self._retry = loop.call_later(_ACCEPT_AGAIN, self._serve, loop)

    def stopReading(self) -> None:
        """Accept nothing until `startReading`; the system queues what comes, up to the backlog."""
        if self.connected and not self._paused:
            self._paused = True
            self._unwatch()

    def _unwatch(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        if self._loop is not None and self.socket is not None and self.socket.fileno() != -1:
            self._loop.remove_reader(self.socket.fileno())

    pauseProducing = stopReading

    # ---- closing

    def _close(self) -> None:
        self._unwatch()
        self._loop = self._retry = None
        self.socket.close()

    def connectionLost(self, reason: Failure) -> None:
        """The port is closed, or has to be here and now; see `reactorio.internet.tcp.Port.connectionLost`."""
        if self.connected:
            self._leave_file_system()
        super().connectionLost(reason)

    def __repr__(self) -> str:
        factory = type(self.factory)
        where = "(not listening)" if self._realPortNumber is None else f"on {self.port!r}"
        return f"<{factory.__module__}.{factory.__name__} {where}>"


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


class Client(_CarriesDescriptors, BaseClient):
    """A UNIX connection that we open; it begins with the loop's next turn."""

    addr: str
    _retry: asyncio.TimerHandle | None = None

    def __init__(
        self, filename: str | bytes, connector: Connector, reactor: Reactor | None = None, checkPID: bool = False
    ) -> None:
        super().__init__(connector, socket.AF_UNIX, reactor)
        self.addr = os.fsdecode(filename)
        self._peer = UNIXAddress(filename)
        if self.socket is None:
            return
        if checkPID and not _is_served(self.addr):
            self._fail_soon(BadFileError(self.addr))
        else:
            self.reactor._call_soon(self._connect)

    def _connect(self) -> None:
        if self._given_up():
            return
        try:
            code = self.socket.connect_ex(self.addr)
        except OSError as error:
            self.failIfNotConnected(getConnectError(error))
            return
        if code in (errno.EAGAIN, errno.EINTR):
            # The server's queue is full, and the system does not say when it no longer is. The reactor may end first.
            self.reactor._opened(self)
            self._retry = self.reactor._loop.call_later(_CONNECT_AGAIN, self._connect)
        elif code:
            self.failIfNotConnected(getConnectError(OSError(code, os.strerror(code))))
        else:
            try:
                self._attach(self.reactor._loop, self.socket)
            except OSError as error:
                self.failIfNotConnected(getConnectError(error))

    def _stop_trying(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        super()._stop_trying()


def _is_served(path: str) -> bool:
    """
    Does a process live that holds the lock of this path?

    `lockfile.isLocked` would remove a lock whose holder has died, and then nothing told the next server that the
    socket is a dead one's, to be replaced.
    """
    try:
        os.kill(int(os.readlink(path + ".lock")), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


class Connector(BaseConnector):
    """Connects to a UNIX socket."""

    def __init__(
        self,
        address: str | bytes,
        factory: ClientFactory,
        timeout: float | None,
        reactor: Any = None,
        checkPID: bool = False,
    ) -> None:
        super().__init__(factory, timeout, reactor)
        self.address = address
        self.checkPID = checkPID

    def _makeTransport(self) -> Client:
        return Client(self.address, self, self.reactor, self.checkPID)

    def getDestination(self) -> IAddress:
        return UNIXAddress(self.address)

    def __repr__(self) -> str:
        kind = type(self)
        return f"<{kind.__module__}.{kind.__qualname__} instance at {id(self):#x} {self.state} {self.getDestination()}>"


Client.__module__ = Connector.__module__ = Port.__module__ = Server.__module__ = "reactorio.internet.unix"


class Unix:
    """`IReactorUNIX`, for a reactor to inherit."""

    def listenUNIX(
        self,
        address: str | bytes,
        factory: IProtocolFactory,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = False,
    ) -> Port:
        """
        Listen at the path ``address``.

        Args:
            address: The path; a leading zero byte means Linux's abstract namespace.
            factory: Builds a protocol for each connection.
            backlog: Connections that the system holds ready while we are busy.
            mode: The permissions of the file.
            wantPID: Hold a lock beside the file; a file left behind by a process that died with the lock is replaced.

        Raises:
            CannotListenError: The system refused, or another process has the lock.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        listening = Port(address, factory, backlog, mode, reactor, wantPID)
        listening.startListening()
        return listening

    def connectUNIX(
        self, address: str | bytes, factory: ClientFactory, timeout: float | None = 30, checkPID: bool = False
    ) -> Connector:
        """
        Connect to the socket at the path ``address``; the factory is told how it went.

        Args:
            address: The path; a leading zero byte means Linux's abstract namespace.
            factory: Builds the protocol.
            timeout: Seconds for the attempt.
            checkPID: Fail with BadFileError unless a process lives that listens there with ``wantPID``.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        connector = Connector(address, factory, timeout, reactor, checkPID)
        connector.connect()
        return connector
