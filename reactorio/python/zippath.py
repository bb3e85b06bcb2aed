"""Files in a zip archive, as objects like :class:`reactorio.python.filepath.FilePath`; for reading only."""

from __future__ import annotations

import errno
import os
import time
from typing import IO, TYPE_CHECKING, Any, Literal
from zipfile import ZipFile

from reactorio._interface import implementer
from reactorio.python._abstractpath import (
    AbstractFilePath,
    IFilePath,
    _coerceToFilesystemEncoding,
)
from reactorio.python.filepath import FilePath

if TYPE_CHECKING:
    from zipfile import ZipInfo

__all__ = ["ZIP_PATH_SEP", "ZipArchive", "ZipPath"]

# What separates names in an archive, on every system.
ZIP_PATH_SEP = "/"


class _Ordered:
    """Comparison by the path, among the paths of archives."""

    path: Any

    def __eq__(self, other: object) -> bool:
        return (type(self), self.path) == (type(other), other.path) if isinstance(other, _Ordered) else NotImplemented

    def __lt__(self, other: _Ordered) -> bool:
        return self._text() < other._text() if isinstance(other, _Ordered) else NotImplemented

    def __gt__(self, other: _Ordered) -> bool:
        return self._text() > other._text() if isinstance(other, _Ordered) else NotImplemented

    def __le__(self, other: _Ordered) -> bool:
        return self._text() <= other._text() if isinstance(other, _Ordered) else NotImplemented

    def __ge__(self, other: _Ordered) -> bool:
        return self._text() >= other._text() if isinstance(other, _Ordered) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.path)

    def _text(self) -> str:
        return os.fsdecode(self.path)


@implementer(IFilePath)
class ZipPath(_Ordered, AbstractFilePath[Any]):
    """
    A file or directory in an archive. ``..`` has no meaning in it.

    Args:
        pathInArchive: With ``/`` between the names; text or bytes.
    """

    def __init__(self, archive: ZipArchive, pathInArchive: Any) -> None:
        self.archive = archive
        self.pathInArchive = pathInArchive
        separator, native = self._same(ZIP_PATH_SEP), self._same(os.sep)
        self.path = self._same(archive.path) + native + native.join(pathInArchive.split(separator))

    def __repr__(self) -> str:
        return (
            f"ZipPath({os.path.abspath(os.fsdecode(self.path))!r})"
            if not self._has_dots()
            else (f"ZipPath({os.fsdecode(self.archive.path) + os.sep + os.fsdecode(self.pathInArchive)!r})")
        )

    def _has_dots(self) -> bool:
        return ".." in os.fsdecode(self.pathInArchive).split(ZIP_PATH_SEP)

    def _same(self, text: Any) -> Any:
        """Return ``text`` as text or bytes, whichever this path is."""
        return _coerceToFilesystemEncoding(self.pathInArchive, text)

    @property
    def sep(self) -> Any:
        return self._same(ZIP_PATH_SEP)

    # -- Other paths

    def parent(self) -> Any:
        above = self.dirname_in_archive()
        return ZipPath(self.archive, above) if above else self.archive._in_type_of(self.pathInArchive)

    def dirname_in_archive(self) -> Any:
        return self.pathInArchive.rpartition(self.sep)[0]

    def child(self, path: Any) -> ZipPath:
        inside = _coerceToFilesystemEncoding(path, self.pathInArchive)
        return ZipPath(self.archive, inside + _coerceToFilesystemEncoding(path, ZIP_PATH_SEP) + path)

    def sibling(self, path: Any) -> ZipPath:
        sibling: ZipPath = self.parent().child(path)
        return sibling

    def basename(self) -> Any:
        return self.pathInArchive.rpartition(self.sep)[2]

    def dirname(self) -> Any:
        return self.parent().path

    def splitext(self) -> tuple[Any, Any]:
        return os.path.splitext(self.path)

    # -- What is there

    def _key(self) -> str:
        return os.fsdecode(self.pathInArchive)

    def exists(self) -> bool:
        return self.isdir() or self.isfile()

    def isdir(self) -> bool:
        return self._key() in self.archive.childmap

    def isfile(self) -> bool:
        return self._key() in self.archive.zipfile.NameToInfo

    def islink(self) -> bool:
        return False

    def listdir(self) -> list[Any]:
        if not self.exists():
            raise OSError(errno.ENOENT, "Non-existent zip entry listed")
        if not self.isdir():
            raise OSError(errno.ENOTDIR, "Leaf zip entry listed")
        return [self._same(name) for name in self.archive.childmap[self._key()]]

    def open(self, mode: Literal["r", "w"] = "r") -> IO[bytes]:  # type: ignore[override]  # for reading only
        """Open the file for reading; OSError for all else."""
        if "r" not in mode:
            raise OSError(errno.EROFS, f"an archive is for reading only, not for {mode!r}")
        return self.archive.zipfile.open(self._key())

    def changed(self) -> None:
        """Do nothing: nothing changes in an archive."""

    def _info(self) -> ZipInfo:
        return self.archive.zipfile.NameToInfo[self._key()]

    def getsize(self) -> int:
        return self._info().file_size

    def getModificationTime(self) -> float:
        """Return when the file was changed; of a directory, which has no time in an archive, the archive's."""
        if not self.isfile():
            return self.archive.getModificationTime()
        return time.mktime((*self._info().date_time, 0, 0, -1))

    getAccessTime = getStatusChangeTime = getModificationTime


class ZipArchive(ZipPath):
    """
    An archive, as the directory that it is at its root.

    Args:
        archivePathname: The path of the archive.
    """

    def __init__(self, archivePathname: Any) -> None:
        self.path = archivePathname
        self.zipfile = ZipFile(os.fsdecode(archivePathname))
        self.pathInArchive = _coerceToFilesystemEncoding(archivePathname, "")
        # By directory, what is in it; each once, in the archive's order.
        self.childmap: dict[str, dict[str, int]] = {"": {}}
        for name in self.zipfile.namelist():
            parts = name.split(ZIP_PATH_SEP)
            for depth in range(len(parts)):
                if parts[depth]:
                    directory = ZIP_PATH_SEP.join(parts[:depth])
                    self.childmap.setdefault(directory, {})[parts[depth]] = 1

    @property
    def archive(self) -> ZipArchive:  # type: ignore[override]  # the root's archive is itself
        return self

    def _in_type_of(self, pattern: Any) -> ZipArchive:
        """Return this archive with a path that is text or bytes, whichever ``pattern`` is."""
        path = _coerceToFilesystemEncoding(pattern, self.path)
        return self if type(path) is type(self.path) else ZipArchive(path)

    def __repr__(self) -> str:
        return f"ZipArchive({os.path.abspath(os.fsdecode(self.path))!r})"

    def parent(self) -> Any:
        """Return the archive itself: there is nothing above that one could walk to."""
        return self

    def child(self, path: Any) -> ZipPath:
        return ZipPath(self, path)

    def exists(self) -> bool:
        return FilePath(self.path).exists()

    def dirname(self) -> Any:
        return self.path

    def getModificationTime(self) -> float:
        return FilePath(self.path).getModificationTime()

    def getAccessTime(self) -> float:
        return FilePath(self.path).getAccessTime()

    def getStatusChangeTime(self) -> float:
        return FilePath(self.path).getStatusChangeTime()
