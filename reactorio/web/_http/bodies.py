"""
Bodies as they come: by length (or until the connection ends), or in chunks (RFC 9112 section 7.1).

A decoder calls ``dataCallback`` with what it has of the body and ``finishCallback`` once, with what came behind the body.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from reactorio.web._abnf import _hexint

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "PotentialDataLoss",
    "_ChunkedTransferDecoder",
    "_DataLoss",
    "_IdentityTransferDecoder",
    "_MalformedChunkedDataError",
    "maxChunkSizeLineLength",
]

__name__ = "reactorio.web.http"  # the public path

# Bytes that a chunk's first line may have, extensions included.
maxChunkSizeLineLength = 1024

# What a chunk's extensions may be made of: tokens, and quoted text without control characters and backslashes.
_EXTENSION = re.compile(rb"[\t !-\[\]-~\x80-\xff]*")
# A field of a trailer, as of a head (RFC 9112 section 5): who takes a single LF for a line's end must not see another.
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class _DataLoss(Exception):
    """The connection ended before the body was whole."""


class PotentialDataLoss(Exception):
    """The body ended with the connection, and nothing says that it was whole (RFC 9112 section 8)."""


class _MalformedChunkedDataError(Exception):
    """That is not a body in chunks."""


class _IdentityTransferDecoder:
    """
    A body of a known length, or one that ends with the connection.

    Args:
        contentLength: How many bytes, None if nobody knows.
    """

    __slots__ = ("contentLength", "dataCallback", "finishCallback")

    def __init__(
        self,
        contentLength: int | None,
        dataCallback: Callable[[bytes], object] | None,
        finishCallback: Callable[[bytes], object] | None,
    ) -> None:
        self.contentLength = contentLength
        self.dataCallback = dataCallback
        self.finishCallback = finishCallback

    def dataReceived(self, data: bytes) -> None:
        """
        Take what arrived.

        Raises:
            RuntimeError: The body is whole already.
        """
        deliver = self.dataCallback
        if deliver is None:
            raise RuntimeError("_IdentityTransferDecoder cannot decode data after finishing")
        if self.contentLength is None:
            deliver(data)
        elif len(data) < self.contentLength:
            self.contentLength -= len(data)
            deliver(data)
        else:
            finish = self.finishCallback
            length = self.contentLength
            self.dataCallback = self.finishCallback = None
            self.contentLength = 0
            deliver(data[:length])
            if finish is not None:
                finish(data[length:])

    def noMoreData(self) -> None:
        """
        The connection ended.

        Raises:
            _DataLoss: The body is not whole.
            PotentialDataLoss: Nobody knows whether it is; it is taken to be.
        """
        finish = self.finishCallback
        self.dataCallback = self.finishCallback = None
        if self.contentLength is None:
            if finish is not None:
                finish(b"")
            raise PotentialDataLoss
        if self.contentLength != 0:
            raise _DataLoss


class _ChunkedTransferDecoder:
    """
    A body in chunks.

    Attributes:
        state: ``CHUNK_LENGTH``, ``BODY``, ``CRLF`` (behind a chunk), ``TRAILER``, ``FINISHED``.
        length: Bytes of the chunk that are still to come.
    """

    state = "CHUNK_LENGTH"
    _maxTrailerHeadersSize = 2**16

    def __init__(
        self, dataCallback: Callable[[bytes], object] | None, finishCallback: Callable[[bytes], object] | None
    ) -> None:
        self.dataCallback = dataCallback
        self.finishCallback = finishCallback
        self.length = 0
        # Trailer fields, as lines.
        self._trailerHeaders: list[bytes] = []
        self._trailers_size = 0
        self._buffer = b""

    def dataReceived(self, data: bytes) -> None:
        """
        Take what arrived.

        Raises:
            _MalformedChunkedDataError: A chunk's size is no hexadecimal number, its first line or the trailer is too
                long, it has no end where it should, or a trailer field is none.
            RuntimeError: The body is whole already.
        """
        if self.state == "FINISHED" and data:
            raise RuntimeError("_ChunkedTransferDecoder.dataReceived called after last chunk was processed")
        data = self._buffer + data if self._buffer else data
        position = 0
        while position < len(data):
            after = self._STEPS[self.state](self, data, position)
            if after < 0:
                break
            position = after
            if self.state == "FINISHED":
                self._buffer = b""
                if self.finishCallback is not None:
                    self.finishCallback(data[position:])
                return
        self._buffer = data[position:]

    def _chunk_length(self, data: bytes, position: int) -> int:
        line, after = self._line(data, position, maxChunkSizeLineLength, "Chunk size line")
        if after < 0:
            return after
        size, semicolon, extension = line.partition(b";")
        try:
            self.length = _hexint(size)
        except ValueError:
            raise _MalformedChunkedDataError("Chunk-size must be an integer.") from None
        if semicolon and not _EXTENSION.fullmatch(extension):
            raise _MalformedChunkedDataError("Invalid characters in chunk extensions.")
        self.state = "BODY" if self.length else "TRAILER"
        return after

    def _body(self, data: bytes, position: int) -> int:
        part = data[position : position + self.length]
        self.length -= len(part)
        if not self.length:
            self.state = "CRLF"
        if part and self.dataCallback is not None:
            self.dataCallback(part)
        return position + len(part)

    def _newline(self, data: bytes, position: int) -> int:
        found = data[position : position + 2]
        if not b"\r\n".startswith(found):
            raise _MalformedChunkedDataError("Chunk did not end with CRLF")
        if len(found) < 2:
            return -1
        self.state = "CHUNK_LENGTH"
        return position + 2

    def _trailer(self, data: bytes, position: int) -> int:
        line, after = self._line(
            data, position, self._maxTrailerHeadersSize - self._trailers_size, "Trailer headers data"
        )
        if after < 0:
            return after
        if line:
            if not _TRAILER.fullmatch(line):
                raise _MalformedChunkedDataError("Invalid trailer field.")
            self._trailers_size += len(line) + 2
            self._trailerHeaders.append(line)
        else:
            self.state = "FINISHED"
        return after

    def _line(self, data: bytes, position: int, limit: int, what: str) -> tuple[bytes, int]:
        """Return the line that begins at ``position`` and where the next does, which is -1 if it is not whole."""
        end = data.find(b"\r\n", position)
        if (len(data) if end < 0 else end) - position >= limit:
            raise _MalformedChunkedDataError(f"{what} exceeds maximum of {limit} bytes.")
        return (b"", -1) if end < 0 else (data[position:end], end + 2)

    def noMoreData(self) -> None:
        """
        The connection ended.

        Raises:
            _DataLoss: The body is not whole.
        """
        if self.state != "FINISHED":
            raise _DataLoss(
                f"Chunked decoder in {self.state!r} state, still expecting more data to get to 'FINISHED' state."
            )

    _STEPS: ClassVar[dict[str, Callable[[_ChunkedTransferDecoder, bytes, int], int]]] = {
        "CHUNK_LENGTH": _chunk_length,
        "BODY": _body,
        "CRLF": _newline,
        "TRAILER": _trailer,
    }
