"""Which thread is the reactor's, and methods of which only one runs at a time."""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["XLock", "getThreadID", "ioThread", "isInIOThread", "registerAsIOThread", "synchronize"]

threaded = True

# The identity of the reactor's thread, None as long as no reactor has run.
ioThread: int | None = None


class XLock:
    """A lock that its holder may take again, and that can be pickled; a copy is not held by anybody."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.acquire = self._lock.acquire
        self.release = self._lock.release

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()

    def __reduce__(self) -> tuple[Callable[[], XLock], tuple[()]]:
        return unpickle_lock, ()


def unpickle_lock() -> XLock:
    """What a pickled :class:`XLock` becomes. Pickles hold this function by name."""
    return XLock()


# Guards the moment in which a synchronized object gets its own lock.
_making_a_lock = threading.Lock()


def _lock_of(instance: Any) -> XLock:
    try:
        lock: XLock = instance.__dict__["_threadable_lock"]
    except KeyError:
        with _making_a_lock:
            lock = instance.__dict__.setdefault("_threadable_lock", XLock())
    return lock


def _synchronized(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def alone(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _lock_of(self):
            return function(self, *args, **kwargs)

    return alone


def synchronize(*klasses: type) -> None:
    """Let only one thread at a time into the methods that each class's attribute ``synchronized`` names."""
    for klass in klasses:
        for name in klass.synchronized:  # type: ignore[attr-defined]  # the contract: the class has it
            setattr(klass, name, _synchronized(klass.__dict__[name]))


def init(with_threads: int = 1) -> None:
    """Kept for programs that call it: threads are always there."""


def getThreadID() -> int:
    return threading.get_ident()


def isInIOThread() -> bool:
    """Does the reactor run in the calling thread?"""
    return ioThread == getThreadID()


def registerAsIOThread() -> None:
    """Say that the reactor runs in the calling thread."""
    global ioThread
    ioThread = getThreadID()
