"""The version of Twisted whose API this package serves, as programs ask Twisted for it."""

from __future__ import annotations

from reactorio._alias import TWISTED_VERSION

__all__ = ["copyright", "longversion", "version"]

version = ".".join(map(str, TWISTED_VERSION))
longversion = f"[Twisted, version {version}, served by reactorio]"
copyright = "Served by reactorio, which is not made by Twisted Matrix Laboratories.\nSee LICENSE for details."
