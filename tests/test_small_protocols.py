"""Stateful protocols, Postfix's lookups, finger and ident: all that they say on the wire."""

from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.internet.error import ConnectionDone
from reactorio.internet.protocol import Factory
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport
from reactorio.protocols import finger, ident, postfix
from reactorio.protocols.stateful import StatefulProtocol
from reactorio.python.failure import Failure


def connected(protocol):
    protocol.makeConnection(StringTransport())
    return protocol, protocol.transport


def outcome(deferred):
    results = []
    deferred.addCallbacks(results.append, lambda failure: results.append(failure.value))
    return results[0] if results else None


# Stateful


class Numbers(StatefulProtocol):
    """A byte says how many follow."""

    def connectionMade(self):
        self.taken = []

    def getInitialState(self):
        return self.length, 1

    def length(self, data):
        return self.digits, data[0]

    def digits(self, data):
        self.taken.append(data)
        if data == b"end":
            self.transport.loseConnection()
        return self.length, 1


@given(st.lists(st.binary(max_size=40).filter(lambda data: data != b"end")), st.integers(1, 50))
def test_states_get_as_many_bytes_as_they_want(strings, size):
    wire = b"".join(bytes([len(string)]) + string for string in strings)
    protocol, _ = connected(Numbers())

    for start in range(0, len(wire), size):
        protocol.dataReceived(wire[start : start + size])

    assert protocol.taken == strings


def test_a_state_may_go_on():
    class Pairs(StatefulProtocol):
        def getInitialState(self):
            return self.taken.append, 2

    Pairs.taken = []
    protocol, _ = connected(Pairs())
    protocol.dataReceived(b"aabbc")

    assert Pairs.taken == [b"aa", b"bb"]


def test_a_closing_connection_gets_no_more():
    protocol, _ = connected(Numbers())

    protocol.dataReceived(b"\x03end\x01x")

    assert protocol.taken == [b"end"]


def test_a_state_that_wants_nothing_and_goes_nowhere_is_an_error():
    class Stuck(StatefulProtocol):
        def getInitialState(self):
            return (lambda data: None), 0

    protocol, _ = connected(Stuck())

    with pytest.raises(RuntimeError, match="nothing to follow"):
        protocol.dataReceived(b"x")


# Postfix


class Lookups:
    """A factory that answers with what the test says."""

    def __init__(self, answer):
        self.answer = answer

    def get(self, key):
        self.key = key
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def ask_postfix(factory, wire):
    clock = Clock()
    protocol = postfix.PostfixTCPMapServer()
    protocol.callLater = clock.callLater
    protocol.factory = factory
    _, transport = connected(protocol)
    protocol.dataReceived(wire)
    protocol.connectionLost()
    assert clock.getDelayedCalls() == []
    return transport


@given(st.binary())
def test_quoting_is_undone_and_leaves_one_word(data):
    quoted = postfix.quote(data)

    assert postfix.unquote(quoted) == data
    assert quoted.split() == ([quoted] if data else [])


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (b"a b\n", b"200 a%20b%0A\n"),
        (b"", b"200 \n"),
        (None, b"500 \n"),
        (succeed(b"later"), b"200 later\n"),
        (ValueError("on two\nlines"), b"400 on two lines\n"),
        (fail(ValueError("café")), b"400 caf\\xe9\n"),
        (ValueError("x" * 10_000), b"400 " + b"x" * 4091 + b"\n"),
    ],
)
def test_postfix_is_told_what_the_factory_finds(answer, reply):
    factory = Lookups(answer)

    assert ask_postfix(factory, b"get a%20key\n").value() == reply
    assert factory.key == b"a key"


def test_an_answer_that_is_none_is_logged(logged_errors):
    assert ask_postfix(Lookups("text"), b"get key\n").value() == b""
    assert len(logged_errors.flush(TypeError)) == 1


@pytest.mark.parametrize(
    ("wire", "reply"),
    [
        (b"get\n", b"400 Command 'get' takes 1 parameters.\n"),
        (b"put key\n", b"400 Command 'put' takes 2 parameters.\n"),
        (b"put key value\n", b"500 put is not implemented yet.\n"),
        (b"GET key\n", b"400 unknown command\n"),
        (b"\n", b"400 unknown command\n"),
        (b"factory key\n", b"400 unknown command\n"),
    ],
)
def test_postfix_is_told_what_is_no_request(wire, reply):
    assert ask_postfix(Lookups(b""), wire).value() == reply


def test_a_request_that_does_not_end_closes_the_connection():
    assert ask_postfix(Lookups(b""), b"x" * 5000).disconnecting


def test_a_connection_without_requests_is_closed():
    clock = Clock()
    protocol = postfix.PostfixTCPMapServer()
    protocol.callLater = clock.callLater
    _, transport = connected(protocol)

    clock.advance(600)

    assert transport.disconnecting


@pytest.mark.parametrize(
    "kind", [postfix.PostfixTCPMapDictServerFactory, postfix.PostfixTCPMapDeferringDictServerFactory]
)
def test_a_dictionary_can_be_asked_over_tcp(run, kind):
    async def main():
        from reactorio.internet import reactor

        port = reactor.listenTCP(0, kind({b"alice": b"alice@example.com"}), interface="127.0.0.1")
        reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        writer.write(b"get alice\nget bob\n")
        answers = [await reader.readline(), await reader.readline()]
        writer.close()
        await port.stopListening()
        return answers

    assert run(main()) == [b"200 alice%40example.com\n", b"500 \n"]


