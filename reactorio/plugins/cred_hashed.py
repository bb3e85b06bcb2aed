"""``--auth hashed:PATH``"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from reactorio._interface import implementer
from reactorio.cred import hashedfile
from reactorio.cred.audit import AuditedChecker
from reactorio.cred.credentials import IUsernamePassword
from reactorio.cred.strcred import ICheckerFactory, InvalidAuthArgumentString
from reactorio.cred.throttling import ThrottledChecker
from reactorio.plugin import IPlugin

__all__: list[str] = []


@implementer(ICheckerFactory, IPlugin)
class HashedFileCheckerFactory:
    """Makes checkers of files with hashed passwords; guessing has a limit, and every attempt is logged."""

    authType = "hashed"
    authHelp = """
Takes the path of a file with a line for each user, as `python -m reactorio.cred.passwd PATH NAME` writes it:

    name:hash

The hashes are scrypt's, argon2's or bcrypt's. The file may be changed while the server runs. After some failures a user's
attempts have to wait, and every attempt is logged.
"""
    argStringFormat = "Location of a file of names and hashed passwords."
    credentialInterfaces: Any = (IUsernamePassword,)

    def generateChecker(self, argstring: str) -> AuditedChecker:
        """
        Return the checker of a file.

        Raises:
            InvalidAuthArgumentString: The file cannot be read, or is not well-formed.
        """
        if not argstring:
            raise InvalidAuthArgumentString("'hashed' requires a filename")
        try:
            hashedfile.parse(Path(argstring).read_bytes())
        except (OSError, hashedfile.MalformedPasswordFile) as exc:
            raise InvalidAuthArgumentString(f"{argstring}: {exc}") from exc
        # Absolute, since daemons change their directory.
        return AuditedChecker(ThrottledChecker(hashedfile.HashedPasswordFile(os.path.abspath(argstring))))


theHashedFileCheckerFactory = HashedFileCheckerFactory()
