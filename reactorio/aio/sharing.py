"""
Sockets that several processes serve: a port asks here first, and binds by itself if there is nobody who shares.

Who shares is set by whoever starts this process as one of several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket

__all__ = ["Source", "set_source", "shared_socket"]


class Source(Protocol):
    """Has sockets, bound, and listening if they are of streams."""

    def take(self, kind: str, **where: str | int | bool) -> socket.socket | None:
        """
        Return a socket, or None if this one is not shared.

        Args:
            kind: ``tcp``, ``unix`` or ``udp``.
            where: What the port was made with.

        Raises:
            OSError: The system refused.
        """


_source: Source | None = None


def set_source(source: Source | None) -> None:
    """Have ports ask ``source`` from now on, or nobody."""
    global _source
    _source = source


def shared_socket(kind: str, **where: str | int | bool) -> socket.socket | None:
    """Return the socket for a port; None if it has to have its own. Raises as `Source.take` does."""
    return None if _source is None else _source.take(kind, **where)
