"""
Objects in files, and the object that a Python file makes.

    Persistent          saves an object, by name
    load                reads it back
    loadValueFromFile   runs a file and takes one of its variables
"""

from __future__ import annotations

import os
import pickle
from typing import Any

from reactorio._interface import Interface, Protocol, implementer

__all__ = ["IPersistable", "Persistent", "load", "loadValueFromFile"]

_SUFFIXES = {"pickle": "tap"}


class IPersistable(Interface, Protocol):
    """An object that can be kept in a file."""

    def setStyle(self, style: str) -> None:
        """Choose how the object is written: ``pickle``."""

    def save(self, tag: str | None = None, filename: str | None = None, passphrase: None = None) -> None:
        """Write the object to ``filename``, or to a file named after the object and ``tag``."""


@implementer(IPersistable)
class Persistent:
    """
    Saves ``original`` under ``name``.

    Unlike Twisted: there is no ``source`` style, and nothing is encrypted.
    """

    style = "pickle"

    def __init__(self, original: object, name: str) -> None:
        self.original = original
        self.name = name

    def setStyle(self, style: str) -> None:
        _suffix(style)
        self.style = style

    def save(self, tag: str | None = None, filename: str | None = None, passphrase: None = None) -> None:
        _refuse(passphrase)
        final = filename or "-".join(filter(None, (self.name, tag))) + "." + _suffix(self.style)
        scratch = f"{final}-2"
        with open(scratch, "wb") as file:
            pickle.dump(self.original, file, 2)
        # A reader sees the old file or the new one, never half of it.
        os.replace(scratch, final)


def load(filename: str, style: str, passphrase: None = None) -> Any:
    """Return the object that `Persistent.save` wrote. Whoever wrote the file can make this process do anything."""
    _suffix(style)
    _refuse(passphrase)
    with open(filename, "rb") as file:
        return pickle.load(file)


def loadValueFromFile(filename: str, variable: str, passphrase: None = None) -> Any:
    """
    Run the Python file, and return what it left in ``variable``.

    Raises:
        KeyError: It left nothing there.
    """
    _refuse(passphrase)
    with open(filename, "rb") as file:
        source = file.read()
    namespace: dict[str, Any] = {"__file__": filename}
    exec(compile(source, filename, "exec"), namespace, namespace)
    return namespace[variable]


def _suffix(style: str) -> str:
    try:
        return _SUFFIXES[style]
    except KeyError:
        raise ValueError(f"unknown style {style!r}: there is {', '.join(_SUFFIXES)}") from None


def _refuse(passphrase: None) -> None:
    if passphrase is not None:
        raise ValueError("encrypted files are not supported")
