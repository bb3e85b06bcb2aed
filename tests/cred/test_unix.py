"""The system's users: whose hash fits, and who may not log in at all."""

from __future__ import annotations

import os
import pwd
import time

import pytest

from reactorio.cred import _crypt, _shadow, error, strcred
from reactorio.cred.credentials import UsernamePassword
from reactorio.plugins import cred_unix

pytestmark = pytest.mark.skipif(not _crypt.is_available(), reason="this system has no crypt_r")

SHA512 = b"$6$saltsalt$" + b"x" * 86
DAY = 24 * 60 * 60


def hashed(password: bytes, setting: bytes = b"$6$rounds=1000$saltsalt$") -> bytes:
    made = _crypt.crypt(password, setting)
    assert made is not None
    return made


def test_crypt_hashes_as_openssl_does():
    """By ``openssl passwd -5 -salt saltstring "Hello world!"``, and ``-6``."""
    for setting, rest in (
        (b"$5$saltstring", b"$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
        (
            b"$6$saltstring",
            b"$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
    ):
        assert _crypt.crypt(b"Hello world!", setting) == setting + rest
        assert _crypt.matches(setting + rest, b"Hello world!")
        assert not _crypt.matches(setting + rest, b"Hello world")


@pytest.mark.parametrize("stored", [b"", b"x", b"*", b"!", b"*0", b"*1", b"!" + SHA512, b"$9$unknown$", b"$6$a\0b$"])
def test_what_is_no_hash_fits_no_password(stored):
    for password in (b"", b"x", b"*", b"*0", stored):
        assert not _crypt.matches(stored, password)


def test_a_password_does_not_end_at_a_nul():
    assert not _crypt.matches(hashed(b"secret"), b"secret\0more")


@pytest.mark.parametrize("kind", [bytes, bytes.decode])
def test_verifycryptedpassword_takes_bytes_and_text(kind):
    stored = hashed("geheim äöü".encode())
    assert cred_unix.verifyCryptedPassword(kind(stored), "geheim äöü")
    assert cred_unix.verifyCryptedPassword(kind(stored), "geheim äöü".encode())
    assert not cred_unix.verifyCryptedPassword(kind(stored), "geheim")
    assert not cred_unix.verifyCryptedPassword(kind(stored + b"x"), "geheim äöü")


@pytest.fixture
def users(tmp_path, monkeypatch):
    """Put users into the places of pwd and shadow: each has a hash, and the day when the account ends."""

    def put(**users):
        entries = {name: pwd.struct_passwd((name, "x", 1, 1, "", "/", "/bin/sh")) for name in users}
        lines = [f"{name}:{stored.decode()}:1:0:99999:7::{ends}:\n" for name, (stored, ends) in users.items()]
        (tmp_path / "shadow").write_text("".join(lines))
        monkeypatch.setattr(pwd, "getpwnam", entries.__getitem__)
        monkeypatch.setattr(_shadow, "_PATH", str(tmp_path / "shadow"))
        monkeypatch.setattr(_shadow, "_spwd", None)

    return put


def outcomes(run, *offered):
    async def main():
        checker = strcred.makeChecker("unix")
        ends = []
        for name, password in offered:
            try:
                ends.append(await checker.requestAvatarId(UsernamePassword(name, password)))
            except error.UnauthorizedLogin:
                ends.append(None)
        return ends

    return run(main())


def test_whose_hash_fits_is_let_in_by_name(run, users):
    users(alice=(hashed(b"one"), ""), bob=(hashed(b"two", b"$5$rounds=1000$salt$"), ""))
    assert outcomes(
        run,
        (b"alice", b"one"),
        ("bob", "two"),
        (b"alice", b"two"),
        (b"nobody", b"one"),
        (b"\xff", b"one"),
        (b"a:b", b"x"),
    ) == ["alice", "bob", None, None, None, None]


def test_locked_and_expired_accounts_and_those_without_a_password_stay_out(run, users):
    today = int(time.time()) // DAY
    good = hashed(b"one")
    users(
        locked=(b"!" + good, ""),
        empty=(b"", ""),
        star=(b"*", ""),
        expired=(good, today - 1),
        expires=(good, today + 2),
    )
    assert outcomes(
        run, *((name, b"one") for name in (b"locked", b"empty", b"star", b"expired", b"expires")), (b"empty", b"")
    ) == [None, None, None, None, "expires", None]


def test_an_unknown_name_costs_a_hash(run, users, monkeypatch):
    users(alice=(hashed(b"one"), ""))
    computed = []
    monkeypatch.setattr(_crypt, "matches", lambda stored, password: computed.append(stored) or True)
    assert outcomes(run, (b"alice", b"one"), (b"nobody", b"one")) == ["alice", None]
    assert computed == [hashed(b"one")] * 2


def test_a_shadow_that_may_not_be_read_is_no_wrong_password(run, users, monkeypatch, tmp_path):
    users(alice=(hashed(b"one"), ""))
    monkeypatch.setattr(_shadow, "_PATH", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        outcomes(run, (b"alice", b"one"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may read the real one")
def test_the_real_database_is_asked(run):
    assert outcomes(run, (b"root", b"surely not this one"), (b"no such user here", b"x")) == [None, None]
