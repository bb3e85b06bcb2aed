"""anyio, unmodified, in coroutines that Deferreds stand for."""

from __future__ import annotations

import asyncio
import sys
import threading

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
import sniffio

from reactorio.internet import reactor
from reactorio.internet.defer import Deferred, ensureDeferred, fail, succeed
from reactorio.internet.task import deferLater

from .endings import fired_soon, soon

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup


def test_sniffio_and_anyio_see_asyncio(drive, run):
    async def body():
        before = sniffio.current_async_library()
        await fired_soon(None)
        return before, sniffio.current_async_library(), anyio.get_current_task().name

    async def main():
        return await drive(body())

    before, after, name = run(main())
    assert (before, after) == ("asyncio", "asyncio")
    assert name.startswith(("Task-", "Deferred-"))


def test_move_on_after_leaves_a_deferred(drive, run):
    told = []

    async def body():
        with anyio.move_on_after(0.001) as scope:
            await Deferred(told.append)
        await anyio.lowlevel.checkpoint()
        return scope.cancelled_caught, len(told)

    async def main():
        return await drive(body())

    assert run(main()) == (True, 1)


def test_fail_after_ends_the_waiting(drive, run):
    told = []

    async def body():
        with pytest.raises(TimeoutError), anyio.fail_after(0.001):
            await Deferred(told.append)
        with anyio.fail_after(3600):
            return await fired_soon("in time")

    async def main():
        return await drive(body())

    assert run(main()) == "in time"
    assert len(told) == 1


def test_an_outer_scope_does_not_look_like_an_inner_one(drive, run):
    async def body():
        with anyio.CancelScope() as outer, anyio.CancelScope() as inner:
            soon(outer.cancel)
            await Deferred()
        return outer.cancelled_caught, inner.cancelled_caught

    async def main():
        return await drive(body())

    assert run(main()) == (True, False)


def test_a_shielded_scope_keeps_a_deferred(drive, run):
    async def body():
        with anyio.CancelScope() as outer:
            soon(outer.cancel)
            with anyio.CancelScope(shield=True):
                result = await deferLater(reactor, 0.002, lambda: "kept")
            await Deferred()
        return result, outer.cancelled_caught

    async def main():
        return await drive(body())

    assert run(main()) == ("kept", True)


def test_a_scope_cancels_until_it_is_left(drive, run):
    """asyncio cancels once, anyio at every await."""
    seen = []

    async def body():
        with anyio.CancelScope() as scope:
            scope.cancel()
            for _ in range(3):
                try:
                    await Deferred()
                except asyncio.CancelledError:
                    seen.append("cancelled")
            await anyio.lowlevel.checkpoint()
        return scope.cancelled_caught

    async def main():
        return await drive(body())

    assert run(main())
    assert seen == ["cancelled"] * 3


def test_an_anyio_task_group_waits_for_both_kinds(drive, run):
    results = []

    async def child(deferred):
        results.append(await deferred)

    async def body():
        async with anyio.create_task_group() as group:
            group.start_soon(child, fired_soon("pending"))
            group.start_soon(child, succeed("fired"))
            results.append(await fired_soon("body"))

    async def main():
        await drive(body())

    run(main())
    assert sorted(results) == ["body", "fired", "pending"]


def test_a_failing_child_of_an_anyio_task_group_cancels_the_deferreds(drive, run):
    told = []

    async def wait():
        await Deferred(told.append)

    async def explode():
        await fail(ValueError("child"))

    async def body():
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                group.start_soon(explode)
                await wait()
        except ExceptionGroup as caught:
            return [str(error) for error in caught.exceptions]

    async def main():
        return await drive(body())

    assert run(main()) == ["child"]
    assert len(told) == 2


def test_an_anyio_task_group_starts_a_service(drive, run):
    async def service(task_status):
        stop = Deferred()
        task_status.started(stop)
        return await stop

    async def body():
        async with anyio.create_task_group() as group:
            stop = await group.start(service)
            stop.callback(None)
        return "stopped"

    async def main():
        return await drive(body())

    assert run(main()) == "stopped"


def test_the_tools_of_anyio_work(drive, run):
    async def body():
        event, lock, limit = anyio.Event(), anyio.Lock(), anyio.CapacityLimiter(1)
        sender, receiver = anyio.create_memory_object_stream(1)
        async with lock, limit, sender, receiver:
            soon(event.set)
            await event.wait()
            await sender.send("sent")
            return await receiver.receive()

    async def main():
        return await drive(body())

    assert run(main()) == "sent"


def test_anyio_runs_a_thread_and_the_thread_asks_the_loop(drive, run):
    async def ask():
        return await fired_soon("from the loop"), threading.current_thread()

    async def body():
        here = threading.current_thread()
        answer, there = await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(ask))
        assert there is here
        return answer

    async def main():
        return await drive(body())

    assert run(main()) == "from the loop"
    # The workers were told to end when the main task did.
    for thread in threading.enumerate():
        if thread.name == "AnyIO worker thread":
            thread.join(5)


def test_cancelling_a_deferred_cancels_the_task_group_in_it(run):
    told = []

    async def wait():
        await Deferred(told.append)

    async def body():
        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await wait()

    async def main():
        deferred = ensureDeferred(body())
        await asyncio.sleep(0.001)
        deferred.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deferred

    run(main())
    assert len(told) == 2
