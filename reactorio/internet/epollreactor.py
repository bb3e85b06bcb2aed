"""Stands for Twisted's epoll reactor: the reactor is on asyncio, which chooses the best of the system's calls itself."""

from __future__ import annotations

from reactorio.internet.asyncioreactor import AsyncioSelectorReactor as EPollReactor
from reactorio.internet.asyncioreactor import install

__all__ = ["EPollReactor", "install"]
