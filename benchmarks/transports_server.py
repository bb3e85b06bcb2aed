"""
The programs that transports.py compares, each started as a process of its own: it prints where it serves, and serves.

    python benchmarks/transports_server.py {twisted|reactorio|raw} {epoll|asyncio|uvloop} CASE PEM

Twisted and reactorio run the same source; ``raw`` is the same on the loop's own protocols. A byte to the cases that
work by themselves (``send``, ``dial``, ``spawn``) says begin, and a byte says that it is done.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import tempfile
from typing import Any

PIECE = b"x" * 65536
# What one order to each of those cases makes: pieces, connections, processes.
PIECES, DIALS, SPAWNS = 800, 1000, 100
TRUE = "/bin/true"


# ---- Twisted's way


def twisted(case: str, pem: str) -> None:
    from twisted.internet import protocol, reactor
    from twisted.protocols import basic

    class Echo(protocol.Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(data)

    class Receive(protocol.Protocol):
        left = len(PIECE) * PIECES

        def dataReceived(self, data: bytes) -> None:
            self.left -= len(data)
            if not self.left:
                self.left = Receive.left
                self.transport.write(b"k")

    class Send(protocol.Protocol):
        """A push producer."""

        def dataReceived(self, data: bytes) -> None:
            self.left = PIECES
            self.transport.registerProducer(self, True)
            self.resumeProducing()

        def resumeProducing(self) -> None:
            self.paused = False
            while self.left and not self.paused:
                self.left -= 1
                self.transport.write(PIECE)
            if not self.left:
                self.transport.unregisterProducer()

        def pauseProducing(self) -> None:
            self.paused = True

        def stopProducing(self) -> None:
            self.left = 0

    class Answer(protocol.Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(data)
            self.transport.loseConnection()

    class Dial(protocol.Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.port, self.left = int(data), DIALS
            self.dial()

        def dial(self) -> None:
            if not self.left:
                self.transport.write(b"k")
                return
            self.left -= 1
            factory = protocol.ClientFactory()
            factory.protocol = Once
            factory.noisy = False
            factory.clientConnectionLost = lambda connector, reason: self.dial()
            reactor.connectTCP("127.0.0.1", self.port, factory)

    class Once(protocol.Protocol):
        def connectionMade(self) -> None:
            self.transport.write(b"x")

        def dataReceived(self, data: bytes) -> None:
            self.transport.loseConnection()

    class Spawn(protocol.Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.left = SPAWNS
            self.spawn()

        def spawn(self) -> None:
            if not self.left:
                self.transport.write(b"k")
                return
            self.left -= 1
            process = protocol.ProcessProtocol()
            process.processEnded = lambda reason: self.spawn()
            reactor.spawnProcess(process, TRUE, [TRUE])

    class Lines(basic.LineReceiver):
        def lineReceived(self, line: bytes) -> None:
            if line == b"end":
                self.sendLine(b"k")

    class LineEcho(basic.LineReceiver):
        def lineReceived(self, line: bytes) -> None:
            self.sendLine(line)

    class Strings(basic.Int32StringReceiver):
        def stringReceived(self, string: bytes) -> None:
            if string == b"end":
                self.sendString(b"k")

    class StringEcho(basic.Int32StringReceiver):
        def stringReceived(self, string: bytes) -> None:
            self.sendString(string)

    class Datagrams(protocol.DatagramProtocol):
        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            self.transport.write(datagram, addr)

    kinds = {
        "echo": Echo,
        "receive": Receive,
        "send": Send,
        "answer": Answer,
        "dial": Dial,
        "spawn": Spawn,
        "lines": Lines,
        "lineecho": LineEcho,
        "strings": Strings,
        "stringecho": StringEcho,
    }
    way, _, kind = case.rpartition(" ")
    if way == "udp":
        where = reactor.listenUDP(0, Datagrams(), interface="127.0.0.1").getHost().port
    else:
        factory = protocol.Factory.forProtocol(kinds[kind])
        if way == "unix":
            where = tempfile.mktemp()
            reactor.listenUNIX(where, factory, backlog=1024)
        elif way == "tls":
            from twisted.internet.ssl import PrivateCertificate

            with open(pem, "rb") as file:
                options = PrivateCertificate.loadPEM(file.read()).options()
            where = reactor.listenSSL(0, factory, options, backlog=1024, interface="127.0.0.1").getHost().port
        else:
            where = reactor.listenTCP(0, factory, backlog=1024, interface="127.0.0.1").getHost().port
    # Not before it runs, for with that it imports and makes what it needs.
    reactor.callWhenRunning(print, where, flush=True)
    reactor.run()


# ---- the loop's way


class Connected(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport


class Echo(Connected):
    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Receive(Connected):
    left = len(PIECE) * PIECES

    def data_received(self, data: bytes) -> None:
        self.left -= len(data)
        if not self.left:
            self.left = Receive.left
            self.transport.write(b"k")


class Send(Connected):
    paused = False

    def data_received(self, data: bytes) -> None:
        self.left = PIECES
        self.go_on()

    def go_on(self) -> None:
        while self.left and not self.paused:
            self.left -= 1
            self.transport.write(PIECE)

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        self.go_on()


class Answer(Connected):
    def data_received(self, data: bytes) -> None:
        self.transport.write(data)
        self.transport.close()


class Dial(Connected):
    def data_received(self, data: bytes) -> None:
        self.task = asyncio.get_running_loop().create_task(self.dial(int(data)))

    async def dial(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(DIALS):
            _, once = await loop.create_connection(Once, "127.0.0.1", port)
            await once.lost
        self.transport.write(b"k")


class Once(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.lost = asyncio.get_running_loop().create_future()
        transport.write(b"x")

    def data_received(self, data: bytes) -> None:
        self.transport.close()

    def connection_lost(self, error: object) -> None:
        self.lost.set_result(None)


class Spawn(Connected):
    def data_received(self, data: bytes) -> None:
        self.task = asyncio.get_running_loop().create_task(self.spawn())

    async def spawn(self) -> None:
        for _ in range(SPAWNS):
            _, process = await asyncio.get_running_loop().subprocess_exec(Process, TRUE)
            await process.lost
        self.transport.write(b"k")


class Process(asyncio.SubprocessProtocol):
    def __init__(self) -> None:
        self.lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, error: object) -> None:
        self.lost.set_result(None)


class Lines(Connected):
    """As one writes it by hand, without limits and modes."""

    buffer = b""

    def data_received(self, data: bytes) -> None:
        *lines, self.buffer = (self.buffer + data).split(b"\r\n")
        for line in lines:
            self.line_received(line)

    def line_received(self, line: bytes) -> None:
        if line == b"end":
            self.transport.write(b"k\r\n")


class LineEcho(Lines):
    def line_received(self, line: bytes) -> None:
        self.transport.write(line + b"\r\n")


class Strings(Connected):
    buffer = b""

    def data_received(self, data: bytes) -> None:
        data, start = self.buffer + data, 4
        while len(data) >= (end := start + int.from_bytes(data[start - 4 : start], "big")) and len(data) >= start:
            self.string_received(data[start:end])
            start = end + 4
        self.buffer = data[start - 4 :]

    def string_received(self, string: bytes) -> None:
        if string == b"end":
            self.transport.write(b"\0\0\0\1k")


class StringEcho(Strings):
    def string_received(self, string: bytes) -> None:
        self.transport.write(len(string).to_bytes(4, "big") + string)


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, datagram: bytes, addr: Any) -> None:
        self.transport.sendto(datagram, addr)


KINDS = {
    "echo": Echo,
    "receive": Receive,
    "send": Send,
    "answer": Answer,
    "dial": Dial,
    "spawn": Spawn,
    "lines": Lines,
    "lineecho": LineEcho,
    "strings": Strings,
    "stringecho": StringEcho,
}


async def raw(case: str, pem: str) -> None:
    loop = asyncio.get_running_loop()
    way, _, kind = case.rpartition(" ")
    if way == "udp":
        transport, _ = await loop.create_datagram_endpoint(Datagrams, ("127.0.0.1", 0))
        where = transport.get_extra_info("sockname")[1]
    elif way == "unix":
        where = tempfile.mktemp()
        await loop.create_unix_server(KINDS[kind], where, backlog=1024)
    else:
        context = None
        if way == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
        server = await loop.create_server(KINDS[kind], "127.0.0.1", 0, backlog=1024, ssl=context)
        where = server.sockets[0].getsockname()[1]
    print(where, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    package, loop_kind, case, pem = sys.argv[1:]
    if package == "raw":
        if loop_kind == "uvloop":
            import uvloop

            uvloop.run(raw(case, pem))
        else:
            asyncio.run(raw(case, pem))
    else:
        if package == "reactorio":
            os.environ["REACTORIO_LOOP"] = loop_kind
            import reactorio.as_twisted  # noqa: F401  # it is the import that does it
        twisted(case, pem)
