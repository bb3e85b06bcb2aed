"""UNIX datagram sockets: those that hear at a path, and those that talk to one."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.datagrams import BasePort
from reactorio.aio.streams import log_prefix_of
from reactorio.internet.address import UNIXAddress
from reactorio.internet.error import CannotListenError
from reactorio.internet.interfaces import IUNIXDatagramConnectedTransport, IUNIXDatagramTransport
from reactorio.python import log
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.aio.reactor import Reactor
    from reactorio.internet.interfaces import IAddress
    from reactorio.internet.protocol import AbstractDatagramProtocol, ConnectedDatagramProtocol

__all__ = ["ConnectedDatagramPort", "DatagramPort", "UnixDatagrams"]


@implementer(IUNIXDatagramTransport)
class DatagramPort(BasePort):
    """
    A UNIX datagram socket that hears at a path. As in Twisted, its file stays when it is closed.

    Args:
        addr: The path; a leading zero byte means Linux's abstract namespace.
        proto: Gets what arrives.
        maxPacketSize: Longer datagrams are cut.
        mode: The permissions of the file.
        reactor: Whose loop watches the socket.
    """

    addressFamily = socket.AF_UNIX
    _shown: str | None = None

    def __init__(
        self,
        addr: str | bytes | None,
        proto: AbstractDatagramProtocol,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        reactor: Reactor | None = None,
    ) -> None:
        super().__init__(proto, maxPacketSize, reactor)
        self.port = None if addr is None else os.fsdecode(addr)
        self.mode = mode

    def _bind(self, sock: socket.socket) -> None:
        if not self.port:
            return
        sock.bind(self.port)
        if not self.port.startswith("\0"):
            os.chmod(self.port, self.mode)

    def _cannot_listen(self, reason: OSError | str) -> CannotListenError:
        return CannotListenError(None, self.port, reason)

    def _say_started(self) -> None:
        self._shown = f"on {self.port!r}"
        log.msg(f"{log_prefix_of(self.protocol)} starting on {self.port!r}")

    def _say_closed(self) -> None:
        self._shown = None
        log.msg(f"(Port {self.port!r} Closed)")

    def write(self, datagram: bytes, address: str | bytes) -> int | None:
        """
        Send a datagram to the socket at the path ``address``.

        Returns:
            Its length, or None if it was dropped because the system's buffer is full.

        Raises:
            MessageLengthError: It is longer than the system lets one be.
            OSError: Whatever else the system says: nobody is there, no permission.
        """
        try:
            size: int | None = self._sent(self._open_socket(), datagram, address)
        except BlockingIOError:
            return None
        return size

    def __repr__(self) -> str:
        protocol = type(self.protocol)
        return f"<{protocol.__module__}.{protocol.__name__} {self._shown or '(not listening)'}>"


@implementer(IUNIXDatagramConnectedTransport)
class ConnectedDatagramPort(DatagramPort):
    """
    A UNIX datagram socket with one peer.

    Args:
        addr: The peer's path.
        proto: Gets what arrives, without an address.
        maxPacketSize: Longer datagrams are cut.
        mode: The permissions of our file.
        bindAddress: Our path; without one, the peer cannot answer.
        reactor: Whose loop watches the socket.
    """

    def __init__(
        self,
        addr: str | bytes | None,
        proto: ConnectedDatagramProtocol,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: str | bytes | None = None,
        reactor: Reactor | None = None,
    ) -> None:
        super().__init__(bindAddress, proto, maxPacketSize, mode, reactor)
        self.remoteaddr = None if addr is None else os.fsdecode(addr)

    def startListening(self) -> None:
        """Bind and connect; the protocol's ``connectionFailed`` is told if the system refuses."""
        try:
            self.socket = self._bound_socket()
            self.socket.connect(self.remoteaddr)
        except (CannotListenError, OSError):
            sock, self.socket = self.socket, None
            if sock is not None:
                sock.close()
            self.connectionFailed(Failure())
            return
        self._connectedAddr = self.remoteaddr
        super().startListening()

    def connectionFailed(self, reason: Failure) -> None:
        """There is no connection, because of ``reason``."""
        self.stopListening()
        self.protocol.connectionFailed(reason)

    def _deliver(self, datagram: bytes, sockaddr: Any) -> None:
        self.protocol.datagramReceived(datagram)

    def write(self, data: bytes) -> int | None:  # type: ignore[override]  # the interface of connected ones
        """Send a datagram to the peer; see `DatagramPort.write`. A refusal is told to the protocol."""
        try:
            size: int | None = self._sent(self._open_socket(), data, None)
        except BlockingIOError:
            return None
        return size

    def getPeer(self) -> IAddress:
        """Return the peer's address."""
        return UNIXAddress(self.remoteaddr)


ConnectedDatagramPort.__module__ = DatagramPort.__module__ = "reactorio.internet.unix"


class UnixDatagrams:
    """`IReactorUNIXDatagram`, for a reactor to inherit."""

    def listenUNIXDatagram(
        self, address: str | bytes, protocol: AbstractDatagramProtocol, maxPacketSize: int = 8192, mode: int = 0o666
    ) -> DatagramPort:
        """
        Take datagrams at the path ``address``.

        Args:
            address: The path; a leading zero byte means Linux's abstract namespace.
            protocol: Gets what arrives.
            maxPacketSize: Longer datagrams are cut.
            mode: The permissions of the file.

        Raises:
            CannotListenError: The system refused.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        port = DatagramPort(address, protocol, maxPacketSize, mode, reactor)
        port.startListening()
        return port

    def connectUNIXDatagram(
        self,
        address: str | bytes,
        protocol: ConnectedDatagramProtocol,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: str | bytes | None = None,
    ) -> ConnectedDatagramPort:
        """
        Exchange datagrams with the socket at the path ``address``; the protocol is told if that is impossible.

        Args:
            address: The peer's path.
            protocol: Gets what arrives, without an address.
            maxPacketSize: Longer datagrams are cut.
            mode: The permissions of our file.
            bindAddress: Our path; without one, the peer cannot answer.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        port = ConnectedDatagramPort(address, protocol, maxPacketSize, mode, bindAddress, reactor)
        port.startListening()
        return port
