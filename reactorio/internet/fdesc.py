"""Plain calls on file descriptors, with errors told by value."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from reactorio.internet.main import CONNECTION_DONE, CONNECTION_LOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.error import ConnectionDone, ConnectionLost

__all__ = ["readFromFD", "setBlocking", "setNonBlocking", "writeToFD"]

_READ_SIZE = 8 * 1024
_NOT_NOW = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR)


def setNonBlocking(fd: int) -> None:
    """Let nothing wait on what ``fd`` leads to, for whoever else has it open, too."""
    os.set_blocking(fd, False)


def setBlocking(fd: int) -> None:
    """Let reads and writes wait, for whoever else has it open, too."""
    os.set_blocking(fd, True)


def _setCloseOnExec(fd: int) -> None:
    """Keep ``fd`` from programs that this process starts or becomes."""
    os.set_inheritable(fd, False)


def _unsetCloseOnExec(fd: int) -> None:
    """Let programs that this process starts or becomes have ``fd``."""
    os.set_inheritable(fd, True)


def readFromFD(fd: int, callback: Callable[[bytes], object]) -> ConnectionDone | ConnectionLost | None:
    """
    Read once, without waiting if ``fd`` is non-blocking, and call ``callback`` with what there is, if anything.

    Returns:
        CONNECTION_DONE at the end of what can be read, CONNECTION_LOST if reading fails, otherwise None.
    """
    try:
        data = os.read(fd, _READ_SIZE)
    except OSError as error:
        return None if error.errno in _NOT_NOW else CONNECTION_LOST
    if not data:
        return CONNECTION_DONE
    callback(data)
    return None


def writeToFD(fd: int, data: bytes) -> int | ConnectionLost:
    """
    Write once, without waiting if ``fd`` is non-blocking.

    Returns:
        How many bytes were written, 0 if it would have to wait, CONNECTION_LOST if writing fails.
    """
    try:
        return os.write(fd, data)
    except OSError as error:
        return 0 if error.errno in _NOT_NOW else CONNECTION_LOST
