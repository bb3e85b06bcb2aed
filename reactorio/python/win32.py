"""What programs for Windows import: its error numbers, and the quoting of its command lines."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ERROR_DIRECTORY",
    "ERROR_FILE_NOT_FOUND",
    "ERROR_INVALID_NAME",
    "ERROR_PATH_NOT_FOUND",
    "O_BINARY",
    "cmdLineQuote",
    "formatError",
    "quoteArguments",
]

ERROR_FILE_NOT_FOUND = 2
ERROR_PATH_NOT_FOUND = 3
ERROR_INVALID_NAME = 123
ERROR_DIRECTORY = 267

O_BINARY: int = getattr(os, "O_BINARY", 0)


def cmdLineQuote(s: str) -> str:
    """Return an argument as it stands in a command line; it is always put into quotes."""
    quoted = subprocess.list2cmdline([s])
    if quoted.startswith('"'):
        return quoted
    # Backslashes before the closing quote would escape it.
    backslashes = len(s) - len(s.rstrip("\\"))
    return f'"{quoted}{chr(92) * backslashes}"'


def quoteArguments(arguments: Iterable[str]) -> str:
    """Return a command line that a program takes apart into these arguments."""
    return " ".join(map(cmdLineQuote, arguments))


def formatError(errorcode: int) -> str:
    """Return the text of an error number."""
    return os.strerror(errorcode)
