"""
What the ports' connections have carried, for those who ask.

It costs an addition for each read and each write, so nothing is counted unless `count_traffic` was called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from reactorio.aio.listening import Port, Server
from reactorio.aio.starttls import _Beneath
from reactorio.aio.streams import Connection
from reactorio.aio.unix import Port as UNIXPort
from reactorio.aio.unix import Server as UNIXServer

__all__ = ["Traffic", "count_traffic", "counted"]


@dataclass
class Traffic:
    """
    What the connections of a port have carried, those that have ended too.

    Attributes:
        accepted: How many there have been.
        received, sent: Bytes; with TLS, as they are on the wire.
    """

    accepted: int = 0
    received: int = 0
    sent: int = 0


class _Counting(Connection):
    """Mixed into the kind of a connection whose bytes are counted."""

    _traffic: Traffic
    # What it leaves to the loop when it turns to TLS.
    _beneath_kind: ClassVar[type[Connection]]

    def data_received(self, data: bytes) -> None:
        self._traffic.received += len(data)
        super().data_received(data)

    def _send(self, data: bytes) -> None:
        self._traffic.sent += len(data)
        super()._send(data)


class _CountingServer(_Counting, Server):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._traffic = counted(self.server)
        self._traffic.accepted += 1


class _CountingUNIXServer(_CountingServer, UNIXServer):
    pass


class _CountingBeneath(_Counting, _Beneath):
    def __init__(self, above: Any) -> None:
        super().__init__(above)
        self._traffic = above._traffic


for _kind, _public in ((_CountingServer, Server), (_CountingUNIXServer, UNIXServer)):
    _kind.__module__, _kind.__name__, _kind.__qualname__ = _public.__module__, "Server", "Server"

_Counting._beneath_kind = _CountingBeneath


def count_traffic() -> None:
    """Count, for every port, the connections that are accepted from now on, and what they carry."""
    Port._connection_kind = _CountingServer
    UNIXPort._connection_kind = _CountingUNIXServer


def counted(port: Any) -> Traffic:
    """Return the traffic of a port; it goes on changing."""
    traffic: Traffic | None = getattr(port, "_traffic", None)
    if traffic is None:
        traffic = port._traffic = Traffic()
    return traffic
