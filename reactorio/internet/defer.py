"""
Results that come later.

    Deferred                                    such a result, and the callbacks that wait for it
    succeed, fail, maybeDeferred, execute       a Deferred from what is there already
    inlineCallbacks, ensureDeferred             coroutines that await Deferreds (and asyncio's futures)
    as_deferred, as_future                      from asyncio and to it
    DeferredList, gatherResults, race           many in one
    DeferredLock, DeferredSemaphore, DeferredQueue, DeferredFilesystemLock    taking turns

The names are here; the work is in the private modules beside this one.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import wraps
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar, cast, overload

from typing_extensions import ParamSpec

from reactorio.aio.futures import CancelledError, is_future, loop_for_future
from reactorio.internet._deferfslock import AlreadyTryingToLockError, DeferredFilesystemLock
from reactorio.internet._deferlists import FAILURE, SUCCESS, DeferredList, gatherResults
from reactorio.internet._deferlists import FailureGroup as FailureGroup
from reactorio.internet._deferlists import FirstError as FirstError
from reactorio.internet._deferlists import race as race
from reactorio.internet._deferlocks import DeferredLock, DeferredQueue, DeferredSemaphore
from reactorio.internet._deferlocks import QueueOverflow as QueueOverflow
from reactorio.internet._deferlocks import QueueUnderflow as QueueUnderflow
from reactorio.internet._deferred import (
    AlreadyCalledError,
    Deferred,
    NotACoroutineError,
    TimeoutError,
    _PlainT,
)
from reactorio.internet._driver import Driver, _DefGen_Return, drive
from reactorio.internet._unhandled import DebugInfo as DebugInfo
from reactorio.python.deprecate import deprecated
from reactorio.python.failure import Failure, _extraneous, caught, special_classes
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from reactorio.aio.futures import Future, Loop

# As Twisted's, to the name: programs do `from twisted.internet.defer import *`.
__all__ = [
    "FAILURE",
    "SUCCESS",
    "AlreadyCalledError",
    "AlreadyTryingToLockError",
    "CancelledError",
    "Deferred",
    "DeferredFilesystemLock",
    "DeferredList",
    "DeferredLock",
    "DeferredQueue",
    "DeferredSemaphore",
    "TimeoutError",
    "ensureDeferred",
    "fail",
    "gatherResults",
    "inlineCallbacks",
    "maybeDeferred",
    "returnValue",
    "succeed",
]

_T = TypeVar("_T")
_P = ParamSpec("_P")

DeferredCallback: TypeAlias = "Callable[..., object]"
DeferredErrback: TypeAlias = "Callable[..., object]"


def logError(err: Failure) -> Failure:
    """Log ``err`` and return it: an errback for who wants to see an error pass."""
    # The log is made of Failures and stands beside this; only this function needs it.
    from reactorio.python import log

    log.err(err)
    return err


def passthru(arg: _T) -> _T:
    """Return ``arg``: the callback that changes nothing."""
    return arg


def succeed(result: _T) -> Deferred[_T]:
    """Return a Deferred that has fired with ``result``."""
    deferred: Deferred[_T] = Deferred()
    if type(result) in special_classes or deferred.debug:
        deferred.callback(result)
    else:
        deferred.called = True
        deferred.result = result
    return deferred


def fail(result: Failure | BaseException | None = None) -> Deferred[Any]:
    """Return a Deferred that has failed with ``result``, or with the exception that is being handled."""
    deferred: Deferred[Any] = Deferred()
    deferred.errback(result)
    return deferred


def execute(callable: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
    """Call ``callable``, and return a Deferred that has fired with what came of it, result or exception."""
    try:
        result = callable(*args, **kwargs)
    except BaseException:
        return fail()
    return succeed(result)


@overload
def maybeDeferred(f: Callable[_P, Failure], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[Any]: ...


@overload
def maybeDeferred(f: Callable[_P, Deferred[_T]], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]: ...


@overload
def maybeDeferred(f: Callable[_P, Coroutine[Any, Any, _T]], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]: ...


@overload
def maybeDeferred(f: Callable[_P, Future[_T]], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]: ...


@overload
def maybeDeferred(f: Callable[_P, _PlainT], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_PlainT]: ...


@overload
def maybeDeferred(f: Callable[_P, Deferred[_T] | Failure], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]: ...


@overload
def maybeDeferred(
    f: Callable[_P, _T | Deferred[_T] | Failure], *args: _P.args, **kwargs: _P.kwargs
) -> Deferred[_T]: ...


def maybeDeferred(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
    """
    Call ``f`` and return a Deferred, whatever ``f`` does.

    A Deferred that it returns is returned; a coroutine is run, a future is waited for; a Failure or an exception makes
    the Deferred fail; any other result is there already.
    """
    try:
        result = f(*args, **kwargs)
    except BaseException as error:
        return fail(caught(error, error.__traceback__.tb_next))  # type: ignore[union-attr]  # it was raised
    if isinstance(result, Deferred):
        return result
    if isinstance(result, Failure):
        return fail(result)
    if type(result) is CoroutineType:
        return drive(result)
    if is_future(result):
        return Deferred.fromFuture(result)
    return succeed(result)


def ensureDeferred(
    coro: Coroutine[Any, Any, _T] | Generator[Any, Any, _T] | Deferred[_T],
) -> Deferred[_T]:
    """
    Run a coroutine as `Deferred.fromCoroutine` does; a Deferred is returned as it is.

    Raises:
        NotACoroutineError: ``coro`` is neither.
    """
    if isinstance(coro, Deferred):
        return coro
    if isinstance(coro, (CoroutineType, GeneratorType, Coroutine, Generator)):
        # See drive(): this is it, with one frame less.
        box: list[Deferred[_T]] = [Deferred()]
        Driver(coro, box[0]).resume(None, False)
        return box.pop()
    raise NotACoroutineError(f"{coro!r} is not a coroutine or a Deferred")


def inlineCallbacks(f: Callable[_P, Generator[Any, Any, _T]]) -> Callable[_P, Deferred[_T]]:
    """
    Make a function of a generator function, that runs the generator and returns a Deferred for its result.

    ``yield deferred`` waits for the result or raises the error; so does ``yield`` of a coroutine or an asyncio future.
    Anything else is given back at once. Cancelling the Deferred cancels what is waited for.
    """

    @wraps(f)
    @_extraneous
    def run(*args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
        try:
            generator = f(*args, **kwargs)
        except _DefGen_Return as returned:
            raise TypeError(
                f"inlineCallbacks requires {f!r} to produce a generator; instead it called returnValue"
            ) from returned
        if type(generator) is not GeneratorType and not isinstance(generator, Generator):
            raise TypeError(f"inlineCallbacks requires {f!r} to produce a generator; instead got {generator!r}")
        # See drive(): this is it, with one frame less.
        box: list[Deferred[_T]] = [Deferred()]
        Driver(generator, box[0]).resume(None, False)
        return box.pop()

    return run


def returnValue(val: object) -> NoReturn:
    """End the ``inlineCallbacks`` generator with this result. ``return`` does that as well."""
    warnings.warn(
        "reactorio.internet.defer.returnValue was deprecated in Twisted 24.7.0; please use standard return statement "
        "instead",
        DeprecationWarning,
        stacklevel=2,
    )
    raise _DefGen_Return(val)


def as_deferred(awaitable: Awaitable[_T]) -> Deferred[_T]:
    """
    Return a Deferred for any awaitable: a coroutine, an asyncio future or task, a Deferred, what has ``__await__``.

    Raises:
        NotACoroutineError: It cannot be awaited.
    """
    if isinstance(awaitable, Deferred):
        return awaitable
    if is_future(awaitable):
        return Deferred.fromFuture(cast("Future[_T]", awaitable))
    if isinstance(awaitable, (Coroutine, Generator)):
        return drive(awaitable)
    if isinstance(awaitable, Awaitable):
        return drive(_await(awaitable))
    raise NotACoroutineError(f"{awaitable!r} cannot be awaited")


async def _await(awaitable: Awaitable[_T]) -> _T:
    return await awaitable


def as_future(deferred: Deferred[_T], loop: Loop | None = None) -> Future[_T]:
    """Return an asyncio future for a Deferred, in the running loop if none is given; see `Deferred.asFuture`."""
    return deferred.asFuture(loop if loop is not None else loop_for_future())


def getDebugging() -> bool:
    """Tell whether Deferreds remember where they were made and fired."""
    return Deferred.debug


def setDebugging(on: bool) -> None:
    """Say whether Deferreds shall remember where they were made and fired, and their errors the variables."""
    Deferred.debug = bool(on)


@deprecated(Version("Twisted", 17, 1, 0), replacement="reactorio.internet.defer.Deferred.addTimeout")
def timeout(deferred: Deferred[Any]) -> None:
    """Make ``deferred`` fail with a `TimeoutError`."""
    deferred.errback(Failure(TimeoutError("Callback timed out")))
