"""
What Deferreds and the coroutines that await them cost.

    python benchmarks/deferreds.py [--rounds 5] [--only TEXT] [--json FILE]

Compared in one run, in turns, each in a process of its own: Twisted (installed from PyPI into an environment of this
script's own, if need be), asyncio's futures and tasks where they do the same, and reactorio with no loop running, on
asyncio and on uvloop. The figures are CPU time, medians over the rounds; what counts is the ratio to Twisted.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from twisted_environment import twisted_python

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent

# How long one measurement of one operation lasts, and how many of them a process makes (the fastest counts).
SECONDS = 0.08
REPEATS = 5


def deferred_cases(package: str) -> dict[str, Callable[[], object]]:
    """Return the operations on the Deferreds of ``package``; each does its work once, and checks it."""
    defer = importlib.import_module(f"{package}.internet.defer")
    Deferred, succeed = defer.Deferred, defer.succeed

    def add_one(value: int) -> int:
        return value + 1

    def explode(value: object) -> None:
        raise ValueError(value)

    def trap(failure: Any) -> None:
        failure.trap(ValueError)

    def fire() -> None:
        d = Deferred()
        d.addCallback(add_one)
        d.callback(1)
        assert d.result == 2

    def chain_of_10() -> None:
        d = Deferred()
        for _ in range(10):
            d.addCallback(add_one)
        d.callback(0)
        assert d.result == 10

    def nested_10() -> None:
        ds = [Deferred() for _ in range(10)]
        for outer, inner in pairwise(ds):
            outer.addCallback(lambda _, inner=inner: inner)
        for outer in ds[:-1]:
            outer.callback(None)
        ds[-1].callback(7)
        assert ds[0].result == 7

    def error() -> None:
        d = Deferred()
        d.addCallback(explode)
        d.addErrback(trap)
        d.callback(None)
        assert d.result is None

    def cancel() -> None:
        d = Deferred()
        d.addErrback(ignore)
        d.cancel()
        assert d.result is None

    def ignore(_: object) -> None: ...

    @defer.inlineCallbacks
    def yields_fired():  # type: ignore[no-untyped-def]
        total = 0
        for _ in range(100):
            total += yield succeed(1)
        return total

    def inline_fired() -> None:
        assert yields_fired().result == 100

    @defer.inlineCallbacks
    def yields_pending(ds):  # type: ignore[no-untyped-def]
        total = 0
        for d in ds:
            total += yield d
        return total

    def inline_pending() -> None:
        ds = [Deferred() for _ in range(100)]
        result = yields_pending(ds)
        for d in ds:
            d.callback(1)
        assert result.result == 100

    async def awaits(ds: list[Any]) -> int:
        total = 0
        for d in ds:
            total += await d
        return total

    def await_fired() -> None:
        assert defer.ensureDeferred(awaits([succeed(1) for _ in range(100)])).result == 100

    def await_pending() -> None:
        ds = [Deferred() for _ in range(100)]
        result = defer.ensureDeferred(awaits(ds))
        for d in ds:
            d.callback(1)
        assert result.result == 100

    def cancel_waiting() -> None:
        # A coroutine that waits for a Deferred; it sees the cancellation, and so does who waits for it.
        result = defer.ensureDeferred(awaits_one(Deferred()))
        result.addErrback(ignore)
        result.cancel()
        assert result.result is None

    async def awaits_one(d: Any) -> None:
        await d

    lock = defer.DeferredLock()

    def lock_run() -> None:
        assert lock.run(add_one, 1).result == 2

    def lock_free() -> None:
        lock.acquire().addCallback(release)

    def release(lock: Any) -> None:
        lock.release()

    def lock_contended() -> None:
        ds = [lock.acquire() for _ in range(100)]
        for _ in ds:
            lock.release()
        assert ds[-1].result is lock

    def list_of_1000() -> None:
        ds = [Deferred() for _ in range(1000)]
        result = defer.DeferredList(ds)
        for d in ds:
            d.callback(1)
        assert len(result.result) == 1000

    def as_future() -> None:
        d = Deferred()
        future = d.asFuture(loop)
        d.callback(1)
        assert future.result() == 1

    loop = asyncio._get_running_loop() or asyncio.new_event_loop()
    return {
        "fire": fire,
        "chain of 10 callbacks": chain_of_10,
        "chain of 10 Deferreds": nested_10,
        "error raised and trapped": error,
        "cancel": cancel,
        "cancel a waiting coroutine": cancel_waiting,
        "inlineCallbacks, 100 fired": inline_fired,
        "inlineCallbacks, 100 pending": inline_pending,
        "await, 100 fired": await_fired,
        "await, 100 pending": await_pending,
        "DeferredList of 1000": list_of_1000,
        "DeferredLock, taken and released": lock_free,
        "DeferredLock.run": lock_run,
        "DeferredLock, 100 wait": lock_contended,
        "asFuture": as_future,
    }


def deferred_memory(package: str) -> float:
    """Return the bytes that a Deferred with one callback takes."""
    defer = importlib.import_module(f"{package}.internet.defer")

    def callback(result: object) -> object:
        return result

    kept: list[Any] = [None] * 10_000
    gc.collect()
    tracemalloc.start()
    for index in range(len(kept)):
        kept[index] = d = defer.Deferred()
        d.addCallback(callback)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)


async def asyncio_rows() -> dict[str, float]:
    """Measure asyncio's own futures and tasks, where they do what Deferreds do."""
    loop = asyncio.get_running_loop()

    async def awaits(futures: list[asyncio.Future[int]]) -> int:
        total = 0
        for future in futures:
            total += await future
        return total

    async def await_fired() -> None:
        futures = [loop.create_future() for _ in range(100)]
        for future in futures:
            future.set_result(1)
        assert await loop.create_task(awaits(futures)) == 100

    pending: list[Any] = [None] * 100

    async def awaits_ten(index: int) -> None:
        for _ in range(10):
            pending[index] = future = loop.create_future()
            await future

    async def tasks_await() -> None:
        tasks = [loop.create_task(awaits_ten(index)) for index in range(100)]
        for _ in range(10):
            await asyncio.sleep(0)
            for future in pending:
                future.set_result(1)
        await asyncio.sleep(0)
        assert all(task.done() for task in tasks)

    async def await_pending() -> None:
        futures = [loop.create_future() for _ in range(100)]
        task = loop.create_task(awaits(futures))
        for future in futures:
            await asyncio.sleep(0)
            future.set_result(1)
        assert await task == 100

    async def cancel() -> None:
        future = loop.create_future()
        future.add_done_callback(lambda _: None)
        future.cancel()
        await asyncio.sleep(0)

    async def fire() -> None:
        future = loop.create_future()
        future.add_done_callback(lambda _: None)
        future.set_result(1)
        await asyncio.sleep(0)

    async def gather() -> None:
        futures = [loop.create_future() for _ in range(1000)]
        result = asyncio.gather(*futures)
        for future in futures:
            future.set_result(1)
        assert len(await result) == 1000

    rows = {
        "fire": fire,
        "cancel": cancel,
        "await, 100 fired": await_fired,
        "await, 100 pending": await_pending,
        "await in 100 Tasks, 10 each": tasks_await,
        "DeferredList of 1000": gather,
    }
    return {name: await measure_async(case) for name, case in rows.items() if wanted(name)}


