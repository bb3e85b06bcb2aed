"""
Token buckets in a hierarchy: what they hold drains at a rate, and only what fits in may be sent.

A bucket may have a parent, which takes what its children take: "each host so much, all together so much". A filter says
which bucket a connection's data goes into; `ShapedProtocolFactory` makes protocols that write through one::

    class PerHost(Bucket):
        maxburst, rate = 64 * 1024, 16 * 1024

    hosts = FilterByHost()
    hosts.bucketFactory = PerHost
    factory.protocol = ShapedProtocolFactory(MyProtocol, hosts)
"""

from __future__ import annotations

from time import monotonic as time  # by this name it is replaced by tests of applications
from typing import TYPE_CHECKING, Any

from reactorio._interface import Interface, Protocol, implementer
from reactorio.internet.interfaces import IPullProducer
from reactorio.protocols._policies.clock import call_later
from reactorio.protocols.pcp import ProducerConsumerProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from reactorio.internet.interfaces import IDelayedCall

__all__ = [
    "Bucket",
    "FilterByHost",
    "FilterByServer",
    "HierarchicalBucketFilter",
    "IBucketFilter",
    "ShapedConsumer",
    "ShapedProtocolFactory",
    "ShapedTransport",
]

# The seconds between two looks at a full bucket: not so short that bytes are sent one by one, nor so long that a bucket
# whose rate was raised seems to stand still.
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 1.0


class Bucket:
    """
    A bucket that drains.

    Args:
        parentBucket: One that takes what this one takes; None for none.

    Attributes:
        maxburst: How much fits in, None for any amount.
        rate: How much drains in a second, None for everything at once.
        content: How much is in it.
    """

    maxburst: int | None = None
    rate: float | None = None
    # How many consumers are shaped by it: a filter keeps it for them.
    _refcount = 0

    def __init__(self, parentBucket: Bucket | None = None) -> None:
        self.content: float = 0
        self.parentBucket = parentBucket
        self.lastDrip = time()

    def add(self, amount: int) -> int:
        """Put in as much of ``amount`` as fits into this and its parents; return how much."""
        self.drip()
        fits = amount
        if self.maxburst is not None:
            fits = min(amount, max(0, int(self.maxburst - self.content)))
        if self.parentBucket is not None:
            fits = self.parentBucket.add(fits)
        self.content += fits
        return fits

    def drip(self) -> bool:
        """Let drain what has to since the last time; return whether nothing is left, in the parents either."""
        empty_above = self.parentBucket is None or self.parentBucket.drip()
        now = time()
        if self.rate is None:
            self.content = 0
        else:
            self.content = max(0, self.content - (now - self.lastDrip) * self.rate)
        self.lastDrip = now
        return self.content == 0 and empty_above

    def _wait(self) -> float:
        """Return how many seconds a full bucket is to be left alone."""
        rates = []
        bucket: Bucket | None = self
        while bucket is not None:
            if bucket.rate is not None:
                rates.append(bucket.rate)
            bucket = bucket.parentBucket
        slowest = min(rates, default=0)
        return LONGEST_WAIT if slowest <= 0 else min(LONGEST_WAIT, max(SHORTEST_WAIT, 1 / slowest))


class IBucketFilter(Interface, Protocol):
    """Knows which bucket something goes into."""

    def getBucketFor(self, *somethings: Any, **some_kw: Any) -> Bucket:
        """Return the bucket."""


@implementer(IBucketFilter)
class HierarchicalBucketFilter:
    """
    Has a bucket for each key.

    Args:
        parentFilter: Has the buckets' parents; None for none.

    Attributes:
        bucketFactory: Makes a bucket, called with its parent.
        sweepInterval: After how many seconds buckets that are empty and that nobody uses are dropped; None for never.
        buckets: The buckets by key.
    """

    bucketFactory: Callable[..., Bucket] = Bucket
    sweepInterval: float | None = None

    def __init__(self, parentFilter: IBucketFilter | None = None) -> None:
        self.buckets: dict[Any, Bucket] = {}
        self.parentFilter = parentFilter
        self.lastSweep = time()

    def getBucketFor(self, *a: Any, **kw: Any) -> Bucket:
        """Return the bucket for what `getBucketKey` says of the arguments; make it if there is none."""
        if self.sweepInterval is not None and time() - self.lastSweep > self.sweepInterval:
            self.sweep()
        key = self.getBucketKey(*a, **kw)
        bucket = self.buckets.get(key)
        if bucket is None:
            parent = None if self.parentFilter is None else self.parentFilter.getBucketFor(*a, **kw)
            bucket = self.buckets[key] = self.bucketFactory(parent)
        return bucket

    def getBucketKey(self, *a: Any, **kw: Any) -> Hashable:
        """Return what decides on the bucket. Subclasses say; here all is one."""
        return None

    def sweep(self) -> None:
        """Drop the buckets that are empty and that nobody uses."""
        self.buckets = {key: bucket for key, bucket in self.buckets.items() if not bucket.drip() or bucket._refcount}
        self.lastSweep = time()


