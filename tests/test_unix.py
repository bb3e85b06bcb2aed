"""UNIX sockets on both loops: paths and locks, streams, descriptors that travel along, datagrams, adopted sockets."""

from __future__ import annotations

import asyncio
import errno
import os
import pathlib
import socket
import stat
import subprocess
import sys

import pytest

from reactorio._interface import implementer
from reactorio.internet import error
from reactorio.internet.address import UNIXAddress
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import (
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IListeningPort,
    ITCPTransport,
    IUNIXTransport,
)
from reactorio.internet.protocol import ClientFactory, ConnectedDatagramProtocol, DatagramProtocol, Factory, Protocol
from reactorio.python import lockfile, log

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has the abstract namespace")


class Recorder(Protocol):
    """Remembers what happened to it, and lets a test wait for the two ends of that."""

    def __init__(self):
        self.received = b""
        self.made = Deferred()
        self.lost = Deferred()

    def connectionMade(self):
        self.made.callback(self)

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.lost.callback(reason.value)


@implementer(IFileDescriptorReceiver)
class Receiver(Recorder):
    """Notes descriptors and bytes in the order in which they came."""

    def __init__(self):
        super().__init__()
        self.events = []

    def dataReceived(self, data):
        super().dataReceived(data)
        self.events.append(data)

    def fileDescriptorReceived(self, descriptor):
        self.events.append(descriptor)


class Server(Factory):
    noisy = False

    def __init__(self, protocol=Recorder):
        self.protocol = protocol
        self.accepted = asyncio.Queue()

    def buildProtocol(self, address):
        self.peer = address
        protocol = super().buildProtocol(address)
        self.accepted.put_nowait(protocol)
        return protocol


class Client(ClientFactory):
    noisy = False

    def __init__(self, protocol=Recorder):
        self.protocol = protocol
        self.outcome = Deferred()

    def buildProtocol(self, address):
        self.peer = address
        protocol = super().buildProtocol(address)
        protocol.made.addCallback(self.outcome.callback)
        return protocol

    def clientConnectionFailed(self, connector, reason):
        self.outcome.errback(reason)


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    """Short paths: the system takes no more than 107 bytes."""
    monkeypatch.chdir(tmp_path)


def end_to_end(test):
    """Run a coroutine test on a loop of each kind."""

    def run_it(run):
        run(test())

    run_it.__name__ = test.__name__
    return run_it


def the_reactor():
    from reactorio.internet import reactor

    return reactor


async def pair(server=Recorder, client=Recorder, path="a.sock"):
    """Return the two protocols of a new connection, and its port."""
    factory = Server(server)
    port = the_reactor().listenUNIX(path, factory)
    ours = Client(client)
    the_reactor().connectUNIX(path, ours)
    return await factory.accepted.get(), await ours.outcome, port


