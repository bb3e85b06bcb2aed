"""Producers above a transport that may have to wait for more than its peer to take what it sends."""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IPushProducer
from reactorio.internet.task import cooperate
from reactorio.logger import Logger

__all__ = ["_ProducerMembrane", "_PullToPush"]

__name__ = "reactorio.protocols.tls"  # the public path: see the package's docstring

_log = Logger(namespace="reactorio.protocols.tls")


@implementer(IPushProducer)
class _ProducerMembrane:
    """
    Pauses a producer while either of two wants that: the transport below, which calls this as a producer, and TLS.

    Args:
        producer: A push producer.
    """

    # What the producer has been told.
    _producerPaused = False
    _paused_below = False
    _held = False

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    def pauseProducing(self) -> None:
        """Pause the producer, unless it is paused."""
        self._paused_below = True
        self._tell()

    def resumeProducing(self) -> None:
        """Resume the producer, if it is paused, and not held."""
        self._paused_below = False
        self._tell()

    def hold(self) -> None:
        """TLS cannot take any more."""
        self._held = True
        self._tell()

    def release(self) -> None:
        """TLS can go on."""
        self._held = False
        self._tell()

    def _tell(self) -> None:
        paused = self._paused_below or self._held
        if paused != self._producerPaused:
            self._producerPaused = paused
            (self._producer.pauseProducing if paused else self._producer.resumeProducing)()

    def stopProducing(self) -> None:
        """Stop the producer."""
        self._producer.stopProducing()


@implementer(IPushProducer)
class _PullToPush:
    """
    Makes a push producer of a pull producer, which it asks for more once a turn.

    Args:
        pullProducer: The pull producer.
        consumer: Who consumes: it is to unregister the producer when that has failed.
    """

    _finished = False

    def __init__(self, pullProducer: Any, consumer: Any) -> None:
        self._producer = pullProducer
        self._consumer = consumer

    def startStreaming(self) -> None:
        """Begin; not sooner, since the producer may be done at once, and then unregister what is not registered."""
        self._coopTask = cooperate(self._pull())

    def _pull(self) -> Any:
        while not self._finished:
            try:
                self._producer.resumeProducing()
            except Exception:
                _log.failure("while calling resumeProducing on {producer}", producer=self._producer)
                self._give_up()
            yield None

    def _give_up(self) -> None:
        try:
            self._consumer.unregisterProducer()
        except Exception:
            _log.failure("while calling unregisterProducer on {consumer}", consumer=self._consumer)
            self._finished = True

    def stopStreaming(self) -> None:
        """Ask for no more; the producer is not told."""
        if not self._finished:
            self._finished = True
            self._coopTask.stop()

    def pauseProducing(self) -> None:
        self._coopTask.pause()

    def resumeProducing(self) -> None:
        self._coopTask.resume()

    def stopProducing(self) -> None:
        self.stopStreaming()
        self._producer.stopProducing()
