"""What reactorio has to await."""

from __future__ import annotations

import asyncio
import threading

from reactorio.internet import reactor
from reactorio.internet.defer import (
    Deferred,
    DeferredList,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    FailureGroup,
    FirstError,
    as_deferred,
    as_future,
    ensureDeferred,
    gatherResults,
    inlineCallbacks,
    maybeDeferred,
    passthru,
    race,
    succeed,
)
from reactorio.internet.task import LoopingCall, cooperate, deferLater
from reactorio.internet.threads import deferToThread

from .endings import Table, soon, wait_inline

DEFERREDS = Table()
FOREVER = 3600


@DEFERREDS.add()
def deferred(ending):
    return ending.deferred()


@DEFERREDS.add(ends_before=True)
def fired_deferred(ending):
    deferred = Deferred()
    ending.give_result(deferred.callback, deferred.errback)
    return deferred


@DEFERREDS.add()
def deferred_with_callbacks(ending):
    return (
        ending.deferred()
        .addCallback(lambda result: result + 1)
        .addBoth(passthru)
        .addCallback(lambda result: result - 1)
    )


@DEFERREDS.add()
def chained_deferred(ending):
    return succeed(None).addCallback(lambda _: ending.deferred())


@DEFERREDS.add(ends_before=True)
def paused_deferred(ending):
    deferred = fired_deferred(ending)
    deferred.pause()
    soon(deferred.unpause)
    return deferred


@DEFERREDS.add()
def deferred_of_a_subclass(ending):
    class Own(Deferred):
        pass

    deferred = Own(ending.tell)
    soon(ending.give_result, deferred.callback, deferred.errback)
    return deferred


@DEFERREDS.add()
def deferred_of_a_coroutine(ending):
    return ensureDeferred(ending.work())


@DEFERREDS.add()
def inline_callbacks(ending):
    return wait_inline(ending.work())


@DEFERREDS.add()
def inline_callbacks_in_a_loop(ending):
    @inlineCallbacks
    def body():
        for _ in range(3):
            result = yield ending.future()
        return result

    return body()


@DEFERREDS.add()
def future_of_a_deferred(ending):
    return as_future(ending.deferred())


@DEFERREDS.add()
def deferred_of_a_future(ending):
    return Deferred.fromFuture(ending.future())


@DEFERREDS.add()
def future_of_a_deferred_of_a_future(ending):
    return Deferred.fromFuture(ending.future()).asFuture(asyncio.get_running_loop())


@DEFERREDS.add()
def as_deferred_of_a_task(ending):
    return as_deferred(asyncio.ensure_future(ending.work()))


@DEFERREDS.add()
def maybe_deferred(ending):
    return maybeDeferred(ending.work)


@DEFERREDS.add()
async def deferred_list(ending):
    [(succeeded, result)] = await DeferredList([ending.deferred()], consumeErrors=True)
    return result if succeeded else result.raiseException()


@DEFERREDS.add(cancelled=FirstError)
async def gathered_results(ending):
    try:
        return (await gatherResults([ending.deferred(), succeed(1)], consumeErrors=True))[0]
    except FirstError as error:
        if not ending.never:
            error.subFailure.raiseException()
        raise


@DEFERREDS.add(cancelled=FailureGroup)
async def raced(ending):
    lost = Deferred()
    if ending.outcome == "error":
        soon(lost.cancel)
    try:
        index, result = await race([lost, ending.deferred()])
    except FailureGroup as group:
        if not ending.never:
            group.failures[1].raiseException()
        raise
    assert index == 1
    return result


@DEFERREDS.add()
async def deferred_lock(ending):
    lock = DeferredLock()
    await lock.acquire()
    if not ending.never:
        soon(lock.release)
    with ending.watched():
        assert await lock.acquire() is lock
    lock.release()
    return ending.result()


@DEFERREDS.add()
async def body_of_a_deferred_lock(ending):
    lock = DeferredLock()
    try:
        async with lock:
            return await ending.deferred()
    finally:
        assert not lock.locked


@DEFERREDS.add()
async def run_with_a_deferred_lock(ending):
    lock = DeferredLock()
    try:
        return await lock.run(ending.work)
    finally:
        assert not lock.locked


@DEFERREDS.add()
async def deferred_semaphore(ending):
    semaphore = DeferredSemaphore(1)
    async with semaphore:
        waiting = semaphore.acquire()
        if not ending.never:
            soon(semaphore.release)
        with ending.watched():
            assert await waiting is semaphore
    return ending.result()


@DEFERREDS.add()
async def run_with_a_deferred_semaphore(ending):
    semaphore = DeferredSemaphore(2)
    try:
        return await semaphore.run(ending.deferred)
    finally:
        assert semaphore.tokens == 2


@DEFERREDS.add()
async def deferred_queue(ending):
    queue = DeferredQueue()
    if not ending.never:
        soon(queue.put, None)
    with ending.watched():
        await queue.get()
    return ending.result()


@DEFERREDS.add()
async def deferred_queue_to_iterate_over(ending):
    class Numbers:
        queue = DeferredQueue()

        def __aiter__(self):
            return self

        def __anext__(self):
            return self.queue.get()

    numbers = Numbers()
    numbers.queue.put(1)
    if not ending.never:
        soon(numbers.queue.put, 2)
    with ending.watched():
        async for number in numbers:
            if number == 2:
                break
    return ending.result()


@DEFERREDS.add()
async def deferred_later(ending):
    with ending.watched():
        return await deferLater(reactor, FOREVER if ending.never else 0, ending.result)


@DEFERREDS.add()
async def deferred_to_a_thread(ending):
    going_on = threading.Event()

    def work():
        if ending.never:
            going_on.wait()
        return ending.result()

    try:
        with ending.watched():
            return await deferToThread(work)
    finally:
        going_on.set()


@DEFERREDS.add()
async def looping_call(ending):
    def body():
        if not ending.never:
            ending.result()
            loop.stop()

    loop = LoopingCall(body)
    try:
        with ending.watched():
            assert await loop.start(0.001) is loop
    finally:
        if loop.running:
            loop.stop()
    return ending.result()


@DEFERREDS.add()
async def cooperative_task(ending):
    def work():
        yield
        yield ending.deferred()

    with ending.watched():
        await cooperate(work()).whenDone()
    return ending.result()
