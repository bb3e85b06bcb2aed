"""
What is wrong with a login.

    Unauthorized                not allowed
      UnauthorizedLogin         the credentials are wrong; a LoginFailed too
    LoginFailed                 no login, for any reason
      LoginDenied               not now, or not for this user, whatever the credentials
        TooManyAttempts         not now, after many failures; an UnauthorizedLogin too
      UnhandledCredentials      nobody here can check credentials of this kind
"""

from __future__ import annotations

__all__ = [
    "LoginDenied",
    "LoginFailed",
    "TooManyAttempts",
    "Unauthorized",
    "UnauthorizedLogin",
    "UnhandledCredentials",
]


class Unauthorized(Exception):
    """This is not allowed."""


class LoginFailed(Exception):
    """Somebody could not log in."""


class UnauthorizedLogin(LoginFailed, Unauthorized):
    """The credentials are not those of the user, or there is no such user: these two are told alike."""


class UnhandledCredentials(LoginFailed):
    """No checker takes credentials of this kind."""


class LoginDenied(LoginFailed):
    """The login was refused for another reason than its credentials: too often, over a quota, too much to do."""


class TooManyAttempts(UnauthorizedLogin, LoginDenied):
    """
    The credentials were not looked at, since too many before them were wrong.

    Protocols that know nothing of this class answer as to a wrong password.

    Args:
        retry_after: Seconds until the next attempt will be looked at.
    """

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"too many attempts; the next one counts in {retry_after:.0f} seconds")
        self.retry_after = retry_after
