"""Programs on the search path."""

from __future__ import annotations

import os

__all__ = ["which"]


def which(name: str, flags: int = os.X_OK) -> list[str]:
    """
    Return the paths of all files of that name on ``PATH``, in its order.

    Args:
        flags: What must be allowed, as for :func:`os.access`; by default to execute.
    """
    directories = os.environ.get("PATH", "").split(os.pathsep)
    if not any(directories):
        return []
    # Windows has several names for a program: with each of these at the end.
    endings = ["", *(ending for ending in os.environ.get("PATHEXT", "").split(os.pathsep) if ending)]
    candidates = (os.path.join(directory, name + ending) for directory in directories for ending in endings)
    return [path for path in candidates if os.access(path, flags)]
