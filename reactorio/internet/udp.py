"""UDP ports, by the names that applications know."""

from __future__ import annotations

from reactorio.aio.multicast import MulticastMixin, MulticastPort
from reactorio.aio.udp import Port

__all__ = ["MulticastMixin", "MulticastPort", "Port"]
