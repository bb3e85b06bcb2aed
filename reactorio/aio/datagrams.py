"""
What datagram ports share, UDP's and those of UNIX.

The socket is ours and the loop only says when it can be read: it is bound, and can be written to, at once; and several
datagrams are taken at each wake-up into buffers of the protocol's size (7.5 µs an echo on plain asyncio, where the
loop's own transport, which reads one by one into 256 KiB, takes 28).
"""

from __future__ import annotations

import errno
import socket
import warnings
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.sockets import address_of
from reactorio.aio.streams import log_prefix_of
from reactorio.internet.defer import Deferred, succeed
from reactorio.internet.error import CannotListenError, MessageLengthError
from reactorio.internet.interfaces import IListeningPort, ILoggingContext, IPushProducer, ISystemHandle
from reactorio.logger import Logger
from reactorio.python import context
from reactorio.python.failure import Failure
from reactorio.python.log import ILogContext

if TYPE_CHECKING:
    import asyncio

    from reactorio.aio.reactor import Reactor
    from reactorio.internet.interfaces import IAddress
    from reactorio.internet.protocol import AbstractDatagramProtocol

__all__ = ["BasePort"]

_log = Logger(namespace="reactorio.internet.udp")

# Datagrams that one wake-up delivers before others have their turn.
A_WAKE_UP = 64

# What an ICMP message about a datagram that we sent comes back as, at the next call on the socket.
_REFUSALS = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH})