async def soon(condition):
    """Let the loop turn until ``condition`` holds."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never happened")


def make_file(path):
    pathlib.Path(path).touch()


def open_descriptors():
    return set(os.listdir("/proc/self/fd"))


# ---- streams


@end_to_end
async def test_bytes_go_both_ways_and_the_close_comes_after_them():
    server, client, port = await pair()
    client.transport.write(b"hello")
    client.transport.writeSequence([b" ", b"world"])
    await soon(lambda: server.received == b"hello world")
    server.transport.write(b"bye")
    server.transport.loseConnection()
    assert isinstance(await client.lost, error.ConnectionDone)
    assert client.received == b"bye"
    assert isinstance(await server.lost, error.ConnectionDone)
    assert IListeningPort.providedBy(port)


@end_to_end
async def test_the_server_has_the_path_and_the_client_has_no_name():
    server, client, port = await pair()
    path, nobody = UNIXAddress("a.sock"), UNIXAddress(None)
    assert (port.getHost(), server.transport.getHost(), server.transport.getPeer()) == (path, path, nobody)
    assert (client.transport.getHost(), client.transport.getPeer()) == (nobody, path)
    assert server.factory.peer == nobody
    assert client.factory.peer == path
    client.transport.loseConnection()
    await client.lost
    assert client.transport.getHost() == nobody


@end_to_end
async def test_a_peer_that_is_bound_is_known_by_its_path():
    factory = Server()
    the_reactor().listenUNIX("a.sock", factory)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.bind("peer.sock")
        peer.connect("a.sock")
        server = await factory.accepted.get()
        assert factory.peer == server.transport.getPeer() == UNIXAddress("peer.sock")
        assert "peer.sock" in server.transport.logPrefix()


@pytest.mark.parametrize("path", ["a.sock", b"a.sock", pytest.param("\0reactorio", marks=on_linux)])
def test_paths_are_text_or_bytes_and_abstract_ones_leave_no_file(run, path):
    async def main():
        server, client, port = await pair(path=path)
        assert client.transport.getPeer() == port.getHost() == UNIXAddress(path)
        assert os.listdir() == ([] if port.port.startswith("\0") else ["a.sock"])
        client.transport.loseConnection()
        await server.lost

    run(main())
    assert os.listdir() == []


@end_to_end
async def test_a_connection_is_what_programs_ask_for():
    server, client, _ = await pair()
    for transport in server.transport, client.transport:
        assert IUNIXTransport.providedBy(transport)
        assert ITCPTransport.providedBy(transport)
        transport.setTcpNoDelay(True)
        assert transport.getTcpNoDelay() is False
        transport.setTcpKeepAlive(True)
        assert transport.getTcpKeepAlive() is True
        assert transport.getHandle().family == socket.AF_UNIX
        assert transport.fileno() > 0
    assert client.transport.logPrefix() == "Recorder,client"
    assert server.transport.logPrefix() == "Recorder,0,a.sock"
    assert repr(server.transport) == "<Recorder #0 on a.sock>"


@end_to_end
async def test_much_data_is_sent_as_the_peer_takes_it():
    server, client, _ = await pair()
    server.transport.pauseProducing()
    pieces = [b"%d" % (number % 10) * 1000 for number in range(2000)]
    for piece in pieces:
        client.transport.write(piece)
    client.transport.loseConnection()
    await asyncio.sleep(0.01)
    assert server.received == b""
    server.transport.resumeProducing()
    await server.lost
    assert server.received == b"".join(pieces)
    await client.lost


@end_to_end
async def test_a_push_producer_is_paused_and_resumed():
    server, client, _ = await pair()

    class Producer:
        def __init__(self):
            self.events = []
            self.running = True

        def pauseProducing(self):
            self.events.append("pause")
            self.running = False

        def resumeProducing(self):
            self.events.append("resume")
            client.transport.unregisterProducer()

        def stopProducing(self):
            self.events.append("stop")

    producer = Producer()
    server.transport.pauseProducing()
    client.transport.registerProducer(producer, True)
    while producer.running:
        client.transport.write(b"x" * 10_000)
    client.transport.loseConnection()
    server.transport.resumeProducing()
    await server.lost
    assert producer.events == ["pause", "resume"]
    await client.lost


@end_to_end
async def test_the_ends_of_reading_and_writing_are_told_apart():
    @implementer(IHalfCloseableProtocol)
    class Half(Recorder):
        def __init__(self):
            super().__init__()
            self.ends = []

        def readConnectionLost(self):
            self.ends.append("read")
            self.transport.write(b"still here")
            self.transport.loseConnection()

        def writeConnectionLost(self):
            self.ends.append("write")

    server, client, _ = await pair(server=Half, client=Half)
    client.transport.write(b"the end")
    client.transport.loseWriteConnection()
    client.transport.write(b"too late")
    await client.lost
    assert server.received == b"the end"
    assert client.received == b"still here"
    assert client.ends == ["write", "read"]
    assert server.ends == ["read"]


@end_to_end
async def test_abort_drops_what_is_not_sent():
    server, client, _ = await pair()
    server.transport.pauseProducing()
    client.transport.write(b"x" * 10_000_000)
    client.transport.abortConnection()
    assert isinstance(await client.lost, error.ConnectionAborted)
    server.transport.resumeProducing()
    await server.lost
    assert len(server.received) < 10_000_000


@end_to_end
async def test_all_that_was_sent_arrives_from_a_peer_that_left_without_reading():
    # The peer's end is an error then, behind data of more than one read.
    factory = Server()
    the_reactor().listenUNIX("a.sock", factory)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect("a.sock")
        server = await factory.accepted.get()
        server.transport.write(b"not to be read")
        peer.setblocking(False)
        sent = sum(peer.send(b"x" * 20_000) for _ in range(8))
    reason = await server.lost
    assert len(server.received) == sent == 160_000
    assert isinstance(reason, error.ConnectionLost)
    assert reason.__cause__.errno == errno.ECONNRESET


@end_to_end
async def test_a_write_to_a_peer_that_has_gone_ends_the_connection():
    factory = Server()
    the_reactor().listenUNIX("a.sock", factory)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect("a.sock")
        server = await factory.accepted.get()
        server.transport.pauseProducing()
    server.transport.write(b"anybody?")
    assert isinstance(await server.lost, error.ConnectionLost)


def test_a_protocol_that_raises_ends_its_connection_only(run, logged_errors):
    class Faulty(Recorder):
        def dataReceived(self, data):
            raise ValueError(data)

    async def main():
        server, client, _ = await pair(server=Faulty)
        client.transport.write(b"x")
        assert isinstance(await server.lost, ValueError)
        await client.lost
        again = Client()
        the_reactor().connectUNIX("a.sock", again)
        await again.outcome

    run(main())
    assert len(logged_errors.flush(ValueError)) == 1


@end_to_end
async def test_the_application_can_close_the_socket_itself():
    server, client, _ = await pair()
    server.transport.socket.close()
    await client.lost
    assert not server.lost.called
    assert server.transport.connected == 0


# ---- ports


@end_to_end
async def test_the_file_has_the_mode_that_was_asked_for_and_goes_with_the_port():
    port = the_reactor().listenUNIX("a.sock", Server(), mode=0o600)
    assert stat.S_IMODE(os.stat("a.sock").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(the_reactor().listenUNIX("b.sock", Server()).port).st_mode) == 0o666
    stopping = port.stopListening()
    assert port.stopListening() is stopping
    await stopping
    assert os.listdir() == ["b.sock"]
    port.startListening()
    assert sorted(os.listdir()) == ["a.sock", "b.sock"]


@end_to_end
async def test_the_file_of_a_successor_is_not_removed():
    port = the_reactor().listenUNIX("a.sock", Server())
    os.unlink("a.sock")
    successor = the_reactor().listenUNIX("a.sock", Server())
    await port.stopListening()
    assert os.listdir() == ["a.sock"]
    await successor.stopListening()
    assert os.listdir() == []


@pytest.mark.parametrize(("path", "number"), [("taken", errno.EADDRINUSE), ("no/a.sock", errno.ENOENT)])
def test_what_cannot_be_bound_is_an_error_to_the_caller(run, path, number):
    async def main():
        the_reactor().listenUNIX("taken", Server())
        with pytest.raises(error.CannotListenError) as caught:
            the_reactor().listenUNIX(path, Server())
        assert (caught.value.port, caught.value.socketError.errno) == (path, number)
        assert os.listdir() == ["taken"]

    run(main())


@end_to_end
async def test_a_path_can_be_too_long():
    with pytest.raises(error.CannotListenError, match="too long"):
        the_reactor().listenUNIX("x" * 200, Server())
    client = Client()
    the_reactor().connectUNIX("x" * 200, client)
    with pytest.raises(error.ConnectError, match="too long"):
        await client.outcome


@end_to_end
async def test_a_lock_keeps_others_out_until_the_port_is_closed():
    port = the_reactor().listenUNIX("a.sock", Server(), wantPID=True)
    assert lockfile.isLocked("a.sock.lock")
    with pytest.raises(error.CannotListenError, match="Cannot acquire lock"):
        the_reactor().listenUNIX("a.sock", Server(), wantPID=True)
    await port.stopListening()
    assert os.listdir() == []
    await the_reactor().listenUNIX("a.sock", Server(), wantPID=True).stopListening()


DIE_LISTENING = """
from reactorio.internet import protocol, reactor
reactor.listenUNIX("a.sock", protocol.ServerFactory(), wantPID=True)
"""


def die_listening():
    """Run a process that listens with a lock and ends without a word."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", DIE_LISTENING], check=True, env=environment)


