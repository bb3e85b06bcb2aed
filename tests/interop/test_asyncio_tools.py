"""asyncio's tools, in a Task and in a coroutine that a Deferred stands for."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest

from reactorio.aio.loop import close_loop, new_loop
from reactorio.internet.defer import (
    Deferred,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    as_future,
    ensureDeferred,
    fail,
    succeed,
)

from .endings import soon, wait

since_311 = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has had it since 3.11")


def soon_fired():
    deferred = Deferred()
    soon(deferred.callback, 7)
    return deferred


@pytest.fixture(params=["task", "coroutine"])
def drive(request):
    """Runs a coroutine as a Task, or as a Deferred's."""
    return asyncio.ensure_future if request.param == "task" else ensureDeferred


@since_311
@pytest.mark.parametrize("never", [Deferred, lambda: asyncio.sleep(100)], ids=["Deferred", "sleep"])
def test_asyncio_timeout_ends_the_waiting(never, drive, run):
    async def body():
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0):
                await never()
        return asyncio.current_task().cancelling()

    async def main():
        return await drive(body())

    assert run(main()) == 0


@since_311
def test_an_outer_timeout_does_not_look_like_an_inner_one(drive, run):
    async def body():
        try:
            async with asyncio.timeout(0), asyncio.timeout(100):
                await Deferred()
        except asyncio.TimeoutError:
            return "the outer one"

    async def main():
        return await drive(body())

    assert run(main()) == "the outer one"


@since_311
def test_a_task_group_gathers_both_kinds(drive, run):
    async def body():
        gate = Deferred()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(wait(gate))
            second = group.create_task(asyncio.sleep(0, "slept"))
            gate.callback("fired")
        return first.result(), second.result()

    async def main():
        return await drive(body())

    assert run(main()) == ("fired", "slept")


@since_311
def test_a_failing_child_of_a_task_group_cancels_the_waiting_body(drive, run):
    told = []

    async def explode():
        raise ValueError("child")

    async def body():
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(explode())
                await Deferred(told.append)
        except BaseExceptionGroup as caught:  # noqa: F821  # since 3.11
            return [str(error) for error in caught.exceptions]

    async def main():
        return await drive(body())

    assert run(main()) == ["child"]
    assert len(told) == 1


def test_wait_for_cancels_the_deferred(drive, run):
    told = []

    async def body():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(Deferred(told.append), 0.001)
        return await asyncio.wait_for(succeed(1), 100)

    async def main():
        return await drive(body())

    assert run(main()) == 1
    assert len(told) == 1


def test_gather_takes_deferreds_and_coroutines(drive, run):
    async def body():
        return await asyncio.gather(succeed(1), soon_fired(), wait(succeed(3)), asyncio.sleep(0, 4))

    async def main():
        return await drive(body())

    assert run(main()) == [1, 7, 3, 4]


def test_shield_keeps_a_deferred(drive, run):
    async def body():
        deferred = Deferred()
        shielded = asyncio.shield(as_future(deferred))
        shielded.cancel()
        deferred.callback(None)
        return deferred.result

    async def main():
        return await drive(body())

    assert run(main()) is None


def test_locks_and_queues_of_asyncio_work(drive, run):
    async def body():
        queue, lock, event = asyncio.Queue(1), asyncio.Lock(), asyncio.Event()
        async with lock:
            soon(queue.put_nowait, 5)
            soon(event.set)
            await event.wait()
            return await queue.get()

    async def main():
        return await drive(body())

    assert run(main()) == 5


def test_async_timeout_works(drive, run):
    async_timeout = pytest.importorskip("async_timeout")

    async def body():
        with pytest.raises(asyncio.TimeoutError):
            async with async_timeout.timeout(0.001):
                await Deferred()
        return True

    async def main():
        return await drive(body())

    assert run(main())


def test_gather_tells_errors_and_cancels_nothing_else(drive, run):
    async def body():
        others = Deferred(), asyncio.get_running_loop().create_future()
        with pytest.raises(ValueError, match="first"):
            await asyncio.gather(fail(ValueError("first")), *others)
        pending, future = others
        soon(pending.callback, 1)
        soon(future.set_result, 2)
        return await asyncio.gather(future, fail(ValueError("second")), return_exceptions=True)

    async def main():
        return await drive(body())

    result, error = run(main())
    assert result == 2
    assert str(error) == "second"


