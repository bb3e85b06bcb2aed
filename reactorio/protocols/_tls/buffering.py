"""Small writes, gathered: each write that goes to TLS is a record, with a header, a tag and a cost of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["_AggregateSmallWrites"]

__name__ = "reactorio.protocols.tls"  # the public path: see the package's docstring


class _AggregateSmallWrites:
    """
    Gathers what is written until the clock's next turn, or until it is much.

    Args:
        write: Takes the gathered bytes.
        clock: Tells when the turn is over.

    Attributes:
        corked: Will somebody flush soon, so that the clock need not?
    """

    MAX_BUFFER_SIZE = 64_000

    def __init__(self, write: Callable[[bytes], Any], clock: Any) -> None:
        self._write = write
        self._clock = clock
        self._gathered: list[bytes] = []
        self._size = 0
        self._turn: Any = None
        self.corked = False

    def __bool__(self) -> bool:
        """Is there anything?"""
        return bool(self._gathered)

    def write(self, data: bytes) -> None:
        self._gathered.append(data)
        self._size += len(data)
        if self._size > self.MAX_BUFFER_SIZE:
            self.flush()
        elif self._turn is None and not self.corked:
            self._turn = self._clock.callLater(0, self._turn_over)

    def _turn_over(self) -> None:
        self._turn = None
        self.flush()

    def flush(self) -> None:
        """Write now what was gathered."""
        gathered = self._gathered
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.cancel()
        if gathered:
            self._gathered = []
            self._size = 0
            self._write(gathered[0] if len(gathered) == 1 else b"".join(gathered))

    def drop(self) -> None:
        """Forget what was gathered."""
        self._gathered = []
        self.flush()
