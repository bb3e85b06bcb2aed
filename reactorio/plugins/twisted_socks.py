"""The service of `reactorio.tap.socks`."""

from __future__ import annotations

from reactorio.application.service import ServiceMaker

__all__: list[str] = []

socks = ServiceMaker("SOCKS proxy", "reactorio.tap.socks", "A SOCKSv4 proxy service.", "socks")