async def bridge_rows(package: str) -> dict[str, float]:
    """Measure where Deferreds and asyncio meet; in Twisted a Task cannot await a Deferred, only its ``asFuture``."""
    defer = importlib.import_module(f"{package}.internet.defer")
    loop = asyncio.get_running_loop()

    ds: list[Any] = [None] * 100

    async def awaits(index: int) -> int:
        total = 0
        for _ in range(10):
            ds[index] = d = defer.Deferred()
            total += await d
        return total

    async def awaits_as_future(index: int) -> int:
        total = 0
        for _ in range(10):
            ds[index] = d = defer.Deferred()
            total += await d.asFuture(loop)
        return total

    async def tasks_await() -> None:
        # Many tasks, so that the loop's turns do not count for much.
        main = awaits if package == "reactorio" else awaits_as_future
        tasks = [loop.create_task(main(index)) for index in range(100)]
        for _ in range(10):
            await asyncio.sleep(0)
            for d in ds:
                d.callback(1)
        await asyncio.sleep(0)
        assert [task.result() for task in tasks] == [10] * 100

    async def from_future() -> None:
        futures = [loop.create_future() for _ in range(100)]
        ds = [defer.Deferred.fromFuture(future) for future in futures]
        for future in futures:
            future.set_result(1)
        await asyncio.sleep(0)
        assert ds[-1].result == 1

    cases = {"await in 100 Tasks, 10 each": tasks_await, "fromFuture of 100": from_future}
    return {name: await measure_async(case) for name, case in cases.items() if wanted(name)}


