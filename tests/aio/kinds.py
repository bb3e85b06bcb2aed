"""How two protocols come to be connected, one way for each kind of stream."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from certificates import SERVER, by_pyopenssl, verifying

from aio.parties import One
from reactorio.internet.endpoints import ProcessEndpoint
from reactorio.internet.stdio import StandardIO
from reactorio.protocols.tls import TLSMemoryBIOFactory

if TYPE_CHECKING:
    from aio.parties import Party

__all__ = ["KINDS", "LISTENING", "Kind", "Pair"]

LOOPBACK = "127.0.0.1"
BACKLOG = 1000


@dataclass
class Pair:
    """Two ends, and the port between them, if there is one."""

    server: Party
    client: Party
    port: Any = None

    def ends(self, side: str) -> tuple[Party, Party]:
        """Return the end that is ``side``, and the other one."""
        return (self.client, self.server) if side == "client" else (self.server, self.client)

    async def close(self) -> None:
        """End what has not ended."""
        if self.port is not None:
            await self.port.stopListening()
        for party in (self.client, self.server):
            if party.transport is not None and party.reason is None:
                end = getattr(party.transport, "abortConnection", party.transport.loseConnection)
                end()
        for party in (self.client, self.server):
            if party.transport is not None:
                await party.lost()


class Kind:
    """
    A kind of stream.

    Attributes:
        aborts: Can it be cut off, so that the other side knows that it was?
        half_closes: Can one direction be closed?
        secure: Does it speak TLS?
        on_stdio: Is the server on a `StandardIO`, made by us?
    """

    aborts = True
    half_closes = True
    secure = False
    on_stdio = False

    async def connect(self, reactor: Any, pair: Pair) -> None:
        """Connect two parties; return when both are, or have been."""
        await self.join(reactor, pair, One(pair.server), One(pair.client))
        for party in (pair.server, pair.client):
            await party.until(lambda party: party.transport is not None)

    async def join(self, reactor: Any, pair: Pair, server: Any, client: Any) -> None:
        """Connect what two factories build; the port, if there is one, goes into ``pair``."""
        raise NotImplementedError("a kind knows how")


class Listening(Kind):
    """A kind with ports."""

    def listen(self, reactor: Any, factory: Any) -> Any:
        raise NotImplementedError("a kind knows how")

    def dial(self, reactor: Any, port: Any, factory: Any) -> Any:
        raise NotImplementedError("a kind knows how")

    async def join(self, reactor: Any, pair: Pair, server: Any, client: Any) -> None:
        pair.port = self.listen(reactor, server)
        self.dial(reactor, pair.port, client)

    def open_socket(self, port: Any) -> socket.socket:
        """Return a socket that is not connected yet, and can be connected to what `address` says."""
        return socket.socket(port.addressFamily)

    def address(self, port: Any) -> Any:
        return (LOOPBACK, port.getHost().port)


class TCP(Listening):
    def listen(self, reactor: Any, factory: Any) -> Any:
        return reactor.listenTCP(0, factory, backlog=BACKLOG, interface=LOOPBACK)

    def dial(self, reactor: Any, port: Any, factory: Any) -> Any:
        return reactor.connectTCP(LOOPBACK, port.getHost().port, factory)


class UNIX(Listening):
    def listen(self, reactor: Any, factory: Any) -> Any:
        return reactor.listenUNIX(f"\0reactorio-{os.urandom(8).hex()}", factory, backlog=BACKLOG)

    def dial(self, reactor: Any, port: Any, factory: Any) -> Any:
        return reactor.connectUNIX(port.getHost().name, factory)

    def address(self, port: Any) -> Any:
        return port.getHost().name


class TLS(Listening):
    """
    TLS over another kind.

    Args:
        below: That kind.
        engine: Makes options use one engine or the other.
    """

    secure = True

    def __init__(self, below: Kind, engine: Any = lambda options: options) -> None:
        self.below: Any = below
        self.aborts = below.aborts
        self.on_stdio = below.on_stdio
        self._engine = engine

    def _server(self, reactor: Any, factory: Any) -> TLSMemoryBIOFactory:
        return TLSMemoryBIOFactory(self._engine(SERVER.options()), False, factory, reactor)

    def _client(self, reactor: Any, factory: Any) -> TLSMemoryBIOFactory:
        return TLSMemoryBIOFactory(self._engine(verifying()), True, factory, reactor)

    async def join(self, reactor: Any, pair: Pair, server: Any, client: Any) -> None:
        await self.below.join(reactor, pair, self._server(reactor, server), self._client(reactor, client))

    def listen(self, reactor: Any, factory: Any) -> Any:
        return self.below.listen(reactor, self._server(reactor, factory))

    def dial(self, reactor: Any, port: Any, factory: Any) -> Any:
        return self.below.dial(reactor, port, self._client(reactor, factory))

    def open_socket(self, port: Any) -> socket.socket:
        sock: socket.socket = self.below.open_socket(port)
        return sock

    def address(self, port: Any) -> Any:
        return self.below.address(port)


class SSL(TLS):
    """TLS over TCP by listenSSL and connectSSL."""

    def listen(self, reactor: Any, factory: Any) -> Any:
        return reactor.listenSSL(0, factory, self._engine(SERVER.options()), backlog=BACKLOG, interface=LOOPBACK)

    def dial(self, reactor: Any, port: Any, factory: Any) -> Any:
        return reactor.connectSSL(LOOPBACK, port.getHost().port, factory, self._engine(verifying()))

    async def join(self, reactor: Any, pair: Pair, server: Any, client: Any) -> None:
        await Listening.join(self, reactor, pair, server, client)


class _OnPipes(StandardIO):
    """Standard input and output that nobody else needs afterwards."""

    def __init__(self, protocol: Any, reading: int, writing: int, reactor: Any) -> None:
        self._ours = {"read": reading, "write": writing}
        super().__init__(protocol, reading, writing, reactor)

    def childConnectionLost(self, name: str, reason: Any) -> None:
        super().childConnectionLost(name, reason)
        os.close(self._ours.pop(name))


# The child gives its ends of the pipes away, to the party that plays its part in this process, and leaves.
GIVE_AWAY = "import socket; socket.send_fds(socket.socket(fileno=3), [b'.'], [0, 1])"


class Process(Kind):
    """The client talks to a child's pipes, and the server is on the child's ends of them, by `StandardIO`."""

    aborts = False
    half_closes = False
    on_stdio = True

    async def join(self, reactor: Any, pair: Pair, server: Any, client: Any) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            command = [sys.executable, "-S", "-E", "-c", GIVE_AWAY]
            pipes = {0: "w", 1: "r", 3: theirs.fileno()}
            await ProcessEndpoint(reactor, command[0], command, childFDs=pipes).connect(client)
            ours.setblocking(False)
            await readable(ours)
            _, (reading, writing), _, _ = socket.recv_fds(ours, 1, 2)
        _OnPipes(server.buildProtocol(None), reading, writing, reactor)


async def readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(sock, ready.set_result, None)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


KINDS: dict[str, Kind] = {
    "tcp": TCP(),
    "unix": UNIX(),
    "process": Process(),
    "tls": SSL(TCP()),
    "tls-pyopenssl": SSL(TCP(), by_pyopenssl),
    "tls-unix": TLS(UNIX()),
    "tls-process": TLS(Process()),
    "tls-tls": TLS(SSL(TCP())),
}

LISTENING: dict[str, Listening] = {name: kind for name, kind in KINDS.items() if not name.endswith("process")}  # type: ignore[misc]  # they are
