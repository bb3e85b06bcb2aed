"""Whoever drives a coroutine, whatever it awaits, however that ends: Deferreds and asyncio in one program."""

from __future__ import annotations

import asyncio
import contextvars
import sys

import pytest

from reactorio.internet.defer import (
    CancelledError,
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

since_311 = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has had it since 3.11")
since_312 = pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has had it since 3.12")


def soon(call, *args):
    asyncio.get_running_loop().call_soon(call, *args)


# -- The table: who drives it, what is awaited, how it ends


async def wait(awaitable):
    return await awaitable


@inlineCallbacks
def wait_inline(awaitable):
    return (yield awaitable)


DRIVERS = {
    "task": lambda awaitable: asyncio.ensure_future(wait(awaitable)),
    "coroutine": lambda awaitable: Deferred.fromCoroutine(wait(awaitable)),
    "inlineCallbacks": wait_inline,
}


def end(thing, outcome):
    """Give a Deferred or a future its result."""
    is_deferred = isinstance(thing, Deferred)
    if outcome == "value":
        (thing.callback if is_deferred else thing.set_result)(7)
    elif outcome == "error":
        (thing.errback if is_deferred else thing.set_exception)(ValueError("no"))
    else:
        thing.cancel()


def fired_deferred(outcome):
    deferred = Deferred()
    end(deferred, outcome)
    return deferred


def pending_deferred(outcome):
    deferred = Deferred()
    soon(end, deferred, outcome)
    return deferred


def chained_deferred(outcome):
    inner = Deferred()
    soon(end, inner, outcome)
    return succeed(None).addCallback(lambda _: inner)


def paused_deferred(outcome):
    deferred = fired_deferred(outcome)
    deferred.pause()
    soon(deferred.unpause)
    return deferred


def done_future(outcome):
    future = asyncio.get_running_loop().create_future()
    end(future, outcome)
    return future


def pending_future(outcome):
    future = asyncio.get_running_loop().create_future()
    soon(end, future, outcome)
    return future


async def work(outcome):
    await asyncio.sleep(0)
    return await pending_deferred(outcome)


def future_of_deferred(outcome):
    return pending_deferred(outcome).asFuture(asyncio.get_running_loop())


def deferred_of_future(outcome):
    return Deferred.fromFuture(pending_future(outcome))


AWAITABLES = {
    "fired Deferred": fired_deferred,
    "pending Deferred": pending_deferred,
    "chained Deferred": chained_deferred,
    "paused Deferred": paused_deferred,
    "done future": done_future,
    "pending future": pending_future,
    "coroutine": work,
    "Task": lambda outcome: asyncio.ensure_future(work(outcome)),
    "Deferred of a coroutine": lambda outcome: ensureDeferred(work(outcome)),
    "inlineCallbacks": lambda outcome: wait_inline(work(outcome)),
    "asFuture": future_of_deferred,
    "fromFuture": deferred_of_future,
}


@pytest.mark.parametrize("outcome", ["value", "error", "cancelled"])
@pytest.mark.parametrize("awaitable", AWAITABLES)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_gets_from_an_awaitable_its_outcome(driver, awaitable, outcome, run):
    async def main():
        return await DRIVERS[driver](AWAITABLES[awaitable](outcome))

    if outcome == "value":
        assert run(main()) == 7
    elif outcome == "error":
        with pytest.raises(ValueError, match="no"):
            run(main())
    else:
        with pytest.raises(asyncio.CancelledError):
            run(main())


# -- Cancelling


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


# -- A fired Deferred is there at once


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_fired_deferred_costs_no_turn_of_the_loop(driver, run):
    async def main():
        turns = []
        soon(turns.append, 1)
        if driver == "task":
            result = await succeed(3)
        else:
            result = DRIVERS[driver](succeed(3)).result
        return result, list(turns)

    assert run(main()) == (3, [])


def test_a_driven_coroutine_goes_on_the_moment_a_deferred_fires(run):
    async def main():
        gate = Deferred()
        result = ensureDeferred(wait(gate))
        gate.callback(5)
        return result.result

    assert run(main()) == 5


# -- asyncio's tools


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
        return await asyncio.gather(succeed(1), pending_deferred("value"), wait(succeed(3)), asyncio.sleep(0, 4))

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


def test_anyio_works(drive, run):
    anyio = pytest.importorskip("anyio")

    async def body():
        with anyio.move_on_after(0.001) as scope:
            await Deferred()
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 0)
            await succeed(None)
        return scope.cancelled_caught

    async def main():
        return await drive(body())

    assert run(main())


def test_an_aiohttp_client_and_server_work(run):
    web = pytest.importorskip("aiohttp.web")
    import aiohttp

    async def hello(request):
        await pending_deferred("value")
        return web.Response(text="hello")

    async def body():
        app = web.Application()
        app.router.add_get("/", hello)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as response:
                return await response.text()
        finally:
            await runner.cleanup()

    async def main():
        return await ensureDeferred(body())

    assert run(main()) == "hello"


