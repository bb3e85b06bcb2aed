"""
Ten million Deferreds, and what is left of them: nothing.

    python benchmarks/soak.py [--count 10000000] [--every 1000000] [--loop none|asyncio|uvloop] [--seed 0]
    python benchmarks/soak.py --compare 10000 [--seed 0]

Deferreds are created, given callbacks, chained, fired, failed, cancelled, paused, awaited, put in lists, given little
time and dropped, in random order, a thousand at a time: with no loop, on asyncio and on uvloop, each in a process of its
own. After every million all of them are let go, and what is alive is counted: no Deferred may be, nor may there be more
objects or more memory than before.

With ``--compare``, that many random programs (tests/random_deferreds.py) run on Twisted, installed from PyPI into an
environment of the benchmarks' own, and on reactorio: who is called in which order and with what, what is raised and
which errors nobody takes has to be the same.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from twisted_environment import twisted_python

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

LOOPS = ["none", "asyncio", "uvloop"]
POOL = 1000

OBJECTS_SLACK = 200
"""So many more objects than at the first count are no leak: caches, interned things."""

MEMORY_SLACK = 8e6
"""So many more bytes than at the highest of the first quarter of the counts are none either."""


class Boom(Exception):
    """What goes wrong, on purpose."""


class Soak:
    """A pool of Deferreds, futures and tasks, on which a random action is done again and again."""

    def __init__(self, seed: int, loop: asyncio.AbstractEventLoop | None) -> None:
        from reactorio.internet import defer
        from reactorio.internet.task import Clock

        self.defer = defer
        self.loop = loop
        self.made = 0
        self.clock = Clock()
        self.random = Random(seed).random
        self.pool: list[Any] = []
        self.fill()
        self.actions = [
            *[self.create] * 4,
            *[self.create_with_canceller] * 2,
            *[self.add] * 8,
            *[self.fire] * 6,
            *[self.fail] * 2,
            *[self.cancel] * 3,
            *[self.return_another] * 2,
            self.chain,
            self.pause,
            *[self.start_generator] * 2,
            *[self.start_coroutine] * 2,
            self.make_list,
            self.gather,
            self.race,
            self.limit,
            self.pass_time,
            *([self.start_task, self.to_future, self.from_future] if loop is not None else []),
        ]

    def fill(self) -> None:
        self.pool[:] = [self.defer.Deferred() for _ in range(POOL)]
        self.made += POOL

    def run(self, until: int) -> Iterator[None]:
        """Do random actions until so many Deferreds were made, giving way to the loop now and then."""
        count = len(self.actions)
        while self.made < until:
            for _ in range(100):
                try:
                    self.actions[int(self.random() * count)]()
                except (self.defer.AlreadyCalledError, Boom):
                    pass
            yield

    def let_go(self) -> Iterator[None]:
        """Be left with an empty pool; tasks need a few turns of the loop to end."""
        for thing in self.pool:
            if not isinstance(thing, self.defer.Deferred):
                thing.cancel()
        self.pool.clear()
        for call in list(self.clock.getDelayedCalls()):
            call.cancel()
        for _ in range(10):
            yield

    def pick(self) -> Any:
        """Return a Deferred of the pool."""
        while True:
            thing = self.pool[int(self.random() * POOL)]
            if isinstance(thing, self.defer.Deferred):
                return thing

    def put(self, thing: Any) -> None:
        """Put it into the pool, in the place of another, which is dropped."""
        self.made += 1
        index = int(self.random() * POOL)
        if not isinstance(self.pool[index], self.defer.Deferred):
            self.pool[index].cancel()
        self.pool[index] = thing

    def create(self) -> None:
        self.put(self.defer.Deferred())

    def create_with_canceller(self) -> None:
        kind = self.random()

        def cancel(deferred: Any) -> None:
            if kind < 0.3:
                deferred.callback(None)
            elif kind < 0.6:
                deferred.errback(Boom())
            elif kind < 0.7:
                raise Boom

        self.put(self.defer.Deferred(cancel))

    def add(self) -> None:
        kind = self.random()
        deferred = self.pick()
        if kind < 0.4:
            deferred.addCallback(passed)
        elif kind < 0.6:
            deferred.addErrback(mended)
        elif kind < 0.8:
            deferred.addBoth(passed)
        else:
            deferred.addCallbacks(explode, passed)

    def fire(self) -> None:
        self.pick().callback(1)

    def fail(self) -> None:
        self.pick().errback(Boom())

    def cancel(self) -> None:
        self.pick().cancel()

    def return_another(self) -> None:
        other = self.pick()
        self.pick().addCallback(lambda result: other if waits_for_nothing(other) else result)

    def chain(self) -> None:
        deferred, other = self.pick(), self.pick()
        if deferred is not other:
            deferred.chainDeferred(other)

    def pause(self) -> None:
        deferred = self.pick()
        deferred.pause()
        deferred.addBoth(passed)
        deferred.unpause()

    def some(self) -> list[Any]:
        """Return a few, fresh or failed or fired."""
        made = []
        for _ in range(int(self.random() * 4)):
            kind = self.random()
            if kind < 0.6:
                made.append(self.defer.Deferred())
                self.put(made[-1])
            elif kind < 0.8:
                made.append(self.defer.succeed(1))
                self.made += 1
            else:
                made.append(self.defer.fail(Boom()))
                self.made += 1
        return made

    def start_generator(self) -> None:
        self.put(self.defer.inlineCallbacks(yield_all)(self.some(), self.random()))

    def start_coroutine(self) -> None:
        self.put(self.defer.ensureDeferred(await_all(self.some(), self.random())))

    def make_list(self) -> None:
        kind = self.random()
        flags = {"fireOnOneCallback": kind < 0.2, "fireOnOneErrback": kind > 0.7, "consumeErrors": kind < 0.5}
        self.put(self.defer.DeferredList(self.some(), **flags))

    def gather(self) -> None:
        self.put(self.defer.gatherResults(self.some(), consumeErrors=True))

    def race(self) -> None:
        self.put(self.defer.race(self.some()))

    def limit(self) -> None:
        self.pick().addTimeout(1 + 3 * self.random(), self.clock)

    def pass_time(self) -> None:
        self.clock.advance(0.05)

    def start_task(self) -> None:
        self.put(self.loop.create_task(end_well(await_all(self.some(), self.random()))))  # type: ignore[union-attr]  # there is one

    def to_future(self) -> None:
        future = self.pick().asFuture(self.loop)
        future.add_done_callback(look_at)
        self.put(future)

    def from_future(self) -> None:
        future = self.loop.create_future()  # type: ignore[union-attr]  # there is one
        self.put(self.defer.Deferred.fromFuture(future))
        if self.random() < 0.5:
            self.loop.call_soon(lambda: future.done() or future.set_result(1))  # type: ignore[union-attr]  # likewise


def waits_for_nothing(deferred: Any) -> bool:
    """Tell whether it waits for no other: in a circle they would wait forever, and cancel each other, too."""
    return type(deferred).__name__ == "Deferred" and not deferred.called and deferred._canceller is None


def passed(result: Any) -> Any:
    return result


def mended(_: Any) -> None: ...


def explode(_: Any) -> None:
    raise Boom


def look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def yield_all(ds: list[Any], kind: float) -> Any:
    while ds:
        try:
            yield ds.pop()
        except Exception:
            if kind < 0.5:
                raise
    return kind


async def await_all(ds: list[Any], kind: float) -> Any:
    while ds:
        try:
            await ds.pop()
        except Exception:
            if kind < 0.5:
                raise
    return kind


async def end_well(coroutine: Any) -> None:
    try:
        await coroutine
    except Boom:
        pass


# Counting


class Counts:
    """What is alive when nothing should be: counted again and again."""

    def __init__(self, deferred: type) -> None:
        self.deferred = deferred
        self.first: Counter[str] = Counter()
        self.memory: list[int] = []
        self.most_left = 0

    def take(self) -> str:
        """Count, and return the line that tells it."""
        while gc.collect():
            pass
        objects = gc.get_objects()
        by_type = Counter(type(thing).__qualname__ for thing in objects)
        left = sum(1 for thing in objects if isinstance(thing, self.deferred))
        self.memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        self.most_left = max(self.most_left, left)
        self.first = self.first or by_type
        self.changed = {kind: by_type[kind] - self.first[kind] for kind in {*by_type, *self.first}}
        return f"{self.memory[-1] / 1e6:9.1f}{len(objects):9}{left:6}  {self.changes()}"

    def changes(self) -> str:
        """Say of which types there are more or fewer objects than at the first count."""
        most = sorted((kind for kind in self.changed if self.changed[kind]), key=lambda kind: -abs(self.changed[kind]))
        return " ".join(f"{kind}{self.changed[kind]:+}" for kind in most[:5])

    def faults(self) -> list[str]:
        """Say what is not flat."""
        found = []
        if self.most_left:
            found.append(f"{self.most_left} Deferreds were alive after all had been dropped")
        more = sum(self.changed.values())
        if more > OBJECTS_SLACK:
            found.append(f"{more} objects more than at the first count: {self.changes()}")
        bytes_more = self.memory[-1] - max(self.memory[: max(1, len(self.memory) // 4)])
        if bytes_more > MEMORY_SLACK:
            found.append(f"{bytes_more / 1e6:.1f} MB more than in the first quarter")
        return found


def soak(soaking: Soak, count: int, every: int, counts: Counts) -> Iterator[None]:
    """Make ``count`` Deferreds and take the counts; yields when the loop shall turn."""
    from reactorio.logger import globalLogBeginner, globalLogPublisher

    lost = 0

    def observe(event: Any) -> None:
        nonlocal lost
        lost += "log_failure" in event

    globalLogBeginner.beginLoggingTo([observe], discardBuffer=True, redirectStandardIO=False)
    print(
        f"{'Deferreds':>12}{'errors lost':>13}{'CPU s':>9}{'RSS MB':>9}{'objects':>9}{'left':>6}  since the first count"
    )
    # The first round fills caches.
    rounds = [every // 2, *range(every, count + 1, every)]
    for until in rounds:
        yield from soaking.run(until)
        yield from soaking.let_go()
        row = counts.take()
        print(f"{soaking.made:12,}{lost:13,}{time.process_time():9.1f}{row}", flush=True)
        if until != rounds[-1]:
            soaking.fill()
    globalLogPublisher.removeObserver(observe)


async def soak_in_loop(seed: int, *what: Any) -> None:
    for _ in soak(Soak(seed, asyncio.get_running_loop()), *what):
        await asyncio.sleep(0)


def soak_on(loop: str, seed: int, count: int, every: int) -> list[str]:
    """Do it in this process, and return what is wrong."""
    from reactorio.internet.defer import Deferred

    counts = Counts(Deferred)
    if loop == "none":
        for _ in soak(Soak(seed, None), count, every, counts):
            pass
    elif loop == "asyncio":
        asyncio.run(soak_in_loop(seed, count, every, counts))
    else:
        import uvloop

        made = uvloop.new_event_loop()
        try:
            made.run_until_complete(soak_in_loop(seed, count, every, counts))
        finally:
            made.close()
    return counts.faults()


# Comparing


def print_traces(package: str, seeds: range) -> None:
    from random_deferreds import Package, in_the_end, program, traces

    for trace in traces(Package(package), map(program, seeds)):
        print(json.dumps(in_the_end(trace)))


def compare(seeds: range) -> int:
    """Run programs on both packages, show those that differ, and return how many they are."""
    from random_deferreds import program

    def started(python: str, package: str) -> subprocess.Popen[str]:
        command = [python, __file__, "--traces-of", package, "--seed", str(seeds.start), "--compare", str(len(seeds))]
        environment = {**os.environ, "PYTHONPATH": str(ROOT) if package == "reactorio" else ""}
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    differing = 0
    with started(twisted_python(), "twisted") as twisted, started(sys.executable, "reactorio") as reactorio:
        assert twisted.stdout is not None
        assert reactorio.stdout is not None
        for seed, expected, got in zip(seeds, twisted.stdout, reactorio.stdout, strict=True):
            if expected == got:
                continue
            differing += 1
            print(f"\nProgram {seed}:")
            for action in program(seed):
                print(f"    {json.dumps(action)}")
            for theirs, ours in zip_longest(json.loads(expected), json.loads(got)):
                print(f"  {theirs}" if theirs == ours else f"! Twisted: {theirs}\n! here:    {ours}")
    print(f"{differing} of {len(seeds)} programs differ")
    return differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000_000, help="how many Deferreds on each loop")
    parser.add_argument("--every", type=int, default=1_000_000, help="how many between two counts")
    parser.add_argument("--loop", choices=LOOPS, action="append", help="only this one; may be given more than once")
    parser.add_argument("--seed", type=int, default=0, help="of what is random; the first of the programs")
    parser.add_argument("--compare", type=int, metavar="N", help="compare N random programs with Twisted instead")
    parser.add_argument("--traces-of", help=argparse.SUPPRESS)
    parser.add_argument("--here", choices=LOOPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.traces_of:
        print_traces(options.traces_of, range(options.seed, options.seed + options.compare))
        return 0
    if options.compare is not None:
        return 1 if compare(range(options.seed, options.seed + options.compare)) else 0
    if options.here:
        found = soak_on(options.here, options.seed, options.count, min(options.every, options.count))
        for fault in found:
            print(f"NOT FLAT: {fault}")
        return 1 if found else 0
    status = 0
    for loop in options.loop or LOOPS:
        print(f"\nloop: {loop}", flush=True)
        command = [sys.executable, __file__, *sys.argv[1:], "--here", loop]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        status |= subprocess.call(command, env=environment)
    return status


if __name__ == "__main__":
    sys.exit(main())
