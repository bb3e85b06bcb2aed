"""Mistakes, and what is said about them."""

from __future__ import annotations

import asyncio

import pytest

from reactorio.aio.loop import close_loop, new_loop
from reactorio.internet import defer
from reactorio.internet.defer import (
    AlreadyCalledError,
    Deferred,
    NotACoroutineError,
    as_deferred,
    as_future,
    ensureDeferred,
    maybeDeferred,
    succeed,
)

from .endings import DRIVERS, wait

AWAITED_ALREADY = "is awaited in another event loop already"
WRONG_THREAD = (
    "the Deferred awaited here was fired in another thread than that of the event loop; reactor.callFromThread"
)
FOREIGN_FUTURE = "belongs to another event loop than the one that runs"


def run_elsewhere(coroutine):
    """`asyncio.run`, in a loop of the kind that the test is on."""
    loop = new_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        close_loop(loop)


async def first_to_await(driver, deferred):
    """Let a driver come to await the Deferred."""
    waiting = DRIVERS[driver](deferred)
    await asyncio.sleep(0)
    return waiting


# -- Two loops, or two threads, and one Deferred


@pytest.mark.parametrize("second", DRIVERS)
@pytest.mark.parametrize("first", DRIVERS)
def test_a_deferred_is_not_awaited_in_a_second_loop(first, second, run):
    async def await_it_too(deferred):
        with pytest.raises(RuntimeError, match=AWAITED_ALREADY):
            await DRIVERS[second](deferred)

    async def main():
        deferred = Deferred()
        waiting = await first_to_await(first, deferred)
        await asyncio.to_thread(run_elsewhere, await_it_too(deferred))
        deferred.callback("still of use here")
        return await waiting

    assert run(main()) == "still of use here"


@pytest.mark.parametrize("first", DRIVERS)
def test_a_deferred_is_not_awaited_in_a_thread_without_a_loop(first, run):
    async def main():
        deferred = Deferred()
        waiting = await first_to_await(first, deferred)
        second = await asyncio.to_thread(ensureDeferred, wait(deferred))
        with pytest.raises(RuntimeError, match=AWAITED_ALREADY):
            await second
        deferred.callback("still of use here")
        return await waiting

    assert run(main()) == "still of use here"


def fire(deferred):
    deferred.callback("lost")


async def fire_in_a_loop(deferred):
    deferred.callback("lost")


@pytest.mark.parametrize("way", [fire, Deferred.cancel, lambda deferred: run_elsewhere(fire_in_a_loop(deferred))])
@pytest.mark.parametrize("driver", DRIVERS)
def test_who_awaits_a_deferred_that_is_fired_in_another_thread_is_told(driver, way, run):
    async def main():
        deferred = Deferred()
        waiting = await first_to_await(driver, deferred)
        await asyncio.to_thread(way, deferred)
        with pytest.raises(RuntimeError, match=WRONG_THREAD):
            await waiting

    run(main())


def test_a_future_of_a_deferred_that_is_fired_in_another_thread_says_so(run):
    async def main():
        deferred = Deferred()
        future = as_future(deferred)
        await asyncio.to_thread(deferred.callback, "lost")
        with pytest.raises(RuntimeError, match=WRONG_THREAD):
            await future

    run(main())


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_error_that_was_meant_is_the_cause_of_the_one_about_the_thread(driver, run):
    async def main():
        deferred = Deferred()
        waiting = await first_to_await(driver, deferred)
        await asyncio.to_thread(deferred.errback, ValueError("meant"))
        with pytest.raises(RuntimeError, match=WRONG_THREAD) as caught:
            await waiting
        return caught.value.__cause__

    assert str(run(main())) == "meant"


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_deferred_of_another_loops_coroutine_is_not_awaited(driver, run):
    """It is fired where the coroutine runs, which is the wrong thread for who awaits it."""

    async def await_it_there(deferred, gate):
        waiting = await first_to_await(driver, deferred)
        here.call_soon_threadsafe(gate.callback, None)
        with pytest.raises(RuntimeError, match=WRONG_THREAD):
            await waiting

    here = None

    async def main():
        nonlocal here
        here = asyncio.get_running_loop()
        gate = Deferred()
        await asyncio.to_thread(run_elsewhere, await_it_there(ensureDeferred(wait(gate)), gate))

    run(main())


@pytest.mark.parametrize("driver", ["fromCoroutine", "ensureDeferred", "inlineCallbacks"])
def test_a_coroutine_may_go_on_in_the_next_loop_when_the_first_has_ended(driver, run):
    deferred = Deferred()

    async def next_main(waiting):
        asyncio.get_running_loop().call_soon(deferred.callback, "here")
        return await waiting

    async def main():
        return [DRIVERS[driver](deferred)]

    [waiting] = run(main())
    assert run(next_main(waiting)) == "here"


def test_the_error_of_a_deferred_that_a_closed_loop_awaited_is_reported(loop_kind):
    reported = []
    loop = new_loop()
    loop.set_exception_handler(lambda loop, context: reported.append(context))
    deferred = Deferred()

    async def main():
        return as_future(deferred)

    future = loop.run_until_complete(main())
    close_loop(loop)
    deferred.errback(ValueError("too late"))
    [context] = reported
    assert context["message"] == "A Deferred failed after the event loop was closed in which it was awaited"
    assert str(context["exception"]) == "too late"
    assert not future.done()