@end_to_end
async def test_what_a_process_that_died_with_the_lock_left_behind_is_replaced():
    die_listening()
    assert sorted(os.listdir()) == ["a.sock", "a.sock.lock"]
    client = Client()
    the_reactor().connectUNIX("a.sock", client, checkPID=True)
    with pytest.raises(error.BadFileError):
        await client.outcome
    port = the_reactor().listenUNIX("a.sock", Server(), wantPID=True)
    client = Client()
    the_reactor().connectUNIX("a.sock", client, checkPID=True)
    await client.outcome
    await port.stopListening()


@end_to_end
async def test_a_file_that_is_no_socket_is_never_replaced_and_the_lock_is_given_back():
    make_file("precious")
    os.symlink("4194305", "precious.lock")  # a process that cannot exist
    with pytest.raises(error.CannotListenError, match="in use"):
        the_reactor().listenUNIX("precious", Server(), wantPID=True)
    assert os.listdir() == ["precious"]


@end_to_end
async def test_a_port_can_pause_and_go_on():
    port = the_reactor().listenUNIX("a.sock", factory := Server())
    port.pauseProducing()
    client = Client()
    the_reactor().connectUNIX("a.sock", client)
    await client.outcome
    await asyncio.sleep(0.005)
    assert factory.accepted.empty()
    port.resumeProducing()
    await factory.accepted.get()


