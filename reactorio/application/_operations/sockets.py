"""The sockets of a supervisor's workers: bound here, once, and given to each worker that asks."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from reactorio.aio import serving
from reactorio.aio.listening import Port
from reactorio.aio.udp import Port as UDPPort
from reactorio.aio.unix import Port as UNIXPort
from reactorio.internet.error import CannotListenError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

__all__ = ["SharedSockets"]

_LOWEST_FOR_EVERYBODY = 1024


class SharedSockets:
    """
    Binds sockets, and keeps them.

    Worker and supervisor agree on a socket by a key: all that the port was made with.
    """

    def __init__(self) -> None:
        # A port that never starts knows how to bind, and how to leave the file system clean.
        self._bound: dict[str, tuple[Any, socket.socket]] = {}

    def take(self, where: dict[str, Any], is_trusted: bool) -> tuple[str, socket.socket]:
        """
        Return a socket, and its key.

        Args:
            where: What a worker asks for; see `reactorio.aio.sharing`.
            is_trusted: May it have what only a privileged process can bind?

        Raises:
            OSError: The system refused, or we do.
        """
        key = repr(sorted(where.items()))
        if key not in self._bound:
            if not is_trusted and os.geteuid() == 0 and _needs_privileges(where):
                raise PermissionError(errno.EPERM, "A worker that has begun to serve cannot ask for a privileged port")
            port = _port(where)
            try:
                self._bound[key] = port, port._bound_socket()
            except CannotListenError as error:
                cause = error.socketError
                raise cause if isinstance(cause, OSError) else OSError(errno.EADDRINUSE, str(cause)) from error
        return key, self._bound[key][1]

    def keep_only(self, keys: Iterable[str]) -> None:
        """Close the others: nobody would accept what comes there."""
        kept = set(keys)
        for key in [key for key in self._bound if key not in kept]:
            port, sock = self._bound.pop(key)
            sock.close()
            _clean_up(port)

    def refuse(self) -> None:
        """Let nothing new come, while workers accept what has come."""
        for port, sock in self._bound.values():
            serving.refuse_on(port, sock)

    def close(self) -> None:
        """Close them all."""
        self.keep_only(())


def _needs_privileges(where: dict[str, Any]) -> bool:
    return where["kind"] == "unix" or 0 < int(where["port"]) < _LOWEST_FOR_EVERYBODY


def _port(where: dict[str, Any]) -> Any:
    nobody: Any = None
    if where["kind"] == "tcp":
        return Port(where["port"], nobody, where["backlog"], where["host"])
    if where["kind"] == "udp":
        return UDPPort(where["port"], nobody, where["host"])
    return UNIXPort(where["path"], nobody, where["backlog"], where["mode"], None, where["lock"])


def _clean_up(port: Any) -> None:
    if isinstance(port, UNIXPort):
        port._leave_file_system()
