"""
What Deferreds do, written down as simply as possible: recursive, slow, no loops, no tracebacks. The model of the tests.

`Model` is a package for `random_deferreds.World`.
"""

from __future__ import annotations

from types import SimpleNamespace


class AlreadyCalledError(Exception):
    pass


class CancelledError(Exception):
    pass


class TimeoutError(Exception):
    pass


class FirstError(Exception):
    def __init__(self, failure, index):
        self.subFailure, self.index = failure, index


class FailureGroup(Exception):
    def __init__(self, failures):
        self.failures = failures


class Failure:
    def __init__(self, value):
        self.value = value
        # Frames would keep Deferreds alive.
        value.__traceback__ = value.__context__ = None


def passed(result):
    return result


lost = []
"""The exceptions of the Failures that nobody took."""


class Deferred:
    def __init__(self, canceller=None):
        self.called = False
        self.paused = 0
        self.canceller = canceller
        self.steps = []
        self.runs = False
        self.ignores_next = False
        self.untaken = None

    def __del__(self):
        if self.untaken is not None:
            lost.append(self.untaken.value)

    def addCallbacks(self, callback, errback):
        self.steps.append((callback, errback))
        self.run()
        return self

    def addCallback(self, callback):
        return self.addCallbacks(callback, passed)

    def addErrback(self, errback):
        return self.addCallbacks(passed, errback)

    def addBoth(self, callback):
        return self.addCallbacks(callback, callback)

    def chainDeferred(self, other):
        other.chained_to = self
        return self.addCallbacks(other.callback, other.errback)

    def callback(self, result):
        if not self.called:
            self.called, self.result = True, result
            self.canceller = self.chained_to = None
            self.run()
        elif self.ignores_next:
            self.ignores_next = False
        else:
            raise AlreadyCalledError

    def errback(self, error):
        self.callback(error if isinstance(error, Failure) else Failure(error))

    def pause(self):
        self.paused += 1

    def unpause(self):
        self.paused -= 1
        self.run()

    def run(self):
        if not self.called or self.paused or self.runs:
            return
        while self.steps and not self.paused and not self.runs:
            step = self.steps.pop(0)
            if isinstance(step, Deferred):
                # It waited for this one.
                step.result, self.result = self.result, None
                step.unpause()
            else:
                self.runs = True
                self.set_result(self.outcome_of(step))
                self.runs = False
        self.untaken = self.result if isinstance(self.result, Failure) else None

    def outcome_of(self, step):
        try:
            return step[isinstance(self.result, Failure)](self.result)
        except Exception as error:
            return Failure(error)

    def set_result(self, result):
        if not isinstance(result, Deferred):
            self.result = result
        elif result.called and not result.paused:
            self.result = result.taken()
        else:
            self.paused += 1
            self.result = result
            result.steps.append(self)

    def taken(self):
        result, self.result, self.untaken = self.result, None, None
        return result

    def cancel(self):
        if self.called:
            if isinstance(self.result, Deferred):
                self.result.cancel()
            return
        if self.canceller is None:
            self.ignores_next = True
        else:
            self.canceller(self)
        if not self.called:
            self.errback(CancelledError())

    def addTimeout(self, seconds, clock, onTimeoutCancel=None):
        timed_out = []
        call = clock.callLater(seconds, lambda: timed_out.append(True) or self.cancel())

        def translate(result):
            if not timed_out:
                clock.stop(call)
            elif onTimeoutCancel is not None:
                return onTimeoutCancel(result, seconds)
            elif isinstance(result, Failure) and isinstance(result.value, CancelledError):
                raise TimeoutError(seconds, "Deferred")
            return result

        return self.addBoth(translate)

    def __await__(self):
        if not self.called or self.paused:
            return (yield self)
        # The result stays.
        self.untaken = None
        if isinstance(self.result, Failure):
            raise self.result.value
        return self.result


# Coroutines


