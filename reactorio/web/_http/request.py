"""One request, and the answer to it."""

from __future__ import annotations

import base64
import re
import tempfile
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any, AnyStr

from reactorio._interface import implementer
from reactorio.internet.address import IPv4Address, IPv6Address
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IConsumer
from reactorio.python.deprecate import deprecated
from reactorio.python.failure import Failure
from reactorio.python.versions import Version
from reactorio.web._http.answering import NO_BODY_CODES, Answering
from reactorio.web._http.cookies import parse_cookies
from reactorio.web._http.forms import FormTooLarge, fields_of_form
from reactorio.web._http.interfaces import _IDeprecatedHTTPChannelToRequestInterface
from reactorio.web._http.limits import DEFAULT_LIMITS
from reactorio.web._http.queries import parse_qs, toChunk
from reactorio.web._responses import BAD_REQUEST, REQUEST_ENTITY_TOO_LARGE
from reactorio.web.http_headers import Headers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from reactorio.internet.interfaces import IAddress, IPullProducer, IPushProducer

__all__ = ["Request"]

__name__ = "reactorio.web.http"  # the public path

_QUEUED = object()
_HOST = re.compile(rb"\[?(?P<host>.*?)\]?(:\d+)?$")


class _OfConnection:
    """An attribute that the channel knows, asked for when it is first used; it may be set to something else."""

    def __init__(self, method: str) -> None:
        self._method = method

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, request: Any, owner: type | None = None) -> Any:
        if request is None:
            return self
        source = request.channel if request.channel is not None else request.transport
        value = getattr(source, self._method)()
        request.__dict__[self._name] = value
        return value


