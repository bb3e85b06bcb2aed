"""Limits of the process: what it may take of the machine."""

from __future__ import annotations

import re
import resource
from typing import Any

__all__ = ["apply_limits", "size"]

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

_RESOURCES = {"open-files": "RLIMIT_NOFILE", "processes": "RLIMIT_NPROC", "memory": "RLIMIT_AS", "core": "RLIMIT_CORE"}


def size(text: str | int) -> int:
    """Return a number of bytes, for instance of ``512M``; raises ValueError."""
    match = re.fullmatch(r"(\d+)([KMGT]?)", str(text))
    if match is None:
        raise ValueError(f"{text!r} is no number of bytes: 512M is")
    return int(match[1]) * _UNITS[match[2]]


def apply_limits(limits: dict[str, Any]) -> None:
    """
    Have the system hold this process, and those that it starts, to ``limits``.

    Raises:
        ValueError: The system does not let this process have so much.
    """
    for name, constant in _RESOURCES.items():
        if name not in limits:
            continue
        kind, wanted = getattr(resource, constant), size(limits[name])
        _, most = resource.getrlimit(kind)
        # What it is held to may always be less; more than it was given only if it is privileged.
        most = wanted if most == resource.RLIM_INFINITY or wanted <= most else max(most, wanted)
        try:
            resource.setrlimit(kind, (wanted, most))
        except (ValueError, OSError) as error:
            raise ValueError(f"limits.{name}: this process cannot have {limits[name]}: {error}") from error
