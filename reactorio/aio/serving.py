"""What a reactor serves just now: its stream ports, and the connections that they have accepted; and how to end that."""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

from reactorio.aio.adopting import _serve
from reactorio.aio.listening import Port, Server
from reactorio.aio.starttls import _Beneath
from reactorio.aio.unix import Port as UNIXPort
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["accept_waiting", "connections", "name_of", "port_of", "ports", "refuse", "refuse_on"]

_log = Logger(namespace="reactorio.internet.tcp")


def ports(reactor: Any) -> list[Port]:
    """Return the stream ports that listen. Safe to call from another thread, too."""
    return [one for one in list(getattr(reactor, "_open", ())) if isinstance(one, Port)]


def connections(reactor: Any) -> Iterator[Any]:
    """Yield the connections that were accepted and are open, each as its application knows it; from any thread."""
    for one in list(getattr(reactor, "_open", ())):
        above = one._above if isinstance(one, _Beneath) else one
        if isinstance(above, Server):
            yield above


def port_of(connection: Any) -> Any:
    """Return the port that a connection came through, or what it has in place of one."""
    return connection.server


def accept_waiting(port: Port) -> None:
    """Accept what waits at ``port``, without waiting for the loop; not if the application has paused it."""
    if not port.connected or port._paused or port.disconnecting:
        return
    if isinstance(port, UNIXPort):
        port._acceptable()
        return
    while True:
        try:
            sock, _ = port.socket.accept()
        except ConnectionAbortedError:
            continue
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            _log.error("{port} cannot accept what waits: {error}", port=port, error=error)
            return
        sock.setblocking(False)
        _serve(sock, port, port.reactor)  # type: ignore[arg-type]  # a port is more than that asks for


def name_of(port: Port) -> str:
    """Return what people call a port: ``tcp:127.0.0.1:8000``, ``tls:[::]:443``, ``unix:/run/app.sock``."""
    where = port._realPortNumber
    if isinstance(port, UNIXPort):
        return f"unix:{where}"
    host = port.interface or ("::" if port.addressFamily == socket.AF_INET6 else "0.0.0.0")
    return f"{port._type.lower()}:{f'[{host}]' if ':' in host else host}:{where}"


# A connection that waits to be accepted when its port is closed is reset: its peer, who has connected and may have sent a
# request, has lost it. So those have to be accepted first, and none may follow. The system can be told: by a filter that
# lets everything pass but the first packet of a handshake (SYN without ACK; at byte 13 of the TCP header are the flags).
# A peer whose packet is dropped tries again a second later, when the port is closed, and is refused.
_SO_ATTACH_FILTER = 26
_LOAD_BYTE, _AND, _JUMP_IF_EQUAL, _RETURN = 0x30, 0x54, 0x15, 0x06
_NO_HANDSHAKES = (
    (_LOAD_BYTE, 0, 0, 13),
    (_AND, 0, 0, 0x12),
    (_JUMP_IF_EQUAL, 0, 1, 0x02),
    (_RETURN, 0, 0, 0),
    (_RETURN, 0, 0, 0xFFFFFFFF),
)


def refuse(port: Port) -> None:
    """
    Let no new connection come to ``port``, while those under way still do.

    A socket that others have, too, is theirs to refuse on: here nothing happens.
    """
    if port.connected and not port._inherited:
        refuse_on(port, port.socket)


def refuse_on(port: Any, sock: socket.socket) -> None:
    """Let no new connection come to the socket that ``port`` has bound, also if it is not served here."""
    if isinstance(port, UNIXPort):
        port._leave_file_system()
    elif isinstance(port, Port) and sys.platform == "linux":
        try:
            _attach_filter(sock)
        except (OSError, MemoryError, ImportError) as error:
            _log.warn("{port} cannot refuse connections before it closes: {error}", port=port, error=error)


def _attach_filter(sock: socket.socket) -> None:
    import ctypes  # not at the top: some hardened systems do not let it

    program = b"".join(struct.pack("HBBI", *step) for step in _NO_HANDSHAKES)
    memory = ctypes.create_string_buffer(program)
    sock.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(_NO_HANDSHAKES), ctypes.addressof(memory))
    )
