"""The janitor: finds and removes what a test left in the reactor, and reports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.interfaces import IProcessTransport, IReactorThreads
from reactorio.python.failure import Failure
from reactorio.trial._reactor import called_by_trial

if TYPE_CHECKING:
    from collections.abc import Sequence


class DirtyReactorAggregateError(Exception):
    """
    A test left something behind in the reactor.

    Args:
        delayedCalls: Descriptions of the calls that were still to be made.
        selectables: Descriptions of the sockets and pipes that were still open.
    """

    def __init__(self, delayedCalls: Sequence[str], selectables: Sequence[str] | None = None) -> None:
        super().__init__(delayedCalls, selectables)
        self.delayedCalls = delayedCalls
        self.selectables = selectables

    def __str__(self) -> str:
        lines = ["Reactor was unclean."]
        if self.delayedCalls:
            # The name as tests and their readers have it, whichever of the two packages they import.
            lines.append("DelayedCalls: (set reactorio.internet.base.DelayedCall.debug = True to debug)")
            lines.extend(map(str, self.delayedCalls))
        if self.selectables:
            lines.append("Selectables:")
            lines.extend(map(str, self.selectables))
        return "\n".join(lines)


DirtyReactorAggregateError.__module__ = "reactorio.trial.util"


class _Janitor:
    """
    Clean a reactor after a test.

    Args:
        test: Whose leftovers they are.
        result: Hears of each mess, as one error of the test.
        reactor: The global one, if there is none.
    """

    def __init__(self, test: Any, result: Any, reactor: Any = None) -> None:
        self.test = test
        self.result = result
        self.reactor = reactor

    def postCaseCleanup(self) -> bool:
        """Cancel the calls that are still to be made. Were there none?"""
        return self._report(self._cleanPending(), [])

    def postClassCleanup(self) -> None:
        """Close what is still open, cancel the calls still to be made, and end the threads."""
        selectables = self._cleanReactor()
        self._report(self._cleanPending(), selectables)
        self._cleanThreads()

    def _report(self, calls: list[str], selectables: list[str]) -> bool:
        if calls or selectables:
            self.result.addError(self.test, Failure(DirtyReactorAggregateError(calls, selectables)))
        return not (calls or selectables)

    def _getReactor(self) -> Any:
        if self.reactor is None:
            from reactorio.internet import reactor  # looked up late: an application may put its own in this place

            return reactor
        return self.reactor

    def _cleanPending(self) -> list[str]:
        """Cancel what is still to be called, and say what it was."""
        reactor = self._getReactor()
        # One turn for what is due, one for what that leads to: neither is left over.
        with called_by_trial():
            reactor.iterate(0)
            reactor.iterate(0)
        pending = [call for call in reactor.getDelayedCalls() if call.active()]
        # A call that is cancelled can no longer say what it was.
        descriptions = [str(call) for call in pending]
        for call in pending:
            call.cancel()
        return descriptions

    def _cleanReactor(self) -> list[str]:
        """Take all readers and writers out, kill the processes among them, and say what they were."""
        descriptions = []
        for selectable in self._getReactor().removeAll():
            if IProcessTransport.providedBy(selectable):
                selectable.signalProcess("KILL")
            descriptions.append(repr(selectable))
        return descriptions

    def _cleanThreads(self) -> None:
        """End the threads of the reactor's pool, for which nobody else would wait."""
        reactor: Any = self._getReactor()
        if IReactorThreads.implementedBy(type(reactor)) and getattr(reactor, "threadpool", None) is not None:
            reactor._stop_thread_pool()
