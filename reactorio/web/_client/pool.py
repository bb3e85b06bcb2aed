"""Connections that are used again, and who waits for one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import CancelledError, Deferred, fail, gatherResults, succeed
from reactorio.internet.error import TimeoutError
from reactorio.internet.protocol import Factory
from reactorio.logger import Logger
from reactorio.web._client.errors import RequestNotSent, RequestTransmissionFailed, ResponseNeverReceived
from reactorio.web._client.limits import DEFAULT_LIMITS
from reactorio.web._client.negotiating import NegotiatingFactory
from reactorio.web._client.protocol import HTTP11ClientProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from reactorio.internet.interfaces import IAddress, IStreamClientEndpoint
    from reactorio.python.failure import Failure
    from reactorio.web._client.limits import ResponseLimits
    from reactorio.web.iweb import IResponse

__name__ = "reactorio.web.client"  # the public path

# Failures after which the server may have done nothing.
_BEFORE_ANY_RESPONSE = (RequestNotSent, RequestTransmissionFailed, ResponseNeverReceived)
# Of so many servers is known that they speak no HTTP/2; then they are asked again.
_REMEMBERED_SERVERS = 1000

_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"TRACE"})


class PoolFull(Exception):
    """As many wait for a connection as may (``max_waiting``)."""


class _HTTP11ClientFactory(Factory[HTTP11ClientProtocol]):
    """
    Makes the protocols of new connections.

    Args:
        quiescentCallback: What they call when they are free.
        metadata: What they connect to, for people to read.
    """

    noisy = False

    def __init__(self, quiescentCallback: Callable[[Any], Any], metadata: str) -> None:
        self._quiescentCallback = quiescentCallback
        self._metadata = metadata

    def __repr__(self) -> str:
        return f"_HTTP11ClientFactory({self._quiescentCallback}, {self._metadata})"

    def buildProtocol(self, addr: IAddress | None) -> HTTP11ClientProtocol:
        """Return a protocol that is free."""
        return HTTP11ClientProtocol(self._quiescentCallback)


class _RetryingHTTP11ClientProtocol:
    """
    A connection that was used before: the server may have closed it meanwhile, so a request that it loses is sent again.

    Args:
        clientProtocol: The connection.
        newConnection: Returns a Deferred of another.
    """

    def __init__(self, clientProtocol: Any, newConnection: Callable[[], Deferred[Any]]) -> None:
        self._clientProtocol = clientProtocol
        self._newConnection = newConnection

    def _shouldRetry(self, method: bytes, exception: BaseException, bodyProducer: Any) -> bool:
        """May the request be sent again? (RFC 9110 section 9.2.2)"""
        if method not in _IDEMPOTENT or bodyProducer is not None or not isinstance(exception, _BEFORE_ANY_RESPONSE):
            return False
        reasons = exception.reasons if isinstance(exception, ResponseNeverReceived) else ()
        return not any(reason.check(CancelledError, TimeoutError) for reason in reasons)

    def request(self, request: Any) -> Deferred[IResponse]:
        """Send ``request``, twice if need be."""
        response: Deferred[IResponse] = self._clientProtocol.request(request)
        return response.addErrback(self._failed, request)

    def _failed(self, reason: Failure, request: Any) -> Any:
        if not self._shouldRetry(request.method, reason.value, request.bodyProducer):
            return reason
        return self._newConnection().addCallback(lambda connection: connection.request(request))


class HTTPConnectionPool:
    """
    Keeps connections that are free, and gives them out again.

    Unlike Twisted, it can bound the connections to a server: who asks for one more waits until one is free.

    Args:
        reactor: Whose clock it is.
        persistent: Whether connections are used again at all.
        max_connections: Connections to one server at a time, those that are being made included; None for no bound.
        max_waiting: Who else asks for one, with that many waiting already, gets `PoolFull`.
        limits: What is taken from servers.
        http2: Whether HTTP/2 is offered to servers over TLS (extra ``http2``). One connection takes many requests then,
            and bounds do not apply to it.

    Attributes:
        maxPersistentPerHost: Free connections to one server that are kept; the oldest goes.
        cachedConnectionTimeout: Seconds until a connection that nobody uses is closed.
        retryAutomatically: Whether a request is sent again that a connection from the pool lost before anything came back.
    """

    _log = Logger()
    _factory: Any = _HTTP11ClientFactory
    maxPersistentPerHost = 2
    cachedConnectionTimeout: float = 240
    retryAutomatically = True

    def __init__(
        self,
        reactor: Any,
        persistent: bool = True,
        *,
        max_connections: int | None = None,
        max_waiting: int = 1000,
        limits: ResponseLimits = DEFAULT_LIMITS,
        http2: bool = False,
    ) -> None:
        self._reactor = reactor
        self.persistent = persistent
        self.max_connections = max_connections
        self.max_waiting = max_waiting
        self.limits = limits
        self.http2 = http2
        self._connections: dict[Hashable, list[Any]] = {}
        self._timeouts: dict[Any, Any] = {}
        self._shared: dict[Hashable, Any] = {}
        self._negotiating: dict[Hashable, list[Deferred[Any]]] = {}
        # Servers that were asked, and speak HTTP/1 only.
        self._without_http2: set[Hashable] = set()
        self._in_use: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[tuple[Deferred[Any], IStreamClientEndpoint]]] = {}

    # Connections for who asks.

    def getConnection(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        """
        Get a connection.

        Args:
            key: What connections may be shared for: scheme, host and port, say.
            endpoint: Where to connect if none is free.

        Returns:
            A Deferred of a connection; only who got it uses it, until it calls back as free. Cancelling it stops connecting,
            or waiting. It fails with `PoolFull`, or as connecting does.
        """
        connection = self._take(key, endpoint)
        if connection is not None:
            return succeed(connection)
        if self._negotiates(key):
            return self._negotiated(key, endpoint)
        if self.max_connections is None or self._in_use.get(key, 0) < self.max_connections:
            return self._newConnection(key, endpoint)
        return self._wait(key, endpoint)

    def _take(self, key: Hashable, endpoint: Any) -> Any:
        """Return a connection that is free, or None."""
        connections = self._connections.get(key)
        while connections:
            connection = connections.pop(0)
            self._timeouts.pop(connection).cancel()
            if connection.state == "QUIESCENT":
                return self._retrying(connection, key, endpoint)
        return None

    def _retrying(self, connection: Any, key: Hashable, endpoint: Any) -> Any:
        if self.retryAutomatically:
            if key in self._shared:
                return _RetryingHTTP11ClientProtocol(connection, lambda: self.getConnection(key, endpoint))
            return _RetryingHTTP11ClientProtocol(connection, lambda: self._newConnection(key, endpoint))
        return connection

    def _newConnection(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        """Connect."""

        def quiescentCallback(protocol: Any) -> None:
            self._putConnection(key, protocol)

        def failed(reason: Failure) -> Failure:
            self._gone(key)
            return reason

        factory = self._factory(quiescentCallback, repr(endpoint))
        self._in_use[key] = self._in_use.get(key, 0) + 1
        return endpoint.connect(factory).addCallbacks(self._connected, failed, callbackArgs=(key,))

    def _connected(self, connection: Any, key: Hashable) -> Any:
        if isinstance(connection, HTTP11ClientProtocol):
            connection._lost_callback = lambda lost: self._lost(key, lost)
            connection._clock = self._reactor
            connection._limits = self.limits
        return connection

    # HTTP/2: one connection is for all.

    def _negotiates(self, key: Hashable) -> bool:
        return (
            self.http2
            and self.persistent
            and isinstance(key, tuple)
            and key[0] == b"https"
            and key not in self._without_http2
        )

    def _negotiated(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        """Return the connection that all share, or make one and find out whether it is to be shared."""
        shared = self._shared.get(key)
        if shared is not None:
            self._rest_no_more(shared)
            return succeed(self._retrying(shared, key, endpoint))
        pending = self._negotiating.get(key)
        if pending is None:
            return self._negotiate(key, endpoint)
        # Somebody is finding out already.
        waiting: Deferred[Any] = Deferred(pending.remove)
        pending.append(waiting)
        return waiting.addCallback(lambda ignored: self.getConnection(key, endpoint))

    def _negotiate(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        from reactorio.web._client.http2 import HTTP2Connection  # who wants no HTTP/2 needs no h2

        def choose(is_http2: bool) -> Any:
            if not is_http2:
                return factory.buildProtocol(None)
            return HTTP2Connection(self.limits, lambda h2: self._rest(key, h2), lambda h2: self._unshare(key, h2))

        def ready(connection: Any) -> Any:
            if isinstance(connection, HTTP2Connection):
                self._in_use.pop(key, None)
                self._shared[key] = connection
                return connection
            if len(self._without_http2) >= _REMEMBERED_SERVERS:
                self._without_http2.clear()
            self._without_http2.add(key)
            return self._connected(connection, key)

        def known(result: Any) -> Any:
            for waiting in self._negotiating.pop(key):
                waiting.callback(None)
            return result

        def failed(reason: Failure) -> Failure:
            self._gone(key)
            return reason

        factory = self._factory(lambda protocol: self._putConnection(key, protocol), repr(endpoint))
        self._negotiating[key] = []
        self._in_use[key] = self._in_use.get(key, 0) + 1
        connecting: Deferred[Any] = endpoint.connect(NegotiatingFactory(choose))
        connecting.addCallback(lambda protocol: protocol.ready)
        return connecting.addCallbacks(ready, failed).addBoth(known)

    def _rest(self, key: Hashable, shared: Any) -> None:
        """A shared connection has nothing to do: close it if that lasts."""
        self._rest_no_more(shared)
        self._timeouts[shared] = self._reactor.callLater(self.cachedConnectionTimeout, shared.abort)

    def _rest_no_more(self, shared: Any) -> None:
        timeout = self._timeouts.pop(shared, None)
        if timeout is not None and timeout.active():
            timeout.cancel()

    def _unshare(self, key: Hashable, shared: Any) -> None:
        """A shared connection takes no more requests."""
        self._rest_no_more(shared)
        if self._shared.get(key) is shared:
            del self._shared[key]

    # Who waits.

    def _wait(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        waiting = self._waiting.setdefault(key, deque())
        if len(waiting) >= self.max_waiting:
            return fail(PoolFull(f"{len(waiting)} wait for a connection to {key!r} already"))

        def cancel(deferred: Deferred[Any]) -> None:
            waiting.remove(entry)

        deferred: Deferred[Any] = Deferred(cancel)
        entry = (deferred, endpoint)
        waiting.append(entry)
        return deferred

    def _next_waiting(self, key: Hashable) -> tuple[Deferred[Any], IStreamClientEndpoint] | None:
        waiting = self._waiting.get(key)
        if not waiting:
            return None
        entry = waiting.popleft()
        if not waiting:
            del self._waiting[key]
        return entry

    def _gone(self, key: Hashable) -> None:
        """One connection less: is anybody waiting for one?"""
        left = self._in_use.get(key, 1) - 1
        if left > 0:
            self._in_use[key] = left
        else:
            self._in_use.pop(key, None)
        if self.max_connections is not None and left < self.max_connections:
            entry = self._next_waiting(key)
            if entry is not None:
                deferred, endpoint = entry
                connecting = self._newConnection(key, endpoint)
                deferred._canceller = lambda ignored: connecting.cancel()
                connecting.addCallbacks(deferred.callback, deferred.errback)

    def _lost(self, key: Hashable, connection: Any) -> None:
        """A connection ended."""
        if connection in self._timeouts:
            self._removeConnection(key, connection, close=False)
        self._gone(key)

    # Connections that are free.

    def _putConnection(self, key: Hashable, connection: Any) -> None:
        """Keep a connection that is free."""
        if connection.state != "QUIESCENT":
            try:
                raise RuntimeError("BUG: Non-quiescent protocol added to connection pool.")
            except RuntimeError:
                self._log.failure("BUG: Non-quiescent protocol added to connection pool.")
            return
        entry = self._next_waiting(key)
        if entry is not None:
            entry[0].callback(self._retrying(connection, key, entry[1]))
            return
        connections = self._connections.setdefault(key, [])
        if len(connections) == self.maxPersistentPerHost:
            dropped = connections.pop(0)
            dropped.transport.loseConnection()
            self._timeouts.pop(dropped).cancel()
        connections.append(connection)
        self._timeouts[connection] = self._reactor.callLater(
            self.cachedConnectionTimeout, self._removeConnection, key, connection
        )

    def _removeConnection(self, key: Hashable, connection: Any, close: bool = True) -> None:
        """Forget a connection, and close it."""
        if close:
            connection.transport.loseConnection()
        self._connections[key].remove(connection)
        timeout = self._timeouts.pop(connection)
        if timeout.active():
            timeout.cancel()

    def closeCachedConnections(self) -> Deferred[None]:
        """
        Close the connections that are free.

        Returns:
            A Deferred that fires when they are closed.
        """
        closing = []
        for connections in self._connections.values():
            for connection in connections:
                closing.append(connection.abort())
                timeout = self._timeouts.pop(connection)
                if timeout.active():
                    timeout.cancel()
        self._connections = {}
        closing += [shared.abort() for shared in list(self._shared.values())]
        return gatherResults(closing).addCallback(lambda ignored: None)
