"""``--auth sshkey``, where there is ``reactorio.conch``."""

from __future__ import annotations

import importlib
from typing import Any

from reactorio._interface import implementer
from reactorio.cred.credentials import ISSHPrivateKey
from reactorio.cred.strcred import ICheckerFactory
from reactorio.plugin import IPlugin

__all__: list[str] = []

# What reactorio.conch stands on.
plugin_needs = ("bcrypt", "cryptography")

sshKeyCheckerFactoryHelp = """
Takes the users of this machine, with the public keys in their `.ssh/authorized_keys`, as OpenSSH does: only from files that
nobody else can change. Keys that are limited by options, such as `command` or `from`, are not taken.
"""

try:
    _checkers: Any = importlib.import_module("reactorio.conch.checkers")
except ImportError:
    # What the package needs is not always there; the type is not listed then.
    pass
else:

    @implementer(ICheckerFactory, IPlugin)
    class SSHKeyCheckerFactory:
        authType = "sshkey"
        authHelp = sshKeyCheckerFactoryHelp
        argStringFormat = "No argstring required."
        credentialInterfaces: Any = (ISSHPrivateKey,)

        def generateChecker(self, argstring: str = "") -> Any:
            return _checkers.SSHPublicKeyChecker(_checkers.UNIXAuthorizedKeysFiles(strict_modes=True))

    theSSHKeyCheckerFactory = SSHKeyCheckerFactory()
