"""Passwords in a file, in clear or hashed by a function of the application."""

from __future__ import annotations

import os
import pickle

import pytest

from reactorio.cred import error
from reactorio.cred.checkers import FilePasswordDB
from reactorio.cred.credentials import APOPCredentials, UsernamePassword


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "passwords"
    path.write_bytes(b"alice:one\n\nbroken\nBob:two\r\ncarl:three:more\ncarl:other\n")
    return path


def result_of(deferred):
    results = []
    deferred.addBoth(results.append)
    assert results, "it has not fired"
    return results[0]


def outcome(checker, name, password):
    result = result_of(checker.requestAvatarId(UsernamePassword(name, password)))
    return result.type if hasattr(result, "type") else result


def test_a_line_is_a_user(tw, path):
    checker = tw("cred.checkers").FilePasswordDB(path)
    assert [checker.getUser(name) for name in (b"alice", b"Bob", b"carl")] == [
        (b"alice", b"one"),
        (b"Bob", b"two"),
        (b"carl", b"three"),
    ]
    for name in (b"bob", b"broken", b"nobody", "alice"):
        with pytest.raises(KeyError):
            checker.getUser(name)


def test_names_and_passwords_may_be_text_in_credentials_that_say_how_to_compare(path):
    class Text(UsernamePassword):
        def checkPassword(self, password):
            return password == self.password.encode()

    assert result_of(FilePasswordDB(path).requestAvatarId(Text("alice", "one"))) == b"alice"
    assert outcome(FilePasswordDB(path), "alice", "two") is error.UnauthorizedLogin


def test_a_hash_gets_text_as_bytes(path):
    seen = []

    def hash(name, password, stored):
        seen.append((name, password))
        return password

    checker = FilePasswordDB(path, hash=hash)
    assert outcome(checker, "alice", "one") == b"alice"
    assert outcome(checker, "nobody", "\xe9") is error.UnauthorizedLogin
    assert seen == [(b"alice", b"one"), (b"nobody", b"\xc3\xa9")]


def test_names_may_be_in_upper_or_lower_case(tw, path):
    checker = tw("cred.checkers").FilePasswordDB(path, caseSensitive=False)
    assert checker.getUser(b"BOB") == (b"bob", b"two")


def test_the_fields_may_be_anywhere(tw, path):
    path.write_bytes(b"x one y alice\ntoo short\n")
    checker = tw("cred.checkers").FilePasswordDB(path, delim=b" ", usernameField=3, passwordField=1)
    assert checker.getUser(b"alice") == (b"alice", b"one")


def test_hashes_are_the_applications_affair(tw, path):
    calls = []

    def hashed(*arguments):
        calls.append(arguments)
        return arguments[1][::-1]

    names = tw("cred.credentials")
    checker = tw("cred.checkers").FilePasswordDB(path, hash=hashed)
    assert result_of(checker.requestAvatarId(names.UsernamePassword(b"alice", b"eno"))) == b"alice"
    assert calls == [(b"alice", b"eno", b"one")]
    assert result_of(checker.requestAvatarId(names.UsernamePassword(b"alice", b"one"))).check(Exception)
    assert checker.credentialInterfaces == (names.IUsernamePassword,)


def test_a_cache_is_as_good_as_the_file(tw, path):
    checker = tw("cred.checkers").FilePasswordDB(path, cache=True)
    assert checker.getUser(b"alice") == (b"alice", b"one")
    path.write_bytes(b"alice:new\n")
    os.utime(path, (2**31, 2**31))
    assert checker.getUser(b"alice") == (b"alice", b"new")
    with pytest.raises(KeyError):
        checker.getUser(b"Bob")


# -- What ours do


def test_the_password_decides(path):
    checker = FilePasswordDB(path)
    assert outcome(checker, b"alice", b"one") == b"alice"
    assert outcome(checker, b"alice", b"two") is error.UnauthorizedLogin
    assert outcome(checker, b"nobody", b"one") is error.UnauthorizedLogin


def test_digests_can_be_checked_with_passwords_in_clear_alone(path):
    offered = APOPCredentials(b"<1@here>", b"alice", b"")
    offered.digest = b"0" * 32
    assert result_of(FilePasswordDB(path).requestAvatarId(offered)).check(error.UnauthorizedLogin)
    hashed = FilePasswordDB(path, hash=lambda name, password, stored: stored)
    assert result_of(hashed.requestAvatarId(offered)).check(error.UnauthorizedLogin)


@pytest.mark.parametrize("cache", [False, True])
def test_the_first_line_of_a_user_counts(path, cache):
    assert FilePasswordDB(path, cache=cache).getUser(b"carl") == (b"carl", b"three")


@pytest.mark.parametrize("cache", [False, True])
def test_without_the_file_nobody_gets_in_and_the_log_says_why(tmp_path, cache, logged_errors):
    checker = FilePasswordDB(tmp_path / "none", cache=cache)
    assert outcome(checker, b"alice", b"one") is error.UnauthorizedLogin
    (event,) = logged_errors
    assert event["log_namespace"] == "reactorio.cred.checkers.FilePasswordDB"
    assert "FileNotFoundError" in event["log_format"].format(**event)
    logged_errors.clear()


def test_a_hash_is_computed_for_unknown_names_too(path):
    calls = []
    checker = FilePasswordDB(path, hash=lambda *arguments: calls.append(arguments) or arguments[2])
    assert outcome(checker, b"nobody", b"one") is error.UnauthorizedLogin
    assert [arguments[:2] for arguments in calls] == [(b"nobody", b"one")]


def test_a_hash_that_breaks_is_the_outcome(path):
    def broken(*arguments):
        raise ZeroDivisionError

    assert outcome(FilePasswordDB(path, hash=broken), b"alice", b"one") is ZeroDivisionError


def test_a_hash_may_be_a_coroutine(path, run):
    async def hashed(name, password, stored):
        return password

    async def main():
        return await FilePasswordDB(path, hash=hashed).requestAvatarId(UsernamePassword(b"alice", b"one"))

    assert run(main()) == b"alice"


def test_a_pickle_has_no_passwords(path):
    checker = FilePasswordDB(path, cache=True)
    checker.getUser(b"alice")
    pickled = pickle.dumps(checker)
    assert b"one" not in pickled
    assert pickle.loads(pickled).getUser(b"alice") == (b"alice", b"one")
