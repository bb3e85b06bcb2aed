"""Every driver, every awaitable, every outcome: each cell a test."""

from __future__ import annotations

import asyncio

import pytest

from reactorio.internet import defer
from reactorio.internet.defer import as_deferred
from reactorio.internet.task import Clock

from .endings import DRIVERS, IN_TASKS, Ending, turns
from .limits import LIMITS, run_on_demand
from .table import AWAITABLES, awaitables, other_tasks_ended


@pytest.mark.parametrize("awaitable", awaitables())
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_value_comes(driver, awaitable, run):
    async def main():
        result = await DRIVERS[driver](await AWAITABLES.begin(awaitable, Ending("value")))
        await other_tasks_ended()
        return result

    assert run(main()) == 7


@pytest.mark.parametrize("awaitable", awaitables())
@pytest.mark.parametrize("driver", DRIVERS)
def test_an_error_is_raised(driver, awaitable, run):
    async def main():
        with pytest.raises(ValueError, match="no"):
            await DRIVERS[driver](await AWAITABLES.begin(awaitable, Ending("error")))
        await other_tasks_ended()

    run(main())


@pytest.mark.parametrize("awaitable", awaitables(ends_before=False))
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_cancellation_from_outside_goes_through(driver, awaitable, run):
    ending = Ending("never")
    expected = asyncio.CancelledError if driver in IN_TASKS else AWAITABLES[awaitable].cancelled

    async def main():
        driven = DRIVERS[driver](await AWAITABLES.begin(awaitable, ending))
        await turns()
        assert ending.told == []
        driven.cancel()
        with pytest.raises(expected):
            await driven
        if driver in IN_TASKS:
            assert driven.cancelled()
        await other_tasks_ended()

    run(main())
    assert ending.told == ["cancelled"]


@pytest.mark.parametrize("awaitable", awaitables(ends_before=False))
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("driver", DRIVERS)
def test_asyncio_ends_the_waiting_in_time(driver, limit, awaitable, loop_kind):
    ending = Ending("never")

    async def main():
        driven = DRIVERS[driver](LIMITS[limit](await AWAITABLES.begin(awaitable, ending)))
        await turns()
        assert ending.told == []
        asyncio.get_running_loop().time_is_over()
        with pytest.raises(asyncio.TimeoutError):
            await driven
        await other_tasks_ended()

    run_on_demand(loop_kind, main())
    assert ending.told == ["cancelled"]


@pytest.mark.parametrize("awaitable", awaitables(ends_before=False, cancelled=asyncio.CancelledError))
@pytest.mark.parametrize("driver", DRIVERS)
def test_add_timeout_ends_the_waiting_in_time(driver, awaitable, run):
    ending = Ending("never")

    async def main():
        clock = Clock()
        limited = as_deferred(await AWAITABLES.begin(awaitable, ending)).addTimeout(1, clock)
        driven = DRIVERS[driver](limited)
        await turns()
        clock.advance(1)
        with pytest.raises(defer.TimeoutError):
            await driven
        await other_tasks_ended()

    run(main())
    assert ending.told == ["cancelled"]


@pytest.mark.parametrize("awaitable", awaitables(ends_before=True))
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("driver", DRIVERS)
def test_what_ends_in_time_is_not_touched_by_a_limit(driver, limit, awaitable, run):
    async def main():
        return await DRIVERS[driver](LIMITS[limit](await AWAITABLES.begin(awaitable, Ending("value"))))

    assert run(main()) == 7
