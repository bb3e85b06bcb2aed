"""
Where in a TOML document each key stands. tomllib does not tell.

This reads documents that tomllib has found to be right; of others it would make nonsense.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Path", "places"]

Path: TypeAlias = "tuple[str | int, ...]"

_SPACE = re.compile(r"[ \t]*")
# What may stand between two statements, or within an array.
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")


def places(document: str, loads: Callable[[str], dict[str, Any]]) -> dict[Path, int]:
    """
    Return the line, from 1, of each key and of each table's head, by its path; elements of arrays are numbers in it.

    Args:
        loads: tomllib's, for keys in quotes.
    """
    return _Reader(document, loads).read()


class _Reader:
    def __init__(self, document: str, loads: Callable[[str], dict[str, Any]]) -> None:
        self._text = document
        self._loads = loads
        self._at = 0
        self._line, self._counted = 1, 0
        self._found: dict[Path, int] = {}
        # Arrays of tables, and how many they have so far.
        self._arrays: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip(_GAP)
            if self._at >= len(self._text):
                return self._found
            if self._text.startswith("[", self._at):
                table = self._head()
            else:
                self._assignment(table)

    def _head(self) -> Path:
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        path = self._resolved(self._key(), is_array)
        self._note(path)
        self._at = self._text.index("]", self._at) + (2 if is_array else 1)
        return path

    def _resolved(self, key: Path, is_array: bool) -> Path:
        """Return the path of a table's head: within arrays of tables, that of the last of them."""
        path: Path = ()
        for part in key[:-1]:
            path = self._in_last((*path, part))
        path = (*path, key[-1])
        if is_array:
            self._arrays[path] = self._arrays.get(path, 0) + 1
        return self._in_last(path)

    def _in_last(self, path: Path) -> Path:
        return (*path, self._arrays[path] - 1) if path in self._arrays else path

    def _assignment(self, table: Path) -> None:
        path = (*table, *self._key())
        for length in range(len(table) + 1, len(path) + 1):
            self._note(path[:length])
        self._at = self._text.index("=", self._at) + 1
        self._value(path)

    def _key(self) -> Path:
        parts: list[str | int] = []
        while True:
            self._skip(_SPACE)
            quoted = _STRING.match(self._text, self._at)
            match = quoted or _BARE.match(self._text, self._at)
            assert match is not None, "tomllib has read it"
            self._at = match.end()
            parts.append(self._loads(f"key = {match[0]}")["key"] if quoted else match[0])
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        first = self._text[self._at]
        if first in "\"'":
            self._skip(_STRING)
        elif first == "[":
            self._members(lambda number: self._element((*path, number)), "]")
        elif first == "{":
            self._members(lambda _: self._assignment(path), "}")
        else:
            self._skip(_SCALAR)

    def _element(self, path: Path) -> None:
        self._note(path)
        self._value(path)

    def _members(self, read: Callable[[int], None], end: str) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_GAP)
            if self._text[self._at] == end:
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
                continue
            read(number)
            number += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        assert match is not None, "tomllib has read it"
        self._at = match.end()

    def _note(self, path: Path) -> None:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        self._found.setdefault(path, self._line)
