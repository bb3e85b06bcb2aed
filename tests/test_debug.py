"""The live view: who awaits whom, made where, since when."""

from __future__ import annotations

import asyncio
import gc
import io
import sys
import threading
from itertools import pairwise

import pytest

from reactorio import debug
from reactorio.internet import task
from reactorio.internet.defer import (
    Deferred,
    DeferredList,
    DeferredLock,
    DeferredQueue,
    as_future,
    ensureDeferred,
    gatherResults,
    getDebugging,
    inlineCallbacks,
)
from reactorio.internet.threads import deferToThread


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
    assert task.startswith("Task 'the outer one': ")
    assert "outer() at" in task
    assert "middle() at" in driven
    assert f"made at {__file__}" in inner
    assert [depth(line) for line in (task, driven, inner)] == [0, 1, 2]


def branch(lines, start):
    """Return the first line that begins with ``start``, and those below it, as depths and texts."""
    number = next(number for number, line in enumerate(lines) if line.strip().startswith(start))
    base = depth(lines[number])
    found = [(0, lines[number].strip())]
    for line in lines[number + 1 :]:
        if depth(line) <= base:
            break
        found.append((depth(line) - base, line.strip()))
    return found


@pytest.fixture
def seen(run):
    """Run a coroutine as a task named "root", and return the tree as it is when the others have come to wait."""

    def look(coroutine):
        async def main():
            root = asyncio.ensure_future(coroutine)
            root.set_name("root")
            for _ in range(5):
                await asyncio.sleep(0)
            lines = debug.format_tree().splitlines()
            root.cancel()
            await asyncio.gather(root, return_exceptions=True)
            return lines

        return run(main())

    return look


def texts(found):
    """Return each line's depth and its first word, without punctuation."""
    return [(level, text.split()[0].strip(",:<")) for level, text in found]


def test_what_the_library_made_is_told_with_the_programs_line(tracked):
    lock, queue = DeferredLock(), DeferredQueue()
    lock.acquire()

    async def locked():
        async with lock:
            pass

    waiting = [
        ensureDeferred(locked()),
        queue.get(),
        task.deferLater(task.Clock(), 1),
        gatherResults([Deferred()], True),
    ]
    lines = debug.format_tree().splitlines()
    here = f"at {__file__}:"
    for made in (
        "made by DeferredLock.__aenter__",
        "made by DeferredQueue.get",
        "made by deferLater",
        "made by gatherRe",
    ):
        assert sum(made in line and here in line for line in lines) == 1, lines
    # The coroutine's own one: where it was started, and where it stands.
    assert f"made at {__file__}:" in lines[0]
    assert "locked() at " in lines[0]
    for deferred in waiting:
        deferred.addErrback(lambda _: None).cancel()


def test_a_list_has_below_it_what_is_still_missing(tracked):
    first, second = Deferred(), Deferred()
    both = DeferredList([first, second])
    first.callback(None)
    lines = debug.format_tree().splitlines()
    assert texts(branch(lines, "DeferredList")) == [(0, "DeferredList"), (1, "Deferred")]
    assert "made at " in lines[0]
    second.callback(None)
    assert both.called


def test_coroutines_that_await_coroutines_are_one_line(tracked):
    async def inner():
        await Deferred()

    async def outer():
        await inner()

    driven = ensureDeferred(outer())
    line = debug.format_tree().splitlines()[0]
    first, second = line.partition("outer() at ")[2].split(" > ")
    assert first.startswith(__file__)
    assert second.startswith(f"inner() at {__file__}:")
    driven.addErrback(lambda _: None).cancel()


def test_children_of_gather_and_wait_are_below_who_awaits_them(tracked, seen):
    async def child():
        await Deferred()

    async def gathers():
        await asyncio.gather(child(), child())

    async def waits():
        await asyncio.wait([asyncio.ensure_future(child())])

    below = [(1, "Task"), (2, "Deferred")]
    assert texts(branch(seen(gathers()), "Task 'root'"))[2:] == [(level + 1, what) for level, what in below * 2]
    assert texts(branch(seen(waits()), "Task 'root'"))[1:] == below


