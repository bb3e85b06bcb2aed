"""Token buckets, and what is written through them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.address import IPv4Address, UNIXAddress
from reactorio.internet.protocol import Factory, Protocol
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport
from reactorio.protocols import htb


@pytest.fixture
def clock(monkeypatch):
    """The clock of buckets, which is its reactor's as well."""
    clock = Clock()
    monkeypatch.setattr(htb, "time", clock.seconds)
    return clock


class Slow(htb.Bucket):
    maxburst = 100
    rate: float = 20


class OnReactor(StringTransport):
    """A connection in memory that belongs to a reactor, and takes everything at once."""

    def __init__(self, clock):
        super().__init__()
        self.reactor = clock


def pull(transport, times=1):
    """Ask as a transport does that has sent everything."""
    for _ in range(times):
        transport.producer.resumeProducing()


# Buckets


def test_a_bucket_takes_what_fits_and_drains_in_time(clock):
    bucket = Slow()

    assert bucket.add(1000) == 100
    assert bucket.add(1) == 0
    clock.advance(0.99)
    assert bucket.add(1000) == 19
    clock.advance(1000)
    assert bucket.drip()
    assert bucket.add(1000) == 100


def test_a_bucket_without_limits_takes_everything(clock):
    bucket = htb.Bucket()

    assert bucket.add(10**9) == 10**9
    assert bucket.drip()


def test_children_share_what_their_parent_takes(clock):
    parent = Slow()
    first, second = Slow(parent), Slow(parent)

    assert first.add(90) == 90
    assert second.add(90) == 10
    clock.advance(1)
    assert (first.add(50), second.add(50)) == (20, 0)
    assert not first.drip()


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 300))))
def test_a_bucket_never_takes_more_than_its_burst_and_its_rate(steps):
    clock = Clock()
    real, htb.time = htb.time, clock.seconds
    try:
        bucket, taken = Slow(), 0
        for seconds, amount in steps:
            clock.advance(seconds)
            taken += bucket.add(amount)
            assert taken <= 100 + 20 * clock.seconds() + 1e-6
    finally:
        htb.time = real


def test_a_bucket_whose_maximum_was_lowered_takes_nothing_until_it_has_drained(clock):
    bucket = Slow()
    bucket.add(100)
    bucket.maxburst = 50

    assert bucket.add(10) == 0


# Filters


def test_each_host_has_its_bucket_and_all_share_the_parent(clock):
    hosts = htb.FilterByHost(htb.HierarchicalBucketFilter())
    hosts.bucketFactory = Slow
    transports = [StringTransport(peerAddress=IPv4Address("TCP", host, port)) for host, port in [("a", 1), ("b", 1)]]
    again = StringTransport(peerAddress=IPv4Address("TCP", "a", 2))

    first, second = map(hosts.getBucketFor, transports)

    assert first is not second
    assert hosts.getBucketFor(again) is first
    assert first.parentBucket is second.parentBucket is not None


def test_each_port_of_ours_has_its_bucket(clock):
    servers = htb.FilterByServer()
    ours = [StringTransport(hostAddress=IPv4Address("TCP", host, port)) for host, port in [("a", 80), ("b", 80)]]

    assert servers.getBucketFor(ours[0]) is servers.getBucketFor(ours[1])
    assert list(servers.buckets) == [80]


@pytest.mark.parametrize("kind", [htb.FilterByHost, htb.FilterByServer])
def test_addresses_without_hosts_are_keys_themselves(clock, kind):
    address = UNIXAddress("/run/nowhere")
    transport = StringTransport(hostAddress=address, peerAddress=address)

    assert kind().getBucketKey(transport) == address


def test_buckets_that_nobody_uses_are_swept_when_they_are_empty(clock):
    hosts = htb.FilterByHost()
    hosts.bucketFactory = Slow
    used, idle, full = (StringTransport(peerAddress=IPv4Address("TCP", host, 1)) for host in ("used", "idle", "full"))
    htb.ShapedConsumer(used, hosts.getBucketFor(used))
    hosts.getBucketFor(idle)
    bucket = hosts.getBucketFor(full)

    clock.advance(hosts.sweepInterval + 1)
    bucket.add(100)
    hosts.getBucketFor(used)

    assert set(hosts.buckets) == {"used", "full"}


