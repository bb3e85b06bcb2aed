"""Digest authentication (RFC 7616): the password is not sent, but see `reactorio.cred.credentials.DigestCredentialFactory`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.cred import credentials
from reactorio.web.iweb import ICredentialFactory

if TYPE_CHECKING:
    from reactorio.web.iweb import IRequest

__all__ = ["DigestCredentialFactory"]


@implementer(ICredentialFactory)
class DigestCredentialFactory:
    """
    Makes challenges, and credentials of the answers.

    Args:
        algorithm: One of ``md5``, ``md5-sess``, ``sha``, and, unlike Twisted, ``sha-256`` and ``sha-256-sess``; as bytes.
        authenticationRealm: What the user is told to be logging in to.
    """

    scheme = b"digest"

    def __init__(self, algorithm: bytes, authenticationRealm: bytes) -> None:
        self.digest = credentials.DigestCredentialFactory(algorithm, authenticationRealm)

    def getChallenge(self, request: IRequest) -> dict[str, bytes]:
        """Return a challenge that this request's client, and no other host, can answer."""
        return self.digest.getChallenge(_host(request))

    def decode(self, response: bytes, request: IRequest) -> credentials.DigestedCredentials:
        """
        Return the credentials of an answer; whether the password is right they are still to be asked.

        Raises:
            LoginFailed: It is no answer to a challenge of ours to this client that is still good.
        """
        return self.digest.decode(response, request.method, _host(request))


def _host(request: IRequest) -> Any:
    """Return the client's host; None where clients have none, as behind a UNIX socket."""
    return getattr(request.getClientAddress(), "host", None)
