"""Portals: from credentials, by way of a checker and a realm, to an avatar."""

from __future__ import annotations

import asyncio

import pytest
from zope.interface import Interface, implementer
from zope.interface.verify import verifyObject

from reactorio.cred import checkers, credentials, error, portal
from reactorio.cred.checkers import ANONYMOUS, ICredentialsChecker
from reactorio.cred.credentials import IAnonymous, IUsernamePassword, UsernamePassword
from reactorio.internet.defer import CancelledError, Deferred, succeed


class IMailbox(Interface):
    """What the avatars of these tests provide."""


class Realm:
    """Its avatars are their ids, so that a test can see who has come in."""

    def requestAvatar(self, avatarId, mind, *interfaces):
        return interfaces[0], (avatarId, mind), lambda: None


def result_of(deferred):
    results = []
    deferred.addBoth(results.append)
    assert results, "it has not fired"
    return results[0]


def error_of(deferred):
    failure = result_of(deferred)
    return failure.type.__name__, str(failure.value)


def test_who_has_the_password_gets_the_avatar(tw):
    door = tw("cred.portal").Portal(Realm())
    door.registerChecker(tw("cred.checkers").InMemoryUsernamePasswordDatabaseDontUse(bob=b"secret"))
    offered = tw("cred.credentials").UsernamePassword(b"bob", b"secret")
    interface, avatar, logout = result_of(door.login(offered, "mind", IMailbox))
    assert (interface, avatar, logout()) == (IMailbox, (b"bob", "mind"), None)


@pytest.mark.parametrize("offered", [(b"bob", b"wrong"), (b"alice", b"secret"), ("bob", b"secret"), (b"bob", "secret")])
def test_wrong_names_and_wrong_passwords_are_told_alike(tw, offered):
    door = tw("cred.portal").Portal(Realm())
    door.registerChecker(tw("cred.checkers").InMemoryUsernamePasswordDatabaseDontUse(bob=b"secret"))
    login = door.login(tw("cred.credentials").UsernamePassword(*offered), None, IMailbox)
    assert error_of(login) == ("UnauthorizedLogin", "")


def test_credentials_that_nobody_checks_are_refused_by_their_kind(tw):
    door = tw("cred.portal").Portal(Realm(), [tw("cred.checkers").AllowAnonymousAccess()])
    kind, text = error_of(door.login(tw("cred.credentials").UsernamePassword(b"bob", b"x"), None, IMailbox))
    assert kind == "UnhandledCredentials"
    assert text.endswith("cred.credentials.IUsernamePassword")
    assert text.startswith("No checker for ")


def test_the_last_checker_of_a_kind_counts(tw):
    first, last = (tw("cred.checkers").InMemoryUsernamePasswordDatabaseDontUse(bob=word) for word in (b"one", b"two"))
    door = tw("cred.portal").Portal(Realm(), [first, last])
    names = tw("cred.credentials")
    assert error_of(door.login(names.UsernamePassword(b"bob", b"one"), None, IMailbox))[0] == "UnauthorizedLogin"
    assert result_of(door.login(names.UsernamePassword(b"bob", b"two"), None, IMailbox))[1] == (b"bob", None)


def test_a_checker_can_be_registered_for_some_of_its_kinds(tw):
    names = tw("cred.credentials")
    door = tw("cred.portal").Portal(Realm())
    door.registerChecker(tw("cred.checkers").InMemoryUsernamePasswordDatabaseDontUse(), names.IUsernamePassword)
    assert door.listCredentialsInterfaces() == [names.IUsernamePassword]


def test_anybody_is_anonymous_where_that_is_allowed(tw):
    door = tw("cred.portal").Portal(Realm(), [tw("cred.checkers").AllowAnonymousAccess()])
    _, (avatar_id, _), _ = result_of(door.login(tw("cred.credentials").Anonymous(), None, IMailbox))
    assert avatar_id == ()
    assert avatar_id is tw("cred.checkers").ANONYMOUS


def test_credentials_may_take_their_time_to_compare(tw):
    class Slow:
        username = b"bob"

        def checkPassword(self, password):
            return tw("internet.defer").succeed(password == b"secret")

    checker = tw("cred.checkers").InMemoryUsernamePasswordDatabaseDontUse(bob=b"secret")
    assert result_of(checker.requestAvatarId(Slow())) == b"bob"


