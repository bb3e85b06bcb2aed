"""TCP connections, ports and connectors, by the names that applications know."""

from __future__ import annotations

from errno import EAGAIN, EALREADY, ECONNABORTED, EINPROGRESS, EINVAL, EISCONN, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM
from errno import EWOULDBLOCK as EWOULDBLOCK

from reactorio.aio.connecting import BaseClient, Client, Connector
from reactorio.aio.listening import Port, Server
from reactorio.aio.sockets import _NUMERIC_ONLY as _NUMERIC_ONLY
from reactorio.aio.sockets import Binding, makeBinding
from reactorio.aio.sockets import resolve_ipv6 as _resolveIPv6
from reactorio.aio.streams import Connection

__all__ = [
    "EAGAIN",
    "EALREADY",
    "ECONNABORTED",
    "EINPROGRESS",
    "EINVAL",
    "EISCONN",
    "EMFILE",
    "ENFILE",
    "ENOBUFS",
    "ENOMEM",
    "EPERM",
    "EWOULDBLOCK",
    "BaseClient",
    "Binding",
    "Client",
    "Connection",
    "Connector",
    "Port",
    "Server",
    "_resolveIPv6",
    "makeBinding",
]
