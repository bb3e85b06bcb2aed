"""A request, and what its body is written through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred, maybeDeferred, succeed
from reactorio.internet.interfaces import IConsumer
from reactorio.logger import Logger
from reactorio.python.failure import Failure
from reactorio.web._client.errors import BadHeaders, ExcessWrite, WrongBodyLength
from reactorio.web._client.uri import _ensureValidMethod, _ensureValidURI
from reactorio.web.iweb import UNKNOWN_LENGTH, IClientRequest

if TYPE_CHECKING:
    from reactorio.internet.interfaces import ITransport
    from reactorio.web._client.patience import Patience
    from reactorio.web._client.uri import URI
    from reactorio.web.http_headers import Headers
    from reactorio.web.iweb import IBodyProducer

__name__ = "reactorio.web._newclient"  # the public path

_log = Logger()

# RFC 9110 section 8.6: with these, a body that is empty is said to be.
_METHODS_WITH_BODY = frozenset({b"POST", b"PUT"})


@implementer(IClientRequest)
class Request:
    """
    One request.

    Args:
        method: A token.
        uri: The target, as the request line is to have it.
        headers: The fields; one of them is Host. Those of the connection and of the body's length are added as it is sent.
        bodyProducer: Writes the body, None if there is none.
        persistent: Whether the connection is to be used again.

    Raises:
        ValueError: ``uri`` or ``method`` is none; looked at again as the request is sent.
    """

    _parsedURI: URI | None = None
    # Fires when the body may be sent, None if that is at once.
    _go_ahead: Deferred[None] | None = None
    # How long it may take, None for as long as it does.
    _patience: Patience | None = None

    def __init__(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers,
        bodyProducer: IBodyProducer | None,
        persistent: bool = False,
    ) -> None:
        self.method = _ensureValidMethod(method)
        self.uri = _ensureValidURI(uri)
        self.headers = headers
        self.bodyProducer = bodyProducer
        self.persistent = persistent

    @classmethod
    def _construct(
        cls,
        method: bytes,
        uri: bytes,
        headers: Headers,
        bodyProducer: IBodyProducer | None,
        persistent: bool = False,
        parsedURI: URI | None = None,
    ) -> Request:
        """Make one that knows its whole URI."""
        request = cls(method, uri, headers, bodyProducer, persistent)
        request._parsedURI = parsedURI
        return request

    @property
    def absoluteURI(self) -> bytes | None:
        """The whole URI, None if only the target is known."""
        return None if self._parsedURI is None else self._parsedURI.toBytes()

    def writeTo(self, transport: ITransport) -> Deferred[Any]:
        """
        Send this.

        Returns:
            A Deferred that fires when all is written. Cancelling it cancels the body's producer.

        Raises:
            BadHeaders: There is not one Host.
        """
        if self.bodyProducer is None:
            self._writeToEmptyBodyContentLength(transport)
            return succeed(None)
        if self.bodyProducer.length is UNKNOWN_LENGTH:
            return self._writeToBodyProducerChunked(transport)
        return self._writeToBodyProducerContentLength(transport)

    def stopWriting(self) -> None:
        """Tell the body's producer to stop, whose Deferred then never fires."""
        _stop_producing(self.bodyProducer)

    def _writeHeaders(self, transport: ITransport, TEorCL: bytes | None) -> None:
        transport.write(self._head(TEorCL))

    def _head(self, TEorCL: bytes | None) -> bytes:
        """Return request line and fields; ``TEorCL`` is the line that tells the body's length."""
        fields = self.headers._rawHeaders
        hosts = fields.get(b"Host")
        if hosts is None or len(hosts) != 1:
            raise BadHeaders("Exactly one Host header required")
        # In one write, so that the request goes in one segment.
        parts = [_ensureValidMethod(self.method), b" ", _ensureValidURI(self.uri), b" HTTP/1.1\r\n"]
        if not self.persistent:
            parts.append(b"Connection: close\r\n")
        if TEorCL is not None:
            parts.append(TEorCL)
        parts += (self.headers._lines(), b"\r\n")
        return b"".join(parts)

    def _writeToEmptyBodyContentLength(self, transport: ITransport) -> None:
        self._writeHeaders(transport, b"Content-Length: 0\r\n" if self.method in _METHODS_WITH_BODY else None)

    def _writeToBodyProducerChunked(self, transport: ITransport) -> Deferred[Any]:
        self._writeHeaders(transport, b"Transfer-Encoding: chunked\r\n")
        encoder = ChunkedEncoder(transport)

        def produced(result: Any) -> Any:
            encoder.unregisterProducer()
            return result

        def failed(reason: Failure) -> Failure:
            encoder._allowNoMoreWrites()
            # Not by the encoder's own unregisterProducer: its last chunk would tell that the body is whole.
            transport.unregisterProducer()  # type: ignore[attr-defined]  # transports are consumers
            return reason

        def start(ignored: None = None) -> Deferred[Any]:
            encoder.registerProducer(self.bodyProducer, True)
            return maybeDeferred(self.bodyProducer.startProducing, encoder).addCallbacks(produced, failed)  # type: ignore[union-attr]  # there is one

        return self._when_told_to(start)

    def _writeToBodyProducerContentLength(self, transport: ITransport) -> Deferred[Any]:
        producer: Any = self.bodyProducer
        self._writeHeaders(transport, b"Content-Length: %d\r\n" % producer.length)
        return self._when_told_to(lambda ignored=None: _write_with_length(producer, transport))

    def _when_told_to(self, start: Any) -> Deferred[Any]:
        return start() if self._go_ahead is None else self._go_ahead.addCallback(start)


