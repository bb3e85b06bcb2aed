"""The janitor: finds and removes what a test left in the reactor, and reports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.interfaces import IProcessTransport
from reactorio.python.failure import Failure
from reactorio.trial._reactor import called_by_trial

if TYPE_CHECKING:
    from reactorio.trial.util import DirtyReactorAggregateError


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
        """Close what is still open, and cancel the calls still to be made."""
        selectables = self._cleanReactor()
        self._report(self._cleanPending(), selectables)

    def _report(self, calls: list[str], selectables: list[str]) -> bool:
        if calls or selectables:
            self.result.addError(self.test, Failure(_dirty(calls, selectables)))
        return not (calls or selectables)

    def _getReactor(self) -> Any:
        if self.reactor is None:
            from reactorio.internet import reactor  # looked up late: an application may put its own in this place

            return reactor
        return self.reactor

    def _cleanPending(self) -> list[str]:
        """Cancel what is still to be called, and say what it was."""
        reactor = self._getReactor()
        if not getattr(reactor, "running", False):
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


def _dirty(calls: list[str], selectables: list[str]) -> DirtyReactorAggregateError:
    from reactorio.trial.util import DirtyReactorAggregateError  # its home, which names the janitor as well

    return DirtyReactorAggregateError(calls, selectables)
