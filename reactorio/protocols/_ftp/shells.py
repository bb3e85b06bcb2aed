"""
A part of the file system, as users see it.

Paths are made of names, none of which can be ``..`` or have a slash or a NUL in it (`FilePath.child` and `toSegments`
see to that), so no path leads out. Symbolic links are followed, also out of the root, as in Twisted: FTP has no command
that makes one, so they are there because the owner of the files wants them to be.
"""

from __future__ import annotations

import grp
import os
import pwd
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.internet.task import cooperate
from reactorio.protocols._ftp.errors import (
    AnonUserDeniedError,
    FileNotFoundError,
    IsADirectoryError,
    PermissionDeniedError,
    _shown,
    errnoToFailure,
)
from reactorio.protocols._ftp.files import _FileReader, _FileWriter
from reactorio.protocols._ftp.interfaces import IFTPShell
from reactorio.python.filepath import InsecurePath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    # Names, and what is asked for of each. (In the classes below, `list` is a method.)
    Entries: TypeAlias = list[tuple[str, Any]]

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

# As many entries of a directory are looked at without a turn for other connections: 2 ms or so.
_AT_ONCE = 200


def _attempt(path: Any, call: Callable[[], Any]) -> Deferred[Any]:
    """Call the file system; what it refuses becomes what `errnoToFailure` makes of it."""
    try:
        return succeed(call())
    except InsecurePath:
        return fail(FileNotFoundError(_shown(path)))
    except OSError as exc:
        return errnoToFailure(exc.errno or 0, path)
    except Exception:
        return fail()


@implementer(IFTPShell)
class FTPAnonymousShell:
    """
    Lets look and read, and change nothing.

    Args:
        filesystemRoot: The `FilePath` of the root that users see.
    """

    def __init__(self, filesystemRoot: Any) -> None:
        self.filesystemRoot = filesystemRoot

    def _path(self, path: Sequence[str]) -> Any:
        """
        Return the `FilePath` of a path.

        Raises:
            InsecurePath: It leads out of the root.
        """
        below = self.filesystemRoot
        for name in path:
            below = below.child(name)
        return below

    def _denied(self) -> Deferred[Any]:
        return fail(AnonUserDeniedError())

    def makeDirectory(self, path: Sequence[str]) -> Deferred[Any]:
        return self._denied()

    def removeDirectory(self, path: Sequence[str]) -> Deferred[Any]:
        return self._denied()

    def removeFile(self, path: Sequence[str]) -> Deferred[Any]:
        return self._denied()

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> Deferred[Any]:
        return self._denied()

    def receive(self, path: Sequence[str]) -> Deferred[Any]:
        return self._denied()

    def openForWriting(self, path: Sequence[str]) -> Deferred[Any]:
        """Fail as permissions do, since the reply names what was not written."""
        return fail(PermissionDeniedError(_shown(path)))

    def openForReading(self, path: Sequence[str]) -> Deferred[Any]:
        return _attempt(path, lambda: _FileReader(_regular(self._path(path), path).open("r")))

    def access(self, path: Sequence[str]) -> Deferred[Any]:
        def try_it() -> None:
            os.scandir(self._path(path).path).close()

        return _attempt(path, try_it)

    # ---- what is there

    def stat(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        def tell() -> Any:
            filePath = self._path(path)
            filePath.restat()
            return self._statNode(filePath, keys)

        return _attempt(path, tell)

    def list(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """See `IFTPShell.list`. Large directories are looked at in turns with other connections."""

        def entries() -> tuple[Entries, Iterator[Any]]:
            filePath = self._path(path)
            filePath.restat()
            found: Entries = []
            if not filePath.isdir():
                return found, self._adding(found, [(_shown(filePath.basename()), filePath)], keys)
            children = [(_shown(name), filePath.child(name)) for name in filePath.listdir()]
            return found, self._adding(found, children, keys)

        def finish(started: tuple[Entries, Iterator[Any]]) -> Any:
            found, turns = started
            for _ in turns:
                return cooperate(turns).whenDone().addCallback(lambda _: found)
            return found

        return _attempt(path, entries).addCallback(finish)

    def _adding(self, found: Entries, children: Sequence[tuple[str, Any]], keys: Sequence[str]) -> Iterator[None]:
        for count, (name, child) in enumerate(children, 1):
            try:
                found.append((name, self._statNode(child, keys)))
            except OSError:
                # It is gone since the directory was read, or a link to nothing.
                pass
            if not count % _AT_ONCE:
                yield

    def _statNode(self, filePath: Any, keys: Sequence[str]) -> Any:
        return [getattr(self, "_stat_" + key)(filePath) for key in keys]

    def _stat_size(self, fp: Any) -> Any:
        return fp.getsize()

    def _stat_permissions(self, fp: Any) -> Any:
        return fp.getPermissions()

    def _stat_hardlinks(self, fp: Any) -> Any:
        try:
            return fp.getNumberOfHardLinks()
        except NotImplementedError:
            return 0

    def _stat_modified(self, fp: Any) -> Any:
        return fp.getModificationTime()

    def _stat_owner(self, fp: Any) -> str:
        return _name_of(fp.getUserID, lambda uid: pwd.getpwuid(uid).pw_name)

    def _stat_group(self, fp: Any) -> str:
        return _name_of(fp.getGroupID, lambda gid: grp.getgrgid(gid).gr_name)

    def _stat_directory(self, fp: Any) -> Any:
        return fp.isdir()


class FTPShell(FTPAnonymousShell):
    """Lets do everything: read, write, make, remove and rename, as far as the server's process may."""

    def makeDirectory(self, path: Sequence[str]) -> Deferred[Any]:
        """Make a directory, and those on the way to it."""
        return _attempt(path, lambda: self._path(path).makedirs())

    def removeDirectory(self, path: Sequence[str]) -> Deferred[Any]:
        return _attempt(path, lambda: os.rmdir(self._path(path).path))

    def removeFile(self, path: Sequence[str]) -> Deferred[Any]:
        """Remove a file. Of a symbolic link, it removes the link."""

        def remove() -> None:
            filePath = self._path(path)
            if filePath.isdir() and not filePath.islink():
                raise IsADirectoryError(_shown(path))
            os.remove(filePath.path)

        return _attempt(path, remove)

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> Deferred[Any]:
        """Rename; a file that has the other path is replaced."""
        return _attempt(fromPath, lambda: os.rename(self._path(fromPath).path, self._path(toPath).path))

    def openForWriting(self, path: Sequence[str]) -> Deferred[Any]:
        return _attempt(path, lambda: _FileWriter(_regular(self._path(path), path).open("w")))


def _regular(filePath: Any, path: Sequence[str]) -> Any:
    """
    Return ``filePath`` if it is a file that can be opened without waiting, or nothing yet.

    Unlike Twisted: a named pipe, which would stop the server until somebody opens its other end, and a device are not
    opened.

    Raises:
        IsADirectoryError: It is one.
        PermissionDeniedError: It is something else that is no file.
    """
    if filePath.isdir():
        raise IsADirectoryError(_shown(path))
    if filePath.exists() and not filePath.isfile():
        raise PermissionDeniedError(_shown(path))
    return filePath


def _name_of(number: Callable[[], int], lookup: Callable[[int], str]) -> str:
    """Return the name of a user or a group, or its number if it has no name; 0 where files have neither."""
    try:
        found = number()
    except NotImplementedError:
        return "0"
    try:
        return lookup(found)
    except KeyError:
        return str(found)
