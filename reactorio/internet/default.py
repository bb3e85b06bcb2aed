"""The reactor that is used when nobody asks for another: there is one."""

from __future__ import annotations

from reactorio.internet.asyncioreactor import install

__all__ = ["install"]
