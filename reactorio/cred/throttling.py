"""
A limit on guessing.

Some failures are free. From then on an attempt has to wait, twice as long after each failure, and those that do not wait
are refused without a look at their credentials. A success forgets the failures.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.cred import error
from reactorio.cred.checkers import ICredentialsChecker
from reactorio.internet.defer import Deferred, maybeDeferred, succeed
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Throttle", "ThrottledChecker", "by_name", "by_name_and_peer"]


class _Record:
    """What there is to know of one key."""

    __slots__ = ("failures", "last", "not_before", "pending", "waiting")

    def __init__(self) -> None:
        self.failures = 0
        # When the last failure was, and when the next attempt may be.
        self.last = 0.0
        self.not_before = 0.0
        # Attempts that are being checked, and those that wait for the outcome of these.
        self.pending = 0
        self.waiting: list[Deferred[None]] = []

    def give_up(self, waiter: Deferred[None]) -> None:
        if waiter in self.waiting:
            self.waiting.remove(waiter)


class Throttle:
    """
    Counts failures, by key, in bounded memory.

    Args:
        free: How many failures cost nothing.
        first, longest: The shortest and the longest wait, in seconds.
        forget: After how many seconds without a failure the failures before are forgotten.
        most: How many keys are remembered. Beyond, the key goes whose last attempt is the longest ago: to have a
            failure forgotten, an attacker needs that many other attempts.
        clock: The time in seconds, by a clock that is never set.
    """

    def __init__(
        self,
        *,
        free: int = 5,
        first: float = 1.0,
        longest: float = 300.0,
        forget: float = 3600.0,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if free < 1 or first <= 0 or longest < first or most < 1:
            raise ValueError("a throttle needs at least one free failure and one key, and waits that are positive")
        self._free = free
        self._first = first
        self._longest = longest
        self._forget = forget
        self._most = most
        self._clock = clock
        self._records: OrderedDict[Hashable, _Record] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._records)

    def enter(self, key: Hashable) -> Deferred[None]:
        """
        Ask for an attempt; each that is granted has to be followed by one call of `leave`.

        While as many attempts are being checked as failures are left, the next one waits for their outcome: whoever
        guesses on many connections at once gets no more guesses, and who logs in on many at once is not refused.

        Returns:
            A Deferred that fires when the attempt may be made; it fails with `error.TooManyAttempts` if it may not.
        """
        record = self._record(key)
        wait = record.not_before - self._clock()
        if wait > 0:
            failed: Deferred[None] = Deferred()
            failed.errback(error.TooManyAttempts(wait))
            return failed
        if record.pending and record.failures + record.pending >= self._free:
            waiter: Deferred[None] = Deferred(record.give_up)
            record.waiting.append(waiter)
            return waiter.addCallback(lambda _: self.enter(key))
        record.pending += 1
        self._trim(key)
        return succeed(None)

    def leave(self, key: Hashable, outcome: bool | None) -> None:
        """
        Say how an attempt has ended.

        Args:
            outcome: True for a success, False for a failure, None if there was no checking it.
        """
        record = self._records[key]
        record.pending -= 1
        if outcome:
            record.failures, record.not_before = 0, 0.0
        elif outcome is not None:
            record.failures += 1
            record.last = self._clock()
            beyond = record.failures - self._free
            if beyond >= 0:
                # The exponent is bounded: 2 ** 1100 would not be a float any more.
                record.not_before = record.last + min(self._longest, self._first * 2.0 ** min(beyond, 64))
        waiting, record.waiting = record.waiting, []
        self._trim(key)
        for waiter in waiting:
            if not waiter.called:  # cancelled by what the one before it went on to do
                waiter.callback(None)

    def _record(self, key: Hashable) -> _Record:
        record = self._records.setdefault(key, _Record())
        self._records.move_to_end(key)
        if record.failures and not record.pending and self._clock() - record.last > self._forget:
            record.failures, record.not_before = 0, 0.0
        return record

    def _trim(self, key: Hashable) -> None:
        """Forget a key that there is nothing to know of, and the oldest ones if they are too many."""
        record = self._records.get(key)
        if record is not None and not (record.failures or record.pending or record.waiting):
            del self._records[key]
        if len(self._records) > self._most:
            # Those with attempts under way stay: there are no more of them than connections.
            for old, record in self._records.items():
                if not record.pending and not record.waiting:
                    del self._records[old]
                    return


def by_name(credentials: Any) -> Hashable | None:
    """Return a key of fixed size for the name, upper or lower case; None if the credentials have no name."""
    name = getattr(credentials, "username", None)
    if name is None:
        return None
    text = name.lower() if isinstance(name, (bytes, str)) else str(name)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text).digest()


def by_name_and_peer(credentials: Any) -> Hashable | None:
    """Return a key for the name and the host that it is offered from: the protocol has to set ``credentials.peer``."""
    name = by_name(credentials)
    return None if name is None else (name, getattr(getattr(credentials, "peer", None), "host", None))


@implementer(ICredentialsChecker)
class ThrottledChecker:
    """
    Another checker, with a limit on guessing in front of it.

    What the limit refuses fails with `error.TooManyAttempts`. Only `error.UnauthorizedLogin` counts as a failure: if the
    other checker breaks, that is nobody's guess.

    Args:
        checker: The other one; it may return whatever a checker may.
        throttle: Who counts; several checkers may share one.
        key: What to count by, from the credentials; None for no limit. By the name alone (`by_name`), somebody else's
            guessing can keep a user out; by name and host (`by_name_and_peer`), who has many hosts has more guesses. The
            host alone will not do: a success forgets its failures.
    """

    def __init__(
        self,
        checker: ICredentialsChecker,
        throttle: Throttle | None = None,
        *,
        key: Callable[[Any], Hashable | None] = by_name,
    ) -> None:
        self.checker = checker
        self.throttle = Throttle() if throttle is None else throttle
        self.key = key
        self.credentialInterfaces: Any = checker.credentialInterfaces

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        key = self.key(credentials)
        if key is None:
            return maybeDeferred(self.checker.requestAvatarId, credentials)

        def check(_: None) -> Deferred[Any]:
            checked: Deferred[Any] = maybeDeferred(self.checker.requestAvatarId, credentials)
            return checked.addBoth(leave)

        def leave(outcome: Any) -> Any:
            if not isinstance(outcome, Failure):
                self.throttle.leave(key, True)
            else:
                self.throttle.leave(key, False if outcome.check(error.UnauthorizedLogin) else None)
            return outcome

        return self.throttle.enter(key).addCallback(check)
