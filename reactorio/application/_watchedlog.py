"""A log file that other programs may move away."""

from __future__ import annotations

import os
import time
from typing import Any

from reactorio.python import threadable
from reactorio.python.logfile import LogFile

__all__ = ["WatchedLogFile"]

_PATIENCE = 1.0


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino


class WatchedLogFile(LogFile):
    """
    A LogFile that looks, before each write, whether its file is still the one at its path; it goes on in a new one, or
    in the one that is there, if not. So ``mv`` and logrotate need no signal. Where no file can be opened, because
    privileges were given up for example, the old one is written to.
    """

    synchronized = ["write"]

    _retry_at = 0.0

    def _openFile(self) -> None:
        super()._openFile()
        status = os.fstat(self._file.fileno())
        self._opened = status.st_dev, status.st_ino
        self._root = _identity("/")

    def write(self, data: str | bytes) -> None:
        if self._was_moved():
            self._reopen()
        super().write(data)

    def turn_over(self) -> None:
        """Go on in another file: in the one at the path if somebody has put ours aside, or else putting it aside."""
        if self._was_moved():
            self._reopen()
        else:
            self.rotate()

    def turn_over_if_full(self) -> None:
        """Put the file aside if what others have written to it has filled it."""
        self.size = os.fstat(self._file.fileno()).st_size
        if self.shouldRotate():
            self.turn_over()

    def _was_moved(self) -> bool:
        try:
            return _identity(self.path) != self._opened
        except OSError:
            # Under another root the path means another file.
            return _identity("/") == self._root

    def _reopen(self) -> None:
        now = time.monotonic()
        if now < self._retry_at:
            return
        old = self._file
        try:
            self._openFile()
        except OSError:
            self._retry_at = now + _PATIENCE
        else:
            old.close()

    def __setstate__(self, state: dict[str, Any]) -> None:
        state.pop("_retry_at", None)  # another process has another clock
        super().__setstate__(state)


threadable.synchronize(WatchedLogFile)
