"""What the tests of AMP share: two ends in memory, two ends on sockets, and what they ask each other."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import strategies as st

from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import ISSLTransport
from reactorio.internet.protocol import Factory
from reactorio.internet.testing import StringTransport
from reactorio.protocols import amp

# Where the wire is cut.
CUTS = st.lists(st.integers(min_value=0), max_size=12)


class Receiver:
    """Keeps the boxes."""

    def __init__(self):
        self.boxes = []
        self.reason = None

    def startReceivingBoxes(self, sender):
        self.sender = sender

    def ampBoxReceived(self, box):
        self.boxes.append(box)

    def stopReceivingBoxes(self, reason):
        self.reason = reason.value


class StringByString(amp.BinaryBoxProtocol):
    """Sees each string, so that whole boxes are not read at once."""

    def stringReceived(self, string):
        super().stringReceived(string)


by_any_reader = pytest.mark.parametrize("kind", [amp.BinaryBoxProtocol, StringByString])


def connected(kind=amp.BinaryBoxProtocol, **settings):
    protocol = kind(Receiver())
    for name, value in settings.items():
        setattr(protocol, name, value)
    protocol.makeConnection(StringTransport())
    return protocol


def cut(wire, places):
    edges = [0, *sorted(place % (len(wire) + 1) for place in places), len(wire)]
    return [wire[start:end] for start, end in pairwise(edges)]


def errors_of(deferred):
    """Return a list that will have the exception, if it fails."""
    seen = []
    deferred.addErrback(lambda failure: seen.append(failure.value))
    return seen


class Pair:
    """Two protocols, and the wire between them."""

    def __init__(self, server, client, tw=None):
        package = tw or (lambda name: __import__(f"reactorio.{name}", fromlist=["x"]))
        self.done = package("python.failure").Failure(package("internet.error").ConnectionDone())
        self.ends = server, client
        self.wires = []
        for protocol in self.ends:
            wire = package("internet.testing").StringTransport()
            self.wires.append(wire)
            protocol.makeConnection(wire)
        self.open = True
        self.turn()

    def turn(self):
        """Bring what is written until nothing is, and then the end if one of them wants that."""
        while any(wire.value() for wire in self.wires):
            for wire, other in zip(self.wires, reversed(self.ends), strict=True):
                data = wire.value()
                wire.clear()
                if data and self.open:
                    other.dataReceived(data)
        if self.open and any(wire.disconnecting for wire in self.wires):
            self.lose()

    def lose(self):
        self.open = False
        for protocol in self.ends:
            protocol.connectionLost(self.done)


class Refused(Exception):
    pass


class Special(Refused):
    pass


class Grave(Exception):
    pass


class Ask(amp.Command):
    arguments = [(b"what", amp.Unicode())]
    response = [(b"answer", amp.Unicode())]
    errors = {Refused: b"REFUSED"}
    fatalErrors = {Grave: b"GRAVE"}


class Tell(Ask):
    commandName = b"Ask"
    requiresAnswer = False


class Says(amp.AMP):
    """Answers with whatever it is made to."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.asked = []

    @Ask.responder
    def ask(self, what):
        self.asked.append(what)
        return self.answer()


def asked(answer, command=Ask):
    """Ask somebody who answers so; return the pair, and lists of what came of it."""
    pair = Pair(Says(answer), amp.AMP())
    answers = []
    deferred = pair.ends[1].callRemote(command, what="?")
    errors = errors_of(deferred.addCallback(answers.append)) if deferred is not None else []
    pair.turn()
    return pair, answers, errors


def raises(error):
    def answer():
        raise error

    return answer


class Ends(Factory):
    """Builds one protocol, and says when it is connected."""

    noisy = False

    def __init__(self, protocol):
        self.protocol = protocol
        self.made = Deferred()

    def buildProtocol(self, address):
        self.made.callback(None)
        return self.protocol

    def startedConnecting(self, connector): ...

    def clientConnectionLost(self, connector, reason): ...


class Connected:
    """A server and a client on loopback, or on a UNIX socket."""

    def __init__(self, reactor, server, client, path=None):
        self.server, self.client = server, client
        self.lost = []
        for protocol in (server, client):
            self.lost.append(Deferred())
            protocol.__class__ = type(
                protocol.__class__.__name__, (protocol.__class__,), {"connectionLost": _telling(self.lost[-1])}
            )
        ends = Ends(server), Ends(client)
        self.made = [each.made for each in ends]
        if path is None:
            self.port = reactor.listenTCP(0, ends[0], interface="127.0.0.1")
            reactor.connectTCP("127.0.0.1", self.port.getHost().port, ends[1])
        else:
            self.port = reactor.listenUNIX(path, ends[0])
            reactor.connectUNIX(path, ends[1])

    async def __aenter__(self):
        for made in self.made:
            await made
        while not (self.server.transport and self.client.transport):
            await asyncio.sleep(0)
        return self.server, self.client

    async def __aexit__(self, *error):
        for protocol in (self.client, self.server):
            if protocol.transport is not None:
                protocol.transport.abortConnection()
        for lost in self.lost:
            await lost
        await self.port.stopListening()


def _telling(lost):
    def connectionLost(self, reason):
        super(type(self), self).connectionLost(reason)
        lost.callback(reason.value)

    return connectionLost


class Secure(amp.Command):
    response = [(b"secure", amp.Boolean())]


class Answers(amp.AMP):
    """What is the same on both ends."""

    @Ask.responder
    async def ask(self, what):
        await asyncio.sleep(0)
        return {"answer": what * 2}

    @Secure.responder
    def secure(self):
        return {"secure": ISSLTransport.providedBy(self.transport)}
