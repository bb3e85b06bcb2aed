"""The limit on guessing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, sampled_from, tuples

from reactorio.cred import error
from reactorio.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from reactorio.cred.credentials import Anonymous, IUsernamePassword, UsernamePassword
from reactorio.cred.throttling import Throttle, ThrottledChecker, by_name, by_name_and_peer
from reactorio.internet.address import IPv4Address
from reactorio.internet.defer import Deferred
from reactorio.internet.task import Clock


@pytest.fixture
def clock():
    return Clock()


def guarded(clock, **options):
    checker = InMemoryUsernamePasswordDatabaseDontUse(alice=b"one", bob=b"two")
    return ThrottledChecker(checker, Throttle(clock=clock.seconds, **options))


def outcome(checker, name, password):
    results = []
    checker.requestAvatarId(UsernamePassword(name, password)).addBoth(results.append)
    (result,) = results
    return result.value if hasattr(result, "value") else result


def test_some_failures_are_free_and_then_the_right_password_has_to_wait_too(clock):
    checker = guarded(clock, free=3, first=10)
    for _ in range(3):
        assert type(outcome(checker, b"alice", b"x")) is error.UnauthorizedLogin
    refused = outcome(checker, b"alice", b"one")
    assert type(refused) is error.TooManyAttempts
    assert refused.retry_after == 10
    clock.advance(10)
    assert outcome(checker, b"alice", b"one") == b"alice"


def test_each_failure_doubles_the_wait_up_to_the_longest(clock):
    checker = guarded(clock, free=1, first=1, longest=5)
    waits = []
    for _ in range(5):
        assert type(outcome(checker, b"alice", b"x")) is error.UnauthorizedLogin
        waits.append(outcome(checker, b"alice", b"x").retry_after)
        clock.advance(waits[-1])
    assert waits == [1, 2, 4, 5, 5]


def test_a_success_forgets_the_failures(clock):
    checker = guarded(clock, free=2)
    for _ in range(5):
        outcome(checker, b"alice", b"x")
        assert outcome(checker, b"alice", b"one") == b"alice"
    assert len(checker.throttle) == 0


def test_time_forgets_the_failures(clock):
    checker = guarded(clock, free=2, forget=100)
    outcome(checker, b"alice", b"x")
    clock.advance(101)
    outcome(checker, b"alice", b"x")
    assert outcome(checker, b"alice", b"one") == b"alice"


def test_one_users_failures_are_not_anothers(clock):
    checker = guarded(clock, free=1)
    outcome(checker, b"alice", b"x")
    assert type(outcome(checker, b"alice", b"one")) is error.TooManyAttempts
    assert outcome(checker, b"bob", b"two") == b"bob"


def test_unknown_names_wait_as_known_ones_do(clock):
    checker = guarded(clock, free=1)
    assert type(outcome(checker, b"nobody", b"x")) is error.UnauthorizedLogin
    assert type(outcome(checker, b"nobody", b"x")) is error.TooManyAttempts
    assert type(outcome(checker, b"NOBODY", b"x")) is error.TooManyAttempts


def test_who_has_no_name_is_not_limited(clock):
    checker = ThrottledChecker(AllowAnonymousAccess(), Throttle(free=1, clock=clock.seconds))
    for _ in range(3):
        results = []
        checker.requestAvatarId(Anonymous()).addCallback(results.append)
        assert results == [()]


def test_the_key_may_have_the_host_in_it():
    here, there, nowhere = (UsernamePassword(b"Alice", b"x") for _ in range(3))
    here.peer, there.peer = (IPv4Address("TCP", host, 1234) for host in ("192.0.2.1", "192.0.2.2"))
    assert len({by_name_and_peer(one) for one in (here, there, nowhere)}) == 3
    assert by_name(here) == by_name(there) == by_name(UsernamePassword("alice", "y"))
    assert by_name(Anonymous()) is by_name_and_peer(Anonymous()) is None


def test_the_memory_is_bounded(clock):
    checker = guarded(clock, free=1, most=3)
    for number in range(100):
        outcome(checker, b"%d" % number, b"x")
        assert len(checker.throttle) <= 3
    assert type(outcome(checker, b"99", b"x")) is error.TooManyAttempts
    assert type(outcome(checker, b"0", b"x")) is error.UnauthorizedLogin


class Slow:
    """A checker whose outcomes the test decides on."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self) -> None:
        self.asked: list[Deferred] = []

    def requestAvatarId(self, offered):
        self.asked.append(Deferred())
        return self.asked[-1]


