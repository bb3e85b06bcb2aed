"""SOCKS 4 and 4a: requests, whole, cut and hostile, and connections through a server."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.address import IPv4Address
from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.internet.error import ConnectionRefusedError, DNSLookupError
from reactorio.internet.protocol import Factory, Protocol
from reactorio.internet.task import Clock
from reactorio.internet.testing import MemoryReactorClock, StringTransport
from reactorio.protocols import portforward, socks
from reactorio.protocols.wire import Echo

GRANTED = struct.pack("!BBH4s", 0, 90, 80, socket.inet_aton("192.0.2.1"))
REJECTED = struct.pack("!BBH4s", 0, 91, 0, bytes(4))


def request(code=1, port=80, address="192.0.2.1", user=b"me", host=None, version=4):
    head = struct.pack("!BBH", version, code, port) + socket.inet_aton(address if host is None else "0.0.0.7")
    return head + user + b"\0" + (b"" if host is None else host + b"\0")


class Resolving(Clock):
    def __init__(self, names):
        super().__init__()
        self.names = names

    def resolve(self, name):
        return self.names[name]


class Server(socks.SOCKSv4):
    """Connects in memory, when the test says so."""

    def __init__(self, **names):
        super().__init__(reactor=Resolving({name.encode(): answer for name, answer in names.items()}))
        self.connecting = Deferred()
        self.asked = []

    def connectClass(self, host, port, klass, *args):
        self.asked.append((host, port))
        self.made = klass(*args)
        self.far = StringTransport(peerAddress=IPv4Address("TCP", host, port))
        return self.connecting.addCallback(lambda _: self.made.makeConnection(self.far))


def serve(**names):
    server, transport = Server(**names), StringTransport()
    server.makeConnection(transport)
    return server, transport


def test_both_ways_are_passed_on():
    server, near = serve()

    server.dataReceived(request())
    assert near.value() == b""
    server.connecting.callback(None)
    server.dataReceived(b"there")
    server.made.dataReceived(b"back")

    assert server.asked == [("192.0.2.1", 80)]
    assert near.value() == GRANTED + b"back"
    assert server.far.value() == b"there"


def test_what_the_client_sends_early_waits():
    server, near = serve(example=succeed("192.0.2.1"))

    server.dataReceived(request(host=b"example") + b"ear")
    server.dataReceived(b"ly")
    server.connecting.callback(None)

    assert server.far.value() == b"early"
    assert near.value() == GRANTED


def test_too_much_early_data_is_not_read_until_it_can_be_sent():
    server, near = serve()

    server.dataReceived(request() + b"x" * 10_000)
    assert near.producerState == "paused"
    server.connecting.callback(None)

    assert near.producerState == "producing"
    assert len(server.far.value()) == 10_000


@given(st.lists(st.integers(0, 40)))
def test_cutting_the_request_anywhere_changes_nothing(cuts):
    server, near = serve(example=succeed("192.0.2.1"))
    server.connecting.callback(None)
    wire = request(host=b"example") + b"rest"
    edges = sorted({0, len(wire), *(min(cut, len(wire)) for cut in cuts)})

    for start, end in itertools.pairwise(edges):
        server.dataReceived(wire[start:end])

    assert near.value() == GRANTED
    assert server.far.value() == b"rest"


@pytest.mark.parametrize(
    "wire",
    [
        request(version=5),
        b"\5",
        b"GET / HTTP/1.1\r\n",
        request(code=3),
        request(user=b"u" * 513),
        request(host=b"h" * 256),
        request(user=b"u" * 2000)[:-1],
        request(host=b"h" * 2000)[:-1],
    ],
)
def test_what_is_no_request_is_refused(wire):
    server, near = serve()

    server.dataReceived(wire)

    assert near.value() == REJECTED
    assert near.disconnecting
    assert server.asked == []


def test_an_address_of_zeros_alone_has_no_name_after_it():
    server, _ = serve()

    server.dataReceived(request(address="0.0.0.0"))

    assert server.asked == [("0.0.0.0", 80)]


@pytest.mark.parametrize("names", [{"example": fail(DNSLookupError("no"))}])
def test_a_name_that_leads_nowhere_is_refused(names):
    server, near = serve(**names)

    server.dataReceived(request(host=b"example"))

    assert near.value() == REJECTED
    assert near.disconnecting


def test_a_connection_that_fails_is_refused():
    server, near = serve()
    server.dataReceived(request())

    server.connecting.errback(ConnectionRefusedError())

    assert near.value() == REJECTED


def test_who_may_not_is_refused():
    server, near = serve()
    asked = []
    server.authorize = lambda *request: asked.append(request)

    server.dataReceived(request(user=b"mallory"))

    assert asked == [(1, "192.0.2.1", 80, b"mallory")]
    assert near.value() == REJECTED
    assert server.asked == []


def test_the_end_of_one_is_the_end_of_the_other():
    server, near = serve()
    server.connecting.callback(None)
    server.dataReceived(request())
    server.made.connectionLost()
    assert near.disconnecting

    server, near = serve()
    server.connecting.callback(None)
    server.dataReceived(request())
    server.connectionLost()
    assert server.far.disconnecting


def test_a_client_that_is_gone_gives_up_what_is_on_its_way():
    given_up = []
    server, near = serve(example=Deferred(given_up.append))
    server.dataReceived(request(host=b"example"))

    server.connectionLost()

    assert len(given_up) == 1
    assert near.value() == b""


def test_everything_that_is_passed_on_can_be_written_down(tmp_path):
    path = tmp_path / "log"
    server, _ = serve()
    server.logging = str(path)
    server.connecting.callback(None)
    server.dataReceived(request() + b"there\n")
    server.made.dataReceived(b"\xff")

    there, back = path.read_text().splitlines()
    assert there.endswith(r"b'there\n'")
    assert back.endswith(r"b'\xff'")


# Waiting for a connection


def bind():
    reactor = MemoryReactorClock()
    server, near = socks.SOCKSv4(reactor=reactor), StringTransport()
    server.makeConnection(near)
    server.dataReceived(request(code=2))
    ((_, factory, _, _),) = reactor.tcpServers
    return server, near, factory, reactor


def test_the_client_is_told_where_we_listen_and_then_of_the_connection():
    server, near, factory, reactor = bind()
    assert near.value()[:2] == b"\0\x5a"
    near.clear()

    protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 5))
    far = StringTransport()
    protocol.makeConnection(far)
    server.dataReceived(b"there")
    protocol.dataReceived(b"back")

    assert near.value() == struct.pack("!BBH4s", 0, 90, 0, bytes(4)) + b"back"
    assert far.value() == b"there"
    assert factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 6)) is None
    assert reactor.getDelayedCalls() == []


def test_a_connection_from_elsewhere_is_refused_and_ends_the_wait():
    _, near, factory, reactor = bind()
    near.clear()

    assert factory.buildProtocol(IPv4Address("TCP", "192.0.2.9", 5)) is None
    assert factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 5)) is None

    assert near.value() == REJECTED
    assert reactor.getDelayedCalls() == []


def test_nobody_is_waited_for_longer_than_two_minutes():
    _, near, _, reactor = bind()
    near.clear()

    reactor.advance(120)

    assert near.value() == REJECTED


def test_the_wait_ends_with_the_client():
    server, _, _, reactor = bind()

    server.connectionLost()

    assert reactor.getDelayedCalls() == []


# On real connections


class Silent(Protocol):
    """Takes nothing until the test says so."""

    def connectionMade(self):
        self.transport.pauseProducing()
        self.factory.made.callback(self)


async def open_through(port, wire):
    reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
    writer.write(wire)
    return reader, writer


def test_a_server_connects_by_address_and_by_name(run):
    async def main():
        from reactorio.internet import reactor

        echo = reactor.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1")
        proxy = reactor.listenTCP(0, socks.SOCKSv4Factory(None), interface="127.0.0.1")
        port = echo.getHost().port
        answers = []
        for wire in (request(port=port, address="127.0.0.1"), request(port=port, host=b"localhost")):
            reader, writer = await open_through(proxy, wire + b"hello")
            answers.append(await asyncio.wait_for(reader.readexactly(8 + 5), 10))
            writer.close()
        await echo.stopListening()
        reader, writer = await open_through(proxy, request(port=port, address="127.0.0.1"))
        answers.append(await asyncio.wait_for(reader.read(), 10))
        writer.close()
        await proxy.stopListening()
        return answers

    by_address, by_name, refused = run(main())

    assert by_address[:2] == by_name[:2] == b"\0\x5a"
    assert by_address[8:] == by_name[8:] == b"hello"
    assert refused == REJECTED


def test_a_server_takes_a_connection_for_its_client(run):
    async def main():
        from reactorio.internet import reactor

        proxy = reactor.listenTCP(0, socks.SOCKSv4Factory(None), interface="127.0.0.1")
        reader, writer = await open_through(proxy, request(code=2, address="127.0.0.1"))
        _, _, port, _ = struct.unpack("!BBH4s", await reader.readexactly(8))
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        second = await reader.readexactly(8)
        writer.write(b"there")
        there = await asyncio.wait_for(far_reader.readexactly(5), 10)
        far_writer.write(b"back")
        back = await asyncio.wait_for(reader.readexactly(4), 10)
        far_writer.close()
        end = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await proxy.stopListening()
        return second[1], there, back, end

    assert run(main()) == (90, b"there", b"back", b"")


@pytest.mark.parametrize("kind", ["socks", "portforward"])
def test_a_slow_end_slows_the_other_and_does_not_outlive_it(run, kind):
    async def main():
        from reactorio.internet import reactor

        slow = Factory.forProtocol(Silent)
        slow.made = Deferred()
        behind = reactor.listenTCP(0, slow, interface="127.0.0.1")
        port = behind.getHost().port
        factory = socks.SOCKSv4Factory(None) if kind == "socks" else portforward.ProxyFactory("127.0.0.1", port)
        near, build = [], factory.buildProtocol
        factory.buildProtocol = lambda address: near.append(build(address)) or near[0]
        proxy = reactor.listenTCP(0, factory, interface="127.0.0.1")
        wire = request(port=port, address="127.0.0.1") if kind == "socks" else b""
        _, writer = await open_through(proxy, wire)
        end = await slow.made
        sent = 0
        # Until nobody takes any more: the two systems' buffers and our own are full.
        while True:
            writer.write(b"x" * 65536)
            try:
                await asyncio.wait_for(writer.drain(), 0.3)
            except asyncio.TimeoutError:
                break
            sent += 65536
            assert sent < 64 * 1024 * 1024
        near[0].transport.abortConnection()
        received, lost = [], Deferred()
        end.dataReceived = received.append
        end.connectionLost = lambda reason: lost.callback(None)
        end.transport.resumeProducing()
        await asyncio.wait_for(asyncio.ensure_future(_wait(lost)), 10)
        writer.close()
        await proxy.stopListening()
        await behind.stopListening()
        return sum(map(len, received))

    async def _wait(deferred):
        await deferred

    assert run(main()) > 0
