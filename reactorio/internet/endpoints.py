"""
Endpoints: where to connect and where to listen, as objects. The work is in ``reactorio.internet._endpoints``.
"""

from __future__ import annotations

from reactorio.internet._endpoints.hostname import (
    HostnameEndpoint,
)
from reactorio.internet._endpoints.hostname import (
    # Private, and yet put into test reactors by applications' tests.
    _SimpleHostnameResolver as _SimpleHostnameResolver,
)
from reactorio.internet._endpoints.inherited import (
    AdoptedStreamServerEndpoint,
    StandardIOEndpoint,
)
from reactorio.internet._endpoints.inherited import (
    _StandardIOParser as _StandardIOParser,  # what the plugin module instantiates
)
from reactorio.internet._endpoints.inherited import (
    _SystemdParser as _SystemdParser,
)
from reactorio.internet._endpoints.layers import (
    _WrapperEndpoint as _WrapperEndpoint,  # private, and yet imported by applications
)
from reactorio.internet._endpoints.layers import (
    _WrapperServerEndpoint as _WrapperServerEndpoint,
)
from reactorio.internet._endpoints.process import (
    ProcessEndpoint,
    StandardErrorBehavior,
)
from reactorio.internet._endpoints.process import (
    _ProcessEndpointTransport as _ProcessEndpointTransport,  # private, and yet looked at by tests
)
from reactorio.internet._endpoints.process import (
    _WrapIProtocol as _WrapIProtocol,
)
from reactorio.internet._endpoints.strings import (
    _parse as _parse,  # private, and yet imported by applications
)
from reactorio.internet._endpoints.strings import (
    _parseServer as _parseServer,
)
from reactorio.internet._endpoints.strings import (
    _TCP6ServerParser as _TCP6ServerParser,  # what the plugin module instantiates
)
from reactorio.internet._endpoints.strings import (
    clientFromString,
    quoteStringArgument,
    serverFromString,
)
from reactorio.internet._endpoints.tcp import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
)
from reactorio.internet._endpoints.tls import (
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    wrapClientTLS,
    wrapServerTLS,
)
from reactorio.internet._endpoints.tls import (
    _loadCAsFromDir as _loadCAsFromDir,  # private, and yet looked at by tests
)
from reactorio.internet._endpoints.tls import (
    _TLSClientEndpointParser as _TLSClientEndpointParser,  # what the plugin module instantiates
)
from reactorio.internet._endpoints.tls import (
    _TLSServerEndpoint as _TLSServerEndpoint,
)
from reactorio.internet._endpoints.tls import (
    _TLSServerEndpointParser as _TLSServerEndpointParser,
)
from reactorio.internet._endpoints.unix import UNIXClientEndpoint, UNIXServerEndpoint
from reactorio.internet._endpoints.wrapping import (
    _WrappingFactory as _WrappingFactory,  # private, and yet imported by applications
)
from reactorio.internet._endpoints.wrapping import (
    _WrappingProtocol as _WrappingProtocol,  # private, and yet imported by applications
)
from reactorio.internet._endpoints.wrapping import (
    connectProtocol,
)
from reactorio.plugin import getPlugins as getPlugins  # replaced by tests of applications

__all__ = [
    "AdoptedStreamServerEndpoint",
    "HostnameEndpoint",
    "ProcessEndpoint",
    "SSL4ClientEndpoint",
    "SSL4ServerEndpoint",
    "StandardErrorBehavior",
    "StandardIOEndpoint",
    "TCP4ClientEndpoint",
    "TCP4ServerEndpoint",
    "TCP6ClientEndpoint",
    "TCP6ServerEndpoint",
    "UNIXClientEndpoint",
    "UNIXServerEndpoint",
    "clientFromString",
    "connectProtocol",
    "quoteStringArgument",
    "serverFromString",
    "wrapClientTLS",
    "wrapServerTLS",
]


def __getattr__(name: str) -> object:
    # What they need is not there in every program.
    if name in ("SNIConnectionCreator", "autoReloadingDirectoryOfPEMs"):
        from reactorio.protocols import _sni

        return getattr(_sni, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