# Shaping


def test_what_does_not_fit_is_written_when_it_does(clock):
    transport = OnReactor(clock)
    shaped = htb.ShapedConsumer(transport, Slow())

    pull(transport)
    shaped.write(b"x" * 130)
    assert len(transport.value()) == 100
    pull(transport)
    clock.pump([0.05] * 20)
    pull(transport)
    clock.pump([0.05] * 20)

    assert 100 + 1 <= len(transport.value()) <= 130
    for _ in range(40):
        pull(transport)
        clock.advance(0.05)
    assert len(transport.value()) == 130
    assert clock.getDelayedCalls() == []


def test_a_bucket_that_lets_nothing_through_is_looked_at_once_a_second(clock):
    bucket = Slow()
    bucket.rate = 0
    bucket.add(100)
    transport = OnReactor(clock)
    shaped = htb.ShapedConsumer(transport, bucket)
    pull(transport)
    shaped.write(b"x")

    clock.advance(0.99)
    assert [call.getTime() for call in clock.getDelayedCalls()] == [1.0]
    bucket.rate = 1000
    clock.advance(0.01)

    assert transport.value() == b"x"


def test_the_end_of_a_connection_leaves_no_timer_and_no_use_of_the_bucket(clock):
    bucket = Slow()
    bucket.add(100)
    transport = OnReactor(clock)
    shaped = htb.ShapedTransport(transport, bucket)
    pull(transport)
    shaped.write(b"x")
    assert clock.getDelayedCalls()

    transport.producer.stopProducing()
    transport.producer.stopProducing()

    assert clock.getDelayedCalls() == []
    assert bucket._refcount == 0


def test_a_shaped_transport_closes_when_all_is_written(clock):
    bucket = Slow()
    transport = OnReactor(clock)
    shaped = htb.ShapedTransport(transport, bucket)
    shaped.writeSequence([b"x" * 60, b"x" * 60])

    shaped.loseConnection()
    assert shaped.disconnecting
    pull(transport)
    assert not transport.disconnecting
    for _ in range(20):
        if transport.producer is not None:
            pull(transport)
        clock.advance(0.1)

    assert len(transport.value()) == 120
    assert transport.disconnecting
    assert transport.producer is None
    assert bucket._refcount == 0


def test_an_application_s_producer_comes_and_goes(clock):
    class Once:
        def resumeProducing(self):
            shaped.write(b"produced")
            shaped.unregisterProducer()

    transport = OnReactor(clock)
    shaped = htb.ShapedTransport(transport, Slow())
    shaped.registerProducer(Once(), False)
    pull(transport, 2)
    shaped.write(b", written")

    assert transport.value() == b"produced, written"
    shaped.stopProducing()
    assert transport.disconnecting


def test_reading_is_the_other_transport_s(clock):
    transport = OnReactor(clock)
    shaped = htb.ShapedTransport(transport, Slow())

    shaped.pauseProducing()
    assert transport.producerState == "paused"
    shaped.resumeProducing()

    assert transport.producerState == "producing"
    assert shaped.getPeer() == transport.getPeer()


def test_a_shaped_server_sends_everything_and_closes(run):
    class Sender(Protocol):
        def connectionMade(self):
            self.transport.write(b"x" * 20_000)
            self.transport.loseConnection()

    class Quick(htb.Bucket):
        maxburst, rate = 4000, 400_000

    async def main():
        from reactorio.internet import reactor

        hosts = htb.FilterByHost()
        hosts.bucketFactory = Quick
        factory = Factory()
        factory.protocol = htb.ShapedProtocolFactory(Sender, hosts)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        began = reactor.seconds()
        reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        received = await asyncio.wait_for(reader.read(), 20)
        took = reactor.seconds() - began
        writer.close()
        await port.stopListening()
        return len(received), took, [bucket._refcount for bucket in hosts.buckets.values()]

    length, took, references = run(main())

    assert length == 20_000
    assert took >= 16_000 / 400_000
    assert references == [0]
