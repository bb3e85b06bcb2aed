"""``--auth memory:name:password:...``"""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from reactorio.cred.credentials import IUsernameHashedPassword, IUsernamePassword
from reactorio.cred.strcred import ICheckerFactory, InvalidAuthArgumentString
from reactorio.plugin import IPlugin

__all__: list[str] = []

inMemoryCheckerFactoryHelp = """
Takes names and passwords, in turns, from the command line, where every user of the machine can read them: for trying a
server out, and for nothing else.
"""


@implementer(ICheckerFactory, IPlugin)
class InMemoryCheckerFactory:
    authType = "memory"
    authHelp = inMemoryCheckerFactoryHelp
    argStringFormat = "A colon-separated list (name:password:...)"
    credentialInterfaces: Any = (IUsernamePassword, IUsernameHashedPassword)

    def generateChecker(self, argstring: str) -> InMemoryUsernamePasswordDatabaseDontUse:
        """
        Return a checker of the users in ``argstring``.

        It takes names both as text and, unlike Twisted's, as the bytes that protocols have.

        Raises:
            InvalidAuthArgumentString: A name has no password.
        """
        checker = InMemoryUsernamePasswordDatabaseDontUse()
        words = argstring.split(":") if argstring else []
        if len(words) % 2:
            raise InvalidAuthArgumentString("argstring must be in format U:P:...")
        for name, password in zip(words[::2], words[1::2], strict=True):
            checker.addUser(name, password)
            checker.addUser(name.encode("utf-8"), password.encode("utf-8"))
        return checker


theInMemoryCheckerFactory = InMemoryCheckerFactory()
