"""
Passing requests on to another server.

A forward proxy is a `reactorio.web.http.HTTPFactory` whose ``protocol`` is `Proxy`. A reverse proxy is a
`ReverseProxyResource` anywhere in a site::

    root.putChild(b"app", ReverseProxyResource("127.0.0.1", 9000, b""))

The other server is asked in HTTP/1.0, with a connection for each request. What its response brings is handed on as it comes,
and no faster than the client takes it. Headers that concern one connection alone are not handed on (RFC 9110 section 7.6.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from reactorio.web import _refusals, resource
from reactorio.web._proxyclient import ProxyClient, ProxyClientFactory, answer, body_of, headers_of
from reactorio.web.http import HTTPChannel, Request
from reactorio.web.server import NOT_DONE_YET

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Proxy",
    "ProxyClient",
    "ProxyClientFactory",
    "ProxyRequest",
    "ReverseProxy",
    "ReverseProxyRequest",
    "ReverseProxyResource",
]


class ProxyRequest(Request):
    """
    A request to a forward proxy: its target is a whole URL.

    Args:
        channel: See `reactorio.web.http.Request`.
        reactor: What connects; None: the global reactor.
    """

    protocols: Mapping[bytes, Any] = {b"http": ProxyClientFactory}
    ports: Mapping[bytes, int] = {b"http": 80}

    def __init__(self, channel: Any, *queued: Any, reactor: Any = None) -> None:
        if len(queued) == 2:
            *queued, reactor = queued  # type: ignore[assignment]  # by place, as Twisted takes it
        super().__init__(channel, *queued)
        self.reactor = _or_global(reactor)

    def process(self) -> None:
        """Pass it on."""
        uri: bytes = self.uri
        target = urlsplit(uri)
        try:
            scheme = target.scheme
            host, port = (target.hostname or b"").decode("ascii"), target.port or self.ports[scheme]
            factory_class = self.protocols[scheme]
        except (KeyError, ValueError):
            host = ""
        if not host:
            answer(self, 400, b"Bad Request", b"<H1>This proxy cannot ask there</H1>", lambda finish: finish())
            return
        rest: bytes = urlunsplit((b"", b"", target.path, target.query, b"")) or b"/"
        if not rest.startswith(b"/"):
            rest = b"/" + rest
        headers = headers_of(self)
        # RFC 9112 section 3.2.2: the URL says it, whatever the header does.
        headers[b"host"] = target.netloc.rpartition(b"@")[2]
        factory = factory_class(self.method, rest, self.clientproto, headers, body_of(self), self)
        self.reactor.connectTCP(host, port, factory)


class Proxy(HTTPChannel):
    """A forward proxy's connection. Who can connect to it can reach what this host can reach."""

    requestFactory = ProxyRequest


class ReverseProxyRequest(Request):
    """
    A request that is passed on to the host and port that its factory names.

    Args:
        channel: See `reactorio.web.http.Request`.
        reactor: What connects; None: the global reactor.
    """

    proxyClientFactoryClass = ProxyClientFactory

    factory: Any = None
    """What has ``host`` and ``port``; None: the channel's."""

    def __init__(self, channel: Any, *queued: Any, reactor: Any = None) -> None:
        if len(queued) == 2:
            *queued, reactor = queued  # type: ignore[assignment]  # by place, as Twisted takes it
        super().__init__(channel, *queued)
        self.reactor = _or_global(reactor)

    def process(self) -> None:
        """Pass it on."""
        there = self.factory or self.channel.factory
        headers = {**headers_of(self), b"host": there.host.encode("ascii")}
        factory = self.proxyClientFactoryClass(self.method, self.uri, self.clientproto, headers, body_of(self), self)
        self.reactor.connectTCP(there.host, there.port, factory)


class ReverseProxy(HTTPChannel):
    """A connection whose requests all go to the host and port that its factory names."""

    requestFactory = ReverseProxyRequest


class ReverseProxyResource(resource.Resource):
    """
    A resource that another server answers for, with all that is below.

    Args:
        host: The other server.
        port: Its port.
        path: What stands there in the place of this resource's path; quoted, without a slash at its end.
        reactor: What connects; None: the global reactor.
    """

    proxyClientFactoryClass = ProxyClientFactory

    def __init__(self, host: str, port: int, path: bytes, reactor: Any = None) -> None:
        super().__init__()
        self.host = host
        self.port = port
        self.path = path
        self.reactor = _or_global(reactor)

    def getChild(self, path: bytes, request: Any) -> Any:
        # The other server would take these two for directories, and so for a way out of `path`.
        if path in (b".", b".."):
            return _refusals.not_found()
        below = self.path + b"/" + quote(path, safe="").encode("ascii")
        return type(self)(self.host, self.port, below, self.reactor)

    def render(self, request: Any) -> int:
        """Pass the request on."""
        name = self.host if self.port == 80 else f"{self.host}:{self.port}"
        request.requestHeaders.setRawHeaders(b"host", [name.encode("ascii")])
        query = request.uri.partition(b"?")[2]
        rest = self.path + b"?" + query if query else self.path
        factory = self.proxyClientFactoryClass(
            request.method, rest or b"/", request.clientproto, headers_of(request), body_of(request), request
        )
        self.reactor.connectTCP(self.host, self.port, factory)
        return NOT_DONE_YET


def _or_global(reactor: Any) -> Any:
    if reactor is None:
        # Twisted's default.
        from reactorio.internet import reactor
    return reactor
