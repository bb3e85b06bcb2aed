"""
Watching files and directories for changes, on Linux.

    watcher = INotify()
    watcher.startReading()
    watcher.watch(FilePath("/some/directory"), callbacks=[changed])     # changed(ignored, path, mask)
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any

from reactorio.internet import fdesc
from reactorio.internet.abstract import FileDescriptor
from reactorio.internet.main import CONNECTION_LOST
from reactorio.logger import Logger
from reactorio.python import _inotify
from reactorio.python._inotify import INotifyError as INotifyError  # part of this module's interface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reactorio.python.failure import Failure
    from reactorio.python.filepath import FilePath

# From <sys/inotify.h>: what can be watched for,
IN_ACCESS = 0x00000001
IN_MODIFY = 0x00000002
IN_ATTRIB = 0x00000004
IN_CLOSE_WRITE = 0x00000008
IN_CLOSE_NOWRITE = 0x00000010
IN_OPEN = 0x00000020
IN_MOVED_FROM = 0x00000040
IN_MOVED_TO = 0x00000080
IN_CREATE = 0x00000100
IN_DELETE = 0x00000200
IN_DELETE_SELF = 0x00000400
IN_MOVE_SELF = 0x00000800
# what comes unasked for,
IN_UNMOUNT = 0x00002000
IN_Q_OVERFLOW = 0x00004000
IN_IGNORED = 0x00008000
# and how to watch; IN_ISDIR comes with events.
IN_ONLYDIR = 0x01000000
IN_DONT_FOLLOW = 0x02000000
IN_MASK_ADD = 0x20000000
IN_ISDIR = 0x40000000
IN_ONESHOT = 0x80000000

IN_CLOSE = IN_CLOSE_WRITE | IN_CLOSE_NOWRITE
IN_MOVED = IN_MOVED_FROM | IN_MOVED_TO
IN_CHANGED = IN_MODIFY | IN_ATTRIB

IN_WATCH_MASK = IN_CHANGED | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVED | IN_MOVE_SELF | IN_UNMOUNT

_FLAG_TO_HUMAN = [
    (IN_ACCESS, "access"),
    (IN_MODIFY, "modify"),
    (IN_ATTRIB, "attrib"),
    (IN_CLOSE_WRITE, "close_write"),
    (IN_CLOSE_NOWRITE, "close_nowrite"),
    (IN_OPEN, "open"),
    (IN_MOVED_FROM, "moved_from"),
    (IN_MOVED_TO, "moved_to"),
    (IN_CREATE, "create"),
    (IN_DELETE, "delete"),
    (IN_DELETE_SELF, "delete_self"),
    (IN_MOVE_SELF, "move_self"),
    (IN_UNMOUNT, "unmount"),
    (IN_Q_OVERFLOW, "queue_overflow"),
    (IN_IGNORED, "ignored"),
    (IN_ONLYDIR, "only_dir"),
    (IN_DONT_FOLLOW, "dont_follow"),
    (IN_MASK_ADD, "mask_add"),
    (IN_ISDIR, "is_dir"),
    (IN_ONESHOT, "one_shot"),
]

__all__ = [
    "IN_ACCESS",
    "IN_ATTRIB",
    "IN_CHANGED",
    "IN_CLOSE",
    "IN_CLOSE_NOWRITE",
    "IN_CLOSE_WRITE",
    "IN_CREATE",
    "IN_DELETE",
    "IN_DELETE_SELF",
    "IN_DONT_FOLLOW",
    "IN_IGNORED",
    "IN_ISDIR",
    "IN_MASK_ADD",
    "IN_MODIFY",
    "IN_MOVED",
    "IN_MOVED_FROM",
    "IN_MOVED_TO",
    "IN_MOVE_SELF",
    "IN_ONESHOT",
    "IN_ONLYDIR",
    "IN_OPEN",
    "IN_Q_OVERFLOW",
    "IN_UNMOUNT",
    "IN_WATCH_MASK",
    "INotify",
    "humanReadableMask",
]

_log = Logger()

# Watch, mask, cookie (which pairs the two halves of a move) and the length of the name that follows.
_HEADER = struct.Struct("=iIII")
_READ_SIZE = 64 * 1024


def humanReadableMask(mask: int) -> list[str]:
    """Return the names of the flags in ``mask``."""
    return [name for flag, name in _FLAG_TO_HUMAN if flag & mask]


def _events(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield watch, mask and name (of what is in a directory; else empty). The kernel does not cut events."""
    at = 0
    while at < len(data):
        number, mask, _cookie, length = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        yield number, mask, data[at : at + length].rstrip(b"\0")
        at += length


class _Watch:
    """What is watched: the first argument of its callbacks."""

    def __init__(self, path: FilePath[bytes], mask: int, autoAdd: bool, callbacks: list[Callable[..., object]]) -> None:
        self.path = path
        self.mask = mask
        self.autoAdd = autoAdd
        self.callbacks = callbacks

    def notify(self, path: FilePath[bytes], mask: int) -> None:
        for callback in self.callbacks:
            try:
                callback(self, path, mask)
            except Exception:
                _log.failure("Unhandled error in a callback for changes of {path}", path=path.path)


