"""Which task is the current one, what it is to asyncio, and other kinds of tasks."""

from __future__ import annotations

import asyncio
import sys

import pytest

from reactorio.internet.defer import Deferred, ensureDeferred, succeed

from .endings import DRIVERS, soon, wait

since_312 = pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has had it since 3.12")


def soon_fired():
    deferred = Deferred()
    soon(deferred.callback, 7)
    return deferred


@since_312
@pytest.mark.parametrize("fired", [True, False])
def test_eager_tasks_await_deferreds(fired, run):
    async def main():
        async def body():
            # An eager task inside of a driven coroutine: it is the task that awaits, not the driver.
            deferred = succeed(7) if fired else soon_fired()
            return await asyncio.Task(wait(deferred), loop=asyncio.get_running_loop(), eager_start=True)

        return await ensureDeferred(body())

    assert run(main()) == 7


def test_tasks_written_in_python_await_deferreds(run):
    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.tasks._PyTask(wait(soon_fired()), loop=loop)
        return await task

    assert run(main()) == 7


def test_the_driver_is_the_current_task_while_the_coroutine_runs(run):
    async def body(seen):
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        seen.append(asyncio.current_task())
        await soon_fired()
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


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_fired_deferred_costs_no_turn_of_the_loop(driver, run):
    async def main():
        turns = []
        soon(turns.append, 1)
        if driver == "task":
            result = await succeed(3)
        elif driver == "eager task":
            result = DRIVERS[driver](succeed(3)).result()
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
