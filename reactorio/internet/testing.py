"""
Stand-ins for tests: transports that keep what is written, reactors without sockets whose time a test moves on,
protocols that keep what arrives, a log observer that keeps events.
"""

from __future__ import annotations

from reactorio.internet._testing.observers import EventLoggingObserver
from reactorio.internet._testing.protocols import (
    AccumulatingProtocol,
    LineSendingProtocol,
    NonStreamingProducer,
    waitUntilAllDisconnected,
)
from reactorio.internet._testing.reactors import (
    MemoryReactor,
    MemoryReactorClock,
    RaisingMemoryReactor,
    SynchronousResolver,
)
from reactorio.internet._testing.transports import (
    FakeDatagramTransport,
    StringIOWithoutClosing,
    StringTransport,
    StringTransportWithDisconnection,
    _FakeConnector,
    _FakePort,
)

__all__ = [
    "AccumulatingProtocol",
    "EventLoggingObserver",
    "FakeDatagramTransport",
    "LineSendingProtocol",
    "MemoryReactor",
    "MemoryReactorClock",
    "NonStreamingProducer",
    "RaisingMemoryReactor",
    "StringIOWithoutClosing",
    "StringTransport",
    "StringTransportWithDisconnection",
    "SynchronousResolver",
    "_FakeConnector",
    "_FakePort",
    "waitUntilAllDisconnected",
]
