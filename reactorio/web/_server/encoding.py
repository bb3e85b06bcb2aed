"""Answers compressed on their way out."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.web.iweb import _IRequestEncoder, _IRequestEncoderFactory

if TYPE_CHECKING:
    from reactorio.web._http.request import Request

__all__ = ["GzipEncoderFactory", "_GzipEncoder"]

_ACCEPTED = re.compile(rb"(?:^|[\s,])gzip[ \t]*(?:;[ \t]*q=(?!0(?:\.0*)?[ \t]*(?:$|,))[^,]*)?(?:$|[\s,])")


@implementer(_IRequestEncoderFactory)
class GzipEncoderFactory:
    """
    Compresses with gzip for clients that take it.

    Attributes:
        compressLevel: 1 to 9.
    """

    _gzipCheckRegex = _ACCEPTED
    compressLevel = 9

    def encoderForRequest(self, request: Request) -> _GzipEncoder | None:
        """Return an encoder if the client takes gzip."""
        accepted = b",".join(request.requestHeaders.getRawHeaders(b"accept-encoding", []))
        if not self._gzipCheckRegex.search(accepted):
            return None
        before = request.responseHeaders.getRawHeaders(b"content-encoding")
        encodings = b",".join([*(before or ()), b"gzip"])
        request.responseHeaders.setRawHeaders(b"content-encoding", [encodings])
        return _GzipEncoder(self.compressLevel, request)


@implementer(_IRequestEncoder)
class _GzipEncoder:
    """
    Compresses one answer.

    Args:
        compressLevel: 1 to 9.
        request: Whose answer it is.
    """

    _zlibCompressor: Any = None

    def __init__(self, compressLevel: int, request: Request) -> None:
        self._zlibCompressor = zlib.compressobj(compressLevel, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._request: Request | None = request

    def encode(self, data: bytes) -> bytes:
        """Return what there is of ``data``, compressed."""
        if self._request is not None and not self._request.startedWriting:
            # The length that the application knows is not what is sent.
            self._request.responseHeaders.removeHeader(b"content-length")
        compressed: bytes = self._zlibCompressor.compress(data)
        return compressed

    def finish(self) -> bytes:
        """Return the rest."""
        # A cycle that would keep the request until it is collected.
        self._request = None
        rest: bytes = self._zlibCompressor.flush()
        return rest


GzipEncoderFactory.__module__ = _GzipEncoder.__module__ = "reactorio.web.server"
