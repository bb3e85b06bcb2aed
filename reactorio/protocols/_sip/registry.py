"""Who is where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Interface, Protocol, implementer
from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.protocols._sip.errors import RegistrationError

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IDelayedCall
    from reactorio.protocols._sip.uris import URL

__name__ = "reactorio.protocols.sip"  # the public path: see the package's docstring

LIFETIME = 3600
"""The seconds for which a registration is good."""


class IContact(Interface, Protocol):
    """Somebody whom a portal knows."""


class Registration:
    """
    Where somebody is, and for how long that is good.

    Args:
        secondsToExpiry: The seconds.
        contactURL: Where; None for nowhere.
    """

    def __init__(self, secondsToExpiry: int, contactURL: URL | None) -> None:
        self.secondsToExpiry = secondsToExpiry
        self.contactURL = contactURL


class IRegistry(Interface, Protocol):
    """
    Knows who is where, and is told.

    What it returns are Deferreds of a `Registration`. They fail with `RegistrationError`, or with LookupError for
    somebody whom nobody knows.
    """

    def registerAddress(self, domainURL: URL, logicalURL: URL, physicalURL: URL) -> Deferred[Registration]:
        """Somebody (``logicalURL``) of a domain is there now (``physicalURL``)."""

    def unregisterAddress(self, domainURL: URL, logicalURL: URL, physicalURL: Any) -> Deferred[Registration]:
        """Somebody is there no longer; ``physicalURL`` may be ``"*"``, for anywhere."""

    def getRegistrationInfo(self, logicalURL: URL) -> Deferred[Registration]:
        """Return where somebody is."""


class ILocator(Interface, Protocol):
    """Knows where somebody is."""

    def getAddress(self, logicalURL: URL) -> Deferred[URL]:
        """Return where to send what is for ``logicalURL``; it fails with LookupError."""


class IAuthorizer(Interface, Protocol):
    """A way to log in."""

    def getChallenge(self, peer: tuple[str, int]) -> Any:
        """Return what the peer is to answer, as it goes into the header; None for nothing."""

    def decode(self, response: str) -> Any:
        """
        Return the credentials in the answer.

        Raises:
            SIPError: There are none.
        """


@implementer(IRegistry, ILocator)
class InMemoryRegistry:
    """
    Knows who is where, in one domain, for an hour each.

    Args:
        domain: The domain's name.

    Attributes:
        users: Where each user is, with the call that will forget it.
    """

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.users: dict[str | None, tuple[IDelayedCall, URL]] = {}

    def getAddress(self, logicalURL: URL) -> Deferred[URL]:
        if logicalURL.host != self.domain:
            return fail(LookupError("unknown domain"))
        if logicalURL.username not in self.users:
            return fail(LookupError("no such user"))
        return succeed(self.users[logicalURL.username][1])

    def getRegistrationInfo(self, logicalURL: URL) -> Deferred[Registration]:
        return self.getAddress(logicalURL).addCallback(lambda url: self._registration(logicalURL.username))

    def registerAddress(self, domainURL: URL, logicalURL: URL, physicalURL: URL) -> Deferred[Registration]:
        if domainURL.host != self.domain or logicalURL.host != self.domain:
            return fail(RegistrationError(404))
        username = logicalURL.username
        if username in self.users:
            forgetting = self.users[username][0]
            forgetting.reset(LIFETIME)
        else:
            forgetting = _reactor().callLater(LIFETIME, self._expireRegistration, username)
        self.users[username] = forgetting, physicalURL
        return succeed(self._registration(username))

    def unregisterAddress(self, domainURL: URL, logicalURL: URL, physicalURL: Any) -> Deferred[Registration]:
        if domainURL.host != self.domain or logicalURL.host != self.domain:
            return fail(RegistrationError(404))
        if logicalURL.username not in self.users:
            return fail(LookupError("no such user"))
        forgetting, url = self.users.pop(logicalURL.username)
        forgetting.cancel()
        return succeed(Registration(0, url))

    def _expireRegistration(self, username: str | None) -> None:
        del self.users[username]

    def _registration(self, username: str | None) -> Registration:
        forgetting, url = self.users[username]
        return Registration(int(forgetting.getTime() - _reactor().seconds()), url)


def _reactor() -> Any:
    # Twisted's signature has no reactor; looked up late, so that one may still be installed.
    from reactorio.internet import reactor

    return reactor
