"""TCP, both ends, on both loops: order, ends, back-pressure, and protocols that fail."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import subprocess
import sys

import pytest

from reactorio._interface import implementer
from reactorio.internet import error
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IHalfCloseableProtocol
from reactorio.internet.protocol import ClientFactory, Factory, Protocol
from reactorio.internet.task import deferLater

LOOPBACK = "127.0.0.1"


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


class Client(ClientFactory):
    """Fires with its protocol, or fails; tells when it was stopped."""

    def __init__(self, protocol=Recorder):
        self.protocol = protocol
        self.outcome = Deferred()
        self.stopped = Deferred()

    def buildProtocol(self, address):
        protocol = super().buildProtocol(address)
        protocol.made.addCallback(self.outcome.callback)
        return protocol

    def clientConnectionFailed(self, connector, reason):
        self.outcome.errback(reason)

    def stopFactory(self):
        self.stopped.callback(None)


class Server(Factory):
    def __init__(self, protocol=Recorder):
        self.protocol = protocol
        self.accepted = asyncio.Queue()

    def buildProtocol(self, address):
        protocol = super().buildProtocol(address)
        self.accepted.put_nowait(protocol)
        return protocol


async def pair(server=Recorder, client=Recorder):
    """Return the two protocols of a new connection, and its port."""
    from reactorio.internet import reactor

    factory = Server(server)
    port = reactor.listenTCP(0, factory, interface=LOOPBACK)
    ours = Client(client)
    reactor.connectTCP(LOOPBACK, port.getHost().port, ours)
    return await factory.accepted.get(), await ours.outcome, port


def end_to_end(test):
    """Run a coroutine test on a loop of each kind."""

    def run_it(run):
        run(test())

    run_it.__name__ = test.__name__
    return run_it


@end_to_end
async def test_what_is_written_arrives_in_order_and_the_close_comes_after_it():
    server, client, _ = await pair()
    for number in range(100):
        client.transport.write(b"%d," % number)
    client.transport.writeSequence([b"a", b"b"])
    client.transport.loseConnection()
    client.transport.write(b"!")

    assert isinstance(await server.lost, error.ConnectionDone)
    assert server.received == b"".join(b"%d," % number for number in range(100)) + b"ab!"
    assert isinstance(await client.lost, error.ConnectionDone)


@end_to_end
async def test_a_write_of_text_is_a_type_error_and_harms_nothing():
    server, client, _ = await pair()
    with pytest.raises(TypeError, match="Data must be bytes"):
        client.transport.write("text")
    with pytest.raises(TypeError, match="Data must be bytes"):
        client.transport.writeSequence([b"bytes", "text"])
    client.transport.write(bytearray(b"fine"))
    client.transport.loseConnection()
    await server.lost
    assert server.received == b"fine"
    await client.lost


@end_to_end
async def test_writes_after_the_end_are_dropped():
    server, client, _ = await pair()
    client.transport.loseConnection()
    await client.lost
    transport = client.transport
    transport.write(b"late")
    transport.writeSequence([b"late"])
    transport.loseConnection()
    transport.abortConnection()
    await server.lost
    assert server.received == b""


@end_to_end
async def test_abort_drops_what_is_not_sent_and_the_peer_sees_a_reset():
    server, client, _ = await pair()
    server.transport.pauseProducing()
    client.transport.write(b"x" * 10_000_000)
    client.transport.abortConnection()
    assert isinstance(await client.lost, error.ConnectionAborted)
    server.transport.resumeProducing()
    await server.lost
    assert len(server.received) < 10_000_000


@end_to_end
async def test_a_reset_is_connection_lost_with_its_cause():
    server, client, _ = await pair()
    client.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.transport.abortConnection()
    await client.lost
    reason = await server.lost
    assert isinstance(reason, error.ConnectionLost)
    assert reason.__cause__.errno == errno.ECONNRESET


@end_to_end
async def test_pause_and_resume_hold_data_back_and_lose_none():
    from reactorio.internet import reactor

    server, client, _ = await pair()
    server.transport.pauseProducing()
    client.transport.write(b"x" * 1_000_000)
    client.transport.loseConnection()
    await deferLater(reactor, 0.02, lambda: None)
    assert server.received == b""
    server.transport.resumeProducing()
    await server.lost
    assert len(server.received) == 1_000_000
    await client.lost


class Chunks:
    """Produces a number of chunks, by push or by pull."""

    def __init__(self, transport, count):
        self.transport = transport
        self.left = count
        self.told = []
        self.paused = False

    def pauseProducing(self):
        self.told.append("pause")
        self.paused = True

    def resumeProducing(self):
        self.told.append("resume")
        self.paused = False
        self.produce()

    def produce(self):
        while self.left and not self.paused:
            self.left -= 1
            self.transport.write(b"x" * 20_000)
            if isinstance(self, Pull):
                break
        if not self.left:
            self.transport.unregisterProducer()

    def stopProducing(self):
        self.told.append("stop")


class Pull(Chunks):
    pass


@end_to_end
async def test_a_push_producer_is_paused_and_resumed_and_the_close_waits_for_it():
    class Counter(Recorder):
        length = 0

        def dataReceived(self, data):
            self.length += len(data)

    server, client, _ = await pair(server=Counter)
    producer = Chunks(client.transport, 1000)
    client.transport.registerProducer(producer, True)
    producer.produce()
    client.transport.loseConnection()
    await server.lost
    assert server.length == 1000 * 20_000
    pauses, resumes = producer.told.count("pause"), producer.told.count("resume")
    assert pauses > 1
    assert pauses - resumes in (0, 1)
    await client.lost


@end_to_end
async def test_a_push_producer_that_keeps_up_costs_no_call_from_the_loop_for_each_write():
    server, client, _ = await pair()
    calls = []
    for name in ("pause_writing", "resume_writing"):
        setattr(client.transport, name, lambda name=name: calls.append(name))
    client.transport.registerProducer(Chunks(client.transport, 1), True)
    for _ in range(10):
        client.transport.write(b"small")
        await asyncio.sleep(0)
    assert calls == []
    client.transport.unregisterProducer()
    client.transport.loseConnection()
    await server.lost
    await client.lost


@end_to_end
async def test_a_pull_producer_is_asked_until_it_is_done():
    server, client, _ = await pair()
    producer = Pull(client.transport, 100)
    client.transport.registerProducer(producer, False)
    client.transport.loseConnection()
    await server.lost
    assert len(server.received) == 100 * 20_000
    assert producer.told == ["resume"] * 100
    await client.lost


@end_to_end
async def test_two_connections_that_produce_for_each_other_end_together():
    one_server, one, _ = await pair()
    other_server, other, _ = await pair()
    one.transport.registerProducer(other.transport, True)
    other.transport.registerProducer(one.transport, True)
    other.transport.write(b"last")
    one_server.transport.loseConnection()
    await one.lost
    await other.lost
    await other_server.lost
    assert other_server.received == b"last"
    await one_server.lost


@end_to_end
async def test_a_producer_is_stopped_when_the_connection_is_lost():
    server, client, _ = await pair()
    producer = Chunks(client.transport, 1)
    client.transport.registerProducer(producer, True)
    with pytest.raises(RuntimeError, match="never unregistered"):
        client.transport.registerProducer(producer, True)
    server.transport.abortConnection()
    await client.lost
    assert producer.told == ["stop"]
    client.transport.registerProducer(producer, True)
    assert producer.told == ["stop", "stop"]
    await server.lost


@end_to_end
async def test_a_producer_that_writes_without_end_under_the_cork_is_paused():
    paused = []

    class Flood(Recorder):
        def dataReceived(self, data):
            self.going = True
            self.transport.registerProducer(self, True)
            while self.going:
                self.transport.write(b"x" * 10_000)

        def pauseProducing(self):
            paused.append(True)
            self.going = False

        def resumeProducing(self):
            pass

        def stopProducing(self):
            pass

    server, client, _ = await pair(server=Flood)
    client.transport.write(b"go")
    while not paused:
        await asyncio.sleep(0)
    client.transport.abortConnection()
    await client.lost
    await server.lost


@implementer(IHalfCloseableProtocol)
class HalfCloseable(Recorder):
    def __init__(self):
        super().__init__()
        self.read_lost = Deferred()
        self.write_lost = Deferred()

    def readConnectionLost(self):
        self.read_lost.callback(None)

    def writeConnectionLost(self):
        self.write_lost.callback(None)


@end_to_end
async def test_half_close_leaves_the_other_direction_open():
    server, client, _ = await pair(server=HalfCloseable, client=HalfCloseable)
    client.transport.write(b"question" * 100_000)
    client.transport.loseWriteConnection()
    await client.write_lost
    client.transport.write(b"dropped")
    await server.read_lost
    assert server.received == b"question" * 100_000

    server.transport.write(b"answer")
    server.transport.loseConnection()
    await client.read_lost
    assert client.received == b"answer"
    client.transport.loseConnection()
    assert isinstance(await client.lost, error.ConnectionDone)
    await server.lost


@end_to_end
async def test_without_half_close_the_peers_end_is_the_end():
    server, client, _ = await pair(client=HalfCloseable)
    client.transport.loseWriteConnection()
    assert isinstance(await server.lost, error.ConnectionDone)
    await client.read_lost
    client.transport.loseConnection()
    await client.lost


@end_to_end
async def test_addresses_and_options():
    server, client, port = await pair()
    assert client.transport.getPeer() == port.getHost() == server.transport.getHost()
    assert client.transport.getHost() == server.transport.getPeer()
    for transport in (server.transport, client.transport):
        assert transport.getTcpNoDelay()
        transport.setTcpNoDelay(False)
        assert not transport.getTcpNoDelay()
        assert not transport.getTcpKeepAlive()
        transport.setTcpKeepAlive(True)
        assert transport.getTcpKeepAlive()
    client.transport.loseConnection()
    await client.lost
    await server.lost
    assert client.transport.getPeer() == server.transport.getHost()


@end_to_end
async def test_the_protocol_can_be_replaced_while_connected():
    server, client, _ = await pair()
    other = Recorder()
    other.makeConnection(server.transport)
    server.transport.protocol = other
    client.transport.write(b"for the other")
    client.transport.loseConnection()
    await other.lost
    assert (server.received, other.received) == (b"", b"for the other")
    await client.lost


@end_to_end
async def test_a_port_stops_accepting_and_goes_on():
    from reactorio.internet import reactor

    factory = Server()
    port = reactor.listenTCP(0, factory, interface=LOOPBACK)
    port.pauseProducing()
    ours = Client()
    reactor.connectTCP(LOOPBACK, port.getHost().port, ours)
    client = await ours.outcome
    await deferLater(reactor, 0.02, lambda: None)
    assert factory.accepted.empty()
    port.resumeProducing()
    server = await factory.accepted.get()
    client.transport.loseConnection()
    await server.lost
    await client.lost


@end_to_end
async def test_a_stopped_port_is_free_and_its_connections_live_on():
    from reactorio.internet import reactor

    server, client, port = await pair()
    number = port.getHost().port
    await port.stopListening()
    again = reactor.listenTCP(number, Server(), interface=LOOPBACK)
    client.transport.write(b"still here")
    client.transport.loseConnection()
    await server.lost
    assert server.received == b"still here"
    await client.lost
    await again.stopListening()
    assert await again.stopListening() is None


# ---- attempts that fail


@end_to_end
async def test_a_refused_connection_fails_with_its_number():
    from reactorio.internet import reactor

    with socket.socket() as closed:
        closed.bind((LOOPBACK, 0))
        ours = Client()
        connector = reactor.connectTCP(LOOPBACK, closed.getsockname()[1], ours)
        with pytest.raises(error.ConnectionRefusedError) as refused:
            await ours.outcome
    assert refused.value.osError == errno.ECONNREFUSED
    await ours.stopped
    assert connector.state == "disconnected"


@end_to_end
async def test_an_attempt_can_be_stopped_and_times_out():
    from reactorio.internet import reactor

    with socket.socket() as full:
        full.bind((LOOPBACK, 0))
        full.listen(0)
        address = full.getsockname()
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(address)

        ours = Client()
        reactor.connectTCP(*address, ours, timeout=0.01)
        with pytest.raises(error.TimeoutError):
            await ours.outcome

        ours = Client()
        connector = reactor.connectTCP(*address, ours)
        connector.stopConnecting()
        with pytest.raises(error.UserError):
            await ours.outcome
        with pytest.raises(error.NotConnectingError):
            connector.stopConnecting()
        for other in others:
            other.close()


@end_to_end
async def test_a_port_in_use_is_cannot_listen_with_facts():
    from reactorio.internet import reactor

    port = reactor.listenTCP(0, Server(), interface=LOOPBACK)
    with pytest.raises(error.CannotListenError) as refused:
        reactor.listenTCP(port.getHost().port, Server(), interface=LOOPBACK)
    assert (refused.value.interface, refused.value.port) == (LOOPBACK, port.getHost().port)
    assert refused.value.socketError.errno == errno.EADDRINUSE
    with pytest.raises(error.CannotListenError):
        reactor.listenTCP(70000, Server())
    await port.stopListening()


def test_a_producer_that_writes_on_when_the_connection_broke_is_not_worth_a_warning_each_time(run, caplog):
    async def main():
        server, client, _ = await pair()
        server.transport.registerProducer(Producing(), True)
        client.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.transport.getHandle().shutdown(socket.SHUT_RD)
        server.transport.pauseProducing()
        client.transport.abortConnection()
        await client.lost
        for _ in range(100):
            server.transport.write(b"into the void")
        await server.lost

    class Producing:
        def pauseProducing(self): ...
        def stopProducing(self): ...

    run(main())
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_a_privileged_port_is_cannot_listen():
    code = """
