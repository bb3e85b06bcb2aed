"""The two ends of a stream, as a test sees them."""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from reactorio.internet.protocol import ClientFactory, Protocol

__all__ = ["HalfCloser", "One", "Party"]


@implementer(IHandshakeListener)
class Party(Protocol):
    """
    One end: keeps what happens to it.

    Args:
        on: What it does in its hooks besides that, by their names; called with the party.

    Attributes:
        received: The bytes.
        events: The hooks that were called, in their order.
        reason: Why the connection was lost.
    """

    def __init__(self, **on: Any) -> None:
        self.on = on
        self.received = bytearray()
        self.events: list[str] = []
        self.reason: Any = None
        self._waiting: list[Deferred[None]] = []

    def _happened(self, event: str) -> None:
        self.events.append(event)
        act = self.on.get(event)
        try:
            if act is not None:
                act(self)
        finally:
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                one.callback(None)

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport
        self._happened("makeConnection")
        super().makeConnection(transport)

    def connectionMade(self) -> None:
        self._happened("connectionMade")

    def handshakeCompleted(self) -> None:
        self._happened("handshakeCompleted")

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self._happened("dataReceived")

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]  # without its default
        assert self.reason is None, "it was lost already"
        self.reason = reason.value
        self._happened("connectionLost")

    # ---- for the test

    async def until(self, holds: Any) -> None:
        """Wait for ``holds(self)`` to be true, which only something that happens to this end can make it."""
        while not holds(self):
            assert self.reason is None, f"lost, of {self.reason!r}"
            news: Deferred[None] = Deferred()
            self._waiting.append(news)
            await news

    async def made(self) -> None:
        await self.until(lambda party: "connectionMade" in party.events)

    async def takes(self, size: int) -> bytes:
        """Wait for so many bytes in all, and return what there is."""
        await self.until(lambda party: len(party.received) >= size)
        return bytes(self.received)

    async def lost(self) -> Exception:
        """Wait for the connection's end, and return why it ended."""
        await self.until(lambda party: party.reason is not None)
        reason: Exception = self.reason
        return reason


@implementer(IHalfCloseableProtocol)
class HalfCloser(Party):
    """One that lives on with one direction."""

    def readConnectionLost(self) -> None:
        self._happened("readConnectionLost")

    def writeConnectionLost(self) -> None:
        self._happened("writeConnectionLost")


class One(ClientFactory[Any]):
    """Builds the one protocol that it is given."""

    noisy = False

    def __init__(self, protocol: Any) -> None:
        self.one = protocol

    def buildProtocol(self, addr: Any) -> Any:
        return self.one
