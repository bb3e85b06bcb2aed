"""Whose part of the file system it is."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.cred import checkers
from reactorio.cred.error import UnauthorizedLogin
from reactorio.cred.portal import IRealm
from reactorio.protocols._ftp.interfaces import IFTPShell
from reactorio.protocols._ftp.shells import FTPAnonymousShell, FTPShell
from reactorio.python.filepath import FilePath, InsecurePath

if TYPE_CHECKING:
    from collections.abc import Callable

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring


@implementer(IRealm)
class BaseFTPRealm:
    """
    A realm of `IFTPShell`. Subclasses say where users are at home.

    The server's process does everything as the user that it runs as, whoever has logged in.

    Args:
        anonymousRoot: The path of the directory that nobody in particular may read.
    """

    def __init__(self, anonymousRoot: str | bytes) -> None:
        self.anonymousRoot: Any = FilePath(anonymousRoot)

    def getHomeDirectory(self, avatarId: Any) -> FilePath[str]:
        """
        Return the directory that is a user's root.

        Raises:
            UnauthorizedLogin: The user has none.
        """
        raise NotImplementedError(f"{self.__class__!r} did not override getHomeDirectory")

    def requestAvatar(
        self, avatarId: Any, mind: Any, *interfaces: Any
    ) -> tuple[type[IFTPShell], FTPAnonymousShell, Callable[[], Any]]:
        """See `IRealm.requestAvatar`. A shell's ``logout``, if it has one, is called when the user leaves."""
        if IFTPShell not in interfaces:
            raise NotImplementedError("Only IFTPShell interface is supported by this realm")
        shell = (
            FTPAnonymousShell(self.anonymousRoot)
            if avatarId is checkers.ANONYMOUS
            else FTPShell(self.getHomeDirectory(avatarId))
        )
        return IFTPShell, shell, getattr(shell, "logout", _nothing)


def _nothing() -> None:
    """Stand for the logout of a shell that has none."""


class FTPRealm(BaseFTPRealm):
    """
    A realm in which each user has a directory of that name.

    Args:
        anonymousRoot: The path of the directory that nobody in particular may read.
        userHome: The path of the directory that has the users'.
    """

    def __init__(self, anonymousRoot: str | bytes, userHome: str = "/home") -> None:
        super().__init__(anonymousRoot)
        self.userHome = FilePath(userHome)

    def getHomeDirectory(self, avatarId: Any) -> FilePath[str]:
        """
        Return the user's directory, whether it exists or not.

        Raises:
            UnauthorizedLogin: The user's name is not the name of a directory. (Unlike Twisted, which has an
                `InsecurePath` for some of these, and the directory of all users for ".".)
        """
        name = os.fsdecode(avatarId)
        if name in ("", ".") or "/" in name or "\0" in name:
            raise UnauthorizedLogin()
        try:
            return self.userHome.child(name)
        except InsecurePath as exc:
            raise UnauthorizedLogin() from exc


class SystemFTPRealm(BaseFTPRealm):
    """A realm in which users are those of this system, and at home where they are when they log in to it."""

    def getHomeDirectory(self, avatarId: Any) -> FilePath[str]:
        """
        Return the user's home directory.

        Raises:
            UnauthorizedLogin: There is no such user.
        """
        try:
            return FilePath(pwd.getpwnam(os.fsdecode(avatarId)).pw_dir)
        except (KeyError, ValueError) as exc:
            raise UnauthorizedLogin() from exc
