"""The stand-ins of reactorio.internet.testing, each the same as Twisted's."""

from __future__ import annotations

import socket
from importlib import import_module
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from reactorio.internet import error, interfaces, testing
from reactorio.internet.defer import Deferred
from reactorio.internet.protocol import ClientFactory, Factory, Protocol
from reactorio.internet.task import Clock

# -- transports


def test_a_transport_keeps_what_is_written_until_cleared():
    transport = testing.StringTransport()

    transport.write(b"one ")
    transport.writeSequence([b"two ", b"three"])
    assert transport.value() == b"one two three"
    transport.clear()
    assert transport.value() == b""


@pytest.mark.parametrize("data", ["text", bytearray(b"x"), None])
def test_a_transport_takes_bytes_only(data):
    with pytest.raises(TypeError, match="Data must be bytes"):
        testing.StringTransport().write(data)


def test_a_closed_transport_cannot_be_paused_unless_lenient():
    strict, lenient = testing.StringTransport(), testing.StringTransport(lenient=True)
    for transport in strict, lenient:
        transport.loseConnection()

    with pytest.raises(RuntimeError):
        strict.pauseProducing()
    lenient.pauseProducing()

    assert (strict.producerState, lenient.producerState) == ("producing", "paused")


def test_aborting_is_told_from_closing():
    closed, aborted = testing.StringTransport(), testing.StringTransport()
    closed.loseConnection()
    aborted.abortConnection()

    assert (closed.disconnecting, closed.disconnected) == (True, False)
    assert (aborted.disconnecting, aborted.disconnected) == (True, True)


def test_one_transport_tells_its_protocol_once_that_the_connection_is_lost():
    reasons = []

    class Lost(Protocol):
        def connectionLost(self, reason: Any = None) -> None:
            reasons.append(reason.type)

    transport = testing.StringTransportWithDisconnection()
    transport.protocol = Lost()
    transport.loseConnection()
    transport.abortConnection()

    assert reasons == [error.ConnectionDone]


def test_a_datagram_transport_keeps_packets_and_addresses():
    transport = testing.FakeDatagramTransport()

    transport.write(b"a", ("127.0.0.1", 1))
    transport.write(b"b")

    assert transport.written == [(b"a", ("127.0.0.1", 1)), (b"b", transport.noAddr)]


@pytest.mark.parametrize(
    ("interface", "thing"),
    [
        (interfaces.ITransport, testing.StringTransport()),
        (interfaces.IConsumer, testing.StringTransport()),
        (interfaces.IPushProducer, testing.StringTransport()),
        (interfaces.IUDPTransport, testing.FakeDatagramTransport()),
        (interfaces.IHostnameResolver, testing.SynchronousResolver()),
        *[
            (interface, reactor)
            for reactor in (testing.MemoryReactorClock(), testing.RaisingMemoryReactor())
            for interface in (
                interfaces.IReactorTCP,
                interfaces.IReactorSSL,
                interfaces.IReactorUNIX,
                interfaces.IReactorSocket,
                interfaces.IReactorPluggableNameResolver,
            )
        ],
        (interfaces.IReactorCore, testing.MemoryReactorClock()),
        (interfaces.IReactorFDSet, testing.MemoryReactorClock()),
        (interfaces.IReactorTime, testing.MemoryReactorClock()),
    ],
    ids=lambda value: getattr(value, "__name__", None) or type(value).__name__,
)
def test_each_does_what_its_interfaces_say(interface, thing):
    assert verifyObject(interface, thing)


# -- reactors


def test_the_reactor_remembers_what_it_was_asked_for():
    reactor, factory, client = testing.MemoryReactor(), Factory(), ClientFactory()

    assert reactor.listenTCP(1, factory).getHost().port == 1
    assert reactor.connectTCP("::1", 2, client, timeout=3).getDestination().host == "::1"
    assert reactor.listenUNIX("/a", factory).getHost().name == b"/a"
    assert reactor.connectSSL("host", 3, client, "context").getDestination().port == 3

    assert reactor.tcpServers == [(1, factory, 50, "")]
    assert reactor.tcpClients == [("::1", 2, client, 3, None)]
    assert reactor.unixServers == [("/a", factory, 50, 0o666, 0)]
    assert reactor.sslClients == [("host", 3, client, "context", 30, None)]
    assert len(reactor.connectors) == 2


def test_a_factory_is_told_that_its_connection_starts():
    started = []

    class Client(ClientFactory):
        def startedConnecting(self, connector: Any) -> None:
            started.append(connector)

    assert [testing.MemoryReactor().connectTCP("host", 1, Client())] == started


def test_only_internet_sockets_are_adopted():
    reactor = testing.MemoryReactor()

    assert reactor.adoptStreamPort(3, socket.AF_INET6, Factory()).getHost().host == "::"
    with pytest.raises(error.UnsupportedAddressFamily):
        reactor.adoptStreamPort(3, socket.AF_UNIX, Factory())
    assert len(reactor.adoptedPorts) == 1