@implementer(IConsumer, _IDeprecatedHTTPChannelToRequestInterface)
class Request(Answering):
    """
    A request. Subclasses override `process`.

    Args:
        channel: The connection; None from the request's end on.
        queued: Something true for a request that keeps its channel when it is finished, as tests want it.
        parsePOSTFormSubmission: Are a posted form's fields put into ``args``?

    Attributes:
        method, uri, clientproto: The first line's parts.
        path: ``uri`` without its query, still quoted.
        args: The fields of the query, and of a posted form.
        content: The body, a file at its beginning.
        requestHeaders, responseHeaders: The fields that came, and those that go.
        client, host: The addresses of the client and of this end.
        received_cookies: What Cookie says.
        trailers: The fields behind a body in chunks: names and values.
        responseTrailers: Fields to be sent behind the answer, if Headers are put here before `finish`: where that can be done,
            which is in HTTP/2, and in HTTP/1.1 behind a body whose length was not said before.
        finished: Is the answer whole?
        startedWriting: Is its head sent?
        chunked: Is it sent in chunks?
        sentLength: The bytes of body that were sent.
        producer: Who writes the answer, if somebody registered.
    """

    method: bytes = b"(no method yet)"
    uri: bytes = b"(no uri yet)"
    clientproto: bytes = b"(no clientproto yet)"
    path: Any = None
    args: Any = None
    content: Any = None
    producer: Any = None
    finished = 0
    startedWriting = 0
    chunked = 0
    sentLength = 0
    queued: Any = 0
    client: Any = _OfConnection("getPeer")
    host: Any = _OfConnection("getHost")

    trailers: Sequence[tuple[bytes, bytes]] = ()
    responseTrailers: Headers | None = None

    _disconnected = False
    _forceSSL: bool | int = 0
    _inhibitBody = False
    _requestHeaders: Headers | None = None
    _notified: list[Deferred[None]] | None = None
    _size = 0
    user: Any
    password: Any

    def __init__(self, channel: Any, queued: object = _QUEUED, parsePOSTFormSubmission: bool = True) -> None:
        self.channel = channel
        self.transport = channel.transport
        self.received_cookies: dict[bytes, bytes] = {}
        self.cookies = []
        self._parsePOSTFormSubmission = parsePOSTFormSubmission
        self._answer = {}
        self._fields: list[tuple[bytes, bytes]] = []
        if queued is not _QUEUED:
            self.queued = queued

    def __repr__(self) -> str:
        """Return class, address, method, URI and version."""
        return "<{} at 0x{:x} method={} uri={} clientproto={}>".format(
            type(self).__name__,
            id(self),
            *(text.decode("latin-1") for text in (self.method, self.uri, self.clientproto)),
        )

    def __eq__(self, other: object) -> bool:
        # The channel compares what may be a proxy of a request: it is asked, too.
        return True if self is other else NotImplemented

    def __ne__(self, other: object) -> bool:
        return False if self is other else NotImplemented

    __hash__ = object.__hash__

    @property
    def notifications(self) -> list[Deferred[None]]:
        """The Deferreds of `notifyFinish` that are still to fire."""
        if self._notified is None:
            self._notified = []
        return self._notified

    # ---- what the channel calls

    @property
    def requestHeaders(self) -> Headers:
        headers = self._requestHeaders
        if headers is None:
            headers = self._requestHeaders = Headers._from_pairs(self._fields)
        return headers

    @requestHeaders.setter
    def requestHeaders(self, headers: Headers) -> None:
        self._requestHeaders = headers

    def parseCookies(self) -> None:
        """Read ``received_cookies``."""
        values = self.requestHeaders.getRawHeaders(b"cookie")
        if values:
            self.received_cookies.update(parse_cookies(values))

    def gotLength(self, length: int | None) -> None:
        """A body of this length follows: make ``content``. None if nobody knows how long it is."""
        if length == 0:
            self.content = BytesIO()
            return
        get_content_file = getattr(getattr(self.channel, "site", None), "getContentFile", None)
        if get_content_file is not None:
            self.content = get_content_file(length)
        else:
            limits = getattr(self.channel, "limits", None) or DEFAULT_LIMITS
            small = length is not None and length < limits.body_in_memory
            self.content = BytesIO() if small else tempfile.TemporaryFile()  # noqa: SIM115  # closed with the request

    def handleContentChunk(self, data: bytes) -> None:
        """A part of the body: keep it."""
        self._size += len(data)
        self.content.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """All is there: read the fields that it holds, and `process`."""
        self.method = command
        self.uri = path
        self.clientproto = version
        if b"?" in path:
            self.path, _, query = path.partition(b"?")
            self.args = parse_qs(query, True)
        else:
            self.path = path
            self.args = {}
        if command == b"POST" or self._size:
            self.content.seek(0, 0)
            if command == b"POST" and self._parsePOSTFormSubmission and not self._read_form():
                return
        self.process()

    def _read_form(self) -> bool:
        """Add a posted form's fields to ``args``. Returns False if the request is refused for them."""
        content_type = self.getHeader(b"content-type")
        if content_type is None or self.content is None:
            return True
        limits = getattr(self.channel, "limits", None) or DEFAULT_LIMITS
        kind = content_type.partition(b";")[0].strip().lower()
        if kind not in (b"application/x-www-form-urlencoded", b"multipart/form-data"):
            return True
        if limits.form_size is not None and self._size > limits.form_size:
            self._refuse(REQUEST_ENTITY_TOO_LARGE)
            return False
        try:
            self.args.update(fields_of_form(self.content.read(), content_type, limits))
        except FormTooLarge:
            self._refuse(REQUEST_ENTITY_TOO_LARGE)
            return False
        except ValueError:
            self._log.debug("A form that is none: {request}", request=self)
            self._refuse(BAD_REQUEST)
            return False
        self.content.seek(0, 0)
        return True

    def _refuse(self, status: int) -> None:
        if status == BAD_REQUEST:
            self.channel._respondToBadRequestAndDisconnect()
        else:
            self.channel._respond_and_close(status)

    def process(self) -> None:
        """Answer: what subclasses are for."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection ended before the answer was whole: tell who waits."""
        self._disconnected = True
        self.channel = None
        if self.content is not None:
            self.content.close()
        notified, self._notified = self._notified, None
        for d in notified or ():
            d.errback(reason)

    # ---- facts about the request

    def getHeader(self, key: AnyStr) -> AnyStr | None:
        """Return the last value of the request's field ``key``, or None; bytes for bytes, str for str."""
        if self._requestHeaders is None and isinstance(key, bytes):
            # Most requests have few fields, of which few are asked for: less than making the `Headers`.
            key = key.lower()
            for name, value in reversed(self._fields):
                if name.lower() == key:
                    return value
            return None
        values = self.requestHeaders.getRawHeaders(key)
        return values[-1] if values else None

    def getAllHeaders(self) -> dict[bytes, bytes]:
        """Return the request's fields by lower-case name, the last value of each."""
        return {name.lower(): values[-1] for name, values in self.requestHeaders.getAllRawHeaders()}

    def getCookie(self, key: bytes) -> bytes | None:
        """Return the request's cookie ``key``, or None."""
        return self.received_cookies.get(key)

    def getRequestHostname(self) -> bytes:
        """Return the host that the client asked, without port: by its Host field, else by the connection."""
        asked = self.getHeader(b"host")
        if asked is not None:
            match = _HOST.match(asked)
            return match["host"] if match is not None else asked
        return str(getattr(self.getHost(), "host", "")).encode("ascii")

    def getHost(self) -> IAddress:
        """Return the address at which the request arrived, or what `setHost` put in its place."""
        address: IAddress = self.host
        return address

    def setHost(self, host: bytes, port: int, ssl: bool | int = 0) -> None:
        """
        Take ``host`` and ``port`` for what the client asked: a proxy stands between.

        Args:
            ssl: Did the client speak TLS to the proxy?
        """
        self._forceSSL = ssl
        default = 443 if self.isSecure() else 80
        self.requestHeaders.setRawHeaders(b"host", [host if port == default else b"%b:%d" % (host, port)])
        self.host = IPv4Address("TCP", host, port)  # type: ignore[arg-type]  # Twisted's holds bytes here

    def getClientAddress(self) -> IAddress:
        """Return the address of who asks; it may be of no type with a host and a port."""
        address: IAddress = self.client
        return address

    @deprecated(Version("Twisted", 18, 4, 0), replacement="getClientAddress")
    def getClientIP(self) -> str | None:
        """Return the IP address of who asks, or None if it has none."""
        address = self.client
        return address.host if isinstance(address, (IPv4Address, IPv6Address)) else None

    def isSecure(self) -> bool:
        """Did the request come over TLS, or has `setHost` said so?"""
        if self._forceSSL:
            return True
        return bool(self.channel is not None and getattr(self.channel, "isSecure", bool)())

    def _authorize(self) -> None:
        """Read ``user`` and ``password``; nobody has checked them."""
        self.user = self.password = b""
        scheme, _, rest = (self.getHeader(b"authorization") or b"").partition(b" ")
        if scheme.lower() != b"basic":
            return
        try:
            self.user, _, self.password = base64.b64decode(rest.strip()).partition(b":")
        except ValueError:
            self._log.debug("Basic authentication that is no base64: {request}", request=self)
        except Exception:
            self._log.failure("")

    def getUser(self) -> bytes:
        """Return the user's name of HTTP basic authentication, or nothing; nobody has checked it."""
        if "user" not in self.__dict__:
            self._authorize()
        return self.user  # type: ignore[no-any-return]  # applications may set it

    def getPassword(self) -> bytes:
        """Return the password of HTTP basic authentication, or nothing; nobody has checked it."""
        if "password" not in self.__dict__:
            self._authorize()
        return self.password  # type: ignore[no-any-return]  # applications may set it

    @deprecated(Version("Twisted", 16, 3, 0))
    def noLongerQueued(self) -> None:
        """It never was: requests are handled one at a time."""

    # ---- answering

    def write(self, data: bytes) -> None:
        """
        Send ``data`` of the body, and before the first of it the answer's head. Once the connection is lost, it is dropped.

        Raises:
            RuntimeError: The answer is whole already.
            TypeError: ``data`` is not bytes.
        """
        if self.finished:
            raise RuntimeError("Request.write called on a request after Request.finish was called.")
        if self._disconnected:
            return
        if not isinstance(data, bytes):
            data = _as_bytes(data)
        if not self.startedWriting:
            self.startedWriting = 1
            head = self._start()
            if head is not None:
                self._write_with_head(head, data)
                return
        if not data or self._inhibitBody:
            return
        self.sentLength += len(data)
        if self.chunked:
            self.channel.writeSequence(toChunk(data))
        else:
            self.channel.write(data)

    def _write_with_head(self, head: bytes, data: bytes) -> None:
        if data and not self._inhibitBody:
            self.sentLength += len(data)
            head += b"".join(toChunk(data)) if self.chunked else data
        self.channel.transport.write(head)

    def _start(self) -> bytes | None:
        """Begin the answer. Returns its head if it is still to be written."""
        version = self.clientproto
        if self.method == b"HEAD" or self.code in NO_BODY_CODES:
            self._inhibitBody = True
        elif version == b"HTTP/1.1" and not self._has_length():
            self.setHeader(b"Transfer-Encoding", b"chunked")
            self.chunked = 1
        channel = self.channel
        if getattr(channel, "_plain_heads", False):
            head = self._plain_head()
            if head is not None:
                return head
        channel.writeHeaders(version, b"%d" % self.code, self.code_message, self._complete_headers())
        return None

    def _has_length(self) -> bool:
        if self._responseHeaders is not None:
            return self._responseHeaders.hasHeader(b"content-length")
        return b"Content-Length" in self._answer

    def finish(self) -> None:
        """
        The answer is whole.

        Raises:
            RuntimeError: The connection was lost before: `notifyFinish` would have told.
        """
        if self._disconnected:
            raise RuntimeError(
                "Request.finish called on a request after its connection was lost; use Request.notifyFinish to keep track of "
                "this."
            )
        if self.finished:
            warnings.warn("Warning! request.finish called twice.", stacklevel=2)
            return
        if not self.startedWriting:
            # An answer without a body has a head.
            self.write(b"")
        if self.chunked:
            trailers = b"" if self.responseTrailers is None else self.responseTrailers._lines()
            self.channel.write(b"0\r\n%s\r\n" % trailers)
        self._written()

    def _written(self) -> None:
        """The answer is sent: write the log, and let the channel go on."""
        factory = getattr(self.channel, "factory", None)
        if factory is not None:
            factory.log(self)
        self.finished = 1
        if not self.queued:
            self._cleanup()

    def _cleanup(self) -> None:
        if self.producer is not None:
            self._log.failure(
                "",
                Failure(RuntimeError(f"Producer was not unregistered for {self.uri.decode('latin-1')}")),
            )
            self.unregisterProducer()
        channel, self.channel = self.channel, None
        channel.requestDone(self)
        if self.content is not None:
            self.content.close()
        if self._notified is not None:
            notified, self._notified = self._notified, None
            for d in notified:
                d.callback(None)

    def notifyFinish(self) -> Deferred[None]:
        """Return a Deferred that fires when the answer is whole, or fails if the connection is lost before."""
        d: Deferred[None] = Deferred()
        self.notifications.append(d)
        return d

    def loseConnection(self) -> None:
        """Close the connection; the rest of the answer is dropped."""
        if self.channel is not None:
            self.channel.loseConnection()

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        """
        Let ``producer`` write the answer at the client's pace. It has to unregister before `finish`.

        Raises:
            ValueError: There is one already.
        """
        if self.producer is not None:
            raise ValueError(f"registering producer {producer} before previous one ({self.producer}) was unregistered")
        self.streamingProducer = streaming
        self.producer = producer
        if self.channel is None:
            producer.stopProducing()
        else:
            self.channel.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Forget the producer: it is done."""
        if self.channel is not None:
            self.channel.unregisterProducer()
        self.producer = None


def _as_bytes(data: object) -> bytes:
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"Request.write takes bytes, not {type(data).__name__}")


def _getContentFile(length: int | None) -> IO[bytes]:
    """Make the file for a body of this length: in memory if it is small."""
    if length is not None and length < DEFAULT_LIMITS.body_in_memory:
        return BytesIO()
    return tempfile.TemporaryFile()
