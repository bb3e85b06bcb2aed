"""Deferreds without any loop: chains, cancellation, lists, locks, lost errors. What Twisted does too is tested with both."""

from __future__ import annotations

import gc
import weakref
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet import defer
from reactorio.internet.defer import (
    AlreadyCalledError,
    CancelledError,
    Deferred,
    DeferredList,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    FailureGroup,
    FirstError,
    execute,
    fail,
    gatherResults,
    maybeDeferred,
    race,
    succeed,
)
from reactorio.internet.task import Clock
from reactorio.python.failure import Failure


def explode(*_):
    raise ValueError("no")


def trap(failure):
    failure.trap(ValueError)
    return "mended"


def outcome(deferred):
    """Take the result out of a fired Deferred; an exception for a Failure."""
    taken = []
    deferred.addBoth(taken.append)
    (result,) = taken
    return result.value if hasattr(result, "trap") else result


# -- Chains, as Twisted's


def test_callbacks_get_each_others_results(tw):
    d = tw("internet.defer").Deferred()
    d.addCallback(lambda x: x + 1).addCallback(lambda x, y, z: x + y + z, 10, z=100)
    d.callback(1)
    assert d.result == 112


def test_an_errback_mends_the_chain(tw):
    d = tw("internet.defer").fail(ValueError("no")).addErrback(trap)
    assert d.result == "mended"


def test_steps_for_the_other_outcome_are_passed_over(tw):
    defer, seen = tw("internet.defer"), []
    d = defer.succeed(1).addErrback(seen.append).addCallback(explode).addCallback(seen.append).addErrback(trap)
    assert (d.result, seen) == ("mended", [])


def test_a_returned_deferred_is_waited_for(tw):
    defer, seen = tw("internet.defer"), []
    inner = defer.Deferred()
    outer = defer.succeed(None).addCallback(lambda _: inner).addCallback(seen.append)
    assert seen == []
    inner.callback("inner")
    assert seen == ["inner"]
    assert outer.result is inner.result is None


def test_a_callback_that_is_added_by_a_callback_comes_last(tw):
    defer, seen = tw("internet.defer"), []
    d = defer.Deferred()
    d.addCallback(lambda _: d.addCallback(lambda _: seen.append("added")) and seen.append("first"))
    d.addCallback(lambda _: seen.append("second"))
    d.callback(None)
    assert seen == ["first", "second", "added"]


def test_a_paused_deferred_waits_until_it_was_unpaused_as_often(tw):
    defer, seen = tw("internet.defer"), []
    d = defer.Deferred().addCallback(seen.append)
    d.pause()
    d.pause()
    d.callback("result")
    d.unpause()
    assert seen == []
    d.unpause()
    assert seen == ["result"]


def test_pausing_in_a_callback_holds_only_what_is_added_later(tw):
    defer, seen = tw("internet.defer"), []
    d = defer.Deferred()
    d.addCallback(lambda _: d.pause()).addCallback(lambda _: seen.append("there before"))
    d.callback(None)
    assert seen == ["there before"]
    d.addCallback(lambda _: seen.append("added later"))
    assert seen == ["there before"]
    d.unpause()
    assert seen == ["there before", "added later"]


@pytest.mark.parametrize("length", [10_000])
def test_a_long_chain_of_deferreds_needs_no_deep_stack(tw, length):
    defer = tw("internet.defer")
    chain = [defer.Deferred() for _ in range(length)]
    for outer, inner in pairwise(chain):
        outer.addCallback(lambda _, inner=inner: inner)
    for one in chain[:-1]:
        one.callback(None)
    chain[-1].callback("end")
    assert chain[0].result == "end"


def test_base_exceptions_become_failures_too(tw):
    defer = tw("internet.defer")
    for kind in (KeyboardInterrupt, SystemExit, GeneratorExit):

        def stop(_, kind=kind):
            raise kind

        d = defer.succeed(None).addCallback(stop)
        assert d.result.check(kind)
        d.addErrback(lambda _: None)