class INotify(FileDescriptor):
    """
    Watches files and directories, once `startReading` has been called. Paths are told in bytes.

    Unlike Twisted: it closes when the last thing watched is deleted, not the first; and an exception in a callback is
    logged, and the others are called.

    Raises:
        INotifyError: The system gives no more of them.
    """

    _inotify: Any = _inotify

    def __init__(self, reactor: Any = None) -> None:
        super().__init__(reactor)
        self._fd: int = self._inotify.init()
        fdesc.setNonBlocking(self._fd)
        fdesc._setCloseOnExec(self._fd)
        self.connected = 1
        # There is nothing to be written before it closes.
        self._write_disconnected = True
        self._watches: dict[int, _Watch] = {}
        self._numbers: dict[bytes, int] = {}

    def fileno(self) -> int:
        return self._fd

    # ---- what is watched

    def watch(
        self,
        path: FilePath[Any],
        mask: int = IN_WATCH_MASK,
        autoAdd: bool = False,
        callbacks: Iterable[Callable[..., object]] | None = None,
        recursive: bool = False,
    ) -> int:
        """
        Watch a file or directory. Watching it already, nothing changes.

        Args:
            mask: The events to be told of; that it was deleted itself is told always.
            autoAdd: Watch directories that are made in it, too. What is in them by then is told as created.
            callbacks: Called with an object of no interest, the path and the mask of what happened.
            recursive: Watch the directories in it, too.

        Returns:
            The number of the watch.

        Raises:
            INotifyError: There is no such file, or the system allows no more watches.
        """
        called = list(callbacks or ())
        if recursive:
            for below in path.walk():
                if below.isdir():
                    self.watch(below, mask, autoAdd, called)
        watched = self._isWatched(path)
        if watched is not None:
            return watched
        return self._add(_Watch(path.asBytesMode(), mask | IN_DELETE_SELF, autoAdd, called))

    def ignore(self, path: FilePath[Any]) -> None:
        """
        Do not watch it any more.

        Raises:
            KeyError: It is not watched.
        """
        number = self._numbers[path.asBytesMode().path]
        self._forget(number)
        self._inotify.remove(self._fd, number)

    def _isWatched(self, path: FilePath[Any]) -> int | None:
        """Return the number of the watch on ``path``, None if there is none. Applications' tests ask."""
        return self._numbers.get(path.asBytesMode().path)

    def _add(self, watch: _Watch) -> int:
        number: int = self._inotify.add(self._fd, watch.path, watch.mask)
        self._forget(number)  # of another path to the same file: the kernel has one watch for both
        self._watches[number] = watch
        self._numbers[watch.path.path] = number
        return number

    def _forget(self, number: int) -> None:
        watch = self._watches.pop(number, None)
        if watch is not None and self._numbers.get(watch.path.path) == number:
            del self._numbers[watch.path.path]

    # ---- what happens

    def doRead(self) -> BaseException | None:
        try:
            data = os.read(self._fd, _READ_SIZE)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        for number, mask, name in _events(data):
            if mask & IN_Q_OVERFLOW:
                _log.warn("More files changed than the kernel keeps account of: some changes are lost")
            watch = self._watches.get(number)
            if watch is not None:
                self._happened(number, watch, mask, watch.path.child(name) if name else watch.path)
        return None

    def _happened(self, number: int, watch: _Watch, mask: int, path: FilePath[bytes]) -> None:
        if mask & IN_IGNORED:
            # Unmounted, deleted, or seen once as asked for: the kernel has dropped the watch.
            self._forget(number)
            return
        watch.notify(path, mask)
        if mask & IN_DELETE_SELF:
            self._forget(number)
            if not self._watches:
                self.loseConnection()
        elif watch.autoAdd and mask & IN_ISDIR and mask & IN_CREATE and self.connected:
            self._adopt(watch, path)

    def _adopt(self, parent: _Watch, directory: FilePath[bytes]) -> None:
        """Watch a new directory like its parent, and tell what has come to be in it before it was watched."""
        try:
            self.watch(directory, parent.mask, True, parent.callbacks)
            children = directory.children()
        except (INotifyError, OSError):
            if directory.exists():
                _log.failure("A new directory cannot be watched: {path}", path=directory.path)
            return
        for child in children:
            if child.isdir():
                parent.notify(child, IN_CREATE | IN_ISDIR)
                self._adopt(parent, child)
            else:
                parent.notify(child, IN_CREATE)

    def connectionLost(self, reason: Failure) -> None:
        super().connectionLost(reason)
        self._watches.clear()
        self._numbers.clear()
        descriptor, self._fd = self._fd, -1
        if descriptor == -1:
            return
        try:
            os.close(descriptor)
        except OSError:
            _log.failure("Couldn't close INotify file descriptor.")
