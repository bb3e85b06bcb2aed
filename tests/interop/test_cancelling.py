"""Cancellation, both ways: from asyncio into Deferreds and from Deferreds into asyncio."""

from __future__ import annotations

import asyncio
import sys

import pytest

from reactorio.internet.defer import CancelledError, Deferred, as_future, ensureDeferred, succeed

from .endings import DRIVERS, soon, wait, wait_inline

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
