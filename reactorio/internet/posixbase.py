"""The reactor class that POSIX applications name to look at or to subclass."""

from __future__ import annotations

from reactorio.internet.base import ReactorBase as PosixReactorBase

__all__ = ["PosixReactorBase"]
