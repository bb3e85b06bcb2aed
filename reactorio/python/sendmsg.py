"""Messages with ancillary data, such as file descriptors, on sockets; Python's own calls by Twisted's names."""

from __future__ import annotations

from socket import CMSG_SPACE, SCM_RIGHTS, socket
from typing import NamedTuple

__all__ = ["SCM_RIGHTS", "ReceivedMessage", "getSocketFamily", "recvmsg", "sendmsg"]


class ReceivedMessage(NamedTuple):
    """What was received: the data, the ancillary data as (level, type, bytes) each, and the flags."""

    data: bytes
    ancillary: list[tuple[int, int, bytes]]
    flags: int


def sendmsg(socket: socket, data: bytes, ancillary: list[tuple[int, int, bytes]] | None = None, flags: int = 0) -> int:
    """Send a message, and return how many bytes of ``data`` went out."""
    return socket.sendmsg([data], ancillary or [], flags)


def recvmsg(socket: socket, maxSize: int = 8192, cmsgSize: int = 4096, flags: int = 0) -> ReceivedMessage:
    """
    Receive a message.

    Args:
        maxSize: How much data to take at most.
        cmsgSize: How much ancillary data to take at most.
    """
    data, ancillary, flags, _ = socket.recvmsg(maxSize, CMSG_SPACE(cmsgSize), flags)
    return ReceivedMessage(data, ancillary, flags)


def getSocketFamily(socket: socket) -> int:
    """Return the address family of a socket."""
    return socket.family
