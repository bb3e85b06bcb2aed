"""A response: status and fields at once, the body as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IPushProducer
from reactorio.python.failure import Failure
from reactorio.web._client.errors import ResponseDone
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import UNKNOWN_LENGTH, IResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IProtocol
    from reactorio.web.iweb import IClientRequest

__name__ = "reactorio.web._newclient"  # the public path


def makeStatefulDispatcher(name: str, template: Callable[..., Any]) -> Callable[..., Any]:
    """
    Make a method that does what the object's state says: it calls ``_<name>_<state>``.

    Args:
        template: What the method looks like: its name and docstring.

    Raises:
        RuntimeError: (by the method) In this state it may not be called.
    """

    def dispatcher(self: Any, *args: Any, **kwargs: Any) -> Any:
        method = getattr(self, f"_{name}_{self._state}", None)
        if method is None:
            raise RuntimeError(f"{self!r} has no {name} method in state {self._state}")
        return method(*args, **kwargs)

    dispatcher.__doc__ = template.__doc__
    dispatcher.__name__ = template.__name__
    return dispatcher


@implementer(IPushProducer)
class TransportProxyProducer:
    """
    A connection's transport, as long as a response has to do with it.

    A response may be read long after its connection went to another request, which it must not pause then.
    """

    __slots__ = ("_abort", "_producer", "paused")

    # What looks like a transport is asked for this.
    disconnecting = False

    def __init__(self, producer: Any, abort: Callable[[], Any] | None = None) -> None:
        self._producer = producer
        self._abort = abort
        self.paused = False

    def stopProxying(self) -> None:
        """Do nothing from now on."""
        self._producer = self._abort = None

    def stopProducing(self) -> None:
        """Stop the transport."""
        if self._producer is not None:
            self._producer.stopProducing()

    def resumeProducing(self) -> None:
        """Read on."""
        if self._producer is not None:
            self.paused = False
            self._producer.resumeProducing()

    def pauseProducing(self) -> None:
        """Read no more for now."""
        if self._producer is not None:
            self.paused = True
            self._producer.pauseProducing()

    def loseConnection(self) -> None:
        """Close the connection."""
        if self._producer is not None:
            self._producer.loseConnection()

    def abortConnection(self) -> None:
        """Close the connection at once."""
        if self._abort is not None:
            self._abort()
        elif self._producer is not None:
            self._producer.abortConnection()


@implementer(IResponse)
class Response:
    """
    A response.

    Attributes:
        version: The protocol's, as ``(b"HTTP", 1, 1)``.
        code: The status.
        phrase: The reason phrase.
        headers: The fields, without those of the connection and of the body's length.
        length: The body's length, or UNKNOWN_LENGTH.
        request: What this answers.
        previousResponse: What led here, None if nothing did.
        trailers: The fields behind a body that came in chunks, once it is whole; None if there are none.
    """

    # INITIAL        nobody takes the body yet: it is kept
    # CONNECTED      a protocol is given the body as it comes
    # DEFERRED_CLOSE the body ended before anybody took it
    # FINISHED       the body ended, and a protocol had it
    _state = "INITIAL"

    length: Any = UNKNOWN_LENGTH
    request: Any = None
    previousResponse: Any = None
    trailers: Headers | None = None
    _bodyProtocol: Any = None
    _reason: Failure | None = None
    _pairs: list[tuple[bytes, bytes]] | None = None
    _headers: Headers | None = None

    def __init__(
        self, version: tuple[bytes, int, int], code: int, phrase: bytes, headers: Any, _transport: Any
    ) -> None:
        self.version = version
        self.code = code
        self.phrase = phrase
        self._headers = headers
        self._transport = _transport
        self._bodyBuffer: list[bytes] | None = []

    @classmethod
    def _construct(
        cls,
        version: tuple[bytes, int, int],
        code: int,
        phrase: bytes,
        headers: Any,
        _transport: Any,
        request: IClientRequest,
    ) -> Response:
        """Make one that knows its request."""
        response = cls(version, code, phrase, headers, _transport)
        response.request = request
        return response

    @property
    def headers(self) -> Headers:  # made when somebody looks: many only want the body
        if self._headers is None:
            self._headers = Headers._from_pairs(self._pairs or ())
        return self._headers

    @headers.setter
    def headers(self, value: Headers) -> None:
        self._headers = value

    def setPreviousResponse(self, previousResponse: IResponse) -> None:
        """Keep the response that led here."""
        self.previousResponse = previousResponse

    def deliverBody(self, protocol: IProtocol) -> None:
        """
        Give the body to ``protocol``: what has come of it at once, the rest as it comes.

        Raises:
            RuntimeError: It was given already.
        """
        state = self._state
        if state == "INITIAL":
            self._bodyProtocol = protocol
            protocol.makeConnection(self._transport)
            self._state = "CONNECTED"
            try:
                self._give_kept()
            except BaseException:
                # Nobody will ever read the rest.
                self._transport.stopProducing()
                raise
            self._transport.resumeProducing()
        elif state == "DEFERRED_CLOSE":
            self._bodyProtocol = protocol
            protocol.makeConnection(self._transport)
            self._state = "FINISHED"
            self._give_kept()
            self._close()
        else:
            raise RuntimeError(f"a response's body is delivered once; this one's is {state}")

    def _give_kept(self) -> None:
        kept, self._bodyBuffer = self._bodyBuffer, None
        for data in kept or ():
            # The protocol may have ended the response meanwhile, and was told so then.
            if self._bodyProtocol is not None:
                self._bodyProtocol.dataReceived(data)

    def _bodyDataReceived(self, data: bytes) -> None:
        """More of the body came."""
        if self._state == "CONNECTED":
            self._bodyProtocol.dataReceived(data)
        elif self._state == "INITIAL":
            self._bodyBuffer.append(data)  # type: ignore[union-attr]  # there is one in this state
        else:
            raise RuntimeError(f"a response's body went on after its end ({self._state})")

    def _bodyDataFinished(self, reason: Failure | None = None) -> None:
        """The body ended: for ``reason``, or because it is whole."""
        if self._state == "CONNECTED":
            self._reason = reason
            self._state = "FINISHED"
            self._close()
        elif self._state == "INITIAL":
            self._reason = reason
            self._state = "DEFERRED_CLOSE"
        else:
            raise RuntimeError(f"a response's body ended twice ({self._state})")

    def _close(self) -> None:
        protocol, self._bodyProtocol = self._bodyProtocol, None
        reason, self._reason = self._reason, None
        if protocol is not None:
            protocol.connectionLost(Failure(ResponseDone("Response body fully received")) if reason is None else reason)
