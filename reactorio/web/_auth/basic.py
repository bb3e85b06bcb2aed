"""Basic authentication (RFC 7617): name and password in clear, so use TLS."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio.cred import credentials, error
from reactorio.web.iweb import ICredentialFactory

if TYPE_CHECKING:
    from reactorio.web.iweb import IRequest

__all__ = ["BasicCredentialFactory"]


@implementer(ICredentialFactory)
class BasicCredentialFactory:
    """
    Makes names and passwords of Authorization headers.

    Args:
        authenticationRealm: What the user is told to be logging in to.
    """

    scheme = b"basic"

    def __init__(self, authenticationRealm: bytes) -> None:
        self.authenticationRealm = authenticationRealm

    def getChallenge(self, request: IRequest) -> dict[str, bytes]:
        return {"realm": self.authenticationRealm}

    def decode(self, response: bytes, request: IRequest) -> credentials.UsernamePassword:
        """
        Return the credentials of an answer.

        Raises:
            LoginFailed: It is not a name, a colon and a password in base64. Missing padding is forgiven, as in Twisted.
        """
        try:
            decoded = base64.b64decode(response.strip() + b"===")
        except binascii.Error:
            raise error.LoginFailed("Invalid credentials") from None
        name, colon, password = decoded.partition(b":")
        if not colon:
            raise error.LoginFailed("Invalid credentials")
        return credentials.UsernamePassword(name, password)
