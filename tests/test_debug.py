"""The live view: who awaits whom, made where, since when."""

from __future__ import annotations

import asyncio
import gc
import io

import pytest

from reactorio import debug
from reactorio.internet.defer import Deferred, ensureDeferred, getDebugging, inlineCallbacks


@pytest.fixture
def tracked():
    debug.track()
    yield
    debug.track(False)


def depth(line):
    return (len(line) - len(line.lstrip())) // 2


def test_without_tracking_it_says_what_to_do():
    with pytest.raises(RuntimeError, match="track"):
        debug.format_tree()


def test_a_chain_of_both_kinds_is_one_branch(tracked, run):
    seen = []
    last = Deferred()

    @inlineCallbacks
    def middle():
        yield last

    async def outer():
        await middle()

    async def main():
        task = asyncio.ensure_future(outer(), loop=asyncio.get_running_loop())
        task.set_name("the outer one")
        await asyncio.sleep(0)
        seen.extend(debug.format_tree().splitlines())
        last.callback(None)
        await task

    run(main())
    start = next(number for number, line in enumerate(seen) if "the outer one" in line)
    task, driven, inner = seen[start : start + 3]
    assert task.startswith("Task 'the outer one' ")
    assert "outer() at" in task
    assert "middle() at" in driven
    assert f"made at {__file__}" in inner
    assert [depth(line) for line in (task, driven, inner)] == [0, 1, 2]


def test_a_deferred_that_waits_for_another_has_it_below(tracked):
    outer, inner = Deferred(), Deferred()
    outer.addCallback(lambda _: inner)
    outer.callback(None)

    first, second = debug.format_tree().splitlines()
    assert (depth(first), depth(second)) == (0, 1)
    inner.callback(None)
    assert debug.format_tree() == "Nothing is pending."


def test_what_is_over_or_forgotten_is_not_shown(tracked):
    done, forgotten = Deferred(), Deferred()
    done.callback(None)
    del forgotten
    gc.collect()
    assert debug.format_tree() == "Nothing is pending."


def test_what_two_await_is_drawn_once(tracked):
    shared = Deferred()

    async def wait():
        await shared

    first, second = ensureDeferred(wait()), ensureDeferred(wait())
    lines = debug.format_tree().splitlines()
    assert [depth(line) for line in lines] == [0, 1, 0, 1]
    assert lines[3].endswith("(see above)")
    shared.callback(None)
    assert first.called
    assert second.called


def test_it_is_printed_where_it_is_wanted_and_debugging_is_put_back():
    assert not getDebugging()
    debug.track()
    waiting = Deferred()
    text = io.StringIO()
    debug.tree(text)
    debug.track(False)
    assert "test_it_is_printed" in text.getvalue()
    assert not getDebugging()
    assert not waiting.called
