"""The types of endpoint strings that are plugins."""

from __future__ import annotations

from reactorio.internet.endpoints import (
    _StandardIOParser,
    _SystemdParser,
    _TCP6ServerParser,
    _TLSClientEndpointParser,
    _TLSServerEndpointParser,
)
from reactorio.protocols.haproxy._parser import HAProxyServerParser

__all__: list[str] = []

haproxy = HAProxyServerParser()
stdio = _StandardIOParser()
systemd = _SystemdParser()
tcp6 = _TCP6ServerParser()
tls_client = _TLSClientEndpointParser()
tls_server = _TLSServerEndpointParser()
