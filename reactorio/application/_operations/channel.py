"""
What a supervisor and its workers say to each other: JSON objects over a UNIX socket, with descriptors beside them.

The socket keeps messages apart (SOCK_SEQPACKET), and its end is the end of the process at the other side.
"""

from __future__ import annotations

import json
import socket
from array import array
from typing import Any

__all__ = ["Channel", "channel_pair"]

_LONGEST = 65536


class Channel:
    """
    One end.

    Args:
        sock: The socket, which is the channel's from now on.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: dict[str, Any], descriptor: int | None = None) -> None:
        """Send a message, with a descriptor or without; raises OSError."""
        rights = [] if descriptor is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [descriptor]))]
        self._socket.sendmsg([json.dumps(message).encode()], rights)

    def receive(self) -> tuple[dict[str, Any], socket.socket | None]:
        """
        Return a message, and the socket whose descriptor came with it.

        Raises:
            EOFError: The other end is closed.
            OSError: There is none (BlockingIOError, TimeoutError), or the channel is of no use.
        """
        data, control, _, _ = self._socket.recvmsg(_LONGEST, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
        if not data:
            raise EOFError("the other end is closed")
        message: dict[str, Any] = json.loads(data)
        for level, kind, numbers in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                return message, socket.socket(fileno=array("i", numbers)[0])
        return message, None

    def set_timeout(self, seconds: float | None) -> None:
        """Let sending and receiving wait so long: for ever by default; 0 is not at all."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        self._socket.close()


def channel_pair() -> tuple[Channel, socket.socket]:
    """Return one end, which does not wait, and the socket of the other, for another process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return Channel(ours), theirs
