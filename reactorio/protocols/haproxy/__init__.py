"""
The PROXY protocol's receiving side: whom a proxy speaks for is in a header before the connection's data.

Specification: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, versions 1 and 2; it is "the specification" in
what follows.

    _wrapper      between the connection and the application
    _v1parser     the line of text
    _v2parser     the binary header
    _tlvs         what a binary header says beyond addresses
    _info         what a header says

Only the proxy may be able to connect: whoever else does can claim to be anybody.
"""

from __future__ import annotations

from typing import Any

from reactorio.internet.endpoints import _WrapperServerEndpoint
from reactorio.protocols.haproxy._wrapper import HAProxyWrappingFactory

__all__ = ["proxyEndpoint"]


def proxyEndpoint(wrappedEndpoint: Any) -> _WrapperServerEndpoint:
    """
    Return an endpoint that listens by another, for proxies that speak the PROXY protocol.

    A protocol's transport has the client's address for its peer, and the one that the client connected to for its host. Its
    ``proxy_info`` has what else the proxy told: see `reactorio.protocols.haproxy._info.ProxyInfo`.

    Args:
        wrappedEndpoint: The other endpoint.
    """
    return _WrapperServerEndpoint(wrappedEndpoint, HAProxyWrappingFactory)
