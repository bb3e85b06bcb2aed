"""Taking turns: locks, semaphores and queues whose waiters hold a Deferred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from typing_extensions import ParamSpec, Self

from reactorio.internet._deferred import Deferred, _PlainT
from reactorio.internet._results import deferred_of, fail, succeed
from reactorio.python.failure import caught, special_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Literal, overload

    from reactorio.aio.futures import Future
    from reactorio.python.failure import Failure

__all__ = [
    "DeferredLock",
    "DeferredQueue",
    "DeferredSemaphore",
    "QueueOverflow",
    "QueueUnderflow",
]

_T = TypeVar("_T")
_P = ParamSpec("_P")


class QueueOverflow(Exception):
    """`DeferredQueue.put` was called while the queue held as much as it may hold."""


class QueueUnderflow(Exception):
    """`DeferredQueue.get` was called while as many were waiting as may wait."""


class _ConcurrencyPrimitive:
    """Something that is acquired and released, by ``run``, by ``async with``, or by hand."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[Any]] = []

    def acquire(self) -> Deferred[Self]:
        """
        Wait for one's turn.

        Returns:
            A Deferred that fires with this object. Cancelling it gives up the place in the queue.
        """
        raise NotImplementedError

    def release(self) -> None:
        """Let the next one have its turn."""
        raise NotImplementedError

    def _cancelAcquire(self, d: Deferred[Self]) -> None:
        self.waiting.remove(d)

    if TYPE_CHECKING:

        @overload
        def run(self, f: Callable[_P, Failure], /, *args: _P.args, **kwargs: _P.kwargs) -> Deferred[Any]: ...

        @overload
        def run(self, f: Callable[_P, Deferred[_T]], /, *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]: ...

        @overload
        def run(
            self, f: Callable[_P, Coroutine[Any, Any, _T]], /, *args: _P.args, **kwargs: _P.kwargs
        ) -> Deferred[_T]: ...

        @overload
        def run(self, f: Callable[_P, Future[_T]], /, *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]: ...

        @overload
        def run(self, f: Callable[_P, _PlainT], /, *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_PlainT]: ...

        @overload
        def run(
            self, f: Callable[_P, Deferred[_T] | Failure], /, *args: _P.args, **kwargs: _P.kwargs
        ) -> Deferred[_T]: ...

        @overload
        def run(
            self, f: Callable[_P, _T | Deferred[_T] | Failure], /, *args: _P.args, **kwargs: _P.kwargs
        ) -> Deferred[_T]: ...

    def run(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Acquire, call ``f``, wait if it returns a Deferred or a coroutine, release, and give its result."""
        turn = self.acquire()
        if not turn.called or turn.result is not self:
            return turn.addCallback(self._acquired, f, args, kwargs)
        # Nobody has to be waited for: what the callback does, without being one.
        try:
            result = self._acquired(self, f, args, kwargs)
        except BaseException as error:
            return fail(caught(error, error.__traceback__.tb_next))  # type: ignore[union-attr]  # it was raised
        if type(result) in special_classes:
            return turn.addCallback(lambda _: result)
        turn.result = result
        return turn

    def _acquired(self, _: object, f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        try:
            result = f(*args, **kwargs)
            waiting = deferred_of(result)
        except BaseException:
            self.release()
            raise
        if waiting is not None:
            return waiting.addBoth(self._released)
        self.release()
        return result

    def _released(self, result: _T) -> _T:
        self.release()
        return result

    async def __aenter__(self) -> Self:
        return await self.acquire()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]:
        self.release()
        return False


class DeferredLock(_ConcurrencyPrimitive):
    """A lock; ``locked`` tells whether somebody holds it."""

    locked = False

    def acquire(self) -> Deferred[Self]:
        """Wait until nobody else holds the lock; the Deferred fires with the lock."""
        if not self.locked:
            self.locked = True
            return succeed(self)
        d: Deferred[Self] = Deferred(self._cancelAcquire)
        self.waiting.append(d)
        return d

    def release(self) -> None:
        """Hand the lock to the next who waits. Only who holds it may do that."""
        assert self.locked, "Tried to release an unlocked lock"
        if self.waiting:
            self.waiting.pop(0).callback(self)
        else:
            self.locked = False


class DeferredSemaphore(_ConcurrencyPrimitive):
    """
    A number of tokens, to be taken and given back.

    Args:
        tokens: How many there are.

    Raises:
        ValueError: Fewer than one.
    """

    def __init__(self, tokens: int) -> None:
        super().__init__()
        if tokens < 1:
            raise ValueError("DeferredSemaphore requires tokens >= 1")
        self.tokens = self.limit = tokens

    def acquire(self) -> Deferred[Self]:
        """Wait for a token; the Deferred fires with the semaphore."""
        assert self.tokens >= 0, "Internal inconsistency??  tokens should never be negative"
        if self.tokens:
            self.tokens -= 1
            return succeed(self)
        d: Deferred[Self] = Deferred(self._cancelAcquire)
        self.waiting.append(d)
        return d

    def release(self) -> None:
        """Give a token back. Only who took one may do that."""
        assert self.tokens < self.limit, "Someone released me too many times: too many tokens!"
        if self.waiting:
            self.waiting.pop(0).callback(self)
        else:
            self.tokens += 1


class DeferredQueue(Generic[_T]):
    """
    A queue that can be asked before there is anything in it.

    Args:
        size: How many things it may hold; without limit if None.
        backlog: How many may wait for things; without limit if None.
    """

    def __init__(self, size: int | None = None, backlog: int | None = None) -> None:
        self.waiting: list[Deferred[_T]] = []
        self.pending: list[_T] = []
        self.size = size
        self.backlog = backlog

    def _cancelGet(self, d: Deferred[_T]) -> None:
        self.waiting.remove(d)

    def put(self, obj: _T) -> None:
        """
        Give ``obj`` to the one who waits longest, or keep it.

        Raises:
            QueueOverflow: Nobody waits, and the queue is full.
        """
        if self.waiting:
            self.waiting.pop(0).callback(obj)
        elif self.size is None or len(self.pending) < self.size:
            self.pending.append(obj)
        else:
            raise QueueOverflow

    def get(self) -> Deferred[_T]:
        """
        Return a Deferred for the next thing. Cancelling it gives up the place in the queue.

        Raises:
            QueueUnderflow: Too many are waiting.
        """
        if self.pending:
            return succeed(self.pending.pop(0))
        if self.backlog is not None and len(self.waiting) >= self.backlog:
            raise QueueUnderflow
        d: Deferred[_T] = Deferred(self._cancelGet)
        self.waiting.append(d)
        return d


for _class in (
    QueueOverflow,
    QueueUnderflow,
    DeferredLock,
    DeferredSemaphore,
    DeferredQueue,
):
    _class.__module__ = "reactorio.internet.defer"
