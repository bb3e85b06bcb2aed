"""Versions of TLS, in order."""

from __future__ import annotations

from enum import Enum
from functools import total_ordering
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TLSVersion"]

__name__ = "reactorio.internet.ssl"  # the public path: see the package's docstring


@total_ordering
class TLSVersion(Enum):
    """A version of TLS. Unlike Twisted it is an ``enum``; two methods of what it is there are here, too."""

    SSLv3 = 0x0300
    TLSv1_0 = 0x0301
    TLSv1_1 = 0x0302
    TLSv1_2 = 0x0303
    TLSv1_3 = 0x0304

    def __lt__(self, other: TLSVersion) -> bool:
        number: int = self.value
        return number < other.value if isinstance(other, TLSVersion) else NotImplemented

    @classmethod
    def iterconstants(cls) -> Iterator[TLSVersion]:
        return iter(cls)

    @classmethod
    def lookupByName(cls, name: str) -> TLSVersion:
        """Return the version with this name; raises ValueError."""
        try:
            return cls[name]
        except KeyError:
            raise ValueError(name) from None


LOWEST = TLSVersion.TLSv1_2
HIGHEST = TLSVersion.TLSv1_3
