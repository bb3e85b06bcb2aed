"""Coroutines and generators that await Deferreds, with no loop at all. What Twisted does too is tested with both."""

from __future__ import annotations

import contextvars
import gc
import traceback
import weakref

import pytest

from reactorio.internet import defer
from reactorio.internet.defer import Deferred, ensureDeferred, fail, inlineCallbacks, succeed


def result_of(deferred):
    taken = []
    deferred.addBoth(taken.append)
    return taken[0]


@pytest.fixture(params=["inlineCallbacks", "coroutine"])
def wait_for_all(request, tw):
    """A function that awaits each of some Deferreds, and returns the Deferred of the list of results."""
    defer = tw("internet.defer")

    if request.param == "inlineCallbacks":

        @defer.inlineCallbacks
        def wait(ds):
            results = []
            for d in ds:
                results.append((yield d))
            return results

        return wait

    async def wait(ds):
        results = []
        for d in ds:
            results.append(await d)
        return results

    return lambda ds: defer.ensureDeferred(wait(ds))


def test_results_come_in_order(wait_for_all, tw):
    defer = tw("internet.defer")
    pending = defer.Deferred()
    done = wait_for_all([defer.succeed(1), pending, defer.succeed(3)])
    assert not done.called
    pending.callback(2)
    assert done.result == [1, 2, 3]


def test_an_error_is_raised_where_it_is_awaited(wait_for_all, tw):
    defer = tw("internet.defer")
    for failing in (defer.fail(ValueError("no")), defer.Deferred()):
        done = wait_for_all([failing])
        if not failing.called:
            failing.errback(ValueError("no"))
        names = [name for name, *_ in result_of(done).frames]
        assert "wait" in names


def test_many_fired_deferreds_need_no_deep_stack(wait_for_all, tw):
    defer = tw("internet.defer")
    assert len(wait_for_all([defer.succeed(None)] * 20_000).result) == 20_000


def test_a_paused_deferred_is_waited_for(wait_for_all, tw):
    paused = tw("internet.defer").succeed(1)
    paused.pause()
    done = wait_for_all([paused])
    assert not done.called
    paused.unpause()
    assert done.result == [1]


def test_cancelling_cancels_what_is_awaited(wait_for_all, tw):
    defer, told = tw("internet.defer"), []
    pending = defer.Deferred(told.append)
    done = wait_for_all([pending])
    done.cancel()
    assert told == [pending]
    assert result_of(done).check(defer.CancelledError)


def test_a_cancelled_deferred_may_let_the_coroutine_go_on(wait_for_all, tw):
    defer = tw("internet.defer")
    done = wait_for_all([defer.Deferred(lambda d: d.callback("all the same"))])
    done.cancel()
    assert done.result == ["all the same"]


def test_a_coroutine_that_catches_its_cancellation_goes_on_and_can_be_cancelled_again(tw):
    defer, seen = tw("internet.defer"), []

    async def stubborn():
        for _ in range(2):
            try:
                await defer.Deferred()
            except defer.CancelledError:
                pass
        return "gave in"

    deferred = defer.ensureDeferred(stubborn()).addCallback(seen.append)
    deferred.cancel()
    assert deferred.called
    assert seen == []
    with pytest.raises(defer.AlreadyCalledError):
        deferred.callback("too late")
    deferred.cancel()
    assert seen == ["gave in"]


def test_many_coroutines_that_wait_for_each_other_need_no_deep_stack():
    def wait_for(deferred):
        return (yield deferred)

    # Each is a coroutine that waits for the one before: made from within, the calls would be deep already.
    last = gate = Deferred()
    for _ in range(5000):
        last = inlineCallbacks(wait_for)(last)
    gate.callback("from far below")
    assert last.result == "from far below"


# -- Generators


def test_a_generator_gets_back_at_once_what_cannot_be_awaited(tw):
    @tw("internet.defer").inlineCallbacks
    def body():
        return [(yield 5), (yield None), (yield "text")]

    assert body().result == [5, None, "text"]


def test_a_generator_yields_coroutines_and_failures(tw):
    defer, failure = tw("internet.defer"), tw("python.failure")

    async def coroutine():
        return "coroutine"

    @defer.inlineCallbacks
    def body():
        with pytest.raises(KeyError):
            yield failure.Failure(KeyError())
        return (yield coroutine())

    assert body().result == "coroutine"


def test_yield_from_a_deferred_works_like_await(tw):
    defer = tw("internet.defer")

    def body(d):
        return (yield from d)

    gate = defer.Deferred()
    deferred = defer.ensureDeferred(body(gate))
    gate.callback(1)
    assert deferred.result == 1


def test_return_value_still_ends_a_generator_and_warns(tw):
    defer = tw("internet.defer")

    @defer.inlineCallbacks
    def body():
        yield None
        defer.returnValue("old")

    with pytest.warns(DeprecationWarning, match="returnValue was deprecated in Twisted 24.7.0"):
        assert body().result == "old"


