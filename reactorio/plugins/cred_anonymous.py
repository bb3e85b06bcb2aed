"""``--auth anonymous``"""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.cred.checkers import AllowAnonymousAccess
from reactorio.cred.credentials import IAnonymous
from reactorio.cred.strcred import ICheckerFactory
from reactorio.plugin import IPlugin

__all__: list[str] = []

anonymousCheckerFactoryHelp = """
Lets everybody in, with the rights of nobody in particular, if the server has such rights.
"""


@implementer(ICheckerFactory, IPlugin)
class AnonymousCheckerFactory:
    authType = "anonymous"
    authHelp = anonymousCheckerFactoryHelp
    argStringFormat = "No argstring required."
    credentialInterfaces: Any = (IAnonymous,)

    def generateChecker(self, argstring: str = "") -> AllowAnonymousAccess:
        return AllowAnonymousAccess()


theAnonymousCheckerFactory = AnonymousCheckerFactory()
