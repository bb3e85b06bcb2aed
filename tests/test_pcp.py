"""Proxies between a producer and a consumer."""

from __future__ import annotations

import pytest

from reactorio.protocols.pcp import BasicProducerConsumerProxy, ProducerConsumerProxy


class Consumer:
    """Remembers what it is told."""

    def __init__(self):
        self.told = []

    def registerProducer(self, producer, streaming):
        self.told.append(("producer", streaming))

    def unregisterProducer(self):
        self.told.append("unregistered")

    def finish(self):
        self.told.append("finished")

    def write(self, data):
        self.told.append(data)


class Producer:
    def __init__(self):
        self.told = []

    def pauseProducing(self):
        self.told.append("pause")

    def resumeProducing(self):
        self.told.append("resume")

    def stopProducing(self):
        self.told.append("stop")


@pytest.fixture(params=[BasicProducerConsumerProxy, ProducerConsumerProxy])
def kind(request):
    return request.param


def pulled(kind):
    """The kind of proxy whose consumer asks it."""
    return type("Pulled", (kind,), {"iAmStreaming": False})


def test_a_proxy_registers_as_what_it_is(kind):
    consumer = Consumer()

    kind(consumer)
    pulled(kind)(consumer)

    assert consumer.told == [("producer", True), ("producer", False)]


@pytest.mark.parametrize("pieces", [[b"a", b"b"], ["a", "b"]])
def test_what_is_written_to_a_paused_proxy_is_kept_and_written_at_once(kind, pieces):
    consumer = Consumer()
    proxy = kind(consumer)

    proxy.pauseProducing()
    for piece in pieces:
        proxy.write(piece)
    assert consumer.told == [("producer", True)]
    proxy.resumeProducing()

    assert consumer.told[1:] == [pieces[0] + pieces[1]]


def test_a_pull_is_answered_once(kind):
    consumer = Consumer()
    proxy = pulled(kind)(consumer)

    proxy.resumeProducing()
    proxy.write(b"one")
    proxy.write(b"two")

    assert consumer.told[1:] == [b"one"]


def test_the_end_waits_for_what_is_kept(kind):
    consumer = Consumer()
    proxy = kind(consumer)
    proxy.registerProducer(Producer(), True)

    proxy.pauseProducing()
    proxy.write(b"last")
    proxy.finish()
    assert consumer.told == [("producer", True)]
    proxy.resumeProducing()

    assert consumer.told[1:] == [b"last", "finished", "unregistered"]


def test_a_stopped_proxy_stops_its_producer_and_writes_no_more(kind):
    consumer, producer, late = Consumer(), Producer(), Producer()
    proxy = kind(consumer)
    proxy.registerProducer(producer, True)

    proxy.pauseProducing()
    proxy.write(b"never")
    proxy.stopProducing()
    proxy.write(b"never")
    proxy.resumeProducing()
    proxy.finish()
    proxy.registerProducer(late, False)

    assert "stop" in producer.told
    assert late.told == ["stop"]
    assert consumer.told == [("producer", True)]


def test_a_basic_proxy_passes_pauses_on():
    proxy, producer = BasicProducerConsumerProxy(Consumer()), Producer()
    proxy.registerProducer(producer, True)

    proxy.pauseProducing()
    proxy.resumeProducing()

    assert producer.told == ["pause", "resume"]


def test_a_buffer_that_is_too_full_pauses_the_producer_until_it_is_empty():
    proxy, producer = ProducerConsumerProxy(Consumer()), Producer()
    proxy.bufferSize = 10
    proxy.registerProducer(producer, True)

    proxy.pauseProducing()
    proxy.write(b"x" * 10)
    assert producer.told == []
    proxy.write(b"x")
    proxy.write(b"x")
    assert producer.told == ["pause"]
    proxy.resumeProducing()
    proxy.resumeProducing()

    assert producer.told == ["pause", "resume"]


def test_a_producer_that_has_to_be_asked_is_asked_when_nothing_is_left():
    proxy, producer = pulled(ProducerConsumerProxy)(Consumer()), Producer()
    proxy.registerProducer(producer, False)
    proxy.write(b"kept")

    proxy.resumeProducing()
    assert producer.told == ["resume"]
    proxy.resumeProducing()

    assert producer.told == ["resume", "resume"]


def test_a_part_may_be_written_now_and_the_rest_later():
    class Halves(ProducerConsumerProxy):
        def _writeSomeData(self, data):
            return super()._writeSomeData(data[: (len(data) + 1) // 2])

    consumer = Consumer()
    proxy = pulled(Halves)(consumer)
    for _ in range(2):
        proxy.resumeProducing()
    proxy.write(b"abcd")
    proxy.write(b"e")
    for _ in range(2):
        proxy.resumeProducing()

    assert consumer.told[1:] == [b"ab", b"cd", b"e"]


def test_a_proxy_without_a_consumer_takes_and_forgets(kind):
    proxy = kind(None)
    proxy.write(b"x")
    proxy.resumeProducing()
    proxy.unregisterProducer()

    assert proxy._buffer == []