def test_return_value_from_another_function_is_told_by_name(tw):
    defer = tw("internet.defer")

    def mistaken():
        defer.returnValue("old")

    @defer.inlineCallbacks
    def body():
        mistaken()
        yield None

    with pytest.warns(DeprecationWarning) as warned:  # noqa: PT030  # there are two
        assert body().result == "old"
    text = str(warned[1].message)
    assert text.startswith("returnValue() in 'mistaken' causing 'body' to exit: ")
    assert (warned[1].filename, warned[1].lineno) == (__file__, mistaken.__code__.co_firstlineno + 1)


def test_a_function_without_yield_is_refused(tw):
    defer = tw("internet.defer")
    with pytest.raises(TypeError, match=r"inlineCallbacks requires .* to produce a generator; instead got 3"):
        defer.inlineCallbacks(lambda: 3)()


def test_the_decorated_function_keeps_its_name_and_text():
    @inlineCallbacks
    def body():
        """What it does."""
        yield None

    assert (body.__name__, body.__doc__) == ("body", "What it does.")


@pytest.mark.parametrize("thing", [3, "text", None, print])
def test_what_is_no_coroutine_is_refused(thing, tw):
    defer = tw("internet.defer")
    with pytest.raises(defer.NotACoroutineError):
        defer.ensureDeferred(thing)
    with pytest.raises(defer.NotACoroutineError):
        defer.Deferred.fromCoroutine(thing)


def test_ensure_deferred_leaves_deferreds_alone(tw):
    defer = tw("internet.defer")
    d = defer.Deferred()
    assert defer.ensureDeferred(d) is d


# -- Tracebacks


def test_a_traceback_shows_the_coroutines_and_not_the_machinery():
    async def inner():
        await succeed(None)
        raise ValueError("deep")

    @inlineCallbacks
    def middle():
        yield ensureDeferred(inner())

    async def outer():
        await middle()

    failure = result_of(ensureDeferred(outer()))
    assert [name for name, *_ in failure.frames] == ["outer", "middle", "inner"]


def test_errors_caught_later_do_not_show_what_ended_before():
    @inlineCallbacks
    def returns(gate):
        yield gate
        return 1

    @inlineCallbacks
    def raises(gate):
        try:
            yield returns(gate)
            raise ValueError("only me")
        except ValueError:
            return traceback.format_exc()

    gate = Deferred()
    text = raises(gate)
    gate.callback(None)
    assert "only me" in text.result
    assert "During handling" not in text.result


def test_the_same_failed_deferred_can_be_awaited_twice():
    failed = fail(ValueError("no"))

    async def body():
        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                await failed
        return "twice"

    assert ensureDeferred(body()).result == "twice"


# -- Context, and what is left behind


def test_a_coroutine_runs_in_the_context_it_was_started_in(wait_for_all, tw):
    defer = tw("internet.defer")
    variable = contextvars.ContextVar("variable", default="none")
    seen = []

    async def body(gate):
        seen.append(variable.get())
        await gate
        seen.append(variable.get())
        variable.set("set inside")

    variable.set("at the start")
    gate = defer.Deferred()
    defer.ensureDeferred(body(gate))
    variable.set("at the end")
    gate.callback(None)
    assert seen == ["at the start", "at the start"]
    assert variable.get() == "at the end"


def test_an_ended_coroutine_is_freed_at_once():
    class Thing:
        pass

    thing = Thing()
    kept = weakref.ref(thing)

    async def body(thing):
        await succeed(None)
        return thing

    gc.disable()
    try:
        deferred = ensureDeferred(body(thing))
        del thing
        assert deferred.result is kept()
        del deferred
        assert kept() is None
    finally:
        gc.enable()


def test_a_coroutine_dropped_while_it_waits_is_closed():
    closed = []

    async def body():
        try:
            await Deferred()
        finally:
            closed.append(True)

    ensureDeferred(body())
    gc.collect()
    assert closed == [True]


def test_a_coroutines_deferred_that_was_fired_by_another_says_so(logged_errors):
    async def body(gate):
        await gate

    def fire_both():
        gate = Deferred()
        deferred = ensureDeferred(body(gate))
        deferred.callback("mine")
        gate.callback(None)

    fire_both()
    gc.collect()
    assert [type(error) for error in logged_errors.flush(defer.AlreadyCalledError)] == [defer.AlreadyCalledError]
    logged_errors.clear()


def test_awaiting_a_deferred_in_its_own_callback_gives_its_present_result(tw):
    defer, seen = tw("internet.defer"), []
    d = defer.Deferred()

    async def body():
        return await d

    d.addCallback(lambda _: seen.append(defer.ensureDeferred(body()).result))
    d.callback("present")
    assert seen == ["present"]
