"""User databases for tests: what :mod:`pwd` and the former ``spwd`` have, in memory."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ShadowDatabase", "UserDatabase"]


class _UserRecord(NamedTuple):
    pw_name: str
    pw_passwd: str
    pw_uid: int
    pw_gid: int
    pw_gecos: str
    pw_dir: str
    pw_shell: str


class UserDatabase:
    """Users, as :mod:`pwd` has them."""

    _lastUID = 10101
    _lastGID = 20202

    def __init__(self) -> None:
        self._users: list[_UserRecord] = []

    def addUser(
        self,
        username: str,
        password: str = "password",
        uid: int | None = None,
        gid: int | None = None,
        gecos: str = "",
        home: str = "",
        shell: str = "/bin/sh",
    ) -> None:
        """Add a user; with numbers that nobody else has unless they are given."""
        if uid is None:
            uid = self._lastUID
            self._lastUID += 1
        if gid is None:
            gid = self._lastGID
            self._lastGID += 1
        self._users.append(_UserRecord(username, password, uid, gid, gecos, home, shell))

    def getpwuid(self, uid: int) -> _UserRecord:
        """Return the user of that number; KeyError if there is none."""
        for user in self._users:
            if user.pw_uid == uid:
                return user
        raise KeyError(uid)

    def getpwnam(self, name: str) -> _UserRecord:
        """Return the user of that name; KeyError if there is none, TypeError if it is not text."""
        _require_text(name)
        for user in self._users:
            if user.pw_name == name:
                return user
        raise KeyError(name)

    def getpwall(self) -> list[_UserRecord]:
        return list(self._users)


class _ShadowRecord(NamedTuple):
    sp_nam: str
    sp_pwd: str
    sp_lstchg: int
    sp_min: int
    sp_max: int
    sp_warn: int
    sp_inact: int
    sp_expire: int
    sp_flag: int


class ShadowDatabase:
    """Passwords of users, as the ``spwd`` module had them."""

    def __init__(self) -> None:
        self._users: list[_ShadowRecord] = []

    def addUser(
        self,
        username: str,
        password: str,
        lastChange: int,
        min: int,
        max: int,
        warn: int,
        inact: int,
        expire: int,
        flag: int,
    ) -> None:
        """Add a user; what the numbers mean is in shadow(5)."""
        self._users.append(_ShadowRecord(username, password, lastChange, min, max, warn, inact, expire, flag))

    def getspnam(self, username: str) -> _ShadowRecord:
        """Return the user of that name; KeyError if there is none, TypeError if it is not text."""
        _require_text(username)
        for user in self._users:
            if user.sp_nam == username:
                return user
        raise KeyError(username)

    def getspall(self) -> list[_ShadowRecord]:
        return list(self._users)


def _require_text(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"a name must be str, not {type(name).__name__}")