import os
from reactorio.internet import reactor, protocol
if os.getuid() == 0:
    os.setuid(65534)
if int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read()) <= 7:
    raise SystemExit("CannotListenError: every port is free here")
reactor.listenTCP(7, protocol.Factory())
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "CannotListenError" in ended.stderr.splitlines()[-1]


@end_to_end
async def test_an_unknown_service_name_is_told_at_once():
    from reactorio.internet import reactor

    with pytest.raises(error.ServiceNameUnknownError, match="no-such-service"):
        reactor.connectTCP(LOOPBACK, "no-such-service", Client())


# ---- protocols that fail


HOOKS = ["makeConnection", "dataReceived", "connectionLost", "readConnectionLost", "writeConnectionLost"]


@pytest.mark.parametrize("hook", HOOKS)
def test_an_exception_in_a_hook_ends_its_connection_only(run, hook, logged_errors):
    class Broken(HalfCloseable):
        pass

    def fail(self, *args):
        if hook == "connectionLost":
            self.lost.callback(args[0].value)
        raise ZeroDivisionError(hook)

    setattr(Broken, hook, fail)

    async def main():
        from reactorio.internet import reactor

        factory = Server(Broken)
        port = reactor.listenTCP(0, factory, interface=LOOPBACK)
        clients = []
        for _ in range(2):
            ours = Client()
            reactor.connectTCP(LOOPBACK, port.getHost().port, ours)
            client = await ours.outcome
            server = await factory.accepted.get()
            if hook == "writeConnectionLost":
                server.transport.loseWriteConnection()
            elif hook != "makeConnection":
                client.transport.write(b"x")
                client.transport.loseConnection()
            if hook == "connectionLost":
                await server.read_lost
                server.transport.loseConnection()
            clients.append(client)
        for client in clients:
            await client.lost
        await deferLater(reactor, 0.005, lambda: None)
        assert port.connected

    run(main())
    assert [str(one) for one in logged_errors.flush(ZeroDivisionError)] == [hook] * 2