def test_guesses_at_the_same_time_are_no_more_than_those_one_after_the_other(clock):
    slow = Slow()
    checker = ThrottledChecker(slow, Throttle(free=2, clock=clock.seconds))
    results = []
    for _ in range(10):
        checker.requestAvatarId(UsernamePassword(b"alice", b"x")).addBoth(lambda end: results.append(end.type))
    assert len(slow.asked) == 2
    while slow.asked:
        slow.asked.pop(0).errback(error.UnauthorizedLogin())
    assert results.count(error.UnauthorizedLogin) == 2
    assert results.count(error.TooManyAttempts) == 8


def test_many_logins_at_the_same_time_with_the_right_password_all_succeed(clock):
    slow = Slow()
    checker = ThrottledChecker(slow, Throttle(free=2, clock=clock.seconds))
    results = []
    for _ in range(10):
        checker.requestAvatarId(UsernamePassword(b"alice", b"one")).addCallback(results.append)
    while slow.asked:
        slow.asked.pop(0).callback(b"alice")
    assert results == [b"alice"] * 10
    assert len(checker.throttle) == 0


def test_a_login_that_waits_can_be_cancelled(clock):
    slow = Slow()
    checker = ThrottledChecker(slow, Throttle(free=1, clock=clock.seconds))
    results = []
    logins = [checker.requestAvatarId(UsernamePassword(b"alice", b"one")).addBoth(results.append) for _ in range(3)]
    logins[1].cancel()
    assert results[0].check("reactorio.internet.defer.CancelledError")
    # Whoever goes on may cancel those that wait next to it.
    logins[0].addCallback(lambda _: logins[2].cancel())
    slow.asked[0].callback(b"alice")
    for asked in slow.asked[1:]:
        assert asked.called
    assert len(checker.throttle) == 0


def test_a_checker_that_breaks_is_nobodys_failure(clock):
    slow = Slow()
    checker = ThrottledChecker(slow, Throttle(free=1, clock=clock.seconds))
    for _ in range(5):
        results = []
        checker.requestAvatarId(UsernamePassword(b"alice", b"one")).addErrback(results.append)
        slow.asked.pop().errback(ConnectionError("no directory"))
        assert results[0].check(ConnectionError)
    assert len(checker.throttle) == 0


@pytest.mark.parametrize("options", [{"free": 0}, {"first": 0}, {"longest": 0.5}, {"most": 0}])
def test_a_limit_that_is_none_is_refused(options):
    with pytest.raises(ValueError, match="a throttle needs"):
        Throttle(**options)


@given(lists(tuples(sampled_from("abc"), sampled_from([True, False, None]), integers(0, 10))))
def test_nobody_has_more_guesses_than_free_ones_and_one_a_wait(steps):
    clock = Clock()
    throttle = Throttle(free=2, first=4, longest=4, forget=1000, most=3, clock=clock.seconds)
    failures = dict.fromkeys("abc", 0)
    last = dict.fromkeys("abc", -1000.0)
    for key, result, pause in steps:
        granted = []
        throttle.enter(key).addCallbacks(granted.append, lambda failure: failure.trap(error.TooManyAttempts))
        assert bool(granted) is (failures[key] < 2 or clock.seconds() - last[key] >= 4)
        if granted:
            throttle.leave(key, result)
            if result is True:
                failures[key] = 0
            elif result is False:
                failures[key] += 1
                last[key] = clock.seconds()
        clock.advance(pause)
    assert len(throttle) == sum(count > 0 for count in failures.values())
