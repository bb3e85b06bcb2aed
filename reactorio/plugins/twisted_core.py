"""The types of endpoint strings that are plugins."""

from __future__ import annotations

from reactorio.internet.endpoints import _TCP6ServerParser

__all__: list[str] = []

tcp6 = _TCP6ServerParser()
