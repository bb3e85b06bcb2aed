"""Bodies that came compressed."""

from __future__ import annotations

import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IProtocol
from reactorio.python.components import proxyForInterface
from reactorio.python.failure import Failure
from reactorio.web._client.errors import ResponseDone, ResponseFailed
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import UNKNOWN_LENGTH, IAgent, IResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reactorio.internet.defer import Deferred
    from reactorio.web.iweb import IBodyProducer

__name__ = "reactorio.web.client"  # the public path


class DecompressionBomb(Exception):
    """A body is far longer than what came of it; see `GzipDecoder`."""


class _Inflate:
    """
    Gzip (RFC 1952), with all of its members.

    Attributes:
        slice_size: Bytes to decompress at a time, so that they become no more than 4 MiB.
        errors: What `decompress` and `flush` raise for what is no such thing.
    """

    slice_size = 4096
    errors: tuple[type[Exception], ...] = (zlib.error,)

    def __init__(self) -> None:
        self._stream: Any = self._new_stream()

    def _new_stream(self) -> Any:
        return zlib.decompressobj(16 + zlib.MAX_WBITS)

    def decompress(self, data: bytes) -> bytes:
        """Return what ``data`` adds to the body."""
        body: bytes = self._stream.decompress(data)
        while (more := getattr(self._stream, "unused_data", b"")) and more.lstrip(b"\0"):
            self._stream = self._new_stream()
            body += self._stream.decompress(more)
        return body

    def flush(self) -> bytes:
        """Return what is left of the body."""
        left: bytes = self._stream.flush()
        return left

    @property
    def is_whole(self) -> bool:
        """Has the end come?"""
        return getattr(self._stream, "eof", True)


class _Deflate(_Inflate):
    """``deflate``, which is zlib's format (RFC 9110 section 8.4.1.2), and to some servers deflate without it."""

    def _new_stream(self) -> Any:
        self._begun = False
        return zlib.decompressobj()

    def decompress(self, data: bytes) -> bytes:
        if not self._begun and data:
            self._begun = True
            if data[0] & 0x0F != 8:
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        body: bytes = self._stream.decompress(data)
        return body


class _Brotli:
    """Brotli (RFC 7932)."""

    # A handful of bytes becomes a block of 16 MiB: there is no saying less without slowing everything down.
    slice_size = 64

    def __init__(self) -> None:
        brotli = import_module("brotli")  # only who has it offers it

        self.errors: tuple[type[Exception], ...] = (brotli.error,)
        self._stream: Any = brotli.Decompressor()

    def decompress(self, data: bytes) -> bytes:
        body: bytes = self._stream.process(data)
        return body

    def flush(self) -> bytes:
        return b""

    @property
    def is_whole(self) -> bool:
        whole: bool = self._stream.is_finished()
        return whole


class _Zstandard:
    """Zstandard (RFC 8878)."""

    slice_size = 1024

    def __init__(self) -> None:
        zstandard = import_module("zstandard")  # only who has it offers it

        self.errors: tuple[type[Exception], ...] = (zstandard.ZstdError,)
        # RFC 9659: what is sent over HTTP needs no larger window.
        self._stream: Any = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).decompressobj()

    def decompress(self, data: bytes) -> bytes:
        body: bytes = self._stream.decompress(data)
        return body

    def flush(self) -> bytes:
        return b""

    @property
    def is_whole(self) -> bool:
        return getattr(self._stream, "eof", True)


class _GzipProtocol(proxyForInterface(IProtocol)):  # type: ignore[misc]  # made at run time
    """
    Decompresses for another protocol.

    Args:
        protocol: The other.
        response: Whose body it is, for errors to name.
        decompressor: What decompresses, gzip by default.
        longest, ratio: See `GzipDecoder`.
    """

    def __init__(
        self,
        protocol: Any,
        response: Any,
        decompressor: Any = None,
        longest: int | None = None,
        ratio: float | None = None,
    ) -> None:
        self.original = protocol
        self._response = response
        self._decompressor: Any = _Inflate() if decompressor is None else decompressor
        self._longest = longest
        self._ratio = ratio
        self._arrived = 0
        self._made = 0
        self._failed = False

    def dataReceived(self, data: bytes) -> None:
        """
        Decompress ``data``.

        Raises:
            ResponseFailed: It is not compressed as it should be, or becomes too much.
        """
        size = self._decompressor.slice_size
        for start in range(0, len(data), size):
            part = data[start : start + size]
            try:
                body = self._decompressor.decompress(part)
            except self._decompressor.errors:
                self._failed = True
                raise ResponseFailed([Failure()], self._response) from None
            self._arrived += len(part)
            self._made += len(body)
            self._watch()
            if body:
                self.original.dataReceived(body)

    def _watch(self) -> None:
        if self._longest is not None and self._made > self._longest and self._made > (self._ratio or 0) * self._arrived:
            self._failed = True
            bomb = DecompressionBomb(f"{self._arrived} bytes became {self._made}")
            raise ResponseFailed([Failure(bomb)], self._response)

    def connectionLost(self, reason: Any) -> None:
        """
        Tell the other that the body ended: with ResponseFailed if that was not the end of what was compressed.

        Raises:
            ResponseFailed: What came last is not compressed as it should be; the other is told as well.
        """
        broken: ResponseFailed | None = None
        if not self._failed:
            try:
                left = self._decompressor.flush()
                if left:
                    self.original.dataReceived(left)
            except self._decompressor.errors:
                broken = ResponseFailed([reason, Failure()], self._response)
                reason = Failure(broken)
            if self._arrived and not self._decompressor.is_whole and reason.check(ResponseDone):
                cut = zlib.error("incomplete or truncated stream")
                reason = Failure(ResponseFailed([reason, Failure(cut)], self._response))
        self.original.connectionLost(reason)
        if broken is not None:
            raise broken


