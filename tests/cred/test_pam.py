"""PAM: what is asked of it, and what it says. The real one, where it is installed, only says no."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from reactorio.cred import error, strcred
from reactorio.cred.credentials import UsernamePassword
from reactorio.cred.pam import PluggableAuthenticationModulesChecker


class FakePAM(ModuleType):
    """Lets alice in, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__("pam")
        self.asked: list[tuple[str, str, str]] = []

    def pam(self):
        return self

    def authenticate(self, username, password, service):
        self.asked.append((username, password, service))
        return (username, password) == ("alice", "one")


@pytest.fixture
def fake(monkeypatch):
    fake = FakePAM()
    monkeypatch.setitem(sys.modules, "pam", fake)
    return fake


async def outcome(checker, name, password):
    try:
        return await checker.requestAvatarId(UsernamePassword(name, password))
    except error.UnauthorizedLogin:
        return None


def test_whom_pam_lets_in_is_let_in(run, fake):
    async def main():
        checker = PluggableAuthenticationModulesChecker("imap")
        offered = ((b"alice", b"one"), ("alice", "one"), (b"alice", b"two"), (b"nobody", b"one"))
        return [await outcome(checker, *one) for one in offered]

    assert run(main()) == ["alice", "alice", None, None]
    assert fake.asked[0] == ("alice", "one", "imap")


def test_what_c_would_not_see_whole_is_refused_without_asking(run, fake):
    async def main():
        checker = PluggableAuthenticationModulesChecker()
        for offered in (
            (b"alice\0", b"one"),
            (b"alice", b"one\0"),
            (b"\xff", b"one"),
            (b"alice", b"\xff"),
            (b"alice", b""),
        ):
            assert await outcome(checker, *offered) is None

    run(main())
    assert fake.asked == []


def test_the_command_line_names_the_service(run, fake):
    async def main():
        assert await outcome(strcred.makeChecker("pam:imap"), b"alice", b"one") == "alice"
        assert await outcome(strcred.makeChecker("pam"), b"alice", b"one") == "alice"

    run(main())
    assert [service for _, _, service in fake.asked] == ["imap", "login"]
    with pytest.raises(strcred.InvalidAuthArgumentString):
        strcred.makeChecker("pam:../x")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pam", None)
    with pytest.raises(ImportError, match=r"pip install 'reactorio\[pam\]'"):
        PluggableAuthenticationModulesChecker()


def test_the_real_one_refuses_who_is_nobody(run):
    pytest.importorskip("pam")

    async def main():
        return await outcome(PluggableAuthenticationModulesChecker("other"), b"nobodyhasthisname", b"x")

    assert run(main()) is None
