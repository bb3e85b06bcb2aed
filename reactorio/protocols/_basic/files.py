"""Files sent down a transport."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IPullProducer

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IConsumer

__name__ = "reactorio.protocols.basic"  # the public path: see the package's docstring


@implementer(IPullProducer)
class FileSender:
    """
    A producer that sends a file, a piece each time the consumer asks.

    Attributes:
        CHUNK_SIZE: How much it reads at a time, in bytes.
        lastSent: The last byte that was sent.
    """

    CHUNK_SIZE = 2**14

    lastSent: Any = ""
    deferred: Deferred[Any] | None = None
    file: IO[bytes] | None = None

    def beginFileTransfer(
        self, file: IO[bytes], consumer: IConsumer, transform: Callable[[bytes], bytes] | None = None
    ) -> Deferred[Any]:
        """
        Send ``file``.

        Args:
            file: What to read from. The caller closes it.
            consumer: What to write to; no other producer may be registered with it.
            transform: Makes what is sent of each piece that is read.

        Returns:
            A Deferred of the last byte sent, when all is sent. It fails when the consumer goes away or the file
            cannot be read.
        """
        self.file = file
        self.consumer = consumer
        self.transform = transform
        deferred: Deferred[Any] = Deferred()
        self.deferred = deferred
        self.consumer.registerProducer(self, False)
        return deferred

    def resumeProducing(self) -> None:
        """
        Send the next piece; at the file's end, be done.

        Unlike Twisted: an exception of the file or of ``transform`` fails the Deferred instead of escaping into the
        consumer, which cannot know what to do about it.
        """
        if self.file is None:
            return
        try:
            chunk = self.file.read(self.CHUNK_SIZE)
            sent = self.transform(chunk) if chunk and self.transform else chunk
        except Exception:
            self._finish(lambda deferred: deferred.errback())
            return
        if not chunk:
            self._finish(lambda deferred: deferred.callback(self.lastSent))
            return
        self.consumer.write(sent)
        self.lastSent = sent[-1:]

    def _finish(self, fire: Callable[[Deferred[Any]], None]) -> None:
        self.file = None
        self.consumer.unregisterProducer()
        if self.deferred is not None:
            deferred, self.deferred = self.deferred, None
            fire(deferred)

    def pauseProducing(self) -> None:
        """Do nothing: it sends only when asked."""

    def stopProducing(self) -> None:
        """Fail: the consumer has gone away."""
        if self.deferred is not None:
            deferred, self.deferred = self.deferred, None
            deferred.errback(Exception("Consumer asked us to stop producing"))
