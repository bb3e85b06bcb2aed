"""Exit statuses by name, as sysexits.h has them, and a way out that says why."""

from __future__ import annotations

from enum import IntEnum
from sys import exit as sysexit
from sys import stderr, stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["ExitStatus", "exit"]


class ExitStatus(IntEnum):
    """The statuses of BSD's sysexits.h. Not from `os`: Windows does not have them."""

    EX_OK = 0
    EX_USAGE = 64
    EX_DATAERR = 65
    EX_NOINPUT = 66
    EX_NOUSER = 67
    EX_NOHOST = 68
    EX_UNAVAILABLE = 69
    EX_SOFTWARE = 70
    EX_OSERR = 71
    EX_OSFILE = 72
    EX_CANTCREAT = 73
    EX_IOERR = 74
    EX_TEMPFAIL = 75
    EX_PROTOCOL = 76
    EX_NOPERM = 77
    EX_CONFIG = 78


def exit(status: int | ExitStatus, message: str = "") -> NoReturn:
    """Exit with a status and, on stdout if that is 0 and on stderr otherwise, a message."""
    code = int(status)
    if message:
        output = stderr if code else stdout
        output.write(f"{message}\n")
        output.flush()
    sysexit(code)
