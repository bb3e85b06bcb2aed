"""Files of hashed passwords: how they are read, checked, and written."""

from __future__ import annotations

import io
import os
import stat
import threading

import pytest
from hypothesis import given
from hypothesis.strategies import binary

from reactorio.cred import error, passwd
from reactorio.cred.credentials import UsernamePassword
from reactorio.cred.hashedfile import HashedPasswordFile, MalformedPasswordFile, parse
from reactorio.internet.defer import CancelledError, gatherResults

from .scrypts import cheap


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "passwords"
    path.write_bytes(b"# users\n\nalice:%s\nbob:%s\n" % (cheap(b"one"), cheap(b"two")))
    return path


async def outcome(checker, name, password):
    try:
        return await checker.requestAvatarId(UsernamePassword(name, password))
    except error.UnauthorizedLogin as refused:
        return type(refused)


def test_the_right_password_is_let_in(run, path):
    async def main():
        checker = HashedPasswordFile(path)
        assert await outcome(checker, b"alice", b"one") == b"alice"
        assert await outcome(checker, "bob", "two") == b"bob"
        for name, password in ((b"alice", b"two"), (b"nobody", b"one"), (b"# users", b"one"), (b"ALICE", b"one")):
            assert await outcome(checker, name, password) is error.UnauthorizedLogin

    run(main())


@pytest.mark.parametrize(
    ("name", "password"), [(b"", b"x"), (b"alice", b""), (b"alice", b"x" * 4097), (b"x" * 1025, b"x")]
)
def test_what_can_be_no_password_is_refused_without_a_look(path, name, password, monkeypatch):
    monkeypatch.setattr(HashedPasswordFile, "check", lambda *arguments: pytest.fail("it was looked at"))
    refused = []
    HashedPasswordFile(path).requestAvatarId(UsernamePassword(name, password)).addErrback(refused.append)
    assert refused[0].check(error.UnauthorizedLogin)


def test_hashes_are_computed_in_threads_and_a_few_at_once(run, path):
    lock, working, most, threads = threading.Lock(), 0, 0, set()

    class Watched(HashedPasswordFile):
        def check(self, name, password):
            nonlocal working, most
            with lock:
                working += 1
                most = max(most, working)
                threads.add(threading.current_thread())
            try:
                return super().check(name, password)
            finally:
                with lock:
                    working -= 1

    async def main():
        checker = Watched(path, at_once=2)
        offered = [UsernamePassword(b"alice", b"one") for _ in range(20)]
        assert await gatherResults([checker.requestAvatarId(one) for one in offered]) == [b"alice"] * 20

    run(main())
    assert 1 <= most <= 2
    assert threading.current_thread() not in threads


def test_a_cancelled_login_keeps_its_turn_until_its_thread_has_ended(run, path):
    go_on, begun = threading.Event(), threading.Event()

    class Held(HashedPasswordFile):
        def check(self, name, password):
            begun.set()
            go_on.wait(20)
            return super().check(name, password)

    async def main():
        checker = Held(path, at_once=1)
        first = checker.requestAvatarId(UsernamePassword(b"alice", b"one"))
        second = checker.requestAvatarId(UsernamePassword(b"bob", b"two"))
        begun.wait(20)
        first.cancel()
        with pytest.raises(CancelledError):
            await first
        assert not second.called
        go_on.set()
        assert await second == b"bob"

    run(main())


def test_a_turn_is_not_lost_when_there_are_no_threads(path):
    class NoThreads:
        def getThreadPool(self):
            raise RuntimeError("no threads")

    checker, ends = HashedPasswordFile(path, reactor=NoThreads(), at_once=1), []
    for _ in range(2):
        checker.requestAvatarId(UsernamePassword(b"alice", b"one")).addErrback(ends.append)
    assert [end.getErrorMessage() for end in ends] == ["no threads"] * 2


def test_a_file_that_has_changed_is_read_again(run, path):
    async def main():
        checker = HashedPasswordFile(path)
        assert await outcome(checker, b"carl", b"three") is error.UnauthorizedLogin
        passwd._replace(path, b"carl:%s\n" % cheap(b"three"))
        assert await outcome(checker, b"carl", b"three") == b"carl"
        assert await outcome(checker, b"alice", b"one") is error.UnauthorizedLogin

    run(main())


def test_a_file_that_has_become_nonsense_changes_nothing_but_the_log(run, path, logged_errors):
    async def main():
        checker = HashedPasswordFile(path)
        assert await outcome(checker, b"alice", b"one") == b"alice"
        path.write_bytes(b"alice:secret in clear\n")
        assert await outcome(checker, b"alice", b"one") == b"alice"
        assert await outcome(checker, b"bob", b"two") == b"bob"

    run(main())
    (event,) = logged_errors
    logged_errors.clear()
    text = event["log_format"].format(**event)
    assert text.endswith("the users before the change stay: line 1 has no hash of a known kind")
    assert "secret" not in text


