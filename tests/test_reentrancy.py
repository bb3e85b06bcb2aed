"""Callbacks, cancellers and coroutines that act on the Deferreds around them: the order of calls is Twisted's."""

from __future__ import annotations

import gc

import pytest

from reactorio.internet.defer import (
    AlreadyCalledError,
    CancelledError,
    Deferred,
    TimeoutError,
    ensureDeferred,
    inlineCallbacks,
)
from reactorio.internet.task import Clock


@pytest.fixture
def wait_inline(tw):
    """A function that has a generator wait for some Deferreds in turn, and put what comes into a list."""

    @tw("internet.defer").inlineCallbacks
    def wait(seen, *ds):
        for d in ds:
            try:
                seen.append((yield d))
            except Exception as error:
                seen.append(type(error).__name__)
        return "end"

    return wait


# -- Cancelling a coroutine


def test_a_coroutine_that_is_being_cancelled_is_not_cancelled_again(tw, wait_inline):
    defer, seen = tw("internet.defer"), []
    result = wait_inline(seen, defer.Deferred(lambda _: seen.append("canceller") or result.cancel()))
    result.cancel()
    assert seen == ["canceller", "CancelledError"]
    assert result.result == "end"


def test_what_a_canceller_raises_is_the_result_of_the_coroutine_that_waits(tw, wait_inline):
    defer, seen = tw("internet.defer"), []

    def refuse(_):
        raise ValueError

    awaited = defer.Deferred(refuse)
    result = wait_inline(seen, awaited).addErrback(lambda failure: failure.type)
    result.cancel()
    assert result.result is ValueError
    awaited.callback("in spite of that")
    assert seen == ["in spite of that"]


def test_an_error_of_a_coroutine_whose_canceller_raised_is_not_lost(logged_errors):
    async def fails(awaited):
        await awaited
        raise KeyError

    def fire_and_raise(d):
        d.callback(None)
        raise ValueError

    result = ensureDeferred(fails(Deferred(fire_and_raise))).addErrback(lambda failure: failure.type)
    result.cancel()
    assert result.result is ValueError
    assert [type(error) for error in logged_errors.flush() if error is not None] == [KeyError]


def test_a_cancelled_coroutines_callbacks_come_after_those_of_what_it_awaited(tw, wait_inline):
    defer, seen = tw("internet.defer"), []
    awaited = defer.Deferred()
    result = wait_inline(seen, awaited).addCallback(lambda _: seen.append("of the coroutine"))
    awaited.addCallback(lambda _: seen.append("of what it awaited"))
    result.cancel()
    assert seen == ["CancelledError", "of what it awaited", "of the coroutine"]


def test_a_coroutine_that_is_paused_when_it_fails_keeps_its_error(tw):
    defer = tw("internet.defer")

    async def fails(awaited):
        await awaited
        raise ValueError

    awaited = defer.Deferred()
    result = defer.ensureDeferred(fails(awaited))
    result.pause()
    awaited.callback(None)
    del result


def test_what_was_cancelled_fails_as_often_as_it_is_awaited():
    seen = []

    async def insist(awaited):
        for _ in range(2):
            try:
                seen.append(await awaited)
            except CancelledError:
                seen.append("cancelled")

    ensureDeferred(insist(Deferred())).cancel()
    assert seen == ["cancelled"] * 2


# -- Results while callbacks run


def test_a_deferred_keeps_its_result_until_the_callbacks_of_who_awaited_it_have_run(tw, wait_inline):
    defer, seen = tw("internet.defer"), []
    awaited = defer.Deferred()
    wait_inline([], awaited).addCallback(lambda _: awaited).addCallback(seen.append)
    awaited.callback("kept")
    assert seen == ["kept"]
    assert awaited.result is None


def test_what_is_added_meanwhile_comes_after_them(tw, wait_inline):
    defer, seen = tw("internet.defer"), []
    awaited = defer.Deferred()
    result = wait_inline([], awaited)
    result.addCallback(lambda _: awaited.addCallback(lambda _: seen.append("added")) and seen.append("first"))
    result.addCallback(lambda _: seen.append("second"))
    awaited.callback(None)
    assert seen == ["first", "second", "added"]


