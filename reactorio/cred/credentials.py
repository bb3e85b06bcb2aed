"""
Credentials: what somebody offers as proof of who they are.

The interfaces say of what kind it is; checkers say which kinds they take. Secrets are compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Any

from reactorio._interface import implementer
from reactorio.cred._digest import calcHA1, calcHA2, calcResponse
from reactorio.cred._digestauth import DigestCredentialFactory, DigestedCredentials
from reactorio.cred._kinds import (
    IAnonymous,
    ICredentials,
    ISSHPrivateKey,
    IUsernameDigestHash,
    IUsernameHashedPassword,
    IUsernamePassword,
)
from reactorio.cred._secrets import same_secret
from reactorio.python.compat import nativeString, networkString
from reactorio.python.deprecate import deprecatedModuleAttribute
from reactorio.python.versions import Version

__all__ = [
    "APOPCredentials",
    "Anonymous",
    "CramMD5Credentials",
    "DigestCredentialFactory",
    "DigestedCredentials",
    "IAnonymous",
    "ICredentials",
    "ISSHPrivateKey",
    "IUsernameDigestHash",
    "IUsernameHashedPassword",
    "IUsernamePassword",
    "SSHPrivateKey",
    "UsernameHashedPassword",
    "UsernamePassword",
    "calcHA1",
    "calcHA2",
    "calcResponse",
]


@implementer(IUsernamePassword)
class UsernamePassword:
    """A name and a password, in clear."""

    def __init__(self, username: Any, password: Any) -> None:
        self.username = username
        self.password = password

    def checkPassword(self, password: Any) -> bool:
        return same_secret(self.password, password)


@implementer(IUsernameHashedPassword)
class UsernameHashedPassword:
    """Deprecated: what is "hashed" here is compared with the password in clear, as `UsernamePassword` does it."""

    def __init__(self, username: Any, hashed: Any) -> None:
        self.username = username
        self.hashed = hashed

    def checkPassword(self, password: Any) -> bool:
        return same_secret(self.hashed, password)


deprecatedModuleAttribute(
    Version("Twisted", 21, 2, 0),
    "Use reactorio.cred.credentials.UsernamePassword instead.",
    "reactorio.cred.credentials",
    "UsernameHashedPassword",
)


@implementer(IAnonymous)
class Anonymous:
    """Nobody in particular."""


@implementer(ISSHPrivateKey)
class SSHPrivateKey:
    """
    Proof of a private key (RFC 4252 section 7).

    Args:
        algName: The name of the key's algorithm.
        blob: The public key, as SSH writes it.
        sigData: What was signed, or None.
        signature: The signature, as SSH writes it, or None: then nothing is proved yet.
    """

    def __init__(
        self, username: Any, algName: bytes, blob: bytes, sigData: bytes | None, signature: bytes | None
    ) -> None:
        self.username = username
        self.algName = algName
        self.blob = blob
        self.sigData = sigData
        self.signature = signature


@implementer(IUsernameHashedPassword)
class CramMD5Credentials:
    """
    An answer to a challenge, by a keyed digest (RFC 2195).

    Args:
        host: The name of this host, for the challenge.
    """

    username: Any = None
    challenge = b""
    response = b""

    def __init__(self, host: bytes | str | None = None) -> None:
        self.host = host

    def getChallenge(self) -> bytes:
        """Return the challenge: the same one, however often this is called."""
        if not self.challenge:
            host = nativeString(self.host) if self.host is not None else "None"
            self.challenge = networkString(f"<{secrets.randbits(64)}.{int(time.time())}@{host}>")
        return self.challenge

    def setResponse(self, response: bytes) -> None:
        """
        Take the answer: a name, a space and the digest, in hexadecimal.

        Raises:
            ValueError: It is nothing of the kind.
        """
        username, separator, digest = response.strip().partition(b" ")
        if not separator:
            raise ValueError("an answer to CRAM-MD5 has a name, a space and a digest")
        self.username, self.response = username, digest.strip()

    def moreChallenges(self) -> bool:
        """Will another challenge follow? Never: this is for SASL's sake."""
        return False

    def checkPassword(self, password: bytes) -> bool:
        expected = hmac.new(password, self.challenge, hashlib.md5).hexdigest().encode("ascii")
        return same_secret(expected, self.response)


@implementer(IUsernameHashedPassword)
class APOPCredentials:
    """
    An answer to POP3's greeting, by a digest of it and the password (RFC 1939 section 7).

    Args:
        magic: The challenge in the greeting, with its angle brackets.
        username: The name.
        digest: The answer, in hexadecimal.
    """

    def __init__(self, magic: bytes, username: bytes, digest: bytes) -> None:
        self.magic = magic
        self.username = username
        self.digest = digest

    def checkPassword(self, password: bytes) -> bool:
        expected = hashlib.md5(self.magic + password).hexdigest().encode("ascii")
        return same_secret(expected, self.digest)