def test_the_repr_says_what_is_the_matter(tw):
    defer = tw("internet.defer")
    waiting, inner = defer.Deferred(), defer.Deferred()
    waiting.addCallback(lambda _: inner)
    assert repr(inner) == f"<Deferred at {id(inner):#x}>"
    waiting.callback(None)
    assert repr(waiting) == f"<Deferred at {id(waiting):#x} waiting on Deferred at {id(inner):#x}>"
    inner.callback(3)
    assert repr(waiting) == f"<Deferred at {id(waiting):#x} current result: 3>"


STEPS = ["add", "explode", "trap", "both", "inner value", "inner error", "later"]


@given(st.lists(st.sampled_from(STEPS), max_size=12), st.booleans(), st.booleans())
def test_a_chain_comes_out_alike_fired_before_or_after_it_was_built(steps, failing, reverse):
    """Whenever the Deferreds of a chain fire, and in whatever order, it ends the same."""

    def build(fire_first):
        log, later = [], []
        d = Deferred()

        def fire():
            d.errback(ValueError("start")) if failing else d.callback(0)

        def add(number, step):
            if step == "add":
                d.addCallback(lambda r: log.append(number) or number)
            elif step == "explode":
                d.addCallback(explode)
            elif step == "trap":
                d.addErrback(trap)
            elif step == "both":
                d.addBoth(lambda r: log.append(type(r).__name__) or r)
            elif step == "inner value":
                d.addCallback(lambda r: succeed(r).addCallback(lambda r: (r, number)))
            elif step == "inner error":
                d.addCallback(lambda r: fail(ValueError(number)))
            else:
                inner = Deferred()
                later.append((inner, number))
                d.addCallback(lambda r: inner)

        if fire_first:
            fire()
        for number, step in enumerate(steps):
            add(number, step)
        if not fire_first:
            fire()
        for inner, number in reversed(later) if reverse and not fire_first else later:
            inner.callback(number)
        result = outcome(d)
        return log, str(result) if isinstance(result, Exception) else result

    assert build(True) == build(False)


# -- Wrong use


def test_firing_twice_is_an_error(tw):
    defer = tw("internet.defer")
    d = defer.succeed(1)
    with pytest.raises(defer.AlreadyCalledError):
        d.callback(2)
    with pytest.raises(defer.AlreadyCalledError):
        d.errback(ValueError())
    assert d.result == 1


def test_a_deferred_is_no_result():
    with pytest.raises(TypeError, match="return it from a callback, or use chainDeferred"):
        Deferred().callback(Deferred())


def test_a_coroutine_that_returns_a_deferred_says_so():
    @defer.inlineCallbacks
    def forgets():
        yield None
        return Deferred()

    error = outcome(forgets())
    assert isinstance(error, TypeError)
    assert "await it" in str(error)


@pytest.mark.parametrize("add", ["addCallback", "addErrback", "addBoth", "addCallbacks"])
def test_what_cannot_be_called_is_no_callback(add):
    with pytest.raises(TypeError, match="a callback must be callable, and 3 is not"):
        getattr(Deferred(), add)(3)


def test_errback_without_an_exception_is_an_error(tw):
    with pytest.raises(tw("python.failure").NoCurrentExceptionError):
        tw("internet.defer").Deferred().errback()


def test_a_deferred_returned_by_its_own_callback_is_warned_of():
    d = Deferred()

    def circle(_):
        return d

    d.addCallback(circle)
    with pytest.warns(DeprecationWarning, match="Callback returned the Deferred it was attached to"):
        d.callback(None)


# -- Cancelling


def test_cancelling_without_a_canceller_lets_the_producer_fire_once_more(tw):
    defer = tw("internet.defer")
    d = defer.Deferred()
    d.cancel()
    d.callback("too late")
    with pytest.raises(defer.AlreadyCalledError):
        d.callback("much too late")
    assert d.addErrback(lambda failure: failure.trap(defer.CancelledError)).result is defer.CancelledError


