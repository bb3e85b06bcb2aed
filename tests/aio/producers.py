"""What writes at the pace at which it is taken."""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IPullProducer, IPushProducer

__all__ = ["Pull", "Push"]


class _Produces:
    """
    Writes a number of equal pieces, and unregisters.

    Args:
        transport: To whom.
        piece: What.
        number: How often.
        on: What it does in its hooks besides, by their names; called with the producer.

    Attributes:
        events: The hooks that were called, in their order.
    """

    def __init__(self, transport: Any, piece: bytes, number: int, **on: Any) -> None:
        self.transport = transport
        self.piece = piece
        self.left = number
        self.on = on
        self.events: list[str] = []

    def _happened(self, event: str) -> None:
        self.events.append(event)
        act = self.on.get(event)
        if act is not None:
            act(self)

    def _write_one(self) -> None:
        self.left -= 1
        self.transport.write(self.piece)
        if not self.left:
            self.transport.unregisterProducer()

    def stopProducing(self) -> None:
        self.left = 0
        self._happened("stopProducing")


@implementer(IPushProducer)
class Push(_Produces):
    """Writes on until it is paused."""

    paused = False

    def start(self) -> None:
        self.transport.registerProducer(self, True)
        self.go_on()

    def go_on(self) -> None:
        while self.left and not self.paused:
            self._write_one()

    def pauseProducing(self) -> None:
        self.paused = True
        self._happened("pauseProducing")

    def resumeProducing(self) -> None:
        self.paused = False
        self._happened("resumeProducing")
        self.go_on()


@implementer(IPullProducer)
class Pull(_Produces):
    """Writes one piece each time that it is asked."""

    def start(self) -> None:
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        self._happened("resumeProducing")
        if self.left:
            self._write_one()