@end_to_end
async def test_a_factory_may_close_its_port_and_refuse_the_connection():
    class Reluctant(Factory):
        noisy = False

        def buildProtocol(self, address):
            self.closed = self.port.stopListening()

    factory = Reluctant()
    factory.port = the_reactor().listenUNIX("a.sock", factory)
    clients = [Client() for _ in range(3)]
    for client in clients:
        the_reactor().connectUNIX("a.sock", client)
    for client in clients:
        await (await client.outcome).lost
    await factory.closed


def take_all_descriptors():
    taken = []
    while True:
        try:
            taken.append(os.dup(0))
        except OSError:
            return taken


def test_without_descriptors_a_peer_is_turned_away_at_once(run, logged_errors):
    async def main():
        the_reactor().listenUNIX("a.sock", Server())
        client = Client()
        the_reactor().connectUNIX("a.sock", client)
        taken = take_all_descriptors()
        try:
            await (await client.outcome).lost
        finally:
            for number in taken:
                os.close(number)
        again = Client()
        the_reactor().connectUNIX("a.sock", again)
        again = await again.outcome
        await asyncio.sleep(0.005)
        assert not again.lost.called

    run(main())
    assert any("Out of file descriptors" in event["log_format"] for event in logged_errors)
    logged_errors.clear()


@end_to_end
async def test_start_and_end_are_logged_as_in_twisted():
    texts = []

    def observe(event):
        texts.append(log.textFromEventDict(event))

    log.addObserver(observe)
    try:
        port = the_reactor().listenUNIX("a.sock", Server())
        assert repr(port) == f"<{__name__}.Server on 'a.sock'>"
        await port.stopListening()
        assert repr(port) == f"<{__name__}.Server (not listening)>"
    finally:
        log.removeObserver(observe)
    assert texts == ["Server starting on 'a.sock'", "(UNIX Port a.sock Closed)"]


