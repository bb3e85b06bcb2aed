"""One HTTP/2 stream: the channel of one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IConsumer, IPushProducer, ITransport
from reactorio.protocols.tls import _PullToPush
from reactorio.web._abnf import _decint
from reactorio.web._http.making import make_request
from reactorio.web._responses import BAD_REQUEST, REQUEST_ENTITY_TOO_LARGE
from reactorio.web.http_headers import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IAddress, IPullProducer
    from reactorio.python.failure import Failure
    from reactorio.web._h2.connection import H2Connection
    from reactorio.web._http.limits import Limits

__all__ = ["H2Stream"]

# Fields of a connection, which HTTP/2's streams have none of (RFC 9113 section 8.2.2).
_OF_CONNECTIONS = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})


def _sent_fields(headers: Headers | Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return fields as HTTP/2 has them, without those of connections (RFC 9113 section 8.2.2)."""
    pairs = headers._pairs() if isinstance(headers, Headers) else headers
    return [(name.lower(), value) for name, value in pairs if name.lower() not in _OF_CONNECTIONS]


@implementer(ITransport, IConsumer, IPushProducer)
class H2Stream:
    """
    What a request of HTTP/2 has for a channel.

    Args:
        streamID: The stream's number.
        connection: The connection that it is a stream of.
        headers: The fields that came, pseudo fields included.
        requestFactory: Makes the request.
        site, factory: The site and the factory whose connection it is.
        ended: Was that all, is there no body?

    Attributes:
        complete: Has all of the request come?
        producing: Is the request's body given to it as it comes? Otherwise it is kept, and the client is told to wait.
        trailers: Fields to be sent behind the answer.
    """

    trailers: list[tuple[bytes, bytes]] | None = None

    def __init__(
        self,
        streamID: int,
        connection: H2Connection,
        headers: Iterable[tuple[bytes, bytes]],
        requestFactory: Any,
        site: Any,
        factory: Any,
        ended: bool = False,
    ) -> None:
        self.streamID = streamID
        self.site = site
        self.factory = factory
        self.producing = True
        self.complete = ended
        self.command: bytes = b""
        self.path: bytes = b""
        self.producer: Any = None
        self._producerProducing = False
        self._hasStreamingProducer: bool | None = None
        self._conn: H2Connection = connection
        # What came while it was not to be given to the request, with what it took of the window; None is the end.
        self._inboundDataBuffer: list[tuple[bytes, int] | None] = []
        self._received = 0
        self._request: Any = make_request(requestFactory, self)
        self._convertHeaders(headers, ended)

    @property
    def transport(self) -> Any:
        """The connection's transport."""
        return self._conn.transport

    @property
    def limits(self) -> Limits:
        """What the factory takes from clients."""
        return self._conn.effective_limits

    # ---- the request

    def _convertHeaders(self, headers: Iterable[tuple[bytes, bytes]], ended: bool = False) -> None:
        """Give the request its fields: pseudo fields become what HTTP/1 has in their place."""
        fields: list[tuple[bytes, bytes]] = []
        crumbs: list[bytes] = []
        authority = host = None
        length: int | None = None
        continues = False
        for name, value in headers:
            if name == b":method":
                self.command = value
            elif name == b":path":
                self.path = value
            elif name == b":authority":
                authority = value
            elif name == b"cookie":
                # RFC 9113 section 8.2.3: sent in pieces, to be put together.
                crumbs.append(value)
            elif not name.startswith(b":"):
                fields.append((name, value))
                if name == b"content-length":
                    length = _decint(value)
                elif name == b"host":
                    host = value
                elif name == b"expect":
                    continues = value.lower() == b"100-continue"
        if authority is not None and host is None:
            fields.append((b"host", authority))
        if crumbs:
            fields.append((b"cookie", b"; ".join(crumbs)))
        request = self._request
        add = request.requestHeaders.addRawHeader
        for name, value in fields:
            add(name, value)
        if crumbs:
            request.parseCookies()
        request.gotLength(0 if ended else length)
        if continues:
            self._send100Continue()

    def _send100Continue(self) -> None:
        self._conn._send100Continue(self.streamID)

    def is_too_large(self, length: int) -> bool:
        """Is a body of this length more than is taken?"""
        most = self.limits.body_size
        return most is not None and length > most

    def receiveDataChunk(self, data: bytes, flowControlledLength: int) -> None:
        """
        Take a part of the body.

        Args:
            data: The part.
            flowControlledLength: What it took of the client's window, padding included.
        """
        self._received += len(data)
        if self.is_too_large(self._received):
            self._conn.openStreamWindow(self.streamID, flowControlledLength)
            self._respond_and_close(REQUEST_ENTITY_TOO_LARGE)
        elif self.producing:
            self._request.handleContentChunk(data)
            self._conn.openStreamWindow(self.streamID, flowControlledLength)
        else:
            self._inboundDataBuffer.append((data, flowControlledLength))

    def requestComplete(self) -> None:
        """The body is whole: have the request answered."""
        self.complete = True
        if self.producing:
            self._request.requestReceived(self.command, self.path, b"HTTP/2")
        else:
            self._inboundDataBuffer.append(None)

    def connectionLost(self, reason: Failure) -> None:
        """The stream ended before the answer did."""
        kept, self._inboundDataBuffer = self._inboundDataBuffer, []
        # What nobody wants any more has shrunk the window of the whole connection.
        self._conn.openStreamWindow(self.streamID, sum(part[1] for part in kept if part is not None))
        if self.producer is not None:
            producer, self.producer = self.producer, None
            if not self._hasStreamingProducer:
                producer.stopStreaming()
        self._request.connectionLost(reason)

    # ---- the answer

    def writeHeaders(
        self, version: bytes, code: bytes, reason: bytes, headers: Headers | Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Send the answer's fields."""
        self._conn.writeHeaders(version, code, reason, _sent_fields(headers), self.streamID)

    def write(self, data: bytes) -> None:
        """Send a part of the answer's body, when the client's window lets it."""
        self._conn.writeDataToStream(self.streamID, data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send parts of the answer's body."""
        for data in iovec:
            self.write(data)

    def requestDone(self, request: object) -> None:
        """The answer is whole."""
        trailers = getattr(request, "responseTrailers", None)
        if trailers is not None:
            self.trailers = _sent_fields(trailers)
        self._conn.endRequest(self.streamID)

    def loseConnection(self) -> None:
        """End the stream, when all that was written is sent."""
        self._conn.endRequest(self.streamID)

    def abortConnection(self) -> None:
        """End the stream now; what is not sent is dropped."""
        self._conn.abortRequest(self.streamID)

    def forceAbortClient(self) -> None:
        """End the stream now: what `HTTPChannel` calls so."""
        self.abortConnection()

    def _respondToBadRequestAndDisconnect(self) -> None:
        self._respond_and_close(BAD_REQUEST)

    def _respond_and_close(self, status: int) -> None:
        self._conn.refuse(self.streamID, status)

    # ---- facts

    def getPeer(self) -> IAddress:
        """Return the client's address."""
        return self._conn.getPeer()

    def getHost(self) -> IAddress:
        """Return the address that the client connected to."""
        return self._conn.getHost()

    def isSecure(self) -> bool:
        """Is this TLS?"""
        return self._conn._isSecure()

    # ---- as a consumer: of the answer

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        """
        Let ``producer`` write the answer, at the pace of the client's window.

        Raises:
            ValueError: There is one already.
        """
        if self.producer is not None:
            raise ValueError(f"registering producer {producer} before previous one ({self.producer}) was unregistered")
        if not streaming:
            self.producer = pulled = _PullToPush(producer, self)
            self._hasStreamingProducer = False
            self._producerProducing = True
            pulled.startStreaming()
        else:
            self.producer = producer
            self._hasStreamingProducer = True
            self._producerProducing = True

    def unregisterProducer(self) -> None:
        """Forget the producer: it is done."""
        if self.producer is not None and not self._hasStreamingProducer:
            self.producer.stopStreaming()
        self.producer = None
        self._producerProducing = False
        self._hasStreamingProducer = None

    def flowControlBlocked(self) -> None:
        """The client's window is full of what was written: let the producer wait."""
        if self.producer is not None and self._producerProducing:
            self._producerProducing = False
            self.producer.pauseProducing()

    def windowUpdated(self) -> None:
        """The client's window has become larger: let the producer go on if there is room."""
        if self.producer is None or self._producerProducing:
            return
        if self._conn.remainingOutboundWindow(self.streamID) > 0:
            self._producerProducing = True
            self.producer.resumeProducing()

    # ---- as a producer: of the request's body

    def stopProducing(self) -> None:
        """The request does not want its body: end the stream."""
        self.producing = False
        self.abortConnection()

    def pauseProducing(self) -> None:
        """Keep the body from now on; the client stops when its window is full."""
        self.producing = False

    def resumeProducing(self) -> None:
        """Give the request what was kept, and what comes."""
        self.producing = True
        while self._inboundDataBuffer and self.producing:
            part = self._inboundDataBuffer.pop(0)
            if part is None:
                self.requestComplete()
                return
            data, flow_controlled = part
            self._request.handleContentChunk(data)
            self._conn.openStreamWindow(self.streamID, flow_controlled)


H2Stream.__module__ = "reactorio.web._http2"
