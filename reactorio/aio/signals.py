"""Signals that end a program, taken while a reactor runs and given back after."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Handler = Callable[[int, "FrameType | None"], object]


class SignalHandlers:
    """
    Handlers for SIGINT, SIGTERM and SIGBREAK, where the platform has them.

    They are plain ``signal.signal`` handlers: both loops wake for them, and what they call must be safe between any
    two bytecodes. An application's own SIGINT handler stays.
    """

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._wanted = {getattr(signal, name): do for name, do in handlers.items() if hasattr(signal, name)}
        self._replaced: dict[int, Any] = {}

    def install(self) -> None:
        """Take the signals; only the main thread can, elsewhere nothing happens."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number, handler in self._wanted.items():
            if number == signal.SIGINT and signal.getsignal(number) is not signal.default_int_handler:
                continue
            self._replaced[number] = signal.signal(number, handler)

    def restore(self) -> None:
        """Put back the handlers that were there before, unless somebody has replaced ours since."""
        while self._replaced:
            number, previous = self._replaced.popitem()
            if signal.getsignal(number) is self._wanted[number] or signal.getsignal(number) == self._wanted[number]:
                signal.signal(number, previous if previous is not None else signal.SIG_DFL)