# -- Futures of another loop


@pytest.fixture
def foreign_future(loop_kind):
    loop = new_loop()
    yield loop.create_future()
    loop.close()


@pytest.mark.parametrize("driver", ["fromCoroutine", "ensureDeferred", "inlineCallbacks"])
def test_a_future_of_another_loop_is_refused(driver, foreign_future, run):
    async def main():
        with pytest.raises(RuntimeError, match=FOREIGN_FUTURE):
            await DRIVERS[driver](foreign_future)

    run(main())


@pytest.mark.parametrize("convert", [Deferred.fromFuture, as_deferred, lambda future: maybeDeferred(lambda: future)])
def test_no_deferred_is_made_of_a_future_of_another_loop(convert, foreign_future, run):
    async def main():
        with pytest.raises(RuntimeError, match=FOREIGN_FUTURE):
            await convert(foreign_future)

    run(main())


# -- Firing twice, awaiting twice


@pytest.mark.parametrize("again", [lambda d: d.callback(2), lambda d: d.errback(ValueError())])
def test_a_deferred_fires_once_and_says_so(again):
    deferred = succeed(1)
    with pytest.raises(AlreadyCalledError, match="the Deferred has fired before; defer"):
        again(deferred)
    assert deferred.result == 1


def test_in_debug_mode_the_error_says_where_it_was_made_and_fired():
    def make():
        return Deferred()

    def fire_first(deferred):
        deferred.callback(1)

    before = defer.getDebugging()
    defer.setDebugging(True)
    try:
        deferred = make()
        fire_first(deferred)
        with pytest.raises(AlreadyCalledError) as caught:
            deferred.callback(2)
    finally:
        defer.setDebugging(before)
    created, _, invoked = str(caught.value).partition("First Invoker was:")
    assert "in make" in created
    assert "in fire_first" in invoked


def test_a_deferred_is_no_result():
    with pytest.raises(TypeError, match="is no result for a Deferred: return it from a callback, or use chainDeferred"):
        Deferred().callback(Deferred())


@pytest.fixture(params=["coroutine", "inlineCallbacks"])
def ask(request, tw):
    """A function that awaits a Deferred in a coroutine, and returns the list of the result, if there is one."""
    defer = tw("internet.defer")

    @defer.inlineCallbacks
    def inline(deferred):
        return (yield deferred)

    def ask(deferred):
        waiting = inline(deferred) if request.param == "inlineCallbacks" else defer.ensureDeferred(wait(deferred))
        waiting.addBoth(lambda result: got.append(getattr(result, "value", result)))
        return got

    got = []
    ask.kind = request.param
    return ask


def test_a_pending_deferred_gives_its_result_to_the_first_who_awaits_it(ask, tw):
    deferred = tw("internet.defer").Deferred()
    ask(deferred)
    ask(deferred)
    deferred.callback("taken")
    assert ask(deferred) == ["taken", None, None]


def test_a_pending_deferred_gives_its_error_to_the_first_who_awaits_it(ask, tw):
    deferred, error = tw("internet.defer").Deferred(), ValueError("taken")
    ask(deferred)
    ask(deferred)
    deferred.errback(error)
    assert ask(deferred) == [error, None, None]


def test_a_fired_deferred_keeps_its_result_for_await_and_not_for_yield(ask, tw):
    deferred = tw("internet.defer").succeed("there")
    ask(deferred)
    assert ask(deferred) == ["there", "there" if ask.kind == "coroutine" else None]


def test_a_deferred_that_waits_for_another_takes_its_result(ask, tw):
    defer = tw("internet.defer")
    inner = defer.Deferred()
    outer = defer.succeed(None).addCallback(lambda _: inner)
    inner.callback("taken")
    assert ask(inner) == [None]
    assert outer.result == "taken"


def test_tasks_share_a_deferred_as_coroutines_do(run):
    async def main():
        deferred = Deferred()
        waiting = [await first_to_await("task", deferred) for _ in range(2)]
        deferred.callback("taken")
        fired = succeed("there")
        return [*[await one for one in waiting], await deferred, await fired, await fired]

    assert run(main()) == ["taken", None, None, "there", "there"]


# -- What is no coroutine, or is one that was used up


@pytest.mark.parametrize("thing", [3, wait, None])
def test_what_cannot_be_awaited_is_refused(thing):
    with pytest.raises(NotACoroutineError, match="is not a coroutine"):
        ensureDeferred(thing)
    with pytest.raises(NotACoroutineError, match="is not a coroutine"):
        Deferred.fromCoroutine(thing)
    with pytest.raises(NotACoroutineError, match="cannot be awaited"):
        as_deferred(thing)


def test_a_coroutine_is_used_once():
    async def end():
        pass

    coroutine = end()
    ensureDeferred(coroutine)
    got = []
    ensureDeferred(coroutine).addErrback(lambda failure: got.append(failure.getErrorMessage()))
    assert got == ["cannot reuse already awaited coroutine"]


def test_a_coroutine_that_returns_a_deferred_is_told_to_await_it():
    async def forget():
        return succeed(1)

    got = []
    ensureDeferred(forget()).addErrback(lambda failure: got.append(failure))
    [failure] = got
    assert failure.check(TypeError)
    assert "await it, or yield it, and return its result" in failure.getErrorMessage()
