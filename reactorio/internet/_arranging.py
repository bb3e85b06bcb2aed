"""Python between fork and exec, for children that can be given what they need in no other way."""

from __future__ import annotations

import fcntl
import os
import signal
import termios
from typing import TYPE_CHECKING

from reactorio.internet._fileactions import open_descriptors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Arranger"]


class Arranger:
    """
    In the child: stop ignoring signals, take a terminal, move descriptors to where the child wants them, close others.

    Args:
        descriptors: Which of the parent's are the child's, by the child's numbers; 0 to 2 are in place already.
        ignored: Signals that the parent ignores.
        terminal: What becomes the controlling terminal.
    """

    def __init__(self, descriptors: Mapping[int, int], ignored: Sequence[int], terminal: int | None) -> None:
        self._descriptors = descriptors
        self._ignored = ignored
        self._terminal = terminal

    def __call__(self) -> None:
        for number in self._ignored:
            signal.signal(number, signal.SIG_DFL)
        if self._terminal is not None:
            fcntl.ioctl(self._terminal, termios.TIOCSCTTY, 0)
        above = max([2, *self._descriptors, *self._descriptors.values()]) + 1
        # First out of each other's way.
        aside = {
            number: fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, above)
            for number, ours in self._descriptors.items()
            if number > 2
        }
        for number, copy in aside.items():
            os.dup2(copy, number, inheritable=True)
        for number in open_descriptors():
            if number not in self._descriptors:
                _close(number)


def _close(number: int) -> None:
    try:
        # subprocess tells of a failed exec through a descriptor that closes by itself.
        if number <= 2 or os.get_inheritable(number):
            os.close(number)
    except OSError:
        pass  # it was that of the listing itself
