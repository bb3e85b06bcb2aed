"""Wrappers: what they pass on, what they limit; protocols connected in memory and over TCP."""

from __future__ import annotations

import io

import pytest

from reactorio.internet.address import IPv4Address
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IPushProducer
from reactorio.internet.protocol import Protocol, ServerFactory, connectionDone
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport, StringTransportWithDisconnection
from reactorio.protocols import basic, loopback, policies, portforward, wire

PEER = IPv4Address("TCP", "192.0.2.1", 1234)


class Echo(wire.Echo):
    lost = 0

    def connectionLost(self, reason=connectionDone):
        self.lost += 1


class NoFactory(ServerFactory):
    def buildProtocol(self, addr):
        return None


@pytest.fixture
def echoes():
    return ServerFactory.forProtocol(Echo)


def connect(factory, peer=PEER):
    protocol = factory.buildProtocol(peer)
    transport = StringTransportWithDisconnection()
    transport.peerAddr = peer
    transport.protocol = protocol
    protocol.makeConnection(transport)
    return protocol, transport


def on_clock(kind, clock, *arguments, **settings):
    """Make a factory whose calls in the future are made by ``clock``."""

    class OnClock(kind):
        def callLater(self, period, func):
            return clock.callLater(period, func)

    return OnClock(*arguments, **settings)


# Wrapping


def test_a_wrapper_is_the_transport_of_what_it_wraps(echoes):
    factory = policies.WrappingFactory(echoes)
    wrapper, transport = connect(factory)

    wrapper.dataReceived(b"hello")
    wrapper.writeSequence([b" ", b"world"])

    assert transport.value() == b"hello world"
    assert wrapper.wrappedProtocol.transport is wrapper
    assert wrapper.wrappedProtocol.factory is echoes
    assert IPushProducer.providedBy(wrapper)
    assert list(factory.protocols) == [wrapper]


def test_the_end_reaches_what_is_wrapped_once(echoes):
    factory = policies.WrappingFactory(echoes)
    wrapper, _ = connect(factory)
    echo = wrapper.wrappedProtocol

    wrapper.loseConnection()

    assert echo.lost == 1
    assert wrapper.disconnecting
    assert wrapper.wrappedProtocol is None
    assert factory.protocols == {}


@pytest.mark.parametrize(
    "kind",
    [
        policies.WrappingFactory,
        policies.ThrottlingFactory,
        policies.TimeoutFactory,
        policies.LimitConnectionsByPeer,
        policies.SpewingFactory,
        lambda wrapped: policies.TrafficLoggingFactory(wrapped, "traffic"),
    ],
)
def test_no_protocol_is_no_wrapper(kind):
    factory = kind(NoFactory())
    factory.startFactory()

    assert factory.buildProtocol(PEER) is None


# Limits


def test_connections_over_the_limit_are_not_built(echoes):
    factory = policies.ThrottlingFactory(echoes, maxConnectionCount=2)
    _, transport = connect(factory)
    connect(factory)

    assert factory.buildProtocol(PEER) is None
    transport.loseConnection()
    assert factory.buildProtocol(PEER) is not None


def test_one_host_may_have_so_many_connections(echoes):
    factory = policies.LimitConnectionsByPeer(echoes)
    factory.maxConnectionsPerPeer = 1
    factory.startFactory()
    _, transport = connect(factory)

    assert factory.buildProtocol(PEER) is None
    assert factory.buildProtocol(IPv4Address("TCP", "192.0.2.2", 1)) is not None
    transport.loseConnection()
    assert factory.buildProtocol(PEER) is not None


def test_connections_over_the_total_get_another_protocol():
    class Busy(Protocol):
        def connectionMade(self):
            self.transport.write(b"busy")
            self.transport.loseConnection()

    factory = policies.LimitTotalConnectionsFactory()
    factory.protocol = Echo
    factory.connectionLimit = 1
    factory.overflowProtocol = Busy

    connect(factory)
    _, transport = connect(factory)

    assert transport.value() == b"busy"
    assert factory.connectionCount == 1


def test_too_much_reading_pauses_all_connections_for_a_while(echoes):
    clock = Clock()
    factory = on_clock(policies.ThrottlingFactory, clock, echoes, readLimit=10)
    first, first_transport = connect(factory)
    _, second_transport = connect(factory)

    first.dataReceived(bytes(30))
    clock.advance(1)
    assert (first_transport.producerState, second_transport.producerState) == ("paused", "paused")

    # Three seconds' worth in one.
    clock.advance(1.9)
    assert first_transport.producerState == "paused"
    clock.advance(0.2)
    assert (first_transport.producerState, second_transport.producerState) == ("producing", "producing")

    first_transport.loseConnection()
    second_transport.loseConnection()
    assert clock.getDelayedCalls() == []


# Timeouts


def test_a_quiet_connection_is_closed(echoes):
    clock = Clock()
    protocol, _ = connect(on_clock(policies.TimeoutFactory, clock, echoes, 3))
    echo = protocol.wrappedProtocol

    clock.advance(2)
    protocol.dataReceived(b"x")
    clock.advance(2)
    protocol.write(b"x")
    clock.advance(2)
    assert not echo.lost
    clock.advance(1)

    assert echo.lost
    assert clock.getDelayedCalls() == []


