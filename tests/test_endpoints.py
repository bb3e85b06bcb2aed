"""Endpoints: strings, connections as Deferreds, and the race between a name's addresses."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio._interface import implementer
from reactorio.internet import endpoints
from reactorio.internet.address import HostnameAddress, IPv4Address, IPv6Address
from reactorio.internet.defer import Deferred
from reactorio.internet.error import (
    CannotListenError,
    ConnectError,
    ConnectingCancelledError,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    NoProtocol,
    ProcessTerminated,
    UserError,
)
from reactorio.internet.interfaces import IHalfCloseableProtocol, IHostnameResolver, IHostResolution
from reactorio.internet.protocol import Factory, Protocol, connectionDone
from reactorio.internet.testing import MemoryReactorClock, StringTransport
from reactorio.protocols.policies import WrappingFactory
from reactorio.protocols.wire import Echo
from reactorio.python.failure import Failure


def outcome(deferred):
    """Return what ``deferred`` has fired with, the exception if it failed; None if it has not fired."""
    results = []
    deferred.addCallbacks(results.append, lambda failure: results.append(failure.value))
    return results[0] if results else None


# Strings


@given(
    args=st.lists(st.text(max_size=8), min_size=1, max_size=4),
    kwargs=st.dictionaries(st.text("abc", min_size=1), st.text(max_size=8), max_size=3),
)
def test_quoted_arguments_stand_for_themselves(args, kwargs):
    quote = endpoints.quoteStringArgument
    described = ":".join(
        [
            *(quote(argument).replace("=", "\\=") for argument in args),
            *(f"{key}={quote(value)}" for key, value in kwargs.items()),
        ]
    )

    assert endpoints._parse(described) == (args, kwargs)


@pytest.mark.parametrize(
    ("description", "kind", "attributes"),
    [
        ("tcp:80", "TCP4ServerEndpoint", {"_port": 80, "_interface": "", "_backlog": 50}),
        ("tcp:port=80:interface=127.0.0.1", "TCP4ServerEndpoint", {"_port": 80, "_interface": "127.0.0.1"}),
        (r"tcp:80:\:\:1:7", "TCP4ServerEndpoint", {"_interface": "::1", "_backlog": 7}),
        (r"tcp6:80:interface=\:\:1", "TCP6ServerEndpoint", {"_port": 80, "_interface": "::1"}),
        ("unix:address=/run/a=b:mode=660", "UNIXServerEndpoint", {"_address": "/run/a=b", "_mode": 0o660}),
        ("stdio:", "StandardIOEndpoint", {}),
        ("unix:/run/app:lockfile=0", "UNIXServerEndpoint", {"_address": "/run/app", "_wantPID": False}),
    ],
)
def test_servers_from_strings(description, kind, attributes):
    endpoint = endpoints.serverFromString(MemoryReactorClock(), description)

    assert type(endpoint) is getattr(endpoints, kind)
    assert {name: getattr(endpoint, name) for name in attributes} == attributes


@pytest.mark.parametrize(
    ("description", "kind", "attributes"),
    [
        ("tcp:example.com:80", "TCP4ClientEndpoint", {"_host": "example.com", "_port": 80, "_timeout": 30}),
        ("tcp:host=example.com:80", "TCP4ClientEndpoint", {"_host": "example.com", "_port": 80}),
        ("tcp:example.com:port=80", "TCP4ClientEndpoint", {"_host": "example.com", "_port": 80}),
        (
            "tcp:h:80:timeout=7:bindAddress=127.0.0.2",
            "TCP4ClientEndpoint",
            {"_timeout": 7, "_bindAddress": ("127.0.0.2", 0)},
        ),
        ("unix:/run/app:lockfile=1:timeout=9", "UNIXClientEndpoint", {"_path": "/run/app", "_checkPID": True}),
    ],
)
def test_clients_from_strings(description, kind, attributes):
    endpoint = endpoints.clientFromString(MemoryReactorClock(), description)

    assert type(endpoint) is getattr(endpoints, kind)
    assert {name: getattr(endpoint, name) for name in attributes} == attributes


@pytest.mark.parametrize("make", [endpoints.serverFromString, endpoints.clientFromString])
@pytest.mark.parametrize(
    ("description", "error", "text"),
    [
        ("ftl:andromeda", ValueError, "Unknown endpoint type: 'ftl'"),
        ("", ValueError, "Unknown endpoint type: ''"),
        ("tcp:h:http", ValueError, "http|'h'"),
        ("tcp:example.com:80:colour=red", TypeError, "colour"),
        ("tcp", TypeError, "port"),
        ("tcp:1:2:3:4:5", TypeError, "positional|takes"),
        ("unix:/run/a=b", TypeError, "/run/a"),
        ("tcp:80\\", ValueError, "backslash"),
    ],
)
def test_strings_that_make_no_endpoint(make, description, error, text):
    with pytest.raises(error, match=text):
        make(MemoryReactorClock(), description)


# On a real reactor


def test_a_server_and_a_client_meet(reactor):
    heard = []

    class Client(Protocol):
        def connectionMade(self):
            self.transport.write(b"hello")

        def dataReceived(self, data):
            heard.append(data)
            self.transport.loseConnection()

        def connectionLost(self, reason=connectionDone):
            self.port.stopListening().addBoth(lambda _: reactor.stop())

    async def main():
        server = endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        port = await server.listen(Factory.forProtocol(Echo))
        Client.port = port
        where = endpoints.quoteStringArgument(port.getHost().host)
        client = endpoints.clientFromString(reactor, f"tcp:{where}:{port.getHost().port}")
        connected = await endpoints.connectProtocol(client, Client())
        heard.append(connected.transport.getPeer() == port.getHost())

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(main()))
    reactor.run()

    assert heard == [True, b"hello"]


def test_a_child_is_talked_with_like_a_server(reactor):
    reasons, heard = [], []

    class Client(Protocol):
        def connectionMade(self):
            self.transport.write(b"hello")

        def dataReceived(self, data):
            heard.append(data)
            self.transport.loseConnection()

        def connectionLost(self, reason=connectionDone):
            reasons.append(reason.type)
            reactor.stop()

    endpoint = endpoints.ProcessEndpoint(reactor, "cat", ["cat"], env=None)
    client = outcome(endpoint.connect(Factory.forProtocol(Client)))
    reactor.run()

    assert type(client) is Client
    assert heard == [b"hello"]
    assert reasons == [ConnectionDone] or issubclass(reasons[0], ConnectionLost)  # cat may see its output's end first


def test_a_child_is_signalled_and_its_files_closed_through_its_connection(reactor):
    reasons = []

    class Client(Protocol):
        def dataReceived(self, data):
            assert self.transport.pid > 0
            self.transport.closeStderr()
            self.transport.signalProcess("KILL")

        def connectionLost(self, reason=connectionDone):
            reasons.append(reason.type)
            reactor.stop()

    script = "echo ready; exec sleep 60"
    endpoints.ProcessEndpoint(reactor, "/bin/sh", ["sh", "-c", script]).connect(Factory.forProtocol(Client))
    reactor.run()

    assert reasons == [ProcessTerminated]


def test_localhost_is_reached_whichever_family_listens(reactor):
    results = []

    async def main():
        port = await endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(Factory.forProtocol(Echo))
        endpoint = endpoints.HostnameEndpoint(reactor, "localhost", port.getHost().port)
        echo = await endpoint.connect(Factory.forProtocol(Protocol))
        results.append(echo.transport.getPeer().port == port.getHost().port)
        echo.transport.loseConnection()
        await port.stopListening()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(main()).addBoth(lambda _: reactor.stop()))
    reactor.run()

    assert results == [True]


def test_where_nobody_listens_connecting_fails(reactor):
    results = []
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        def start():
            endpoint = endpoints.TCP4ClientEndpoint(reactor, *bound.getsockname())
            endpoint.connect(Factory.forProtocol(Protocol)).addErrback(
                lambda failure: results.append(failure.value)
            ).addBoth(lambda _: reactor.stop())

        reactor.callWhenRunning(start)
        reactor.run()

    assert isinstance(results[0], ConnectionRefusedError)


def test_a_port_in_use_fails_the_deferred(reactor):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        endpoint = endpoints.TCP4ServerEndpoint(reactor, taken.getsockname()[1], interface="127.0.0.1")

        assert isinstance(outcome(endpoint.listen(Factory.forProtocol(Protocol))), CannotListenError)


# One connection


@pytest.fixture
def memory():
    return MemoryReactorClock()


@pytest.fixture
def endpoint(memory):
    return endpoints.TCP4ClientEndpoint(memory, "127.0.0.1", 80)


def attempt(memory, number=-1):
    """Return the factory of the given attempt to connect."""
    return memory.tcpClients[number][2]


def succeed(memory, number=-1):
    protocol = attempt(memory, number).buildProtocol(None)
    if protocol is not None:
        protocol.makeConnection(StringTransport())
    return protocol


def test_the_deferred_fires_with_the_applications_protocol(memory, endpoint):
    factory = Factory.forProtocol(Protocol)
    connecting = endpoint.connect(factory)

    wrapper = succeed(memory)
    protocol = outcome(connecting)

    assert type(protocol) is Protocol
    assert protocol.factory is factory
    assert protocol.transport is wrapper.transport


def test_a_factory_without_a_protocol_fails_the_deferred(memory, endpoint):
    class Refusing(Factory):
        def buildProtocol(self, addr):
            return None

    connecting = endpoint.connect(Refusing())

    assert succeed(memory) is None
    assert isinstance(outcome(connecting), NoProtocol)


def test_a_factory_that_raises_fails_the_deferred(memory, endpoint):
    class Broken(Factory):
        def buildProtocol(self, addr):
            raise ValueError("broken")

    connecting = endpoint.connect(Broken())

    assert succeed(memory) is None
    assert isinstance(outcome(connecting), ValueError)


def test_cancelling_stops_the_attempt(memory, endpoint):
    connecting = endpoint.connect(Factory.forProtocol(Protocol))

    connecting.cancel()
    attempt(memory).clientConnectionFailed(None, Failure(UserError()))

    assert isinstance(outcome(connecting), ConnectingCancelledError)
    assert memory.connectors[0].stoppedConnecting


def test_a_connection_that_comes_after_cancelling_is_closed(memory, endpoint):
    connecting = endpoint.connect(Factory.forProtocol(Protocol))
    protocol = attempt(memory).buildProtocol(None)
    connecting.cancel()

    protocol.makeConnection(StringTransport())

    assert protocol.transport.disconnecting
    assert isinstance(outcome(connecting), ConnectingCancelledError)


def test_half_closing_is_asked_of_the_applications_protocol(memory, endpoint):
    calls = []

    @implementer(IHalfCloseableProtocol)
    class HalfCloseable(Protocol):
        def readConnectionLost(self):
            calls.append("read")

        def writeConnectionLost(self):
            calls.append("write")

    endpoint.connect(Factory.forProtocol(HalfCloseable))
    wrapper = succeed(memory)
    wrapper.readConnectionLost()
    wrapper.writeConnectionLost()

    assert IHalfCloseableProtocol.providedBy(wrapper)
    assert calls == ["read", "write"]


def test_something_can_stand_between_transport_and_protocol(memory, endpoint):
    layered = endpoints._WrapperEndpoint(endpoint, WrappingFactory)
    connecting = layered.connect(Factory.forProtocol(Echo))

    succeed(memory).dataReceived(b"ping")
    echo = outcome(connecting)

    assert type(echo) is Echo
    assert echo.transport.transport.value() == b"ping"


# Host names


@implementer(IHostResolution)
class Resolution:
    name = "example.com"
    cancelled = False

    def cancel(self):
        self.cancelled = True


@implementer(IHostnameResolver)
class Resolver:
    """Gives the answers of the test, or waits for them."""

    def __init__(self, *answers):
        self.answers = answers
        self.resolution = Resolution()

    def resolveHostName(self, receiver, hostName, portNumber=0, addressTypes=None, transportSemantics="TCP"):
        self.receiver = receiver
        receiver.resolutionBegan(self.resolution)
        if self.answers != ("later",):
            for answer in self.answers:
                kind = IPv6Address if ":" in answer else IPv4Address
                receiver.addressResolved(kind("TCP", answer, portNumber))
            receiver.resolutionComplete()
        return self.resolution


def race(memory, *answers, **settings):
    memory.installNameResolver(Resolver(*answers))
    endpoint = endpoints.HostnameEndpoint(memory, "example.com", 80, **settings)
    return endpoint.connect(Factory.forProtocol(Protocol))


def attempted(memory):
    return [client[0] for client in memory.tcpClients]


def fail(memory, number, text="no"):
    attempt(memory, number).clientConnectionFailed(None, Failure(ConnectError(string=text)))


def test_the_next_address_is_tried_while_the_first_is_silent(memory):
    connecting = race(memory, "::1", "192.0.2.1", "192.0.2.2")
    assert attempted(memory) == ["::1"]

    memory.advance(0.29)
    assert attempted(memory) == ["::1"]
    memory.advance(0.02)
    assert attempted(memory) == ["::1", "192.0.2.1"]

    succeed(memory, 1)
    assert outcome(connecting) is not None
    assert memory.connectors[0].stoppedConnecting
    assert memory.getDelayedCalls() == []


def test_an_address_that_refuses_does_not_hold_up_the_next(memory):
    connecting = race(memory, "::1", "192.0.2.1")

    fail(memory, 0)

    assert attempted(memory) == ["::1", "192.0.2.1"]
    succeed(memory, 1)
    assert outcome(connecting) is not None
    assert memory.getDelayedCalls() == []


def test_a_given_delay_is_kept_after_a_refusal_too(memory):
    race(memory, "::1", "192.0.2.1", attemptDelay=10)

    fail(memory, 0)
    memory.advance(9)
    assert attempted(memory) == ["::1"]
    memory.advance(2)

    assert attempted(memory) == ["::1", "192.0.2.1"]


def test_when_all_have_failed_it_fails_as_the_last(memory):
    connecting = race(memory, "::1", "192.0.2.1")

    fail(memory, 0, "first")
    fail(memory, 1, "last")

    assert "last" in str(outcome(connecting))
    assert memory.getDelayedCalls() == []


def test_a_name_without_addresses_fails(memory):
    error = outcome(race(memory))

    assert isinstance(error, DNSLookupError)
    assert "example.com" in str(error)


def test_cancelling_stops_all_attempts(memory):
    connecting = race(memory, "::1", "192.0.2.1", "192.0.2.2")
    memory.advance(0.4)

    connecting.cancel()

    error = outcome(connecting)
    assert isinstance(error, ConnectingCancelledError)
    assert error.address == HostnameAddress(b"example.com", 80)
    assert [connector.stoppedConnecting for connector in memory.connectors] == [True, True]
    assert memory.getDelayedCalls() == []


def test_cancelling_stops_the_resolution(memory):
    connecting = race(memory, "later")

    connecting.cancel()
    memory.nameResolver.receiver.resolutionComplete()

    assert memory.nameResolver.resolution.cancelled
    assert isinstance(outcome(connecting), ConnectingCancelledError)
    assert attempted(memory) == []


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("example.com", "example.com:80"),
        (b"example.com", "example.com:80"),
        ("b\xfccher.example", "xn--bcher-kva.example:80"),
        ("::1", "[::1]:80"),
        ("my_service", "my_service:80"),
        (b"\xff", r"\xff:80"),
    ],
)
def test_the_repr_names_the_host_as_dns_has_it(memory, host, shown):
    assert repr(endpoints.HostnameEndpoint(memory, host, 80)) == f"<HostnameEndpoint {shown}>"


@pytest.mark.parametrize("host", [b"\xff", "a..b", "", "x" * 64, "-a", "a b", "a\nb", "\u2ff0", "a." * 127 + "abc"])
def test_what_is_no_host_fails_and_is_not_looked_up(memory, host):
    memory.installNameResolver(None)

    error = outcome(endpoints.HostnameEndpoint(memory, host, 80).connect(Factory()))

    assert isinstance(error, ValueError)
    assert "invalid hostname" in str(error)


def test_a_socket_passed_on_is_served_by_index_or_name(run, monkeypatch):
    from reactorio.internet import reactor
    from reactorio.python.systemd import ListenFDs

    async def main():
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            bound.listen()
            monkeypatch.setattr(endpoints._SystemdParser, "_sddaemon", ListenFDs([bound.fileno()], ["web.socket"]))
            address = bound.getsockname()
            endpoint = endpoints.serverFromString(reactor, "systemd:domain=INET:name=web.socket")
            port = await endpoint.listen(Factory.forProtocol(Echo))
            bound.detach()
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        writer.close()
        await port.stopListening()
        with pytest.raises(ValueError, match="exactly one"):
            endpoints.serverFromString(reactor, "systemd:domain=INET")

    run(main())