class FilterByHost(HierarchicalBucketFilter):
    """A bucket for each peer's host; where addresses have none, for each address."""

    sweepInterval: float | None = 60 * 20

    def getBucketKey(self, transport: Any) -> Hashable:
        peer = transport.getPeer()
        key: Hashable = getattr(peer, "host", peer)
        return key


class FilterByServer(HierarchicalBucketFilter):
    """A bucket for each of our ports; where addresses have none, for each address."""

    def getBucketKey(self, transport: Any) -> Hashable:
        host = transport.getHost()
        key: Hashable = getattr(host, "port", host)
        return key


class ShapedConsumer(ProducerConsumerProxy):
    """
    Writes to a consumer what fits into a bucket, and the rest later.

    Args:
        consumer: The consumer; it asks for more whenever it can take some.
        bucket: The bucket.
    """

    iAmStreaming = False
    _retry: IDelayedCall | None = None
    _released = False

    def __init__(self, consumer: Any, bucket: Bucket) -> None:
        # First: registering, the consumer may ask, or stop us.
        self.bucket = bucket
        bucket._refcount += 1
        super().__init__(consumer)

    def _writeSomeData(self, data: Any) -> int:
        fits = self.bucket.add(len(data))
        if fits:
            return super()._writeSomeData(data[:fits])
        if data and self._retry is None:
            # Nothing was written, so the consumer is not going to ask again.
            reactor = getattr(self.consumer, "reactor", None)
            later = call_later if reactor is None else reactor.callLater
            self._retry = later(self.bucket._wait(), self._try_again)
        return 0

    def _try_again(self) -> None:
        self._retry = None
        if not self.paused:
            ShapedConsumer.resumeProducing(self)

    def stopProducing(self) -> None:
        """Stop, and be done with the bucket."""
        super().stopProducing()
        self._release()

    def _release(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if not self._released:
            self._released = True
            self.bucket._refcount -= 1


@implementer(IPullProducer)
class _Puller:
    """What a shaped transport is to the transport under it: its own methods of these names are about reading."""

    def __init__(self, shaped: ShapedTransport) -> None:
        self._shaped = shaped

    def resumeProducing(self) -> None:
        ShapedConsumer.resumeProducing(self._shaped)

    def stopProducing(self) -> None:
        ShapedConsumer.stopProducing(self._shaped)


class ShapedTransport(ShapedConsumer):
    """
    A transport that writes what fits into a bucket, and the rest later. What it does not have, the other one has.

    Unlike Twisted: `loseConnection` waits for what is still to be written; a producer may come and go; the methods that
    stop and resume reading do that.

    Args:
        consumer: The other transport.
        bucket: The bucket.
    """

    _closing = False

    def __init__(self, consumer: Any, bucket: Bucket) -> None:
        self._transport = consumer
        super().__init__(consumer, bucket)

    def _as_producer(self) -> _Puller:
        return _Puller(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    # ---- writing

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def unregisterProducer(self) -> None:
        """The application's producer is done; this one goes on writing for the application."""
        self.producer = self.producerIsStreaming = None
        self._end_if_drained()

    # ---- closing

    @property
    def disconnecting(self) -> bool:
        """Is the connection being closed?"""
        return self._closing or bool(self._transport.disconnecting)

    def loseConnection(self) -> None:
        """Close the connection when all that was written is sent, and a producer, if any, has unregistered."""
        self._closing = True
        self._end_if_drained()

    def _end_if_drained(self) -> None:
        if self._closing and not self._buffer and self.producer is None and self.consumer is not None:
            self.consumer = None
            self._release()
            self._transport.unregisterProducer()
            self._transport.loseConnection()

    # ---- reading

    def pauseProducing(self) -> None:
        """Do not read."""
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read again."""
        self._transport.resumeProducing()

    def stopProducing(self) -> None:
        """Read no more: close the connection."""
        self.loseConnection()


class ShapedProtocolFactory:
    """
    Makes protocols whose transports are shaped.

    Args:
        protoClass: Makes the protocols: in a factory's ``protocol``, this takes its place.
        bucketFilter: Knows the bucket of a transport.
    """

    def __init__(self, protoClass: Callable[..., Any], bucketFilter: IBucketFilter) -> None:
        self.protocol = protoClass
        self.bucketFilter = bucketFilter

    def __call__(self, *a: Any, **kw: Any) -> Any:
        """Make a protocol."""
        protocol = self.protocol(*a, **kw)
        connect = protocol.makeConnection

        def connect_shaped(transport: Any) -> Any:
            return connect(ShapedTransport(transport, self.bucketFilter.getBucketFor(transport)))

        protocol.makeConnection = connect_shaped
        return protocol
