"""
The plugins: our own, and every module in a ``twisted/plugins`` or ``reactorio/plugins`` folder on sys.path.

Such a folder needs no ``__init__.py``, and does not count if it has one.
"""

from __future__ import annotations

from reactorio.plugin import pluginPackagePaths

__all__: list[str] = []

__path__.extend(pluginPackagePaths(__name__))