def test_a_file_that_is_not_there_is_no_wrong_password(run, tmp_path):
    async def main():
        with pytest.raises(FileNotFoundError):
            await outcome(HashedPasswordFile(tmp_path / "none"), b"alice", b"one")
        (tmp_path / "bad").write_bytes(b"nonsense\n")
        with pytest.raises(MalformedPasswordFile, match="line 1"):
            await outcome(HashedPasswordFile(tmp_path / "bad"), b"alice", b"one")

    run(main())


def test_nobody_is_in_an_empty_file(run, tmp_path, monkeypatch):
    computed = []
    monkeypatch.setattr("reactorio.cred.hashes.verify_password", lambda *arguments: computed.append(arguments))
    (tmp_path / "empty").touch()

    async def main():
        assert await outcome(HashedPasswordFile(tmp_path / "empty"), b"alice", b"one") is error.UnauthorizedLogin

    run(main())
    assert len(computed) == 1


def test_an_unknown_name_costs_a_hash(run, path, monkeypatch):
    computed = []
    monkeypatch.setattr("reactorio.cred.hashes.verify_password", lambda *arguments: computed.append(arguments) or True)

    async def main():
        assert await outcome(HashedPasswordFile(path), b"nobody", b"one") is error.UnauthorizedLogin

    run(main())
    assert computed == [(b"one", cheap(b"one"))]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"alice\n", "line 1 has no hash"),
        (b"\n\nalice:plain\n", "line 3 has no hash"),
        (b":%s\n" % cheap(b"x"), "line 1 has no name"),
        (b"a:%s\na:%s\n" % (cheap(b"x"), cheap(b"y")), "line 2 has no name, or one that there was before"),
        (b"a:$scrypt$" + b"x" * 2048, "line 1 is too long"),
    ],
)
def test_the_line_that_is_no_user_is_named(content, complaint):
    with pytest.raises(MalformedPasswordFile, match=complaint):
        parse(content)


@given(binary(max_size=200))
def test_any_bytes_are_a_file_or_malformed(content):
    try:
        users = parse(content)
    except MalformedPasswordFile:
        return
    assert all(name and b":" not in name for name in users)


# -- python -m reactorio.cred.passwd


@pytest.fixture
def cheap_hashes(monkeypatch):
    monkeypatch.setattr("reactorio.cred.hashes.hash_password", lambda password, scheme: cheap(password))


def type_in(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_a_user_is_added_and_changed_and_removed(tmp_path, monkeypatch, cheap_hashes, capsys):
    path = tmp_path / "passwords"
    for name, text in (("alice", b"one\n"), ("bob", b"two"), ("alice", b"three\r\n")):
        type_in(monkeypatch, text)
        assert passwd.main([str(path), name]) == 0
    assert path.read_bytes() == b"alice:%s\nbob:%s\n" % (cheap(b"three"), cheap(b"two"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert passwd.main([str(path), "alice", "--remove"]) == 0
    assert path.read_bytes() == b"bob:%s\n" % cheap(b"two")
    assert passwd.main([str(path), "alice", "--remove"]) == 1
    assert capsys.readouterr().err == f"passwd: {path} has no user alice\n"


def test_the_rest_of_the_file_stays_as_it_is(path, cheap_hashes):
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    path.chmod(0o640)
    passwd.set_password(path, b"carl", b"three")
    assert path.read_bytes().splitlines()[:2] == [b"# users", b""]
    assert parse(path.read_bytes()).keys() == {b"alice", b"bob", b"carl"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("name", ["", "a:b", "#a", "a\nb", " a", "a ", "x" * 1025])
def test_a_name_that_cannot_stand_in_the_file_is_refused(path, monkeypatch, name, capsys):
    before = path.read_bytes()
    type_in(monkeypatch, b"secret\n")
    assert passwd.main([str(path), name]) == 1
    assert capsys.readouterr().err.startswith("passwd: a name has no colon")
    assert path.read_bytes() == before


def test_a_file_that_is_something_else_is_not_touched(tmp_path, monkeypatch, capsys):
    path = tmp_path / "letter"
    path.write_bytes(b"Dear Alice,\n")
    type_in(monkeypatch, b"secret\n")
    assert passwd.main([str(path), "alice"]) == 1
    assert capsys.readouterr().err == "passwd: line 1 has no hash of a known kind\n"
    assert path.read_bytes() == b"Dear Alice,\n"


def test_two_passwords_that_differ_are_refused(path, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    typed = iter(["one", "two"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt="": next(typed))
    assert passwd.main([str(path), "alice"]) == 1
    assert capsys.readouterr().err == "passwd: the two are not the same\n"


def test_a_link_stays_a_link(path, tmp_path, cheap_hashes):
    (tmp_path / "link").symlink_to(path)
    passwd.set_password(tmp_path / "link", b"carl", b"three")
    assert (tmp_path / "link").is_symlink()
    assert b"carl" in parse(path.read_bytes())