def test_a_canceller_may_decide_the_result(tw):
    d = tw("internet.defer").Deferred(lambda d: d.callback("all the same"))
    d.cancel()
    assert d.result == "all the same"


def test_cancelling_reaches_the_deferred_that_is_waited_for(tw):
    defer, cancelled = tw("internet.defer"), []
    inner = defer.Deferred(cancelled.append)
    outer = defer.succeed(None).addCallback(lambda _: inner).addErrback(lambda failure: "ended")
    outer.cancel()
    assert (cancelled, outer.result) == ([inner], "ended")


def test_a_timeout_cancels_and_says_so(tw):
    defer, clock = tw("internet.defer"), tw("internet.task").Clock()
    d = defer.Deferred().addTimeout(5, clock)
    clock.advance(5)
    error = d.result.value
    d.addErrback(lambda _: None)
    assert (type(error), error.args) == (defer.TimeoutError, (5, "Deferred"))


def test_a_result_in_time_stops_the_timeouts_clock(tw):
    defer, clock = tw("internet.defer"), tw("internet.task").Clock()
    d = defer.Deferred().addTimeout(5, clock)
    d.callback("in time")
    assert (d.result, clock.getDelayedCalls()) == ("in time", [])


# -- Many in one


def test_a_deferred_list_keeps_the_order(tw):
    defer = tw("internet.defer")
    first, second = defer.Deferred(), defer.Deferred()
    both = defer.DeferredList([first, second])
    second.callback(2)
    first.callback(1)
    assert both.result == [(True, 1), (True, 2)]
    assert first.result == 1


def test_gather_results_fails_with_the_first_error():
    error = outcome(gatherResults([succeed(1), fail(KeyError("k")), Deferred()], consumeErrors=True))
    assert isinstance(error, FirstError)
    assert error.index == 1
    assert isinstance(error.subFailure.value, KeyError)


def test_a_race_is_won_by_the_first_success():
    cancelled = []
    slow, quick, failing = Deferred(cancelled.append), Deferred(), Deferred()
    won = race([slow, failing, quick])
    failing.errback(ValueError())
    quick.callback("quick")
    assert won.result == (2, "quick")
    assert cancelled == [slow]


def test_a_race_without_a_winner_tells_all_failures_in_order():
    first, second = Deferred(), Deferred()
    lost = race([first, second])
    second.errback(KeyError())
    first.errback(ValueError())
    error = outcome(lost)
    assert isinstance(error, FailureGroup)
    assert [failure.type for failure in error.failures] == [ValueError, KeyError]


@pytest.mark.parametrize("make", [lambda f: maybeDeferred(f), lambda f: execute(f)])
def test_a_function_becomes_a_deferred_whatever_it_does(make):
    assert outcome(make(lambda: 3)) == 3
    assert isinstance(outcome(make(explode)), ValueError)


def test_maybe_deferred_passes_failures_and_deferreds():
    failure, deferred = Failure(ValueError()), Deferred()
    assert outcome(maybeDeferred(lambda: failure)) is failure.value
    assert maybeDeferred(lambda: deferred) is deferred


# -- Taking turns


def test_a_lock_is_handed_on_in_order():
    lock, seen = DeferredLock(), []
    for name in "abc":
        lock.acquire().addCallback(lambda _, name=name: seen.append(name))
    assert seen == ["a"]
    lock.release()
    lock.release()
    assert seen == ["a", "b", "c"]
    lock.release()
    assert not lock.locked


def test_running_under_a_lock_releases_it_whatever_happens():
    lock = DeferredLock()
    assert isinstance(outcome(lock.run(explode)), ValueError)
    assert outcome(lock.run(lambda: succeed(2))) == 2
    assert not lock.locked


