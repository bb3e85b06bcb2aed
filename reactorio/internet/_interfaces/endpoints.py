"""Endpoints: where a program connects or listens, as objects and as strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from reactorio.internet._interfaces.streams import IListeningPort, IProtocol, IProtocolFactory
    from reactorio.internet.defer import Deferred

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class IStreamClientEndpoint(Interface, Protocol):
    """Somewhere to connect to."""

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Connect.

        Returns:
            A Deferred of the protocol that ``protocolFactory`` made, once it is connected; it fails when that cannot
            be done. Cancelling it gives up the attempt, and it fails with `ConnectingCancelledError`.
        """


class IStreamServerEndpoint(Interface, Protocol):
    """Somewhere to listen at."""

    def listen(self, protocolFactory: IProtocolFactory, /) -> Deferred[IListeningPort]:
        """Listen; returns a Deferred of the port, which fails with `CannotListenError`."""


class IStreamServerEndpointStringParser(Interface, Protocol):
    """A plugin that makes server endpoints from strings; found on ``twisted.plugins``."""

    prefix: str = Attribute("The word before the first colon.")

    def parseStreamServer(self, reactor: Any, *args: str, **kwargs: str) -> IStreamServerEndpoint:
        """Make the endpoint from what the string says after the prefix, cut at colons and unquoted."""


class IStreamClientEndpointStringParserWithReactor(Interface, Protocol):
    """A plugin that makes client endpoints from strings; found on ``twisted.plugins``."""

    prefix: str = Attribute("The word before the first colon.")

    def parseStreamClient(self, reactor: Any, *args: str, **kwargs: str) -> IStreamClientEndpoint:
        """Make the endpoint from what the string says after the prefix, cut at colons and unquoted."""
