"""
One HTTP/1 connection (RFC 9112).

A request is dispatched when its body is whole, and one at a time: what a client sends behind it waits as bytes, at first
here and then, past a bound, in the system's buffers. `head` reads heads, `bodies` bodies. Nothing here makes a timer or a
Deferred for a request: the connection has one timer, which stands still while a request is being answered.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IConsumer, IPushProducer, ITransport
from reactorio.internet.protocol import Protocol
from reactorio.logger import Logger
from reactorio.protocols.policies import TimeoutMixin
from reactorio.web._http.bodies import (
    _ChunkedTransferDecoder,
    _IdentityTransferDecoder,
    _MalformedChunkedDataError,
)
from reactorio.web._http.draining import Draining
from reactorio.web._http.head import HeadReader, Refused, refuse_beginning, refuse_host, refuse_size
from reactorio.web._http.making import takes_two
from reactorio.web._http.request import _QUEUED, Request
from reactorio.web._http.sending import NoPushProducer, Sending
from reactorio.web._responses import BAD_REQUEST, REQUEST_ENTITY_TOO_LARGE, REQUEST_TIMEOUT, RESPONSES

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IDelayedCall, IProtocol
    from reactorio.python.failure import Failure
    from reactorio.web._http.limits import Limits

__all__ = ["HTTPChannel"]

# Seconds for a client to read that its body is too large; what it sends meanwhile is dropped.
_LINGER = 30.0


@implementer(ITransport, IPushProducer, IConsumer)
class HTTPChannel(Sending, Draining, Protocol, TimeoutMixin):
    """
    The server's end of an HTTP/1 connection.

    Attributes:
        requests: The request that is coming, or is being answered; at most one.
        requestFactory: Makes requests: called with this channel.
        site: The site that requests are for, if the factory is one.
        persistent: Does the connection stay open when the request is answered?
        length: The length of the request's body, None if nobody knows it yet.
        maxHeaders: The fields that a request may have: more are answered with 400.
        totalHeadersSize: The bytes that a request's head may have: more are answered with 400.
        abortTimeout: Seconds after which a connection that timed out is aborted if it has not ended; None for never.
        limits: What the factory takes from clients, see `Limits`.
        requireHost: Is a request refused whose Host is none, and one of HTTP/1.1 without Host (RFC 9112 section 3.2)?
    """

    maxHeaders = 500
    totalHeadersSize = 16384
    abortTimeout: float | None = 15
    persistent: Any = True
    length: int | None = 0
    requestFactory: Any = Request
    site: Any = None
    limits: Limits | None = None
    requireHost = False

    # A head of no more bytes is not asked whether it is too large.
    _small_head = 0
    _optimisticEagerReadSize = 16384
    _log = Logger(namespace="reactorio.web.http")

    # What the transport had not sent yet when we last looked.
    _unsent_before: float = inf
    _abortingCall: IDelayedCall | None = None
    _savedTimeOut: float | None = None
    # The time without data that is granted, while a head has less.
    _savedIdle: float | None = None
    _transferDecoder: Any = None

    # Is a request being answered?
    _handlingRequest = False
    # Is no more read from this connection?
    _over = False
    _consuming = False
    # Who has the connection after this protocol?
    _successor: IProtocol | None = None
    _read_paused = False
    _takes_two: bool | None = None
    _body_size = 0
    _good_host: bytes | None = None
    _networkProducer: Any = None

    # Does a subclass see each field?
    _watches_fields = False
    # Is a response's head written here, rather than in a subclass?
    _plain_heads = True

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self._held = b""
        self._head = HeadReader()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._watches_fields = cls.headerReceived is not HTTPChannel.headerReceived
        cls._plain_heads = cls.writeHeaders is HTTPChannel.writeHeaders and cls.write is HTTPChannel.write

    # ---- the connection

    def connectionMade(self) -> None:
        self.setTimeout(self.timeOut)
        transport = self.transport
        self._networkProducer = transport if hasattr(transport, "registerProducer") else NoPushProducer()
        self._networkProducer.registerProducer(self, True)
        self._small_head = self.totalHeadersSize
        if self.limits is not None:
            self.__dict__.setdefault("_optimisticEagerReadSize", self.limits.pipelined)
            bounds = (self.limits.request_line, self.limits.head_size, self.totalHeadersSize)
            self._small_head = min(bound for bound in bounds if bound is not None)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # Twisted's has no default
        self._over = True
        self.setTimeout(None)
        self._held = b""
        self._transferDecoder = None
        for request in self.requests:
            request.connectionLost(reason)
        self._drained()
        if self._abortingCall is not None and self._abortingCall.active():
            self._abortingCall.cancel()
        self._abortingCall = None
        successor, self._successor = self._successor, None
        if successor is not None:
            successor.connectionLost(reason)

    def switchProtocol(self, protocol: IProtocol) -> None:
        """
        Hand the connection to ``protocol``, which answers the request and has all that comes behind it.

        To be called for a request that asked for it (RFC 9110 section 7.8) and is not answered yet: it never is, and its
        ``notifyFinish`` fails when the connection is lost.
        """
        self._over = True
        self.setTimeout(None)
        self._networkProducer.unregisterProducer()
        self._successor = protocol
        self._drained()
        held, self._held = self._held, b""
        protocol.makeConnection(self.transport)
        if self._read_paused:
            self._read_paused = False
            self.transport.resumeProducing()
        if held and self._successor is protocol:
            protocol.dataReceived(held)
        if self._draining:
            self.drain()

    # ---- what arrives

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            if self._successor is not None:
                self._successor.dataReceived(data)
            return
        if self._handlingRequest or self._consuming:
            self._hold(data)
        else:
            self._consume(self._held + data if self._held else data)

    def _hold(self, data: bytes) -> None:
        """Keep what came too early; when that is much, read no more until the request is answered."""
        self._held += data
        if len(self._held) > self._optimisticEagerReadSize and not self._read_paused:
            self._read_paused = True
            if not self._waitingForTransport:
                self._networkProducer.pauseProducing()

    def _consume(self, data: bytes) -> None:
        """Read requests until one is not whole, or one is not answered at once."""
        position = 0
        has_read = False
        self._consuming = True
        self._held = b""
        try:
            while position < len(data) and not self._handlingRequest and not self._over:
                if self._waitingForTransport and has_read and self._transferDecoder is None:
                    # Who sends many requests and reads no answer is not to fill the memory with answers.
                    break
                has_read = True
                if self._transferDecoder is None:
                    after = self._consume_head(data, position)
                    if after < 0:
                        break
                    position = after
                else:
                    data = self._consume_body(data[position:] if position else data)
                    position = 0
        except Refused as refusal:
            self._refuse(refusal)
        finally:
            self._consuming = False
        if position < len(data):
            if not self._over:
                self._hold_rest(data[position:])
            elif self._successor is not None:
                self._successor.dataReceived(data[position:])

    def _hold_rest(self, rest: bytes) -> None:
        if self._handlingRequest or self._waitingForTransport:
            rest += self._held
            self._held = b""
            self._hold(rest)
        else:
            self._held = rest + self._held

    def _consume_head(self, data: bytes, position: int) -> int:
        """Read the head at ``position``, and the request if it has no body. Returns where it ends, -1 if it does not."""
        while data.startswith(b"\r\n", position):
            # Some clients end a body with one (RFC 9112 section 2.2).
            position += 2
        end = data.find(b"\r\n\r\n", position)
        if end < 0:
            self._wait_for_head(data[position:] if position else data)
            return len(data)
        end += 4
        size = end - position
        if size > self._small_head:
            self._check_size(data, position, size)
        self._head_received(data[position:end])
        return end

    def _check_size(self, data: bytes, position: int, size: int) -> None:
        if self.limits is not None:
            refuse_size(data.index(b"\r\n", position) - position, size, self.limits)
        if size > self.totalHeadersSize:
            raise Refused(BAD_REQUEST, "the head is too large")

    def _wait_for_head(self, held: bytes) -> None:
        refuse_beginning(held, self.limits)
        if len(held) > self.totalHeadersSize:
            raise Refused(BAD_REQUEST, "the head is too large")
        self._held = held
        if held and self._savedIdle is None and self.timeOut is not None and self.limits is not None:
            # From its first byte on the head has its own time, whatever trickles in.
            most = self.limits.head_time
            if most is not None and most < self.timeOut:
                self._savedIdle = self.setTimeout(most)

    def _head_received(self, data: bytes) -> None:
        head = self._head
        head.read(data, self.limits)
        if len(head.fields) > self.maxHeaders:
            raise Refused(BAD_REQUEST, "too many fields")
        if self.requireHost and (head.host is None or head.host != self._good_host):
            self._check_host(head)
        if self._savedIdle is not None:
            self.setTimeout(self._savedIdle)
            self._savedIdle = None
        else:
            self.resetTimeout()
        request = self._new_request()
        self.requests.append(request)
        self.length = head.length
        if self._watches_fields:
            for name, value in head.fields:
                if self.headerReceived(name + b": " + value) is False:
                    raise Refused(BAD_REQUEST, "a field that the application refuses")
        elif isinstance(request, Request):
            request._fields = head.fields
        else:
            add = request.requestHeaders.addRawHeader
            for name, value in head.fields:
                add(name, value)
        self.allHeadersReceived()
        if self._over:
            return
        if self._draining:
            self._last(request)
        if head.length == 0:
            self.allContentReceived()
        else:
            self._expect_body(head.length)

    def _check_host(self, head: HeadReader) -> None:
        if head.host is not None or head.version == b"HTTP/1.1":
            refuse_host(head.host)
            # The next request has the same one.
            self._good_host = head.host

    def _new_request(self) -> Any:
        factory = self.requestFactory
        if self._takes_two is None:
            self._takes_two = takes_two(factory)
        return factory(self, _QUEUED) if self._takes_two else factory(self)

    def headerReceived(self, line: bytes) -> bool:
        """A field of a request, as a line. A subclass that returns False refuses the request."""
        name, _, value = line.partition(b":")
        request = self.requests[-1]
        value = value.strip(b" \t")
        if isinstance(request, Request):
            request._fields.append((name, value))
        else:
            request.requestHeaders.addRawHeader(name, value)
        return True

    def allHeadersReceived(self) -> None:
        """The head of ``requests[-1]`` is whole: decide whether the connection stays, and expect the body."""
        head = self._head
        request = self.requests[-1]
        if head.has_cookies:
            request.parseCookies()
        if head.connection is None and type(self).checkPersistence is HTTPChannel.checkPersistence:
            self.persistent = head.version == b"HTTP/1.1"
        else:
            self.persistent = self.checkPersistence(request, head.version)
        if head.length and self.limits is not None and self._is_too_much(head.length):
            raise Refused(REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        request.gotLength(head.length)
        if head.expects_continue and head.length != 0 and head.version == b"HTTP/1.1":
            self._send100Continue()

    def _is_too_much(self, size: int) -> bool:
        most = self.limits.body_size if self.limits is not None else None
        return most is not None and size > most

    def _send100Continue(self) -> None:
        self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """Does the connection stay open after ``request``? If the client wants it closed, the response says so."""
        connection = request.requestHeaders.getRawHeaders(b"connection")
        tokens = {token.strip().lower() for value in connection or () for token in value.split(b",")}
        if version != b"HTTP/1.1":
            return False
        if b"close" in tokens:
            request.responseHeaders.setRawHeaders(b"connection", [b"close"])
            return False
        return True

    # ---- bodies

    def _expect_body(self, length: int | None) -> None:
        self._body_size = 0
        request = self.requests[-1]
        if length is None:
            self._transferDecoder = _ChunkedTransferDecoder(self._chunk_received, self._finishRequestBody)
        else:
            self._transferDecoder = _IdentityTransferDecoder(
                length, request.handleContentChunk, self._finishRequestBody
            )

    def _chunk_received(self, data: bytes) -> None:
        self._check_body_size(len(data))
        self._body_size += len(data)
        self.requests[-1].handleContentChunk(data)

    def _check_body_size(self, more: int) -> None:
        if self._is_too_much(self._body_size + more):
            raise Refused(REQUEST_ENTITY_TOO_LARGE, "the body is too large")

    def _consume_body(self, data: bytes) -> bytes:
        """Take what belongs to the body, and dispatch the request if that is all. Returns what comes behind."""
        self.resetTimeout()
        self._behind = b""
        try:
            self._transferDecoder.dataReceived(data)
        except _MalformedChunkedDataError as exc:
            raise Refused(BAD_REQUEST, str(exc)) from exc
        if self._transferDecoder is not None and self.length is None:
            # What is announced is not waited for.
            self._check_body_size(self._transferDecoder.length)
        if self._transferDecoder is None and not self._over:
            behind, self._behind = self._behind, b""
            self.allContentReceived()
            return behind
        return b""

    def _finishRequestBody(self, data: bytes) -> None:
        trailers = getattr(self._transferDecoder, "_trailerHeaders", None)
        if trailers and isinstance(self.requests[-1], Request):
            fields = (line.partition(b":") for line in trailers)
            self.requests[-1].trailers = [(name, value.strip(b" \t")) for name, _, value in fields]
        self._transferDecoder = None
        self._behind = data

    def allContentReceived(self) -> None:
        """The request is whole: have it answered."""
        head = self._head
        self._handlingRequest = True
        self.requests[-1].requestReceived(head.method, head.uri, head.version)
        if self._handlingRequest and self.timeOut is not None:
            # It is the application's turn, which has all the time it wants.
            self._savedTimeOut = self.setTimeout(None)
            self._watch_client()

    def _watch_client(self) -> None:
        """While an answer waits for the client, it is the client's turn."""
        if self._savedTimeOut is not None:
            self.setTimeout(self._savedTimeOut if self._waitingForTransport else None)

    def _unsent_size(self) -> int:
        size = getattr(self.transport, "unsent_size", None)
        return 0 if size is None else size()

    def requestDone(self, request: Any) -> None:
        """``request`` is answered: go on with the next one, or close the connection."""
        if not self.requests or request != self.requests[0]:
            raise TypeError
        del self.requests[0]
        self._handlingRequest = False
        if self.transport is None:
            # Another protocol has taken it over.
            return
        if self._savedTimeOut is not None:
            self.setTimeout(self._savedTimeOut)
            self._savedTimeOut = None
        if not self.persistent:
            self._over = True
            self._held = b""
            self.loseConnection()
            return
        if self._read_paused:
            self._read_paused = False
            if not self._waitingForTransport:
                self._networkProducer.resumeProducing()
        self._go_on()

    def _go_on(self) -> None:
        """Read the requests that have been waiting, if it is their turn."""
        if self._held and not (self._consuming or self._handlingRequest or self._waitingForTransport or self._over):
            self._consume(self._held)

    # ---- refusing

    def _refuse(self, refusal: Refused) -> None:
        self._log.debug("Refused a request: {why}", why=str(refusal))
        self._respond_and_close(refusal.status)

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Answer with 400, and close the connection."""
        self._respond_and_close(BAD_REQUEST)

    def _respond_and_close(self, status: int) -> None:
        self._over = True
        self._held = b""
        self._transferDecoder = None
        if self.transport is None:
            return
        self.transport.write(b"HTTP/1.1 %d %s\r\n\r\n" % (status, RESPONSES[status]))
        half_close = getattr(self.transport, "loseWriteConnection", None)
        if status == REQUEST_ENTITY_TOO_LARGE and half_close is not None:
            # The client is still sending: were the connection closed, it would be reset, and the answer never read.
            self._networkProducer.unregisterProducer()
            self.setTimeout(None)
            half_close()
            self._abortingCall = self.callLater(_LINGER, self._end_lingering)
        else:
            self.loseConnection()

    def _end_lingering(self) -> None:
        self._abortingCall = None
        self.transport.loseConnection()

    def timeoutConnection(self) -> None:
        """
        Nothing has come for ``timeOut`` seconds, and nothing of an answer that waits for the client has gone: close the
        connection, and abort it if it does not close.
        """
        unsent = self._unsent_size()
        if 0 < unsent < self._unsent_before:
            # It is slow, and not gone.
            self._unsent_before = unsent
            self.setTimeout(self.timeOut)
            return
        self._log.info("Timing out client: {peer}", peer=self.transport.getPeer())
        if self.abortTimeout is not None:
            self._abortingCall = self.callLater(self.abortTimeout, self.forceAbortClient)
        is_awaited = (self._held or self._transferDecoder is not None) and not (unsent or self._handlingRequest)
        if self.limits is not None and is_awaited:
            self._respond_and_close(REQUEST_TIMEOUT)
        else:
            self.loseConnection()

    def forceAbortClient(self) -> None:
        """The connection does not close: abort it."""
        self._log.info("Forcibly timing out client: {peer}", peer=self.transport.getPeer())
        # So that nobody cancels what has happened.
        self._abortingCall = None
        self.transport.abortConnection()


HTTPChannel.__module__ = "reactorio.web.http"
