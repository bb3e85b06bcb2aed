"""Errors that no errback took: noticed when the Deferred is collected, and told to the log."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from reactorio.logger import Logger

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__all__ = ["DebugInfo"]

log = Logger(namespace="reactorio.internet.defer")

_OURS = ("reactorio.internet._deferred", "reactorio.internet._unhandled")


class DebugInfo:
    """
    A Deferred's guard: while it holds ``failResult``, the Deferred's result is a Failure that nobody took.

    It is the Deferred's alone, so it is collected with it, and then it reports. In debug mode it also remembers where
    the Deferred was made and where it was fired.
    """

    __slots__ = ("creator", "failResult", "invoker")

    failResult: Failure | None
    creator: list[str] | None
    invoker: list[str] | None

    def __init__(self) -> None:
        self.failResult = self.creator = self.invoker = None

    def remember_creator(self) -> None:
        """Keep the stack, from the caller of the Deferred's class up."""
        self.creator = _callers_stack()

    def remember_invoker(self) -> None:
        """Keep the stack, from the caller of ``callback`` or ``errback`` up."""
        self.invoker = _callers_stack()

    def _getDebugTracebacks(self) -> str:
        info = ""
        for mark, title, stack in (
            (" C:", "Deferred was created", self.creator),
            (" I:", "First Invoker was", self.invoker),
        ):
            if stack is not None:
                info += f"{mark} {title}:\n"
                info += "".join(f"{mark}{line}\n" for entry in stack for line in entry.splitlines())
        return info

    def __del__(self) -> None:
        failure = self.failResult
        if failure is None:
            return
        # One line that says what this is, then the error itself: observers and tests count on two events.
        log.critical("Unhandled error in Deferred:", isError=True)
        debugInfo = self._getDebugTracebacks()
        log.failure("(debug: {debugInfo})" if debugInfo else "", failure, debugInfo=debugInfo)


def _callers_stack() -> list[str]:
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__") in _OURS:
        frame = frame.f_back
    return traceback.format_stack(frame)


DebugInfo.__module__ = "reactorio.internet.defer"