def test_the_mixin_closes_when_the_protocol_says_that_nothing_happened():
    clock = Clock()

    class Patient(Protocol, policies.TimeoutMixin):
        def callLater(self, period, func):
            return clock.callLater(period, func)

    patient = Patient()
    patient.makeConnection(StringTransport())

    assert patient.setTimeout(5) is None
    clock.advance(4)
    patient.resetTimeout()
    clock.advance(4)
    assert patient.setTimeout(2) == 5
    clock.advance(1)
    assert not patient.transport.disconnecting
    clock.advance(1)
    assert patient.transport.disconnecting
    assert patient.setTimeout(None) == 2


def test_a_timer_that_somebody_swept_away_is_made_anew():
    clock = Clock()

    class Patient(Protocol, policies.TimeoutMixin):
        def callLater(self, period, func):
            return clock.callLater(period, func)

    patient = Patient()
    patient.setTimeout(5)
    clock.getDelayedCalls()[0].cancel()

    patient.setTimeout(6)

    assert [call.getTime() for call in clock.getDelayedCalls()] == [6]


# Logs


def test_traffic_is_written_down(echoes):
    class InMemory(policies.TrafficLoggingFactory):
        def open(self, name):
            self.opened = name
            self.log = io.StringIO()
            return self.log

    factory = InMemory(echoes, "traffic", lengthLimit=20)
    protocol, _ = connect(factory)
    protocol.dataReceived(b"hello")
    protocol.writeSequence([b"a", b"b" * 30])
    protocol.loseConnection()

    assert factory.opened == "traffic-1"
    assert factory.log.getvalue().splitlines()[:-1] == [
        "*",
        "C 1: b'hello'",
        "S 1: b'hello'",
        "SV 1: [b'a', b'bbbbbbbb<... elided>']",
        "S 1: *",
    ]
    assert "ConnectionDone" in factory.log.getvalue().splitlines()[-1]


def test_a_traffic_log_in_a_file_is_closed_with_its_connection(echoes, tmp_path):
    protocol, _ = connect(policies.TrafficLoggingFactory(echoes, str(tmp_path / "traffic")))

    protocol.loseConnection()

    assert protocol.logfile.closed
    assert (tmp_path / "traffic-1").read_text().startswith("*\nS 1: *\nC 1: ")


# Loopback, the simple services, and a port that stands for another


class Talk(basic.LineReceiver):
    def __init__(self, *say):
        self.say = list(say)
        self.heard = []
        self.ended = 0

    def connectionMade(self):
        if self.say:
            self.sendLine(self.say.pop(0))

    def lineReceived(self, line):
        self.heard.append(line)
        if self.say:
            self.sendLine(self.say.pop(0))
        else:
            self.transport.loseConnection()

    def connectionLost(self, reason=connectionDone):
        self.ended += 1


@pytest.mark.parametrize("connect_both", [loopback.loopbackAsync, loopback.loopbackTCP])
def test_two_protocols_talk_until_one_closes(reactor, connect_both):
    server, client = Talk(b"220", b"250"), Talk(b"HELO", b"QUIT")

    reactor.callWhenRunning(lambda: connect_both(server, client).addBoth(lambda _: reactor.stop()))
    reactor.run()

    assert server.heard[0] == b"HELO"
    assert client.heard[0] == b"220"
    assert (server.ended, client.ended) == (1, 1)


def test_what_fails_in_a_loopback_fails_its_deferred(reactor):
    class Failing(Protocol):
        def dataReceived(self, data):
            raise ValueError("no")

    reasons = []

    def start():
        over = loopback.loopbackAsync(Failing(), Talk(b"x"))
        over.addErrback(reasons.append).addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(start)
    reactor.run()

    assert reasons[0].check(ValueError)


@pytest.mark.parametrize(
    ("kind", "sent"),
    [(wire.Echo, b"ping"), (wire.Discard, b""), (wire.QOTD, b"An apple a day keeps the doctor away.\r\n")],
)
def test_the_simple_services(kind, sent):
    service, transport = kind(), StringTransport()
    service.makeConnection(transport)

    service.dataReceived(b"ping")

    assert transport.value() == sent


def test_chargen_sends_when_it_is_asked():
    service, transport = wire.Chargen(), StringTransport()
    service.makeConnection(transport)

    transport.producer.resumeProducing()

    assert (transport.value(), transport.streaming) == (wire.Chargen.noise, False)
    assert wire.Chargen.noise.startswith(b"@ABC")


def test_a_port_stands_for_another(reactor):
    got = Deferred()

    class Ping(Protocol):
        def connectionMade(self):
            self.transport.write(b"ping")

        def dataReceived(self, data):
            self.transport.loseConnection()
            got.callback(data)

    answers = []

    def start():
        real = reactor.listenTCP(0, ServerFactory.forProtocol(wire.Echo), interface="127.0.0.1")
        proxy = reactor.listenTCP(0, portforward.ProxyFactory("127.0.0.1", real.getHost().port), interface="127.0.0.1")
        loopback_client = loopback.LoopbackClientFactory(Ping())
        reactor.connectTCP("127.0.0.1", proxy.getHost().port, loopback_client)
        got.addCallback(answers.append)
        loopback_client.deferred.addBoth(lambda _: real.stopListening())
        loopback_client.deferred.addBoth(lambda _: proxy.stopListening())
        loopback_client.deferred.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(start)
    reactor.run()

    assert answers == [b"ping"]
