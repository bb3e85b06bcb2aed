"""Endpoints over endpoints: something between the transport and the application, such as TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.defer import Deferred

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring


@implementer(IStreamClientEndpoint)
class _WrapperEndpoint:
    """
    Connects by another endpoint, with a wrapper around the protocol.

    Args:
        wrappedEndpoint: The other endpoint.
        wrapperFactory: Makes a `reactorio.protocols.policies.WrappingFactory` of the factory to connect with.
    """

    def __init__(self, wrappedEndpoint: Any, wrapperFactory: Callable[[Any], Any]) -> None:
        self._wrappedEndpoint = wrappedEndpoint
        self._wrapperFactory = wrapperFactory

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect; the result is the wrapped protocol, not the wrapper."""
        connecting: Deferred[Any] = self._wrappedEndpoint.connect(self._wrapperFactory(protocolFactory))
        return connecting.addCallback(lambda wrapper: wrapper.wrappedProtocol)


@implementer(IStreamServerEndpoint)
class _WrapperServerEndpoint:
    """
    Listens by another endpoint, with a wrapper around each protocol.

    Args:
        wrappedEndpoint: The other endpoint.
        wrapperFactory: Makes a `reactorio.protocols.policies.WrappingFactory` of the factory to listen with.
    """

    def __init__(self, wrappedEndpoint: Any, wrapperFactory: Callable[[Any], Any]) -> None:
        self._wrappedEndpoint = wrappedEndpoint
        self._wrapperFactory = wrapperFactory

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        """Listen."""
        listening: Deferred[Any] = self._wrappedEndpoint.listen(self._wrapperFactory(protocolFactory))
        return listening
