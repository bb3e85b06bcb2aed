"""UDP ports, by the names that applications know."""

from __future__ import annotations

from reactorio.aio.datagrams import Port
from reactorio.aio.multicast import MulticastMixin, MulticastPort

__all__ = ["MulticastMixin", "MulticastPort", "Port"]
