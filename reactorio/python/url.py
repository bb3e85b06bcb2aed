"""URLs as values: hyperlink's `URL`, by the name that applications import."""

from __future__ import annotations

try:
    from hyperlink import URL
except ImportError as error:
    raise ImportError("reactorio.python.url needs hyperlink: install reactorio[web]", name="hyperlink") from error

__all__ = ["URL"]
