"""
Checkers from the command line: ``--auth file:/etc/passwords``.

What stands before the first colon names a plugin for `ICheckerFactory`; the rest is for the plugin.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from reactorio._interface import Attribute, Interface, Protocol
from reactorio.plugin import getPlugins
from reactorio.python import usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reactorio.cred.checkers import ICredentialsChecker

__all__ = [
    "AuthOptionMixin",
    "ICheckerFactory",
    "InvalidAuthArgumentString",
    "InvalidAuthType",
    "StrcredException",
    "UnsupportedInterfaces",
    "findCheckerFactories",
    "findCheckerFactory",
    "makeChecker",
    "notSupportedWarning",
]

notSupportedWarning = "WARNING: This authType is not supported by this application."


class ICheckerFactory(Interface, Protocol):
    """A plugin that makes a checker from the command line."""

    authType: str = Attribute("What it is called there; no colon in it.")
    authHelp: str = Attribute("What it does and what it wants, in full.")
    argStringFormat: str = Attribute("One line on what follows the colon.")
    credentialInterfaces: Any = Attribute("The kinds of credentials that its checkers take.")

    def generateChecker(self, argstring: str) -> ICredentialsChecker:
        """
        Return a checker.

        Args:
            argstring: What follows the colon; empty if nothing does.

        Raises:
            InvalidAuthArgumentString: The plugin cannot do with this.
        """


class StrcredException(Exception):
    """Something is wrong with a description of a checker."""


class InvalidAuthType(StrcredException):
    """There is no plugin of that name."""


class InvalidAuthArgumentString(StrcredException):
    """The plugin does not understand what follows the colon."""


class UnsupportedInterfaces(StrcredException):
    """The application has no use for any kind of credentials that the checker takes."""


def findCheckerFactories() -> Iterator[ICheckerFactory]:
    """Yield all plugins."""
    yield from getPlugins(ICheckerFactory)


def findCheckerFactory(authType: str) -> ICheckerFactory:
    """Return the plugin of that name; InvalidAuthType if there is none."""
    for factory in findCheckerFactories():
        if factory.authType == authType:
            return factory
    raise InvalidAuthType(authType)


def makeChecker(description: str) -> ICredentialsChecker:
    """
    Return the checker that a description is of: ``name`` or ``name:argstring``.

    Raises:
        InvalidAuthType: There is no plugin of that name.
        InvalidAuthArgumentString: The plugin does not understand the rest. Other errors are the plugin's own.
    """
    authType, _, argstring = description.partition(":")
    return findCheckerFactory(authType).generateChecker(argstring)


class AuthOptionMixin:
    """
    Adds ``--auth`` and the help on it to a `usage.Options`.

    The options then have ``credCheckers``, the checkers in the order of the command line, and ``credInterfaces``, lists of
    them by kind of credentials. Both are there only when a checker is.
    """

    # The kinds of credentials that the application has a use for; None for all.
    supportedInterfaces: Sequence[Any] | None = None
    # Where the help goes.
    authOutput: TextIO = sys.stdout

    def supportsInterface(self, interface: Any) -> bool:
        """Has the application a use for that kind of credentials?"""
        return self.supportedInterfaces is None or interface in self.supportedInterfaces

    def supportsCheckerFactory(self, factory: ICheckerFactory) -> bool:
        """Has the application a use for one of the kinds that the plugin's checkers take?"""
        return any(self.supportsInterface(interface) for interface in factory.credentialInterfaces)

    def addChecker(self, checker: ICredentialsChecker) -> None:
        """
        Add a checker, for those kinds of credentials that the application has a use for.

        Raises:
            UnsupportedInterfaces: There are none.
        """
        supported = [interface for interface in checker.credentialInterfaces if self.supportsInterface(interface)]
        if not supported:
            raise UnsupportedInterfaces(checker.credentialInterfaces)
        options: dict[str, Any] = self  # type: ignore[assignment]  # it is mixed into usage.Options
        by_interface: dict[Any, list[Any]] = options.setdefault("credInterfaces", {})
        for interface in supported:
            by_interface.setdefault(interface, []).append(checker)
        options.setdefault("credCheckers", []).append(checker)

    # The docstrings of these are the texts of --help.

    def opt_auth(self, description: str) -> None:
        """Add a way to log in: a type, and what it needs. May be given several times."""
        try:
            self.addChecker(makeChecker(description))
        except UnsupportedInterfaces as exc:
            kinds = ", ".join(interface.__identifier__ for interface in exc.args[0])
            raise usage.UsageError(f"Auth plugin not supported: {kinds}") from exc
        except InvalidAuthType as exc:
            raise usage.UsageError(f"Auth plugin not recognized: {exc.args[0]}") from exc
        except Exception as exc:
            raise usage.UsageError(f"Unexpected error: {exc}") from exc

    def opt_help_auth(self) -> None:
        """List the types for --auth, and exit."""
        self._say("Usage: --auth AuthType[:ArgString]")
        self._say("For detailed help: --help-auth-type AuthType")
        self._say("")
        rows = sorted((one.authType, one.argStringFormat) for one in self._checkerFactoriesForOptHelpAuth())
        width = max((len(name) for name, _ in rows), default=0)
        for name, form in [("AuthType", "ArgString format"), ("========", "================"), *rows]:
            self._say(f"  {name:{width}}\t{form}")
        self._say("")
        raise SystemExit(0)

    def opt_help_auth_type(self, authType: str) -> None:
        """Describe one type for --auth, and exit."""
        try:
            factory = findCheckerFactory(authType)
        except InvalidAuthType:
            raise usage.UsageError(f"Invalid auth type: {authType}") from None
        self._say(f"Usage: --auth {authType}[:ArgString]")
        self._say(f"ArgString format: {factory.argStringFormat}")
        self._say("")
        for line in factory.authHelp.strip().splitlines():
            self._say(f"  {line.rstrip()}".rstrip())
        self._say("")
        if not self.supportsCheckerFactory(factory):
            self._say(f"  {notSupportedWarning}")
            self._say("")
        raise SystemExit(0)

    def _checkerFactoriesForOptHelpAuth(self) -> Iterator[ICheckerFactory]:
        """Yield those that the application has a use for; the first of a name is the one that counts."""
        seen: set[str] = set()
        for factory in findCheckerFactories():
            if factory.authType not in seen and self.supportsCheckerFactory(factory):
                seen.add(factory.authType)
                yield factory

    def _say(self, line: str) -> None:
        self.authOutput.write(line + "\n")
