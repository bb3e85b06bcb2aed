"""asyncio's debug mode: nothing of ours gives it reason to complain, and what it says of ours can be read."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from reactorio.aio.loop import close_loop, new_loop
from reactorio.internet.defer import Deferred, ensureDeferred

from .endings import DRIVERS, Ending, turns, wait
from .table import AWAITABLES, awaitables, other_tasks_ended


@pytest.fixture
def run_in_debug_mode(loop_kind, caplog):
    """`asyncio.run` in debug mode; what asyncio warns of, and what it logs, fails the test."""

    def run(main, slow=3600):
        loop = new_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = slow
        try:
            return loop.run_until_complete(main)
        finally:
            close_loop(loop)
            gc.collect()

    with caplog.at_level(logging.WARNING, "asyncio"), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield run
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("awaitable", awaitables())
@pytest.mark.parametrize("driver", ["task", "fromCoroutine", "inlineCallbacks"])
def test_there_is_nothing_to_complain_of(driver, awaitable, run_in_debug_mode):
    never = Ending("never")

    async def main():
        result = await DRIVERS[driver](await AWAITABLES.begin(awaitable, Ending("value")))
        with pytest.raises(ValueError, match="no"):
            await DRIVERS[driver](await AWAITABLES.begin(awaitable, Ending("error")))
        if not AWAITABLES[awaitable].ends_before:
            driven = DRIVERS[driver](await AWAITABLES.begin(awaitable, never))
            await turns()
            driven.cancel()
            with pytest.raises((asyncio.CancelledError, AWAITABLES[awaitable].cancelled)):
                await driven
        await other_tasks_ended()
        return result

    assert run_in_debug_mode(main()) == 7
    assert never.told == ([] if AWAITABLES[awaitable].ends_before else ["cancelled"])


@pytest.mark.parametrize("driver", DRIVERS)
def test_to_wait_long_is_not_to_be_slow(driver, run_in_debug_mode):
    async def main():
        deferred = Deferred()
        asyncio.get_running_loop().call_later(0.25, deferred.callback, "long after")
        return await DRIVERS[driver](deferred)

    assert run_in_debug_mode(main(), slow=0.2) == "long after"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_coroutine_that_blocks_the_loop_is_named(driver, run_in_debug_mode, caplog):
    async def block():
        await asyncio.sleep(0)
        time.sleep(0.02)  # noqa: ASYNC251  # that is the mistake

    async def main():
        await DRIVERS[driver](block())

    run_in_debug_mode(main(), slow=0.01)
    messages = [record.getMessage() for record in caplog.records]
    caplog.clear()
    # A Task is named by its outermost coroutine. A generator that yields a coroutine does not run in the same driver.
    name = "wait()" if driver != "inlineCallbacks" else f"{block.__qualname__}()"
    assert any(name in message and "took 0.0" in message for message in messages), messages


def test_a_coroutine_left_waiting_when_the_loop_ends_is_no_destroyed_task(run_in_debug_mode):
    closed = []

    async def forget():
        try:
            await asyncio.sleep(3600)
        finally:
            closed.append(True)

    async def main():
        ensureDeferred(forget())
        await asyncio.sleep(0)

    run_in_debug_mode(main())
    assert closed == [True]


def test_a_deferred_fired_from_a_thread_is_noticed_in_debug_mode_as_without(run_in_debug_mode):
    async def main():
        deferred = Deferred()
        task = asyncio.ensure_future(wait(deferred))
        await asyncio.sleep(0)
        await asyncio.to_thread(deferred.callback, None)
        with pytest.raises(RuntimeError, match="was fired in another thread"):
            await task

    run_in_debug_mode(main())


PROGRAM = """
import asyncio
from reactorio.internet import reactor
from reactorio.internet.defer import Deferred, ensureDeferred, inlineCallbacks
from reactorio.internet.task import deferLater


@inlineCallbacks
def inline():
    yield asyncio.sleep(0.001)
    return (yield deferLater(reactor, 0.001, lambda: "inline"))


async def body():
    assert asyncio.get_running_loop().get_debug()
    return [await inline(), await asyncio.wait_for(deferLater(reactor, 0.001, lambda: "timed"), 5)]


async def main():
    waiting = ensureDeferred(body())
    forgotten = ensureDeferred(asyncio.sleep(3600))
    print(await waiting, await asyncio.ensure_future(body()))


asyncio.run(main())
"""


def test_a_program_says_nothing_with_pythonasynciodebug():
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONASYNCIODEBUG": "1", "PYTHONPATH": str(root)}
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert ended.stderr == ""
    assert ended.stdout == "['inline', 'timed'] ['inline', 'timed']\n"
