"""
Protocols and factories: what an application subclasses. The work is in ``reactorio.internet._protocol``.
"""

from __future__ import annotations

from reactorio.internet._protocol.adapters import ConsumerToProtocolAdapter, FileWrapper, ProtocolToConsumerAdapter
from reactorio.internet._protocol.creator import ClientCreator
from reactorio.internet._protocol.creator import (
    _InstanceFactory as _InstanceFactory,  # private, yet imported by applications
)
from reactorio.internet._protocol.datagrams import AbstractDatagramProtocol, ConnectedDatagramProtocol, DatagramProtocol
from reactorio.internet._protocol.factories import ClientFactory, Factory, ServerFactory
from reactorio.internet._protocol.processes import ProcessProtocol
from reactorio.internet._protocol.reconnecting import ReconnectingClientFactory
from reactorio.internet._protocol.streams import BaseProtocol, Protocol, connectionDone

__all__ = [
    "AbstractDatagramProtocol",
    "BaseProtocol",
    "ClientCreator",
    "ClientFactory",
    "ConnectedDatagramProtocol",
    "ConsumerToProtocolAdapter",
    "DatagramProtocol",
    "Factory",
    "FileWrapper",
    "ProcessProtocol",
    "Protocol",
    "ProtocolToConsumerAdapter",
    "ReconnectingClientFactory",
    "ServerFactory",
    "connectionDone",
]
