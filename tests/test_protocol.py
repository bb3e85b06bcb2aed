"""Factories and protocols: starting and stopping, connecting once, and again and again."""

from __future__ import annotations

import io
import pickle

import pytest

from reactorio.internet import protocol
from reactorio.internet.error import ConnectionDone, NotConnectingError
from reactorio.internet.interfaces import IConsumer, IProtocol
from reactorio.internet.task import Clock
from reactorio.internet.testing import MemoryReactorClock, StringTransport
from reactorio.logger import formatEvent, globalLogPublisher
from reactorio.python.failure import Failure


@pytest.fixture
def log_lines():
    """The text of all events logged in this test."""
    lines: list[str | None] = []

    def observer(event):
        lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observer)
    yield lines
    globalLogPublisher.removeObserver(observer)


# Factories


class Counting(protocol.ServerFactory):
    protocol = protocol.Protocol

    def __init__(self):
        self.calls = []

    def startFactory(self):
        self.calls.append("start")

    def stopFactory(self):
        self.calls.append("stop")

    def __repr__(self):
        return "<Counting>"


def test_a_factory_starts_with_its_first_port_and_stops_with_its_last(log_lines):
    factory = Counting()

    for change in (factory.doStart, factory.doStart, factory.doStop, factory.doStop, factory.doStop):
        change()

    assert factory.calls == ["start", "stop"]
    assert log_lines == ["Starting factory <Counting>", "Stopping factory <Counting>"]


def test_a_quiet_factory_logs_nothing(log_lines):
    factory = Counting()
    factory.noisy = False

    factory.doStart()
    factory.doStop()

    assert log_lines == []


def test_a_protocol_knows_its_factory():
    factory = protocol.Factory.forProtocol(protocol.Protocol)

    assert factory.buildProtocol(None).factory is factory


def test_forProtocol_passes_arguments_to_the_factory():
    class Named(protocol.Factory):
        def __init__(self, name, port=0):
            self.name = name, port

    factory = Named.forProtocol(protocol.Protocol, "www", port=80)

    assert type(factory) is Named
    assert factory.name == ("www", 80)


def test_public_names_are_where_classes_say_they_are():
    for name in protocol.__all__:
        thing = getattr(protocol, name)
        if isinstance(thing, type):
            assert thing.__module__ == "reactorio.internet.protocol"
            assert pickle.loads(pickle.dumps(thing)) is thing


# Protocols


def test_a_process_protocol_tells_the_pipes_apart():
    calls = []

    class Recording(protocol.ProcessProtocol):
        def outReceived(self, data):
            calls.append(("out", data))

        def errReceived(self, data):
            calls.append(("err", data))

        def inConnectionLost(self):
            calls.append("in lost")

        def outConnectionLost(self):
            calls.append("out lost")

        def errConnectionLost(self):
            calls.append("err lost")

    recording = Recording()
    for descriptor in (0, 1, 2, 3):
        recording.childDataReceived(descriptor, b"x")
        recording.childConnectionLost(descriptor)

    assert calls == ["in lost", ("out", b"x"), "out lost", ("err", b"x"), "err lost"]


def test_a_datagram_protocol_starts_with_its_socket_and_stops_with_it(log_lines):
    calls = []

    class Recording(protocol.DatagramProtocol):
        def startProtocol(self):
            calls.append(("start", self.transport))

        def stopProtocol(self):
            calls.append(("stop", self.transport))

        def __repr__(self):
            return "<Recording>"

    recording = Recording()
    recording.makeConnection("socket")
    recording.doStop()

    assert calls == [("start", "socket"), ("stop", None)]
    assert log_lines == ["Starting protocol <Recording>", "Stopping protocol <Recording>"]


def test_the_usual_reason_holds_nobodys_frames():
    assert protocol.connectionDone.check(ConnectionDone)
    assert protocol.connectionDone.getTracebackObject() is None


def test_protocols_are_consumers_and_consumers_protocols():
    got = []

    class Sink(protocol.Protocol):
        def dataReceived(self, data):
            got.append(data)

    consumer = IConsumer(Sink())
    consumer.write(b"one")
    IProtocol(StringTransport()).dataReceived(b"two")

    assert got == [b"one"]


def test_a_file_is_a_transport():
    class Countdown:
        left = 3

        def resumeProducing(self):
            if self.left:
                self.left -= 1
                wrapper.write(b"%d" % self.left)
            else:
                wrapper.unregisterProducer()

    wrapper = protocol.FileWrapper(io.BytesIO())
    wrapper.writeSequence([b"go", b": "])
    wrapper.registerProducer(Countdown(), False)

    assert wrapper.file.getvalue() == b"go: 210"
    wrapper.loseConnection()
    assert wrapper.file.closed