@given(st.integers(1, 4), st.lists(st.booleans(), max_size=30))
def test_a_semaphore_never_gives_more_than_its_tokens(tokens, acquires):
    semaphore, held = DeferredSemaphore(tokens), []
    for acquire in acquires:
        if acquire:
            semaphore.acquire().addCallback(held.append)
        elif held:
            held.pop()
            semaphore.release()
        assert len(held) == tokens - semaphore.tokens <= tokens


@given(st.lists(st.booleans(), max_size=30))
def test_a_queue_gives_everything_once_and_in_order(puts):
    queue, got, put = DeferredQueue(), [], 0
    for is_put in puts:
        if is_put:
            queue.put(put)
            put += 1
        else:
            queue.get().addCallback(got.append)
    assert got == list(range(min(put, puts.count(False))))


# -- Errors that nobody took


def test_a_lost_error_is_reported_when_its_deferred_is_dropped(logged_errors):
    gc.disable()
    try:
        succeed(None).addCallback(explode)
        assert [str(error) for error in logged_errors.flush(ValueError)] == ["no"]
    finally:
        gc.enable()
    (headline,) = logged_errors
    assert headline["log_format"] == "Unhandled error in Deferred:"
    logged_errors.clear()


def test_a_lost_error_is_reported_with_its_traceback(logged_errors):
    fail(ValueError("early"))
    Deferred().addCallback(explode).callback(1)
    tracebacks = [event["log_failure"].getTraceback() for event in logged_errors if "log_failure" in event]
    logged_errors.clear()
    assert len(tracebacks) == 2
    assert "in explode" in tracebacks[1]
    assert "internet/_deferred.py" not in tracebacks[1]


def test_an_error_that_is_taken_late_is_not_reported():
    d = fail(ValueError())
    d.addErrback(trap)
    e = fail(ValueError())
    succeed(None).addCallback(lambda _: e).addErrback(trap)


def test_in_debug_mode_a_lost_error_says_where_its_deferred_came_from(logged_errors):
    defer.setDebugging(True)
    try:
        Deferred().addCallback(explode).callback(1)
    finally:
        defer.setDebugging(False)
    info = logged_errors[-1]["debugInfo"]
    logged_errors.clear()
    assert info.count("in test_in_debug_mode_a_lost_error_says_where_its_deferred_came_from") == 2
    assert " C: Deferred was created:" in info
    assert " I: First Invoker was:" in info


def test_in_debug_mode_firing_twice_says_where_it_was_fired_first():
    defer.setDebugging(True)
    try:
        d = Deferred()
        d.callback(1)
        with pytest.raises(AlreadyCalledError, match="First Invoker was"):
            d.callback(2)
    finally:
        defer.setDebugging(False)


@pytest.mark.parametrize(
    "lose",
    [
        lambda: fail(ValueError("no")),
        lambda: succeed(1).addCallback(explode),
        lambda: raises_inline(succeed(None)),
        lambda: lose_while_waiting(raises_inline),
        lambda: lose_while_waiting(lambda d: defer.ensureDeferred(raises(d))),
        lambda: lose_while_waiting(lambda d: succeed(None).addCallback(lambda _: d).addCallback(explode)),
        lambda: lose_while_waiting(lambda d: gatherResults([d]).addCallback(explode)),
    ],
)
def test_a_lost_error_is_reported_without_the_garbage_collector(logged_errors, lose):
    gc.collect()
    gc.disable()
    try:
        lose()
        assert [type(error) for error in logged_errors.flush() if error is not None] == [ValueError]
        assert gc.collect() == 0
    finally:
        gc.enable()


def lose_while_waiting(start):
    waiting = Deferred()
    start(waiting)
    waiting.callback(None)


async def raises(waiting):
    await waiting
    explode()


# -- What is left behind


def ignore(_):
    pass


@defer.inlineCallbacks
def raises_inline(waiting=None):
    yield waiting
    raise ValueError


@defer.inlineCallbacks
def catches_inline():
    with pytest.raises(ValueError):  # noqa: PT011
        yield raises_inline()


