"""/etc/shadow: the hashes of the users' passwords, which mostly only root can read."""

from __future__ import annotations

import importlib
import warnings
from typing import Any, NamedTuple

__all__ = ["Record", "former", "getspnam"]

_PATH = "/etc/shadow"


def former(name: str) -> Any:
    """Return a module that the standard library had until Python 3.12, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return importlib.import_module(name)
        except ImportError:
            return None


# At import, since to silence a warning is to silence it in all threads.
_spwd = former("spwd")


class Record(NamedTuple):
    """A user's line, with the names of the former ``spwd``; numbers that are not there are -1."""

    sp_namp: str
    sp_pwdp: str
    sp_lstchg: int
    sp_min: int
    sp_max: int
    sp_warn: int
    sp_inact: int
    sp_expire: int
    sp_flag: int


def getspnam(name: str) -> Any:
    """
    Return a user's record.

    Up to Python 3.12 it comes from wherever /etc/nsswitch.conf says.

    Raises:
        KeyError: There is no such user.
        PermissionError: This process may not see it.
    """
    if _spwd is not None:
        return _spwd.getspnam(name)
    with open(_PATH, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.rstrip("\n").split(":")
            if fields[0] == name and len(fields) >= 8:
                return Record(fields[0], fields[1], *(int(field or -1) for field in [*fields[2:], ""][:7]))
    raise KeyError(name)
