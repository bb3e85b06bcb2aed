"""Hashes of passwords: ours, those of other programs, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import binary, sampled_from

from reactorio.cred import hashes

SCHEMES = ["scrypt", "argon2", "bcrypt"]


def require(scheme):
    if scheme != "scrypt":
        pytest.importorskip(scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_password_fits_its_own_hash_alone(scheme):
    require(scheme)
    stored = hashes.hash_password(b"correct horse", scheme)
    assert hashes.scheme_of(stored) == scheme
    assert hashes.verify_password(b"correct horse", stored)
    assert not hashes.verify_password(b"correct hors", stored)
    assert b":" not in stored
    assert stored != hashes.hash_password(b"correct horse", scheme)


@pytest.mark.parametrize(
    ("scheme", "password", "stored"),
    [
        # From passlib's documentation.
        (
            "scrypt",
            b"password",
            b"$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        ),
        # From the tests of argon2's reference implementation.
        (
            "argon2",
            b"password",
            b"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ),
        # From the tests of OpenBSD's bcrypt, with htpasswd's prefix.
        ("bcrypt", b"U*U", b"$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ],
)
def test_hashes_of_other_programs_are_understood(scheme, password, stored):
    require(scheme)
    assert hashes.verify_password(password, stored)
    assert not hashes.verify_password(password + b"x", stored)


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"plain",
        b"$1$md5crypt$x",
        b"$scrypt$",
        b"$scrypt$ln=99,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        b"$scrypt$ln=20,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        b"$scrypt$ln=1,r=8,p=17$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        b"$scrypt$ln=0,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        b"$scrypt$ln=1,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$",
        b"$scrypt$ln=1,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$short",
    ],
)
def test_what_is_no_hash_or_costs_too_much_is_not_computed(stored):
    with pytest.raises(hashes.UnknownHash) as caught:
        hashes.verify_password(b"x", stored)
    assert not stored or stored.decode() not in str(caught.value)


@pytest.mark.parametrize("stored", [b"$argon2id$", b"$argon2id$v=19$m=1,t=1,p=1$AA$AA", b"$argon2id$\xff"])
def test_an_argon2_hash_that_is_not_complete_is_unknown(stored):
    require("argon2")
    with pytest.raises(hashes.UnknownHash):
        hashes.verify_password(b"x", stored)


@pytest.mark.parametrize(
    "stored", [b"$2b$", b"$2b$05$short", b"$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"]
)
def test_a_bcrypt_hash_that_is_not_complete_is_unknown(stored):
    require("bcrypt")
    with pytest.raises(hashes.UnknownHash):
        hashes.verify_password(b"x", stored)


@given(sampled_from([b"", b"$scrypt$", b"$argon2id$", b"$2b$"]), binary(max_size=80))
def test_anything_is_a_hash_or_unknown(prefix, rest):
    try:
        verified = hashes.verify_password(b"x", prefix + rest)
    except (hashes.UnknownHash, ImportError):
        return
    assert verified in (True, False)


def test_what_protects_nothing_is_refused():
    with pytest.raises(ValueError, match="empty"):
        hashes.hash_password(b"")
    with pytest.raises(ValueError, match="no such scheme: 'md5'; there are scrypt, argon2, bcrypt"):
        hashes.hash_password(b"x", "md5")


def test_bcrypt_does_not_look_at_a_part_of_a_password():
    require("bcrypt")
    with pytest.raises(ValueError, match="at most 72 bytes"):
        hashes.hash_password(b"x" * 73, "bcrypt")
    stored = hashes.hash_password(b"x" * 72, "bcrypt")
    assert hashes.verify_password(b"x" * 72, stored)
    assert not hashes.verify_password(b"x" * 73, stored)


@pytest.mark.parametrize(("scheme", "distribution"), [("argon2", "argon2-cffi"), ("bcrypt", "bcrypt")])
def test_a_missing_package_is_named(monkeypatch, scheme, distribution):
    monkeypatch.setitem(__import__("sys").modules, scheme, None)
    with pytest.raises(ImportError, match=f"needs {distribution}: pip install 'reactorio\\[passwords\\]'"):
        hashes.hash_password(b"x", scheme)
