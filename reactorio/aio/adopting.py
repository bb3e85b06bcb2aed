"""Sockets that somebody else has opened: a supervisor, a parent process, another part of the program."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from reactorio.aio.listening import Port, Server
from reactorio.aio.sockets import forget_if_closed
from reactorio.aio.udp import Port as UDPPort
from reactorio.aio.unix import Port as UNIXPort
from reactorio.aio.unix import Server as UNIXServer
from reactorio.internet.error import UnsupportedAddressFamily
from reactorio.logger import Logger

if TYPE_CHECKING:
    import asyncio

    from reactorio.aio.reactor import Reactor
    from reactorio.internet.interfaces import IProtocolFactory
    from reactorio.internet.protocol import AbstractDatagramProtocol

__all__ = ["Adopting"]

_log = Logger(namespace="reactorio.internet.tcp")

_INTERNET = (socket.AF_INET, socket.AF_INET6)

_sessions = count()


@dataclass(frozen=True)
class _Origin:
    """What an adopted connection has in place of a port."""

    factory: Any
    _realPortNumber: Any
    addressFamily: int


class Adopting:
    """`IReactorSocket`, for a reactor to inherit. Each method works on a duplicate: the descriptor stays the caller's."""

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: IProtocolFactory) -> Port:
        """
        Accept connections on a socket that is bound and listens: TCP or UNIX.

        The file of a UNIX socket stays when the port is closed: it belongs to whoever made it.

        Raises:
            UnsupportedAddressFamily: It is neither AF_INET, AF_INET6 nor AF_UNIX.
            OSError: The descriptor is none, or no socket.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        kind = UNIXPort if addressFamily == socket.AF_UNIX else Port
        sock = _duplicate(fileDescriptor, addressFamily, socket.SOCK_STREAM)
        try:
            port: Port = kind._adopted(sock, factory, reactor)
            port.startListening()
        except BaseException:
            sock.close()
            raise
        return port

    def adoptStreamConnection(self, fileDescriptor: int, addressFamily: int, factory: IProtocolFactory) -> None:
        """
        Serve a connection, TCP or UNIX, that is established.

        Raises:
            UnsupportedAddressFamily: It is neither AF_INET, AF_INET6 nor AF_UNIX.
            OSError: The descriptor is none, no socket, or not connected.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        sock = _duplicate(fileDescriptor, addressFamily, socket.SOCK_STREAM)
        try:
            sock.getpeername()
            name = sock.getsockname()
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise
        if addressFamily == socket.AF_UNIX:
            _serve_unix(sock, _Origin(factory, name, addressFamily), reactor)
        else:
            _serve(sock, _Origin(factory, name[1], addressFamily), reactor)

    def adoptDatagramPort(
        self, fileDescriptor: int, addressFamily: int, protocol: AbstractDatagramProtocol, maxPacketSize: int = 8192
    ) -> UDPPort:
        """
        Take datagrams on a UDP socket that is bound.

        Raises:
            UnsupportedAddressFamily: It is neither AF_INET nor AF_INET6.
            OSError: The descriptor is none, or no socket.
        """
        reactor: Reactor = self  # type: ignore[assignment]  # mixed into it
        reactor._here()
        if addressFamily not in _INTERNET:
            raise UnsupportedAddressFamily(addressFamily)
        sock = _duplicate(fileDescriptor, addressFamily, socket.SOCK_DGRAM)
        try:
            port = UDPPort._adopted(sock, protocol, maxPacketSize, reactor)
            port.startListening()
        except BaseException:
            sock.close()
            raise
        return port


def _duplicate(fileDescriptor: int, family: int, kind: int) -> socket.socket:
    if family not in (*_INTERNET, socket.AF_UNIX):
        raise UnsupportedAddressFamily(family)
    return socket.fromfd(fileDescriptor, family, kind)


def _serve_unix(sock: socket.socket, origin: _Origin, reactor: Reactor) -> None:
    server = UNIXServer(None, None, None, origin, next(_sessions), reactor)  # type: ignore[arg-type]  # enough of a port

    def begin(loop: asyncio.AbstractEventLoop) -> None:
        try:
            server._attach(loop, sock)
        except OSError:
            sock.close()
            _log.failure("An adopted connection was lost before it began")

    reactor._when_loop(begin)


def _serve(sock: socket.socket, origin: _Origin, reactor: Reactor) -> None:
    server: Any = Server(None, None, None, origin, next(_sessions), reactor)  # type: ignore[arg-type]  # enough of a port

    def attached(task: asyncio.Task[Any]) -> None:
        server._attaching = None
        if task.cancelled():
            sock.close()
        elif task.exception() is not None:
            sock.close()
            _log.error("An adopted connection was lost before it began: {error}", error=task.exception())
        else:
            forget_if_closed(sock, task.result()[0])

    def begin(loop: asyncio.AbstractEventLoop) -> None:
        server._attaching = task = loop.create_task(loop.connect_accepted_socket(lambda: server, sock))
        task.add_done_callback(attached)

    reactor._when_loop(begin)
