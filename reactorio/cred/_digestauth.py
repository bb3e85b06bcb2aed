"""
Digest authentication: challenges that need no memory, and answers to them (RFC 7616, RFC 2617).

All that the server has to know of a challenge it hands to the client as the *opaque* value, authenticated by a key of its
own, and gets back with the answer.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time

from reactorio._interface import implementer
from reactorio.cred import error
from reactorio.cred._digest import algorithms, calcHA1, calcHA2, calcResponse
from reactorio.cred._kinds import IUsernameDigestHash, IUsernameHashedPassword
from reactorio.cred._secrets import same_secret
from reactorio.python.compat import nativeString, networkString

__all__ = ["DigestCredentialFactory", "DigestedCredentials"]

__name__ = "reactorio.cred.credentials"  # the public path

# The answer of a browser has some 400 bytes; the URI in it is what grows.
_MAX_RESPONSE = 16 * 1024

# One field of an answer: a token, and a quoted string or whatever stands before the next comma.
_FIELD = re.compile(rb'\s*([^=\s,"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^,]*))', re.DOTALL)


@implementer(IUsernameHashedPassword, IUsernameDigestHash)
class DigestedCredentials:
    """
    An answer to a digest challenge, yet to be compared with a password.

    Args:
        method: What the request is, since the answer is to this request alone.
        fields: What the answer says, by name.
    """

    def __init__(self, username: bytes, method: bytes, realm: bytes, fields: dict[str, bytes]) -> None:
        self.username = username
        self.method = method
        self.realm = realm
        self.fields = fields

    def checkPassword(self, password: bytes) -> bool:
        return self._fits((self.username, self.realm, password), None)

    def checkHash(self, digestHash: bytes) -> bool:
        return self._fits((None, None, None), digestHash)

    def _fits(self, who: tuple[bytes | None, bytes | None, bytes | None], digest: bytes | None) -> bool:
        fields = self.fields
        algorithm = fields.get("algorithm", b"md5").lower()
        nonce, client_nonce, count = fields.get("nonce"), fields.get("cnonce"), fields.get("nc")
        quality = fields.get("qop", b"auth")
        uri, response = fields.get("uri"), fields.get("response")
        if algorithm not in algorithms or nonce is None or uri is None or response is None:
            return False
        if algorithm.endswith(b"-sess") and client_nonce is None:
            return False
        # The bodies of requests are not seen here, so auth-int cannot be checked; it is never offered.
        if quality == b"auth-int":
            return False
        user, realm, password = who
        expected = calcResponse(
            calcHA1(algorithm, user, realm, password, nonce, client_nonce, preHA1=digest),
            calcHA2(algorithm, self.method, uri, quality, None),
            algorithm,
            nonce,
            count,
            client_nonce,
            quality,
        )
        return same_secret(expected, response)


class DigestCredentialFactory:
    """
    Makes challenges, and credentials of the answers.

    A challenge can be answered more than once while it lives: whoever sees a request can repeat it. Digest
    authentication protects the password, not the conversation; use TLS.

    Args:
        algorithm: One of ``md5``, ``md5-sess``, ``sha``, and, unlike Twisted, ``sha-256`` and ``sha-256-sess``; as bytes.
        authenticationRealm: What the user is told to be logging in to.
    """

    # How long a challenge can be answered, in seconds.
    CHALLENGE_LIFETIME_SECS = 15 * 60

    scheme = b"digest"

    def __init__(self, algorithm: bytes, authenticationRealm: bytes) -> None:
        self.algorithm = algorithm
        self.authenticationRealm = authenticationRealm
        self.privateKey = secrets.token_bytes(32)

    def getChallenge(self, address: bytes | str | None) -> dict[str, bytes]:
        """
        Return the fields of a challenge.

        Args:
            address: The client's host: from no other will an answer be taken. None for any that has none either.
        """
        nonce = self._generateNonce()
        return {
            "nonce": nonce,
            "opaque": self._generateOpaque(nonce, address),
            "qop": b"auth",
            "algorithm": self.algorithm,
            "realm": self.authenticationRealm,
        }

    def decode(self, response: bytes, method: bytes, host: bytes | str | None) -> DigestedCredentials:
        """
        Return the credentials of an answer; whether the password is right they are still to be asked.

        Args:
            response: The answer, as the client's header has it after the scheme.
            method: That of the client's request.
            host: The client's host.

        Raises:
            LoginFailed: The answer is not complete, or not to one of this factory's challenges to this host, or late.
        """
        fields = _parse(response)
        username = fields.get("username")
        if not username:
            raise error.LoginFailed("Invalid response, no username given.")
        if "opaque" not in fields:
            raise error.LoginFailed("Invalid response, no opaque given.")
        if "nonce" not in fields:
            raise error.LoginFailed("Invalid response, no nonce given.")
        self._verifyOpaque(fields["opaque"], fields["nonce"], host)
        return DigestedCredentials(username, method, self.authenticationRealm, fields)

    def _generateNonce(self) -> bytes:
        return secrets.token_hex(16).encode("ascii")

    def _getTime(self) -> float:
        return time.time()

    def _generateOpaque(self, nonce: bytes, clientip: bytes | str | None) -> bytes:
        content = b",".join((nonce, _host(clientip), b"%d" % int(self._getTime())))
        return self._seal(content) + b"-" + base64.b64encode(content)

    def _seal(self, content: bytes) -> bytes:
        return hmac.new(self.privateKey, content, hashlib.sha256).hexdigest().encode("ascii")

    def _verifyOpaque(self, opaque: bytes, nonce: bytes, clientip: bytes | str | None) -> bool:
        seal, separator, encoded = opaque.partition(b"-")
        try:
            content = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            content = b""
        parts = content.split(b",")
        if not separator or len(parts) != 3:
            raise error.LoginFailed("Invalid response, invalid opaque value")
        if not hmac.compare_digest(parts[0], nonce):
            raise error.LoginFailed("Invalid response, incompatible opaque/nonce values")
        if parts[1] != _host(clientip):
            raise error.LoginFailed("Invalid response, incompatible opaque/client values")
        if not re.fullmatch(rb"-?[0-9]{1,15}", parts[2]):
            raise error.LoginFailed("Invalid response, invalid opaque/time values")
        if not hmac.compare_digest(seal, self._seal(content)):
            raise error.LoginFailed("Invalid response, invalid opaque value")
        if self._getTime() - int(parts[2]) > self.CHALLENGE_LIFETIME_SECS:
            raise error.LoginFailed("Invalid response, incompatible opaque/nonce too old")
        return True


def _parse(response: bytes) -> dict[str, bytes]:
    if len(response) > _MAX_RESPONSE:
        raise error.LoginFailed("Invalid response, too long.")
    fields: dict[str, bytes] = {}
    text = b" ".join(response.splitlines())
    at = 0
    while at < len(text):
        # Anchored: a search would begin anew at every byte of what is no field.
        field = _FIELD.match(text, at)
        if field is not None:
            _add(fields, *field.groups())
            at = field.end()
        comma = text.find(b",", at)
        at = len(text) if comma < 0 else comma + 1
    return fields


def _add(fields: dict[str, bytes], name: bytes, quoted: bytes | None, plain: bytes | None) -> None:
    try:
        key = nativeString(name)
    except UnicodeError:
        raise error.LoginFailed("Invalid response, a field's name is not ASCII.") from None
    if key in fields:
        # Two parties of which each takes another one of two: that is how checks are got around.
        raise error.LoginFailed("Invalid response, a field is given twice.")
    fields[key] = (plain or b"").strip() if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted, flags=re.DOTALL)


def _host(host: bytes | str | None) -> bytes:
    if host is None:
        return b""
    return networkString(host) if isinstance(host, str) else host
