"""Eager tasks (since Python 3.12), which run before the loop knows of them."""

from __future__ import annotations

import asyncio
import sys

import pytest

from reactorio.internet.defer import Deferred, ensureDeferred, succeed

from .endings import CHIEF_DRIVERS, DRIVERS, Ending, soon, turns, wait
from .table import AWAITABLES, awaitables

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has had them since 3.12")


def eager_factory(loop, coroutine, *, eager_start=True, **options):
    # uvloop hands eager_start to every factory; asyncio's own takes that since 3.13.3 only.
    return asyncio.eager_task_factory(loop, coroutine, **options)


@pytest.fixture
def run_eagerly(run):
    """Run a coroutine in a loop whose tasks are all eager."""

    async def with_factory(main):
        asyncio.get_running_loop().set_task_factory(eager_factory)
        return await asyncio.ensure_future(main)

    return lambda main: run(with_factory(main))


@pytest.mark.parametrize("awaitable", awaitables())
@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_values_come_and_cancellations_go_through(driver, awaitable, run_eagerly):
    case, never = AWAITABLES[awaitable], Ending("never")

    async def main():
        result = await DRIVERS[driver](await AWAITABLES.begin(awaitable, Ending("value")))
        if not case.ends_before:
            driven = DRIVERS[driver](await AWAITABLES.begin(awaitable, never))
            await turns()
            driven.cancel()
            with pytest.raises((asyncio.CancelledError, case.cancelled)):
                await driven
        return result

    assert run_eagerly(main()) == 7
    assert never.told == ([] if case.ends_before else ["cancelled"])


@pytest.mark.parametrize("fired", [True, False])
def test_an_eager_task_in_a_coroutine_awaits_deferreds(fired, run):
    async def main():
        async def body():
            # It is the task that awaits, not the driver.
            deferred = succeed(7) if fired else Ending("value").deferred()
            return await asyncio.Task(wait(deferred), loop=asyncio.get_running_loop(), eager_start=True)

        return await ensureDeferred(body())

    assert run(main()) == 7


@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_the_current_task_is_right_again_when_an_eager_task_comes_to_wait(driver, run_eagerly):
    async def child(gate):
        before = asyncio.current_task()
        await gate
        return before is asyncio.current_task()

    async def body():
        me, gate = asyncio.current_task(), Deferred()
        task = asyncio.create_task(child(gate))
        assert asyncio.current_task() is me
        gate.callback(None)
        return await task and asyncio.current_task() is me

    async def main():
        return await DRIVERS[driver](body())

    assert run_eagerly(main())


def test_a_task_that_needs_no_turn_of_the_loop_has_ended_when_it_is_made(run_eagerly):
    async def main():
        fired, driven = (
            asyncio.create_task(wait(succeed(1))),
            asyncio.create_task(wait(ensureDeferred(wait(succeed(2))))),
        )
        return fired.done(), driven.done(), fired.result(), driven.result()

    assert run_eagerly(main()) == (True, True, 1, 2)


def test_a_group_of_eager_tasks_takes_what_deferreds_bring(run_eagerly):
    async def main():
        pending = Deferred()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(wait(deferred)) for deferred in (succeed(1), pending)]
            soon(pending.callback, 2)
        return [task.result() for task in tasks]

    assert run_eagerly(main()) == [1, 2]
