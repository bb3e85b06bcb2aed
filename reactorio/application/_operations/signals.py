"""The signals that an operator sends, taken while the reactor runs and given back after."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["Signals", "Terminal"]


class Signals:
    """
    Calls handlers, in the reactor's thread and turn, for signals of this process.

    A signal that the application handles by itself, or that is ignored (``nohup``), stays so.

    Args:
        reactor: Whose turn, and whose handlers of SIGINT and SIGTERM, may be replaced.
        handlers: What to call with the number of each signal.
    """

    def __init__(self, reactor: Any, handlers: dict[int, Callable[[int], object]]) -> None:
        self._reactor = reactor
        self._handlers = handlers
        self._replaced: dict[int, Any] = {}

    def take(self) -> None:
        """Take the signals; for the main thread."""
        free = (signal.SIG_DFL, getattr(self._reactor, "sigTerm", None), getattr(self._reactor, "sigInt", None))
        for number in self._handlers:
            if signal.getsignal(number) in free:
                self._replaced[number] = signal.signal(number, self._came)

    def give_back(self) -> None:
        """Put back what was there, unless somebody has replaced ours since."""
        while self._replaced:
            number, previous = self._replaced.popitem()
            if signal.getsignal(number) == self._came:
                signal.signal(number, previous)

    def _came(self, number: int, frame: FrameType | None) -> None:
        # A signal comes between any two bytecodes: whatever it does is done in the loop's turn.
        self._reactor.callFromThread(self._handlers[number], number)


class Terminal:
    """
    The terminal that this process was started from, if it was.

    When it is closed, the process gets SIGHUP, and this is how that is told from a SIGHUP that somebody has sent.
    """

    def __init__(self) -> None:
        self._was_there = _has_terminal()

    def is_gone(self) -> bool:
        """Has there been one, which is there no more?"""
        return self._was_there and not _has_terminal()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
