"""The shortest way from a file to a connection, if nothing stands between them that has to see the bytes."""

from __future__ import annotations

from io import BufferedReader, FileIO
from typing import IO, TYPE_CHECKING, Any

from reactorio.aio.sendfile import send_file_now, takes_files
from reactorio.web import http, server

if TYPE_CHECKING:
    from reactorio.aio.streams import Connection

__all__ = ["DirectPath", "direct_path"]

_WRITES = (http.Request.write, server.Request.write)


class DirectPath:
    """
    Has the system send a file as a part of a response.

    Args:
        connection: The response's.
        file: The file; what is sent is behind it afterwards, as if it had been read.
    """

    def __init__(self, request: http.Request, connection: Connection, file: BufferedReader) -> None:
        self._request = request
        self._connection = connection
        self._file = file

    def send(self, most: int) -> int:
        """Send at most this much, and return how much that was: 0 if it has to be written."""
        if not self._request.startedWriting:
            self._request.write(b"")
        if self._request._disconnected:
            return 0
        offset = self._file.tell()
        sent = send_file_now(self._connection, self._file.fileno(), offset, most)
        if sent:
            self._file.seek(offset + sent)
            self._request.sentLength += sent
        return sent


def direct_path(request: Any, file: IO[bytes]) -> DirectPath | None:
    """
    Return the way, or None where there is none.

    There is none where the bytes are compressed, encrypted, cut into chunks or frames, counted or held back on it; where a
    subclass of the request or of the channel has a ``write`` of its own; and from what is no plain file.
    """
    # Something that only wraps a file may have its descriptor, too.
    if type(file) is not BufferedReader or type(file.raw) is not FileIO:
        return None
    if not isinstance(request, http.Request) or type(request).write not in _WRITES:
        return None
    if getattr(request, "_encoder", None) is not None or request.method == b"HEAD" or request.chunked:
        return None
    channel = request.channel
    if not isinstance(channel, http.HTTPChannel) or not channel._plain_heads or not takes_files(channel.transport):
        return None
    return DirectPath(request, channel.transport, file)
