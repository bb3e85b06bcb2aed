"""
A mapping from bytes to bytes in which each value is a file.

    DirDBM    values are bytes
    Shelf     values are pickled: whoever can write the directory can make the process do anything

A value is written beside the old one and takes its place only when whole; `DirDBM` finishes what a crash interrupted.
"""

from __future__ import annotations

import base64
import os
import pickle
from typing import TYPE_CHECKING, Any, TypeVar

from reactorio.python.filepath import FilePath

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DirDBM", "Shelf", "open"]

_T = TypeVar("_T")


class DirDBM:
    """The files of the directory ``name``, which is made when missing. Keys are bytes, else a TypeError."""

    def __init__(self, name: bytes | str) -> None:
        self.dname = os.fsencode(os.path.abspath(name)) if isinstance(name, bytes) else os.path.abspath(name)
        self._dnamePath: FilePath[str] = FilePath(os.fsdecode(self.dname))
        if not self._dnamePath.isdir():
            self._dnamePath.createDirectory()
        self._recover()

    def _recover(self) -> None:
        """New entries that were not finished go; of two values, the first one counts that was in its place."""
        for unfinished in self._dnamePath.globChildren("*.new"):
            unfinished.remove()
        for replacement in self._dnamePath.globChildren("*.rpl"):
            old = FilePath(replacement.path[: -len(".rpl")])
            if old.exists():
                replacement.remove()
            else:
                replacement.moveTo(old)

    def _encode(self, k: bytes) -> bytes:
        """Return the name of a key's file: base64 with what no name can hold replaced."""
        return base64.encodebytes(k).replace(b"\n", b"_").replace(b"/", b"-")

    def _decode(self, k: bytes) -> bytes:
        return base64.decodebytes(k.replace(b"_", b"\n").replace(b"-", b"/"))

    def _path(self, key: bytes) -> FilePath[str]:
        if not isinstance(key, bytes):
            raise TypeError("DirDBM key must be bytes")
        return self._dnamePath.child(self._encode(key).decode("ascii"))

    def _readFile(self, path: FilePath[Any]) -> bytes:
        return path.getContent()

    def _writeFile(self, path: FilePath[Any], data: bytes) -> None:
        with path.open("w") as file:
            file.write(data)
            file.flush()

    def __len__(self) -> int:
        return len(self._dnamePath.listdir())

    def __setitem__(self, k: bytes, v: bytes) -> None:
        path = self._path(k)
        if not isinstance(v, bytes):
            raise TypeError("DirDBM value must be bytes")
        written = FilePath(path.path + (".rpl" if path.exists() else ".new"))
        try:
            self._writeFile(written, v)
        except BaseException:
            if written.exists():
                written.remove()
            raise
        written.moveTo(path)

    def __getitem__(self, k: bytes) -> bytes:
        try:
            return self._readFile(self._path(k))
        except FileNotFoundError:
            raise KeyError(k) from None

    def __delitem__(self, k: bytes) -> None:
        try:
            self._path(k).remove()
        except FileNotFoundError:
            raise KeyError(k) from None

    def __contains__(self, key: bytes) -> bool:
        return self._path(key).isfile()

    def has_key(self, key: bytes) -> bool:
        return key in self

    def keys(self) -> list[bytes]:
        return [self._decode(os.fsencode(name)) for name in self._dnamePath.listdir()]

    def values(self) -> list[Any]:
        return [self[key] for key in self.keys()]

    def items(self) -> list[tuple[bytes, Any]]:
        return [(key, self[key]) for key in self.keys()]

    def get(self, key: bytes, default: _T | None = None) -> bytes | _T | None:
        try:
            return self[key]
        except KeyError:
            return default

    def setdefault(self, key: bytes, value: bytes) -> bytes:
        if key not in self:
            self[key] = value
        return self[key]

    def update(self, other: Mapping[bytes, bytes]) -> None:
        for key, value in other.items():
            self[key] = value

    def clear(self) -> None:
        for key in self.keys():
            del self[key]

    def copyTo(self, path: bytes | str) -> DirDBM:
        """Return a mapping in the directory ``path`` that holds what this one holds, and nothing else."""
        copy = type(self)(path)
        copy.clear()
        for key in self.keys():
            copy[key] = self[key]
        return copy

    def getModificationTime(self, key: bytes) -> float:
        """Return when the value was written, in seconds since the epoch. A missing key is a KeyError."""
        path = self._path(key)
        if not path.isfile():
            raise KeyError(key)
        return path.getModificationTime()

    def close(self) -> None:
        """Do nothing: no file stays open."""


class Shelf(DirDBM):
    """Values of any kind that can be pickled."""

    def __setitem__(self, k: bytes, v: Any) -> None:
        super().__setitem__(k, pickle.dumps(v))

    def __getitem__(self, k: bytes) -> Any:
        return pickle.loads(super().__getitem__(k))


def open(file: bytes | str, flag: object = None, mode: object = None) -> DirDBM:
    """Return the mapping in the directory ``file``; the other arguments are for callers of `dbm.open`, and not used."""
    return DirDBM(file)
