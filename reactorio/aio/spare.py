"""
A descriptor in reserve, for the moment in which there is no other.

A connection that cannot be accepted stays at the head of the queue and wakes the loop for ever; asyncio's remedy is to
accept nothing for a second. With the reserve given back to the system for a moment, the connection is accepted, and
closed: its peer knows at once. libuv, and with it uvloop, does the same on its own account.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from reactorio.logger import Logger

__all__ = ["ListeningSocket"]

_log = Logger(namespace="reactorio.internet.tcp")

_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})


class _Spare:
    """The descriptor. There is one for all ports."""

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
            sock, peer = socket.socket.accept(listening)
        except OSError:
            return False
        else:
            sock.close()
            _log.error("Out of file descriptors: closed a connection from {peer!r}", peer=peer)
            return True
        finally:
            self.keep()


_spare = _Spare()


class ListeningSocket(socket.socket):
    """A socket that turns away, at its `accept`, those for whom there is no descriptor."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _spare.keep()

    @classmethod
    def instead_of(cls, sock: socket.socket) -> ListeningSocket:
        """Take the descriptor of another socket, which is of no use any more."""
        listening = cls(sock.family, sock.type, sock.proto, fileno=sock.detach())
        listening.setblocking(False)
        return listening

    def accept(self) -> tuple[socket.socket, Any]:
        """
        Accept a connection.

        Raises:
            BlockingIOError: There is none, or it has been turned away.
            OSError: Whatever else the system says.
        """
        try:
            return super().accept()
        except OSError as error:
            if error.errno in _OUT_OF_DESCRIPTORS and _spare.refuse(self):
                raise BlockingIOError(errno.EAGAIN, "turned a connection away") from error
            raise