def test_credentials_that_break_are_an_error_for_names_that_exist(tw):
    class Broken:
        username = b"bob"

        def checkPassword(self, password):
            raise ZeroDivisionError

    checker = tw("cred.checkers").InMemoryUsernamePasswordDatabaseDontUse(bob=b"secret")
    assert error_of(checker.requestAvatarId(Broken()))[0] == "ZeroDivisionError"


def test_every_checker_is_one(tw):
    names = tw("cred.checkers")
    for checker in (names.AllowAnonymousAccess(), names.FilePasswordDB("x")):
        assert verifyObject(names.ICredentialsChecker, checker)
    assert names.OnDiskUsernamePasswordDatabase is names.FilePasswordDB


# -- What ours do


def plain(value):
    return value


async def coroutine(value):
    await asyncio.sleep(0)
    return value


def future(value):
    made = asyncio.get_running_loop().create_future()
    made.get_loop().call_soon(made.set_result, value)
    return made


KINDS = pytest.mark.parametrize("kind", [plain, succeed, coroutine, future])


@KINDS
def test_a_checker_may_return_its_result_in_any_way(run, kind):
    @implementer(ICredentialsChecker)
    class Checker:
        credentialInterfaces = (IUsernamePassword,)

        def requestAvatarId(self, offered):
            return kind(offered.username)

    async def main():
        return await portal.Portal(Realm(), [Checker()]).login(UsernamePassword(b"bob", b"x"), None, IMailbox)

    assert run(main())[1] == (b"bob", None)


@KINDS
def test_a_realm_may_return_its_result_in_any_way(run, kind):
    class Waiting(Realm):
        def requestAvatar(self, *arguments):
            return kind(super().requestAvatar(*arguments))

    async def main():
        door = portal.Portal(Waiting(), [checkers.AllowAnonymousAccess()])
        return await door.login(credentials.Anonymous(), None, IMailbox)

    assert run(main())[1] == (ANONYMOUS, None)


def test_what_a_coroutine_raises_is_the_outcome(run):
    class Strict(Realm):
        async def requestAvatar(self, *arguments):
            raise error.LoginDenied("over quota")

    async def main():
        door = portal.Portal(Strict(), [checkers.AllowAnonymousAccess()])
        with pytest.raises(error.LoginDenied, match="over quota"):
            await door.login(credentials.Anonymous(), None, IMailbox)

    run(main())


def test_a_cancelled_login_cancels_the_checker():
    cancelled = []

    class Checker:
        credentialInterfaces = (IAnonymous,)

        def requestAvatarId(self, offered):
            return Deferred(cancelled.append)

    login = portal.Portal(Realm(), [Checker()]).login(credentials.Anonymous(), None, IMailbox)
    login.cancel()
    assert result_of(login).check(CancelledError)
    assert len(cancelled) == 1


def test_an_unknown_name_is_checked_as_a_known_one_is():
    checked = []

    class Offered:
        username = b"nobody"

        def checkPassword(self, password):
            checked.append(password)
            return True

    checker = checkers.InMemoryUsernamePasswordDatabaseDontUse(bob=b"secret")
    assert result_of(checker.requestAvatarId(Offered())).check(error.UnauthorizedLogin)
    assert len(checked) == 1
    assert checked[0] != b"secret"


def test_the_errors_are_one_tree(tw):
    names = tw("cred.error")
    assert issubclass(names.UnauthorizedLogin, (names.LoginFailed, names.Unauthorized))
    assert issubclass(names.LoginDenied, names.LoginFailed)
    assert issubclass(names.UnhandledCredentials, names.LoginFailed)
    assert not issubclass(names.UnhandledCredentials, names.Unauthorized)


def test_too_many_attempts_are_to_old_protocols_a_wrong_password():
    refused = error.TooManyAttempts(12.3)
    assert isinstance(refused, error.UnauthorizedLogin)
    assert isinstance(refused, error.LoginDenied)
    assert refused.retry_after == 12.3
    assert str(refused) == "too many attempts; the next one counts in 12 seconds"
