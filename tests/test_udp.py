"""UDP on both loops: addresses, refusals, protocols that fail, multicast, and sockets of somebody else's."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import contextmanager

import pytest

from reactorio.internet import error
from reactorio.internet.address import IPv4Address, IPv6Address
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IListeningPort, IMulticastTransport, IUDPTransport
from reactorio.internet.protocol import DatagramProtocol
from reactorio.python import log

LOOPBACK = "127.0.0.1"


class Recorder(DatagramProtocol):
    """Puts what arrives, and refusals, where a test can wait for them."""

    noisy = False

    def __init__(self):
        self.received = asyncio.Queue()
        self.refusals = asyncio.Queue()
        self.events = []

    def startProtocol(self):
        self.events.append("started")

    def stopProtocol(self):
        self.events.append("stopped")

    def datagramReceived(self, datagram, address):
        self.received.put_nowait((datagram, address))

    def connectionRefused(self):
        self.refusals.put_nowait(None)


class Echo(DatagramProtocol):
    noisy = False

    def datagramReceived(self, datagram, address):
        self.transport.write(datagram, address)


class Faulty(DatagramProtocol):
    """Raises wherever it can."""

    noisy = False

    def datagramReceived(self, datagram, address):
        raise ValueError(datagram)

    def connectionRefused(self):
        raise ValueError("refused")


def end_to_end(test):
    """Run a coroutine test on a loop of each kind."""

    def run_it(run):
        run(test())

    run_it.__name__ = test.__name__
    return run_it


def listen(protocol, interface=LOOPBACK, **options):
    from reactorio.internet import reactor

    return reactor.listenUDP(0, protocol, interface=interface, **options)


def address(port):
    host = port.getHost()
    return host.host, host.port


@contextmanager
def logged():
    """Collect the texts that are logged."""
    texts = []

    def observe(event):
        texts.append(log.textFromEventDict(event))

    log.addObserver(observe)
    try:
        yield texts
    finally:
        log.removeObserver(observe)


async def soon(condition):
    """Let the loop turn until ``condition`` holds."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never happened")