def reactor_rows(reactor: Any) -> dict[str, float]:
    """Measure what a running reactor does for others: time, and calls from threads."""
    rows: dict[str, float] = {}

    reactor.callWhenRunning(measure_calls, rows, reactor.callLater, reactor.callFromThread, reactor.stop)
    reactor.run()
    return rows


def measure_calls(
    rows: dict[str, float],
    call_later: Callable[..., Any],
    call_from_thread: Callable[..., object],
    then: Callable[[], object],
) -> None:
    def second() -> None:
        if wanted(FROM_THREAD):
            measure_from_thread(rows, call_from_thread, then)
        else:
            then()

    def many() -> None:
        if wanted(SET_AND_CANCEL_MANY):
            measure_set_and_cancel(rows, SET_AND_CANCEL_MANY, 20_000, call_later, second)
        else:
            second()

    if wanted(SET_AND_CANCEL):
        measure_set_and_cancel(rows, SET_AND_CANCEL, 1000, call_later, many)
    else:
        many()


# 1,000 in each turn of the loop, and 20,000 in one turn: cancelled calls gather in between.
SET_AND_CANCEL = "callLater and cancel, 1000"
SET_AND_CANCEL_MANY = "callLater and cancel, 20000"
FROM_THREAD = "callFromThread, 1000"


