"""``--auth pam:SERVICE``"""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.cred.audit import AuditedChecker
from reactorio.cred.credentials import IUsernamePassword
from reactorio.cred.pam import PluggableAuthenticationModulesChecker
from reactorio.cred.strcred import ICheckerFactory, InvalidAuthArgumentString
from reactorio.cred.throttling import ThrottledChecker
from reactorio.plugin import IPlugin

__all__: list[str] = []


@implementer(ICheckerFactory, IPlugin)
class PAMCheckerFactory:
    """Makes checkers that ask PAM; guessing has a limit, and every attempt is logged."""

    authType = "pam"
    authHelp = """
Takes the name of a service in /etc/pam.d, `login` if there is none, and lets in whom its modules let in with a password.

The server mostly has to run as root. After some failures a user's attempts have to wait, and every attempt is logged. It
needs python-pam.
"""
    argStringFormat = "A service of PAM; login by default."
    credentialInterfaces: Any = (IUsernamePassword,)

    def generateChecker(self, argstring: str) -> AuditedChecker:
        """
        Return the checker of a service.

        Raises:
            InvalidAuthArgumentString: That is no name of a service.
        """
        if "/" in argstring or "\0" in argstring:
            raise InvalidAuthArgumentString("a service of PAM is a name, not a path")
        return AuditedChecker(ThrottledChecker(PluggableAuthenticationModulesChecker(argstring or "login")))


thePAMCheckerFactory = PAMCheckerFactory()
