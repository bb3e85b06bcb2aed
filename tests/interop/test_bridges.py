"""From one world into the other: what makes Deferreds of awaitables, futures of Deferreds, and takes both."""

from __future__ import annotations

import asyncio

import pytest

from reactorio.internet import reactor
from reactorio.internet.defer import (
    Deferred,
    DeferredList,
    DeferredLock,
    as_deferred,
    as_future,
    ensureDeferred,
    fail,
    inlineCallbacks,
    maybeDeferred,
    succeed,
)

from .endings import Ending


def pending_deferred():
    return Ending("value").deferred()


def pending_future():
    return Ending("value").future()


def work():
    return Ending("value").work()


def test_as_deferred_takes_every_awaitable(run):
    class Own:
        def __await__(self):
            return (yield from succeed("own").__await__())

    async def main():
        same = succeed(1)
        assert as_deferred(same) is same
        results = [
            await as_deferred(pending_future()),
            await as_deferred(work()),
            await as_deferred(Own()),
            await maybeDeferred(pending_future),
            await maybeDeferred(work),
        ]
        with pytest.raises(TypeError, match="cannot be awaited"):
            as_deferred(3)
        return results

    assert run(main()) == [7, 7, "own", 7, 7]


def test_as_future_needs_a_loop():
    with pytest.raises(RuntimeError, match="no running event loop"):
        as_future(succeed(1))


def test_deferred_tools_take_what_coroutines_give(run):
    async def main():
        lock = DeferredLock()
        ran = [await lock.run(work), await lock.run(pending_deferred)]
        listed = await DeferredList([ensureDeferred(work()), as_deferred(pending_future())])
        async with lock as held:
            assert held is lock
            assert lock.locked
        assert not lock.locked
        return ran, listed

    assert run(main()) == ([7, 7], [(True, 7), (True, 7)])


def test_an_inline_generator_yields_futures_without_await(run):
    @inlineCallbacks
    def body():
        first = yield pending_future()
        second = yield asyncio.sleep(0, "slept")
        third = yield asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2))
        return first, second, third

    async def main():
        return await body()

    assert run(main()) == (7, "slept", [1, 2])


def test_a_stop_iteration_does_not_end_a_future_in_silence(run):
    async def main():
        with pytest.raises(RuntimeError, match="StopIteration"):
            await as_future(fail(StopIteration(3)))

    run(main())


def test_a_call_from_a_thread_may_be_the_first_that_the_reactor_hears_of_the_loop(run):
    async def main():
        called = Deferred()
        reactor.callFromThread(called.callback, "from the thread of the loop itself")
        return await asyncio.wait_for(called, 5)

    assert run(main()) == "from the thread of the loop itself"
