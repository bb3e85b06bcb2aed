"""A line for every attempt, and never the secret."""

from __future__ import annotations

import io

import pytest

from reactorio.cred import error
from reactorio.cred.audit import AuditedChecker
from reactorio.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from reactorio.cred.credentials import Anonymous, CramMD5Credentials, IUsernamePassword, UsernamePassword
from reactorio.internet.address import IPv4Address, UNIXAddress
from reactorio.internet.defer import CancelledError, Deferred
from reactorio.internet.task import Clock
from reactorio.logger import Logger, LogLevel, formatEvent, jsonFileLogObserver

SECRET = b"hunter2"


@pytest.fixture
def events():
    return []


@pytest.fixture
def log(events):
    return Logger("cred", observer=events.append)


class Fails:
    """A checker that ends in a given way."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, problem: BaseException) -> None:
        self.problem = problem

    async def requestAvatarId(self, offered):
        raise self.problem


def ask(checker, offered):
    checker.requestAvatarId(offered).addErrback(lambda failure: None)


def test_a_login_is_one_line(log, events):
    offered = UsernamePassword(b"alice", SECRET)
    offered.peer = IPv4Address("TCP", "192.0.2.1", 1234)
    ask(AuditedChecker(InMemoryUsernamePasswordDatabaseDontUse(alice=SECRET), log=log), offered)
    (event,) = events
    assert formatEvent(event) == "Login accepted: 'alice' by IUsernamePassword from 192.0.2.1:1234"
    assert event["log_level"] is LogLevel.info


@pytest.mark.parametrize(
    ("problem", "outcome", "level"),
    [
        (error.UnauthorizedLogin("by " + SECRET.decode()), "refused", LogLevel.warn),
        (error.UnhandledCredentials(), "refused", LogLevel.warn),
        (error.TooManyAttempts(5), "denied", LogLevel.warn),
        (error.LoginDenied("closed"), "denied", LogLevel.warn),
        (ConnectionError(f"while binding with {SECRET.decode()}"), "failed", LogLevel.error),
        (CancelledError(), "cancelled", LogLevel.warn),
    ],
)
def test_every_end_has_its_word_and_its_level(log, events, problem, outcome, level):
    ask(AuditedChecker(Fails(problem), log=log), UsernamePassword("alice", SECRET))
    (event,) = events
    assert formatEvent(event) == f"Login {outcome}: 'alice' by IUsernamePassword from -"
    assert (event["cred_outcome"], event["log_level"]) == (outcome, level)
    assert event["cred_error"] == type(problem).__name__


def test_no_field_has_the_secret_in_it(log, events):
    written = io.StringIO()
    for problem in (None, error.UnauthorizedLogin(SECRET), ConnectionError(SECRET)):
        checker = Fails(problem) if problem else InMemoryUsernamePasswordDatabaseDontUse(alice=SECRET)
        ask(AuditedChecker(checker, log=log), UsernamePassword(b"alice", SECRET))
    observer = jsonFileLogObserver(written)
    for event in events:
        observer(event)
    assert len(events) == 3
    assert SECRET.decode() not in written.getvalue()
    assert SECRET.decode() not in repr(events)


def test_names_cannot_forge_lines(log, events):
    checker = AuditedChecker(Fails(error.UnauthorizedLogin()), log=log)
    for name in (b"a\nLogin accepted: 'root'", "a\u202eb\x1b[2J{cred_kind}", b"\xff\xfe", b"x" * 1000):
        ask(checker, UsernamePassword(name, SECRET))
    texts = [formatEvent(event) for event in events]
    assert all(text.isascii() or text.count("…") == 1 for text in texts)
    assert not any("\n" in text or "\x1b" in text for text in texts)
    assert texts[0].startswith("Login refused: \"a\\nLogin accepted: 'root'\" by")
    assert "{cred_kind}" in texts[1]
    assert max(map(len, texts)) < 200


def test_nobody_in_particular_and_other_kinds_are_named(log, events):
    ask(AuditedChecker(AllowAnonymousAccess(), log=log), Anonymous())
    offered = CramMD5Credentials()
    offered.setResponse(b"alice 00")
    offered.peer = UNIXAddress(None)
    ask(AuditedChecker(InMemoryUsernamePasswordDatabaseDontUse(), log=log), offered)
    assert formatEvent(events[0]) == "Login accepted: - by IAnonymous from -"
    assert formatEvent(events[1]) == "Login refused: 'alice' by IUsernameHashedPassword from UNIXAddress(None)"


def test_a_check_that_takes_long_is_logged_at_its_end(log, events):
    clock, pending = Clock(), Deferred()

    class Slow:
        credentialInterfaces = (IUsernamePassword,)

        def requestAvatarId(self, offered):
            return pending

    ask(AuditedChecker(Slow(), log=log, clock=clock.seconds), UsernamePassword(b"alice", SECRET))
    assert events == []
    clock.advance(1.5)
    pending.callback(b"alice")
    assert events[0]["cred_seconds"] == 1.5


def test_the_outcome_is_the_checkers(log):
    results = []
    AuditedChecker(Fails(KeyError("x")), log=log).requestAvatarId(UsernamePassword(b"a", b"b")).addErrback(
        results.append
    )
    assert results[0].check(KeyError)
