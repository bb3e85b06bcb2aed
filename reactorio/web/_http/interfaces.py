"""What a connection asks of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from reactorio.python.failure import Failure
    from reactorio.web.http_headers import Headers

__name__ = "reactorio.web.http"  # the public path


class _IDeprecatedHTTPChannelToRequestInterface(Interface, Protocol):
    """All that `HTTPChannel` uses of what its ``requestFactory`` makes."""

    requestHeaders: Headers = Attribute("The fields that came.")
    responseHeaders: Headers = Attribute("The fields of the response.")

    def connectionLost(self, reason: Failure) -> None:
        """The connection ended before the answer did."""

    def gotLength(self, length: int | None) -> None:
        """A body of this length follows; None if nobody knows."""

    def handleContentChunk(self, data: bytes) -> None:
        """A part of the body."""

    def parseCookies(self) -> None:
        """The fields are whole: read the cookies."""

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """All is there: answer."""

    def __eq__(self, other: object) -> bool:
        """Is it the same request?"""

    def __ne__(self, other: object) -> bool:
        """Is it another request?"""

    def __hash__(self) -> int:
        """Requests are kept in mappings."""
