"""
A connection whose protocol is to be found out: by ALPN (RFC 7301), or by how it begins (RFC 9113 section 3.3).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IProtocol
from reactorio.web._http.channel import HTTPChannel

if TYPE_CHECKING:
    from reactorio.internet.interfaces import ITransport
    from reactorio.python.failure import Failure

__all__ = ["H2_ENABLED", "_GenericHTTPChannelProtocol", "_genericHTTPChannelProtocolFactory"]

# Is h2 there? It is imported when somebody speaks HTTP/2.
H2_ENABLED = find_spec("h2") is not None

# A server of HTTP/2 gets this first (RFC 9113 section 3.4); HTTP/1 has no method PRI.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def _shared(name: str) -> property:
    """An attribute that this connection has, and the protocol that does its work."""
    own = f"_{name}"

    def get(self: _GenericHTTPChannelProtocol) -> Any:
        return getattr(self._channel, name)

    def set_(self: _GenericHTTPChannelProtocol, value: Any) -> None:
        setattr(self, own, value)
        setattr(self._channel, name, value)

    return property(get, set_)


@implementer(IProtocol)
class _GenericHTTPChannelProtocol:
    """
    A connection of HTTP/1 until it turns out to be one of HTTP/2.

    Args:
        channel: What speaks HTTP/1.
    """

    _negotiatedProtocol: bytes | None = None
    _factory: Any = None
    _site: Any = None
    _requestFactory: Any = HTTPChannel.requestFactory
    _timeOut: float | None = None
    _callLater: Any = None
    _limits: Any = None
    _requireHost = False
    # The beginning of what may be HTTP/2's preface.
    _beginning = b""

    def __init__(self, channel: HTTPChannel) -> None:
        self._channel: Any = channel

    factory = _shared("factory")
    requestFactory = _shared("requestFactory")
    site = _shared("site")
    timeOut = _shared("timeOut")
    callLater = _shared("callLater")
    limits = _shared("limits")
    requireHost = _shared("requireHost")

    @property
    def transport(self) -> Any:
        return self._channel.transport

    @property
    def requests(self) -> Any:
        return self._channel.requests

    def makeConnection(self, transport: ITransport) -> None:
        """Connected."""
        self._channel.makeConnection(transport)

    def connectionMade(self) -> None:
        """What `makeConnection` calls of the protocol that it is given to."""
        self._channel.connectionMade()

    def connectionLost(self, reason: Failure) -> None:
        """The connection ended."""
        self._channel.connectionLost(reason)

    def drain(self) -> None:
        """Close the connection as soon as nothing is under way on it."""
        self._channel.drain()

    def logPrefix(self) -> str:
        """How log lines name this."""
        return "HTTPChannel" if self._negotiatedProtocol != b"h2" else "H2Connection"

    def dataReceived(self, data: bytes) -> None:
        """
        Take what arrived.

        Raises:
            ValueError: ALPN chose HTTP/2, and h2 is not installed.
        """
        if self._negotiatedProtocol is None:
            negotiated = getattr(self._channel.transport, "negotiatedProtocol", None)
            if negotiated is None:
                data = self._beginning + data
                negotiated = self._by_preface(data)
                if negotiated is None:
                    self._beginning = data
                    return
            self._negotiate(negotiated)
        self._channel.dataReceived(data)

    def _by_preface(self, data: bytes) -> bytes | None:
        """Which protocol is it, if that can be told yet?"""
        if not H2_ENABLED or data[:1] != b"P" or not (data.startswith(_PREFACE) or _PREFACE.startswith(data)):
            return b"http/1.1"
        # "POST" and "PUT" are told apart from it at the second letter.
        return b"h2" if len(data) >= len(_PREFACE) else None

    def _negotiate(self, negotiated: bytes) -> None:
        if negotiated not in (b"h2", b"http/1.1"):
            raise AssertionError(f"unsupported protocol negotiated: {negotiated!r}")
        if negotiated == b"h2":
            if not H2_ENABLED:
                raise ValueError("Negotiated HTTP/2 without HTTP/2 support: pip install 'reactorio[http2]'")
            self._become_http2()
        self._negotiatedProtocol = negotiated
        # A hop less for each piece of data; `IProtocol` says nothing of how a method is found.
        self.dataReceived = self._channel.dataReceived  # type: ignore[method-assign]

    def _become_http2(self) -> None:
        from reactorio.web._http2 import H2Connection  # h2 is an extra

        before, transport = self._channel, self._channel.transport
        before.setTimeout(None)
        before._drained()
        before._networkProducer.unregisterProducer()
        channel = H2Connection(getattr(self._factory, "reactor", None))
        channel.requestFactory = self._requestFactory
        channel.site = self._site
        channel.factory = self._factory
        channel.timeOut = self._timeOut
        channel.limits = self._limits
        if self._callLater is not None:
            channel.callLater = self._callLater
        self._channel = channel
        channel.makeConnection(transport)
        transport.registerProducer(channel, True)
        if before._draining:
            channel.drain()


def _genericHTTPChannelProtocolFactory(self: Any) -> _GenericHTTPChannelProtocol:
    """Make a connection: what `HTTPFactory.protocol` is."""
    return _GenericHTTPChannelProtocol(HTTPChannel())


_GenericHTTPChannelProtocol.__module__ = "reactorio.web.http"
