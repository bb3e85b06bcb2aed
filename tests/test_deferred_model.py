"""
Deferreds against a simple model of them, step by step and over random programs; and both against Twisted.

What the programs leave out, because Twisted's behaviour there is an accident: see `random_deferreds`.
"""

from __future__ import annotations

import gc

import pytest
from deferred_model import Model
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from random_deferreds import Package, World, Writer, in_the_end, program, traces

from reactorio.logger import globalLogPublisher

REACTORIO = Package("reactorio")
MODEL = Model()


@pytest.fixture(autouse=True)
def errors_are_not_kept(logged_errors):
    """The programs lose errors on purpose, and nobody else may keep what is lost."""
    globalLogPublisher.removeObserver(logged_errors)
    yield
    globalLogPublisher.addObserver(logged_errors)


def lost(trace):
    return [error for event in trace if event[0] == "unhandled" for error in event[1]]


class Deferreds(RuleBasedStateMachine):
    """The same actions on both; after each, both have called the same, with the same, and stand the same."""

    def __init__(self):
        super().__init__()
        for package in (MODEL, REACTORIO):
            package.watch()
        self.model, self.real = World(MODEL), World(REACTORIO)

    def act(self, data, kind):
        writer = Writer(lambda count: data.draw(st.integers(0, count - 1)))
        action = writer.action(kind)
        self.model.do(action)
        self.real.do(action)

    @rule(data=st.data())
    def create(self, data):
        self.act(data, "new")

    @rule(data=st.data())
    def add_a_callback(self, data):
        self.act(data, "add")

    @rule(data=st.data(), kind=st.sampled_from(["fire", "fail", "cancel"]))
    def fire(self, data, kind):
        self.act(data, kind)

    @rule(data=st.data(), kind=st.sampled_from(["pause", "unpause"]))
    def pause(self, data, kind):
        self.act(data, kind)

    @rule(data=st.data())
    def chain(self, data):
        self.act(data, "chain")

    @rule(data=st.data(), kind=st.sampled_from(["list", "gather", "race"]))
    def wait_for_many(self, data, kind):
        self.act(data, kind)

    @rule(data=st.data())
    def start_a_coroutine(self, data):
        self.act(data, "coroutine")

    @rule(data=st.data(), kind=st.sampled_from(["timeout", "advance"]))
    def limit_the_time(self, data, kind):
        self.act(data, kind)

    @rule(data=st.data())
    def drop(self, data):
        self.act(data, "drop")

    @invariant()
    def they_agree(self):
        model, real = self.model.trace, self.real.trace
        assert [event for event in real if event[0] != "unhandled"] == [e for e in model if e[0] != "unhandled"]
        assert self.real.states() == self.model.states()
        # An error that is alive keeps frames, and they may keep others: never is an error reported too early.
        assert not set(lost(real)) - set(lost(model))

    def teardown(self):
        self.model.end()
        self.real.end()
        for package in (MODEL, REACTORIO):
            package.unwatch()
        assert sorted(lost(self.real.trace)) == sorted(lost(self.model.trace))


def test_deferreds_do_what_their_model_does():
    gc.collect()
    gc.freeze()
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    limits = settings(max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=slow)
    run_state_machine_as_test(Deferreds, settings=limits)


def compare(one, other, seeds):
    programs = [program(seed) for seed in seeds]
    for seed, expected, trace in zip(seeds, traces(one, programs), traces(other, programs), strict=True):
        assert in_the_end(trace) == in_the_end(expected), seed


def test_random_programs_run_as_the_model_says():
    compare(MODEL, REACTORIO, range(1000))


def test_random_programs_run_alike_on_twisted():
    pytest.importorskip("twisted")
    compare(Package("twisted"), REACTORIO, range(1000, 2000))


def test_the_model_is_one_of_twisteds_deferreds():
    pytest.importorskip("twisted")
    compare(Package("twisted"), MODEL, range(2000, 2500))


def test_random_programs_run_alike_in_a_running_loop(run):
    async def main():
        compare(MODEL, REACTORIO, range(2500, 2800))

    run(main())


def test_hardly_an_error_is_reported_late():
    """Twisted leaves it to the garbage collector when. Here, only frames of an error that is alive may keep another."""
    programs = [program(seed) for seed in range(1000)]
    late = 0
    for expected, trace in zip(traces(MODEL, programs), traces(REACTORIO, programs), strict=True):
        late += trace != expected
    assert late < 10