@since_312
@pytest.mark.parametrize("fired", [True, False])
def test_eager_tasks_await_deferreds(fired, run):
    async def main():
        async def body():
            # An eager task inside of a driven coroutine: it is the task that awaits, not the driver.
            deferred = succeed(7) if fired else pending_deferred("value")
            return await asyncio.Task(wait(deferred), loop=asyncio.get_running_loop(), eager_start=True)

        return await ensureDeferred(body())

    assert run(main()) == 7


def test_tasks_written_in_python_await_deferreds(run):
    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.tasks._PyTask(wait(pending_deferred("value")), loop=loop)
        return await task

    assert run(main()) == 7


# -- The current task


def test_the_driver_is_the_current_task_while_the_coroutine_runs(run):
    async def body(seen):
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        seen.append(asyncio.current_task())
        await pending_deferred("value")
        seen.append(asyncio.current_task())

    async def main():
        outer, seen = asyncio.current_task(), []
        deferred = ensureDeferred(body(seen))
        seen.append(asyncio.current_task())
        await deferred
        first, between, *rest = seen
        assert between is outer is asyncio.current_task()
        assert first is not outer
        assert set(rest) == {first}
        return first

    driver = run(main())
    assert driver.done()
    assert driver.result() is None
    assert driver.exception() is None
    assert not driver.cancelled()
    assert not driver.cancel()


def test_the_driver_answers_like_a_task(run):
    called = []

    async def body():
        task = asyncio.current_task()
        task.add_done_callback(called.append)
        task.add_done_callback(print)
        assert task.remove_done_callback(print) == 1
        task.set_name("mine")
        assert task.get_name() == "mine"
        assert task.get_loop() is asyncio.get_running_loop()
        assert [frame.f_code.co_name for frame in task.get_stack()] == ["body"]
        assert task.get_coro().__name__ == "body"
        assert task.get_context() is not None
        assert not task.done()
        with pytest.raises(asyncio.InvalidStateError):
            task.result()
        assert task.cancel("now")
        assert task.cancelling() == 1
        assert task.uncancel() == 0
        return task

    async def main():
        task = await ensureDeferred(body())
        await asyncio.sleep(0)
        assert called == [task]

    run(main())


def test_the_current_task_is_put_back_when_a_coroutine_raises(run):
    async def explode():
        raise ValueError

    async def main():
        outer = asyncio.current_task()
        await ensureDeferred(explode()).addErrback(lambda failure: failure.trap(ValueError))
        assert asyncio.current_task() is outer

    run(main())


# -- Context


@pytest.mark.parametrize("driver", ["coroutine", "inlineCallbacks"])
def test_a_coroutine_keeps_its_own_context(driver, run):
    variable = contextvars.ContextVar("variable", default="outside")

    async def body(gate):
        variable.set("inside")
        await gate
        return variable.get()

    @inlineCallbacks
    def body_inline(gate):
        variable.set("inside")
        yield gate
        return variable.get()

    async def main():
        gate = Deferred()
        driven = ensureDeferred(body(gate)) if driver == "coroutine" else body_inline(gate)
        assert variable.get() == "outside"
        gate.callback(None)
        return await driven

    assert run(main()) == "inside"
    assert variable.get() == "outside"


# -- From one world into the other


def test_as_deferred_takes_every_awaitable(run):
    class Own:
        def __await__(self):
            return (yield from succeed("own").__await__())

    async def main():
        same = succeed(1)
        assert as_deferred(same) is same
        results = [
            await as_deferred(pending_future("value")),
            await as_deferred(work("value")),
            await as_deferred(Own()),
            await maybeDeferred(pending_future, "value"),
            await maybeDeferred(work, "value"),
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
        ran = [await lock.run(work, "value"), await lock.run(pending_deferred, "value")]
        listed = await DeferredList([ensureDeferred(work("value")), as_deferred(pending_future("value"))])
        async with lock as held:
            assert held is lock
            assert lock.locked
        assert not lock.locked
        return ran, listed

    assert run(main()) == ([7, 7], [(True, 7), (True, 7)])


def test_an_inline_generator_yields_futures_without_await(run):
    @inlineCallbacks
    def body():
        first = yield pending_future("value")
        second = yield asyncio.sleep(0, "slept")
        third = yield asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2))
        return first, second, third

    async def main():
        return await body()

    assert run(main()) == (7, "slept", [1, 2])


def test_a_future_of_another_loop_is_refused(run):
    other = asyncio.new_event_loop()

    async def main():
        with pytest.raises(RuntimeError, match="another event loop"):
            await ensureDeferred(wait(other.create_future()))

    try:
        run(main())
    finally:
        other.close()


def test_the_error_of_a_deferred_reaches_a_future_with_its_traceback(run):
    def explode(_):
        raise ValueError("deep")

    async def main():
        with pytest.raises(ValueError, match="deep") as caught:
            await as_future(pending_deferred("value").addCallback(explode))
        return [entry.name for entry in caught.traceback]

    assert "explode" in run(main())


def test_a_stop_iteration_does_not_end_a_future_in_silence(run):
    async def main():
        with pytest.raises(RuntimeError, match="StopIteration"):
            await as_future(fail(StopIteration(3)))

    run(main())
