"""
What a tree of services is asked besides to start and to stop: are you ready, finish your work, take up what is new.

Each is an optional method of a service, plain or a coroutine, and may return a Deferred:

    when_ready()   ends when the service does its work: its port listens, its connection stands
    drain()        ends when what is under way has come to its end; nothing new is begun
    reload()       reads again what the service was set up by. It checks all of it, changes nothing, and returns what
                   puts it to use: that is called if every other service is content too

A collection asks its children, and is their answer.
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "NotReloaded",
    "Starting",
    "all_of",
    "all_ready",
    "drain_all",
    "note_start",
    "reload_all",
    "reload_of",
    "when_ready",
]

_log = Logger(namespace="reactorio.application.service")


class Starting:
    """
    A start that takes its time, and whoever waits for its end.

    Attributes:
        over: Has it ended, well or not?
    """

    def __init__(self, start: Deferred[Any]) -> None:
        self._failure: Failure | None = None
        self.over = False
        self._waiting: list[Deferred[None]] = []
        start.addBoth(self._ended)

    def _ended(self, result: Any) -> Any:
        self.over = True
        self._failure = result if isinstance(result, Failure) else None
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            self._tell(one)
        return result

    def wait(self) -> Deferred[None]:
        """Return a Deferred that fires at the end, and fails as the start did."""
        waiter: Deferred[None] = Deferred()
        if self.over:
            self._tell(waiter)
        else:
            self._waiting.append(waiter)
        return waiter

    def _tell(self, waiter: Deferred[None]) -> None:
        if self._failure is None:
            waiter.callback(None)
        else:
            waiter.errback(self._failure)


def note_start(service: Any, result: Any) -> None:
    """Drive the coroutine that a start method was, if it was one, and remember what `when_ready` has to wait for."""
    if iscoroutine(result):
        starting: Deferred[Any] = Deferred.fromCoroutine(result)
        _remember(service, starting)
        starting.addErrback(lambda failure: _log.failure("Cannot start {service}", failure, service=service))
    elif isinstance(result, Deferred):
        _remember(service, result)


def _remember(service: Any, start: Deferred[Any]) -> None:
    # One without a __dict__ has to say by itself, in `when_ready`, when it is ready.
    if hasattr(service, "__dict__"):
        service._starting = [*(one for one in _starts_of(service) if not one.over), Starting(start)]


def _starts_of(service: Any) -> list[Starting]:
    starts: list[Starting] = getattr(service, "__dict__", {}).get("_starting", [])
    return starts


def when_ready(service: Any) -> Deferred[Any]:
    """Return a Deferred that fires when ``service`` has started and is ready, and fails if it never will be."""
    waits = [one.wait() for one in _starts_of(service)]
    waits.append(_asked(service, "when_ready"))
    return all_of(waits)


def all_ready(services: Iterable[Any]) -> Deferred[Any]:
    """Return a Deferred that fires when each is ready; it fails as soon as one fails."""
    return all_of([when_ready(one) for one in services])


def all_of(waits: list[Deferred[Any]]) -> Deferred[Any]:
    """Return a Deferred that fires when each has; it fails, with the same failure, as soon as one fails."""
    if len(waits) == 1:
        return waits[0]
    # The first failure says enough: whatever it was that could not start is in the log, too.
    together: Deferred[Any] = DeferredList(waits, fireOnOneErrback=True, consumeErrors=True)
    return together.addErrback(_own_failure)


def _own_failure(failure: Failure) -> Failure:
    own: Failure = failure.value.subFailure  # type: ignore[attr-defined]  # a FirstError's
    return own


def drain_all(services: Iterable[Any]) -> Deferred[Any]:
    """Drain each; the Deferred fires when all are through. What fails is logged, and is through."""
    return DeferredList([_asked(one, "drain").addErrback(_cannot_drain, one) for one in services])


def _cannot_drain(failure: Failure, service: Any) -> None:
    _log.failure("Cannot drain {service}", failure, service=service)


def reload_of(service: Any) -> Deferred[Any]:
    """Return a Deferred of what puts to use what ``service`` has read; of None if there is nothing to do."""
    return _asked(service, "reload")


def reload_all(services: Iterable[Any]) -> Deferred[Callable[[], None]]:
    """
    Have each read again what it was set up by.

    Returns:
        A Deferred of what puts it all to use. When all have been asked and one has failed, it fails with NotReloaded.
    """
    asked = list(services)
    return DeferredList([reload_of(one) for one in asked], consumeErrors=True).addCallback(_commit_of, asked)


class NotReloaded(Exception):
    """Services have read what is no good, and the log has it."""


def _commit_of(results: list[tuple[bool, Any]], services: list[Any]) -> Callable[[], None]:
    failures = [(service, result) for service, (good, result) in zip(services, results, strict=True) if not good]
    for service, failure in failures:
        if not failure.check(NotReloaded):
            _log.failure("{service} stays as it is", failure, service=service)
    if failures:
        raise NotReloaded("; ".join(failure.getErrorMessage() for _, failure in failures))
    commits = [(service, commit) for service, (_, commit) in zip(services, results, strict=True) if callable(commit)]

    def commit_all() -> None:
        for service, commit in commits:
            try:
                commit()
            except Exception:
                _log.failure("{service} has failed to take up what it has read", service=service)

    return commit_all


def _asked(service: Any, hook: str) -> Deferred[Any]:
    method = getattr(service, hook, None)
    return succeed(None) if method is None else maybeDeferred(method)