def test_a_factory_that_fails_to_build_costs_that_connection_only(run, logged_errors):
    class Broken(Factory):
        def buildProtocol(self, address):
            raise ZeroDivisionError("build")

    async def main():
        from reactorio.internet import reactor

        port = reactor.listenTCP(0, Broken(), interface=LOOPBACK)
        for _ in range(3):
            reader, writer = await asyncio.open_connection(LOOPBACK, port.getHost().port)
            try:
                assert await reader.read() == b""
            except ConnectionError:
                pass
            writer.close()
        assert port.connected

    run(main())
    assert len(logged_errors.flush(ZeroDivisionError)) == 3


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_a_thousand_peers_that_vanish_while_written_to_leave_nothing(run):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    lost = []

    class Flood(Protocol):
        def connectionMade(self):
            self.transport.write(b"x" * 300_000)

        def connectionLost(self, reason):
            lost.append(reason.type)

    async def main():
        from reactorio.internet import reactor

        port = reactor.listenTCP(0, Factory.forProtocol(Flood), interface=LOOPBACK, backlog=200)
        before = descriptors()
        vanish = struct.pack("ii", 1, 0)
        for batch in range(10):
            peers = []
            for _ in range(100):
                peer = socket.create_connection((LOOPBACK, port.getHost().port))
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, vanish)
                peers.append(peer)
            while len(reactor.getReaders()) < 101:
                await asyncio.sleep(0)
            for peer in peers:
                peer.close()
            while len(lost) < 100 * (batch + 1):
                await asyncio.sleep(0.001)
        assert descriptors() == before
        assert port.connected

    run(main())
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(lost) == 1000
    assert set(lost) <= {error.ConnectionLost, error.ConnectionDone}


@pytest.mark.parametrize("end", ["stopListening", "stopReading"])
def test_who_was_accepted_when_the_port_stops_is_served(run, loop_kind, end):
    async def main():
        from reactorio.internet import reactor

        class Greeting(Protocol):
            def connectionMade(self):
                self.transport.write(b"hello")
                self.transport.loseConnection()

        def stop():
            loop.remove_reader(reading)
            stopped.append(getattr(port, end)())

        port = reactor.listenTCP(0, Factory.forProtocol(Greeting), interface=LOOPBACK)
        loop, stopped = asyncio.get_running_loop(), []
        reading, writing = os.pipe()
        loop.add_reader(reading, stop)
        # Now, and in this order, so that both are ready in the same turn of the loop.
        with socket.create_connection((LOOPBACK, port.getHost().port), timeout=5) as peer:
            os.write(writing, b"x")
            while not stopped:
                await asyncio.sleep(0)
            if stopped[0] is not None:
                await stopped[0]
            greeting = await asyncio.to_thread(peer.recv, 10)
        os.close(reading)
        os.close(writing)
        await port.stopListening()
        assert greeting == b"hello"

    run(main())