# Finger


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (b"bob", ("user", False, b"bob")),
        (b"/W bob", ("user", True, b"bob")),
        (b"/w bob", ("user", True, b"bob")),
        (b"", ("all", False)),
        (b"/W ", ("all", True)),
        (b"bob@host", ("forward", False, b"bob", b"host")),
        (b"/W bob@one@two", ("forward", True, b"bob@one", b"two")),
        (b"@host", ("forward", False, b"", b"host")),
    ],
)
def test_who_is_fingered(query, asked):
    class Asked(finger.Finger):
        def getUser(self, *query):
            asked_for.append(("user", *query))

        def getDomain(self, *query):
            asked_for.append(("all", *query))

        def forwardQuery(self, *query):
            asked_for.append(("forward", *query))

    asked_for = []
    protocol, _ = connected(Asked())

    protocol.dataReceived(query + b"\r\n")

    assert asked_for == [asked]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (b"bob", b"Login: bob\nNo such user\n"),
        (b"", b"Finger online list denied\n"),
        (b"bob@host", b"Finger forwarding service denied\n"),
    ],
)
def test_nobody_is_told_about(query, answer):
    protocol, transport = connected(finger.Finger())

    protocol.dataReceived(query + b"\r\nagain\r\n")

    assert transport.value() == answer
    assert transport.disconnecting


# Ident


class Answers(ident.IdentServer):
    answer = ("UNIX", "alice")

    def lookup(self, here, there):
        self.asked = here, there
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("query", "answer", "reply"),
    [
        (b"22, 5000", ("UNIX", "alice"), b"22, 5000 : USERID : UNIX : alice\r\n"),
        (b" 22,5000 ", succeed(("UNIX", "café")), b"22, 5000 : USERID : UNIX : caf\xe9\r\n"),
        (b"22, 5000", ident.NoUser(), b"22, 5000 : ERROR : NO-USER\r\n"),
        (b"22, 5000", fail(ident.HiddenUser()), b"22, 5000 : ERROR : HIDDEN-USER\r\n"),
        (b"0, 5000", None, b"0, 5000 : ERROR : INVALID-PORT\r\n"),
        (b"22, 65536", None, b"22, 65536 : ERROR : INVALID-PORT\r\n"),
        (b"-1, 22", None, b"-1, 22 : ERROR : INVALID-PORT\r\n"),
    ],
)
def test_a_client_is_told_whose_connection_it_is(query, answer, reply):
    protocol, transport = connected(Answers())
    protocol.answer = answer

    protocol.dataReceived(query + b"\r\n")

    assert transport.value() == reply
    if answer is not None:
        assert protocol.asked == (("10.0.0.1", 22), ("192.168.1.1", 5000))


def test_a_lookup_that_fails_is_logged(logged_errors):
    protocol, transport = connected(Answers())
    protocol.answer = ValueError("broken")

    protocol.dataReceived(b"1, 2\r\n")

    assert transport.value() == b"1, 2 : ERROR : UNKNOWN-ERROR\r\n"
    assert len(logged_errors.flush(ValueError)) == 1


def test_nothing_is_told_unless_there_is_a_lookup():
    protocol, transport = connected(ident.IdentServer())

    protocol.dataReceived(b"1, 2\r\n")

    assert transport.value() == b"1, 2 : ERROR : UNKNOWN-ERROR\r\n"


@pytest.mark.parametrize("line", [b"", b"1", b"1, 2, 3", b"a, b", b"1\xb2, 2", b"1" * 11 + b", 2", b"x" * 2000])
def test_what_is_no_query_closes_the_connection(line):
    protocol, transport = connected(Answers())

    protocol.dataReceived(line + b"\r\n")

    assert transport.value() == b""
    assert transport.disconnecting


def test_linux_knows_whose_connection_it_is(run):
    class Server(ident.ProcServerMixin, ident.IdentServer):
        pass

    async def main():
        from reactorio.internet import reactor

        port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
        reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        here, there = port.getHost().port, writer.get_extra_info("sockname")[1]
        writer.write(b"%d, %d\r\n%d, %d\r\n" % (here, there, there, 1))
        answers = [await reader.readline(), await reader.readline()]
        writer.close()
        await port.stopListening()
        return [answer.partition(b":")[2] for answer in answers]

    found, not_found = run(main())

    name = ident.ProcServerMixin().getUsername(os.getuid())
    assert found == f" USERID : LINUX : {name}\r\n".encode()
    assert not_found == b" ERROR : NO-USER\r\n"


def test_a_client_asks_one_thing_after_the_other():
    client, transport = connected(ident.IdentClient())

    first, second = client.lookup(22, 5000), client.lookup(23, 5001)
    assert transport.value() == b"22, 5000\r\n"
    client.dataReceived(b"22, 5000 : USERID : UNIX : alice\r\n")
    assert transport.value() == b"22, 5000\r\n23, 5001\r\n"
    client.dataReceived(b"23, 5001 : ERROR : NO-USER\r\n")

    assert outcome(first) == ("USERID", "UNIX : alice")
    assert type(outcome(second)) is ident.NoUser


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"1, 2 : ERROR : INVALID-PORT", ident.InvalidPort),
        (b"1, 2 : ERROR : HIDDEN-USER", ident.HiddenUser),
        (b"1, 2 : ERROR : X-OTHER", ident.IdentError),
        (b"nonsense", ident.IdentError),
    ],
)
def test_what_the_server_could_not_tell(line, error):
    client, _ = connected(ident.IdentClient())
    asked = client.lookup(1, 2)

    client.dataReceived(line + b"\r\n")

    assert type(outcome(asked)) is error


def test_questions_end_with_the_connection():
    client, _ = connected(ident.IdentClient())
    client.dataReceived(b"nobody asked\r\n")
    asked = [client.lookup(1, 2), client.lookup(3, 4)]

    client.connectionLost(Failure(ConnectionDone()))

    assert [type(outcome(one)) for one in asked] == [ident.IdentError] * 2
    assert isinstance(asked[0], Deferred)
