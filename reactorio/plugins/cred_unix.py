"""``--auth unix``"""

from __future__ import annotations

import pwd
import time
from typing import Any

from reactorio._interface import implementer
from reactorio.cred import _crypt, _shadow
from reactorio.cred._inthreads import ChecksInThreads
from reactorio.cred.checkers import ICredentialsChecker
from reactorio.cred.credentials import IUsernamePassword
from reactorio.cred.error import UnauthorizedLogin
from reactorio.cred.strcred import ICheckerFactory
from reactorio.plugin import IPlugin

__all__: list[str] = []

_DAY = 24 * 60 * 60


# At import, since to silence a warning is to silence it in all threads.
_crypt_module = _shadow.former("crypt")


def verifyCryptedPassword(crypted: Any, pw: Any) -> bool:
    """
    Is ``crypted`` the hash of ``pw``? Both are bytes, or text in UTF-8.

    Unlike `UNIXChecker`, it asks the standard library where that still can.
    """
    stored, password = _bytes(crypted), _bytes(pw)
    if _crypt_module is None:
        return _crypt.matches(stored, password)
    try:
        hashed = _crypt_module.crypt(password.decode("utf-8"), stored.decode("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(hashed) and _bytes(hashed) == stored


def _bytes(text: Any) -> bytes:
    return text.encode("utf-8") if isinstance(text, str) else bytes(text)


@implementer(ICredentialsChecker)
class UNIXChecker(ChecksInThreads):
    """
    The users of this machine, with the passwords in ``/etc/shadow``, which mostly only root can read.

    Avatar ids are the names, as text. Locked accounts, expired ones, and those without a password cannot log in.
    """

    def __init__(self, *, reactor: Any = None, at_once: int = 4) -> None:
        super().__init__(reactor, at_once)
        # For names that nobody has: the hash that was looked at last, which costs what another one does.
        self._decoy = b"$6$nobodyhasthis$"

    def check(self, name: bytes, password: bytes) -> str:
        try:
            username = name.decode("utf-8")
            stored = _hash_of(username)
        except (UnicodeError, KeyError):
            stored = None
        if stored is None:
            _crypt.matches(self._decoy, password)
            raise UnauthorizedLogin()
        self._decoy = stored
        if not _crypt.matches(stored, password):
            raise UnauthorizedLogin()
        return username


def _hash_of(username: str) -> bytes | None:
    """
    Return the hash of a user's password; None if there is none to log in with.

    Raises:
        KeyError: There is no such user.
        PermissionError: This process may not see it.
    """
    stored = pwd.getpwnam(username).pw_passwd
    if stored in ("x", "*"):
        record = _shadow.getspnam(username)
        stored = record.sp_pwdp
        if 0 <= record.sp_expire <= time.time() // _DAY:
            return None
    return stored.encode("utf-8") if stored.startswith("$") or len(stored) == 13 else None


unixCheckerFactoryHelp = """
Takes the users of this machine, with their passwords in /etc/shadow, or wherever /etc/nsswitch.conf says up to Python 3.12.
The server has to run as root, or in the group that can read them.

Only hashes are compared: none of PAM's modules is asked. Where those matter, use `--auth pam`.
"""


@implementer(ICheckerFactory, IPlugin)
class UNIXCheckerFactory:
    authType = "unix"
    authHelp = unixCheckerFactoryHelp
    argStringFormat = "No argstring required."
    credentialInterfaces: Any = (IUsernamePassword,)

    def generateChecker(self, argstring: str = "") -> UNIXChecker:
        return UNIXChecker()


theUnixCheckerFactory = UNIXCheckerFactory()
