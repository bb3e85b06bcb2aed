"""A channel and a request that stand for real ones in the tests of applications, and can be looked into."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from reactorio._interface import classImplements, implementer
from reactorio.internet.address import IPv4Address, IPv6Address
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IAddress, ISSLTransport
from reactorio.internet.task import Clock
from reactorio.python.deprecate import deprecated
from reactorio.python.versions import Version
from reactorio.web._responses import FOUND
from reactorio.web.http_headers import Headers
from reactorio.web.resource import Resource
from reactorio.web.server import NOT_DONE_YET, Session, Site

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.python.failure import Failure

__all__ = ["DummyChannel", "DummyRequest", "NullAddress"]


@implementer(IAddress)
class NullAddress:
    """An address of no kind that anybody knows."""


class DummyChannel:
    """
    What a request has for a channel in a test.

    Args:
        peer: The client's address.

    Attributes:
        transport: A `TCP`; tests may put an `SSL` in its place.
    """

    class TCP:
        """
        A transport.

        Attributes:
            written: What was written, as a file.
            producers: Producers that were registered, with whether each is a streaming one.
            disconnected: Was it closed?
        """

        port = 80
        disconnected = False

        def __init__(self, peer: IAddress | None = None) -> None:
            self._peer = IPv4Address("TCP", "192.168.1.1", 12344) if peer is None else peer
            self.written = BytesIO()
            self.producers: list[tuple[Any, bool]] = []

        def getPeer(self) -> IAddress:
            """Return the client's address."""
            return self._peer

        def getHost(self) -> IAddress:
            """Return the server's address."""
            return IPv4Address("TCP", "10.0.0.1", self.port)

        def write(self, data: bytes) -> None:
            """
            Keep ``data``.

            Raises:
                TypeError: It is not bytes.
            """
            if not isinstance(data, bytes):
                raise TypeError(f"Can only write bytes to a transport, not {data!r}")
            self.written.write(data)

        def writeSequence(self, iovec: Iterable[bytes]) -> None:
            """Keep each of ``iovec``."""
            for data in iovec:
                self.write(data)

        def registerProducer(self, producer: Any, streaming: bool) -> None:
            """Note ``producer``."""
            self.producers.append((producer, streaming))

        def unregisterProducer(self) -> None:
            """A test sees in `producers` what there was."""

        def loseConnection(self) -> None:
            """Note it."""
            self.disconnected = True

        def abortConnection(self) -> None:
            """Note it."""
            self.disconnected = True

    class SSL(TCP):
        """A transport with TLS."""

        def getPeerCertificate(self) -> None:
            """Return nothing: the client has shown none."""

    site = Site(Resource(), reactor=Clock())

    def __init__(self, peer: IAddress | None = None) -> None:
        self.transport: Any = self.TCP(peer)

    def requestDone(self, request: object) -> None:
        """The request is answered."""

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:
        """Write the head of an answer."""
        pairs = headers._pairs() if isinstance(headers, Headers) else headers
        fields = b"".join(b"%s: %s\r\n" % (name, value) for name, value in pairs)
        self.transport.write(b"%s %s %s\r\n%s\r\n" % (version, code, reason, fields))

    def write(self, data: bytes) -> None:
        """Write to the transport."""
        self.transport.write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Write to the transport."""
        self.transport.writeSequence(iovec)

    def getPeer(self) -> IAddress:
        """Return the client's address."""
        address: IAddress = self.transport.getPeer()
        return address

    def getHost(self) -> IAddress:
        """Return the server's address."""
        address: IAddress = self.transport.getHost()
        return address

    def isSecure(self) -> bool:
        """Is the transport a TLS one?"""
        return isinstance(self.transport, self.SSL)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Register it with the transport."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Unregister it from the transport."""
        self.transport.unregisterProducer()

    def loseConnection(self) -> None:
        """Close the transport."""
        self.transport.loseConnection()

    def abortConnection(self) -> None:
        """Close the transport."""
        self.transport.abortConnection()

    def endRequest(self) -> None:
        """The answer is whole."""


# As far as applications ask whether a transport is one.
classImplements(DummyChannel.SSL, ISSLTransport)