async def catches(make):
    try:
        await make()
    except (ValueError, CancelledError):
        pass


def cancel_a_coroutine():
    defer.ensureDeferred(catches(Deferred)).cancel()


def fail_a_waiting_generator():
    waiting = Deferred()
    raises_inline(waiting).addErrback(trap)
    waiting.errback(ValueError())


def cancel_one_that_goes_on():
    async def stubborn(box):
        await catches(Deferred)
        await box.pop()

    last = Deferred()
    defer.ensureDeferred(stubborn([last])).cancel()
    last.callback(None)


def fail_a_chain():
    inner = Deferred()
    succeed(None).addCallback(lambda _: inner).addErrback(trap)
    inner.errback(ValueError())


def fail_in_ones_turn():
    @defer.inlineCallbacks
    def wait(first, second):
        yield first
        yield second

    inner = Deferred()
    outer = succeed(None).addCallback(lambda _: inner)
    inner.addCallback(explode)
    wait(outer, inner).addErrback(trap)
    inner.callback(None)


def be_over_time():
    clock = Clock()
    Deferred().addTimeout(1, clock).addErrback(ignore)
    clock.advance(1)


def fire_twice():
    late, fired = Deferred(), succeed(None)
    late.chainDeferred(fired).addErrback(ignore)
    late.callback(None)


@pytest.mark.parametrize(
    "go_wrong",
    [
        lambda: succeed(1).addCallback(explode).addErrback(trap),
        lambda: maybeDeferred(explode).addErrback(trap),
        lambda: raises_inline().addErrback(trap),
        lambda: defer.ensureDeferred(catches(raises_inline)),
        lambda: DeferredList([fail(ValueError())], consumeErrors=True),
        lambda: race([fail(ValueError()), fail(ValueError())]).addErrback(ignore),
        lambda: gatherResults([Deferred(), Deferred()], consumeErrors=True).addErrback(ignore).cancel(),
        lambda: Deferred(lambda d: d.errback(ValueError())).addErrback(trap).cancel(),
        lambda: DeferredLock().run(explode).addErrback(trap),
        catches_inline,
        cancel_a_coroutine,
        cancel_one_that_goes_on,
        fail_a_waiting_generator,
        fail_a_chain,
        fail_in_ones_turn,
        be_over_time,
        fire_twice,
    ],
)
def test_a_trapped_error_leaves_nothing_to_the_garbage_collector(go_wrong):
    go_wrong()
    gc.collect()
    gc.disable()
    try:
        go_wrong()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_fired_deferred_lets_go_of_callbacks_and_canceller():
    class Thing:
        def __call__(self, result):
            return result

    callback, canceller = Thing(), Thing()
    kept = [weakref.ref(callback), weakref.ref(canceller)]
    d = Deferred(canceller).addCallback(callback)
    d.callback(1)
    del callback, canceller
    assert [ref() for ref in kept] == [None, None]


def test_a_deferred_takes_attributes_and_can_be_subclassed():
    class Named(Deferred):
        def __init__(self, name):
            super().__init__()
            self.name = name

    d = Named("n")
    d.other = 1
    d.addCallback(lambda r: Named("inner") if r is None else r)
    d.callback("x")
    assert (d.name, d.other, d.result) == ("n", 1, "x")
    assert repr(d).startswith("<Named at ")


def test_a_filesystem_lock_waits_for_another(tmp_path):
    clock = Clock()
    ours, theirs = (defer.DeferredFilesystemLock(str(tmp_path / "lock"), clock) for _ in range(2))
    assert theirs.lock()
    waiting = ours.deferUntilLocked()
    busy = ours.deferUntilLocked()
    assert isinstance(outcome(busy), defer.AlreadyTryingToLockError)
    clock.advance(1)
    assert not waiting.called
    theirs.unlock()
    clock.advance(1)
    assert waiting.called
    ours.unlock()
    assert clock.getDelayedCalls() == []