def test_a_port_of_before_the_run_serves_in_it_and_ends_with_it(reactor):
    class Stop(Protocol):
        def dataReceived(self, data):
            self.factory.received = data
            reactor.stop()

    class Greet(Protocol):
        def connectionMade(self):
            self.transport.write(b"hello")

    server, client = Factory.forProtocol(Stop), ClientFactory.forProtocol(Greet)
    server.noisy = client.noisy = False
    reactor.listenUNIX("a.sock", server)
    reactor.connectUNIX("a.sock", client)
    reactor.run()
    assert server.received == b"hello"
    assert os.listdir() == []


# ---- clients


@pytest.mark.parametrize(
    ("path", "kind", "check"),
    [
        ("missing", error.ConnectError, False),
        ("plain", error.ConnectionRefusedError, False),
        ("plain", error.BadFileError, True),
        ("no/such/directory", error.BadFileError, True),
    ],
)
def test_a_connection_that_fails_is_told_to_the_factory(run, path, kind, check):
    async def main():
        make_file("plain")
        client = Client()
        connector = the_reactor().connectUNIX(path, client, checkPID=check)
        assert connector.getDestination() == UNIXAddress(path)
        with pytest.raises(kind):
            await client.outcome
        assert connector.state == "disconnected"

    run(main())


@end_to_end
async def test_a_client_waits_for_a_server_whose_queue_is_full():
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind("a.sock")
        busy.listen(0)
        clients = [Client() for _ in range(4)]
        for client in clients:
            the_reactor().connectUNIX("a.sock", client, timeout=10)
        hopeless = Client()
        the_reactor().connectUNIX("a.sock", hopeless, timeout=0.05)
        with pytest.raises(error.TimeoutError):
            await hopeless.outcome
        accepted = []
        busy.setblocking(False)
        while len(accepted) < len(clients):
            try:
                accepted.append(busy.accept()[0])
            except BlockingIOError:
                await asyncio.sleep(0.005)
        for peer in accepted:
            peer.close()
        for client in clients:
            await (await client.outcome).lost


@end_to_end
async def test_an_attempt_can_be_stopped():
    client = Client()
    connector = the_reactor().connectUNIX("a.sock", client)
    connector.stopConnecting()
    with pytest.raises(error.UserError):
        await client.outcome


# ---- descriptors


