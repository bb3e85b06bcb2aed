"""How much of everything a client takes from a server."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "ResponseLimits"]


@dataclass(frozen=True)
class ResponseLimits:
    """
    What a client takes from a server; give it to `HTTPConnectionPool`. A response over a limit fails with ResponseFailed for
    a `ResponseTooLarge`, and its connection is closed.

    Attributes:
        field: Bytes of one header or trailer field, and of the reason phrase.
        head: Bytes of status line and header fields together; trailers likewise.
        fields: Header fields of one response, and trailer fields.
        interim: Responses of the 1xx kind before the response itself.
        framing: Bytes that the chunks of a body may have besides their content: so many, and 16 for each byte of content.
    """

    field: int = 16384
    head: int = 131072
    fields: int = 256
    interim: int = 32
    framing: int = 65536


ResponseLimits.__module__ = "reactorio.web.client"
DEFAULT_LIMITS = ResponseLimits()
