"""Paths of clients, as lists of names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reactorio.protocols._ftp.errors import InvalidPath

if TYPE_CHECKING:
    from collections.abc import Sequence

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_GLOBBING = re.compile(r"[*?\[]")


def toSegments(cwd: Sequence[str], path: str) -> list[str]:
    """
    Return the names on the way from the root to ``path``.

    Args:
        cwd: The names on the way to the current directory, where paths begin that do not begin with a slash.
        path: What the client wrote.

    Raises:
        InvalidPath: It leads out of the root, even if only to come back, or has a NUL in it.
    """
    segments = [] if path.startswith("/") else list(cwd)
    for name in path.split("/"):
        if name == "..":
            if not segments:
                raise InvalidPath(cwd, path)
            segments.pop()
        elif "\0" in name:
            raise InvalidPath(cwd, path)
        elif name not in ("", "."):
            segments.append(name)
    return segments


def _isGlobbingExpression(segments: Sequence[str] | None = None) -> bool:
    """Is the last name a pattern?"""
    return bool(segments) and _GLOBBING.search(segments[-1]) is not None  # type: ignore[index]  # it has a last one
