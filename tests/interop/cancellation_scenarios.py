"""
What counts cancellations: timeouts and task groups in each other, and tasks that cancel themselves (since Python 3.11).

Each scenario gets what waits for ever, and writes down what it sees.
"""

from __future__ import annotations

import asyncio

from .endings import soon

SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


@scenario
async def inner_timeout(never, log):
    async with asyncio.timeout(3600):
        try:
            async with asyncio.timeout(0.001):
                await never()
        except TimeoutError:
            log("inner")
        await asyncio.sleep(0)
    log("outer")


@scenario
async def outer_timeout(never, log):
    try:
        async with asyncio.timeout(0.001):
            try:
                async with asyncio.timeout(3600):
                    await never()
            except asyncio.CancelledError:
                log("inner")
                raise
    except TimeoutError:
        log("outer")


@scenario
async def both_timeouts(never, log):
    try:
        async with asyncio.timeout(-1):
            try:
                async with asyncio.timeout(-1):
                    await never()
            except TimeoutError:
                log("inner")
                await never()
    except TimeoutError:
        log("outer")


@scenario
async def timeout_that_is_over(never, log):
    try:
        async with asyncio.timeout(-1):
            log("entered")
            await never()
    except TimeoutError:
        log("left")


@scenario
async def timeout_moved(never, log):
    try:
        async with asyncio.timeout(0.001) as limit:
            limit.reschedule(None)
            await asyncio.sleep(0.003)
            limit.reschedule(asyncio.get_running_loop().time())
            await never()
    except TimeoutError:
        log("over")


@scenario
async def failing_child(never, log):
    async def explode():
        raise ValueError

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(explode())
            try:
                await never()
            except asyncio.CancelledError:
                log("body")
                raise
    except ExceptionGroup:  # noqa: F821  # since 3.11
        log("group")
    await asyncio.sleep(0)
    log("after")


@scenario
async def failing_child_while_the_group_ends(never, log):
    async def explode():
        await asyncio.sleep(0)
        raise ValueError

    async def wait():
        await never()

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(wait())
            group.create_task(explode())
    except ExceptionGroup:  # noqa: F821  # since 3.11
        log("group")


@scenario
async def failing_child_of_an_outer_group(never, log):
    async def explode():
        raise ValueError

    try:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(explode())
            try:
                async with asyncio.TaskGroup():
                    await never()
            except asyncio.CancelledError:
                log("inner")
                raise
    except ExceptionGroup:  # noqa: F821  # since 3.11
        log("outer")


@scenario
async def timeout_around_a_group(never, log):
    try:
        async with asyncio.timeout(0.001):
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(3600))
                await never()
    except TimeoutError:
        log("over")


@scenario
async def timeout_in_a_group(never, log):
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
        try:
            async with asyncio.timeout(0.001):
                await never()
        except TimeoutError:
            log("over")
    log("group")


@scenario
async def child_fails_when_the_time_is_over(never, log):
    async def explode():
        try:
            await never()
        finally:
            raise ValueError

    try:
        async with asyncio.timeout(0.001):
            async with asyncio.TaskGroup() as group:
                group.create_task(explode())
                await never()
    except TimeoutError:
        log("timeout")
    except ExceptionGroup:  # noqa: F821  # since 3.11
        log("group")


@scenario
async def cancel_itself(never, log):
    asyncio.current_task().cancel("stop")
    log("before")
    try:
        await never()
    except asyncio.CancelledError as error:
        log(str(error))
    asyncio.current_task().uncancel()
    await asyncio.sleep(0)
    log("after")


@scenario
async def cancel_itself_in_a_timeout(never, log):
    try:
        async with asyncio.timeout(3600):
            asyncio.current_task().cancel()
            await never()
    except asyncio.CancelledError:
        log("left")


@scenario
async def cancel_itself_twice(never, log):
    for _ in range(2):
        asyncio.current_task().cancel()
    for _ in range(2):
        try:
            await asyncio.sleep(0)
            log("slept")
        except asyncio.CancelledError:
            log("caught")


@scenario
async def take_a_cancellation_back(never, log):
    asyncio.current_task().cancel()
    asyncio.current_task().uncancel()
    try:
        await asyncio.sleep(0)
        log("slept")
    except asyncio.CancelledError:
        log("caught")


@scenario
async def cancelled_by_another_while_waiting(never, log):
    soon(asyncio.current_task().cancel, "from outside")
    try:
        await never()
    except asyncio.CancelledError as error:
        log(str(error))


@scenario
async def cancelled_by_another_and_by_a_timeout(never, log):
    soon(asyncio.current_task().cancel)
    try:
        async with asyncio.timeout(-1):
            await never()
    except asyncio.CancelledError:
        log("cancelled")
    except TimeoutError:
        log("timed out")


@scenario
async def cancelled_in_a_group(never, log):
    soon(soon, asyncio.current_task().cancel)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(3600))
            await never()
    except asyncio.CancelledError:
        log("group")


@scenario
async def cancelled_while_a_group_ends(never, log):
    async def wait():
        await never()

    soon(soon, asyncio.current_task().cancel)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(wait())
    except asyncio.CancelledError:
        log("group")


@scenario
async def cancelled_and_goes_on(never, log):
    soon(asyncio.current_task().cancel)
    try:
        await never()
    except asyncio.CancelledError:
        log("caught")
    await asyncio.sleep(0)
    log("went on")
    try:
        async with asyncio.timeout(0.001):
            await never()
    except TimeoutError:
        log("timed out")