def test_who_gave_its_result_away_may_go_on_while_the_other_runs(tw):
    defer, seen = tw("internet.defer"), []
    inner = defer.Deferred()
    outer = defer.succeed(None).addCallback(lambda _: inner)
    inner.addCallback(lambda _: seen.append("waiting"))
    outer.addCallback(lambda _: inner.addCallback(lambda _: seen.append("added")) and seen.append("outer"))
    inner.callback(None)
    assert seen == ["waiting", "added", "outer"]


@pytest.mark.parametrize("pauses", [False, True])
def test_a_coroutine_waits_for_the_callbacks_that_are_there_before_it(tw, wait_inline, pauses):
    defer, seen = tw("internet.defer"), []
    inner = defer.Deferred()
    outer = defer.succeed(None).addCallback(lambda _: inner)
    waiting = defer.Deferred()
    inner.addCallback(lambda _: seen.append("waiting") or (waiting if pauses else "taken"))
    result = wait_inline(seen, outer, inner)
    inner.callback("given")
    if pauses:
        assert seen == ["given", "waiting"]
        waiting.callback("taken")
    assert seen == ["given", "waiting", "taken"]
    assert result.result == "end"


def test_a_coroutine_gets_the_error_of_its_turn(tw, wait_inline):
    defer, seen = tw("internet.defer"), []
    inner = defer.Deferred()
    outer = defer.succeed(None).addCallback(lambda _: inner)
    inner.addCallback(lambda _: defer.fail(ValueError()))
    wait_inline(seen, outer, inner)
    inner.callback("given")
    assert seen == ["given", "ValueError"]


def test_a_coroutine_is_not_cancelled_by_the_callbacks_that_come_before_it(tw, wait_inline):
    defer, seen = tw("internet.defer"), []
    inner = defer.Deferred()
    outer = defer.succeed(None).addCallback(lambda _: inner)
    inner.addCallback(lambda _: result.cancel())
    result = wait_inline(seen, outer, inner)
    inner.callback("given")
    assert seen == ["given", None]
    assert result.result == "end"


# -- Lost errors


def explode(*_):
    raise KeyError


# What has a Deferred in a variable would keep it, with the error's frames.


@inlineCallbacks
def wait_by_yield(box):
    yield box.pop()


async def wait_by_await(box):
    await box.pop()


async def replace_the_error(box):
    try:
        await box.pop()
    except ValueError:
        explode()


@pytest.mark.parametrize(
    "wait",
    [
        wait_by_yield,
        lambda box: ensureDeferred(wait_by_await(box)),
        lambda box: ensureDeferred(replace_the_error(box)),
    ],
)
def test_the_error_of_who_awaited_does_not_keep_what_was_awaited(logged_errors, wait):
    awaited = Deferred()
    kept = wait([awaited])
    awaited.errback(ValueError())
    awaited.addBoth(explode)
    gc.collect()
    gc.disable()
    try:
        del awaited
        assert [type(error) for error in logged_errors.flush() if error is not None] == [KeyError]
    finally:
        gc.enable()
    kept.addErrback(lambda _: None)


def test_an_error_that_comes_of_a_timeout_does_not_keep_what_was_over_time(logged_errors):
    clock = Clock()
    other = Deferred().addCallback(explode)

    def cancel(deferred):
        del deferred
        other.callback(None)

    slow = Deferred(cancel).addTimeout(1, clock)
    clock.advance(1)
    del slow
    assert [type(error) for error in logged_errors.flush() if error is not None] == [TimeoutError]
    other.addErrback(lambda _: None)


def test_an_error_that_another_chains_on_has_fired_before_is_let_go(logged_errors):
    late, fired = Deferred(), Deferred()
    fired.callback(None)
    late.chainDeferred(fired)
    late.callback("too late")
    del late
    assert [type(error) for error in logged_errors.flush() if error is not None] == [AlreadyCalledError]
