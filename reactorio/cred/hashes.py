"""
Passwords as they should be kept: hashed slowly, with a salt.

    scrypt      from the standard library
    argon2      with the package argon2-cffi
    bcrypt      with the package bcrypt; passwords of at most 72 bytes

The text of a hash says how it was made (``$scrypt$ln=15,r=8,p=3$salt$digest`` and the like, as other programs write it),
so that one file can have several kinds. A hash takes a tenth of a second or more, and up to 64 MiB: call these in threads.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import importlib
import re
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCHEMES", "UnknownHash", "hash_password", "scheme_of", "verify_password"]

# Costs as OWASP's cheat sheet on password storage has them (2025), among those of its rows that take little memory.
_SCRYPT_LN, _SCRYPT_R, _SCRYPT_P = 15, 8, 3

# Hashes that ask for more than this are not computed.
_SCRYPT_MAX_MEMORY = 256 * 1024 * 1024
_SCRYPT_MAX_P = 16

_BCRYPT_MAX = 72
_BCRYPT_ROUNDS = 12

_SCRYPT = re.compile(
    rb"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,3}),p=([0-9]{1,3})\$([A-Za-z0-9+/]{1,128})\$([A-Za-z0-9+/]{22,128})"
)


class UnknownHash(ValueError):
    """This is no hash of a kind that can be verified here. The text does not show it."""


def hash_password(password: bytes, scheme: str = "scrypt") -> bytes:
    """
    Return a new hash of ``password``, with a salt of its own.

    Args:
        scheme: One of `SCHEMES`.

    Raises:
        ValueError: There is no such scheme, or the password is empty, or too long for it.
        ImportError: The package that the scheme needs is not installed.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"no such scheme: {scheme!r}; there are {', '.join(SCHEMES)}")
    if not password:
        raise ValueError("an empty password protects nothing")
    return SCHEMES[scheme].make(password)


def scheme_of(stored: bytes) -> str:
    """
    Return what kind of hash that is: one of `SCHEMES`.

    Raises:
        UnknownHash: None of them.
    """
    for name, scheme in SCHEMES.items():
        if stored.startswith(scheme.prefixes):
            return name
    raise UnknownHash("not a hash of a known kind")


def verify_password(password: bytes, stored: bytes) -> bool:
    """
    Is ``stored`` a hash of ``password``?

    Raises:
        UnknownHash: It is no hash, or one that would cost too much.
        ImportError: The package that its scheme needs is not installed.
    """
    return SCHEMES[scheme_of(stored)].verify(password, stored)


def _package(name: str, distribution: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as exc:
        raise ImportError(f"this needs {distribution}: pip install 'reactorio[passwords]'", name=name) from exc


class _Scheme(NamedTuple):
    prefixes: tuple[bytes, ...]
    make: Callable[[bytes], bytes]
    verify: Callable[[bytes, bytes], bool]


# -- scrypt (RFC 7914)


def _scrypt(password: bytes, salt: bytes, ln: int, r: int, p: int, length: int) -> bytes:
    memory = 128 * r * ((1 << ln) + p + 2)
    return hashlib.scrypt(password, salt=salt, n=1 << ln, r=r, p=p, maxmem=memory + 1024, dklen=length)


def _make_scrypt(password: bytes) -> bytes:
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _SCRYPT_LN, _SCRYPT_R, _SCRYPT_P, 32)
    return b"$scrypt$ln=%d,r=%d,p=%d$%s$%s" % (_SCRYPT_LN, _SCRYPT_R, _SCRYPT_P, _b64(salt), _b64(digest))


def _verify_scrypt(password: bytes, stored: bytes) -> bool:
    parts = _SCRYPT.fullmatch(stored)
    if parts is None:
        raise UnknownHash("a scrypt hash that is not complete")
    ln, r, p = (int(number) for number in parts.groups()[:3])
    if not ln or not r or not 0 < p <= _SCRYPT_MAX_P or 128 * r * (1 << ln) > _SCRYPT_MAX_MEMORY:
        raise UnknownHash("a scrypt hash that costs too much")
    salt, digest = _unb64(parts[4]), _unb64(parts[5])
    return hmac.compare_digest(_scrypt(password, salt, ln, r, p, len(digest)), digest)


def _b64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        raise UnknownHash("a scrypt hash that is not complete") from None


# -- argon2 (RFC 9106)


def _make_argon2(password: bytes) -> bytes:
    argon2 = _package("argon2", "argon2-cffi")
    hashed: str = argon2.PasswordHasher().hash(password)
    return hashed.encode("ascii")


def _verify_argon2(password: bytes, stored: bytes) -> bool:
    argon2 = _package("argon2", "argon2-cffi")
    try:
        return bool(argon2.PasswordHasher().verify(stored, password))
    except argon2.exceptions.VerifyMismatchError:
        return False
    except (argon2.exceptions.InvalidHashError, argon2.exceptions.VerificationError, UnicodeError):
        raise UnknownHash("an argon2 hash that is not complete, or costs too much") from None


# -- bcrypt


def _make_bcrypt(password: bytes) -> bytes:
    bcrypt = _package("bcrypt", "bcrypt")
    if len(password) > _BCRYPT_MAX:
        raise ValueError(f"bcrypt takes passwords of at most {_BCRYPT_MAX} bytes")
    hashed: bytes = bcrypt.hashpw(password, bcrypt.gensalt(_BCRYPT_ROUNDS))
    return hashed


def _verify_bcrypt(password: bytes, stored: bytes) -> bool:
    bcrypt = _package("bcrypt", "bcrypt")
    # Old versions of the package would look at the first 72 bytes alone.
    too_long = len(password) > _BCRYPT_MAX
    try:
        return bcrypt.checkpw(password[:_BCRYPT_MAX], stored) and not too_long
    except ValueError:
        raise UnknownHash("a bcrypt hash that is not complete") from None


SCHEMES: dict[str, _Scheme] = {
    "scrypt": _Scheme((b"$scrypt$",), _make_scrypt, _verify_scrypt),
    "argon2": _Scheme((b"$argon2id$", b"$argon2i$", b"$argon2d$"), _make_argon2, _verify_argon2),
    "bcrypt": _Scheme((b"$2b$", b"$2a$", b"$2y$"), _make_bcrypt, _verify_bcrypt),
}
