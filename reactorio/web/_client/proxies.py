"""Requests by way of an HTTP proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.web._client.agent import _AgentBase
from reactorio.web._client.uri import URI, _ensureValidURI
from reactorio.web.iweb import IAgent

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred
    from reactorio.internet.interfaces import IStreamClientEndpoint
    from reactorio.web.http_headers import Headers
    from reactorio.web.iweb import IBodyProducer, IResponse

__name__ = "reactorio.web.client"  # the public path


@implementer(IAgent)
class ProxyAgent(_AgentBase):
    """
    Sends every request to a proxy, with the whole URI as its target (RFC 9112 section 3.2.2).

    The proxy sees all of an https request, too, and speaks TLS in one's place.

    Args:
        endpoint: Where the proxy is.
        reactor: What everything is done with, None for the one that runs.
        pool: Where connections come from; without one, none is used twice.
        total_timeout, read_timeout: As for `Agent`.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        reactor: Any = None,
        pool: Any = None,
        *,
        total_timeout: float | None = None,
        read_timeout: float | None = None,
    ) -> None:
        if reactor is None:
            from reactorio.internet import reactor  # the signature is Twisted's: somebody may have none to give
        super().__init__(reactor, pool, total_timeout=total_timeout, read_timeout=read_timeout)
        self._proxyEndpoint = endpoint

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """
        Send a request through the proxy; see `Agent.request`.

        Raises:
            TypeError: ``method`` is not bytes.
            ValueError: ``uri`` or ``method`` is none.
        """
        uri = _ensureValidURI(uri.strip())
        # By the proxy, and not by where it leads: connections are to the proxy.
        key = ("http-proxy", self._proxyEndpoint)
        return self._requestWithEndpoint(
            key, self._proxyEndpoint, method, URI.fromBytes(uri), headers, bodyProducer, uri
        )
