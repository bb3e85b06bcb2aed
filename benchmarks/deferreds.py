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
        "inlineCallbacks, 100 fired": inline_fired,
        "inlineCallbacks, 100 pending": inline_pending,
        "await, 100 fired": await_fired,
        "await, 100 pending": await_pending,
        "DeferredList of 1000": list_of_1000,
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
        "DeferredList of 1000": gather,
    }
    return {name: await measure_async(case) for name, case in rows.items() if wanted(name)}


async def task_awaits_deferreds(package: str) -> dict[str, float]:
    """Measure an asyncio Task that awaits Deferreds, for comparison with one that awaits futures."""
    defer = importlib.import_module(f"{package}.internet.defer")

    async def awaits(ds: list[Any]) -> int:
        total = 0
        for d in ds:
            total += await d
        return total

    async def pending() -> None:
        ds = [defer.Deferred() for _ in range(100)]
        task = asyncio.get_running_loop().create_task(awaits(ds))
        for d in ds:
            await asyncio.sleep(0)
            d.callback(1)
        assert await task == 100

    name = "await in a Task, 100 pending"
    return {name: await measure_async(pending)} if wanted(name) else {}


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


async def deferred_rows_in_loop(package: str) -> dict[str, float]:
    return {**deferred_rows(package), **await task_awaits_deferreds(package)}


def contest(contestant: str) -> dict[str, float]:
    """Measure everything for one contestant, in this process."""
    if contestant == "twisted":
        return deferred_rows("twisted")
    if contestant == "asyncio":
        return asyncio.run(asyncio_rows())
    if contestant == "reactorio":
        return deferred_rows("reactorio")
    if contestant == "reactorio on asyncio":
        return asyncio.run(deferred_rows_in_loop("reactorio"))
    if contestant == "reactorio on uvloop":
        import uvloop

        loop = uvloop.new_event_loop()
        return loop.run_until_complete(deferred_rows_in_loop("reactorio"))
    raise ValueError(contestant)


CONTESTANTS = ["twisted", "asyncio", "reactorio", "reactorio on asyncio", "reactorio on uvloop"]


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
