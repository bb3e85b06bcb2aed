"""The kinds of credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred

__all__ = [
    "IAnonymous",
    "ICredentials",
    "ISSHPrivateKey",
    "IUsernameDigestHash",
    "IUsernameHashedPassword",
    "IUsernamePassword",
]

__name__ = "reactorio.cred.credentials"  # the public path


class ICredentials(Interface, Protocol):
    """Something that a checker can check: each kind is an interface that extends this one."""


class IUsernameHashedPassword(ICredentials, Protocol):
    """A name, and proof of a password that does not show it; the checker has to have the password itself."""

    username: Any = Attribute("The name, as bytes.")

    def checkPassword(self, password: Any) -> bool | Deferred[bool]:
        """Is ``password``, in clear, the one that the user has proved to know?"""


class IUsernamePassword(ICredentials, Protocol):
    """A name and a password in clear, both bytes."""

    # Checkers read these two, but an object without them provides the interface as well.
    username: Any
    password: Any

    def checkPassword(self, password: Any) -> bool | Deferred[bool]:
        """Is ``password``, in clear, the user's one?"""


class IUsernameDigestHash(ICredentials, Protocol):
    """A name, and an answer to a challenge that can be checked with a digest of name, realm and password."""

    def checkHash(self, digestHash: bytes) -> bool:
        """
        Does the answer fit?

        Args:
            digestHash: The hexadecimal digest of ``username:realm:password`` (`calcHA1`), as a file of users keeps it.
        """


class IAnonymous(ICredentials, Protocol):
    """No name, no proof: somebody who is content with what anybody may do."""


class ISSHPrivateKey(ICredentials, Protocol):
    """
    A name, and proof of a private key, as SSH has them.

    The proof is optional: without a signature, the user asks whether a signature by this key would be good enough, and
    checkers raise ``reactorio.conch.error.ValidPublicKey`` if it is.
    """

    username: Any
    algName: bytes
    blob: bytes
    sigData: bytes | None
    signature: bytes | None
