"""
What goes wrong in SSH.

    ConchError                  any of it
    NotEnoughAuthentication     so far good, but one proof is not enough
    ValidPublicKey              the key would do; an UnauthorizedLogin, since nothing is signed yet
    IgnoreAuthentication        this attempt is not to be answered
    MissingKeyStoreError        there is nowhere to keep host keys
    UserRejectedKey             the user does not trust a host's key
    InvalidEntry                a line of a file of known hosts is none
    HostKeyChanged              a host has another key than before
"""

from __future__ import annotations

from typing import Any

from reactorio.cred.error import UnauthorizedLogin

__all__ = [
    "ConchError",
    "HostKeyChanged",
    "IgnoreAuthentication",
    "InvalidEntry",
    "MissingKeyStoreError",
    "NotEnoughAuthentication",
    "UnauthorizedLogin",
    "UserRejectedKey",
    "ValidPublicKey",
]


class ConchError(Exception):
    """
    Something went wrong.

    Args:
        value: What; a text, or the other side's code.
        data: More on it.
    """

    def __init__(self, value: Any, data: Any = None) -> None:
        super().__init__(value, data)
        self.value = value
        self.data = data


class NotEnoughAuthentication(Exception):
    """This proof holds; the user has to bring another one as well."""


class ValidPublicKey(UnauthorizedLogin):
    """The key would do if something were signed with it (RFC 4252 section 7)."""


class IgnoreAuthentication(Exception):
    """The attempt gets no answer: another one follows, or the connection ends."""


class MissingKeyStoreError(Exception):
    """No place is known where host keys can be kept."""


class UserRejectedKey(Exception):
    """The user was asked about a host's key, and does not trust it."""


class InvalidEntry(Exception):
    """A line of a file of known hosts is not well-formed."""


class HostKeyChanged(Exception):
    """
    A host has another key than the one that is known.

    Args:
        offendingEntry: The known key.
        path: The file that has it, or None.
        lineno: The number of its line there, or None.
    """

    def __init__(self, offendingEntry: Any, path: Any, lineno: int | None) -> None:
        super().__init__(offendingEntry, path, lineno)
        self.offendingEntry = offendingEntry
        self.path = path
        self.lineno = lineno
