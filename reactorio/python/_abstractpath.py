"""What paths have in common, be it in the file system or in an archive."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from typing import IO, TYPE_CHECKING, Any, AnyStr, Generic, Literal, TypeVar

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from typing_extensions import Self

__name__ = "reactorio.python.filepath"  # the public path

__all__ = ["AbstractFilePath", "FileMode", "IFilePath", "InsecurePath", "LinkError", "OtherAnyStr", "UnlistableError"]

OtherAnyStr = TypeVar("OtherAnyStr", str, bytes)

# Files are always opened for bytes.
FileMode = Literal["r", "w", "a", "r+", "w+", "a+"]


class InsecurePath(Exception):
    """The path would lead out of the directory that it is said to be in."""


class LinkError(Exception):
    """Symbolic links lead in a circle."""


class UnlistableError(OSError):
    """The path is no directory, or one that is not there. It has all that the original exception has."""

    def __init__(self, originalException: OSError) -> None:
        super().__init__(*originalException.args)
        self.__dict__.update(originalException.__dict__)
        self.originalException = originalException


class IFilePath(Interface, Protocol):
    """A file or directory, in a file system or in something like one."""

    sep: Any = Attribute("What separates the names in a path.")

    def child(self, name: Any) -> Any:
        """Return the path of something in this directory; InsecurePath if it would be elsewhere."""

    def open(self, mode: Any = "r") -> Any:
        """Open the file, for bytes."""

    def changed(self) -> None:
        """Forget what is known of the file: something may have changed it."""

    def getsize(self) -> int:
        """Return the size in bytes."""

    def getModificationTime(self) -> float:
        """Return when the content was last changed, in seconds since the epoch."""

    def getStatusChangeTime(self) -> float:
        """Return when the content, the owner, or the like was last changed."""

    def getAccessTime(self) -> float:
        """Return when it was last read."""

    def exists(self) -> bool:
        """Is it there?"""

    def isdir(self) -> bool:
        """Is it a directory?"""

    def isfile(self) -> bool:
        """Is it a file?"""

    def children(self) -> Any:
        """Return the paths of all that is in this directory."""

    def basename(self) -> Any:
        """Return the last name in the path."""

    def parent(self) -> Any:
        """Return the path of the directory that this is in."""

    def sibling(self, name: Any) -> Any:
        """Return the path of something in the same directory."""


class AbstractFilePath(ABC, Generic[AnyStr]):
    """Walking up, down and about, for who has the basics of :class:`IFilePath`."""

    path: AnyStr

    @abstractmethod
    def open(self, mode: FileMode = "r") -> IO[bytes]: ...

    @abstractmethod
    def isdir(self) -> bool: ...

    @abstractmethod
    def basename(self) -> AnyStr: ...

    @abstractmethod
    def parent(self) -> AbstractFilePath[AnyStr]: ...

    @abstractmethod
    def listdir(self) -> list[AnyStr]: ...

    @abstractmethod
    def child(self, path: OtherAnyStr) -> AbstractFilePath[OtherAnyStr]: ...

    @abstractmethod
    def getAccessTime(self) -> float: ...

    @abstractmethod
    def getModificationTime(self) -> float: ...

    @abstractmethod
    def getStatusChangeTime(self) -> float: ...

    def getContent(self) -> bytes:
        """Return all that is in the file."""
        with self.open() as file:
            return file.read()

    def parents(self) -> Iterator[AbstractFilePath[AnyStr]]:
        """Go through the directories that this is in, up to the root."""
        path: AbstractFilePath[AnyStr] = self
        above = path.parent()
        while above != path:
            yield above
            path, above = above, above.parent()

    def children(self) -> list[Any]:
        """
        Return the paths of all that is in this directory.

        Raises:
            UnlistableError: It is none.
            OSError: It cannot be read.
        """
        try:
            names = self.listdir()
        except OSError as exc:
            if exc.errno in (errno.ENOENT, errno.ENOTDIR):
                raise UnlistableError(exc) from exc
            raise
        return [self.child(name) for name in names]

    def walk(self, descend: Callable[[Self], bool] | None = None) -> Iterator[Any]:
        """
        Go through this path and all that is in it, each directory before what is in it.

        Args:
            descend: Whether to go into a path; by default into all directories, through links too.

        Raises:
            LinkError: A link leads to a directory that it is in.
        """
        yield from self._walk(descend, ())

    def _walk(self, descend: Callable[[Any], bool] | None, above: tuple[object, ...]) -> Iterator[Any]:
        yield self
        if not self.isdir():
            return
        here = self._real()
        if here in above:
            raise LinkError(f"Cycle in file graph at {self!r}.")
        for child in self.children():
            if descend is None or descend(child):
                yield from child._walk(descend, (*above, here))
            else:
                yield child

    def _real(self) -> object:
        """What is the same for a directory and for a link to it."""
        return self

    def sibling(self, path: OtherAnyStr) -> AbstractFilePath[OtherAnyStr]:
        """Return the path of something in the same directory."""
        return self.parent().child(path)

    def descendant(self, segments: Sequence[OtherAnyStr]) -> AbstractFilePath[OtherAnyStr]:
        """Return ``self.child(first).child(second)…``."""
        path: Any = self
        for name in segments:
            path = path.child(name)
        found: AbstractFilePath[OtherAnyStr] = path
        return found

    def segmentsFrom(self, ancestor: Self) -> list[AnyStr]:
        """
        Return the names that lead from ``ancestor`` to here.

        Raises:
            ValueError: None do.
        """
        names: list[AnyStr] = []
        path: AbstractFilePath[AnyStr] = self
        while path != ancestor:
            above = path.parent()
            if above == path:
                raise ValueError(f"{ancestor!r} not parent of {self!r}")
            names.insert(0, path.basename())
            path = above
        return names

    def getmtime(self) -> int:
        """Return when the content was last changed, in whole seconds."""
        return int(self.getModificationTime())

    def getatime(self) -> int:
        """Return when it was last read, in whole seconds."""
        return int(self.getAccessTime())

    def getctime(self) -> int:
        """Return when the content, the owner, or the like was last changed, in whole seconds."""
        return int(self.getStatusChangeTime())

    def __hash__(self) -> int:
        return hash(self.path)


def _asFilesystemBytes(path: bytes | str, encoding: str | None = "") -> bytes:
    """Return a path in bytes; an encoding other than the file system's can be given."""
    if isinstance(path, bytes):
        return path
    return path.encode(encoding, "surrogateescape") if encoding else os.fsencode(path)


def _asFilesystemText(path: bytes | str, encoding: str | None = None) -> str:
    """Return a path as text; an encoding other than the file system's can be given."""
    if isinstance(path, str):
        return path
    return path.decode(encoding, "surrogateescape") if encoding else os.fsdecode(path)


def _coerceToFilesystemEncoding(path: AnyStr, newpath: bytes | str, encoding: str | None = None) -> AnyStr:
    """Return ``newpath`` as bytes or text, whichever ``path`` is."""
    coerced: Any = (
        _asFilesystemBytes(newpath, encoding) if isinstance(path, bytes) else _asFilesystemText(newpath, encoding)
    )
    result: AnyStr = coerced
    return result


def same_type_siblings(names: Iterable[AnyStr], start: AnyStr) -> list[AnyStr]:
    """Return, in order, the names that begin with ``start``."""
    return sorted(name for name in names if name.startswith(start))
