"""
Versions of packages, as deprecations and applications name them.

The class is ours, not the ``incremental`` package's: what Twisted's API hands out is small, and a dependency less is a
dependency less. Where a version is taken (:mod:`reactorio.python.deprecate`), incremental's are as good as these.
"""

from __future__ import annotations

from functools import total_ordering
from typing import Any

__all__ = ["IncomparableVersions", "Version", "getVersionString"]


class IncomparableVersions(TypeError):
    """The versions are of two packages."""


@total_ordering
class Version:
    """
    A version of a package.

    Args:
        major: The first number; ``"NEXT"`` for the release to come, with 0 for the others.
        release_candidate: Its number if this is a candidate for that release.
        prerelease: Old spelling of ``release_candidate``.
        post: Its number if this comes after that release.
        dev: Its number if this is a step on the way there.
    """

    def __init__(
        self,
        package: str,
        major: int | str,
        minor: int,
        micro: int,
        release_candidate: int | None = None,
        prerelease: int | None = None,
        post: int | None = None,
        dev: int | None = None,
    ) -> None:
        if release_candidate is not None and prerelease is not None:
            raise ValueError("release_candidate and prerelease are two names of one number: give one")
        if major == "NEXT" and (minor or micro or release_candidate or prerelease or post or dev):
            raise ValueError("NEXT stands alone: the other numbers must be 0")
        self.package = package
        self.major = major
        self.minor = minor
        self.micro = micro
        self.release_candidate = prerelease if release_candidate is None else release_candidate
        self.post = post
        self.dev = dev

    @property
    def prerelease(self) -> int | None:
        return self.release_candidate

    def public(self) -> str:
        """Return it as PEP 440 spells it: ``1.2.3rc4.post5.dev6``."""
        if self.major == "NEXT":
            return "NEXT"
        text = f"{self.major}.{self.minor}.{self.micro}"
        for suffix, number in (("rc", self.release_candidate), (".post", self.post), (".dev", self.dev)):
            if number is not None:
                text += f"{suffix}{number}"
        return text

    base = short = local = public

    def __repr__(self) -> str:
        optional = (("release_candidate", self.release_candidate), ("post", self.post), ("dev", self.dev))
        extra = "".join(f", {name}={number}" for name, number in optional if number is not None)
        return f"Version({self.package!r}, {self.major!r}, {self.minor}, {self.micro}{extra})"

    def __str__(self) -> str:
        return f"[{self.package}, version {self.public()}]"

    def _key(self, other: Version) -> tuple[float, ...]:
        if self.package.lower() != other.package.lower():
            raise IncomparableVersions(f"{self.package!r} != {other.package!r}")
        infinity = float("inf")
        # What is missing stands after a candidate and after a step on the way, and before what comes later.
        return (
            infinity if self.major == "NEXT" else int(self.major),
            self.minor,
            self.micro,
            infinity if self.release_candidate is None else self.release_candidate,
            -1 if self.post is None else self.post,
            infinity if self.dev is None else self.dev,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self._key(other) == other._key(self)

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self._key(other) < other._key(self)

    def __hash__(self) -> int:
        return hash((self.package.lower(), self.public()))


def getVersionString(version: Version) -> str:
    """Return ``package 1.2.3``."""
    return f"{version.package} {version.public()}"
