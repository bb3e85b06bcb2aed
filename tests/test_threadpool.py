"""python.threadpool, python.threadable, python.context: threads and what goes with them."""

from __future__ import annotations

import contextvars
import pickle
import threading

import pytest

from reactorio.python import context, threadable
from reactorio.python.threadpool import ThreadPool


@pytest.fixture
def pool():
    made = ThreadPool(0, 3, "test")
    made.start()
    yield made
    made.stop()


def result_of(pool, function, *args):
    """Call in a thread, wait, and return what the callback got."""
    done, results = threading.Event(), []

    def on_result(success, result):
        results.append((success, result))
        done.set()

    pool.callInThreadWithCallback(on_result, function, *args)
    assert done.wait(5)
    return results[0]


def test_a_result_comes_with_success_and_an_exception_as_a_failure(pool):
    assert result_of(pool, divmod, 7, 2) == (True, (3, 1))

    success, failure = result_of(pool, lambda: 1 / 0)
    assert not success
    assert failure.check(ZeroDivisionError)


def test_an_exception_that_nobody_waits_for_is_logged(pool, logged_errors):
    pool.callInThread(lambda: 1 / 0)
    pool.stop()

    assert [type(error) for error in logged_errors.flush()] == [ZeroDivisionError]


def test_the_pool_grows_with_the_work_up_to_its_maximum(pool):
    busy, gate = threading.Semaphore(0), threading.Event()

    def work():
        busy.release()
        gate.wait(5)

    for _ in range(5):
        pool.callInThread(work)
    for _ in range(3):
        assert busy.acquire(timeout=5)

    assert (pool.workers, len(pool.working), len(pool.waiters), pool._queue.qsize()) == (3, 3, 0, 2)
    gate.set()
    pool.stop()
    assert pool.workers == 0


def test_an_idle_thread_is_used_again(pool):
    names = {result_of(pool, lambda: threading.current_thread().name)[1] for _ in range(5)}

    assert len(names) <= 2
    assert all(name.startswith("PoolThread-test-") for name in names)


def test_work_given_before_the_start_is_done_and_work_after_the_stop_is_not():
    done = []
    pool = ThreadPool(0, 2)
    pool.callInThread(done.append, "before")

    pool.start()
    pool.stop()
    pool.callInThread(done.append, "after")
    pool.start()
    pool.callInThread(done.append, "again")
    pool.stop()

    assert done == ["before", "again"]


def test_stopping_waits_for_all_that_was_asked_for():
    done = []
    pool = ThreadPool(0, 1)
    pool.start()
    for number in range(100):
        pool.callInThread(done.append, number)

    pool.stop()

    assert done == list(range(100))


def test_the_size_can_be_changed_while_it_runs(pool):
    pool.adjustPoolsize(2, 5)
    assert pool.workers == 2

    pool.adjustPoolsize(0, 1)
    result_of(pool, int)
    assert pool.workers <= 2

    with pytest.raises(ValueError, match="greater"):
        pool.adjustPoolsize(3, 2)
    assert (pool.min, pool.max) == (0, 1)


def test_threads_that_were_to_end_stay_if_the_pool_may_be_larger_again(pool):
    busy, gate = threading.Semaphore(0), threading.Event()
    for _ in range(3):
        pool.callInThread(lambda: (busy.release(), gate.wait(5)))
    for _ in range(3):
        assert busy.acquire(timeout=5)

    pool.adjustPoolsize(maxthreads=1)
    pool.adjustPoolsize(maxthreads=2)
    gate.set()
    while pool.working:
        threading.Event().wait(0.001)
    assert pool.workers == 2


def test_a_thread_that_cannot_be_started_is_an_error_of_the_call_and_of_nothing_else(pool):
    def refuse(**_):
        raise RuntimeError("can't start new thread")

    pool.threadFactory = refuse
    with pytest.raises(RuntimeError, match="can't start"):
        pool.callInThread(int)
    pool.threadFactory = threading.Thread

    assert result_of(pool, int) == (True, 0)
    assert pool.workers == 1


def test_a_pool_may_be_stopped_from_one_of_its_threads(pool):
    def stop():
        pool.stop()
        return "stopped"

    assert result_of(pool, stop) == (True, "stopped")
    pool.stop()


def test_threads_that_wait_and_work_can_be_told_apart(pool):
    gate = threading.Event()
    inside = threading.Event()
    pool.adjustPoolsize(2)
    pool.callInThread(lambda: (inside.set(), gate.wait(5)))
    assert inside.wait(5)

    assert len(pool.working) == len(pool.waiters) == 1
    assert {*pool.working, *pool.waiters} == set(pool.threads)
    gate.set()


def test_what_onresult_raises_is_logged_and_the_thread_goes_on(pool, logged_errors):
    pool.callInThreadWithCallback(lambda success, result: 1 / 0, int)
    assert result_of(pool, int) == (True, 0)
    pool.stop()
    assert [type(error) for error in logged_errors.flush()] == [ZeroDivisionError]


def test_a_call_has_the_callers_context_and_context_variables(pool):
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")

    success, seen = context.call({"key": "value"}, result_of, pool, lambda: (context.get("key"), variable.get()))

    assert (success, seen) == (True, ("value", "set"))


def test_a_pool_is_pickled_without_its_threads():
    copy = pickle.loads(pickle.dumps(ThreadPool(1, 2, "name")))

    assert (copy.min, copy.max, copy.name, copy.threads) == (1, 2, "name", [])


def test_a_thread_is_the_reactors_when_it_says_so(monkeypatch):
    monkeypatch.setattr(threadable, "ioThread", None)
    assert not threadable.isInIOThread()

    threadable.registerAsIOThread()

    assert threadable.isInIOThread()
    others = []
    thread = threading.Thread(target=lambda: others.append(threadable.isInIOThread()))
    thread.start()
    thread.join()
    assert others == [False]


def test_only_one_thread_at_a_time_is_in_a_synchronized_method():
    class Counter:
        synchronized = ["count"]
        inside = most = 0

        def count(self):
            self.inside += 1
            self.most = max(self.most, self.inside)
            threading.Event().wait(0.001)
            self.inside -= 1

    threadable.synchronize(Counter)
    counter = Counter()
    threads = [threading.Thread(target=counter.count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counter.most == 1


def test_values_hold_while_a_function_runs_and_nest(tw):
    context = tw("python.context")

    def inner():
        return context.get("a"), context.get("b"), context.get("c", "none")

    assert context.call({"a": 1, "b": 1}, context.call, {"b": 2}, inner) == (1, 2, "none")
    assert inner() == (None, None, "none")
