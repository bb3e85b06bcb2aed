"""Cancellation, both ways: from asyncio into Deferreds and from Deferreds into asyncio."""

from __future__ import annotations

import asyncio
import sys

import pytest

from reactorio.internet.defer import CancelledError, Deferred, as_future, ensureDeferred, succeed

from .cancellation_scenarios import SCENARIOS
from .endings import CHIEF_DRIVERS, DRIVERS, soon, turns, wait, wait_inline

since_311 = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has had it since 3.11")


# -- What is awaited is cancelled by somebody else


def cancelled_deferred():
    deferred = Deferred()
    deferred.cancel()
    return deferred


def deferred_cancelled_soon():
    deferred = Deferred()
    soon(deferred.cancel)
    return deferred


def chained_deferred():
    inner = Deferred()
    soon(inner.cancel)
    return succeed(None).addCallback(lambda _: inner)


def paused_deferred():
    deferred = cancelled_deferred()
    deferred.pause()
    soon(deferred.unpause)
    return deferred


def cancelled_future():
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    return future


def future_cancelled_soon():
    future = asyncio.get_running_loop().create_future()
    soon(future.cancel)
    return future


async def work():
    await asyncio.sleep(0)
    return await deferred_cancelled_soon()


CANCELLED = {
    "cancelled Deferred": cancelled_deferred,
    "pending Deferred": deferred_cancelled_soon,
    "chained Deferred": chained_deferred,
    "paused Deferred": paused_deferred,
    "cancelled future": cancelled_future,
    "pending future": future_cancelled_soon,
    "coroutine": work,
    "Task": lambda: asyncio.ensure_future(work()),
    "Deferred of a coroutine": lambda: ensureDeferred(work()),
    "inlineCallbacks": lambda: wait_inline(work()),
    "asFuture": lambda: deferred_cancelled_soon().asFuture(asyncio.get_running_loop()),
    "fromFuture": lambda: Deferred.fromFuture(future_cancelled_soon()),
}


@pytest.mark.parametrize("awaitable", CANCELLED)
@pytest.mark.parametrize("driver", DRIVERS)
def test_who_awaits_what_is_cancelled_sees_that(driver, awaitable, run):
    async def main():
        return await DRIVERS[driver](CANCELLED[awaitable]())

    with pytest.raises(asyncio.CancelledError):
        run(main())


# -- Who awaits is cancelled


def cancellable_deferred(told):
    return Deferred(lambda _: told.append("cancelled"))


def cancellable_future(told):
    future = asyncio.get_running_loop().create_future()
    future.add_done_callback(lambda future: told.append("cancelled" if future.cancelled() else "ended"))
    return future


async def cancellable_coroutine(told):
    try:
        await asyncio.sleep(100)
    except asyncio.CancelledError:
        told.append("cancelled")
        raise


@pytest.mark.parametrize("awaitable", [cancellable_deferred, cancellable_future, cancellable_coroutine])
@pytest.mark.parametrize("driver", DRIVERS)
def test_cancelling_the_driver_cancels_what_it_awaits(driver, awaitable, run):
    told = []

    async def main():
        driven = DRIVERS[driver](awaitable(told))
        await asyncio.sleep(0)
        driven.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driven
        await asyncio.sleep(0)

    run(main())
    assert told == ["cancelled"]


@pytest.mark.parametrize("awaitable", [cancellable_deferred, cancellable_future, cancellable_coroutine])
def test_a_cancelled_deferred_of_a_coroutine_fails_with_the_one_cancelled_error(awaitable, run):
    async def main():
        deferred = ensureDeferred(wait(awaitable([])))
        await asyncio.sleep(0)
        deferred.cancel()
        caught = []
        deferred.addErrback(lambda failure: caught.append(failure.trap(CancelledError)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return caught

    assert run(main()) == [CancelledError]


def test_a_task_that_ends_with_the_deferreds_cancelled_error_counts_as_cancelled(run):
    async def main():
        deferred = Deferred()
        task = asyncio.ensure_future(wait(deferred))
        await asyncio.sleep(0)
        deferred.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run(main())


def test_a_task_waits_until_a_cancelled_deferred_has_wound_up(run):
    seen = []

    async def main():
        wound_up = Deferred()
        working = Deferred().addErrback(lambda failure: wound_up)
        task = asyncio.ensure_future(wait(working))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        seen.append(task.done())
        wound_up.callback("saved")
        return await task

    assert run(main()) == "saved"
    assert seen == [False]


def test_a_future_of_a_deferred_is_cancelled_at_once_and_tells_the_deferred(run):
    told = []

    async def main():
        future = as_future(Deferred(told.append))
        assert future.cancel()
        assert future.cancelled()
        assert not future.cancel()

    run(main())
    assert len(told) == 1


def test_a_canceller_that_raises_does_not_raise_in_task_cancel(run):
    def explode(_):
        raise RuntimeError("canceller")

    reported = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context["exception"]))
        deferred = Deferred(explode)
        task = asyncio.ensure_future(wait(deferred))
        await asyncio.sleep(0)
        task.cancel()
        deferred.errback(CancelledError())
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert [str(error) for error in reported] == ["canceller"]


def test_a_coroutine_cancelled_while_it_runs_sees_that_at_its_next_await(run):
    async def cancel_me(box):
        await asyncio.sleep(0)
        box[0].cancel()
        await Deferred()

    async def main():
        box = []
        box.append(ensureDeferred(cancel_me(box)))
        with pytest.raises(CancelledError):
            await box[0]

    run(main())


