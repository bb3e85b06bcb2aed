"""_threads: workers, and teams of them, without threads where that is possible."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio._threads import (
    AlreadyQuit,
    IExclusiveWorker,
    IWorker,
    LockWorker,
    Team,
    ThreadWorker,
    createMemoryWorker,
)


class Made:
    """A team whose coordinator and workers take steps when the test says so."""

    def __init__(self, limit=3):
        self.limit = limit
        self.performers = []
        self.errors = []
        coordinator, self.coordinate = createMemoryWorker()
        self.team = Team(coordinator, self.create, lambda: self.errors.append("error"))

    def create(self):
        idle, busy, _ = self.team.statistics()
        if idle + busy >= self.limit:
            return None
        worker, perform = createMemoryWorker()
        self.performers.append(perform)
        return worker

    def settle(self):
        """Let the coordinator do all it has to do."""
        while self.coordinate():
            pass

    def finish(self):
        """Let all do all they have to do."""
        while self.coordinate() or any(perform() for perform in self.performers):
            pass


@pytest.fixture
def made():
    return Made()


def test_tasks_have_workers_up_to_the_limit_and_then_wait(made):
    done = []
    for number in range(5):
        made.team.do(lambda number=number: done.append(number))
    made.settle()
    assert made.team.statistics() == (0, 3, 2)

    made.finish()
    assert sorted(done) == [0, 1, 2, 3, 4]
    assert made.team.statistics() == (3, 0, 0)
    assert len(made.performers) == 3


def test_an_exception_is_logged_and_its_worker_goes_on(made):
    made.limit = 1
    made.team.do(lambda: 1 / 0)
    made.team.do(lambda: None)
    made.finish()
    assert made.errors == ["error"]
    assert made.team.statistics() == (1, 0, 0)


def test_a_busy_worker_quits_after_its_task_if_there_are_to_be_fewer(made):
    for _ in range(3):
        made.team.do(int)
    made.team.shrink(2)
    made.settle()
    assert made.team.statistics().busyWorkerCount == 3
    made.finish()
    assert made.team.statistics() == (1, 0, 0)


def test_who_was_to_quit_stays_if_there_are_to_be_more_again(made):
    for _ in range(3):
        made.team.do(int)
    made.team.shrink(2)
    made.team.grow(1)
    made.finish()
    assert made.team.statistics() == (2, 0, 0)


def test_a_team_of_given_size_has_a_worker_for_each_task_within_its_limits(made):
    made.limit = 0
    for _ in range(2):
        made.team.do(int)
    made.settle()
    assert made.team.statistics() == (0, 0, 2)
    made.limit = 9

    made.team.fit(0, 9)
    made.settle()
    assert made.team.statistics() == (0, 2, 0)
    made.team.fit(1, 1)
    made.finish()
    assert made.team.statistics() == (1, 0, 0)
    made.team.fit(4, 9)
    made.settle()
    assert made.team.statistics() == (4, 0, 0)


def test_a_team_that_quits_does_first_what_it_was_given(made):
    done = []
    for number in range(5):
        made.team.do(lambda number=number: done.append(number))
    made.team.quit()
    with pytest.raises(AlreadyQuit):
        made.team.do(int)
    with pytest.raises(AlreadyQuit):
        made.team.quit()

    made.finish()
    assert sorted(done) == [0, 1, 2, 3, 4]
    assert made.team.statistics() == (0, 0, 0)
    with pytest.raises(AlreadyQuit):
        made.team._coordinator.do(int)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["do", "settle", "finish"]),
            st.tuples(st.sampled_from(["grow", "shrink", "limit"]), st.integers(0, 5)),
            st.tuples(st.just("fit"), st.integers(0, 2), st.integers(2, 5)),
        )
    )
)
def test_whatever_is_asked_no_task_is_lost_or_done_twice(steps):
    made, done, given = Made(limit=5), [], 0
    for step in steps:
        match step:
            case "do":
                made.team.do(lambda number=given: done.append(number))
                given += 1
            case "settle" | "finish":
                getattr(made, step)()
            case ("limit", number):
                made.limit = number
            case (name, *numbers):
                getattr(made.team, name)(*numbers)
    made.finish()
    made.limit = 5
    made.team.fit(1, 5)
    made.team.quit()
    made.finish()
    assert sorted(done) == list(range(given))
    assert made.team.statistics() == (0, 0, 0)


def test_a_lock_worker_does_what_its_work_asks_for_afterwards():
    worker, seen = LockWorker(threading.Lock(), threading.local()), []

    def outer():
        worker.do(lambda: seen.append("inner"))
        seen.append("outer")

    worker.do(outer)
    assert seen == ["outer", "inner"]


def test_a_lock_worker_raises_what_its_work_raises_and_can_be_used_again():
    worker, seen = LockWorker(threading.Lock(), threading.local()), []
    with pytest.raises(ZeroDivisionError):
        worker.do(lambda: 1 / 0)
    worker.do(lambda: seen.append("again"))
    assert seen == ["again"]


def test_of_many_threads_one_at_a_time_is_in_a_lock_worker():
    worker = LockWorker(threading.Lock(), threading.local())
    inside = threading.Lock()
    collisions = []

    def work():
        if not inside.acquire(blocking=False):
            collisions.append("two")
            return
        inside.release()

    threads = [threading.Thread(target=lambda: [worker.do(work) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collisions == []


def test_a_thread_worker_does_all_it_was_given_and_its_thread_ends():
    started, done = [], []

    def start(target):
        started.append(threading.Thread(target=target))
        started[0].start()
        return started[0]

    worker = ThreadWorker(start, SimpleQueue())
    for number in range(5):
        worker.do(lambda number=number: done.append(number))
    worker.quit()
    started[0].join(5)
    assert worker.thread is started[0]
    assert done == [0, 1, 2, 3, 4]
    for call in (lambda: worker.do(int), worker.quit):
        with pytest.raises(AlreadyQuit):
            call()


def test_who_does_one_thing_after_the_other_says_so():
    worker = createMemoryWorker()[0]
    assert IExclusiveWorker.providedBy(worker)
    assert IExclusiveWorker.implementedBy(LockWorker)
    assert IExclusiveWorker.implementedBy(ThreadWorker)
    assert IWorker.implementedBy(Team)
    assert not IExclusiveWorker.implementedBy(Team)
