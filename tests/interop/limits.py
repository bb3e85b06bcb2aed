"""Limits of time that are over when the test says so, not when a busy machine has taken its time."""

from __future__ import annotations

import asyncio
import sys

import pytest

from reactorio.aio.loop import close_loop

# Seconds. No other timer of the table is set for that time.
LIMIT = 1234


async def with_asyncio_timeout(awaitable):
    async with asyncio.timeout(LIMIT):
        return await awaitable


async def with_async_timeout(awaitable):
    import async_timeout

    async with async_timeout.timeout(LIMIT):
        return await awaitable


def with_wait_for(awaitable):
    return asyncio.wait_for(awaitable, LIMIT)


LIMITS = {
    "asyncio.timeout": with_asyncio_timeout,
    "async_timeout.timeout": with_async_timeout,
    "wait_for": with_wait_for,
}
if sys.version_info < (3, 11):
    del LIMITS["asyncio.timeout"]


class _OnDemand:
    """A loop whose timers for `LIMIT` seconds fire when ``time_is_over`` is called."""

    def _remember(self, delay, handle, callback, args):
        # Not to the last digit: a clock's sum and difference are rounded.
        if abs(delay - LIMIT) < 1:
            self.__dict__.setdefault("limits", []).append((handle, callback, args))
        return handle

    def time_is_over(self):
        limits = self.__dict__.pop("limits")
        for handle, callback, args in limits:
            if not handle.cancelled():
                handle.cancel()
                self.call_soon(callback, *args)


class _AsyncioOnDemand(_OnDemand, asyncio.SelectorEventLoop):
    def call_at(self, when, callback, *args, context=None):
        handle = super().call_at(when, callback, *args, context=context)
        return self._remember(when - self.time(), handle, callback, args)


def new_loop_on_demand(kind):
    if kind == "asyncio":
        return _AsyncioOnDemand()
    uvloop = pytest.importorskip("uvloop")

    class UvloopOnDemand(_OnDemand, uvloop.Loop):
        def call_later(self, delay, callback, *args, context=None):
            handle = super().call_later(delay, callback, *args, context=context)
            return self._remember(delay, handle, callback, args)

        def call_at(self, when, callback, *args, context=None):
            return self.call_later(when - self.time(), callback, *args, context=context)

    return UvloopOnDemand()


def run_on_demand(kind, main):
    """`asyncio.run` on such a loop."""
    loop = new_loop_on_demand(kind)
    try:
        return loop.run_until_complete(main)
    finally:
        close_loop(loop)
