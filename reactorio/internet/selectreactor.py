"""Stands for Twisted's select reactor: the reactor is on asyncio, which chooses the best of the system's calls itself."""

from __future__ import annotations

from reactorio.internet.asyncioreactor import AsyncioSelectorReactor as SelectReactor
from reactorio.internet.asyncioreactor import install

__all__ = ["SelectReactor", "install"]