def measure_set_and_cancel(
    rows: dict[str, float], name: str, count: int, call_later: Callable[..., Any], then: Callable[[], object]
) -> None:
    """Measure ``call_later`` and ``cancel()``, ``count`` of them a turn of the loop, while 1,000 others are pending."""

    def nothing() -> None: ...

    # As in a server with idle timeouts.
    pending = [call_later(60 + number, nothing) for number in range(1000)]
    times: list[float] = []

    def turn(begun: float) -> None:
        times.append(time.process_time() - begun)
        if len(times) < max(10, 500_000 // count):
            begun = time.process_time()
            for _ in range(count):
                call_later(10, nothing).cancel()
            call_later(0, turn, begun)
            return
        rows[name] = median(times[1:])
        for call in pending:
            call.cancel()
        then()

    call_later(0, turn, time.process_time())


def measure_from_thread(rows: dict[str, float], call: Callable[..., object], then: Callable[[], object]) -> None:
    """Measure ``call``: the CPU time of both threads for 1,000 calls, from the first until the last was made."""
    times: list[float] = []

    def once(start: threading.Event) -> None:
        def nothing() -> None: ...

        def last() -> None:
            times.append(time.process_time() - begun)
            if len(times) < 20 * REPEATS:
                start.set()
            else:
                thread_done.set()
                rows[FROM_THREAD] = median(times)
                then()

        while True:
            start.wait()
            start.clear()
            if thread_done.is_set():
                return
            begun = time.process_time()
            for _ in range(999):
                call(nothing)
            call(last)

    thread_done = threading.Event()
    start = threading.Event()
    start.set()
    threading.Thread(target=once, args=(start,), daemon=True).start()


async def loop_rows() -> dict[str, float]:
    """Measure the loop's own ways to do what a reactor does."""
    rows: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    measure_calls(rows, loop.call_later, loop.call_soon_threadsafe, done.set)
    await done.wait()
    return rows


def wanted(name: str) -> bool:
    return os.environ.get("BENCHMARK_ONLY", "") in name


def measure(case: Callable[[], object]) -> float:
    """Return the CPU seconds that ``case`` takes, at best."""
    case()
    count, best = 1, float("inf")
    while True:
        start = time.process_time()
        for _ in range(count):
            case()
        if time.process_time() - start > SECONDS / 4:
            break
        count *= 2
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(count * 4):
            case()
        best = min(best, (time.process_time() - start) / (count * 4))
    return best


async def measure_async(case: Callable[[], Any]) -> float:
    await case()
    count, best = 1, float("inf")
    while True:
        start = time.process_time()
        for _ in range(count):
            await case()
        if time.process_time() - start > SECONDS / 4:
            break
        count *= 2
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(count * 4):
            await case()
        best = min(best, (time.process_time() - start) / (count * 4))
    return best


def deferred_rows(package: str) -> dict[str, float]:
    rows = {name: measure(case) for name, case in deferred_cases(package).items() if wanted(name)}
    if wanted("bytes"):
        rows["bytes of a Deferred with one callback"] = deferred_memory(package)
    return rows


async def rows_in_loop(package: str) -> dict[str, float]:
    return {**deferred_rows(package), **await bridge_rows(package)}


def contest(contestant: str) -> dict[str, float]:
    """Measure everything for one contestant, in this process."""
    package, _, kind = contestant.partition(" on ")
    if kind == "uvloop":
        import uvloop

        new_loop = uvloop.new_event_loop
    else:
        new_loop = asyncio.new_event_loop
    if package == "asyncio":
        return run(new_loop(), own_rows())
    if package == "twisted":
        from twisted.internet import reactor

        return {**deferred_rows(package), **run(new_loop(), bridge_rows(package)), **reactor_rows(reactor)}
    if not kind:
        return deferred_rows(package)
    from reactorio.aio.loop import install
    from reactorio.internet import reactor

    install(uvloop=kind == "uvloop")
    return {**run(new_loop(), rows_in_loop(package)), **reactor_rows(reactor)}


def run(loop: asyncio.AbstractEventLoop, main: Any) -> dict[str, float]:
    rows: dict[str, float] = loop.run_until_complete(main)
    loop.close()
    return rows


async def own_rows() -> dict[str, float]:
    return {**await asyncio_rows(), **await loop_rows()}


CONTESTANTS = [
    "twisted",
    "asyncio",
    "asyncio on uvloop",
    "reactorio",
    "reactorio on asyncio",
    "reactorio on uvloop",
]


def run_child(python: str, contestant: str) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT) if "reactorio" in contestant else ""}
    output = subprocess.check_output([python, __file__, "--contestant", contestant], env=environment)
    rows: dict[str, float] = json.loads(output)
    return rows


def show(results: dict[str, dict[str, float]]) -> None:
    names = [*dict.fromkeys(name for rows in results.values() for name in rows)]
    width = max(map(len, names))
    print(f"{'CPU µs, and times as fast as Twisted':{width}}" + "".join(f"{who:>24}" for who in results))
    for name in names:
        base = results.get("twisted", {}).get(name)
        line = f"{name:{width}}"
        for rows in results.values():
            value = rows.get(name)
            if value is None:
                line += f"{'-':>24}"
                continue
            scale = 1 if name.startswith("bytes") else 1e6
            ratio = f"{base / value:8.2f}x" if base else " " * 9
            line += f"{value * scale:15.2f}{ratio}"
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how many times each contestant is measured")
    parser.add_argument("--only", default="", metavar="TEXT", help="only operations with TEXT in their name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--without", action="append", default=[], metavar="CONTESTANT", help="leave one out")
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        print(json.dumps(contest(options.contestant)))
        return
    os.environ["BENCHMARK_ONLY"] = options.only
    contestants = [who for who in CONTESTANTS if who not in options.without]
    python = {who: twisted_python() if who == "twisted" else sys.executable for who in contestants}
    rounds: dict[str, list[dict[str, float]]] = {who: [] for who in contestants}
    for number in range(options.rounds):
        # In turns, and each round in the other direction: a machine that slows down slows down all.
        for who in contestants if number % 2 == 0 else reversed(contestants):
            rounds[who].append(run_child(python[who], who))
    results = {
        who: {name: median(rows[name] for rows in measured) for name in measured[0]} for who, measured in rounds.items()
    }
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))
    show(results)


if __name__ == "__main__":
    main()
