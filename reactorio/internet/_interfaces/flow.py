"""Who makes data, who takes it, and how the taker slows the maker down."""

from __future__ import annotations

from reactorio._interface import Interface, Protocol

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class IProducer(Interface, Protocol):
    """Something that writes to a consumer."""

    def stopProducing(self) -> None:
        """Produce no more, for good: nobody is there to take it."""


class IPushProducer(IProducer, Protocol):
    """A producer that writes when it likes, until told to pause."""

    def pauseProducing(self) -> None:
        """Stop until ``resumeProducing``; data already on its way may still be written."""

    def resumeProducing(self) -> None:
        """Go on after a pause."""


class IPullProducer(IProducer, Protocol):
    """A producer that writes when asked."""

    def resumeProducing(self) -> None:
        """Write once. Called again when the consumer wants more."""


class IConsumer(Interface, Protocol):
    """Something that takes data from a producer."""

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        """
        Let ``producer`` feed this consumer.

        Args:
            producer: An `IPushProducer` if ``streaming``, else an `IPullProducer`.
            streaming: Whether the producer writes by itself.

        Raises:
            RuntimeError: There is a producer already.
        """

    def unregisterProducer(self) -> None:
        """Forget the producer: it is done, or another takes its place."""

    def write(self, data: bytes) -> None:
        """Take ``data``. The producer may be paused before this returns."""
