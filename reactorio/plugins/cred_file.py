"""``--auth file:PATH``"""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

from reactorio._interface import implementer
from reactorio.cred.checkers import FilePasswordDB
from reactorio.cred.credentials import IUsernameHashedPassword, IUsernamePassword
from reactorio.cred.strcred import ICheckerFactory
from reactorio.plugin import IPlugin

__all__: list[str] = []

fileCheckerFactoryHelp = """
Takes the path of a file with a line for each user:

    name:password

The passwords are in clear, as CRAM-MD5, APOP and digest authentication need them; nobody but the server should be able to
read the file. Where clients send their passwords anyway, `--auth hashed:PATH` is better.
"""

invalidFileWarning = "Warning: not a valid file"


@implementer(ICheckerFactory, IPlugin)
class FileCheckerFactory:
    authType = "file"
    authHelp = fileCheckerFactoryHelp
    argStringFormat = "Location of a FilePasswordDB-formatted file."
    credentialInterfaces: Any = (IUsernamePassword, IUsernameHashedPassword)

    # Where the warning goes: a file may be put in its place while the server runs, so that it is no error.
    errorOutput: TextIO = sys.stderr

    def generateChecker(self, argstring: str) -> FilePasswordDB:
        """
        Return the checker of a file.

        Raises:
            ValueError: No file is named.
        """
        if not argstring.strip():
            raise ValueError(f"{self.authType!r} requires a filename")
        if not os.path.isfile(argstring):
            self.errorOutput.write(f"{invalidFileWarning}: {argstring}\n")
        return FilePasswordDB(argstring)


theFileCheckerFactory = FileCheckerFactory()
