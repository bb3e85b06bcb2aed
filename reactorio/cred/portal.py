"""The way from credentials to an avatar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import providedBy  # type: ignore[import-untyped]  # zope has no types

from reactorio._interface import Interface, Protocol
from reactorio.cred import error
from reactorio.internet.defer import Deferred, fail, maybeDeferred
from reactorio.python.reflect import qual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from reactorio.cred.checkers import ICredentialsChecker
    from reactorio.cred.credentials import ICredentials

    # An interface, the avatar that provides it, and what to call when the user has left.
    Login: TypeAlias = tuple[Any, Any, Callable[[], Any]]

__all__ = ["IRealm", "Portal"]


class IRealm(Interface, Protocol):
    """Who knows the avatars: the application."""

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        """
        Return the avatar of a user who has proved to be one.

        Args:
            avatarId: Who it is, from a checker; `checkers.ANONYMOUS` is nobody in particular.
            mind: Whatever the protocol has to talk to the user with, or None.
            interfaces: What the protocol can use, the best first.

        Returns:
            A tuple of one of the interfaces, the avatar that provides it, and a function without arguments that the
            protocol calls when the user has left. Or a Deferred, a coroutine or a Future of it.

        Raises:
            NotImplementedError: The realm has none of the interfaces.
        """


class Portal:
    """
    The door to a realm. It has one checker for each kind of credentials.

    Args:
        realm: Whose avatars it hands out.
        checkers: Each is registered for all the kinds that it takes.
    """

    def __init__(self, realm: IRealm, checkers: Iterable[ICredentialsChecker] = ()) -> None:
        self.realm = realm
        self.checkers: dict[Any, ICredentialsChecker] = {}
        for checker in checkers:
            self.registerChecker(checker)

    def listCredentialsInterfaces(self) -> list[Any]:
        """Return the kinds of credentials that can be checked."""
        return list(self.checkers)

    def registerChecker(self, checker: ICredentialsChecker, *credentialInterfaces: Any) -> None:
        """Let ``checker`` check credentials of the given kinds, or of all that it takes; the last one counts."""
        for interface in credentialInterfaces or checker.credentialInterfaces:
            self.checkers[interface] = checker

    def login(self, credentials: ICredentials, mind: Any, *interfaces: Any) -> Deferred[Login]:
        """
        Have the credentials checked, and the avatar made.

        Cancelling the Deferred cancels what it waits for: the checker, or the realm.

        Args:
            credentials: What the user offers.
            mind, interfaces: For the realm; see `IRealm.requestAvatar`.

        Returns:
            What the realm returns. It fails with the checker's error, mostly `error.UnauthorizedLogin`, with
            `error.UnhandledCredentials` if there is no checker, or with the realm's error.
        """
        for interface, checker in self.checkers.items():
            if interface.providedBy(credentials):
                checked: Deferred[Any] = maybeDeferred(checker.requestAvatarId, credentials)
                return checked.addCallback(
                    lambda avatarId: maybeDeferred(self.realm.requestAvatar, avatarId, mind, *interfaces)
                )
        kinds = ", ".join(qual(interface) for interface in providedBy(credentials))
        return fail(error.UnhandledCredentials(f"No checker for {kinds}"))
