"""A descriptor in reserve, for ports that accept connections themselves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reactorio.logger import Logger

if TYPE_CHECKING:
    import socket

__all__ = ["spare"]

_log = Logger(namespace="reactorio.internet.tcp")


class _Spare:
    """
    A descriptor kept for the moment in which there is no other.

    A connection that cannot be accepted stays at the head of the queue and wakes the loop for ever. With this one
    given back to the system for a moment, it is accepted, and closed: its peer knows at once.
    """

    _number: int | None = None

    def keep(self) -> None:
        if self._number is None:
            try:
                self._number = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                pass  # `refuse` says that there is none

    def refuse(self, listening: socket.socket) -> bool:
        """Accept a connection and close it; return whether that could be done."""
        number, self._number = self._number, None
        if number is None:
            return False
        os.close(number)
        try:
            sock, peer = listening.accept()
        except OSError:
            return False
        else:
            sock.close()
            _log.error("Out of file descriptors: closed a connection from {peer!r}", peer=peer)
            return True
        finally:
            self.keep()


spare = _Spare()