@pytest.mark.skipif(sys.version_info < (3, 11), reason="TaskGroup is new in Python 3.11")
@pytest.mark.parametrize("driven", [False, True])
def test_a_task_groups_children_are_below_who_awaits_them(driven, tracked, seen):
    async def child():
        await Deferred()

    async def body():
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(child())

    async def wraps():
        await ensureDeferred(body())

    lines = seen(wraps() if driven else body())
    expected = [(1, "Task"), (2, "Deferred")] * 2
    if driven:
        expected = [(1, "Deferred"), *((level + 1, what) for level, what in expected)]
    assert texts(branch(lines, "Task 'root'"))[1:] == expected


def test_wait_for_and_futures_of_deferreds_lead_on_to_the_deferred(tracked, seen):
    async def timed():
        await asyncio.wait_for(Deferred(), 60)

    async def future():
        await as_future(Deferred())

    for coroutine in (timed(), future()):
        assert texts(branch(seen(coroutine), "Task 'root'"))[-1][1] == "Deferred"


def test_a_future_of_nobodys_is_shown_as_it_is(tracked, seen):
    async def waits():
        await asyncio.get_running_loop().create_future()

    assert texts(branch(seen(waits()), "Task 'root'"))[1:] == [(1, "Future")]


def test_tasks_come_in_the_order_of_their_numbers(tracked, run):
    async def main():
        tasks = [asyncio.ensure_future(asyncio.sleep(60)) for _ in range(12)]
        await asyncio.sleep(0)
        lines = debug.format_tree().splitlines()
        for one in tasks:
            one.cancel()
        await asyncio.wait(tasks)
        return [one.get_name() for one in tasks], lines

    names, lines = run(main())
    shown = [line.split("'")[1] for line in lines if line.startswith("Task '")]
    assert [name for name in shown if name in names] == names


def test_long_chains_are_no_problem(tracked):
    chain = [Deferred() for _ in range(5000)]
    for outer, inner in pairwise(chain):
        outer.addCallback(lambda _, inner=inner: inner)
    for outer in chain[:-1]:
        outer.callback(None)
    lines = debug.format_tree().splitlines()
    assert (len(lines), depth(lines[-1])) == (5000, 4999)
    chain[-1].callback(None)


def test_deferreds_that_are_equal_are_two(tracked):
    class Equal(Deferred):
        def __eq__(self, other):
            return True

    both = Equal(), Equal()
    assert len(debug.format_tree().splitlines()) == 2
    assert both[0] == both[1]


def test_what_the_loop_calls_tells_of_the_library_not_of_the_loop(tracked, reactor):
    seen = []
    # It makes a Deferred when the reactor calls it, with no function of the program in between.
    reactor.callLater(0, task.deferLater, reactor, 0.01)

    def look():
        seen.extend(debug.format_tree().splitlines())
        reactor.callLater(0.02, reactor.stop)

    reactor.callLater(0.001, look)
    reactor.run()
    assert [line for line in seen if "in deferLater" in line or "Nothing" in line or "Task" in line] == seen


def test_a_thread_may_make_some_meanwhile(tracked, reactor):
    made = []

    def make():
        made.append(Deferred())
        return threading.get_ident()

    def look(ident):
        assert ident != threading.get_ident()
        assert any(" in make" in line for line in debug.format_tree().splitlines())
        reactor.stop()

    reactor.callWhenRunning(lambda: deferToThread(make).addCallback(look))
    reactor.run()
    assert len(made) == 1


def test_a_circle_is_drawn_once(tracked):
    first, second = Deferred(), Deferred()
    first.addCallback(lambda _: second)
    second.addCallback(lambda _: first)
    first.callback(None)
    second.callback(None)
    lines = debug.format_tree().splitlines()
    assert [depth(line) for line in lines] == [0, 1, 2]
    assert lines[2].endswith("(see above)")


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
