"""Endpoints that a process is born with: standard input and output, and sockets that somebody else has bound."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred, execute, fail
from reactorio.internet.error import AlreadyListened
from reactorio.internet.interfaces import IStreamServerEndpoint, IStreamServerEndpointStringParser
from reactorio.internet.stdio import PipeAddress, StandardIO
from reactorio.plugin import IPlugin
from reactorio.python.systemd import ListenFDs

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IProtocolFactory

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring


@implementer(IStreamServerEndpoint)
class StandardIOEndpoint:
    """Standard input and output: one connection, there at once."""

    _stdio: Any = StandardIO

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def listen(self, stdioProtocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect the factory's protocol; returns a Deferred of the `StandardIO`."""
        return execute(self._stdio, stdioProtocolFactory.buildProtocol(PipeAddress()), reactor=self._reactor)


@implementer(IStreamServerEndpoint)
class AdoptedStreamServerEndpoint:
    """
    A socket that is bound and listens already.

    Args:
        fileno: Its descriptor, which is closed once the reactor has one of its own.
        addressFamily: AF_INET, AF_INET6 or AF_UNIX.
    """

    _close = staticmethod(os.close)

    def __init__(self, reactor: Any, fileno: int, addressFamily: int) -> None:
        self.reactor = reactor
        self.fileno = fileno
        self.addressFamily = addressFamily
        self._used = False

    @staticmethod
    def _setNonBlocking(fileno: int) -> None:
        os.set_blocking(fileno, False)

    def listen(self, factory: IProtocolFactory) -> Deferred[Any]:
        """Listen; returns a Deferred of the port, which fails with `AlreadyListened` after the first time."""
        if self._used:
            return fail(AlreadyListened())
        self._used = True
        try:
            self._setNonBlocking(self.fileno)
            port = self.reactor.adoptStreamPort(self.fileno, self.addressFamily, factory)
            self._close(self.fileno)
        except Exception:
            return fail()
        return execute(lambda: port)


@implementer(IPlugin, IStreamServerEndpointStringParser)
class _StandardIOParser:
    """The type ``stdio``, which is also written ``stdio:``."""

    prefix = "stdio"

    def parseStreamServer(self, reactor: Any, *args: str, **kwargs: str) -> StandardIOEndpoint:
        return StandardIOEndpoint(reactor, *filter(None, args), **kwargs)


@implementer(IPlugin, IStreamServerEndpointStringParser)
class _SystemdParser:
    """
    The type ``systemd``: a socket that was passed on by ``LISTEN_FDS``, by its number among those or its name.

    ``systemd:domain=INET:index=0``, ``systemd:domain=UNIX:name=web``
    """

    prefix = "systemd"

    _sddaemon = ListenFDs.fromEnvironment()

    def parseStreamServer(self, reactor: Any, *args: str, **kwargs: str) -> AdoptedStreamServerEndpoint:
        return self._endpoint(reactor, *args, **kwargs)

    def _endpoint(
        self, reactor: Any, domain: str, index: str | None = None, name: str | None = None
    ) -> AdoptedStreamServerEndpoint:
        if (index is None) == (name is None):
            raise ValueError("Descriptor must be identified by exactly one of index and name")
        if name is not None:
            fileno = self._sddaemon.inheritedNamedDescriptors()[name]
        else:
            fileno = self._sddaemon.inheritedDescriptors()[int(index)]  # type: ignore[arg-type]  # one of the two is there
        family: int = getattr(socket, f"AF_{domain}")
        return AdoptedStreamServerEndpoint(reactor, fileno, family)
