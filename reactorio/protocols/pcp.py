"""
Proxies that are a producer to their consumer, and a consumer to their producer.

What is written may be bytes or text: a proxy only joins and cuts it.
"""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IConsumer, IProducer

__all__ = ["BasicProducerConsumerProxy", "ProducerConsumerProxy"]


@implementer(IProducer, IConsumer)
class BasicProducerConsumerProxy:
    """
    Passes on in both directions, and keeps what is written while the consumer does not want it.

    Unlike Twisted: ``finish`` and ``unregisterProducer`` reach the consumer when it has everything.

    Args:
        consumer: Who gets what is written; None for nobody.

    Attributes:
        iAmStreaming: Is this, to its consumer, a producer that streams? Otherwise it writes once each time it is asked.
        producer, producerIsStreaming: Who is registered here, and how.
        outstandingPull: Has the consumer asked in vain?
        paused: Does the consumer not want anything?
        stopped: Does it not want anything any more?
    """

    consumer: Any = None
    producer: Any = None
    producerIsStreaming: bool | None = None
    iAmStreaming = True
    outstandingPull = False
    paused = False
    stopped = False
    _finishing = False
    _unregistering = False

    def __init__(self, consumer: Any) -> None:
        self._buffer: list[Any] = []
        if consumer is not None:
            self.consumer = consumer
            consumer.registerProducer(self._as_producer(), self.iAmStreaming)

    def _as_producer(self) -> Any:
        return self

    # ---- as a producer

    def pauseProducing(self) -> None:
        """Keep what is written, and pause a producer that streams."""
        self.paused = True
        if self.producer is not None and self.producerIsStreaming:
            self.producer.pauseProducing()

    def resumeProducing(self) -> None:
        """Write what was kept, and have the producer produce."""
        self.paused = False
        self._answer()
        if self.producer is not None:
            self.producer.resumeProducing()

    def stopProducing(self) -> None:
        """Stop the producer, and forget the consumer."""
        self.stopped = True
        self.consumer = None
        self._buffer.clear()
        if self.producer is not None:
            self.producer.stopProducing()

    def _answer(self) -> bool:
        """Write what was kept; return whether there was anything."""
        if not self._buffer:
            self.outstandingPull = not self.iAmStreaming
            return False
        kept = self._buffer[0][:0].join(self._buffer)
        self._buffer.clear()
        self._send(kept)
        self._end_if_drained()
        return True

    def _send(self, data: Any) -> None:
        if self.consumer is not None:
            self.consumer.write(data)

    # ---- as a consumer

    def write(self, data: Any) -> None:
        """Pass on, or keep."""
        if self.consumer is None:
            return
        if self.paused or not (self.iAmStreaming or self.outstandingPull):
            self._buffer.append(data)
        else:
            self.outstandingPull = False
            self._send(data)

    def finish(self) -> None:
        """Everything is written."""
        self._finishing = True
        self.unregisterProducer()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let ``producer`` write here."""
        if self.stopped:
            producer.stopProducing()
            return
        self.producer = producer
        self.producerIsStreaming = bool(streaming)
        self._unregistering = False

    def unregisterProducer(self) -> None:
        """The producer is done."""
        self.producer = self.producerIsStreaming = None
        self._unregistering = True
        self._end_if_drained()

    def _end_if_drained(self) -> None:
        if self._buffer or self.consumer is None:
            return
        if self._finishing:
            self._finishing = False
            self.consumer.finish()
        if self._unregistering:
            self._unregistering = False
            self.consumer.unregisterProducer()


class ProducerConsumerProxy(BasicProducerConsumerProxy):
    """
    A proxy with a buffer, which sets the producer's pace.

    Attributes:
        bufferSize: How much may be kept, about, before a producer that streams is paused.
        producerPaused: Is it?
    """

    bufferSize = 2**16
    producerPaused = False

    def pauseProducing(self) -> None:
        """Keep what is written; the producer is paused when that is too much."""
        self.paused = True

    def resumeProducing(self) -> None:
        """Write what was kept; have the producer go on if it was paused, or if it has to be asked and nothing was there."""
        self.paused = False
        answered = self._answer()
        if self.producer is None:
            return
        if not self.producerIsStreaming:
            if not answered:
                self.producer.resumeProducing()
        elif self.producerPaused and self._kept() <= self.bufferSize:
            self.producerPaused = False
            self.producer.resumeProducing()

    def write(self, data: Any) -> None:
        """Pass on, or keep; pause the producer if that is too much."""
        super().write(data)
        if self.producerIsStreaming and not self.producerPaused and self._kept() > self.bufferSize:
            self.producerPaused = True
            self.producer.pauseProducing()

    def _kept(self) -> int:
        return sum(map(len, self._buffer))

    def _send(self, data: Any) -> None:
        sent = self._writeSomeData(data)
        if sent < len(data) and self.consumer is not None:
            self._buffer.insert(0, data[sent:])

    def _writeSomeData(self, data: Any) -> int:
        """Write as much of ``data`` as is to be written now; return how much. Subclasses may write less than all."""
        if self.consumer is None:
            return 0
        self.consumer.write(data)
        return len(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let ``producer`` write here; one that has to be asked is asked."""
        super().registerProducer(producer, streaming)
        self.producerPaused = False
        if not streaming and not self.stopped:
            producer.resumeProducing()