def _write_with_length(producer: Any, transport: Any) -> Deferred[Any]:
    """
    Let ``producer`` write its body.

    It says that it is done, or it writes too much: what comes first is the result.
    """
    outcome: Deferred[Any] = Deferred(lambda ignored: produced.cancel())
    exceeded: Deferred[Any] = Deferred()
    encoder = LengthEnforcingConsumer(producer, transport, exceeded)

    def done(result: Any) -> Any:
        encoder._noMoreWritesExpected()
        return result

    def failed(reason: Failure) -> Failure:
        encoder._allowNoMoreWrites()
        return reason

    def end(result: Any) -> None:
        if not outcome.called:
            transport.unregisterProducer()
            outcome.callback(result)
        elif isinstance(result, Failure):
            _log.failure("Error from a request's body that had ended", result)

    transport.registerProducer(producer, True)
    produced = maybeDeferred(producer.startProducing, encoder)
    produced.addCallbacks(done, failed).addBoth(end)
    exceeded.addErrback(end)
    return outcome


def _stop_producing(producer: Any) -> None:
    """Tell a producer to stop; if it fails, that is logged."""
    try:
        producer.stopProducing()
    except Exception:
        _log.failure("Unhandled error from a body's producer that was told to stop")


class LengthEnforcingConsumer:
    """
    Passes a body of a known length on.

    Args:
        producer: Who writes the body; its ``length`` is counted down.
        consumer: Whom it goes to.
        finished: Fails with WrongBodyLength if too much is written.
    """

    def __init__(self, producer: Any, consumer: Any, finished: Deferred[Any]) -> None:
        self._length = producer.length
        self._producer = producer
        self._consumer = consumer
        self._finished: Deferred[Any] | None = finished

    def _allowNoMoreWrites(self) -> None:
        self._finished = None

    def write(self, bytes: bytes) -> None:
        """
        Pass ``bytes`` on, or none of it if that is too much; then the producer is told to stop.

        Raises:
            ExcessWrite: The body was ended before.
        """
        if self._finished is None:
            _stop_producing(self._producer)
            raise ExcessWrite
        if len(bytes) <= self._length:
            self._length -= len(bytes)
            self._consumer.write(bytes)
            return
        _stop_producing(self._producer)
        finished, self._finished = self._finished, None
        finished.errback(WrongBodyLength("too many bytes written"))

    def _noMoreWritesExpected(self) -> None:
        """
        The producer says that it is done.

        Raises:
            WrongBodyLength: It wrote too little.
        """
        if self._finished is None:
            return
        self._allowNoMoreWrites()
        if self._length:
            raise WrongBodyLength("too few bytes written")


@implementer(IConsumer)
class ChunkedEncoder:
    """Writes what it is given as chunks (RFC 9112 section 7.1)."""

    def __init__(self, transport: Any) -> None:
        self.transport: Any = transport

    def _allowNoMoreWrites(self) -> None:
        self.transport = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take ``producer`` for the transport's."""
        self.transport.registerProducer(producer, streaming)

    def write(self, data: bytes) -> None:
        """
        Write ``data`` as a chunk.

        Raises:
            ExcessWrite: The body was ended before.
        """
        if self.transport is None:
            raise ExcessWrite
        if data:  # an empty chunk would be the last
            self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def unregisterProducer(self) -> None:
        """End the body."""
        self.transport.write(b"0\r\n\r\n")
        self.transport.unregisterProducer()
        self._allowNoMoreWrites()
