"""Errors that were logged while a test ran: trial counts each as an error of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.python import log

if TYPE_CHECKING:
    from reactorio.python.failure import Failure


class _LogObserver:
    """
    Keep the failures that are logged.

    It may be added more than once, by a test that runs another test: it listens until it is removed as often.
    """

    def __init__(self) -> None:
        self._errors: list[Failure] = []
        self._ignored: list[type[BaseException]] = []
        self._added = 0

    def _add(self) -> None:
        if self._added == 0:
            log.addObserver(self.gotEvent)
        self._added += 1

    def _remove(self) -> None:
        self._added -= 1
        if self._added == 0:
            log.removeObserver(self.gotEvent)

    def _ignoreErrors(self, *errorTypes: type[BaseException]) -> None:
        """Do not keep failures of these types."""
        self._ignored.extend(errorTypes)

    def _clearIgnores(self) -> None:
        self._ignored = []

    def gotEvent(self, event: dict[str, Any]) -> None:
        if event.get("isError", False) and "failure" in event:
            failure = event["failure"]
            if not (self._ignored and failure.check(*self._ignored)):
                self._errors.append(failure)

    def getErrors(self) -> list[Failure]:
        """What was logged and not flushed, oldest first."""
        return self._errors

    def flushErrors(self, *errorTypes: Any) -> list[Failure]:
        """Forget the failures of these types, or all, and return them."""
        flushed: list[Failure] = []
        kept: list[Failure] = []
        for failure in self._errors:
            (flushed if not errorTypes or failure.check(*errorTypes) else kept).append(failure)
        self._errors = kept
        return flushed