class GzipDecoder(proxyForInterface(IResponse)):  # type: ignore[misc]  # made at run time
    """
    A response whose body came as gzip.

    A little can become very much. What is longer than ``longest`` and more than ``ratio`` times what came of it fails with
    ResponseFailed for a `DecompressionBomb`. Both can be set on a class of one's own.

    Args:
        response: The response as it came.

    Attributes:
        longest: Bytes that any body may have; None for no bound at all.
        ratio: How much longer than what came a body may be that has more.
    """

    longest: int | None = 16 * 1024 * 1024
    ratio: float = 200.0
    _decompressor: Callable[[], Any] = _Inflate
    original: Any

    def __init__(self, response: Any) -> None:
        self.original = response
        self.length = UNKNOWN_LENGTH

    def deliverBody(self, protocol: Any) -> None:
        """Give the body to ``protocol``, decompressed."""
        self.original.deliverBody(
            _GzipProtocol(protocol, self.original, type(self)._decompressor(), self.longest, self.ratio)
        )


class DeflateDecoder(GzipDecoder):
    """A response whose body came as ``deflate``."""

    _decompressor = _Deflate


class BrotliDecoder(GzipDecoder):
    """A response whose body came as ``br``; needs the package ``brotli``."""

    _decompressor = _Brotli


class ZstandardDecoder(GzipDecoder):
    """A response whose body came as ``zstd``; needs the package ``zstandard``."""

    _decompressor = _Zstandard


def knownDecoders() -> list[tuple[bytes, Callable[[Any], Any]]]:
    """Return decoders for what this installation can decompress, as `ContentDecoderAgent` takes them, the best last."""
    known: list[tuple[bytes, Callable[[Any], Any]]] = [(b"deflate", DeflateDecoder), (b"gzip", GzipDecoder)]
    for package, name, decoder in (("brotli", b"br", BrotliDecoder), ("zstandard", b"zstd", ZstandardDecoder)):
        try:
            import_module(package)
        except ImportError:
            continue
        known.append((name, decoder))
    return known


@implementer(IAgent)
class ContentDecoderAgent:
    """
    Says what it can decompress, and does.

    Args:
        agent: Sends the requests.
        decoders: Names of codings, each with what takes a response and returns one whose body is decoded; see `knownDecoders`.
    """

    def __init__(self, agent: IAgent, decoders: Sequence[tuple[bytes, Callable[[Any], Any]]]) -> None:
        self._agent = agent
        self._decoders = dict(decoders)
        self._supported = b",".join([decoder[0] for decoder in decoders])

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """Send a request, and decode what comes."""
        headers = Headers() if headers is None else headers.copy()
        headers.addRawHeader(b"accept-encoding", self._supported)
        return self._agent.request(method, uri, headers, bodyProducer).addCallback(self._handleResponse)

    def _handleResponse(self, response: Any) -> Any:
        """Return ``response``, decoded as far as that can be."""
        fields = b",".join(response.headers.getRawHeaders(b"content-encoding", []))
        codings = [coding.strip() for coding in fields.split(b",") if coding.strip()]
        applied = len(codings)
        while codings and (decoder := self._decoders.get(codings[-1].lower())) is not None:
            response = decoder(response)
            codings.pop()
        if len(codings) == applied:
            return response
        if codings:
            response.headers.setRawHeaders(b"content-encoding", [b",".join(codings)])
        else:
            response.headers.removeHeader(b"content-encoding")
        return response
