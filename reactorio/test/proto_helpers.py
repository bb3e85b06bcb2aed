"""The former place of `reactorio.internet.testing`: each name is found here too, with a DeprecationWarning."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from reactorio.internet import testing

if TYPE_CHECKING:
    from reactorio.internet.testing import (
        AccumulatingProtocol,
        EventLoggingObserver,
        FakeDatagramTransport,
        LineSendingProtocol,
        MemoryReactor,
        MemoryReactorClock,
        NonStreamingProducer,
        RaisingMemoryReactor,
        StringIOWithoutClosing,
        StringTransport,
        StringTransportWithDisconnection,
        _FakeConnector,
        _FakePort,
        waitUntilAllDisconnected,
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
    "_FakeConnector",
    "_FakePort",
    "waitUntilAllDisconnected",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"{__name__}.{name} was deprecated in Twisted 19.7.0: Please use {testing.__name__}.{name} instead.",
        category=DeprecationWarning,
        stacklevel=2,
    )
    return getattr(testing, name)
