"""Work in threads, results in the reactor, and the way back."""

from __future__ import annotations

import queue as _queue
from typing import TYPE_CHECKING, Any, TypeVar, overload

from reactorio.aio.futures import running_loop
from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from typing_extensions import ParamSpec

    from reactorio.internet.interfaces import IReactorFromThreads
    from reactorio.python.threadpool import ThreadPool

    P = ParamSpec("P")

__all__ = ["blockingCallFromThread", "callMultipleInThread", "deferToThread", "deferToThreadPool"]

R = TypeVar("R")


def deferToThreadPool(
    reactor: IReactorFromThreads, threadpool: ThreadPool, f: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> Deferred[R]:
    """
    Call ``f`` in a thread of ``threadpool``; the Deferred fires in the reactor's thread.

    Cancelling the Deferred leaves the thread running; its result is dropped.
    """
    result: Deferred[R] = Deferred()

    def done(success: bool, value: Any) -> None:
        reactor.callFromThread(result.callback if success else result.errback, value)

    threadpool.callInThreadWithCallback(done, f, *args, **kwargs)
    return result


def deferToThread(f: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Deferred[R]:
    """Call ``f`` in a thread of the reactor's pool; see `deferToThreadPool`."""
    from reactorio.internet import reactor  # looked up late: an application may put its own in this place

    return deferToThreadPool(reactor, reactor.getThreadPool(), f, *args, **kwargs)


def callMultipleInThread(
    tupleList: Iterable[tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any]]],
) -> None:
    """Make several calls, each a ``(function, args, kwargs)``, one after the other in one thread."""
    from reactorio.internet import reactor

    calls = list(tupleList)

    def make_them() -> None:
        for function, args, kwargs in calls:
            function(*args, **kwargs)

    reactor.callInThread(make_them)


@overload
def blockingCallFromThread(
    reactor: IReactorFromThreads, f: Callable[P, Deferred[R]], *a: P.args, **kw: P.kwargs
) -> R: ...


@overload
def blockingCallFromThread(
    reactor: IReactorFromThreads, f: Callable[P, Coroutine[Any, Any, R]], *a: P.args, **kw: P.kwargs
) -> R: ...


@overload
def blockingCallFromThread(reactor: IReactorFromThreads, f: Callable[P, R], *a: P.args, **kw: P.kwargs) -> R: ...


def blockingCallFromThread(reactor: IReactorFromThreads, f: Callable[P, Any], *a: P.args, **kw: P.kwargs) -> Any:
    """
    Have the reactor call ``f``, and block this thread for the result.

    If ``f`` returns a Deferred, a coroutine or a Future, the result is what becomes of it; its error is raised here.

    Raises:
        RuntimeError: This thread is the reactor's. Unlike Twisted, which waits for itself then.
    """
    if getattr(reactor, "running", False) and running_loop() is getattr(reactor, "_loop", reactor):
        raise RuntimeError("blockingCallFromThread was called in the reactor's own thread, and would wait for itself")
    results: _queue.SimpleQueue[object] = _queue.SimpleQueue()

    def call() -> None:
        maybeDeferred(f, *a, **kw).addBoth(results.put)

    reactor.callFromThread(call)
    result = results.get()
    if isinstance(result, Failure):
        result.raiseException()
    return result
