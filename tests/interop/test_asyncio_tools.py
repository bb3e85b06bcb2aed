"""asyncio's tools, in a Task and in a coroutine that a Deferred stands for."""

from __future__ import annotations

import asyncio
import sys

import pytest

from reactorio.internet.defer import Deferred, as_future, ensureDeferred, succeed

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
