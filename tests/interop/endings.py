"""The two other sides of the table: how what is awaited ends, and who drives the coroutine that awaits it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager

from reactorio.internet.defer import Deferred, ensureDeferred, inlineCallbacks


def soon(call, *args):
    asyncio.get_running_loop().call_soon(call, *args)


async def turns(number=10):
    """Let the loop turn: what was started has come to wait then."""
    for _ in range(number):
        await asyncio.sleep(0)


def fired_soon(result):
    """Return a Deferred that fires with ``result`` in the next turn of the loop."""
    deferred = Deferred()
    soon(deferred.callback, result)
    return deferred


class Ending:
    """
    How an awaitable shall end.

    Args:
        outcome: With a "value", with an "error", or "never", until it is cancelled.

    Attributes:
        told: "cancelled", once for each cancellation that came through to the innermost.
        prepared: What the awaitable has made before.
    """

    def __init__(self, outcome):
        self.outcome = outcome
        self.never = outcome == "never"
        self.told = []
        self.prepared = None
        self._listens = True

    def result(self):
        if self.outcome == "error":
            raise ValueError("no")
        return 7

    def tell(self, _):
        if self._listens:
            self.told.append("cancelled")

    def end_what_goes_on(self, thing):
        """Cancel, for tidiness, what outlives the waiting."""
        self._listens = False
        thing.cancel()

    def give_result(self, succeed, fail):
        if self.outcome == "value":
            succeed(7)
        elif self.outcome == "error":
            fail(ValueError("no"))

    def deferred(self):
        """Return a Deferred that ends like this in the next turn of the loop."""
        deferred = Deferred(self.tell)
        soon(self.give_result, deferred.callback, deferred.errback)
        return deferred

    def future(self):
        """Return a future that ends like this in the next turn of the loop."""
        future = asyncio.get_running_loop().create_future()
        soon(self._end, future)
        return future

    def _end(self, future):
        if not future.done():
            self.give_result(future.set_result, future.set_exception)
            future.add_done_callback(lambda future: future.cancelled() and self.tell(future))
        elif future.cancelled():
            self.tell(future)

    async def work(self):
        """Wait a turn of the loop, and then end like this."""
        await asyncio.sleep(0)
        return await self.deferred()

    @contextmanager
    def watched(self):
        """Notice the cancellation of what is awaited in the block."""
        try:
            yield
        except asyncio.CancelledError as error:
            self.tell(error)
            raise


async def wait(awaitable):
    return await awaitable


@inlineCallbacks
def wait_inline(awaitable):
    return (yield awaitable)


def eager_task(awaitable):
    return asyncio.Task(wait(awaitable), loop=asyncio.get_running_loop(), eager_start=True)


DRIVERS = {
    "task": lambda awaitable: asyncio.ensure_future(wait(awaitable)),
    "fromCoroutine": lambda awaitable: Deferred.fromCoroutine(wait(awaitable)),
    "ensureDeferred": lambda awaitable: ensureDeferred(wait(awaitable)),
    "inlineCallbacks": wait_inline,
}
if sys.version_info >= (3, 12):
    DRIVERS["eager task"] = eager_task

# One of each kind: ensureDeferred is fromCoroutine by another name.
CHIEF_DRIVERS = [driver for driver in DRIVERS if driver != "ensureDeferred"]

IN_TASKS = ("task", "eager task")


class Table(dict):
    """The awaitables by name: each a function that takes an `Ending` and returns something to be awaited."""

    def add(self, since=(3, 10), ends_before=False, cancelled=asyncio.CancelledError, prepare=None):
        """
        Take the decorated function up.

        Args:
            since: The Python whose asyncio has it first.
            ends_before: Whether it has ended before it is awaited, and so cannot be cancelled.
            cancelled: What comes of `Deferred.cancel`, where that is not a CancelledError.
            prepare: A coroutine function that makes what takes its time.
        """

        def take(function):
            function.since, function.ends_before, function.cancelled = since, ends_before, cancelled
            function.prepare = prepare
            self[function.__name__] = function
            return function

        return take

    async def begin(self, name, ending):
        """Return the awaitable with that name."""
        case = self[name]
        if case.prepare is not None:
            ending.prepared = await case.prepare()
        return case(ending)