class Driver:
    def __init__(self, generator):
        self.generator = generator
        self.awaited = None
        self.deferred = Deferred(self.cancel)

    def resume(self, result):
        while True:
            try:
                if isinstance(result, Failure):
                    self.awaited = self.generator.throw(result.value)
                else:
                    self.awaited = self.generator.send(result)
            except StopIteration as stop:
                return self.deferred.callback(stop.value)
            except Exception as error:
                return self.deferred.errback(error)
            come = []
            self.is_waiting = True
            self.awaited.addBoth(lambda result, come=come: self.take(result, come))
            self.is_waiting = False
            if not come:
                return None
            result = come.pop()

    def take(self, result, come):
        if self.is_waiting:
            come.append(result)
        else:
            self.resume(result)

    def cancel(self, deferred):
        def cancel_awaited(_):
            self.deferred = Deferred(self.cancel)
            self.awaited.cancel()
            return self.deferred

        deferred.steps.insert(0, (None, cancel_awaited))
        deferred.errback(CancelledError())


def ensureDeferred(coroutine):
    driver = Driver(coroutine)
    deferred = driver.deferred
    driver.resume(None)
    return deferred


def inlineCallbacks(function):
    return lambda *args: ensureDeferred(function(*args))


# Many


class DeferredList(Deferred):
    def __init__(self, members, fireOnOneCallback=False, fireOnOneErrback=False, consumeErrors=False):
        super().__init__()
        self.members = list(members)
        self.results = [None] * len(self.members)
        self.missing = len(self.members)
        self.flags = fireOnOneCallback, fireOnOneErrback, consumeErrors
        if not self.members and not fireOnOneCallback:
            self.callback(self.results)
        for index, member in enumerate(self.members):
            member.addBoth(lambda result, index=index: self.note(result, index))

    def note(self, result, index):
        one, error, consume = self.flags
        failed = isinstance(result, Failure)
        self.results[index] = (not failed, result)
        self.missing -= 1
        if not self.called:
            if not failed and one:
                self.callback((result, index))
            elif failed and error:
                self.errback(FirstError(result, index))
            elif not self.missing:
                self.callback(self.results)
        return None if failed and consume else result

    def cancel(self):
        if not self.called:
            for member in self.members:
                try:
                    member.cancel()
                except Exception as error:
                    lost.append(error)


def gatherResults(members, consumeErrors=False):
    gathered = DeferredList(members, fireOnOneErrback=True, consumeErrors=consumeErrors)
    return gathered.addCallback(lambda results: [result for _, result in results])


def race(members):
    failures = {}

    def cancel_all(_):
        for member in members:
            member.cancel()

    final = Deferred(cancel_all)
    winners = []

    def succeeded(result, index):
        if not winners:
            winners.append(index)
            for member in members:
                if member is not members[index]:
                    member.cancel()
            final.callback((index, result))

    def failed(failure, index):
        if not winners:
            failures[index] = failure
            if len(failures) == len(members):
                final.errback(FailureGroup([failures[index] for index in sorted(failures)]))

    for index, member in enumerate(members):
        member.addCallbacks(
            lambda result, index=index: succeeded(result, index),
            lambda failure, index=index: failed(failure, index),
        )
    return final


class Clock:
    def __init__(self):
        self.now = 0
        self.calls = []

    def callLater(self, seconds, call):
        self.calls.append((self.now + seconds, call))
        return self.calls[-1]

    def stop(self, call):
        if call in self.calls:
            self.calls.remove(call)

    def advance(self, seconds):
        self.now += seconds
        while due := sorted((call for call in self.calls if call[0] <= self.now), key=lambda call: call[0]):
            self.calls.remove(due[0])
            due[0][1]()


class Model:
    def __init__(self):
        self.defer = SimpleNamespace(
            Deferred=Deferred,
            DeferredList=DeferredList,
            ensureDeferred=ensureDeferred,
            gatherResults=gatherResults,
            inlineCallbacks=inlineCallbacks,
            race=race,
        )
        self.Clock = Clock
        self.Failure = Failure
        self.unhandled = lost

    def watch(self):
        lost.clear()

    def unwatch(self):
        lost.clear()