def test_what_a_file_raises_goes_to_the_hook():
    raised = []

    class Telling(protocol.FileWrapper):
        def handleException(self):
            raised.append(Failure().type)

    Telling(io.BytesIO()).write("text")

    assert raised == [TypeError]


# One connection


def test_a_creators_deferred_fires_after_connectionMade():
    reactor = MemoryReactorClock()
    order = []

    class Greeting(protocol.Protocol):
        def connectionMade(self):
            order.append("made")

    connecting = protocol.ClientCreator(reactor, Greeting).connectTCP("127.0.0.1", 80)
    connecting.addCallback(lambda greeting: order.append(greeting.transport))
    transport = StringTransport()
    reactor.tcpClients[0][2].buildProtocol(None).makeConnection(transport)
    assert order == ["made"]
    reactor.advance(0)

    assert order == ["made", transport]


def test_a_creators_deferred_fails_when_there_is_no_connection():
    reactor = MemoryReactorClock()
    reasons = []
    connecting = protocol.ClientCreator(reactor, protocol.Protocol).connectTCP("127.0.0.1", 80)
    connecting.addErrback(reasons.append)

    failure = Failure(OSError("no"))
    reactor.tcpClients[0][2].clientConnectionFailed(None, failure)
    reactor.advance(0)

    assert reasons == [failure]


# Again and again


class Connector:
    def __init__(self):
        self.connected = 0

    def connect(self):
        self.connected += 1

    def stopConnecting(self):
        pass

    def __repr__(self):
        return "<Connector>"


@pytest.fixture
def patient(tw):
    factory = tw("internet.protocol").ReconnectingClientFactory()
    factory.clock = tw("internet.task").Clock()
    factory.jitter = None
    factory.noisy = False
    return factory


def delays(factory, times):
    for _ in range(times):
        factory.clientConnectionFailed(Connector(), None)
        (call,) = factory.clock.getDelayedCalls()
        yield round(call.getTime() - factory.clock.seconds(), 2)
        factory.clock.advance(factory.maxDelay + 1)


def test_each_delay_is_longer_up_to_the_longest(patient):
    patient.maxDelay = 50

    assert list(delays(patient, 6)) == [1, 2.72, 7.39, 20.09, 50, 50]


def test_after_a_good_connection_delays_are_short_again(patient):
    list(delays(patient, 3))

    patient.resetDelay()

    assert list(delays(patient, 2)) == [1, 2.72]


def test_jitter_moves_delays_and_none_is_negative():
    factory = protocol.ReconnectingClientFactory()
    factory.jitter = 5
    factory.maxDelay = 10
    factory.noisy = False

    drawn = []
    for _ in range(200):
        factory.clock = Clock()
        factory.retry(Connector())
        drawn.append(factory.clock.getDelayedCalls()[0].getTime())

    assert len(set(drawn)) > 50
    assert min(drawn) == 0


def test_it_stops_after_so_many_retries(patient):
    patient.maxRetries = 2
    connector = Connector()

    for _ in range(5):
        patient.clientConnectionLost(connector, None)
        patient.clock.advance(5000)

    assert connector.connected == 2


def test_it_stops_when_told(patient):
    connector = Connector()
    patient.clientConnectionLost(connector, None)

    patient.stopTrying()
    patient.clientConnectionLost(connector, None)

    assert patient.clock.getDelayedCalls() == []
    assert connector.connected == 0


def test_telling_it_to_stop_while_it_is_connected_is_fine():
    class Connected(Connector):
        def stopConnecting(self):
            raise NotConnectingError

    factory = protocol.ReconnectingClientFactory()
    factory.connector = Connected()

    factory.stopTrying()

    assert not factory.continueTrying


def test_it_says_what_it_does(log_lines):
    factory = protocol.ReconnectingClientFactory()
    factory.clock = Clock()
    factory.jitter = None
    factory.maxRetries = 1

    factory.retry(Connector())
    factory.retry(Connector())
    factory.stopTrying()
    factory.retry(Connector())

    assert log_lines == [
        "<Connector> will retry in 1 seconds",
        "Abandoning <Connector> after 2 retries.",
        "Abandoning <Connector> on explicit request",
    ]


def test_there_must_be_something_to_retry(patient):
    with pytest.raises(ValueError, match="no connector to retry"):
        patient.retry()


def test_a_pickle_has_the_settings_only(patient):
    patient.maxDelay = 5
    patient.clientConnectionLost(Connector(), None)

    copy = pickle.loads(pickle.dumps(patient))

    assert (copy.maxDelay, copy.clock, copy.connector, copy.retries) == (5, None, None, 0)
