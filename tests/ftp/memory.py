"""A server without sockets, whose time a test moves on."""

from __future__ import annotations

from typing import Any

from reactorio.internet.address import IPv4Address
from reactorio.internet.error import ConnectionDone
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransportWithDisconnection
from reactorio.protocols import ftp
from reactorio.python.failure import Failure

from .serving import a_portal

PEER = "192.0.2.7"


class Port:
    """A port that nobody can connect to but the test."""

    listening = True

    def __init__(self, factory: Any, number: int) -> None:
        self.factory = factory
        self.number = number

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "0.0.0.0", self.number)

    def stopListening(self) -> None:
        self.listening = False

    def connect(self, host: str = PEER) -> Transport | None:
        """Connect from ``host``, and return the server's end; None if that is refused."""
        protocol = self.factory.buildProtocol(IPv4Address("TCP", host, 9999))
        return None if protocol is None else Transport(protocol)


class Transport(StringTransportWithDisconnection):
    """The server's end of a connection."""

    def __init__(self, protocol: Any) -> None:
        super().__init__(
            hostAddress=IPv4Address("TCP", "192.0.2.1", 21), peerAddress=IPv4Address("TCP", PEER, 1234), lenient=True
        )
        self.protocol = protocol
        protocol.makeConnection(self)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        super().registerProducer(producer, streaming)
        while self.producer is producer and not streaming:
            producer.resumeProducing()

    def abortConnection(self) -> None:
        self.disconnected = True
        self.loseConnection()

    def send(self, *lines: str | bytes) -> list[str]:
        """Send commands, and return the lines that come back."""
        self.clear()
        for line in lines:
            self.protocol.dataReceived((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.said()

    def said(self) -> list[str]:
        lines = self.value().decode("utf-8", "surrogateescape").split("\r\n")
        assert lines.pop() == ""
        self.clear()
        return lines

    def vanish(self) -> None:
        """The other end closes the connection."""
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(Failure(ConnectionDone()))


class Memory:
    """A server in memory, and a connection to it: ``transport``, with the protocol ``server`` behind it."""

    def __init__(self, root: Any, login: bool = True, **settings: Any) -> None:
        for folder in (root / "public", root / "home" / "bob"):
            folder.mkdir(parents=True, exist_ok=True)
        self.home = root / "home" / "bob"
        self.clock = Clock()
        self.factory = ftp.FTPFactory(a_portal(root))
        for name, value in settings.items():
            setattr(self.factory, name, value)
        wrapper = self.factory.buildProtocol(IPv4Address("TCP", PEER, 1234))
        self.server = wrapper.wrappedProtocol
        self.server.callLater = self.clock.callLater
        self.server.listenFactory = self.listen
        self.ports: list[Port] = []
        self.transport = Transport(wrapper)
        self.send = self.transport.send
        self.greeting = self.transport.said()
        if login:
            self.send("USER bob", "PASS secret")

    def listen(self, number: int, factory: Any, interface: str = "") -> Port:
        port = Port(factory, number or 4097)
        self.ports.append(port)
        return port

    def data(self) -> Transport:
        """Ask for a data connection, and make it."""
        assert self.send("PASV") == ["227 Entering Passive Mode (192,0,2,1,16,1)."]
        transport = self.ports[-1].connect()
        assert transport is not None
        return transport
