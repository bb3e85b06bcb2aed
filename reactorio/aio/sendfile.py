"""
A file's bytes from the page cache to a connection, without a detour (sendfile).

The loops' own way needs the connection's transport for itself until all is sent, and libuv's has none. This one takes what
the system takes at once, and leaves the rest, and waiting, to ``write``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from reactorio.aio.streams import Connection

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__all__ = ["send_file_now", "takes_files"]


def takes_files(transport: Any) -> TypeIs[Connection]:
    """Is this a connection to which the system can send files: without TLS, and with nobody who looks at its bytes?"""
    return (
        hasattr(os, "sendfile")
        and isinstance(transport, Connection)
        and not transport.TLS
        and type(transport)._send is Connection._send
        and type(transport).write is Connection.write
    )


def send_file_now(connection: Connection, file: int, offset: int, count: int) -> int:
    """
    Send what the system takes at once of a file; nothing, if something that was written is still waiting.

    Args:
        connection: What `takes_files`.
        file: A descriptor.
        offset, count: Where to begin, and how much to send at most; in bytes.

    Returns:
        How many bytes were sent: 0 if the system takes none, or the connection or the file has ended, or cannot be used
        so. Then ``write`` what is next: it waits, and tells what is wrong.
    """
    connection._flush()
    transport = connection._transport
    if transport is None or connection._write_disconnecting or transport.is_closing():
        return 0
    if transport.get_write_buffer_size():
        return 0
    connection._sent = True
    try:
        return os.sendfile(transport.get_extra_info("socket").fileno(), file, offset, count)
    except OSError:
        return 0
