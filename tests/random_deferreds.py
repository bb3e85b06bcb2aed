"""
Random programs with Deferreds: written as plain data, run on any package that has Twisted's API.

A program is a list of actions, and what it does on a package is told by its trace: who was called in which order and
with what, what was raised, which errors nobody took. `tests/test_deferred_model.py` compares the traces of reactorio with
those of a simple model and of Twisted; `benchmarks/soak.py --compare` does it for as many programs as you like.

    ["new", canceller]                            a Deferred; the canceller is None or a list of actions, and ["raise"]
    ["add", who, how, script, script]             addCallback, addErrback, addBoth or addCallbacks
    ["fire", who], ["fail", who], ["cancel", who], ["pause", who], ["unpause", who]
    ["chain", who, whom]                          who.chainDeferred(whom)
    ["list", [who, …], one, error, consume]       a DeferredList with these flags
    ["gather", [who, …], consume], ["race", [who, …]]
    ["coroutine", how, [part, …], end]            how: "yield" for inlineCallbacks, "await" for ensureDeferred;
                                                  a part is an action, or ["wait", who, what to do with an error]
    ["timeout", who, seconds, custom], ["advance", seconds]
    ["drop", who]                                 forget it, and report the errors that nobody took until now

A script is [actions, end], and the end of a callback or coroutine is "pass" (what it got), "value", "raise", "failure",
["wait", who] (return that Deferred) or ["new", canceller] (return a fresh one). Who is a number: modulo those that are
there, and -1 is the Deferred whose callback, canceller or coroutine this is.

Left out is what Twisted does by accident rather than by design:

- to unpause what one has not paused: its count of pauses goes below zero, and it never runs again;
- to pause a Deferred while its callbacks run: Twisted calls them all the same, and hangs if a coroutine is among them;
- to pause one that waits for another: Twisted then forgets the other callbacks of that other;
- to pause a coroutine's Deferred: cancelled meanwhile, its result is an exception private to Twisted, and the coroutine
  is cancelled when it is unpaused;
- to await or return the Deferred of a coroutine that is being cancelled: it has that private exception as its result;
- to await (not to yield) a Deferred from within its errbacks: an AssertionError in Twisted;
- to cancel a coroutine that runs: Twisted forgets it, reactorio's is cancelled where it awaits next;
- Deferreds that wait for each other in a circle: they never fire, and cancelling them ends with Python's stack;
- to chain a Deferred to one that has fired, or to a list, which then goes on with a result that is none of a list;
- when the garbage collector comes by: unhandled errors are told at ``drop`` and at the end, and compared as one lot.
"""

from __future__ import annotations

import gc
import types
import weakref
from functools import cache
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

Action = list[Any]
Program = list[Action]
Trace = list[tuple[Any, ...]]

DEPTH = 2
"""How deep actions stand in the callbacks that actions add."""

LONGEST_TRACE = 2000
"""A trace that comes to be longer ends there, on all packages alike."""


class Boom(Exception):
    """What callbacks, cancellers and coroutines raise."""


