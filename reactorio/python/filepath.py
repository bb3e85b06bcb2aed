"""
Files and directories as objects.

A path knows no ``..``: what :meth:`FilePath.child` is given stays in the directory, or it raises. That makes it safe to
give it what came over a network. A path is text or bytes; which one a derived path is, depends on the name given.
"""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
import stat
from os.path import abspath, basename, dirname, exists, isabs, join, normpath, splitext
from typing import IO, TYPE_CHECKING, Any, AnyStr, cast

from reactorio._interface import implementer
from reactorio.python._abstractpath import (
    AbstractFilePath,
    FileMode,
    IFilePath,
    InsecurePath,
    LinkError,
    OtherAnyStr,
    UnlistableError,
    _asFilesystemBytes,
    _asFilesystemText,
    _coerceToFilesystemEncoding,
    same_type_siblings,
)
from reactorio.python._permissions import RWX, Permissions

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "RWX",
    "AbstractFilePath",
    "FileMode",
    "FilePath",
    "IFilePath",
    "InsecurePath",
    "LinkError",
    "OtherAnyStr",
    "Permissions",
    "UnlistableError",
    "_asFilesystemBytes",
    "_asFilesystemText",
    "_coerceToFilesystemEncoding",
]


@implementer(IFilePath)
class FilePath(AbstractFilePath[AnyStr]):
    """
    A path in the file system; it is absolute.

    What is known of the file is remembered, until :meth:`changed` or :meth:`restat`, or a change through this object.

    Args:
        path: It may be relative to the current directory.
        alwaysCreate: Opening makes the file, and fails if it exists.
    """

    _statinfo: os.stat_result | None = None

    def __init__(self, path: AnyStr, alwaysCreate: bool = False) -> None:
        self.path = abspath(path)
        self.alwaysCreate = alwaysCreate

    def clonePath(self, path: OtherAnyStr, alwaysCreate: bool = False) -> FilePath[OtherAnyStr]:
        """Make another path from this one. A hook: subclasses say here what kind it is."""
        return FilePath(path, alwaysCreate)

    # -- As an object

    def __fspath__(self) -> AnyStr:
        return self.path

    def __repr__(self) -> str:
        return f"FilePath({self.path!r})"

    def __eq__(self, other: object) -> bool:
        return self.path == other.path if isinstance(other, FilePath) else NotImplemented

    def __lt__(self, other: FilePath[AnyStr]) -> bool:
        return self.path < other.path if isinstance(other, FilePath) else NotImplemented

    def __le__(self, other: FilePath[AnyStr]) -> bool:
        return self.path <= other.path if isinstance(other, FilePath) else NotImplemented

    def __gt__(self, other: FilePath[AnyStr]) -> bool:
        return self.path > other.path if isinstance(other, FilePath) else NotImplemented

    def __ge__(self, other: FilePath[AnyStr]) -> bool:
        return self.path >= other.path if isinstance(other, FilePath) else NotImplemented

    __hash__ = AbstractFilePath.__hash__

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_statinfo"}

    # -- Text and bytes

    @property
    def sep(self) -> AnyStr:
        """What separates the names in the path."""
        return _coerceToFilesystemEncoding(self.path, os.sep)

    def _asBytesPath(self, encoding: str | None = None) -> bytes:
        return _asFilesystemBytes(self.path, encoding)

    def _asTextPath(self, encoding: str | None = None) -> str:
        return _asFilesystemText(self.path, encoding)

    def asBytesMode(self, encoding: str | None = None) -> FilePath[bytes]:
        """Return this path in bytes; an encoding other than the file system's can be given."""
        if isinstance(self.path, bytes):
            return self
        return self.clonePath(self._asBytesPath(encoding))

    def asTextMode(self, encoding: str | None = None) -> FilePath[str]:
        """Return this path as text; an encoding other than the file system's can be given."""
        if isinstance(self.path, str):
            return self
        return self.clonePath(self._asTextPath(encoding))

    def _getPathAsSameTypeAs(self, pattern: OtherAnyStr) -> OtherAnyStr:
        return _coerceToFilesystemEncoding(pattern, self.path)

    # -- Other paths

    def child(self, path: OtherAnyStr) -> FilePath[OtherAnyStr]:
        """
        Return the path of something in this directory.

        Raises:
            InsecurePath: It would be elsewhere, or deeper.
        """
        name = normpath(path)
        if _coerceToFilesystemEncoding(path, os.sep) in name:
            raise InsecurePath(f"{path!r} contains one or more directory separators")
        return self._below(name)

    def preauthChild(self, path: OtherAnyStr) -> FilePath[OtherAnyStr]:
        """
        Return the path of something in this directory or in one of those below.

        Raises:
            InsecurePath: It would be elsewhere.
        """
        return self._below(normpath(path))

    def _below(self, path: OtherAnyStr) -> FilePath[OtherAnyStr]:
        here = self._getPathAsSameTypeAs(path)
        there = abspath(join(here, path))
        if there != here and not there.startswith(join(here, _coerceToFilesystemEncoding(here, ""))):
            raise InsecurePath(f"{there!r} is not a child of {here!r}")
        return self.clonePath(there)

    def parent(self) -> FilePath[AnyStr]:
        return self.clonePath(self.dirname())

    def basename(self) -> AnyStr:
        return basename(self.path)

    def dirname(self) -> AnyStr:
        return dirname(self.path)

    def splitext(self) -> tuple[AnyStr, AnyStr]:
        """Return the path without its extension, and that."""
        return splitext(self.path)

    def isabs(self) -> bool:
        return isabs(self.path)

    def realpath(self) -> FilePath[AnyStr]:
        """
        Return where symbolic links lead to.

        Raises:
            LinkError: They lead in a circle.
        """
        target = os.path.realpath(self.path)
        if os.path.islink(target):
            raise LinkError(f"Cyclical link for {self.path!r}")
        return self.clonePath(target)

    def _real(self) -> object:
        return os.path.realpath(self.path)

    def siblingExtension(self, ext: OtherAnyStr) -> FilePath[OtherAnyStr]:
        """Return this path with ``ext`` behind it."""
        return self.clonePath(self._getPathAsSameTypeAs(ext) + ext)

    def siblingExtensionSearch(self, *exts: OtherAnyStr) -> FilePath[OtherAnyStr] | None:
        """
        Return the first path that exists of this one with an extension behind it.

        Args:
            exts: The extensions; ``"*"`` is any, ``""`` is none.
        """
        for ext in exts:
            here = self._getPathAsSameTypeAs(ext)
            if ext == _coerceToFilesystemEncoding(ext, "*"):
                start = basename(here) + _coerceToFilesystemEncoding(ext, ".")
                for name in same_type_siblings(os.listdir(dirname(here)), start):
                    return self.clonePath(join(dirname(here), name))
            elif exists(here + ext):
                return self.clonePath(here + ext)
        return None

    def childSearchPreauth(self, *paths: OtherAnyStr) -> FilePath[OtherAnyStr] | None:
        """Return the first path that exists of some in this directory; they are taken as they are, ``..`` and all."""
        for path in paths:
            there = join(self._getPathAsSameTypeAs(path), path)
            if exists(there):
                return self.clonePath(there)
        return None

    def globChildren(self, pattern: OtherAnyStr) -> list[FilePath[OtherAnyStr]]:
        """Return the paths in this directory that match a pattern, as a shell would."""
        here = glob.escape(self._getPathAsSameTypeAs(pattern))
        return [self.clonePath(path) for path in glob.glob(join(here, pattern))]

    def temporarySibling(self, extension: OtherAnyStr | None = None) -> FilePath[OtherAnyStr]:
        """
        Return the path of a file to be, in the same directory, whose name nobody guesses.

        Args:
            extension: What the name ends with.
        """
        ending: Any = self.path[:0] if extension is None else extension
        here = self._getPathAsSameTypeAs(ending)
        name = _coerceToFilesystemEncoding(ending, secrets.token_urlsafe(16)) + basename(here) + ending
        sibling: FilePath[OtherAnyStr] = self.clonePath(join(dirname(here), name))
        sibling.requireCreate()
        return sibling

    # -- What is there

    def restat(self, reraise: bool = True) -> None:
        """
        Ask the file system about the file again.

        Args:
            reraise: Raise OSError if it is not there; else remember that it is not.
        """
        try:
            self._statinfo = os.stat(self.path)
        except OSError:
            self._statinfo = None
            if reraise:
                raise

    def changed(self) -> None:
        """Forget what is known of the file."""
        self._statinfo = None

    def _known(self) -> os.stat_result | None:
        if self._statinfo is None:
            self.restat(reraise=False)
        return self._statinfo

    def _required(self) -> os.stat_result:
        if self._statinfo is None:
            self.restat()
        return cast("os.stat_result", self._statinfo)

    def exists(self) -> bool:
        return self._known() is not None

    def isdir(self) -> bool:
        known = self._known()
        return known is not None and stat.S_ISDIR(known.st_mode)

    def isfile(self) -> bool:
        known = self._known()
        return known is not None and stat.S_ISREG(known.st_mode)

    def isBlockDevice(self) -> bool:
        known = self._known()
        return known is not None and stat.S_ISBLK(known.st_mode)

    def isSocket(self) -> bool:
        known = self._known()
        return known is not None and stat.S_ISSOCK(known.st_mode)

    def islink(self) -> bool:
        """Is it a symbolic link? This is not remembered."""
        return os.path.islink(self.path)

    def getsize(self) -> int:
        return self._required().st_size

    def getModificationTime(self) -> float:
        return float(self._required().st_mtime)

    def getStatusChangeTime(self) -> float:
        return float(self._required().st_ctime)

    def getAccessTime(self) -> float:
        return float(self._required().st_atime)

    def getInodeNumber(self) -> int:
        return self._required().st_ino

    def getDevice(self) -> int:
        return self._required().st_dev

    def getNumberOfHardLinks(self) -> int:
        return self._required().st_nlink

    def getUserID(self) -> int:
        return self._required().st_uid

    def getGroupID(self) -> int:
        return self._required().st_gid

    def getPermissions(self) -> Permissions:
        return Permissions(stat.S_IMODE(self._required().st_mode))

    def listdir(self) -> list[AnyStr]:
        """Return the names of what is in this directory."""
        return os.listdir(self.path)

    # -- Changing it

    def requireCreate(self, val: bool = True) -> None:
        """Say whether opening makes the file, and fails if it exists."""
        self.alwaysCreate = val

    def open(self, mode: FileMode = "r") -> IO[bytes]:
        """Open the file, for bytes whatever the mode says."""
        if self.alwaysCreate:
            if "a" in mode:
                raise ValueError("a file that opening makes has nothing to append to")
            return self.create()
        # The mode may be open()'s own.
        return cast("IO[bytes]", open(self.path, mode.replace("b", "") + "b"))

    def create(self) -> IO[bytes]:
        """
        Make the file, and open it for reading and writing.

        Raises:
            FileExistsError: It exists.
        """
        return open(self.path, "x+b")

    def setContent(self, content: bytes, ext: str | bytes = ".new") -> None:
        """
        Put ``content`` in the place of what the file has; nobody ever sees half of it.

        Args:
            ext: What the name of the new file ends with, until it takes the old one's place.
        """
        new: FilePath[Any] = self.temporarySibling(ext)
        try:
            with new.open("w") as file:
                file.write(content)
            os.replace(new.path, self.path)
        except BaseException:
            if new.exists():
                new.remove()
            raise
        self.changed()

    def touch(self) -> None:
        """Make the file if it is not there, and say that it was changed now."""
        with open(self.path, "ab"):
            os.utime(self.path, None)
        self.changed()

    def chmod(self, mode: int) -> None:
        os.chmod(self.path, mode)
        self.changed()

    def linkTo(self, linkFilePath: FilePath[AnyStr]) -> None:
        """Make a symbolic link to this, there."""
        os.symlink(self.path, linkFilePath.path)

    def createDirectory(self) -> None:
        os.mkdir(self.path)
        self.changed()

    def makedirs(self, ignoreExistingDirectory: bool = False) -> None:
        """
        Make this directory, and those that it is in.

        Args:
            ignoreExistingDirectory: It may be there.
        """
        try:
            os.makedirs(self.path)
        except FileExistsError:
            if not (ignoreExistingDirectory and self.isdir()):
                raise
        self.changed()

    def remove(self) -> None:
        """Remove it: a directory with all that is in it, a link but not what it leads to."""
        if self.isdir() and not self.islink():
            shutil.rmtree(self.path)
        else:
            os.remove(self.path)
        self.changed()

    def copyTo(self, destination: FilePath[OtherAnyStr], followLinks: bool = True) -> None:
        """
        Copy it: a directory with all that is in it.

        Args:
            followLinks: Copy what links lead to; else the links.

        Raises:
            OSError: It is not there, or neither file nor directory, or cannot be copied.
        """
        if self.islink() and not followLinks:
            os.symlink(os.readlink(self.path), cast("Any", destination.path))
        elif self.isdir():
            # Looked up before: the destination may be in here.
            children = self.children()
            if not destination.exists():
                destination.createDirectory()
            for child in children:
                child.copyTo(destination.child(child.basename()), followLinks)
        elif self.isfile():
            with destination.open("w") as target, self.open() as source:
                shutil.copyfileobj(source, target)
        elif self.exists():
            raise shutil.SpecialFileError(f"{self!r} is neither a file nor a directory")
        else:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.path)
        if isinstance(destination, FilePath):
            destination.changed()

    def moveTo(self, destination: FilePath[OtherAnyStr], followLinks: bool = True) -> None:
        """
        Move it, to another file system if need be. What is at the destination is replaced if it is a file.

        Args:
            followLinks: On the way to another file system, copy what links lead to; else the links.
        """
        try:
            os.rename(self._getPathAsSameTypeAs(destination.path), destination.path)
        except OSError as exc:
            if exc.errno != errno.EXDEV:
                raise
            new: FilePath[OtherAnyStr] = destination.temporarySibling()
            self.copyTo(new, followLinks)
            os.rename(new.path, destination.path)
            self.remove()
        self.changed()
        destination.changed()

    if TYPE_CHECKING:

        def parents(self) -> Iterator[FilePath[AnyStr]]: ...
        def children(self) -> list[FilePath[AnyStr]]: ...
        def sibling(self, path: OtherAnyStr) -> FilePath[OtherAnyStr]: ...
