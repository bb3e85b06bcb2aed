"""
The checker that asks PAM: whatever the system's administrators have configured for a service.

It stands on python-pam (the extra ``pam``), and works in threads: PAM blocks, and many modules wait after a failure.
"""

from __future__ import annotations

import importlib
from typing import Any

from reactorio._interface import implementer
from reactorio.cred import error
from reactorio.cred._inthreads import ChecksInThreads
from reactorio.cred.checkers import ICredentialsChecker

__all__ = ["PluggableAuthenticationModulesChecker"]


@implementer(ICredentialsChecker)
class PluggableAuthenticationModulesChecker(ChecksInThreads):
    """
    The users that PAM lets in with a password. No session is opened.

    Avatar ids are the names, as text. To check others than the user that it runs as, the process mostly has to be root.

    Args:
        service: Which of the files in ``/etc/pam.d`` counts.
        reactor: Whose threads wait; the global one's if None.
        at_once: How many checks there are at most at the same time.

    Raises:
        ImportError: python-pam is not installed.
    """

    def __init__(self, service: str = "login", *, reactor: Any = None, at_once: int = 8) -> None:
        super().__init__(reactor, at_once)
        self.service = service
        try:
            self._pam: Any = importlib.import_module("pam")
        except ImportError as exc:
            raise ImportError("PAM needs python-pam: pip install 'reactorio[pam]'", name="pam") from exc

    def check(self, name: bytes, password: bytes) -> str:
        try:
            username, clear = name.decode("utf-8"), password.decode("utf-8")
        except UnicodeDecodeError:
            raise error.UnauthorizedLogin() from None
        if "\0" in username or "\0" in clear:
            raise error.UnauthorizedLogin()  # C would see a shorter one
        # An object of its own for each check: they keep the state of one conversation.
        if not self._pam.pam().authenticate(username, clear, service=self.service):
            raise error.UnauthorizedLogin()
        return username
