"""Context variables: each coroutine has its own, copied where it was started, and keeps them whoever resumes it."""

from __future__ import annotations

import asyncio
import contextvars
import decimal

import pytest

from reactorio.internet import reactor
from reactorio.internet.defer import Deferred, ensureDeferred, inlineCallbacks, succeed
from reactorio.internet.task import deferLater
from reactorio.internet.threads import deferToThread

from .endings import CHIEF_DRIVERS, DRIVERS, Ending, soon, wait

variable = contextvars.ContextVar("variable", default="outside")


@inlineCallbacks
def set_and_wait_inline(gate):
    variable.set("inside")
    yield gate
    return variable.get()


async def set_and_wait(gate):
    variable.set("inside")
    await gate
    return variable.get()


@pytest.mark.parametrize("start", [set_and_wait_inline, lambda gate: ensureDeferred(set_and_wait(gate))])
def test_a_coroutine_keeps_its_own_context(start, run):
    async def main():
        gate = Deferred()
        driven = start(gate)
        assert variable.get() == "outside"
        gate.callback(None)
        return await driven

    assert run(main()) == "inside"
    assert variable.get() == "outside"


@pytest.mark.parametrize("awaitable", ["deferred", "future", "work"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_who_resumes_a_coroutine_does_not_lend_it_his_context(driver, awaitable, run):
    async def body():
        seen = [variable.get()]
        await getattr(Ending("value"), awaitable)()
        return [*seen, variable.get()]

    async def main():
        variable.set("at the start")
        driven = DRIVERS[driver](body())
        if driver == "task":
            await asyncio.sleep(0)
        variable.set("later")
        return await driven

    assert run(main()) == ["at the start", "at the start"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_is_awaited_in_a_coroutine_shares_its_context(driver, run):
    async def inner():
        await Ending("value").deferred()
        variable.set("by the inner")

    async def body():
        await inner()
        return variable.get()

    async def main():
        return await DRIVERS[driver](body()), variable.get()

    assert run(main()) == ("by the inner", "outside")


def test_what_runs_for_a_deferred_of_its_own_has_a_copy(run):
    @inlineCallbacks
    def body():
        variable.set("body's")
        seen = yield set_and_wait(Ending("value").deferred())
        return seen, variable.get()

    async def main():
        return await body()

    assert run(main()) == ("inside", "body's")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_token_can_be_used_after_waiting(driver, run):
    async def body():
        token = variable.set("for a while")
        await Ending("value").deferred()
        await asyncio.sleep(0)
        variable.reset(token)
        return variable.get()

    async def main():
        return await DRIVERS[driver](body())

    assert run(main()) == "outside"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_decimal_context_spans_the_waiting(driver, run):
    async def body(digits):
        with decimal.localcontext() as context:
            context.prec = digits
            await Ending("value").deferred()
            return str(decimal.Decimal(1) / 3)

    async def main():
        return await asyncio.gather(wait(DRIVERS[driver](body(2))), wait(DRIVERS[driver](body(4))))

    assert run(main()) == ["0.33", "0.3333"]


THREADS = {"asyncio.to_thread": asyncio.to_thread, "deferToThread": deferToThread}


@pytest.mark.parametrize("to_thread", THREADS)
@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_a_thread_has_the_context_of_the_coroutine_that_asks(driver, to_thread, run):
    async def body():
        variable.set("inside")
        await Ending("value").deferred()
        return await THREADS[to_thread](variable.get)

    async def main():
        return await DRIVERS[driver](body())

    assert run(main()) == "inside"


@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_what_a_coroutine_schedules_has_its_context(driver, run):
    seen = []

    async def body():
        variable.set("inside")
        await Ending("value").deferred()
        soon(lambda: seen.append(variable.get()))
        child = asyncio.ensure_future(asyncio.sleep(0))
        child.add_done_callback(lambda _: seen.append(variable.get()))
        await child
        await asyncio.sleep(0)

    async def main():
        await DRIVERS[driver](body())

    run(main())
    assert seen == ["inside", "inside"]


def later(call):
    return deferLater(reactor, 0, call)


def from_thread(call):
    done = Deferred()
    reactor.callFromThread(lambda: done.callback(call()))
    return done


@pytest.mark.parametrize("schedule", [later, from_thread])
def test_the_reactors_calls_have_no_context_of_who_asked_for_them(schedule, run):
    """One timer, or one wake-up, is for the calls of many: none of them gets the context of another."""

    async def ask(value):
        variable.set(value)
        return await schedule(variable.get)

    async def main():
        assert reactor.running  # the loop is its own now
        return await asyncio.gather(*(wait(ensureDeferred(ask(value))) for value in ("one", "two")))

    assert run(main()) == ["outside", "outside"]


@pytest.mark.parametrize("schedule", [later, from_thread])
def test_the_calls_of_a_reactor_that_runs_have_the_context_of_its_run(schedule, reactor):
    seen = []

    def main():
        schedule(variable.get).addCallback(seen.append).addBoth(lambda _: reactor.stop())

    def run():
        variable.set("the program's")
        reactor.callWhenRunning(main)
        reactor.run()

    contextvars.copy_context().run(run)
    assert seen == ["the program's"]


def test_callbacks_run_in_the_context_of_who_fires(run):
    seen = []

    async def main():
        deferred = Deferred().addCallback(lambda _: seen.append(variable.get()))
        variable.set("who fires")
        deferred.callback(None)
        ensureDeferred(fire_another())
        await succeed(None)

    async def fire_another():
        variable.set("another")
        Deferred().addCallback(lambda _: seen.append(variable.get())).callback(None)

    run(main())
    assert seen == ["who fires", "another"]