def closed_port():
    """Return the number of a port that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


@end_to_end
async def test_a_datagram_comes_with_the_address_that_the_answer_goes_to():
    server, client = listen(Echo()), listen(recorder := Recorder())
    assert client.write(b"hello", address(server)) == 5
    assert await recorder.received.get() == (b"hello", address(server))


@end_to_end
async def test_many_datagrams_arrive_each_for_itself():
    server, client = listen(recorder := Recorder()), listen(DatagramProtocol())
    for number in range(200):
        client.write(b"%d" % number, address(server))
    client.writeSequence([b"a", b"", b"b"], address(server))
    client.write(b"", address(server))
    expected = [*(b"%d" % number for number in range(200)), b"ab", b""]
    assert [await recorder.received.get() for _ in expected] == [(datagram, address(client)) for datagram in expected]


@end_to_end
async def test_longer_datagrams_are_cut():
    server, client = listen(recorder := Recorder(), maxPacketSize=4), listen(DatagramProtocol())
    client.write(b"longer", address(server))
    assert (await recorder.received.get())[0] == b"long"


@end_to_end
async def test_a_port_is_bound_and_can_be_written_to_as_soon_as_its_protocol_starts():
    class AtOnce(Recorder):
        def startProtocol(self):
            self.transport.write(b"first", address(self.transport))

    port = listen(recorder := AtOnce())
    assert await recorder.received.get() == (b"first", address(port))
    assert port.getHost() == IPv4Address("UDP", *address(port))
    assert IListeningPort.providedBy(port)
    assert IUDPTransport.providedBy(port)
    assert str(address(port)[1]) in repr(port)


@end_to_end
async def test_ipv6_addresses_are_pairs_too():
    server, client = listen(Echo(), "::1"), listen(recorder := Recorder(), "::1")
    client.write(b"six", address(server))
    assert await recorder.received.get() == (b"six", ("::1", server.getHost().port))
    assert isinstance(server.getHost(), IPv6Address)
    connected = listen(recorder := Recorder(), "::1")
    connected.connect("::1", server.getHost().port)
    connected.write(b"seven")
    assert (await recorder.received.get())[0] == b"seven"


@end_to_end
async def test_a_connected_port_needs_no_address_and_hears_its_peer_only():
    server, stranger = listen(Echo()), listen(DatagramProtocol())
    client = listen(recorder := Recorder())
    client.connect(*address(server))
    stranger.write(b"not for you", address(client))
    client.write(b"one")
    client.write(b"two", address(server))
    assert [(await recorder.received.get())[0] for _ in "12"] == [b"one", b"two"]
    with pytest.raises(RuntimeError, match="already connected"):
        client.connect(*address(stranger))
    with pytest.raises(AssertionError):
        client.write(b"three", address(stranger))


@end_to_end
async def test_a_connected_protocol_is_told_of_refusals_and_goes_on():
    client = listen(recorder := Recorder())
    client.connect(LOOPBACK, closed_port())
    client.write(b"anybody?")
    await recorder.refusals.get()
    client.write(b"still nobody?")
    await recorder.refusals.get()
    assert client.connected


@end_to_end
async def test_a_port_hears_on_after_refusals_that_its_own_writes_were_told_of():
    from reactorio.internet import reactor

    client = listen(recorder := Recorder())
    number = closed_port()
    client.connect(LOOPBACK, number)
    while recorder.refusals.empty():
        client.write(b"anybody?")
    await asyncio.sleep(0.002)
    server = reactor.listenUDP(number, DatagramProtocol(), interface=LOOPBACK)
    server.write(b"here I am", address(client))
    assert (await recorder.received.get())[0] == b"here I am"


@end_to_end
async def test_a_port_that_is_not_connected_does_not_mind_refusals():
    client = listen(recorder := Recorder())
    client.write(b"anybody?", (LOOPBACK, closed_port()))
    client.write(b"me", address(client))
    assert await recorder.received.get() == (b"me", address(client))
    assert recorder.refusals.empty()


def test_an_exception_in_a_protocol_is_logged_and_the_port_lives_on(run, logged_errors):
    async def main():
        server, client = listen(faulty := Faulty()), listen(DatagramProtocol())
        client.write(b"1", address(server))
        client.write(b"2", address(server))
        server.connect(LOOPBACK, closed_port())
        server.write(b"anybody?")
        await soon(lambda: len(logged_errors) == 3)
        assert server.connected
        assert faulty.transport is server

    run(main())
    assert {str(failure) for failure in logged_errors.flush(ValueError)} == {"b'1'", "b'2'", "refused"}


def test_a_socket_that_fails_for_good_closes_the_port(run, logged_errors):
    class Broken:
        """A socket with an error that is not about one datagram."""

        def __init__(self, sock):
            self.sock = sock

        def recvfrom(self, size):
            raise OSError(errno.ENOTCONN, "no more")

        def __getattr__(self, name):
            return getattr(self.sock, name)

    async def main():
        port = listen(recorder := Recorder())
        client = listen(DatagramProtocol())
        client.write(b"x", address(port))
        port.socket = Broken(port.socket)
        await soon(lambda: "stopped" in recorder.events)
        assert not port.connected

    run(main())
    assert len(logged_errors.flush(OSError)) == 1


@pytest.mark.parametrize(
    ("interface", "host", "text"),
    [
        (LOOPBACK, "example.invalid", "write() only accepts IP addresses, not hostnames"),
        (LOOPBACK, "::1", "IPv4 port write() called with IPv6 address"),
        ("::1", LOOPBACK, "IPv6 port write() called with IPv4 or broadcast address"),
        ("::1", "<broadcast>", "IPv6 port write() called with IPv4 or broadcast address"),
    ],
)
def test_a_write_goes_to_a_numeric_address_of_the_same_family(run, interface, host, text):
    async def main():
        with pytest.raises(error.InvalidAddressError) as caught:
            listen(DatagramProtocol(), interface).write(b"x", (host, 9))
        assert (caught.value.address, caught.value.message) == (host, text)

    run(main())


@end_to_end
async def test_what_cannot_be_sent_is_an_error_to_the_caller():
    port = listen(DatagramProtocol())
    with pytest.raises(error.MessageLengthError):
        port.write(b"x" * 70_000, (LOOPBACK, 9))
    with pytest.raises(TypeError):
        port.write("text", (LOOPBACK, 9))
    with pytest.raises(AssertionError):
        port.write(b"to whom?")
    with pytest.raises(PermissionError):
        port.write(b"x", ("255.255.255.255", 9))
    with pytest.raises(error.InvalidAddressError):
        port.connect("localhost", 9)


@end_to_end
async def test_what_cannot_be_bound_is_an_error_to_the_caller():
    from reactorio.internet import reactor

    taken = listen(DatagramProtocol()).getHost().port
    with pytest.raises(error.CannotListenError) as caught:
        reactor.listenUDP(taken, DatagramProtocol(), interface=LOOPBACK)
    assert (caught.value.port, caught.value.socketError.errno) == (taken, errno.EADDRINUSE)
    with pytest.raises(error.CannotListenError, match="0-65535"):
        reactor.listenUDP(99999, DatagramProtocol())
    with pytest.raises(error.InvalidAddressError, match="not an IPv4 or IPv6 address"):
        reactor.listenUDP(0, DatagramProtocol(), interface="localhost")


@end_to_end
async def test_a_protocol_that_cannot_start_leaves_nothing_bound():
    from reactorio.internet import reactor

    class CannotStart(DatagramProtocol):
        noisy = False

        def startProtocol(self):
            self.number = self.transport.getHost().port
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        listen(protocol := CannotStart())
    await reactor.listenUDP(protocol.number, DatagramProtocol(), interface=LOOPBACK).stopListening()


@end_to_end
async def test_stopping_is_not_reentrant_and_says_when_it_is_done():
    port = listen(recorder := Recorder())
    stopping = port.stopListening()
    assert recorder.events == ["started"]
    assert port.stopListening() is stopping
    await stopping
    assert recorder.events == ["started", "stopped"]
    assert recorder.transport is None
    assert await port.stopListening() is None
    with pytest.raises(RuntimeError, match="closed"):
        port.write(b"x", (LOOPBACK, 9))
    with pytest.raises(RuntimeError, match="closed"):
        port.getHost()


@end_to_end
async def test_a_stopped_port_can_listen_again():
    port = listen(recorder := Recorder())
    await port.stopListening()
    port.startListening()
    port.write(b"again", address(port))
    assert (await recorder.received.get())[0] == b"again"


@end_to_end
async def test_a_protocol_that_stops_its_port_when_it_starts_is_stopped_later():
    class Shy(Recorder):
        def startProtocol(self):
            self.done = self.transport.stopListening()
            self.events.append("started")

    listen(shy := Shy())
    await shy.done
    assert shy.events == ["started", "stopped"]


@end_to_end
async def test_what_stopProtocol_raises_is_the_result_of_stopping():
    class CannotStop(DatagramProtocol):
        noisy = False

        def stopProtocol(self):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await listen(CannotStop()).stopListening()


@end_to_end
async def test_the_port_is_closed_when_a_protocol_closes_it_between_two_datagrams():
    class Once(Recorder):
        def datagramReceived(self, datagram, address):
            super().datagramReceived(datagram, address)
            self.transport.connectionLost()

    server, client = listen(once := Once()), listen(DatagramProtocol())
    for _ in range(3):
        client.write(b"x", address(server))
    await once.received.get()
    assert once.events == ["started", "stopped"]
    assert once.received.empty()


@end_to_end
async def test_a_pause_holds_from_one_datagram_to_the_next():
    class OneByOne(Recorder):
        def datagramReceived(self, datagram, address):
            super().datagramReceived(datagram, address)
            self.transport.pauseProducing()

    server, client = listen(recorder := OneByOne()), listen(DatagramProtocol())
    for _ in range(3):
        client.write(b"x", address(server))
    for _ in range(3):
        await recorder.received.get()
        await asyncio.sleep(0.005)
        assert recorder.received.empty()
        server.resumeProducing()


@end_to_end
async def test_start_and_end_are_logged_as_in_twisted():
    with logged() as texts:
        port = listen(Recorder())
        number = port.getHost().port
        await port.stopListening()
    assert texts == [f"Recorder starting on {number}", f"(UDP Port {number} Closed)"]


@end_to_end
async def test_the_log_context_is_the_protocols():
    from reactorio.python import context

    class Asks(DatagramProtocol):
        noisy = False
        system = None

        def logPrefix(self):
            return "Custom"

        def datagramReceived(self, datagram, address):
            self.done.callback(context.get(log.ILogContext)["system"])

    asks = Asks()
    asks.done = Deferred()
    port = listen(asks)
    port.write(b"x", address(port))
    assert await asks.done == "Custom (UDP)"


@end_to_end
async def test_broadcast_is_allowed_on_demand():
    port = listen(DatagramProtocol())
    assert port.getBroadcastAllowed() is False
    port.setBroadcastAllowed(True)
    assert port.getBroadcastAllowed() is True


@end_to_end
async def test_loseConnection_is_deprecated_and_works():
    port = listen(recorder := Recorder())
    with pytest.warns(DeprecationWarning, match="stopListening"):
        port.loseConnection()
    await port.stopListening()
    assert recorder.events == ["started", "stopped"]


def test_ports_are_closed_when_the_loop_ends(run):
    recorder = Recorder()

    async def main():
        listen(recorder)

    run(main())
    assert recorder.events == ["started", "stopped"]


def test_a_port_of_before_the_run_serves_in_it_and_ends_with_it(reactor):
    class StopOnDatagram(Recorder):
        def datagramReceived(self, datagram, address):
            self.events.append(datagram)
            reactor.stop()

    port = reactor.listenUDP(0, recorder := StopOnDatagram(), interface=LOOPBACK)
    assert port.write(b"early", address(port)) == 5
    reactor.run()
    assert recorder.events == ["started", b"early", "stopped"]


@end_to_end
async def test_the_reactor_lists_ports_among_its_readers():
    from reactorio.internet import reactor

    port = listen(DatagramProtocol())
    assert port in reactor.getReaders()
    reactor.removeReader(port)
    assert port not in reactor.getReaders()
    reactor.addReader(port)
    assert port in reactor.getReaders()


@end_to_end
async def test_an_adopted_port_works_on_a_duplicate():
    from reactorio.internet import reactor

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
        theirs.bind((LOOPBACK, 0))
        port = reactor.adoptDatagramPort(theirs.fileno(), socket.AF_INET, recorder := Recorder())
        assert address(port) == theirs.getsockname()
        port.write(b"x", address(port))
        await recorder.received.get()
        await port.stopListening()
        assert theirs.sendto(b"still open", theirs.getsockname()) == 10


def test_what_cannot_be_adopted_is_an_error_to_the_caller(reactor):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
        with pytest.raises(error.UnsupportedAddressFamily):
            reactor.adoptDatagramPort(theirs.fileno(), socket.AF_UNIX, DatagramProtocol())
        number = theirs.fileno()
    with pytest.raises(OSError, match="descriptor"):
        reactor.adoptDatagramPort(number, socket.AF_INET, DatagramProtocol())


# ---- multicast

GROUP = "225.0.0.250"


def listen_multicast(protocol, port=0, **options):
    from reactorio.internet import reactor

    return reactor.listenMulticast(port, protocol, **options)


def multicast_works():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            member = socket.inet_aton(GROUP) + socket.inet_aton(LOOPBACK)
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        except OSError:
            return False
    return True


needs_multicast = pytest.mark.skipif(not multicast_works(), reason="no multicast on this machine")


@needs_multicast
@end_to_end
async def test_members_of_a_group_get_what_is_sent_to_it():
    first = listen_multicast(one := Recorder(), listenMultiple=True)
    number = first.getHost().port
    second = listen_multicast(two := Recorder(), number, listenMultiple=True)
    for port in first, second:
        await port.joinGroup(GROUP, LOOPBACK)
    await first.setOutgoingInterface(LOOPBACK)
    first.write(b"to all", (GROUP, number))
    assert [(await recorder.received.get())[0] for recorder in (one, two)] == [b"to all", b"to all"]
    await first.leaveGroup(GROUP, LOOPBACK)
    first.write(b"to the other", (GROUP, number))
    assert (await two.received.get())[0] == b"to the other"


@needs_multicast
@end_to_end
async def test_names_are_resolved_for_groups_and_interfaces():
    from reactorio.internet import reactor

    class Names:
        def getHostByName(self, name, timeout=()):
            return Deferred.fromCoroutine(self.look_up(name))

        async def look_up(self, name):
            return {"the-group": GROUP, "this-machine": LOOPBACK}[name]

    before = reactor.installResolver(Names())
    try:
        port = listen_multicast(DatagramProtocol())
        await port.joinGroup("the-group", "this-machine")
        with pytest.raises(error.MulticastJoinError) as caught:
            await port.joinGroup(GROUP, LOOPBACK)
        assert caught.value.args[:3] == (GROUP, LOOPBACK, errno.EADDRINUSE)
        await port.setOutgoingInterface("this-machine")
        assert port.getOutgoingInterface() == LOOPBACK
    finally:
        reactor.installResolver(before)


@pytest.mark.parametrize("interface", ["", "::"])
def test_multicast_options_are_set_and_told(run, interface):
    async def main():
        port = listen_multicast(DatagramProtocol(), interface=interface)
        assert IMulticastTransport.providedBy(port)
        assert (port.getTTL(), port.getLoopbackMode()) == (1, True)
        port.setTTL(7)
        port.setLoopbackMode(False)
        assert (port.getTTL(), port.getLoopbackMode()) == (7, False)
        for wrong in 256, -1:
            with pytest.raises(ValueError, match="TTL"):
                port.setTTL(wrong)

    run(main())


@end_to_end
async def test_an_ipv6_group_is_joined_on_an_interface_by_index_name_or_address():
    port = listen_multicast(DatagramProtocol(), interface="::")
    index, name = next(pair for pair in socket.if_nameindex() if pair[1].startswith("lo"))
    for interface in index, str(index), name, "::1":
        await port.joinGroup("ff01::1234", interface)
        with pytest.raises(error.MulticastJoinError):
            await port.joinGroup("ff01::1234", interface)
        await port.leaveGroup("ff01::1234", index)
    await port.setOutgoingInterface(index)
    assert port.getOutgoingInterface() == index
    with pytest.raises(TypeError):
        await port.setOutgoingInterface(name)


@end_to_end
async def test_a_group_that_cannot_be_joined_is_a_multicast_join_error():
    four, six = listen_multicast(DatagramProtocol()), listen_multicast(DatagramProtocol(), interface="::")
    for port, group, interface in (
        (four, LOOPBACK, ""),
        (four, "::1", ""),
        (four, GROUP, "::1"),
        (six, GROUP, ""),
        (six, "ff01::1", LOOPBACK),
        (six, "ff01::1", "no-such-interface"),
        (six, "ff01::1", "2001:db8::1"),
    ):
        with pytest.raises(error.MulticastJoinError):
            await port.joinGroup(group, interface)
