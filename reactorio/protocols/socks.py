"""
The server of SOCKS 4 and 4a: connects for its clients, and listens for one connection to them.

Specification: https://www.openssh.com/txt/socks4.protocol and https://www.openssh.com/txt/socks4a.protocol. It knows no
passwords; `SOCKSv4.authorize` is where to say who may connect to what, and everybody may connect to everything.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, succeed
from reactorio.internet.protocol import ClientCreator, Factory, Protocol, connectionDone
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.python.failure import Failure

__all__ = ["SOCKSv4", "SOCKSv4Factory", "SOCKSv4Incoming", "SOCKSv4IncomingFactory", "SOCKSv4Outgoing"]

_log = Logger()

_HEAD = struct.Struct("!BBH4s")
_CONNECT, _BIND = 1, 2
_GRANTED, _REJECTED = 90, 91

LONGEST_USER = 512
"""The bytes of the longest user's name (RFC 1413)."""
LONGEST_HOST = 255
"""The bytes of the longest host's name (RFC 1035)."""


def _close(transport: Any) -> None:
    """Close one of two joined connections, the other of which is lost."""
    # Its producer was the other one: with that registered, a backlog would wait for it to go on.
    transport.unregisterProducer()
    transport.loseConnection()


class _Other(Protocol):
    """
    The other one of two joined connections.

    Args:
        socks: The connection with the client.
    """

    def __init__(self, socks: SOCKSv4) -> None:
        self.socks = socks

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.socks.otherConn is self:
            self.socks.otherConn = None
            _close(self.socks.transport)

    def dataReceived(self, data: bytes) -> None:
        self.socks.write(data)

    def write(self, data: bytes) -> None:
        """Send what the client sent."""
        self.socks.log(self, data)
        self.transport.write(data)


class SOCKSv4Outgoing(_Other):
    """The connection that the client asked for."""

    def connectionMade(self) -> None:
        """Tell the client, and join the two."""
        peer = self.transport.getPeer()
        self.socks.makeReply(_GRANTED, 0, port=peer.port, ip=peer.host)
        self.socks._join(self)


class SOCKSv4Incoming(_Other):
    """The connection that the client waited for."""

    def connectionMade(self) -> None:
        """Tell the client, and join the two."""
        self.socks.makeReply(_GRANTED, 0)
        self.socks._join(self)


