"""``--auth sshkey``, where there is ``reactorio.conch``."""

from __future__ import annotations

import importlib
from typing import Any

from reactorio._interface import implementer
from reactorio.cred.credentials import ISSHPrivateKey
from reactorio.cred.strcred import ICheckerFactory
from reactorio.plugin import IPlugin

__all__: list[str] = []

sshKeyCheckerFactoryHelp = """
Takes the users of this machine, with the public keys in their `.ssh/authorized_keys`, as OpenSSH does.
"""

try:
    _checkers: Any = importlib.import_module("reactorio.conch.checkers")
except ImportError:
    # Neither the package nor what it needs is always there; the type is not listed then.
    pass
else:

    @implementer(ICheckerFactory, IPlugin)
    class SSHKeyCheckerFactory:
        authType = "sshkey"
        authHelp = sshKeyCheckerFactoryHelp
        argStringFormat = "No argstring required."
        credentialInterfaces: Any = (ISSHPrivateKey,)

        def generateChecker(self, argstring: str = "") -> Any:
            return _checkers.SSHPublicKeyChecker(_checkers.UNIXAuthorizedKeysFiles())

    theSSHKeyCheckerFactory = SSHKeyCheckerFactory()
