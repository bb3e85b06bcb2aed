"""The one object behind ``callLater``: of the reactor and of ``task.Clock`` alike."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.error import AlreadyCalled, AlreadyCancelled
from reactorio.internet.interfaces import IDelayedCall
from reactorio.python.reflect import safe_repr
from reactorio.python.runtime import seconds as runtimeSeconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["NEW", "DelayedCall"]

# Earlier than any time: the call has no place in the queue yet.
NEW = float("-inf")


@implementer(IDelayedCall)
class DelayedCall:
    """
    A call that is due at a time.

    Whoever keeps the queue makes it, sets ``called`` when it makes the call, and is told of changes.

    Args:
        time: When it is due, on the clock of ``seconds``.
        cancel: Told (with this object) that the call was cancelled, after it stopped being active.
        reset: Told (with this object) that ``time`` has changed.
        seconds: The clock.
    """

    # With debug on (a class or an instance attribute), the stack at creation is kept and shown.
    debug: bool = False
    creator: list[str] | None = None

    __slots__ = (
        "__dict__",
        "__weakref__",
        "args",
        "called",
        "cancelled",
        "canceller",
        "func",
        "kw",
        "queued_for",
        "resetter",
        "seconds",
        "time",
    )

    # When it is due in the queue of who keeps that, or `NEW`.
    queued_for: float

    def __init__(
        self,
        time: float,
        func: Callable[..., object],
        args: Sequence[object],
        kw: Mapping[str, object],
        cancel: Callable[[DelayedCall], object],
        reset: Callable[[DelayedCall], object],
        seconds: Callable[[], float] = runtimeSeconds,
    ) -> None:
        self.time = time
        self.func: Any = func
        self.args: Any = args
        self.kw: Any = kw
        self.canceller = cancel
        self.resetter = reset
        self.seconds = seconds
        self.called = self.cancelled = 0
        self.queued_for = NEW
        if self.debug:
            self.creator = traceback.format_stack()[:-2]

    def getTime(self) -> float:
        """Return when the call is due, in seconds on its clock."""
        return self.time

    def active(self) -> bool:
        """Tell whether the call is still to come: neither made nor cancelled."""
        return not (self.cancelled or self.called)

    def cancel(self) -> None:
        """
        Make sure that the call will not be made, and drop what it refers to.

        Raises:
            AlreadyCancelled: It was cancelled before.
            AlreadyCalled: It was made.
        """
        if self.cancelled or self.called:
            self._require_active()
        self.cancelled = 1
        self.canceller(self)
        # In debug mode the repr goes on showing what would have been called.
        if not self.debug:
            self.func = self.args = self.kw = None

    def reset(self, secondsFromNow: float) -> None:
        """
        Make the call ``secondsFromNow`` seconds from now, whenever it was due before.

        Raises:
            AlreadyCancelled: It was cancelled before.
            AlreadyCalled: It was made.
        """
        self._require_active()
        self.time = self.seconds() + secondsFromNow
        self.resetter(self)

    def delay(self, secondsLater: float) -> None:
        """
        Make the call ``secondsLater`` seconds later than it was due (earlier if negative).

        Raises:
            AlreadyCancelled: It was cancelled before.
            AlreadyCalled: It was made.
        """
        self._require_active()
        self.time += secondsLater
        self.resetter(self)

    def _require_active(self) -> None:
        if self.cancelled:
            raise AlreadyCancelled
        if self.called:
            raise AlreadyCalled

    # Ordered by time, equal by identity: two calls due at the same moment are still two calls.
    def __lt__(self, other: object) -> bool:
        return self.time < other.time if isinstance(other, DelayedCall) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.time <= other.time if isinstance(other, DelayedCall) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.time > other.time if isinstance(other, DelayedCall) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.time >= other.time if isinstance(other, DelayedCall) else NotImplemented

    def __repr__(self) -> str:
        left = self.time - self.seconds()
        what = f"called={self.called:d} cancelled={self.cancelled:d}{self._describe_call()}"
        born = "\n\ntraceback at creation: \n\n" + "    ".join(self.creator) if self.creator is not None else ""
        return f"<DelayedCall {id(self):#x} [{left}s] {what}{born}>"

    def _describe_call(self) -> str:
        if self.func is None:
            return ""
        name = getattr(self.func, "__qualname__", None) or safe_repr(self.func)
        given = [
            *map(safe_repr, self.args or ()),
            *(f"{key}={safe_repr(value)}" for key, value in (self.kw or {}).items()),
        ]
        return f" {name}({', '.join(given)})"


DelayedCall.__module__ = "reactorio.internet.base"
