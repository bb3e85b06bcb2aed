"""Deferreds from what is there already, or from what a function does."""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from typing_extensions import ParamSpec

from reactorio.aio.futures import is_future
from reactorio.internet._deferred import Deferred, _PlainT
from reactorio.internet._driver import drive
from reactorio.python.failure import Failure, caught, special_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from reactorio.aio.futures import Future

__all__ = ["deferred_of", "execute", "fail", "maybeDeferred", "succeed"]

_T = TypeVar("_T")
_P = ParamSpec("_P")


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
    waiting = deferred_of(result)
    return succeed(result) if waiting is None else waiting


def deferred_of(result: object) -> Deferred[Any] | None:
    """Return the Deferred for what a function returned, or None if that is there already."""
    kind = type(result)
    if kind in special_classes:
        return result if isinstance(result, Deferred) else fail(cast("Failure", result))
    if kind is CoroutineType:
        return drive(result)
    if is_future(result):
        return Deferred.fromFuture(cast("Future[Any]", result))
    return None
