"""System events: callables in three phases, the first of which may take its time."""

from __future__ import annotations

import warnings
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, DeferredList
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    Trigger = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]
    TriggerHandle = tuple[str, Callable[..., object], tuple[Any, ...], dict[str, Any]]

_log = Logger(namespace="reactorio.internet.base")

PHASES = ("before", "during", "after")


class ThreePhaseEvent:
    """
    Triggers of one event, called once each: those of ``before``, then, when every Deferred they returned has fired,
    those of ``during`` and ``after``.

    Attributes:
        state: ``"BASE"``, or ``"BEFORE"`` from the first trigger to the last of the awaited Deferreds.
        finishedBefore: The ``before`` triggers that this firing has called already.
    """

    def __init__(self) -> None:
        self.before: list[Trigger] = []
        self.during: list[Trigger] = []
        self.after: list[Trigger] = []
        self.finishedBefore: list[Trigger] = []
        self.state = "BASE"
        self._held_by: list[Deferred[object]] = []

    def addTrigger(self, phase: str, callable: Callable[..., object], *args: Any, **kwargs: Any) -> TriggerHandle:
        """
        Add a trigger, and return what `removeTrigger` takes.

        Raises:
            KeyError: There is no such phase.
        """
        self._of(phase).append((callable, args, kwargs))
        return phase, callable, args, kwargs

    def removeTrigger(self, handle: TriggerHandle) -> None:
        """
        Take a trigger out again.

        Raises:
            ValueError: It is not there (any more).
            KeyError: The handle names no phase.
        """
        try:
            phase, callable, args, kwargs = handle
        except (TypeError, ValueError):
            raise ValueError("not a trigger handle", handle) from None
        trigger = (callable, args, kwargs)
        triggers = self._of(phase)
        if phase == "before" and trigger not in triggers and trigger in self.finishedBefore:
            warnings.warn(
                "Removing already-fired system event triggers will raise an exception in a future version of Twisted.",
                DeprecationWarning,
                stacklevel=2,
            )
            return
        triggers.remove(trigger)

    def fireEvent(self) -> None:
        """Call the triggers; what one raises is logged and stops no other."""
        self.state = "BEFORE"
        self.finishedBefore = []
        awaited: list[Deferred[object]] = []
        while self.before:
            trigger = self.before.pop(0)
            self.finishedBefore.append(trigger)
            result = _call(trigger)
            if isinstance(result, Deferred):
                awaited.append(result)
            elif iscoroutine(result):
                awaited.append(Deferred.fromCoroutine(result))
        if awaited:
            DeferredList(awaited).addCallback(self._go_on)
        else:
            self._go_on()

    def hold(self, deferred: Deferred[object]) -> None:
        """From a trigger of ``during``: have those of ``after`` wait for ``deferred``."""
        self._held_by.append(deferred)

    def _go_on(self, _: object = None) -> None:
        self.state = "BASE"
        self.finishedBefore = []
        while self.during:
            _call(self.during.pop(0))
        held_by, self._held_by = self._held_by, []
        if held_by:
            DeferredList(held_by).addCallback(self._finish)
        else:
            self._finish()

    def _finish(self, _: object = None) -> None:
        while self.after:
            _call(self.after.pop(0))

    def _of(self, phase: str) -> list[Trigger]:
        if phase not in PHASES:
            raise KeyError(phase)
        triggers: list[Trigger] = getattr(self, phase)
        return triggers


def _call(trigger: Trigger) -> object:
    callable, args, kwargs = trigger
    try:
        return callable(*args, **kwargs)
    except Exception:
        _log.failure("Unhandled error in a system event trigger: {trigger!r}", trigger=callable)
        return None
