"""Protocols that can be paused while they hold data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__name__ = "reactorio.protocols.basic"  # the public path: see the package's docstring


class _PauseableMixin:
    """
    Pauses the transport, and keeps what has arrived until resumed.

    Attributes:
        paused: Whether it is paused; ``dataReceived`` must deliver nothing then.
    """

    paused = False

    if TYPE_CHECKING:
        transport: Any

        def dataReceived(self, data: bytes) -> Any: ...

    def pauseProducing(self) -> None:
        """Deliver nothing more for now."""
        self.paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Deliver what was kept, then go on."""
        self.paused = False
        self.transport.resumeProducing()
        self.dataReceived(b"")

    def stopProducing(self) -> None:
        """Deliver nothing more, for good."""
        self.paused = True
        self.transport.stopProducing()
