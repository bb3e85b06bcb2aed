"""
Wrappers around protocols: limits, timeouts, logs. The work is in ``reactorio.protocols._policies``.
"""

from __future__ import annotations

from reactorio.protocols._policies.limits import LimitConnectionsByPeer, LimitTotalConnectionsFactory
from reactorio.protocols._policies.spying import (
    SpewingFactory,
    SpewingProtocol,
    TrafficLoggingFactory,
    TrafficLoggingProtocol,
)
from reactorio.protocols._policies.throttling import ThrottlingFactory, ThrottlingProtocol
from reactorio.protocols._policies.timeouts import TimeoutFactory, TimeoutMixin, TimeoutProtocol
from reactorio.protocols._policies.wrapping import ProtocolWrapper, WrappingFactory

__all__ = [
    "LimitConnectionsByPeer",
    "LimitTotalConnectionsFactory",
    "ProtocolWrapper",
    "SpewingFactory",
    "SpewingProtocol",
    "ThrottlingFactory",
    "ThrottlingProtocol",
    "TimeoutFactory",
    "TimeoutMixin",
    "TimeoutProtocol",
    "TrafficLoggingFactory",
    "TrafficLoggingProtocol",
    "WrappingFactory",
]