class Writer:
    """
    Writes programs.

    Args:
        below: Gives an integer from 0 up to the number that it is called with, which is not included. Everything is
            decided by it: `random.Random(seed).randrange`, or a function of hypothesis's.
    """

    KINDS = (
        *["new"] * 4,
        *["add"] * 10,
        *["fire"] * 4,
        *["fail"] * 2,
        *["cancel"] * 2,
        *["pause", "unpause", "unpause"],
        *["chain", "list", "gather", "race", "timeout", "advance"],
        *["coroutine"] * 3,
        *["drop"] * 2,
    )

    def __init__(self, below: Callable[[int], int]) -> None:
        self.below = below

    def one_of(self, *choices: Any) -> Any:
        return choices[self.below(len(choices))]

    def program(self, shortest: int = 4, longest: int = 30) -> Program:
        return [self.action() for _ in range(shortest + self.below(longest - shortest + 1))]

    def action(self, kind: str | None = None, depth: int = 0) -> Action:
        if kind is None:
            kind = self.one_of(*self.KINDS)
        rest: Callable[[int], Action] | None = getattr(self, f"_{kind}", None)
        return [kind, *(rest(depth) if rest is not None else [self.who(depth)])]

    def who(self, depth: int) -> int:
        if depth and self.below(4) == 0:
            return -1
        return self.below(8)

    def _actions(self, depth: int) -> list[Action]:
        if depth >= DEPTH:
            return []
        return [self.action(depth=depth + 1) for _ in range(self.one_of(0, 0, 0, 1, 1, 2))]

    def _canceller(self, depth: int) -> list[Action] | None:
        kind = self.one_of("none", "none", "nothing", "callback", "errback", "raise", "actions")
        if kind == "none":
            return None
        end = {"callback": [["fire", -1]], "errback": [["fail", -1]], "raise": [["raise"]]}.get(kind, [])
        return [*(self._actions(depth) if kind == "actions" else []), *end]

    def _script(self, depth: int) -> list[Any]:
        return [self._actions(depth), self._end(depth)]

    def _end(self, depth: int) -> Any:
        kind = self.one_of("pass", "pass", "value", "raise", "failure", "wait", "new")
        if kind == "wait":
            return ["wait", self.who(depth)]
        if kind == "new":
            return ["new", self._canceller(depth)]
        return kind

    def _new(self, depth: int) -> Action:
        return [self._canceller(depth)]

    def _add(self, depth: int) -> Action:
        how = self.one_of("callback", "callback", "errback", "both", "callbacks")
        return [self.who(depth), how, self._script(depth), self._script(depth) if how == "callbacks" else None]

    def _chain(self, depth: int) -> Action:
        return [self.who(depth), self.who(depth)]

    def _some(self, depth: int) -> list[int]:
        return [self.who(depth) for _ in range(self.below(4))]

    def _list(self, depth: int) -> Action:
        return [self._some(depth), *(self.one_of(False, True) for _ in range(3))]

    def _gather(self, depth: int) -> Action:
        return [self._some(depth), self.one_of(False, True)]

    def _race(self, depth: int) -> Action:
        return [self._some(depth)]

    def _coroutine(self, depth: int) -> Action:
        parts: list[Action] = []
        for _ in range(1 + self.below(3)):
            parts += self._actions(depth)
            parts.append(["wait", self.who(depth), self.one_of("raise", "raise", "take", "replace")])
        return [self.one_of("yield", "await"), parts, self.one_of("pass", "value", "raise")]

    def _timeout(self, depth: int) -> Action:
        return [self.who(depth), 1 + self.below(3), self.one_of(None, None, "pass", "value", "raise")]

    def _advance(self, depth: int) -> Action:
        return [1 + self.below(2)]


def program(seed: int) -> Program:
    """Return the random program of this number."""
    return Writer(Random(seed).randrange).program()