@since_311
@pytest.mark.parametrize("driver", DRIVERS)
def test_cancelled_in_the_body_of_a_task_group_is_cancelled_and_no_group_of_errors(driver, run):
    told = []

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(wait(Deferred(told.append)))
            await Deferred(told.append)

    async def main():
        driven = DRIVERS[driver](body())
        await turns()
        driven.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driven

    run(main())
    assert len(told) == 2


@since_311
@pytest.mark.xfail(
    sys.version_info < (3, 13),
    reason="up to 3.12, TaskGroup takes a CancelledError of another class than asyncio's own for an error",
    strict=True,
)
def test_a_coroutine_itself_sees_that_it_was_cancelled_in_the_body_of_a_task_group(run):
    seen = []

    async def body():
        try:
            async with asyncio.TaskGroup():
                await Deferred()
        except CancelledError:
            seen.append("cancelled")
            raise

    async def main():
        deferred = ensureDeferred(body())
        deferred.cancel()
        with pytest.raises(CancelledError):
            await deferred

    run(main())
    assert seen == ["cancelled"]


# -- Cancelled at an odd moment


@pytest.mark.parametrize("driver", ["fromCoroutine", "inlineCallbacks"])
def test_who_is_cancelled_when_the_future_is_done_already_sees_the_cancellation(driver, run):
    async def main():
        future = asyncio.get_running_loop().create_future()
        deferred = DRIVERS[driver](future)
        future.set_result("too late")
        deferred.cancel()
        with pytest.raises(CancelledError):
            await deferred

    run(main())


def test_a_task_cancelled_when_its_deferred_has_fired_is_cancelled(run):
    async def main():
        deferred = Deferred()
        task = asyncio.ensure_future(wait(deferred))
        await asyncio.sleep(0)
        deferred.callback("too late")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


@pytest.mark.parametrize("driver", DRIVERS)
def test_who_cancels_itself_while_running_is_cancelled_at_the_next_await_that_waits(driver, run):
    told, seen = [], []

    async def body():
        asyncio.current_task().cancel()
        seen.append(await succeed("a fired Deferred does not wait"))
        await Deferred(told.append)

    async def main():
        with pytest.raises(asyncio.CancelledError):
            await DRIVERS[driver](body())

    run(main())
    assert seen == ["a fired Deferred does not wait"]
    assert len(told) == 1


def test_a_coroutine_that_goes_on_after_its_cancellation_waits_as_before(run):
    async def stubborn():
        for _ in range(3):
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass
        return await asyncio.sleep(0, "done")

    async def main():
        deferred = ensureDeferred(stubborn())
        for _ in range(3):
            deferred.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return await deferred

    assert run(main()) == "done"


@pytest.mark.parametrize("driver", DRIVERS)
def test_who_is_cancelled_while_cleaning_up_stops_cleaning_up(driver, run):
    seen = []

    async def body():
        try:
            await Deferred()
        finally:
            seen.append("cleaning up")
            await Deferred(lambda _: seen.append("interrupted"))
            seen.append("never reached")

    async def main():
        driven = DRIVERS[driver](body())
        for _ in range(2):
            await turns()
            driven.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driven

    run(main())
    assert seen == ["cleaning up", "interrupted"]


def test_a_cancellation_goes_through_tasks_and_deferreds_in_turns(run):
    told = []

    async def down(depth):
        if not depth:
            return await Deferred(told.append)
        return await (asyncio.ensure_future(down(depth - 1)) if depth % 2 else ensureDeferred(down(depth - 1)))

    async def main():
        deferred = ensureDeferred(down(10))
        await turns()
        deferred.cancel()
        with pytest.raises(CancelledError):
            await deferred

    run(main())
    assert len(told) == 1


# -- How often: cancelling() and uncancel()

NEVER = {
    "Deferred": Deferred,
    "chained Deferred": lambda: succeed(None).addCallback(lambda _: Deferred()),
    "future": lambda: asyncio.get_running_loop().create_future(),
    "Deferred of a coroutine": lambda: ensureDeferred(wait(Deferred())),
    "Task": lambda: asyncio.ensure_future(wait(Deferred())),
}


async def what_it_sees(scenario, driver, never):
    seen = []

    def log(event):
        seen.append((event, asyncio.current_task().cancelling()))

    async def body():
        await scenario(NEVER[never], log)
        await asyncio.sleep(0)

    try:
        await DRIVERS[driver](body())
        log("ended")
    except asyncio.CancelledError:
        log("cancelled")
    return seen


@since_311
@pytest.mark.parametrize("never", NEVER)
@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_cancellations_are_counted_as_in_a_task_that_waits_for_futures(scenario, driver, never, run):
    expected = run(what_it_sees(SCENARIOS[scenario], "task", "future"))
    assert run(what_it_sees(SCENARIOS[scenario], driver, never)) == expected


@since_311
def test_a_count_is_back_at_zero_after_timeouts_and_groups(run):
    for scenario in ("inner_timeout", "outer_timeout", "failing_child", "timeout_around_a_group"):
        seen = run(what_it_sees(SCENARIOS[scenario], "fromCoroutine", "Deferred"))
        assert seen[-1] == ("ended", 0)
        assert seen[-2][1] == 0
