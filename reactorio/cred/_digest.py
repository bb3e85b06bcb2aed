"""
The digests of HTTP's and SIP's digest authentication (RFC 7616 section 3.4; RFC 2617 for MD5).

The names of the parameters are those of RFC 2617's example code. All values are bytes, all digests hexadecimal.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["algorithms", "calcHA1", "calcHA2", "calcResponse"]

# By the name of the algorithm, in lower case. SHA-1 was never standard, but Twisted has it.
algorithms: dict[bytes, Callable[..., Any]] = {
    b"md5": hashlib.md5,
    b"md5-sess": hashlib.md5,
    b"sha": hashlib.sha1,
    b"sha-256": hashlib.sha256,
    b"sha-256-sess": hashlib.sha256,
}


def _digest(algorithm: bytes, *parts: bytes) -> bytes:
    hexadecimal: str = algorithms[algorithm](b":".join(parts)).hexdigest()
    return hexadecimal.encode("ascii")


def calcHA1(
    pszAlg: bytes,
    pszUserName: bytes | None,
    pszRealm: bytes | None,
    pszPassword: bytes | None,
    pszNonce: bytes,
    pszCNonce: bytes | None,
    preHA1: bytes | None = None,
) -> bytes:
    """
    Return the digest of who it is.

    Args:
        preHA1: The digest of name, realm and password, in the place of these three.

    Raises:
        TypeError: One of the three is given beside ``preHA1``, or missing without it.
        KeyError: There is no such algorithm.
    """
    three = (pszUserName, pszRealm, pszPassword)
    if preHA1 is None:
        if pszUserName is None or pszRealm is None or pszPassword is None:
            raise TypeError("a name, a realm and a password are needed, or their digest")
        preHA1 = _digest(pszAlg, pszUserName, pszRealm, pszPassword)
    elif any(part is not None for part in three):
        raise TypeError("preHA1 stands in the place of pszUserName, pszRealm and pszPassword")
    if not pszAlg.endswith(b"-sess"):
        return preHA1
    if pszCNonce is None:
        raise TypeError("a session's digest needs the client's nonce")
    return _digest(pszAlg, preHA1, pszNonce, pszCNonce)


def calcHA2(
    algo: bytes, pszMethod: bytes, pszDigestUri: bytes, pszQop: bytes | None, pszHEntity: bytes | None
) -> bytes:
    """
    Return the digest of what is asked for.

    Args:
        pszHEntity: The digest of the body; it counts with the quality of protection ``auth-int`` alone.
    """
    if pszQop == b"auth-int":
        if pszHEntity is None:
            raise TypeError("auth-int needs the digest of the body")
        return _digest(algo, pszMethod, pszDigestUri, pszHEntity)
    return _digest(algo, pszMethod, pszDigestUri)


def calcResponse(
    HA1: bytes,
    HA2: bytes,
    algo: bytes,
    pszNonce: bytes,
    pszNonceCount: bytes | None,
    pszCNonce: bytes | None,
    pszQop: bytes | None,
) -> bytes:
    """Return what the client answers; without count and client's nonce, in the form of RFC 2069."""
    if pszNonceCount and pszCNonce:
        if pszQop is None:
            raise TypeError("a nonce count needs a quality of protection")
        return _digest(algo, HA1, pszNonce, pszNonceCount, pszCNonce, pszQop, HA2)
    return _digest(algo, HA1, pszNonce, HA2)
