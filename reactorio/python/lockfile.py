"""
Locks between processes: a symbolic link whose target is the holder's process id.

Making a link is atomic, and a link that outlives its holder tells that it does.
"""

from __future__ import annotations

import errno
import os

__all__ = ["FilesystemLock", "isLocked"]

kill = os.kill
readlink = os.readlink
rmlink = os.remove
symlink = os.symlink


class FilesystemLock:
    """
    A lock by a name in the file system.

    Args:
        name: The path of the link.
    """

    # Whether this process has it; and whether, when it was taken, nobody had died holding it.
    locked = False
    clean: bool | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def lock(self) -> bool:
        """
        Take the lock if nobody has it.

        Returns:
            Whether it was taken.

        Raises:
            OSError: The link can be neither made nor read.
        """
        clean = True
        while True:
            try:
                symlink(str(os.getpid()), self.name)
            except OSError as exc:
                if exc.errno != errno.EEXIST:
                    raise
            else:
                self.locked = True
                self.clean = clean
                return True
            try:
                holder = int(readlink(self.name))
            except OSError as exc:
                if exc.errno == errno.ENOENT:
                    # Given back meanwhile.
                    continue
                raise
            if _is_alive(holder):
                return False
            try:
                rmlink(self.name)
            except OSError as exc:
                # Another process may have cleaned up.
                if exc.errno != errno.ENOENT:
                    raise
            else:
                clean = False

    def unlock(self) -> None:
        """
        Give the lock back.

        Raises:
            ValueError: Another process has it.
        """
        if int(readlink(self.name)) != os.getpid():
            raise ValueError(f"Lock {self.name!r} not owned by this process")
        rmlink(self.name)
        self.locked = False


def _is_alive(pid: int) -> bool:
    if kill is None:
        # There are systems on which one cannot ask.
        return True
    try:
        kill(pid, 0)
    except OSError as exc:
        if exc.errno == errno.ESRCH:
            return False
        raise
    return True


def isLocked(name: str) -> bool:
    """Does anybody have the lock of that name?"""
    lock = FilesystemLock(name)
    if lock.lock():
        lock.unlock()
        return False
    return True
