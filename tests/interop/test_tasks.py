"""Which task is the current one, what it is to asyncio, and other kinds of tasks."""

from __future__ import annotations

import asyncio

import pytest

from reactorio.internet.defer import Deferred, ensureDeferred, succeed

from .endings import DRIVERS, soon, wait


def soon_fired():
    deferred = Deferred()
    soon(deferred.callback, 7)
    return deferred


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


# -- All tasks


def test_all_tasks_are_those_of_the_loop_seen_from_a_coroutine_too(run):
    async def body(outer):
        child = asyncio.ensure_future(asyncio.sleep(0))
        seen = asyncio.all_tasks()
        assert asyncio.all_tasks(asyncio.get_running_loop()) == seen
        await child
        return seen == {outer, child}

    async def main():
        return await ensureDeferred(body(asyncio.current_task()))

    assert run(main())


def test_what_stands_in_for_a_task_is_not_among_all_tasks(run):
    """Unlike a Task it is nothing that asyncio.run has to end, or gather() could take."""

    async def body():
        await asyncio.sleep(0)
        return asyncio.current_task() in asyncio.all_tasks()

    async def main():
        return await ensureDeferred(body())

    assert run(main()) is False


@pytest.mark.parametrize("driver", DRIVERS)
def test_within_a_coroutine_a_child_task_is_another_current_task(driver, run):
    async def child():
        await soon_fired()
        return asyncio.current_task()

    async def body():
        task = asyncio.ensure_future(child())
        return await task is task and asyncio.current_task() is not task

    async def main():
        return await DRIVERS[driver](body())

    assert run(main())


def test_a_coroutine_awaited_in_a_coroutine_runs_in_the_same_task(run):
    async def inner():
        await soon_fired()
        return asyncio.current_task()

    async def body():
        return await inner() is asyncio.current_task()

    async def main():
        return await ensureDeferred(body())

    assert run(main())


def test_without_a_loop_there_is_no_current_task():
    async def body(gate):
        await gate
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.current_task()
        return "ended"

    gate = Deferred()
    deferred = ensureDeferred(body(gate))
    gate.callback(None)
    assert deferred.result == "ended"


def test_a_coroutine_started_without_a_loop_finds_itself_in_one(run):
    async def body(gate):
        await gate
        await asyncio.sleep(0)
        return asyncio.current_task().get_loop() is asyncio.get_running_loop()

    gate = Deferred()
    deferred = ensureDeferred(body(gate))

    async def main():
        soon(gate.callback, None)
        return await deferred

    assert run(main())


def test_what_stands_in_for_a_task_says_what_it_runs(run):
    async def body():
        task = asyncio.current_task()
        task.set_name("mine")
        return task, repr(task)

    async def main():
        return await ensureDeferred(body())

    task, text = run(main())
    name = body.__qualname__
    assert name.endswith("body")
    assert text.startswith(f"<Driver pending name='mine' coro=<{name}() running at {__file__}:")
    assert repr(task).startswith(f"<Driver finished name='mine' coro=<{name}() done")
