"""
Files of authorized keys (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"): a key on each line, options before it.

Most options take something away from whoever has the key: a command that is run instead of any other, hosts that it works from.
What nobody here can hold them to, they must not get around, so a line counts only if all of its options can be kept.
"""

from __future__ import annotations

import calendar
import os
import re
import stat
import time
from typing import IO, TYPE_CHECKING

from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "MAX_FILE",
    "MAX_LINE",
    "MAX_LINES",
    "RefusedLine",
    "key_lines",
    "open_regular",
    "unsafe_part",
    "without_options",
]

_log = Logger()

# OpenSSH's longest line is 16 KiB, too.
MAX_LINE = 16 * 1024
MAX_FILE = 4 * 1024 * 1024
MAX_LINES = 10_000

# What a key type begins with; no option does.
_TYPES = (b"ssh-", b"ecdsa-sha2-", b"sk-")

# One option: a name, and perhaps a text in quotes, where \" is a quote.
_OPTION = re.compile(rb'([A-Za-z0-9-]+)(?:="((?:[^"\\]|\\.)*)")?')

# What these give is given anyway, as long as `restrict` is not there, too.
_GRANTS = frozenset([b"agent-forwarding", b"port-forwarding", b"pty", b"user-rc", b"x11-forwarding"])
_EXPIRY = b"expiry-time"


class RefusedLine(Exception):
    """A line's key must not be used here; the text says why."""


def key_lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """
    Yield the lines that are neither empty nor comments, stripped, with their numbers, from 1 on.

    Lines that are too long are logged and left out, and so is what follows when the file is too long.
    """
    read = number = 0
    while line := file.readline(MAX_LINE + 2):
        number += 1
        is_too_long = len(line.rstrip(b"\r\n")) > MAX_LINE
        while is_too_long and line and not line.endswith(b"\n"):
            read += len(line)
            if read > MAX_FILE:
                break
            line = file.readline(MAX_LINE)
        read += len(line)
        if read > MAX_FILE or number > MAX_LINES:
            _log.warn("A file of authorized keys is too long: its keys count up to line {number}", number=number - 1)
            return
        if is_too_long:
            _log.warn("Line {number} of a file of authorized keys is too long", number=number)
            continue
        line = line.strip()
        if line and not line.startswith(b"#"):
            yield number, line


def without_options(line: bytes) -> bytes:
    """
    Return the line without the options before the key, all of which can be kept; as it is if it does not have that form.

    Raises:
        RefusedLine: An option cannot be kept, or is not well-formed, or the key has expired.
    """
    options, rest = _split(line)
    for name, value in options:
        if name == _EXPIRY and value is not None:
            if time.time() >= _moment(value):
                raise RefusedLine("the key has expired")
        elif name not in _GRANTS or value is not None:
            raise RefusedLine(f"the option {name.decode('ascii')} cannot be kept here")
    return rest


def _split(line: bytes) -> tuple[list[tuple[bytes, bytes | None]], bytes]:
    """Return the options, with their values, and the line behind them."""
    options: list[tuple[bytes, bytes | None]] = []
    if line.startswith(_TYPES):
        return options, line
    position = 0
    while found := _OPTION.match(line, position):
        options.append((found.group(1).lower(), found.group(2)))
        position = found.end()
        following = line[position : position + 1]
        if following in (b" ", b"\t") and line[position:].lstrip().startswith(_TYPES):
            return options, line[position:].lstrip()
        if following != b",":
            break
        position += 1
    if any(b" " + name in line or b"\t" + name in line for name in _TYPES) and (b"=" in line or b"," in line):
        raise RefusedLine("its options are not well-formed")
    return [], line


def _moment(text: bytes) -> float:
    """Return the time that ``YYYYMMDD[HHMM[SS]][Z]`` says, on this machine's clock, or with Z in UTC."""
    in_utc = text.endswith((b"Z", b"z"))
    digits = text[:-1] if in_utc else text
    if len(digits) not in (8, 12, 14) or not digits.isdigit():
        raise RefusedLine("its time of expiry is none")
    try:
        moment = time.strptime(digits.decode("ascii").ljust(14, "0"), "%Y%m%d%H%M%S")
        return calendar.timegm(moment) if in_utc else time.mktime(moment)
    except (ValueError, OverflowError):
        raise RefusedLine("its time of expiry is none") from None


# -- Which files.


def open_regular(path: str | bytes) -> IO[bytes]:
    """
    Open a file to read it. It belongs to a user, who may have put something in its place that never ends, or never begins.

    Raises:
        OSError: It cannot be opened, or is no file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{os.fsdecode(path)} is no regular file")
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def unsafe_part(file: IO[bytes], path: str | bytes, home: str | bytes, uid: int) -> str | None:
    """
    Return which of the file and the folders above it, up to the home, somebody else can change; None if nobody can.

    It is OpenSSH's ``StrictModes``: each belongs to the user or to root, and only the owner may write there.

    Raises:
        OSError: One of them is not there any more.
    """
    if _others_can_change(os.fstat(file.fileno()), uid):
        return os.fsdecode(path)
    folder, top = os.path.dirname(os.path.realpath(os.fsdecode(path))), os.path.realpath(os.fsdecode(home))
    while True:
        if _others_can_change(os.stat(folder), uid):
            return folder
        if folder in (top, os.path.dirname(folder)):
            return None
        folder = os.path.dirname(folder)


def _others_can_change(status: os.stat_result, uid: int) -> bool:
    return status.st_uid not in (0, uid) or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
