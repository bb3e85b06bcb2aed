"""Random programs with looping calls and cooperative tasks, on Twisted and on reactorio: the same things happen."""

from __future__ import annotations

from importlib import import_module
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("twisted")

PACKAGES = ("twisted", "reactorio")


class Program:
    """Makes the same choices on each package, and notes what happens."""

    def __init__(self, package, seed):
        self.task = import_module(f"{package}.internet.task")
        self.defer = import_module(f"{package}.internet.defer")
        self.choices = Random(seed)
        self.clock = self.task.Clock()
        self.pending = []
        self.log = []

    def chance(self, probability):
        return self.choices.random() < probability

    def ends(self, name, deferred):
        def ended(result):
            self.log.append((name, type(getattr(result, "value", result)).__name__))

        deferred.addBoth(ended)

    def something(self):
        """Return what a body may return: a value, or a Deferred of any kind, or raise."""
        kind = self.choices.choice(["value"] * 3 + ["later", "later", "done", "failed", "raise"])
        if kind == "raise":
            raise ValueError
        if kind == "later":
            self.pending.append(self.defer.Deferred())
            return self.pending[-1]
        if kind == "failed":
            return self.defer.fail(KeyError())
        return self.defer.succeed(1) if kind == "done" else None

    def settle(self):
        if self.pending:
            deferred = self.pending.pop(0)
            if self.chance(0.7):
                deferred.callback(1)
            else:
                deferred.errback(IndexError())

    def steps(self, count, actions):
        for _ in range(count):
            action = self.choices.choice(actions)
            try:
                action()
            except Exception as error:
                self.log.append((action.__name__, type(error).__name__))
            self.log.append([call.getTime() for call in self.clock.getDelayedCalls()])


def looping(package, seed):
    program = Program(package, seed)

    def body(*count):
        program.log.append((program.clock.seconds(), count))
        if program.chance(0.1):
            loop.stop()
        return program.something()

    loop = program.task.LoopingCall.withCount(body) if program.chance(0.5) else program.task.LoopingCall(body)
    loop.clock = program.clock
    program.clock.advance(program.choices.choice([0, 1, 1e9 * program.choices.random()]))

    def start():
        interval = program.choices.choice([0, 0.3, 1, 1.3, program.choices.random()])
        program.ends("loop", loop.start(interval, program.chance(0.5)))

    def advance():
        program.clock.advance(program.choices.choice([0.1, 0.3, 1, 1.3, 2.6, 10]))

    program.steps(40, [start, loop.stop, loop.reset, program.settle, program.settle, advance, advance, advance])
    return program.log


def cooperating(package, seed):
    program = Program(package, seed)
    steps_a_turn = program.choices.choice([1, 2, 3])

    def turn():
        left = iter(range(steps_a_turn - 1))
        return lambda: next(left, None) is None

    cooperator = program.task.Cooperator(
        turn, lambda call: program.clock.callLater(0.5, call), started=program.chance(0.8)
    )
    tasks = []

    def work(name):
        for step in range(program.choices.randrange(6)):
            program.log.append((name, step))
            yield program.something()

    def add():
        tasks.append(cooperator.cooperate(work(len(tasks))))
        program.ends(len(tasks) - 1, tasks[-1].whenDone())

    paused = []

    def pause():
        if tasks:
            task = program.choices.choice(tasks)
            task.pause()
            paused.append(task)

    def resume():
        # Only what was paused: a task that waits for a Deferred must not be resumed by others.
        if paused:
            paused.pop(0).resume()

    # A task that is stopped while it waits, and the second of two when the cooperator is stopped: that is told once, and
    # at all, on reactorio only.
    actions = [add, add, pause, resume, cooperator.start, program.settle]
    program.steps(40, [*actions, *[lambda: program.clock.advance(0.5)] * 5])
    return program.log


@pytest.mark.parametrize("run", [looping, cooperating])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_the_same_happens_as_in_twisted(run, seed):
    theirs, ours = (run(package, seed) for package in PACKAGES)
    assert ours == theirs
