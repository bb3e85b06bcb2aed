"""Ending an answer before its end."""

from __future__ import annotations

import socket
import struct
from typing import Any

from reactorio.web.http import HTTPChannel

__all__ = ["cut_short"]


def cut_short(request: Any) -> None:
    """
    End a request whose answer has begun and cannot be completed, in a way that tells the client.

    What was written is still sent where a length, or chunks without the last, say that there should be more. The end of
    any other answer looks like its completion (RFC 9112 section 6.3; an HTTP/2 stream likewise): it is aborted.
    """
    channel = getattr(request, "channel", None)
    if channel is None:
        # It is no request of a connection, and has no other way to end.
        request.finish()
    elif not isinstance(channel, HTTPChannel):
        channel.abortConnection()
    elif request.chunked or request.responseHeaders.hasHeader(b"content-length"):
        channel.loseConnection()
    else:
        _reset(channel.transport)


def _reset(transport: Any) -> None:
    """Abort a connection; if it is TCP without TLS, the other end sees an error instead of its end (RST)."""
    if hasattr(transport, "getHandle"):
        transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abortConnection()
