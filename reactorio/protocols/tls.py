"""
TLS over any stream. The work is in ``reactorio.protocols._tls``.

    over TCP        reactor.listenTCP(port, TLSMemoryBIOFactory(options, False, factory))
    TLS in TLS      TLSMemoryBIOFactory(outer, True, TLSMemoryBIOFactory(inner, True, factory))
"""

from __future__ import annotations

from typing import TypeAlias

from reactorio.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
)
from reactorio.protocols._tls.buffering import (
    _AggregateSmallWrites as _AggregateSmallWrites,  # private, and yet looked at by tests
)
from reactorio.protocols._tls.connection import TLSMemoryBIOProtocol
from reactorio.protocols._tls.factory import TLSMemoryBIOFactory
from reactorio.protocols._tls.factory import (
    _ContextFactoryToConnectionFactory as _ContextFactoryToConnectionFactory,  # private, and yet imported by applications
)
from reactorio.protocols._tls.factory import (
    _get_default_clock as _get_default_clock,  # private, and yet imported by applications
)
from reactorio.protocols._tls.producers import (
    _ProducerMembrane as _ProducerMembrane,
)
from reactorio.protocols._tls.producers import (
    _PullToPush as _PullToPush,
)

__all__ = ["SomeConnectionCreator", "TLSMemoryBIOFactory", "TLSMemoryBIOProtocol"]

SomeConnectionCreator: TypeAlias = (
    IOpenSSLContextFactory | IOpenSSLClientConnectionCreator | IOpenSSLServerConnectionCreator
)
