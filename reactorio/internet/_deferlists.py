"""Many Deferreds in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast, overload

from typing_extensions import TypeVar

from reactorio.aio.futures import CancelledError, is_cancellation
from reactorio.internet._deferred import _ARGS, Deferred
from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["FAILURE", "SUCCESS", "DeferredList", "FailureGroup", "FirstError", "gatherResults", "race"]

_T = TypeVar("_T")

SUCCESS = True
FAILURE = False

_log = Logger(namespace="reactorio.internet.defer")


class FirstError(Exception):
    """
    One of many Deferreds failed, and that was enough.

    Attributes:
        subFailure: Its Failure.
        index: Which one it was.
    """

    def __init__(self, failure: Failure, index: int) -> None:
        super().__init__(failure, index)
        self.subFailure = failure
        self.index = index

    def __repr__(self) -> str:
        return f"FirstError[#{self.index}, {self.subFailure.value!r}]"

    def __str__(self) -> str:
        return f"FirstError[#{self.index}, {self.subFailure}]"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FirstError):
            return NotImplemented
        return (self.subFailure, self.index) == (other.subFailure, other.index)

    def __hash__(self) -> int:
        return hash((FirstError, self.index))

    @property
    def _only_cancelled(self) -> bool:
        return is_cancellation(self.subFailure.value)


class FailureGroup(Exception):
    """Every one of many Deferreds failed; ``failures`` are theirs, in order."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__()
        self.failures = failures

    @property
    def _only_cancelled(self) -> bool:
        return all(is_cancellation(failure.value) for failure in self.failures)


# What a list gives: by default, whether each succeeded, and its result or Failure.
_ListT = TypeVar("_ListT", default="list[tuple[bool, Any]]")


class DeferredList(Deferred[_ListT]):
    """
    Fires when all of many Deferreds have fired, with a list of (success, result or Failure) in their order.

    Args:
        deferredList: The Deferreds. Theirs callbacks may go on: they keep their results.
        fireOnOneCallback: Fire at the first success instead, with (result, index).
        fireOnOneErrback: Fail at the first failure instead, with a `FirstError`.
        consumeErrors: Turn their Failures into None, so that nobody has to handle them. That is what you want, if the
            list is all that you look at.

    Cancelling it cancels the Deferreds, and the list tells how they ended. Cancelling an asyncio task that awaits it, by
    ``asyncio.timeout`` for example, is an error there, as with ``asyncio.gather``.
    """

    # Whether it was cancelled together with a task.
    _fails_cancelled = False

    @overload
    def __init__(
        self: DeferredList[list[tuple[bool, _T]]],
        deferredList: Iterable[Deferred[_T]],
        fireOnOneCallback: Literal[False] = False,
        fireOnOneErrback: bool = False,
        consumeErrors: bool = False,
    ) -> None: ...

    @overload
    def __init__(
        self: DeferredList[tuple[_T, int]],
        deferredList: Iterable[Deferred[_T]],
        fireOnOneCallback: Literal[True],
        fireOnOneErrback: bool = False,
        consumeErrors: bool = False,
    ) -> None: ...

    @overload
    def __init__(
        self: DeferredList[Any],
        deferredList: Iterable[Deferred[Any]],
        fireOnOneCallback: bool = False,
        fireOnOneErrback: bool = False,
        consumeErrors: bool = False,
    ) -> None: ...

    def __init__(
        self,
        deferredList: Iterable[Deferred[Any]],
        fireOnOneCallback: bool = False,
        fireOnOneErrback: bool = False,
        consumeErrors: bool = False,
    ) -> None:
        self._deferredList = list(deferredList)
        self.resultList: list[Any] = [None] * len(self._deferredList)
        super().__init__()
        self.fireOnOneCallback = fireOnOneCallback
        self.fireOnOneErrback = fireOnOneErrback
        self.consumeErrors = consumeErrors
        self.finishedCount = 0
        if not self._deferredList and not fireOnOneCallback:
            self.callback(self.resultList)  # type: ignore[arg-type]  # the flags say which kind it is
        called = self._cbDeferred
        for index, deferred in enumerate(self._deferredList):
            deferred._add((called, (index, SUCCESS), {}), (called, (index, FAILURE), {}), _ARGS)

    def _cbDeferred(self, result: Any, index: int, succeeded: bool) -> Any:
        self.resultList[index] = (succeeded, result)
        self.finishedCount += 1
        if not self.called:
            if succeeded and self.fireOnOneCallback:
                self.callback((result, index))  # type: ignore[arg-type]  # likewise
            elif not succeeded and self.fireOnOneErrback:
                self.errback(Failure._withoutTraceback(FirstError(result, index)))
            elif self.finishedCount == len(self.resultList):
                if self._fails_cancelled:
                    self.errback(Failure._withoutTraceback(CancelledError()))
                else:
                    self.callback(self.resultList)  # type: ignore[arg-type]  # likewise
        if not succeeded and self.consumeErrors:
            result = None
        # An error in the callbacks keeps this frame.
        del self
        return result

    def cancel(self) -> None:
        """Cancel every one of the Deferreds, unless this list has fired."""
        if self.called:
            return
        for deferred in self._deferredList:
            try:
                deferred.cancel()
            except Exception:
                _log.failure("Exception raised from user supplied canceller")
        if self._deferredList:
            del deferred
        del self

    def _cancel_for_task(self) -> None:
        self._fails_cancelled = not self.called
        super()._cancel_for_task()


DeferredList.__module__ = FirstError.__module__ = FailureGroup.__module__ = "reactorio.internet.defer"


def gatherResults(deferredList: Iterable[Deferred[_T]], consumeErrors: bool = False) -> Deferred[list[_T]]:
    """
    Fire with the list of all results, or fail with a `FirstError` as soon as one of the Deferreds fails.

    Args:
        consumeErrors: Turn their Failures into None, so that nobody has to handle them.
    """
    gathered = DeferredList(deferredList, fireOnOneErrback=True, consumeErrors=consumeErrors)
    gathered.addCallback(_results)
    return cast("Deferred[list[_T]]", gathered)


def _results(items: list[tuple[bool, _T]]) -> list[_T]:
    return [result for _, result in items]


def race(ds: Sequence[Deferred[_T]]) -> Deferred[tuple[int, _T]]:
    """
    Fire with (index, result) of the first Deferred that succeeds, and cancel the others.

    If all fail, fail with a `FailureGroup`. Cancelling it cancels all.
    """
    winner: int | None = None
    failures: list[tuple[int, Failure]] = []

    def cancel_all(final: Deferred[Any]) -> None:
        # An error in the callbacks of the others keeps this frame.
        del final
        for d in ds:
            d.cancel()

    final: Deferred[tuple[int, _T]] = Deferred(cancel_all)

    def succeeded(result: _T, index: int) -> None:
        nonlocal winner
        # What one that lost brings in spite of that, interests nobody.
        if winner is None:
            winner = index
            for d in ds:
                if d is not ds[index]:
                    d.cancel()
            final.callback((index, result))

    def failed(failure: Failure, index: int) -> None:
        if winner is None:
            failures.append((index, failure))
            if len(failures) == len(ds):
                failures.sort(key=lambda item: item[0])
                final.errback(FailureGroup([failure for _, failure in failures]))

    for index, d in enumerate(ds):
        d.addCallbacks(succeeded, failed, callbackArgs=(index,), errbackArgs=(index,))
    return final
