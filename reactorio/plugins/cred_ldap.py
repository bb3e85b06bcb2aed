"""``--auth ldap:URL``"""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.cred.audit import AuditedChecker
from reactorio.cred.credentials import IUsernamePassword
from reactorio.cred.ldap import LDAPBindChecker
from reactorio.cred.strcred import ICheckerFactory, InvalidAuthArgumentString
from reactorio.cred.throttling import ThrottledChecker
from reactorio.plugin import IPlugin

__all__: list[str] = []


@implementer(ICheckerFactory, IPlugin)
class LDAPCheckerFactory:
    """Makes checkers that ask a directory; guessing has a limit, and every attempt is logged."""

    authType = "ldap"
    authHelp = """
Takes the URL of a directory, with the distinguished name of a user, and {name} where the user's name belongs:

    ldap://ldap.example.org/uid={name},ou=people,dc=example,dc=org
    ldaps://ad.example.org/{name}@example.org?cafile=/etc/ssl/example.pem

Who can bind with name and password is in. With ldap:// the connection is encrypted by STARTTLS, except to 127.0.0.1 or ::1;
?starttls=no does without. The certificate is verified. After some failures a user's attempts have to wait, and every
attempt is logged. It needs python-ldap.
"""
    argStringFormat = "An LDAP URL with {name} in its distinguished name."
    credentialInterfaces: Any = (IUsernamePassword,)

    def generateChecker(self, argstring: str) -> AuditedChecker:
        """
        Return the checker of a directory; it is asked at the first login, not before.

        Raises:
            InvalidAuthArgumentString: There is something wrong with the URL.
        """
        try:
            checker = LDAPBindChecker.from_url(argstring)
        except ValueError as exc:
            raise InvalidAuthArgumentString(str(exc)) from exc
        return AuditedChecker(ThrottledChecker(checker))


theLDAPCheckerFactory = LDAPCheckerFactory()