def test_running_calls_what_waits_for_it_and_stops():
    reactor, calls = testing.MemoryReactor(), []
    reactor.callWhenRunning(lambda: calls.append(reactor.running))

    reactor.run()
    reactor.callWhenRunning(calls.append, "at once")

    assert calls == [True, "at once"]
    assert (reactor.hasRun, reactor.hasStopped, reactor.running) == (True, True, False)


def test_triggers_are_kept_fired_and_removed():
    reactor, calls = testing.MemoryReactor(), []
    reactor.addSystemEventTrigger("after", "shutdown", calls.append, "after")
    reactor.addSystemEventTrigger("before", "shutdown", calls.append, "before")
    reactor.removeSystemEventTrigger(reactor.addSystemEventTrigger("during", "shutdown", calls.append, "never"))

    assert reactor.triggers["before"]["shutdown"] == [(calls.append, ("before",), {})]
    reactor.fireSystemEvent("shutdown")
    reactor.fireSystemEvent("shutdown")
    assert calls == ["before", "after"]


def test_its_time_is_moved_by_the_test():
    reactor, calls = testing.MemoryReactorClock(), []
    reactor.callLater(2, calls.append, "now")

    reactor.advance(1)
    assert calls == []
    reactor.advance(1)
    assert calls == ["now"]


def test_the_other_reactor_raises_what_it_was_given():
    reactor = testing.RaisingMemoryReactor(error.CannotListenError("", 1, OSError()), error.ConnectError("no"))

    with pytest.raises(error.CannotListenError):
        reactor.listenTCP(1, Factory())
    with pytest.raises(error.ConnectError):
        reactor.connectTCP("host", 1, ClientFactory())


# -- protocols and producers


def test_a_protocol_accumulates_and_tells_of_its_ends():
    factory = Factory.forProtocol(testing.AccumulatingProtocol)
    factory.protocolConnectionMade = made = Deferred()
    protocol = factory.buildProtocol(None)
    protocol.closedDeferred = closed = Deferred()

    protocol.makeConnection(testing.StringTransport())
    protocol.dataReceived(b"a")
    protocol.dataReceived(b"b")
    protocol.connectionLost("why")

    assert made.result is protocol
    assert factory.protocolConnectionMade is None
    assert closed.called
    assert (protocol.data, protocol.made, protocol.closed, protocol.closedReason) == (b"ab", 1, 1, "why")


@pytest.mark.parametrize("start", [True, False])
def test_a_protocol_sends_its_lines_first_or_when_asked(start):
    protocol, transport = testing.LineSendingProtocol([b"a", b"b"], start), testing.StringTransport()

    protocol.makeConnection(transport)
    assert transport.value() == (b"a\r\nb\r\n" if start else b"")
    protocol.dataReceived(b"x\r\ny\r\n")

    assert transport.value() == b"a\r\nb\r\n"
    assert protocol.response == [b"x", b"y"]


def test_a_pull_producer_counts_to_ten():
    consumer = testing.StringTransport()
    producer = testing.NonStreamingProducer(consumer)
    consumer.registerProducer(producer, False)

    for _ in range(10):
        producer.resumeProducing()

    assert consumer.value() == b"0123456789"
    assert consumer.producer is None
    with pytest.raises(RuntimeError):
        producer.resumeProducing()


def test_waiting_for_connections_to_end():
    clock, protocol = Clock(), Protocol()
    protocol.transport = testing.StringTransport()
    waiting = testing.waitUntilAllDisconnected(clock, [protocol])

    assert not waiting.called
    protocol.transport.connected = False
    clock.advance(0.01)
    assert waiting.called


# -- the log, and the old place


def test_an_observer_keeps_events():
    from reactorio.logger import Logger, LogPublisher

    cleanups: list[Any] = []

    class Case:
        def addCleanup(self, function: Any, *args: Any) -> None:
            cleanups.append((function, args))

    publisher = LogPublisher()
    observer = testing.EventLoggingObserver.createWithCleanup(Case(), publisher)
    Logger(observer=publisher).info("one")
    for function, args in cleanups:
        function(*args)
    Logger(observer=publisher).info("two")

    assert [event["log_format"] for event in observer] == ["one"]
    assert observer[0] is next(iter(observer))


def test_the_old_place_has_the_same_things_and_says_where_they_are():
    old = import_module("reactorio.test.proto_helpers")

    for name in old.__all__:
        with pytest.warns(DeprecationWarning, match=f"reactorio.internet.testing.{name} instead"):
            assert getattr(old, name) is getattr(testing, name)


@pytest.mark.parametrize("name", testing.__all__)
def test_each_name_is_said_to_be_of_the_public_module(name):
    assert getattr(testing, name).__module__ == "reactorio.internet.testing"
