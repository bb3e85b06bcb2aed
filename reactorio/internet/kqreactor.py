"""Stands for Twisted's kqueue reactor: the reactor is on asyncio, which chooses the best of the system's calls itself."""

from __future__ import annotations

from reactorio.internet.asyncioreactor import AsyncioSelectorReactor as KQueueReactor
from reactorio.internet.asyncioreactor import install

__all__ = ["KQueueReactor", "install"]
