"""
What type checkers know of Deferreds: read by mypy and pyright, never run.

Where an error is expected, the line is ignored, and the checkers say so if they find none.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import assert_type

from reactorio.internet.defer import (
    Deferred,
    DeferredList,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    as_deferred,
    as_future,
    ensureDeferred,
    execute,
    fail,
    gatherResults,
    inlineCallbacks,
    maybeDeferred,
    passthru,
    race,
    succeed,
)
from reactorio.internet.task import LoopingCall, cooperate, deferLater
from reactorio.internet.threads import blockingCallFromThread, deferToThread, deferToThreadPool
from reactorio.python.failure import Failure

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Generator

    from reactorio.internet.interfaces import IReactorFromThreads, IReactorTime
    from reactorio.python.threadpool import ThreadPool

    class Reactor(IReactorFromThreads, IReactorTime): ...


# -- What the callbacks of the examples are


def length(text: str) -> int:
    return len(text)


def later(text: str) -> Deferred[int]:
    return succeed(len(text))


def checked(text: str) -> int | Failure:
    return len(text) or Failure(ValueError())


def checked_later(text: str) -> int | Deferred[int]:
    return len(text) or succeed(0)


def either(text: str) -> int | bytes:
    return len(text) or text.encode()


def either_later(text: str) -> Deferred[int] | Failure:
    return succeed(len(text)) if text else Failure(ValueError())


def identity(anything: T) -> T:
    return anything


def refused(text: str) -> Failure:
    return Failure(ValueError(text))


def nothing(text: str) -> None:
    print(text)


def repeated(text: str, times: int, *, between: str = "") -> list[str]:
    return [text + between] * times


def mended(failure: Failure) -> bytes:
    return b""


def mended_later(failure: Failure) -> Deferred[bytes]:
    return succeed(b"")


def passed_on(failure: Failure) -> Failure:
    return failure


def mended_with(failure: Failure, default: bytes) -> bytes:
    return default


def logged(failure: Failure) -> None:
    print(failure)


def both(result: str | Failure) -> int:
    return 0


def both_later(result: str | Failure) -> Deferred[int]:
    return succeed(0)


def cleaned_up(result: str | Failure) -> str | Failure:
    return result


async def coroutine(text: str) -> int:
    return len(text)


def future(text: str) -> asyncio.Future[int]:
    return asyncio.ensure_future(coroutine(text))


# -- Callbacks


def callbacks(d: Deferred[str]) -> None:
    assert_type(d.addCallback(length), Deferred[int])
    assert_type(d.addCallback(later), Deferred[int])
    assert_type(d.addCallback(checked), Deferred[int])
    assert_type(d.addCallback(checked_later), Deferred[int])
    assert_type(d.addCallback(nothing), Deferred[None])
    assert_type(d.addCallback(repeated, 3), Deferred[list[str]])
    assert_type(d.addCallback(repeated, times=3, between=","), Deferred[list[str]])
    assert_type(d.addCallback(lambda text: len(text)), Deferred[int])
    assert_type(d.addCallback(str.encode), Deferred[bytes])
    assert_type(d.addCallback(length).addCallback(float), Deferred[float])
    assert_type(d.addCallback(refused), Deferred[Any])
    assert_type(d.addCallback(either), Deferred[int | bytes])
    assert_type(d.addCallback(either_later), Deferred[int])
    assert_type(d.addCallback(lambda text: later(text)), Deferred[int])
    assert_type(d.addCallback(identity), Deferred[str])

    d.addCallback(repeated)  # type: ignore[call-overload]  # an argument is missing
    d.addCallback(repeated, "3")  # type: ignore[call-overload]  # not a number
    d.addCallback(repeated, 3, after=",")  # type: ignore[call-arg, arg-type]  # no such argument
    d.addCallback(mended)  # type: ignore[call-overload]  # takes a Failure, not a str
    d.addCallback(3)  # type: ignore[call-overload]  # not callable


def errbacks(d: Deferred[str]) -> None:
    assert_type(d.addErrback(mended), Deferred[str | bytes])
    assert_type(d.addErrback(mended_later), Deferred[str | bytes])
    assert_type(d.addErrback(mended_with, b"x"), Deferred[str | bytes])
    assert_type(d.addErrback(passed_on), Deferred[str])
    assert_type(d.addErrback(logged), Deferred[str | None])
    assert_type(d.addErrback(lambda failure: "mended"), Deferred[str])
    assert_type(d.addErrback(lambda failure: None if failure.check(ValueError) else failure), Deferred[str | None])
    d.addErrback(lambda failure: failure.trap(ValueError) and "mended").addCallback(print)

    d.addErrback(length)  # type: ignore[call-overload]  # takes a str, not a Failure
    d.addErrback(mended_with)  # type: ignore[call-overload]  # an argument is missing


def on_both(d: Deferred[str]) -> None:
    assert_type(d.addBoth(both), Deferred[int])
    assert_type(d.addBoth(both_later), Deferred[int])
    assert_type(d.addBoth(cleaned_up), Deferred[str])
    assert_type(d.addBoth(passthru), Deferred[str])

    d.addBoth(length)  # type: ignore[call-overload]  # an error is no str


def two(d: Deferred[str]) -> None:
    assert_type(d.addCallbacks(length), Deferred[int])
    assert_type(d.addCallbacks(later), Deferred[int])
    assert_type(d.addCallbacks(length, mended), Deferred[int | bytes])
    assert_type(d.addCallbacks(later, mended_later), Deferred[int | bytes])
    assert_type(d.addCallbacks(length, mended_later), Deferred[int | bytes])
    assert_type(d.addCallbacks(later, mended), Deferred[int | bytes])
    assert_type(d.addCallbacks(length, passed_on), Deferred[int])
    assert_type(d.addCallbacks(checked, mended), Deferred[int | bytes])
    assert_type(d.addCallbacks(None, mended), Deferred[str | bytes])
    assert_type(d.addCallbacks(repeated, mended, callbackArgs=(3,)), Deferred[list[str] | bytes])
    assert_type(d.addCallbacks(repeated, mended_with, (3,), {"between": ""}, (b"",)), Deferred[list[str] | bytes])
    assert_type(
        d.addCallbacks(length, mended_with, None, None, errbackKeywords={"default": b""}), Deferred[int | bytes]
    )

    d.addCallbacks(mended, mended)  # type: ignore[arg-type]  # the callback takes a Failure
    d.addCallbacks(length, length)  # type: ignore[arg-type]  # the errback takes a str


def the_rest(d: Deferred[str], clock: IReactorTime, other: Deferred[str], wrong: Deferred[int]) -> None:
    assert_type(d.addTimeout(1, clock), Deferred[str])
    assert_type(d.addTimeout(1, clock, lambda result, timeout: None), Deferred[str | None])
    d.chainDeferred(other)
    d.callback("result")
    d.callback(Failure(ValueError()))
    d.errback(ValueError())
    d.errback(Failure(ValueError()))
    d.errback()

    d.callback(3)  # type: ignore[arg-type]  # not a str
    d.errback("error")  # type: ignore[arg-type]  # not an exception
    d.chainDeferred(wrong)  # type: ignore[arg-type]  # results of another type
    d.addTimeout(1)  # type: ignore[call-arg]  # no clock


def with_canceller() -> None:
    def cancel(d: Deferred[str]) -> None:
        d.callback("cancelled")

    assert_type(Deferred[str](cancel), Deferred[str])
    d: Deferred[str] = Deferred(lambda d: d.callback("cancelled"))
    d.cancel()
    Deferred[str](lambda: None)  # type: ignore[arg-type, misc]  # the canceller is given the Deferred


# -- From what is there already


def fired() -> None:
    assert_type(succeed(1), Deferred[int])
    assert_type(fail(ValueError()), Deferred[Any])
    assert_type(execute(length, "text"), Deferred[int])
    assert_type(maybeDeferred(length, "text"), Deferred[int])
    assert_type(maybeDeferred(later, "text"), Deferred[int])
    assert_type(maybeDeferred(coroutine, "text"), Deferred[int])
    assert_type(maybeDeferred(future, "text"), Deferred[int])
    assert_type(maybeDeferred(repeated, "text", 3), Deferred[list[str]])
    assert_type(maybeDeferred(either, "text"), Deferred[int | bytes])
    assert_type(maybeDeferred(checked_later, "text"), Deferred[int])
    assert_type(maybeDeferred(refused, "text"), Deferred[Any])
    maybeDeferred(length, 3)  # type: ignore[call-overload]  # not a str


# -- Coroutines


@inlineCallbacks
def generator(d: Deferred[str], times: int = 1) -> Generator[Deferred[str], str, int]:
    text = yield d
    assert_type(text, str)
    return len(text) * times


@inlineCallbacks
def mixed(d: Deferred[str]) -> Generator[Deferred[Any], Any, list[str]]:
    text: str = yield d
    number: int = yield d.addCallback(length)
    return [text] * number


@inlineCallbacks
def endless(d: Deferred[str]) -> Generator[Deferred[str], object, None]:
    while True:
        yield d


class Service:
    @inlineCallbacks
    def method(self, text: str) -> Generator[Deferred[int], int, bool]:
        number = yield later(text)
        return number > 0


async def awaiting(d: Deferred[str], lock: DeferredLock, aio: asyncio.Future[bytes]) -> list[str]:
    assert_type(await d, str)
    assert_type(await d.addCallback(length), int)
    assert_type(await generator(d), int)
    assert_type(await Service().method("text"), bool)
    assert_type(await aio, bytes)
    async with lock as same:
        assert_type(same, DeferredLock)
    first, second = await asyncio.gather(d, coroutine("text"))
    assert_type((first, second), "tuple[str, int]")
    assert_type(await asyncio.wait_for(d, 1), str)
    return [await d]


def coroutines(d: Deferred[str], lock: DeferredLock, aio: asyncio.Future[bytes]) -> None:
    assert_type(generator(d), Deferred[int])
    assert_type(generator(d, times=2), Deferred[int])
    assert_type(mixed(d), Deferred[list[str]])
    assert_type(endless(d), Deferred[None])
    assert_type(Service().method("text"), Deferred[bool])
    assert_type(ensureDeferred(awaiting(d, lock, aio)), Deferred[list[str]])
    assert_type(ensureDeferred(d), Deferred[str])
    assert_type(Deferred.fromCoroutine(awaiting(d, lock, aio)), Deferred[list[str]])
    assert_type(Deferred.fromFuture(aio), Deferred[bytes])
    assert_type(as_deferred(coroutine("text")), Deferred[int])
    assert_type(as_deferred(aio), Deferred[bytes])

    generator("text")  # type: ignore[arg-type]  # not a Deferred
    generator(d, 1, 2)  # type: ignore[call-arg]  # too many
    Service().method(3)  # type: ignore[arg-type]  # not a str
    ensureDeferred(length)  # type: ignore[arg-type]  # a function is no coroutine
    ensureDeferred(coroutine)  # type: ignore[arg-type]  # to be called first
    Deferred.fromCoroutine(d)  # type: ignore[arg-type]  # a Deferred is no coroutine
    inlineCallbacks(length)  # type: ignore[arg-type]  # not a generator function


def futures(d: Deferred[str], loop: asyncio.AbstractEventLoop) -> None:
    assert_type(d.asFuture(loop), "asyncio.Future[str]")
    assert_type(as_future(d), "asyncio.Future[str]")


# -- Many in one


def many(texts: list[Deferred[str]], number: Deferred[int], text: Deferred[str]) -> None:
    assert_type(DeferredList(texts), DeferredList[list[tuple[bool, str]]])
    assert_type(DeferredList(texts, fireOnOneCallback=True), DeferredList[tuple[str, int]])
    assert_type(gatherResults(texts), Deferred[list[str]])
    assert_type(gatherResults(texts, consumeErrors=True).addCallback(",".join), Deferred[str])
    assert_type(race(texts), Deferred[tuple[int, str]])
    assert_type(DeferredList(texts).addCallback(lambda results: [ok for ok, _ in results]), Deferred[list[bool]])
    gatherResults([number, "text"])  # type: ignore[arg-type]  # not a Deferred


async def many_awaited(texts: list[Deferred[str]]) -> None:
    assert_type(await DeferredList(texts), list[tuple[bool, str]])
    index, text = await race(texts)
    assert_type(index, int)
    assert_type(text, str)


# -- Turns


def turns(lock: DeferredLock, semaphore: DeferredSemaphore, queue: DeferredQueue[str]) -> None:
    assert_type(lock.acquire(), Deferred[DeferredLock])
    assert_type(lock.run(length, "text"), Deferred[int])
    assert_type(lock.run(later, "text"), Deferred[int])
    assert_type(semaphore.run(coroutine, "text"), Deferred[int])
    assert_type(semaphore.run(future, "text"), Deferred[int])
    assert_type(semaphore.run(either, "text"), Deferred[int | bytes])
    assert_type(semaphore.run(checked_later, "text"), Deferred[int])
    assert_type(semaphore.acquire(), Deferred[DeferredSemaphore])
    assert_type(queue.get(), Deferred[str])
    queue.put("text")
    queue.put(3)  # type: ignore[arg-type]  # not a str
    lock.run(length)  # type: ignore[call-overload]  # an argument is missing


# -- Threads and time


def threads(reactor: Reactor, pool: ThreadPool) -> None:
    assert_type(deferToThread(length, "text"), Deferred[int])
    assert_type(deferToThreadPool(reactor, pool, repeated, "text", times=2), Deferred[list[str]])
    assert_type(blockingCallFromThread(reactor, length, "text"), int)
    assert_type(blockingCallFromThread(reactor, later, "text"), int)
    assert_type(blockingCallFromThread(reactor, coroutine, "text"), int)
    deferToThread(length)  # type: ignore[call-arg]  # an argument is missing
    deferToThread(length, 3)  # type: ignore[arg-type]  # not a str


def time(reactor: Reactor) -> None:
    assert_type(deferLater(reactor, 1, either, text="text"), Deferred[int | bytes])
    assert_type(deferLater(reactor, 1, length, "text"), Deferred[int])
    assert_type(deferLater(reactor, 1, later, "text"), Deferred[int])
    assert_type(deferLater(reactor, 1), Deferred[None])
    assert_type(LoopingCall(length, "text").start(1), "Deferred[LoopingCall]")
    assert_type(cooperate(iter([1])).whenDone().addCallback(list), Deferred[list[int]])
    deferLater(reactor, "1", length, "text")  # type: ignore[call-overload]  # not a number
