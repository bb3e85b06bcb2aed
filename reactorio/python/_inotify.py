"""The kernel's calls for watching files, by ctypes. Importing this fails where the C library has none."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactorio.python.filepath import FilePath

__all__ = ["INotifyError", "add", "init", "initializeModule", "remove"]


class INotifyError(Exception):
    """A file cannot be watched, or none can."""


def init() -> int:
    """
    Return a new descriptor for events.

    Raises:
        INotifyError: The system gives no more of them.
    """
    descriptor: int = libc.inotify_init()
    if descriptor < 0:
        raise INotifyError(f"INotify initialization error: {_reason()}")
    return descriptor


def add(fd: int, path: FilePath[Any], mask: int) -> int:
    """
    Watch ``path`` and return the number of the watch, which is an earlier one's if that is of the same file.

    Raises:
        INotifyError: There is no such file, or the system allows no more watches.
    """
    number: int = libc.inotify_add_watch(fd, path.asBytesMode().path, mask)
    if number < 0:
        raise INotifyError(f"Failed to add watch on '{path!r}' - {_reason()}")
    return number


def remove(fd: int, wd: int) -> None:
    """Watch no more. The kernel may have come first, when the file was deleted; that is as good."""
    libc.inotify_rm_watch(fd, wd)


def _reason() -> str:
    return os.strerror(ctypes.get_errno())


def initializeModule(libc: Any) -> None:
    """
    Declare the calls of a C library.

    Raises:
        ImportError: It does not have them all.
    """
    for name in ("inotify_init", "inotify_add_watch", "inotify_rm_watch"):
        if not hasattr(libc, name):
            raise ImportError(f"the C library has no {name}")
    libc.inotify_init.argtypes = []
    libc.inotify_init.restype = ctypes.c_int
    libc.inotify_rm_watch.argtypes = [ctypes.c_int, ctypes.c_int]
    libc.inotify_rm_watch.restype = ctypes.c_int
    libc.inotify_add_watch.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32]
    libc.inotify_add_watch.restype = ctypes.c_int


libc: Any = ctypes.CDLL(None, use_errno=True)
initializeModule(libc)
