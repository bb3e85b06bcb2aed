"""From a URI to a response."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.abstract import isIPv6Address
from reactorio.internet.defer import fail
from reactorio.internet.endpoints import HostnameEndpoint, wrapClientTLS
from reactorio.web._client.patience import Patience
from reactorio.web._client.policies import BrowserLikePolicyForHTTPS, _DeprecatedToCurrentPolicyForHTTPS
from reactorio.web._client.pool import HTTPConnectionPool
from reactorio.web._client.request import Request
from reactorio.web._client.uri import URI, _ensureValidURI
from reactorio.web.error import SchemeNotSupported
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import IAgent, IAgentEndpointFactory, IPolicyForHTTPS

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred
    from reactorio.internet.interfaces import IStreamClientEndpoint
    from reactorio.web.iweb import IBodyProducer, IResponse

__name__ = "reactorio.web.client"  # the public path

_PORTS = {b"http": 80, b"https": 443}


@implementer(IAgentEndpointFactory)
class _StandardEndpointFactory:
    """
    Goes to servers by their names: over TCP, and TLS for https.

    Args:
        reactor: What connects.
        contextFactory: Whom to trust, an `IPolicyForHTTPS`.
        connectTimeout: Seconds until an attempt at an address fails, None for the endpoint's own.
        bindAddress: What to connect from.
    """

    def __init__(self, reactor: Any, contextFactory: Any, connectTimeout: float | None, bindAddress: Any) -> None:
        self._reactor = reactor
        self._policyForHTTPS = contextFactory
        self._connectTimeout = connectTimeout
        self._bindAddress = bindAddress

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """
        Return the way to ``uri``'s host.

        Raises:
            SchemeNotSupported: That is neither http nor https.
            ValueError: The host is no ASCII.
        """
        if uri.scheme not in _PORTS:
            raise SchemeNotSupported(f"Unsupported scheme: {uri.scheme!r}")
        try:
            host = uri.host.decode("ascii")
        except UnicodeDecodeError:
            raise ValueError(
                f"The host of the provided URI ({uri.host!r}) contains non-ASCII octets, it should be ASCII decodable."
            ) from None
        options = {} if self._connectTimeout is None else {"timeout": self._connectTimeout}
        endpoint = HostnameEndpoint(self._reactor, host, uri.port, bindAddress=self._bindAddress, **options)
        if uri.scheme == b"http":
            return endpoint
        return wrapClientTLS(self._policyForHTTPS.creatorForNetloc(uri.host, uri.port), endpoint)


class _EndpointWhenNeeded:
    """The way to a server to which a connection is free: as a rule nobody goes there."""

    __slots__ = ("_agent", "_uri")

    def __init__(self, agent: Agent, uri: URI) -> None:
        self._agent = agent
        self._uri = uri

    def __repr__(self) -> str:
        return repr(self._agent._getEndpoint(self._uri))

    def connect(self, factory: Any) -> Deferred[Any]:
        return self._agent._getEndpoint(self._uri).connect(factory)


class _AgentBase:
    """
    What agents share.

    Args:
        reactor: What everything is done with.
        pool: Where connections come from; without one, none is used twice.
        total_timeout: Seconds for a request, from the start to the end of the response's body; None for no bound.
        read_timeout: Seconds between two arrivals of a response, while somebody reads it; None for no bound.
    """

    def __init__(
        self,
        reactor: Any,
        pool: Any,
        *,
        total_timeout: float | None = None,
        read_timeout: float | None = None,
    ) -> None:
        self._reactor = reactor
        self._pool = HTTPConnectionPool(reactor, False) if pool is None else pool
        self._total_timeout = total_timeout
        self._read_timeout = read_timeout

    # Classes that derive from this need not call __init__.
    _total_timeout: float | None = None
    _read_timeout: float | None = None

    def _computeHostValue(self, scheme: bytes, host: bytes, port: int) -> bytes:
        """Return the value of Host (RFC 9110 section 7.2)."""
        if b":" in host and isIPv6Address(host.decode("ascii", "replace")):
            host = b"[%b]" % host
        return host if _PORTS.get(scheme) == port else b"%b:%d" % (host, port)

    def _requestWithEndpoint(
        self,
        key: Any,
        endpoint: Any,
        method: bytes,
        parsedURI: URI,
        headers: Headers | None,
        bodyProducer: IBodyProducer | None,
        requestPath: bytes,
    ) -> Deferred[IResponse]:
        """Send a request over a connection from the pool, which is for ``key`` and leads to ``endpoint``."""
        if not isinstance(method, bytes):
            raise TypeError(f"method={method!r} is {type(method)}, but must be bytes")
        if headers is None:
            headers = Headers()
            headers._rawHeaders[b"Host"] = [self._computeHostValue(parsedURI.scheme, parsedURI.host, parsedURI.port)]
        elif not headers.hasHeader(b"Host"):
            headers = headers.copy()
            headers.addRawHeader(b"Host", self._computeHostValue(parsedURI.scheme, parsedURI.host, parsedURI.port))
        request = Request._construct(method, requestPath, headers, bodyProducer, self._pool.persistent, parsedURI)
        response: Deferred[IResponse] = self._pool.getConnection(key, endpoint)
        if self._total_timeout is None and self._read_timeout is None:
            return response.addCallback(_send, request)
        request._patience = patience = Patience(self._reactor, self._total_timeout, self._read_timeout)
        return patience.watch(response.addCallback(_send, request))


def _send(connection: Any, request: Request) -> Any:
    return connection.request(request)


@implementer(IAgent)
class Agent(_AgentBase):
    """
    Sends requests, each over a connection to where its URI says.

    Args:
        reactor: What everything is done with.
        contextFactory: Whom to trust for https.
        connectTimeout: Seconds until an attempt to connect to an address fails; None for 30.
        bindAddress: What to connect from.
        pool: Where connections come from; without one, none is used twice.
        total_timeout: Seconds for a request, from the start to the end of the response's body; None for no bound. What takes
            longer fails with a TimeoutError, or with ResponseFailed for one.
        read_timeout: Seconds between two arrivals of a response, while somebody reads it; likewise.
    """

    def __init__(
        self,
        reactor: Any,
        contextFactory: Any = BrowserLikePolicyForHTTPS(),  # noqa: B008  # it has no state
        connectTimeout: float | None = None,
        bindAddress: Any = None,
        pool: Any = None,
        *,
        total_timeout: float | None = None,
        read_timeout: float | None = None,
    ) -> None:
        if not IPolicyForHTTPS.providedBy(contextFactory):
            warnings.warn(
                repr(contextFactory)
                + " was passed as the HTTPS policy for an Agent, but it does not provide IPolicyForHTTPS.  "
                "Since Twisted 14.0, you must pass a provider of IPolicyForHTTPS.",
                stacklevel=2,
                category=DeprecationWarning,
            )
            contextFactory = _DeprecatedToCurrentPolicyForHTTPS(contextFactory)
        self._init(reactor, _StandardEndpointFactory(reactor, contextFactory, connectTimeout, bindAddress), pool)
        self._total_timeout = total_timeout
        self._read_timeout = read_timeout

    @classmethod
    def usingEndpointFactory(
        cls,
        reactor: Any,
        endpointFactory: Any,
        pool: Any = None,
        *,
        total_timeout: float | None = None,
        read_timeout: float | None = None,
    ) -> Agent:
        """
        Make an agent that goes to servers in ways of one's own.

        Args:
            endpointFactory: Has the ways, an `IAgentEndpointFactory`.
        """
        agent = cls.__new__(cls)
        agent._init(reactor, endpointFactory, pool)
        agent._total_timeout = total_timeout
        agent._read_timeout = read_timeout
        return agent

    def _init(self, reactor: Any, endpointFactory: Any, pool: Any) -> None:
        _AgentBase.__init__(self, reactor, pool)
        self._endpointFactory = endpointFactory

    def _getEndpoint(self, uri: URI) -> IStreamClientEndpoint:
        """Return the way to ``uri``'s host."""
        endpoint: IStreamClientEndpoint = self._endpointFactory.endpointForURI(uri)
        return endpoint

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """
        Send a request.

        Returns:
            A Deferred of the response, which fires when its head is whole. It fails as connecting does, with
            SchemeNotSupported, or as `HTTP11ClientProtocol.request` says. Cancelling it ends whatever is going on.

        Raises:
            TypeError: ``method`` is not bytes.
            ValueError: ``uri`` or ``method`` is none.
        """
        parsed = URI.fromBytes(_ensureValidURI(uri.strip()))
        key = (parsed.scheme, parsed.host, parsed.port)
        pool = self._pool
        endpoint: Any
        if type(pool) is HTTPConnectionPool and (pool._connections.get(key) or key in pool._shared):
            endpoint = _EndpointWhenNeeded(self, parsed)
        else:
            try:
                endpoint = self._getEndpoint(parsed)
            except SchemeNotSupported:
                return fail()
        return self._requestWithEndpoint(key, endpoint, method, parsed, headers, bodyProducer, parsed.originForm)
