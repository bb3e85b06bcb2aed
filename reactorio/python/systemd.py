"""Sockets that systemd opened for this process: its socket activation."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = ["ListenFDs"]


@dataclass
class ListenFDs:
    """
    The descriptors that were inherited, and their names.

    The names are those of the socket units (``FileDescriptorName=``); there are none if whoever opened the sockets gave none.
    """

    # The first of them, as systemd has it.
    _START: ClassVar[int] = 3

    _descriptors: Sequence[int]
    _names: Sequence[str] = ()

    @classmethod
    def fromEnvironment(cls, environ: Mapping[str, str] | None = None, start: int | None = None) -> ListenFDs:
        """
        Take what the environment says, and out of it: nobody else shall use the descriptors, no child inherit the claim.

        Args:
            environ: By default that of the process.
            start: The first descriptor; by default systemd's.
        """
        variables = os.environ if environ is None else environ
        count = _count(variables)
        if count is None:
            return cls([], ())
        names = variables.get("LISTEN_FDNAMES", "")
        for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
            if isinstance(variables, MutableMapping):
                variables.pop(name, None)
        first = cls._START if start is None else start
        return cls(list(range(first, first + count)), tuple(names.split(":")) if names and count else ())

    def inheritedDescriptors(self) -> list[int]:
        return list(self._descriptors)

    def inheritedNamedDescriptors(self) -> dict[str, int]:
        """Return the descriptors by name."""
        return dict(zip(self._names, self._descriptors, strict=False))


def _count(variables: Mapping[str, str]) -> int | None:
    """How many descriptors there are for this process; None if the variables are not for it."""
    try:
        if int(variables["LISTEN_PID"]) != os.getpid():
            return None
        return int(variables["LISTEN_FDS"])
    except (KeyError, ValueError):
        return None
