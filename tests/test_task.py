"""Time and turns: Clock, LoopingCall, deferLater, Cooperator, react. What Twisted does too is tested with both."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet import error, task
from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.internet.interfaces import IDelayedCall, IReactorTime
from reactorio.internet.task import Clock, Cooperator, LoopingCall, deferLater, react


@pytest.fixture
def theirs(tw):
    """The module ``task`` of either package."""
    return tw("internet.task")


def looping(module, clock, call, count=False):
    loop = module.LoopingCall.withCount(call) if count else module.LoopingCall(call)
    loop.clock = clock
    return loop


# -- Clock and its calls


def test_calls_come_in_the_order_of_their_times_then_of_asking(theirs):
    clock, seen = theirs.Clock(), []
    for delay, name in ((2, "b"), (1, "a"), (2, "c")):
        clock.callLater(delay, seen.append, name)
    clock.advance(2)
    assert seen == ["a", "b", "c"]


def test_time_jumps_all_at_once(theirs):
    clock, seen = theirs.Clock(), []
    clock.callLater(1, lambda: seen.append(clock.seconds()))
    clock.advance(5)
    assert seen == [5]


def test_a_call_that_is_added_by_a_call_and_due_is_made(theirs):
    clock, seen = theirs.Clock(), []
    clock.callLater(1, lambda: clock.callLater(0, seen.append, "at once"))
    clock.advance(1)
    assert seen == ["at once"]


def test_a_call_can_be_moved_and_cancelled(theirs):
    clock, seen = theirs.Clock(), []
    moved = clock.callLater(1, seen.append, "moved")
    cancelled = clock.callLater(1, seen.append, "cancelled")
    moved.delay(1)
    cancelled.cancel()
    clock.pump([1, 0.5])
    assert seen == []
    moved.reset(0.25)
    assert moved.getTime() == 1.75
    clock.advance(0.25)
    assert seen == ["moved"]


def test_a_call_that_is_over_cannot_be_changed():
    clock = Clock()
    made, cancelled = clock.callLater(0, int), clock.callLater(9, int)
    clock.advance(0)
    cancelled.cancel()
    for change in (lambda call: call.cancel(), lambda call: call.reset(1), lambda call: call.delay(1)):
        with pytest.raises(error.AlreadyCalled):
            change(made)
        with pytest.raises(error.AlreadyCancelled):
            change(cancelled)
    assert not made.active()
    assert not cancelled.active()


def test_an_exception_in_a_call_leaves_the_others_in_line(theirs):
    clock, seen = theirs.Clock(), []
    clock.callLater(1, lambda: 1 / 0)
    clock.callLater(1, seen.append, "next")
    with pytest.raises(ZeroDivisionError):
        clock.advance(1)
    clock.advance(0)
    assert seen == ["next"]


def test_the_interfaces_are_provided():
    clock = Clock()
    assert IReactorTime.providedBy(clock)
    assert IDelayedCall.providedBy(clock.callLater(1, int))


def test_the_repr_of_a_call_tells_when_and_what():
    clock = Clock()
    call = clock.callLater(1.5, print, 1, end="")
    assert repr(call) == f"<DelayedCall {id(call):#x} [1.5s] called=0 cancelled=0 print(1, end='')>"


@given(st.lists(st.tuples(st.sampled_from(["add", "cancel", "reset", "advance"]), st.integers(0, 5)), max_size=40))
def test_a_clock_makes_every_call_once_at_its_time(steps):
    clock, calls, made = Clock(), [], []
    for step, number in steps:
        live = [call for call in calls if call.active()]
        if step == "add":
            box = []
            box.append(clock.callLater(number, lambda box=box: made.append(box[0])))
            calls.append(box[0])
        elif step == "advance":
            clock.advance(number)
            assert all(call.getTime() > clock.seconds() for call in calls if call.active())
        elif live:
            call = live[number % len(live)]
            call.cancel() if step == "cancel" else call.reset(number)
    assert len(made) == len(set(map(id, made)))
    assert set(map(id, made)) == {id(call) for call in calls if call.called}
    waiting = [call for call in calls if call.active()]
    assert set(map(id, waiting)) == set(map(id, clock.getDelayedCalls()))
    assert [call.getTime() for call in clock.getDelayedCalls()] == sorted(call.getTime() for call in waiting)


# -- LoopingCall


def test_calls_keep_to_the_multiples_of_the_interval(theirs):
    clock, seen = theirs.Clock(), []
    loop = looping(theirs, clock, lambda: seen.append(clock.seconds()))
    done = loop.start(2)
    clock.pump([1.5, 1, 3, 0.5])
    assert seen == [0, 2.5, 5.5, 6]
    loop.stop()
    assert done.result is loop
    assert clock.getDelayedCalls() == []


def test_with_count_tells_how_many_calls_one_stands_for(theirs):
    clock, counts = theirs.Clock(), []
    looping(theirs, clock, counts.append, count=True).start(1)
    clock.pump([1, 3.5, 0.5])
    assert counts == [1, 1, 3, 1]


@given(st.integers(1, 30), st.lists(st.floats(0, 50), max_size=20))
def test_the_counts_add_up_to_the_intervals_that_passed(tenths, steps):
    clock, counts = Clock(), []
    interval = tenths / 10
    looping(task, clock, counts.append, count=True).start(interval)
    clock.pump(steps)
    assert 0 not in counts
    assert sum(counts) - 1 == pytest.approx(clock.seconds() // interval, abs=1)


def test_the_next_call_waits_for_the_deferred_of_the_last(theirs, tw):
    clock, gate, calls = theirs.Clock(), tw("internet.defer").Deferred(), []
    looping(theirs, clock, lambda: calls.append(1) or gate).start(1)
    clock.pump([1, 1])
    assert len(calls) == 1
    gate.callback(None)
    clock.advance(1)
    assert len(calls) == 2


def test_a_coroutine_function_can_be_called_again_and_again():
    clock, gate, calls = Clock(), Deferred(), []

    async def call():
        calls.append(1)
        await gate

    looping(task, clock, call).start(1)
    clock.advance(5)
    assert len(calls) == 1
    gate.callback(None)
    clock.advance(1)
    assert len(calls) == 2


def test_an_error_ends_the_loop(theirs):
    clock = theirs.Clock()
    loop = looping(theirs, clock, lambda: 1 / 0)
    taken = []
    loop.start(1).addErrback(taken.append)
    assert taken[0].check(ZeroDivisionError)
    assert not loop.running
    assert clock.getDelayedCalls() == []


def test_stopping_while_the_call_is_under_way_waits_for_its_end():
    clock, gate = Clock(), Deferred()
    loop = looping(task, clock, lambda: gate)
    done = loop.start(1)
    loop.stop()
    assert not done.called
    gate.callback(None)
    assert done.called


def test_resetting_begins_the_interval_anew():
    clock, seen = Clock(), []
    loop = looping(task, clock, lambda: seen.append(clock.seconds()))
    loop.start(2, now=False)
    clock.advance(1)
    loop.reset()
    clock.pump([1, 1, 2])
    assert seen == [3, 5]


def test_wrong_use_of_a_looping_call_is_told():
    loop = looping(task, Clock(), int)
    with pytest.raises(ValueError, match="interval must be >= 0"):
        loop.start(-1)
    with pytest.raises(AssertionError, match="not running"):
        loop.stop()
    with pytest.raises(AssertionError, match="not running"):
        loop.reset()
    loop.start(1)
    with pytest.raises(AssertionError, match="already running"):
        loop.start(1)


# -- deferLater


def test_defer_later_gives_the_result_of_the_call(theirs):
    clock = theirs.Clock()
    d = theirs.deferLater(clock, 1, lambda a, b: a + b, 1, b=2)
    assert not d.called
    clock.advance(1)
    assert d.result == 3


def test_cancelling_defer_later_cancels_the_call(theirs):
    clock = theirs.Clock()
    d = theirs.deferLater(clock, 1, int).addErrback(lambda failure: "cancelled")
    d.cancel()
    assert (d.result, clock.getDelayedCalls()) == ("cancelled", [])


# -- Cooperator


class Turns:
    """A scheduler whose turns the test gives."""

    def __init__(self):
        self.clock = Clock()

    def __call__(self, turn):
        return self.clock.callLater(1, turn)

    def give(self, count=1):
        self.clock.pump([1] * count)


@pytest.fixture
def turns():
    return Turns()


@pytest.fixture
def cooperator(turns):
    """One that lets one task take one step a turn."""
    return Cooperator(terminationPredicateFactory=lambda: lambda: True, scheduler=turns)


def test_tasks_take_turns(cooperator, turns):
    seen = []
    for word in ("abc", "xyz"):
        cooperator.cooperate(seen.append(letter) for letter in word)
    turns.give(6)
    assert seen == ["a", "x", "b", "y", "c", "z"]


def test_the_end_is_told_to_all_who_asked(cooperator, turns):
    iterator = iter([1])
    job = cooperator.cooperate(iterator)
    before = [job.whenDone(), job.whenDone()]
    turns.give(2)
    assert [d.result for d in [*before, job.whenDone()]] == [iterator] * 3
    with pytest.raises(task.TaskDone):
        job.stop()


def test_a_yielded_deferred_is_waited_for(cooperator, turns):
    gate, seen = Deferred(), []

    def work():
        yield gate
        seen.append("after")
        yield

    cooperator.cooperate(work())
    turns.give(3)
    assert seen == []
    gate.callback(None)
    turns.give()
    assert seen == ["after"]


@pytest.mark.parametrize("work", [lambda: (1 / 0 for _ in "x"), lambda: iter([fail(ZeroDivisionError())])])
def test_an_error_ends_the_task(work, cooperator, turns):
    job = cooperator.cooperate(work())
    taken = []
    job.whenDone().addErrback(taken.append)
    turns.give()
    assert taken[0].check(ZeroDivisionError)
    with pytest.raises(task.TaskFailed):
        job.pause()


def test_a_paused_task_takes_no_steps(cooperator, turns):
    seen = []
    job = cooperator.cooperate(seen.append(n) for n in range(9))
    job.pause()
    turns.give(2)
    assert seen == []
    job.resume()
    turns.give(2)
    assert seen == [0, 1]
    with pytest.raises(task.NotPaused):
        job.resume()


def test_a_stopped_task_says_so_and_is_left_alone(cooperator, turns):
    gate, taken = Deferred(), []
    job = cooperator.cooperate(iter([gate, 1]))
    job.whenDone().addErrback(taken.append)
    turns.give()
    job.stop()
    gate.callback(None)
    turns.give()
    assert taken[0].check(task.TaskStopped)
    assert turns.clock.getDelayedCalls() == []


def test_a_stopped_cooperator_ends_old_and_new_tasks(cooperator):
    taken = []
    cooperator.coiterate(iter([1])).addErrback(taken.append)
    cooperator.stop()
    cooperator.coiterate(iter([1])).addErrback(taken.append)
    assert [failure.type for failure in taken] == [task.SchedulerStopped] * 2
    assert not cooperator.running


def test_a_task_may_stop_another_when_the_cooperator_stops(cooperator):
    first, second = cooperator.cooperate(iter([1])), cooperator.cooperate(iter([1]))
    ends = []
    first.whenDone().addErrback(lambda _: second.stop())
    second.whenDone().addErrback(ends.append)
    cooperator.stop()
    assert [failure.type for failure in ends] == [task.TaskStopped]


def returns():
    return
    yield


def raises():
    raise ZeroDivisionError
    yield


def waits():
    yield Deferred()


def goes_on():
    yield 1
    yield 2


# Twisted's cooperator ends here with an exception in the reactor, and makes no further step of any task.
@pytest.mark.parametrize("what_is_stopped", ["task", "cooperator"])
@pytest.mark.parametrize("then", [returns, raises, waits, goes_on])
def test_an_iterator_may_stop_its_own_task_and_end_as_it_likes(what_is_stopped, then, cooperator, turns, logged_errors):
    def work():
        yield
        (job if what_is_stopped == "task" else cooperator).stop()
        yield from then()

    ends, others = [], []
    job = cooperator.cooperate(work())
    job.whenDone().addErrback(ends.append)
    cooperator.cooperate(others.append(n) for n in range(9))
    turns.give(6)

    stopped_by = {"task": task.TaskStopped, "cooperator": task.SchedulerStopped}[what_is_stopped]
    assert [failure.type for failure in ends] == [stopped_by]
    assert len(others) == (4 if what_is_stopped == "task" else 1)
    logged = [type(error) for error in logged_errors.flush()]
    assert logged == ([ZeroDivisionError] if then is raises else [])


def test_a_cooperator_that_was_not_started_waits(turns):
    cooperator, seen = Cooperator(scheduler=turns, started=False), []
    cooperator.cooperate(seen.append(n) for n in range(2))
    turns.give()
    assert seen == []
    cooperator.start()
    turns.give()
    assert seen == [0, 1]


# -- On the reactor


def test_react_runs_until_the_work_is_done(reactor):
    seen = []

    def main(reactor, word):
        return deferLater(reactor, 0, seen.append, word)

    with pytest.raises(SystemExit) as left:
        react(main, ["word"])
    assert (left.value.code, seen) == (0, ["word"])


def test_react_starts_a_coroutine_when_asyncio_runs(reactor):
    seen = []

    async def main(reactor):
        seen.append(asyncio.get_running_loop().is_running())
        await asyncio.sleep(0)
        await deferLater(reactor, 0)

    with pytest.raises(SystemExit) as left:
        react(main)
    assert (left.value.code, seen) == (0, [True])


def test_react_logs_an_error_and_exits_with_1(reactor, logged_errors):
    with pytest.raises(SystemExit) as left:
        react(lambda reactor: fail(ValueError("no")))
    assert left.value.code == 1
    assert [str(error) for error in logged_errors.flush(ValueError)] == ["no"]


def test_react_exits_with_the_works_own_code(reactor):
    with pytest.raises(SystemExit) as left:
        react(lambda reactor: fail(SystemExit(7)))
    assert left.value.code == 7


def test_react_wants_a_deferred_or_a_coroutine(reactor):
    with pytest.raises(TypeError, match="3 is not a coroutine or a Deferred"):
        react(lambda reactor: 3)


def test_the_global_cooperator_and_looping_calls_use_the_reactor(reactor):
    seen, loop = [], LoopingCall(lambda: seen.append("loop") or loop.stop())

    def main(reactor):
        return loop.start(0).addCallback(lambda _: task.coiterate(seen.append(n) for n in range(3)))

    with pytest.raises(SystemExit):
        react(main)
    assert seen == ["loop", 0, 1, 2]


def test_succeeding_at_once_needs_no_turn(reactor):
    with pytest.raises(SystemExit) as left:
        react(lambda reactor: succeed("there"))
    assert left.value.code == 0