class Package:
    """
    What a program needs of Twisted, or of what stands in for it.

    Attributes:
        unhandled: The exceptions of those Failures that nobody took.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.defer: Any = import_module(f"{name}.internet.defer")
        self.Failure: Any = import_module(f"{name}.python.failure").Failure
        self.Clock: Any = import_module(f"{name}.internet.task").Clock
        self.unhandled: list[BaseException] = []

    def watch(self) -> None:
        """See unhandled errors from now on."""
        _begin_log(self.name)
        import_module(f"{self.name}.logger").globalLogPublisher.addObserver(self._observe)

    def unwatch(self) -> None:
        import_module(f"{self.name}.logger").globalLogPublisher.removeObserver(self._observe)

    def _observe(self, event: dict[str, Any]) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            self.unhandled.append(failure.value)


@cache
def _begin_log(package: str) -> None:
    """Have the log begin: until then it keeps events and writes errors to stderr."""
    beginner = import_module(f"{package}.logger").globalLogBeginner
    beginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)


class World:
    """
    The Deferreds of one program on one package, and its trace.

    Its frames may outlive their calls, in the traceback of an error: where that may happen, they have no Deferred in a
    variable, or its errors would be reported late.
    """

    def __init__(self, package: Any) -> None:
        self.package = package
        self.trace: Trace = []
        # By number; None for those that are dropped, and for coroutines that have not come to wait yet.
        self.deferreds: list[Any] = []
        self.clock = package.Clock()
        self._tags = 0
        self._pauses: list[int] = []
        self._coroutines: set[int] = set()
        self._stepping: set[int] = set()
        # Whom each one waits for, and the members of lists.
        self._waits: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        # The results of those that had come to rest before the present action of the program.
        self._at_rest: dict[int, Any] = {}

    def run(self, program: Program) -> Trace:
        """Do all of it, let go of everything, and return the trace."""
        for action in program:
            self.do(action)
        self.trace += self.states()
        self.end()
        return self.trace

    def end(self) -> None:
        """Let go of everything, and report the errors that nobody took."""
        self.deferreds.clear()
        self.clock = None
        self.report()

    def states(self) -> Trace:
        """Return how every Deferred stands."""
        return [
            (number, d.called, d.paused, self.show(d.result) if hasattr(d, "result") else "no result")
            for number, d in enumerate(self.deferreds)
            if d is not None
        ]

    def say(self, *event: Any) -> None:
        if len(self.trace) < LONGEST_TRACE:
            self.trace.append(event)

    def show(self, value: Any) -> Any:
        """Return ``value`` as text and numbers, the same for every package."""
        if isinstance(value, self.package.Failure):
            return f"Failure({self.show(value.value)})"
        if isinstance(value, BaseException):
            if hasattr(value, "subFailure"):
                return f"FirstError({value.index}, {self.show(value.subFailure)})"
            if hasattr(value, "failures"):
                return f"FailureGroup({[self.show(failure) for failure in value.failures]})"
            return f"{type(value).__name__}({value.args[0] if isinstance(value, Boom) else ''})"
        if isinstance(value, self.package.defer.Deferred):
            return next((f"Deferred {n}" for n, d in enumerate(self.deferreds) if d is value), "a Deferred")
        if isinstance(value, (list, tuple)):
            return [self.show(item) for item in value]
        return value

    # Who

    def pick(self, who: int, own: int | None) -> int:
        """Return the number of the Deferred that ``who`` means."""
        if who < 0 and own is not None and self.deferreds[own] is not None:
            return own
        there = [number for number, d in enumerate(self.deferreds) if d is not None]
        if not there:
            return self.keep(self.package.defer.Deferred())
        return there[who % len(there)]

    def keep(self, deferred: Any) -> int:
        self.deferreds.append(deferred)
        return len(self.deferreds) - 1

    def keep_list(self, members: list[int], make: Callable[[list[Any]], Any]) -> None:
        number = self.keep(make([self.deferreds[member] for member in members]))
        self._members[number] = members

    def tag(self) -> int:
        self._tags += 1
        return self._tags

    def closes_circle(self, number: int, other: int) -> bool:
        """Tell whether ``other`` waits, over however many others, for ``number``."""
        ask, asked = [other], set()
        while ask:
            one = ask.pop()
            if one == number:
                return True
            if one not in asked:
                asked.add(one)
                ask += [self._waits[one]] if one in self._waits else []
                ask += self._members.get(one, [])
        return False

    # Actions

    def do(self, action: Action, own: int | None = None) -> None:
        """Do one action; ``own`` is the number of the Deferred on whose behalf."""
        if len(self.trace) >= LONGEST_TRACE:
            return
        if own is None:
            self._at_rest = {
                number: d.result
                for number, d in enumerate(self.deferreds)
                if d is not None and d.called and not d.paused
            }
        kind, *rest = action
        try:
            getattr(self, f"do_{kind}")(own, *rest)
        except Exception as error:
            self.say("raised", kind, self.show(error))

    def do_new(self, own: int | None, canceller: list[Action] | None) -> int:
        number = len(self.deferreds)
        if canceller is None:
            return self.keep(self.package.defer.Deferred())
        times = 0

        def cancel(deferred: Any) -> None:
            nonlocal times
            # An error that is raised here would keep it.
            del deferred
            times += 1
            self.say("canceller", number, times)
            # It may cancel itself.
            for action in canceller if times < 3 else []:
                if action == ["raise"]:
                    raise Boom(self.tag())
                self.do(action, number)

        return self.keep(self.package.defer.Deferred(cancel))

    def do_add(self, own: int | None, who: int, how: str, script: list[Any], other: list[Any] | None) -> None:
        number = self.pick(who, own)
        callbacks = [self.step(script, number)]
        if how == "callbacks":
            callbacks.append(self.step(other, number))
        getattr(self.deferreds[number], f"add{how.capitalize()}")(*callbacks)

    def step(self, script: Any, number: int) -> Callable[[Any], Any]:
        actions, end = script
        tag = self.tag()

        def step(result: Any) -> Any:
            self._waits.pop(number, None)
            self.say("call", tag, self.show(result))
            for action in actions:
                self.do(action, number)
            return self.come_to(end, tag, number, result)

        return step

    def come_to(self, end: Any, tag: int, own: int | None, result: Any) -> Any:
        """Return (or raise) what a script ends with."""
        if end == "pass":
            return result
        if end == "value":
            return tag
        if end == "failure":
            return self.package.Failure(Boom(tag))
        if end == "raise":
            raise Boom(tag)
        kind, what = end
        number = self.pick(what, own) if kind == "wait" else self.do_new(own, what)
        if self.closes_circle(own, number) or (number in self._coroutines and self.is_between(number)):
            return tag
        self._waits[own] = number
        return self.deferreds[number]

    def do_fire(self, own: int | None, who: int) -> None:
        self.deferreds[self.pick(who, own)].callback(self.tag())

    def do_fail(self, own: int | None, who: int) -> None:
        self.deferreds[self.pick(who, own)].errback(Boom(self.tag()))

    def do_cancel(self, own: int | None, who: int) -> None:
        self.deferreds[self.pick(who, own)].cancel()

    def do_pause(self, own: int | None, who: int) -> None:
        number = self.pick(who, own)
        deferred = self.deferreds[number]
        waits = deferred.called and isinstance(deferred.result, self.package.defer.Deferred)
        runs = deferred.called and own is not None
        if not waits and not runs and number not in self._coroutines:
            self._pauses.append(number)
            deferred.pause()

    def do_unpause(self, own: int | None, who: int) -> None:
        number = self.pick(who, own)
        if number in self._pauses:
            self._pauses.remove(number)
            self.deferreds[number].unpause()

    def do_chain(self, own: int | None, who: int, whom: int) -> None:
        one, other = self.pick(who, own), self.pick(whom, own)
        if not self.deferreds[other].called and other not in self._members:
            self.deferreds[one].chainDeferred(self.deferreds[other])

    def do_list(self, own: int | None, some: list[int], one: bool, error: bool, consume: bool) -> None:
        flags = {"fireOnOneCallback": one, "fireOnOneErrback": error, "consumeErrors": consume}
        make = self.package.defer.DeferredList
        self.keep_list([self.pick(who, own) for who in some], lambda members: make(members, **flags))

    def do_gather(self, own: int | None, some: list[int], consume: bool) -> None:
        make = self.package.defer.gatherResults
        self.keep_list([self.pick(who, own) for who in some], lambda members: make(members, consumeErrors=consume))

    def do_race(self, own: int | None, some: list[int]) -> None:
        self.keep_list([self.pick(who, own) for who in some], self.package.defer.race)

    def do_timeout(self, own: int | None, who: int, seconds: int, custom: str | None) -> None:
        tag = self.tag()

        def timed_out(result: Any, timeout: float) -> Any:
            self.say("timeout", tag, self.show(result), timeout)
            return self.come_to(custom, tag, None, result)

        self.deferreds[self.pick(who, own)].addTimeout(seconds, self.clock, timed_out if custom is not None else None)

    def do_advance(self, own: int | None, seconds: int) -> None:
        self.clock.advance(seconds)

    def do_drop(self, own: int | None, who: int) -> None:
        self.deferreds[self.pick(who, own)] = None
        if own is None:
            self.report()

    def report(self) -> None:
        """Tell of the errors that nobody took, in no order: Twisted leaves that to the garbage collector."""
        errors: list[str] = []
        self._at_rest.clear()
        # An error that was reported keeps its frames, and they keep others, until it is forgotten here.
        while gc.collect() or self.package.unhandled:
            errors += [str(self.show(error)) for error in self.package.unhandled]
            self.package.unhandled.clear()
        self.say("unhandled", sorted(errors))

    # Coroutines

    def do_coroutine(self, own: int | None, how: str, parts: list[Action], end: Any) -> None:
        number = self.keep(None)
        self._coroutines.add(number)
        tag = self.tag()
        if how == "yield":
            self.deferreds[number] = self.package.defer.inlineCallbacks(self.play)(tag, number, parts, end, _by_yield)
        else:
            self.deferreds[number] = self.package.defer.ensureDeferred(self.play_async(tag, number, parts, end))
        self.guard(number)

    def guard(self, number: int) -> None:
        """Have cancelling it do nothing while it runs."""
        deferred = self.deferreds[number]
        kind, ref = type(deferred), weakref.ref(deferred)
        deferred.cancel = lambda: None if number in self._stepping else kind.cancel(ref())

    async def play_async(self, tag: int, number: int, parts: list[Action], end: Any) -> Any:
        return await types.coroutine(self.play)(tag, number, parts, end, _by_await)

    def play(self, tag: int, number: int, parts: list[Action], end: Any, wait: Any) -> Generator[Any, Any, Any]:
        result: Any = None
        self._stepping.add(number)
        for part in parts:
            if part[0] != "wait":
                self.do(part, number)
                continue
            _, who, on_error = part
            other = self.pick(who, number)
            if self.closes_circle(number, other) or (wait is _by_await and self.is_between(other)):
                continue
            self.say("waits", tag, other)
            self._waits[number] = other
            self._stepping.discard(number)
            try:
                result = yield from wait(self.deferreds[other])
            except Exception as error:
                self.say("caught", tag, self.show(error))
                if on_error == "raise":
                    raise
                if on_error == "replace":
                    raise Boom(tag) from None
                result = None
            else:
                self.say("got", tag, self.show(result))
            self._stepping.add(number)
            del self._waits[number]
        self._stepping.discard(number)
        return self.come_to(end, tag, number, result)

    def is_between(self, number: int) -> bool:
        """Tell whether it may be in the middle of being cancelled, or of its errbacks."""
        d = self.deferreds[number]
        if not d.called or isinstance(d.result, self.package.defer.Deferred):
            return False
        if number in self._at_rest and self._at_rest[number] is d.result:
            return False
        return number in self._coroutines or isinstance(d.result, self.package.Failure)


def in_the_end(trace: Trace) -> Trace:
    """Return the trace with all unhandled errors at its end: when they are reported is not part of the comparison."""
    errors = sorted(error for event in trace if event[0] == "unhandled" for error in event[1])
    return [*(event for event in trace if event[0] != "unhandled"), ("unhandled", errors)]


def _by_yield(deferred: Any) -> Generator[Any, Any, Any]:
    box = [deferred]
    del deferred
    return (yield box.pop())


def _by_await(deferred: Any) -> Iterator[Any]:
    return iter(deferred.__await__())


def traces(package: Any, programs: Iterable[Program]) -> Iterator[Trace]:
    """Run programs, and give the trace of each; errors that nobody takes are seen by nobody else."""
    collecting = gc.isenabled()
    gc.disable()
    package.watch()
    try:
        gc.collect()
        gc.freeze()
        for one in programs:
            yield World(package).run(one)
    finally:
        package.unwatch()
        gc.unfreeze()
        if collecting:
            gc.enable()