class SOCKSv4(Protocol):
    """
    A connection with a client.

    Unlike Twisted: what is no request is refused and logged, not an exception; what the client sends before it is told
    that it may is kept for then; the two connections slow each other down; BIND takes one connection.

    Args:
        logging: The path of a file to which everything that is passed on is written; None for none.
        reactor: What connects, listens and resolves; by default the global one.

    Attributes:
        otherConn: The other connection; None while there is none.
        bind_timeout: How many seconds a client waits for a connection to it.
    """

    bind_timeout: float = 120
    otherConn: _Other | None = None
    # What a request waits for, while it does, and the port that listens for one.
    _waiting: Deferred[Any] | None = None
    _port: Any = None
    _lost = False

    def __init__(self, logging: str | None = None, reactor: Any = None) -> None:
        self.logging = logging
        if reactor is None:
            # Twisted's default where no reactor is given; looked up late, so that one may still be installed.
            from reactorio.internet import reactor as the_reactor

            reactor = the_reactor
        self.reactor = reactor

    def connectionMade(self) -> None:
        self.buf = b""

    # ---- the request

    def dataReceived(self, data: bytes) -> None:
        """Take a request; afterwards, pass on."""
        if self.otherConn is not None:
            self.otherConn.write(data)
            return
        self.buf += data
        if self._waiting is None and not self.transport.disconnecting:
            self._take_request()
        if len(self.buf) > _HEAD.size + LONGEST_USER + LONGEST_HOST + 2:
            if self._waiting is None:
                self._refuse("it is too long")
            else:
                # Early data: read the rest when there is somewhere to send it.
                self.transport.pauseProducing()

    def _take_request(self) -> None:
        head, names = self.buf[: _HEAD.size], self.buf[_HEAD.size :]
        if self.buf[:1] not in (b"", b"\x04"):
            self._refuse(f"it is of version {self.buf[0]}")
            return
        user, zero, rest = names.partition(b"\0")
        if not zero:
            return
        _, code, port, packed = _HEAD.unpack(head)
        host = b""
        # An address that cannot be says that a name follows: version 4a.
        if packed[:3] == b"\0\0\0" and packed[3]:
            host, zero, rest = rest.partition(b"\0")
            if not zero:
                return
        if code not in (_CONNECT, _BIND):
            self._refuse(f"it asks for command {code}")
            return
        if len(user) > LONGEST_USER or len(host) > LONGEST_HOST:
            self._refuse("it is too long")
            return
        self.buf = rest
        server = self.reactor.resolve(host) if host else succeed(socket.inet_ntoa(packed))
        self._waiting = server.addCallback(self._carry_out, user, code, port).addErrback(self._failed)

    def _refuse(self, why: str) -> None:
        _log.info("Refused a SOCKS request: {why}", why=why)
        self.buf = b""
        self.makeReply(_REJECTED)

    def _carry_out(self, server: str, user: bytes, code: int, port: int) -> Any:
        if self._lost:
            return None
        if not self.authorize(code, server, port, user):
            self._refuse("it is not authorized")
            return None
        if code == _CONNECT:
            return self.connectClass(server, port, SOCKSv4Outgoing, self)
        return self.listenClass(0, SOCKSv4IncomingFactory, self, server).addCallback(self._listening)

    def _listening(self, address: tuple[str, int]) -> None:
        host, port = address
        self.makeReply(_GRANTED, 0, port, host)

    def _failed(self, failure: Failure) -> None:
        if not self._lost:
            _log.info("A SOCKS request failed: {why}", why=failure.getErrorMessage())
            self.buf = b""
            self.makeReply(_REJECTED)

    # ---- passing on

    def _join(self, other: _Other) -> None:
        self._stop_listening()
        if self._lost:
            other.transport.loseConnection()
            return
        self.otherConn = other
        other.transport.registerProducer(self.transport, True)
        self.transport.registerProducer(other.transport, True)
        early, self.buf = self.buf, b""
        if early:
            other.write(early)
        self.transport.resumeProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Close the other connection; give up what is on its way."""
        self._lost = True
        self._stop_listening()
        other, self.otherConn = self.otherConn, None
        if other is not None:
            _close(other.transport)
        elif self._waiting is not None:
            self._waiting.cancel()

    def _stop_listening(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            self._deadline.cancel()
            port.stopListening()

    def _nobody_connected(self) -> None:
        port, self._port = self._port, None
        port.stopListening()
        self._refuse("nobody connected")

    def write(self, data: bytes) -> None:
        """Send what the other connection sent."""
        self.log(self, data)
        self.transport.write(data)

    # ---- to be overridden

    def authorize(self, code: int, server: str, port: int, user: bytes) -> bool | int:
        """
        Say whether the client may do it. So it may here.

        Args:
            code: 1 for connecting, 2 for waiting for a connection.
            server: The other end's address.
            port: Its port.
            user: Who the client says that it is.
        """
        _log.info(
            "SOCKS request {code} for {server}:{port} by {user!r}, allowed",
            code=code,
            server=server,
            port=port,
            user=user,
        )
        return True

    def connectClass(self, host: str, port: int, klass: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Connect a ``klass(*args)``; return a Deferred of it."""
        connecting: Deferred[Any] = ClientCreator(self.reactor, klass, *args).connectTCP(host, port)
        return connecting

    def listenClass(self, port: int, klass: Callable[..., Any], *args: Any) -> Deferred[tuple[str, int]]:
        """Listen with the factory ``klass(*args)``; return a Deferred of the host and the port."""
        self._port = self.reactor.listenTCP(port, klass(*args))
        self._deadline = self.reactor.callLater(self.bind_timeout, self._nobody_connected)
        address = self._port.getHost()
        return succeed((address.host, address.port))

    def makeReply(self, reply: int, version: int = 0, port: int = 0, ip: str = "0.0.0.0") -> None:
        """Tell the client how it went: 90 that it is granted; with any other number the connection is closed."""
        # An address of the newer kind does not fit in, and clients have no use for it when they are connected.
        packed = bytes(4) if ":" in ip else socket.inet_aton(ip)
        self.transport.write(_HEAD.pack(version, reply, port, packed))
        if reply != _GRANTED:
            self.transport.loseConnection()

    def log(self, proto: Protocol, data: bytes) -> None:
        """Write down what was passed on: to whom, and the bytes as Python writes them."""
        if self.logging is None:
            return
        client, other = self.transport.getPeer(), self.otherConn
        direction = "<" if proto is self else ">"
        peer = None if other is None else other.transport.getPeer()
        with open(self.logging, "a", encoding="ascii") as file:
            file.write(f"{client} {direction} {peer} {data!r}\n")


class SOCKSv4Factory(Factory[SOCKSv4]):
    """
    Makes connections with clients.

    Args:
        log: See `SOCKSv4`'s ``logging``.
    """

    def __init__(self, log: str | None = None) -> None:
        self.logging = log

    def buildProtocol(self, addr: Any) -> SOCKSv4:
        protocol = SOCKSv4(self.logging)
        protocol.factory = self
        return protocol


class SOCKSv4IncomingFactory(Factory[SOCKSv4Incoming]):
    """
    Takes one connection, from where the client said.

    Args:
        socks: The connection with the client.
        ip: The address that the connection is to come from.
    """

    def __init__(self, socks: SOCKSv4, ip: str) -> None:
        self.socks = socks
        self.ip = ip

    def buildProtocol(self, addr: Any) -> SOCKSv4Incoming | None:
        """Make the connection; refuse one from elsewhere, and any further."""
        expected, self.ip = self.ip, ""
        host = getattr(addr, "host", None) or addr[0]
        if expected and host == expected:
            return SOCKSv4Incoming(self.socks)
        if expected:
            self.socks._stop_listening()
            self.socks._refuse(f"{host} connected in place of {expected}")
        return None