@implementer(IListeningPort, IPushProducer, ISystemHandle, ILoggingContext)
class BasePort:
    """
    A datagram socket with a protocol; a subclass says what it is bound to.

    Args:
        protocol: Gets what arrives.
        maxPacketSize: Longer datagrams are cut.
        reactor: Whose loop watches the socket; by default the one that `reactorio.internet.reactor` names.
    """

    addressFamily: int = socket.AF_INET
    socketType = socket.SOCK_DGRAM
    connected = False
    disconnected = False
    logstr = "Uninitialized"

    # What `connect` was given.
    _connectedAddr: Any = None

    _paused = False
    _loop: asyncio.AbstractEventLoop | None = None
    _stopped: Deferred[None] | None = None

    def __init__(
        self, protocol: AbstractDatagramProtocol, maxPacketSize: int = 8192, reactor: Reactor | None = None
    ) -> None:
        self.protocol: Any = protocol
        self.maxPacketSize = maxPacketSize
        self.reactor: Any = reactor
        self.socket: Any = None
        self._contexts: list[Any] = context.theContextTracker.currentContext().contexts

    # ---- what a subclass brings

    def _bind(self, sock: socket.socket) -> None:
        """Bind a new socket; raises OSError, or OverflowError for a port that is none."""
        raise NotImplementedError("a kind of port knows where it is bound")

    def _cannot_listen(self, reason: OSError | str) -> CannotListenError:
        raise NotImplementedError("a kind of port knows where it was to be bound")

    def _say_started(self) -> None:
        """Log that the socket is bound, and note to what."""

    def _say_closed(self) -> None:
        """Log that the socket is closed, and forget to what it was bound."""

    def _sender(self, sockaddr: Any) -> Any:
        """Return the address that the protocol is told, for what ``recvfrom`` gave."""
        return sockaddr

    # ---- opening

    def createInternetSocket(self) -> socket.socket:
        """Return a new socket that does not block."""
        sock = socket.socket(self.addressFamily, self.socketType)
        sock.setblocking(False)
        return sock

    def startListening(self) -> None:
        """
        Bind, and connect the protocol.

        Raises:
            CannotListenError: The system refused.
            Exception: What the protocol's ``startProtocol`` raised; nothing is bound then.
        """
        if self.reactor is None:
            # The default of this signature, and the one reach upwards that it needs.
            from reactorio.aio.reactor import reactor

            self.reactor = reactor
        if self.socket is None:
            self.socket = self._bound_socket()
        self._say_started()
        self.logstr = f"{log_prefix_of(self.protocol)} (UDP)"
        self.connected = True
        self.disconnected = self._paused = False
        self.reactor._opened(self)
        try:
            self.protocol.makeConnection(self)
        except BaseException:
            self._close()
            raise
        self.reactor._when_loop(self._watch)

    def _bound_socket(self) -> socket.socket:
        sock = None
        try:
            sock = self.createInternetSocket()
            self._bind(sock)
        except (OSError, OverflowError) as error:
            if sock is not None:
                sock.close()
            raise self._cannot_listen(error if isinstance(error, OSError) else str(error)) from error
        return sock

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.connected:
            self._loop = loop
            if not self._paused:
                loop.add_reader(self.socket.fileno(), self._readable)

    def _watch_again_soon(self) -> None:
        """
        The system has reported an error: watch the socket anew.

        libuv, and with it uvloop, stops watching a descriptor that has an error. It may do so once this is over, or
        have done so before, whatever call it was that took the error from the system.
        """
        if self._loop is not None:
            self._loop.call_soon(self._watch_again)

    def _watch_again(self) -> None:
        if self._loop is not None and not self._paused:
            self._loop.remove_reader(self.socket.fileno())
            self._loop.add_reader(self.socket.fileno(), self._readable)

    # ---- reading

    def _readable(self) -> None:
        self._contexts.append(self)
        try:
            self.doRead()
        except Exception:
            # Nothing that passes: the socket is of no use any more.
            failure = Failure()
            _log.failure("Unhandled Error", failure=failure)
            self.connectionLost(failure)
        finally:
            self._contexts.pop()

    def doRead(self) -> None:
        """Deliver what has arrived; raises OSError if the socket is of no use any more."""
        for _ in range(A_WAKE_UP):
            # What is delivered may close or pause the port.
            if self.socket is None or self._paused:
                return
            try:
                datagram, sockaddr = self.socket.recvfrom(self.maxPacketSize)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in _REFUSALS:
                    raise
                self._watch_again_soon()
                if self._connectedAddr is not None:
                    self._tell_refused()
                return
            try:
                self._deliver(datagram, sockaddr)
            except Exception:
                _log.failure("Unhandled Error")

    def _deliver(self, datagram: bytes, sockaddr: Any) -> None:
        self.protocol.datagramReceived(datagram, self._sender(sockaddr))

    def _tell_refused(self) -> None:
        try:
            self.protocol.connectionRefused()
        except Exception:
            _log.failure("Unhandled Error")

    def startReading(self) -> None:
        """Go on delivering what arrives."""
        if self.connected and self._paused and self._stopped is None:
            self._paused = False
            if self._loop is not None:
                self._loop.add_reader(self.socket.fileno(), self._readable)

    def stopReading(self) -> None:
        """Deliver nothing until `startReading`; what the system's buffer cannot hold is lost."""
        if self.connected and not self._paused:
            self._paused = True
            if self._loop is not None:
                self._loop.remove_reader(self.socket.fileno())

    def pauseProducing(self) -> None:
        """Deliver nothing until `resumeProducing`."""
        self.stopReading()

    def resumeProducing(self) -> None:
        """Go on delivering what arrives."""
        self.startReading()

    def stopProducing(self) -> None:
        """Close the port."""
        self.stopListening()

    # ---- writing

    def _sent(self, sock: Any, datagram: bytes, address: Any) -> int | None:
        """
        Send one datagram; return its length, or None if it was refused.

        Raises:
            MessageLengthError: It is longer than the system lets a datagram be.
            OSError: Whatever else the system says.
        """
        try:
            size: int = sock.send(datagram) if address is None else sock.sendto(datagram, address)
        except InterruptedError:
            return self._sent(sock, datagram, address)
        except OSError as error:
            self._watch_again_soon()
            if error.errno == errno.EMSGSIZE:
                raise MessageLengthError("message too long") from error
            if error.errno != errno.ECONNREFUSED:
                raise
            # Said of one of those before.
            if address is None:
                self._tell_refused()
            return None
        return size

    def _open_socket(self) -> Any:
        if self.socket is None:
            raise RuntimeError(f"{self!r} is closed")
        return self.socket

    # ---- closing

    def stopListening(self) -> Deferred[None]:
        """Close the port, in the loop's next turn; then the Deferred fires."""
        if not self.connected:
            return self._stopped or succeed(None)
        if self._stopped is None:
            self._stopped = Deferred()
            self.stopReading()
            self.reactor._call_soon(self.connectionLost)
        return self._stopped

    def loseConnection(self) -> None:
        """Deprecated: `stopListening` does the same, and tells when it is done."""
        warnings.warn("Please use stopListening() to disconnect port", DeprecationWarning, stacklevel=2)
        self.stopListening()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        Close the port here and now; it can listen again after that.

        Raises:
            Exception: What the protocol's ``stopProtocol`` raised; after `stopListening` its Deferred gets it instead.
        """
        if not self.connected:
            return
        self._say_closed()
        self._close()
        stopped, self._stopped = self._stopped, None
        if stopped is None:
            self.protocol.doStop()
            return
        try:
            self.protocol.doStop()
        except Exception:
            stopped.errback()
        else:
            stopped.callback(None)

    def _close(self) -> None:
        self.stopReading()
        self.connected = False
        self.disconnected = True
        self.reactor._closed(self)
        sock, self.socket = self.socket, None
        self._loop = self._connectedAddr = None
        sock.close()

    # ---- facts

    def _is_reading(self) -> bool:
        return self.connected and not self._paused

    def _is_writing(self) -> bool:
        return False

    def getHost(self) -> IAddress:
        """Return the address that the port is bound to; RuntimeError when it is closed."""
        return address_of(self.addressFamily, self._open_socket().getsockname(), "UDP")

    def getHandle(self) -> socket.socket:
        """Return the socket."""
        handle: socket.socket = self.socket
        return handle

    def fileno(self) -> int:
        """Return the socket's number, -1 once it is closed."""
        return -1 if self.socket is None else int(self.socket.fileno())

    def logPrefix(self) -> str:
        """Return how log lines name the protocol."""
        return self.logstr

    def _log_context(self) -> dict[Any, Any]:
        """Return what a log event in the protocol's methods knows of its origin, for `reactorio.python.context`."""
        return {**context.defaultContextDict, ILogContext: {"system": self.logstr, "isError": 0}}
