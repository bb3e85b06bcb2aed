"""Another protocol on the connection."""

from __future__ import annotations

import pytest
from hypothesis import given

from reactorio.internet.defer import Deferred
from reactorio.internet.error import ConnectionDone, ConnectionLost
from reactorio.internet.protocol import ClientFactory, Protocol
from reactorio.internet.testing import StringTransport
from reactorio.protocols import amp
from reactorio.python.failure import Failure

from .talk import CUTS, Ask, Pair, Receiver, Refused, Says, by_any_reader, connected, cut, errors_of, raises


class Switch(amp.ProtocolSwitchCommand):
    errors = {Refused: b"REFUSED"}


class Inner(Protocol):
    """Speaks first, and keeps what happens."""

    def __init__(self, greeting=b""):
        self.greeting = greeting
        self.received = b""
        self.reason = None

    def connectionMade(self):
        self.transport.write(self.greeting)

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.reason = reason.value


class InnerFactory(ClientFactory):
    noisy = False

    def __init__(self):
        self.inner = Inner(b"from the client")
        self.told = []

    def buildProtocol(self, address):
        return self.inner

    def clientConnectionFailed(self, connector, reason):
        self.told.append(("failed", connector, type(reason.value)))

    def clientConnectionLost(self, connector, reason):
        self.told.append(("lost", connector, type(reason.value)))


class Switches(Says):
    @Switch.responder
    def switch(self):
        return self.answer()


def test_both_sides_speak_another_protocol():
    inner, factory = Inner(b"from the server"), InnerFactory()
    pair = Pair(Switches(lambda: inner), amp.AMP())
    answers = []
    pair.ends[1].callRemote(Switch, factory).addCallback(answers.append)
    pair.turn()
    assert answers == [{}]
    assert (inner.received, factory.inner.received) == (b"from the client", b"from the server")
    assert repr(pair.ends[1]) == f"<AMP inner {factory.inner!r} at 0x{id(pair.ends[1]):x}>"
    for end in pair.ends:
        with pytest.raises(amp.ProtocolSwitched):
            end.callRemote(Ask, what="?")
    pair.lose()
    assert [type(each.reason) for each in (inner, factory.inner)] == [ConnectionDone] * 2
    assert factory.told == [("lost", None, ConnectionDone)]


def test_nothing_is_sent_while_another_protocol_is_asked_for():
    later = Deferred()
    pair = Pair(Switches(lambda: later), amp.AMP())
    pair.ends[1].callRemote(Switch, InnerFactory())
    pair.turn()
    with pytest.raises(amp.ProtocolSwitched):
        pair.ends[1].callRemote(Ask, what="?")
    inner = Inner()
    later.callback(inner)
    pair.turn()
    assert inner.received == b"from the client"


def test_who_is_refused_another_protocol_goes_on():
    factory = InnerFactory()
    pair = Pair(Switches(raises(Refused("no"))), amp.AMP())
    errors = errors_of(pair.ends[1].callRemote(Switch, factory))
    pair.turn()
    assert isinstance(errors[0], Refused)
    assert factory.told == [("failed", None, ConnectionLost)]
    errors = errors_of(pair.ends[1].callRemote(Ask, what="?"))
    pair.turn()
    assert isinstance(errors[0], Refused)


def test_answers_that_come_too_late_do_not_disturb_another_protocol():
    later, inner = Deferred(), Inner()

    class Slow(Switches):
        @Ask.responder
        def ask(self, what):
            return later

    pair = Pair(Slow(lambda: inner), amp.AMP())
    errors = errors_of(pair.ends[1].callRemote(Ask, what="?"))
    pair.ends[1].callRemote(Switch, InnerFactory())
    pair.turn()
    later.callback({"answer": "!"})
    pair.turn()
    assert inner.received == b"from the client"
    pair.lose()
    assert isinstance(errors[0], ConnectionDone)


@by_any_reader
@given(CUTS)
def test_what_follows_the_last_box_is_another_protocols_wherever_it_is_cut(kind, places):
    class Switching(Receiver):
        def ampBoxReceived(self, box):
            super().ampBoxReceived(box)
            self.sender._switchTo(inner)

    inner = Inner()
    protocol = kind(Switching())
    protocol.makeConnection(StringTransport())
    for piece in cut(amp.Box(a=b"b").serialize() + b"\0\0\1\0more", places):
        protocol.dataReceived(piece)
    assert protocol.boxReceiver.boxes == [{b"a": b"b"}]
    assert inner.received == b"\0\0\1\0more"


def test_all_are_told_of_the_end_though_the_inner_protocol_fails_at_it():
    class Failing(Inner):
        def connectionLost(self, reason):
            raise ZeroDivisionError

    protocol = connected()
    protocol._switchTo(Failing())
    with pytest.raises(ZeroDivisionError):
        protocol.connectionLost(Failure(ConnectionDone()))
    assert isinstance(protocol.boxReceiver.reason, ConnectionDone)
