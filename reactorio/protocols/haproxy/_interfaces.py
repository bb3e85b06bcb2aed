"""What the parsers of both versions have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IAddress


class IProxyInfo(Interface, Protocol):
    """What a header says."""

    header: bytes = Attribute("The header itself.")
    source: IAddress | None = Attribute("The client's address; None where the connection's own peer is meant.")
    destination: IAddress | None = Attribute("The address that the client connected to; None likewise.")


class IProxyParser(Interface, Protocol):
    """Reads one header, of one version."""

    def feed(self, data: bytes) -> tuple[IProxyInfo, bytes] | tuple[None, None]:
        """
        Take what arrived.

        Returns:
            What the header says, and what came after it; two Nones while it is not complete.

        Raises:
            InvalidProxyHeader: It is not going to be a header, as soon as that is certain.
        """

    def parse(self, line: bytes) -> IProxyInfo:
        """
        Read a complete header, without what ends it.

        Raises:
            InvalidProxyHeader: It is none.
        """
