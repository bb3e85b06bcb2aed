"""
Objects in files, and the object that a Python file makes.

    Persistent          saves an object, by name
    load                reads it back
    loadValueFromFile   runs a file and takes one of its variables

There are two styles of files: ``pickle``, and ``source``, which people can read and change (`reactorio.persisted.aot`).
Whoever wrote such a file can make the process that reads it do anything.
"""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from reactorio._interface import Interface, Protocol, implementer
from reactorio.persisted import aot, styles
from reactorio.python import log

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["IPersistable", "Persistant", "Persistent", "guessType", "load", "loadValueFromFile"]

# What the names of files end with that are saved; those of encrypted files once had an "e" before it.
_SUFFIXES = {"pickle": "tap", "source": "tas"}
_STYLES = {"py": "python", "tac": "python", "tap": "pickle", "tas": "source"}


class IPersistable(Interface, Protocol):
    """An object that can be kept in a file."""

    def setStyle(self, style: str) -> None:
        """Choose how the object is written: ``pickle`` or ``source``."""

    def save(self, tag: str | None = None, filename: str | None = None, passphrase: None = None) -> None:
        """Write the object to ``filename``, or to a file named after the object and ``tag``."""


@implementer(IPersistable)
class Persistent:
    """Saves ``original`` under ``name``. Nothing is encrypted: a passphrase is a TypeError."""

    style = "pickle"

    def __init__(self, original: object, name: str) -> None:
        self.original = original
        self.name = name

    def setStyle(self, style: str) -> None:
        _suffix(style)
        self.style = style

    def save(self, tag: str | None = None, filename: str | None = None, passphrase: None = None) -> None:
        if passphrase is not None:
            raise TypeError("files are not encrypted: no passphrase is of use")
        final = filename or "-".join(filter(None, (self.name, tag))) + "." + _suffix(self.style)
        log.msg(f"Saving {self.name} application to {final}...")
        scratch = f"{final}-2"
        with open(scratch, "wb") as file:
            self._write(file)
        # A reader sees the old file or the new one, never half of it.
        os.replace(scratch, final)
        log.msg("Saved.")

    def _write(self, file: IO[bytes]) -> None:
        if self.style == "source":
            aot.jellyToSource(self.original, file)
        else:
            pickle.dump(self.original, file, 2)


Persistant = Persistent


def load(filename: str, style: str) -> Any:
    """Return the object that `Persistent.save` wrote."""
    _suffix(style)
    with open(filename, "rb") as file, _ephemeral_main():
        value = aot.unjellyFromSource(file) if style == "source" else pickle.load(file)
    styles.doUpgrade()
    return value


def loadValueFromFile(filename: str, variable: str) -> Any:
    """
    Run the Python file, and return what it left in ``variable``.

    Raises:
        KeyError: It left nothing there.
    """
    with open(filename, "rb") as file:
        source = file.read()
    namespace: dict[str, Any] = {"__file__": filename}
    exec(compile(source, filename, "exec"), namespace, namespace)
    return namespace[variable]


def guessType(filename: str) -> str:
    """
    Return the style of a file, from what its name ends with.

    Raises:
        KeyError: That says nothing.
    """
    _, _, suffix = filename.rpartition(".")
    return _STYLES.get(suffix) or _STYLES[suffix.removeprefix("e")]


def _suffix(style: str) -> str:
    try:
        return _SUFFIXES[style]
    except KeyError:
        raise ValueError(f"unknown style {style!r}: there are {' and '.join(_SUFFIXES)}") from None


class _EverythingEphemeral(styles.Ephemeral):
    """
    Stands for ``__main__`` while a file is read: what was saved by a program's main module is not in this one's.

    What this main module has is there meanwhile; what is asked for later is `Ephemeral`. Nothing is set in it.
    """

    def __init__(self, main: Any) -> None:
        self.__dict__["_main"] = main

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            return getattr(self.__dict__["_main"], name)
        if self.__dict__.get("_loaded"):
            return styles.Ephemeral()
        return getattr(self.__dict__["_main"], name)

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value


@contextmanager
def _ephemeral_main() -> Iterator[None]:
    main = sys.modules["__main__"]
    standin: Any = _EverythingEphemeral(main)
    sys.modules["__main__"] = standin
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        standin._loaded = True
