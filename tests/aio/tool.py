"""A program of somebody else's, as a peer: what it is told, and what it says."""

from __future__ import annotations

from typing import Any

from aio.running import PATIENCE
from reactorio.internet import reactor
from reactorio.internet.defer import Deferred
from reactorio.internet.protocol import ProcessProtocol

__all__ = ["Tool"]


class Tool(ProcessProtocol):
    """
    A started program.

    Attributes:
        said: What it has written, errors among it.
        status: Its exit status, once it has one.
    """

    def __init__(self, *command: str) -> None:
        self.said = b""
        self.status: int | None = None
        self._waiting: list[Deferred[None]] = []
        running: Any = reactor
        running.spawnProcess(self, command[0], command, None)
        self._killer = running.callLater(PATIENCE, lambda: self.transport.signalProcess("KILL"))

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        self.said += data
        self._news()

    def processEnded(self, reason: Any) -> None:  # type: ignore[override]  # any failure
        self.status = reason.value.exitCode
        if self._killer.active():
            self._killer.cancel()
        self._news()

    def _news(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    async def _until(self, holds: Any) -> None:
        while not holds():
            news: Deferred[None] = Deferred()
            self._waiting.append(news)
            await news

    async def says(self, text: bytes) -> bytes:
        """Wait until it has said ``text``, and return what follows in that line, as far as it is there."""
        await self._until(lambda: text in self.said or self.status is not None)
        assert text in self.said, self.said.decode()
        return self.said.partition(text)[2].partition(b"\n")[0].strip()

    async def ends(self) -> int | None:
        """Wait for its end, and return its exit status."""
        await self._until(lambda: self.status is not None)
        return self.status

    def hears(self, text: bytes) -> None:
        self.transport.write(text)

    async def leaves(self) -> None:
        """Close its input, which it takes for a hint."""
        if self.status is None:
            self.transport.closeStdin()
        await self.ends()
