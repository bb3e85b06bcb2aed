"""
HTTP/2 for servers. The work is in ``reactorio.web._h2``; it needs h2, the extra ``http2``.
"""

from __future__ import annotations

from reactorio.web._h2.connection import H2Connection
from reactorio.web._h2.stream import H2Stream

__all__ = ["H2Connection", "H2Stream"]
