"""internet.threads and the reactor's pool: work in threads, results in the reactor, and the way back."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from reactorio.internet import threads
from reactorio.internet.defer import CancelledError, Deferred, succeed
from reactorio.internet.task import deferLater, react
from reactorio.python import context, threadable
from reactorio.python.failure import Failure
from reactorio.python.threadpool import ThreadPool

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.fixture
def in_reactor(reactor):
    """Run a coroutine in the reactor, and return what it returns or raise what it raises."""

    def run(main):
        results = []

        async def collect(_):
            results.append(await main())

        with pytest.raises(SystemExit) as ended:
            react(collect, _reactor=reactor)
        assert ended.value.code == 0
        return results[0]

    return run


# -- deferToThread


def test_the_call_is_made_in_another_thread_and_the_result_comes_in_the_reactors(in_reactor):
    async def main():
        where = []
        d = threads.deferToThread(lambda a, b: (threading.get_ident(), a, b), 1, b=2)
        d.addBoth(lambda result: where.append(threading.get_ident()) or result)
        thread, a, b = await d
        return thread != threading.get_ident(), where == [threading.get_ident()], a, b

    assert in_reactor(main) == (True, True, 1, 2)


def test_an_exception_in_the_thread_keeps_its_traceback(in_reactor):
    def fails():
        raise KeyError("in thread")

    async def main():
        failure = await threads.deferToThread(fails).addErrback(lambda failure: [failure])
        return failure[0].type, failure[0].getTracebackObject() is not None, "fails" in failure[0].getTraceback()

    assert in_reactor(main) == (KeyError, True, True)


def test_a_call_has_the_callers_context_and_context_variables_and_its_changes_stay_its_own(in_reactor):
    def in_thread():
        seen = context.get("key"), variable.get()
        variable.set("changed in the thread")
        return seen

    async def main():
        variable.set("the caller's")
        seen = await context.call({"key": "value"}, threads.deferToThread, in_thread)
        return seen, variable.get()

    assert in_reactor(main) == (("value", "the caller's"), "the caller's")


def test_a_cancelled_call_goes_on_and_its_result_is_dropped(in_reactor):
    gate, done = threading.Event(), threading.Event()

    def work():
        gate.wait(5)
        done.set()
        return "too late"

    async def main():
        d = threads.deferToThread(work)
        d.cancel()
        with pytest.raises(CancelledError):
            await d
        gate.set()

    in_reactor(main)
    assert done.is_set()


def test_another_pool_than_the_reactors_can_be_used(in_reactor, reactor):
    pool = ThreadPool(0, 1, "mine")
    pool.start()
    try:

        async def main():
            return await threads.deferToThreadPool(reactor, pool, lambda: threading.current_thread().name)

        assert in_reactor(main).startswith("PoolThread-mine-")
    finally:
        pool.stop()


def test_in_asyncio_run_threads_are_simply_there(run, reactor):
    async def main():
        return await threads.deferToThread(lambda: threadable.isInIOThread())

    assert run(main()) is False


def test_calls_of_a_list_are_made_in_one_thread_in_order(in_reactor):
    async def main():
        seen, done = [], Deferred()
        from reactorio.internet import reactor

        def note(*args, **kwargs):
            seen.append((threading.get_ident(), args, kwargs))

        threads.callMultipleInThread(
            [(note, (1,), {}), (note, [], {"b": 2}), (reactor.callFromThread, (done.callback, None), {})]
        )
        await done
        return len({thread for thread, _, _ in seen}), [call[1:] for call in seen]

    assert in_reactor(main) == (1, [((1,), {}), ((), {"b": 2})])


def test_a_call_that_raises_ends_the_list_and_is_logged(in_reactor, logged_errors):
    seen = []

    async def main():
        threads.callMultipleInThread([(seen.append, (1,), {}), (int, ("x",), {}), (seen.append, (2,), {})])

    in_reactor(main)
    assert [type(error) for error in logged_errors.flush()] == [ValueError]
    assert seen == [1]


# -- The pool


def test_the_pool_takes_as_many_calls_at_once_as_was_suggested(in_reactor, reactor):
    async def main():
        reactor.suggestThreadPoolSize(3)
        together = threading.Barrier(3, timeout=5)
        calls = [threads.deferToThread(together.wait) for _ in range(3)]
        return sorted([await call for call in calls]), reactor.getThreadPool().max

    assert in_reactor(main) == ([0, 1, 2], 3)


def test_work_given_before_the_run_is_done_in_it(reactor):
    seen = []

    def work():
        seen.append("in thread")
        reactor.callFromThread(reactor.stop)

    reactor.callInThread(work)
    assert seen == []
    reactor.run()
    assert seen == ["in thread"]


def test_the_end_waits_for_calls_and_the_result_still_comes(reactor):
    gate, seen = threading.Event(), []

    def work():
        gate.wait(5)
        return "result"

    def start():
        threads.deferToThread(work).addCallback(seen.append)
        reactor.addSystemEventTrigger("during", "shutdown", gate.set)
        reactor.addSystemEventTrigger("after", "shutdown", seen.append, "after")
        reactor.stop()

    reactor.callWhenRunning(start)
    reactor.run()
    assert seen == ["result", "after"]
    assert reactor.threadpool is None


# Twisted's reactor waits for the thread then, and the thread for the reactor.
def test_a_call_may_wait_for_the_reactor_while_that_ends(reactor):
    gate, seen = threading.Event(), []

    def work():
        gate.wait(5)
        seen.append(threads.blockingCallFromThread(reactor, deferLater, reactor, 0.001, lambda: "asked"))

    def start():
        reactor.callInThread(work)
        reactor.addSystemEventTrigger("before", "shutdown", gate.set)
        reactor.stop()

    reactor.callWhenRunning(start)
    reactor.run()
    assert seen == ["asked"]


def test_an_adopted_loop_waits_for_its_calls_too(run, reactor):
    gate, seen = threading.Event(), []

    def work():
        gate.wait(5)
        seen.append(threads.blockingCallFromThread(reactor, lambda: "asked"))

    async def main():
        reactor.callInThread(work)
        reactor.addSystemEventTrigger("before", "shutdown", gate.set)

    run(main())
    assert seen == ["asked"]


# -- blockingCallFromThread


async def coroutine():
    await asyncio.sleep(0)
    return "coroutine"


async def failing():
    await asyncio.sleep(0)
    raise KeyError("coroutine")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: "value", "value"),
        (lambda: succeed("fired"), "fired"),
        (lambda: Deferred.fromCoroutine(coroutine()), "coroutine"),
        (coroutine, "coroutine"),
        (lambda: asyncio.ensure_future(coroutine()), "coroutine"),
    ],
)
def test_a_thread_gets_what_the_call_in_the_reactor_comes_to(function, expected, in_reactor, reactor):
    async def main():
        return await threads.deferToThread(threads.blockingCallFromThread, reactor, function)

    assert in_reactor(main) == expected


@pytest.mark.parametrize(
    "function",
    [
        lambda: {}["raised"],
        lambda: Failure(KeyError("returned")),
        lambda: Deferred.fromCoroutine(failing()),
        failing,
        lambda: asyncio.ensure_future(failing()),
    ],
)
def test_an_error_of_the_call_in_the_reactor_is_raised_in_the_thread(function, in_reactor, reactor):
    def in_thread():
        with pytest.raises(KeyError):
            threads.blockingCallFromThread(reactor, function)
        return "raised"

    async def main():
        return await threads.deferToThread(in_thread)

    assert in_reactor(main) == "raised"


def test_arguments_come_to_the_call_in_the_reactor(in_reactor, reactor):
    def called(a, b):
        return threading.get_ident(), a, b

    async def main():
        return (threading.get_ident(), 1, 2) == await threads.deferToThread(
            threads.blockingCallFromThread, reactor, called, 1, b=2
        )

    assert in_reactor(main)


def test_blocking_the_reactors_own_thread_is_an_error(in_reactor, run, reactor):
    async def main():
        with pytest.raises(RuntimeError, match="own thread"):
            threads.blockingCallFromThread(reactor, int)

    in_reactor(main)
    run(main())