class DummyRequest:
    """
    A request for the resource at the end of ``postpath``.

    Args:
        postpath: The rest of the path, in segments.
        session: What `getSession` gives; otherwise it makes one.
        client: The client's address.

    Attributes:
        written: The parts of the answer's body.
        finished: How often `finish` was called.
        responseCode: The status, None if none was set.
        go: Is the producer that `registerProducer` was given to go on?
    """

    uri = b"http://dummy/"
    method = b"GET"
    clientproto = b"HTTP/1.0"
    client: IAddress | None = None
    responseMessage: bytes | None = None

    def __init__(self, postpath: list[bytes], session: Any = None, client: IAddress | None = None) -> None:
        self.postpath = postpath
        self.prepath: list[bytes] = []
        self.sitepath: list[bytes] = []
        self.written: list[bytes] = []
        self.finished = 0
        self.args: dict[Any, list[Any]] = {}
        self.session: Any = None
        self.protoSession = session or Session(DummyChannel.site, b"0", reactor=Clock())
        self.requestHeaders = Headers()
        self.responseHeaders = Headers()
        self.responseCode: int | None = None
        self.client = client
        self._finishedDeferreds: list[Deferred[None]] | None = []
        self._serverName = b"dummy"

    # ---- of the client

    def getAllHeaders(self) -> dict[bytes, bytes]:
        """Return the request's fields by lower-case name, the last value of each."""
        return {name.lower(): values[-1] for name, values in self.requestHeaders.getAllRawHeaders()}

    def getHeader(self, name: Any) -> Any:
        """Return the last value of a field of the request, or None."""
        values = self.requestHeaders.getRawHeaders(name)
        return values[-1] if values else None

    def addArg(self, name: Any, value: Any) -> None:
        """Let ``value`` be the argument ``name``."""
        self.args[name] = [value]

    def getSession(self, sessionInterface: Any = None) -> Any:
        """Return the session, or what it has for ``sessionInterface``."""
        if self.session is None:
            assert not self.written, "A session is asked for before the answer begins."
            self.session = self.protoSession
        return self.session.getComponent(sessionInterface) if sessionInterface else self.session

    def getClientAddress(self) -> IAddress:
        """Return the client's address."""
        return NullAddress() if self.client is None else self.client

    @deprecated(Version("Twisted", 18, 4, 0), replacement="getClientAddress")
    def getClientIP(self) -> str | None:
        """Return the client's IP address, or None if it has none."""
        return self.client.host if isinstance(self.client, (IPv4Address, IPv6Address)) else None

    def getRequestHostname(self) -> bytes:
        """Return the host that was asked."""
        return self._serverName

    def getHost(self) -> IAddress:
        """Return the server's address."""
        return IPv4Address("TCP", "127.0.0.1", 80)

    def setHost(self, host: bytes, port: int, ssl: bool | int = 0) -> None:
        """Let ``host`` be what was asked."""
        self._serverName = host
        default = 443 if ssl else 80
        self.requestHeaders.setRawHeaders(b"host", [host if port == default else b"%s:%d" % (host, port)])

    # ---- of the answer

    def setHeader(self, name: Any, value: Any) -> None:
        """Set a field of the answer."""
        self.responseHeaders.setRawHeaders(name, [value])

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """Set the status, which has to happen before the answer begins."""
        assert not self.written, f"Response code cannot be set after data has been written: {self.written}."
        self.responseCode = code
        self.responseMessage = message

    def setLastModified(self, when: float) -> None:
        """It has to happen before the answer begins."""
        assert not self.written, f"Last-Modified cannot be set to {when} after data has been written: {self.written}."

    def setETag(self, tag: bytes) -> None:
        """It has to happen before the answer begins."""
        assert not self.written, f"ETag cannot be set to {tag!r} after data has been written: {self.written}."

    def redirect(self, url: Any) -> None:
        """Answer with a redirection."""
        self.setResponseCode(FOUND)
        self.setHeader(b"location", url)

    def render(self, resource: Any) -> None:
        """Have ``resource`` answer."""
        result = resource.render(self)
        if result is not NOT_DONE_YET:
            self.write(result)
            self.finish()

    def write(self, data: bytes) -> None:
        """
        Keep a part of the answer.

        Raises:
            TypeError: ``data`` is not bytes.
        """
        if not isinstance(data, bytes):
            raise TypeError("write() only accepts bytes")
        self.written.append(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have ``producer`` produce all that it has, until it unregisters."""
        self.go = True
        while self.go:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """The producer is done."""
        self.go = False

    def notifyFinish(self) -> Deferred[None]:
        """Return a Deferred that fires with the end of the answer, or fails with `processingFailed`."""
        assert self._finishedDeferreds is not None, "The request has failed."
        finished: Deferred[None] = Deferred()
        self._finishedDeferreds.append(finished)
        return finished

    def finish(self) -> None:
        """The answer is whole."""
        self.finished += 1
        observers, self._finishedDeferreds = self._finishedDeferreds, []
        for observer in observers or ():
            observer.callback(None)

    def processingFailed(self, reason: Failure) -> None:
        """The answer has failed: tell who waits."""
        observers, self._finishedDeferreds = self._finishedDeferreds, None
        for observer in observers or ():
            observer.errback(reason)