def a_file(content=b"content"):
    """Return a descriptor of a file with that content."""
    number = os.open("cargo", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.write(number, content)
    os.lseek(number, 0, os.SEEK_SET)
    return number


@end_to_end
async def test_a_descriptor_arrives_before_its_byte_and_is_the_receivers_own():
    server, client, _ = await pair(client=Receiver)
    cargo = a_file()
    server.transport.write(b"before")
    server.transport.sendFileDescriptor(cargo)
    os.close(cargo)
    server.transport.write(b"after")
    server.transport.loseConnection()
    await client.lost
    at = next(at for at, event in enumerate(client.events) if isinstance(event, int))
    # Linux may hand it over with bytes that were sent before, never after its own.
    assert b"after" not in b"".join(client.events[:at])
    assert client.received == b"beforeafter"
    received = client.events[at]
    assert os.read(received, 100) == b"content"
    assert not os.get_inheritable(received)
    os.close(received)


@end_to_end
async def test_descriptors_keep_their_place_in_what_a_protocol_answers():
    class Answers(Recorder):
        def dataReceived(self, data):
            self.transport.write(b"one ")
            self.transport.sendFileDescriptor(0)
            self.transport.write(b"two")
            self.transport.loseConnection()

    _, client, _ = await pair(server=Answers, client=Receiver)
    client.transport.write(b"?")
    await client.lost
    assert client.received == b"one two"
    [number] = [event for event in client.events if isinstance(event, int)]
    assert b"two" not in b"".join(client.events[: client.events.index(number)])
    os.close(number)


@end_to_end
async def test_more_descriptors_than_fit_a_message_arrive_all_and_in_order():
    server, client, _ = await pair(client=Receiver)
    pipes = [os.pipe() for _ in range(150)]
    numbers = [number for both in pipes for number in both]
    for number in numbers:
        server.transport.sendFileDescriptor(number)
    server.transport.write(b"x" * 1000)
    server.transport.loseConnection()
    await client.lost
    received = [event for event in client.events if isinstance(event, int)]
    assert [os.fstat(number).st_ino for number in received] == [os.fstat(number).st_ino for number in numbers]
    assert client.received == b"x" * 1000
    for number in numbers + received:
        os.close(number)


@end_to_end
async def test_descriptors_wait_with_their_bytes_for_a_peer_that_does_not_read():
    server, client, _ = await pair(client=Receiver)
    client.transport.pauseProducing()
    before = open_descriptors()
    server.transport.write(b"x" * 1_000_000)
    for number in range(200):
        server.transport.sendFileDescriptor(0)
        server.transport.write(b"%d," % number)
    server.transport.loseConnection()
    client.transport.resumeProducing()
    await client.lost
    await server.lost
    received = [event for event in client.events if isinstance(event, int)]
    assert len(received) == 200
    assert client.received == b"x" * 1_000_000 + b"".join(b"%d," % number for number in range(200))
    for number in received:
        os.close(number)
    assert len(open_descriptors()) <= len(before)


@end_to_end
async def test_a_producer_of_many_descriptors_is_paused():
    server, client, _ = await pair()

    class Producer:
        paused = False

        def pauseProducing(self):
            self.paused = True

        def resumeProducing(self):
            pass

        def stopProducing(self):
            pass

    client.transport.pauseProducing()
    producer = Producer()
    server.transport.registerProducer(producer, True)
    sent = 0
    while not producer.paused:
        server.transport.sendFileDescriptor(0)
        server.transport.write(b"x")
        sent += 1
    assert sent < 10_000
    server.transport.abortConnection()
    client.transport.resumeProducing()
    await client.lost


@end_to_end
async def test_more_descriptors_than_bytes_are_an_overrun():
    before = open_descriptors()
    server, client, port = await pair(client=Receiver)
    server.transport.sendFileDescriptor(0)
    server.transport.sendFileDescriptor(1)
    server.transport.write(b"x")
    server.transport.loseConnection()
    assert isinstance(await server.lost, error.FileDescriptorOverrun)
    assert isinstance(await client.lost, error.ConnectionDone)
    os.close(client.events[0])
    assert client.events[1:] == [b"x"]
    await port.stopListening()
    await asyncio.sleep(0.002)
    assert len(open_descriptors() - before) <= 2  # the loop's own, and the spare one


@end_to_end
async def test_what_is_no_descriptor_is_an_error_to_the_caller_and_harms_nothing():
    server, client, _ = await pair()
    number = os.dup(0)
    os.close(number)
    with pytest.raises(OSError, match="descriptor"):
        server.transport.sendFileDescriptor(number)
    server.transport.write(b"fine")
    server.transport.loseConnection()
    await client.lost
    assert client.received == b"fine"


@end_to_end
async def test_descriptors_for_a_protocol_that_takes_none_are_closed_and_logged():
    server, client, _ = await pair()
    events = []
    log.addObserver(events.append)
    probe, end = socket.socketpair()
    with probe, end:
        server.transport.sendFileDescriptor(end.fileno())
        server.transport.write(b"x")
        end.close()
        await soon(lambda: client.received == b"x")
        probe.setblocking(False)
        await asyncio.sleep(0.002)
        assert probe.recv(1) == b""
    log.removeObserver(events.append)
    [text] = [text for event in events if "IFileDescriptorReceiver" in (text := log.textFromEventDict(event) or "")]
    assert text == (
        "Recorder (on UNIXAddress(None)) does not provide IFileDescriptorReceiver; "
        "closing file descriptor received (from UNIXAddress('a.sock'))."
    )


def test_what_a_receiver_did_not_take_before_it_raised_is_closed(run, logged_errors):
    @implementer(IFileDescriptorReceiver)
    class Faulty(Recorder):
        def fileDescriptorReceived(self, descriptor):
            os.close(descriptor)
            raise ValueError("one is enough")

    async def main():
        server, client, _ = await pair(client=Faulty)
        probe, end = socket.socketpair()
        with probe, end:
            for _ in range(3):
                server.transport.sendFileDescriptor(end.fileno())
            server.transport.write(b"xxx")
            end.close()
            await client.lost
            assert client.received == b""
            probe.setblocking(False)
            assert probe.recv(1) == b""

    run(main())
    assert len(logged_errors.flush(ValueError)) == 1


# ---- adopted sockets


@end_to_end
async def test_an_adopted_port_serves_and_leaves_the_file_to_its_maker():
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind("a.sock")
        theirs.listen(3)
        factory = Server()
        port = the_reactor().adoptStreamPort(theirs.fileno(), socket.AF_UNIX, factory)
        assert port.getHost() == UNIXAddress("a.sock")
        client = Client()
        the_reactor().connectUNIX("a.sock", client)
        await client.outcome
        await factory.accepted.get()
        await port.stopListening()
        assert os.listdir() == ["a.sock"]
        client = Client()
        the_reactor().connectUNIX("a.sock", client)
        await client.outcome
        theirs.accept()[0].close()


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
def test_an_adopted_connection_works_on_a_duplicate(run, family):
    async def main():
        factory = Server()
        with connected_sockets(family) as (ours, peer):
            assert the_reactor().adoptStreamConnection(ours.fileno(), family, factory) is None
            ours.close()
            server = await factory.accepted.get()
            server.transport.write(b"hello")
            peer.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(peer, 100) == b"hello"
            peer.sendall(b"bye")
            await soon(lambda: server.received == b"bye")
            assert server.transport.logPrefix().startswith("Recorder,")
        await server.lost

    run(main())


class connected_sockets:
    def __init__(self, family):
        if family == socket.AF_UNIX:
            self.both = socket.socketpair()
        else:
            with socket.create_server(("127.0.0.1", 0)) as listening:
                peer = socket.create_connection(listening.getsockname())
                self.both = listening.accept()[0], peer

    def __enter__(self):
        return self.both

    def __exit__(self, *error):
        for sock in self.both:
            sock.close()


@pytest.mark.parametrize("kind", ["TCP", "UNIX"])
def test_a_connection_can_be_handed_on_by_its_descriptor(run, kind):
    async def main():
        reactor = the_reactor()
        first, second, client = Server(), Server(), Client()
        if kind == "UNIX":
            family = socket.AF_UNIX
            reactor.listenUNIX("a.sock", first)
            reactor.connectUNIX("a.sock", client)
        else:
            family = socket.AF_INET
            port = reactor.listenTCP(0, first, interface="127.0.0.1")
            reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        before = await first.accepted.get()
        reactor.removeReader(before.transport)
        reactor.adoptStreamConnection(before.transport.fileno(), family, second)
        before.transport.socket.close()
        after, client = await second.accepted.get(), await client.outcome
        await after.made
        client.transport.write(b"hello")
        await soon(lambda: after.received == b"hello")
        assert not before.lost.called
        after.transport.loseConnection()
        await client.lost

    run(main())


def test_what_cannot_be_adopted_is_an_error_to_the_caller(reactor):
    with socket.socket() as theirs:
        for adopt in reactor.adoptStreamPort, reactor.adoptStreamConnection:
            with pytest.raises(error.UnsupportedAddressFamily):
                adopt(theirs.fileno(), 2**16 + 7, Server())
        with pytest.raises(OSError, match="not connected"):
            reactor.adoptStreamConnection(theirs.fileno(), socket.AF_INET, Server())
        number = theirs.fileno()
    with pytest.raises(OSError, match="descriptor"):
        reactor.adoptStreamPort(number, socket.AF_INET, Server())


# ---- datagrams


class Hears(DatagramProtocol):
    noisy = False

    def __init__(self):
        self.received = asyncio.Queue()

    def datagramReceived(self, datagram, address):
        self.received.put_nowait((datagram, address))
        if address:
            self.transport.write(b"re: " + datagram, address)


class Talks(ConnectedDatagramProtocol):
    noisy = False
    failure = None

    def __init__(self):
        self.received = asyncio.Queue()
        self.refusals = 0

    def datagramReceived(self, datagram):
        self.received.put_nowait(datagram)

    def connectionFailed(self, failure):
        self.failure = failure

    def connectionRefused(self):
        self.refusals += 1


@end_to_end
async def test_datagrams_go_there_and_back():
    server = the_reactor().listenUNIXDatagram("d.sock", hears := Hears())
    client = the_reactor().connectUNIXDatagram("d.sock", talks := Talks(), bindAddress="c.sock")
    assert (server.getHost(), client.getHost(), client.getPeer()) == (
        UNIXAddress("d.sock"),
        UNIXAddress("c.sock"),
        UNIXAddress("d.sock"),
    )
    assert client.write(b"hi") == 2
    assert await hears.received.get() == (b"hi", "c.sock")
    assert await talks.received.get() == b"re: hi"


@end_to_end
async def test_a_peer_without_a_path_can_be_heard():
    the_reactor().listenUNIXDatagram("d.sock", hears := Hears())
    client = the_reactor().connectUNIXDatagram("d.sock", Talks())
    client.write(b"anonymous")
    assert await hears.received.get() == (b"anonymous", None)
    assert client.getHost() == UNIXAddress(None)


@on_linux
@end_to_end
async def test_datagrams_reach_abstract_names():
    server = the_reactor().listenUNIXDatagram("\0reactorio", hears := Hears())
    assert server.getHost() == UNIXAddress("\0reactorio")
    the_reactor().connectUNIXDatagram("\0reactorio", Talks()).write(b"x")
    await hears.received.get()
    assert os.listdir() == []


@end_to_end
async def test_a_datagram_port_has_its_mode_and_leaves_its_file():
    port = the_reactor().listenUNIXDatagram("d.sock", Hears(), mode=0o600)
    assert stat.S_IMODE(os.stat("d.sock").st_mode) == 0o600
    assert repr(port) == f"<{__name__}.Hears on 'd.sock'>"
    await port.stopListening()
    assert repr(port) == f"<{__name__}.Hears (not listening)>"
    with pytest.raises(error.CannotListenError, match="in use"):
        the_reactor().listenUNIXDatagram("d.sock", Hears())


@pytest.mark.parametrize("bind", [None, "no/c.sock"])
def test_a_peer_that_cannot_be_reached_is_told_to_the_protocol(run, bind):
    async def main():
        port = the_reactor().connectUNIXDatagram("missing", talks := Talks(), bindAddress=bind)
        talks.failure.trap(error.CannotListenError if bind else FileNotFoundError)
        assert not port.connected
        await port.stopListening()

    run(main())


@end_to_end
async def test_what_a_full_buffer_cannot_take_is_dropped():
    reactor = the_reactor()
    server = reactor.listenUNIXDatagram("d.sock", Hears())
    client = reactor.connectUNIXDatagram("d.sock", Talks())
    server.pauseProducing()
    assert None in [client.write(b"x") for _ in range(5000)]
    other = reactor.listenUNIXDatagram("o.sock", Hears())
    assert other.write(b"x", "d.sock") is None
    for port in client, other, server:
        await port.stopListening()


@end_to_end
async def test_a_peer_that_has_gone_refuses():
    reactor = the_reactor()
    server = reactor.listenUNIXDatagram("d.sock", Hears())
    client = reactor.connectUNIXDatagram("d.sock", talks := Talks())
    other = reactor.listenUNIXDatagram("o.sock", Hears())
    await server.stopListening()
    assert client.write(b"anybody?") is None
    assert talks.refusals == 1
    assert other.write(b"anybody?", "d.sock") is None
    with pytest.raises(FileNotFoundError):
        other.write(b"x", "missing")
    with pytest.raises(error.MessageLengthError):
        other.write(b"x" * 10_000_000, "o.sock")