def test_a_cancelled_gather_cancels_deferreds_and_tasks(drive, run):
    told = []

    async def body():
        gathered = asyncio.gather(Deferred(told.append), wait(Deferred(told.append)))
        await asyncio.sleep(0)
        gathered.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gathered

    async def main():
        await drive(body())

    run(main())
    assert len(told) == 2


def test_as_completed_takes_deferreds(drive, run):
    async def body():
        return [await one for one in asyncio.as_completed([soon_fired(), succeed(1)])]

    async def main():
        return await drive(body())

    assert sorted(run(main())) == [1, 7]


def test_wait_takes_futures_of_deferreds(drive, run):
    async def body():
        never = as_future(Deferred())
        done, pending = await asyncio.wait(
            [as_future(soon_fired()), never], return_when=asyncio.FIRST_COMPLETED, timeout=3600
        )
        assert pending == {never}
        return [future.result() for future in done]

    async def main():
        return await drive(body())

    assert run(main()) == [7]


def test_wait_for_takes_deferreds_of_every_kind(drive, run):
    async def body():
        return [
            await asyncio.wait_for(awaitable, 3600)
            for awaitable in (soon_fired(), succeed(1), ensureDeferred(wait(soon_fired())), DeferredLock().acquire())
        ]

    async def main():
        return await drive(body())

    *results, lock = run(main())
    assert results == [7, 1, 7]
    assert lock.locked


def test_shield_takes_a_deferred(drive, run):
    async def body():
        deferred = Deferred()
        shielded = asyncio.shield(deferred)
        await asyncio.sleep(0)
        shielded.cancel()
        with pytest.raises(asyncio.CancelledError):
            await shielded
        assert not deferred.called
        deferred.callback("kept")
        await asyncio.sleep(0)

    async def main():
        await drive(body())

    run(main())


def test_ensure_future_makes_a_task_of_a_deferred(drive, run):
    async def body():
        task = asyncio.ensure_future(soon_fired())
        assert isinstance(task, asyncio.Task)
        return await task

    async def main():
        return await drive(body())

    assert run(main()) == 7


def test_a_loop_runs_until_a_deferred_has_fired(loop_kind):
    loop = new_loop()
    deferred = Deferred()
    loop.call_soon(deferred.callback, 7)
    try:
        assert loop.run_until_complete(deferred) == 7
    finally:
        close_loop(loop)


def test_another_thread_has_a_coroutine_run_that_awaits_a_deferred(drive, run):
    async def ask():
        return await soon_fired()

    async def body():
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(ask(), loop).result(5))

    async def main():
        return await drive(body())

    assert run(main()) == 7


def test_an_async_generator_that_is_left_in_the_middle_closes_itself(drive, run):
    closed = []

    async def numbers():
        try:
            yield await soon_fired()
            yield 0
        finally:
            await asyncio.sleep(0)
            closed.append(await soon_fired())

    async def body():
        async for number in numbers():
            assert number == 7
            break
        gc.collect()
        while not closed:
            await asyncio.sleep(0)

    async def main():
        await drive(body())

    run(main())
    assert closed == [7]


def test_deferreds_are_sources_to_iterate_over(drive, run):
    class Source:
        """What a protocol would be that puts what it receives, and None at its end."""

        def __init__(self):
            self.queue = DeferredQueue()

        def __aiter__(self):
            return self

        async def __anext__(self):
            item = await self.queue.get()
            if item is None:
                raise StopAsyncIteration
            return item

    async def body():
        source = Source()
        source.queue.put("there")
        soon(source.queue.put, "soon")
        soon(source.queue.put, None)
        return [item async for item in source]

    async def main():
        return await drive(body())

    assert run(main()) == ["there", "soon"]


@pytest.mark.parametrize("make", [DeferredLock, lambda: DeferredSemaphore(1)])
def test_one_at_a_time_holds_a_deferred_lock(make, drive, run):
    lock, holders, most = make(), [], []

    async def hold(number):
        async with lock:
            holders.append(number)
            await asyncio.sleep(0)
            await soon_fired()
            most.append(len(holders))
            holders.remove(number)

    async def main():
        await asyncio.gather(*(wait(drive(hold(number))) for number in range(4)))

    run(main())
    assert most == [1] * 4


def test_who_gives_up_waiting_for_a_lock_does_not_get_it(drive, run):
    lock = DeferredLock()

    async def hold():
        async with lock:
            pass

    async def main():
        await lock.acquire()
        waiting = drive(hold())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert lock.waiting == []
        lock.release()
        assert not lock.locked

    run(main())
