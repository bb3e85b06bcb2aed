"""The type ``haproxy`` of endpoint strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.endpoints import _WrapperServerEndpoint, quoteStringArgument, serverFromString
from reactorio.internet.interfaces import IStreamServerEndpointStringParser
from reactorio.plugin import IPlugin
from reactorio.protocols.haproxy import proxyEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping


def _quote(argument: object) -> str:
    return quoteStringArgument(str(argument)).replace("=", "\\=")


def unparseEndpoint(args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
    """Return the string that has these arguments; the keyword arguments in the order of their names."""
    named = (f"{_quote(name)}={_quote(value)}" for name, value in sorted(kwargs.items()))
    return ":".join([*map(_quote, args), *named])


@implementer(IPlugin, IStreamServerEndpointStringParser)
class HAProxyServerParser:
    """The type ``haproxy``: before another server's string, it has the connections to that start with a PROXY header."""

    prefix = "haproxy"

    def parseStreamServer(self, reactor: Any, *args: object, **kwargs: object) -> _WrapperServerEndpoint:
        return proxyEndpoint(serverFromString(reactor, unparseEndpoint(args, kwargs)))
