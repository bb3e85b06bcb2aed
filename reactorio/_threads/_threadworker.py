"""Workers with a thread or a lock of their own."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from reactorio._interface import implementer
from reactorio._threads._convenience import Quit
from reactorio._threads._ithreads import AlreadyQuit, IExclusiveWorker

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import local

__all__ = ["LockWorker", "ThreadWorker"]

_ThreadT = TypeVar("_ThreadT")


class SimpleLock(Protocol):
    """What a `LockWorker` needs of a lock."""

    def acquire(self) -> bool: ...

    def release(self) -> None: ...


class SimpleQueue(Protocol):
    """What a `ThreadWorker` needs of a queue; ``get`` waits until there is something."""

    def put(self, item: Callable[[], object] | None, /) -> None: ...

    def get(self) -> Callable[[], object] | None: ...


@implementer(IExclusiveWorker)
class ThreadWorker(Generic[_ThreadT]):
    """
    Works in a thread, which ends when the worker has quit and is through with its work.

    Args:
        startThread: Called with the function that the thread shall run; what it returns is ``thread``.
        queue: Empty, and not used by anybody else.
    """

    def __init__(self, startThread: Callable[[Callable[[], None]], _ThreadT], queue: SimpleQueue) -> None:
        self._queue = queue
        self._quit = Quit()
        # So that no work can come into the queue behind its end.
        self._giving = Lock()
        self.thread = startThread(self._work)

    def do(self, task: Callable[[], object]) -> None:
        """Do ``task`` in the thread, after what was given before."""
        with self._giving:
            self._quit.check()
            self._queue.put(task)

    def quit(self) -> None:
        """Let the thread end after what was given before."""
        with self._giving:
            self._quit.set()
            self._queue.put(None)

    def _work(self) -> None:
        # Nothing of a task may stay alive, in a variable, while the thread waits for the next.
        for task in iter(self._queue.get, None):
            task()
            del task


@implementer(IExclusiveWorker)
class LockWorker:
    """
    Works at once, in the caller's thread, while it holds a lock.

    What the work itself wants done, or a signal's handler or a finalizer that comes in between, is done next, by the
    call that has the lock already.

    Args:
        lock: Not used by anybody else.
        local: Likewise.
    """

    def __init__(self, lock: SimpleLock, local: local) -> None:
        self._quit = Quit()
        self._lock: SimpleLock | None = lock
        self._local: Any = local

    def do(self, task: Callable[[], object]) -> None:
        """Do ``task``, and raise what it raises."""
        self._quit.check()
        local = self._local
        pending: deque[Callable[[], object]] | None = getattr(local, "pending", None)
        if pending is not None:
            pending.append(task)
            return
        lock = self._lock
        if lock is None:
            raise AlreadyQuit
        pending = local.pending = deque((task,))
        lock.acquire()
        try:
            while pending:
                pending.popleft()()
        finally:
            local.pending = None
            lock.release()

    def quit(self) -> None:
        """Take no more work, and let go of the lock."""
        self._quit.set()
        self._lock = None
