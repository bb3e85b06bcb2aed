"""The file of the access log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IDelayedCall

__all__ = ["LogFile"]

# So many lines are written at once, whatever the turn of the loop.
_MOST = 1000


class LogFile:
    """
    A file whose lines are written once a turn of the loop: a write for each request is a tenth of what the request costs.

    Args:
        path: The file, which is added to.
        callLater: The reactor's.

    Raises:
        OSError: It cannot be opened; later, it cannot be written.
    """

    def __init__(self, path: str | bytes, callLater: Callable[..., IDelayedCall]) -> None:
        # Unbuffered: what the loop's turn has gathered goes out in one piece.
        self._file = open(path, "ab", 0)  # noqa: SIM115  # `close` closes it
        self._call_later = callLater
        self._lines: list[str] = []
        self._flushing: IDelayedCall | None = None

    def write(self, text: str) -> None:
        """Add a line; it is in the file when the loop's turn is over."""
        self._lines.append(text)
        if self._flushing is None:
            self._flushing = self._call_later(0, self._flush_later)
        elif len(self._lines) >= _MOST:
            self.flush()

    def _flush_later(self) -> None:
        self._flushing = None
        self.flush()

    def flush(self) -> None:
        """Write what there is."""
        if self._lines:
            text, self._lines = "".join(self._lines), []
            self._file.write(text.encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Write what there is, and close the file."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        try:
            self.flush()
        finally:
            self._file.close()
