"""
What an engine is: TLS without I/O. Bytes from the peer go in, bytes for it come out, the application's text beside them.

The errors are one for both engines, since applications catch them by pyOpenSSL's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    TLSError: type[Exception]
else:
    try:
        from OpenSSL.SSL import Error as TLSError
    except ImportError:

        class TLSError(Exception):
            """TLS failed: the list of (library, function, reason) of what OpenSSL says, as pyOpenSSL's ``SSL.Error``."""


__all__ = ["Engine", "TLSError", "Truncated", "VerificationError", "no_common_protocol"]


def no_common_protocol() -> Exception:
    """Return the error of a server that accepts none of the protocols that the client offers."""
    return TLSError([("SSL routines", "", "no application protocol")])


class VerificationError(Exception):
    """
    The peer's certificate is in order, but it is another's.

    Attributes:
        errors: What was looked for in the certificate in vain.
    """

    def __init__(self, errors: Any = ()) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        return self.errors if isinstance(self.errors, str) else ", ".join(map(str, self.errors))


VerificationError.__module__ = "reactorio.internet.ssl"


class Truncated(Exception):
    """The stream ended where TLS was not over."""


class Engine(Protocol):
    """
    One end of a TLS connection. Every method may leave something in `to_send`.

    Methods that move the protocol on raise `TLSError` when TLS has failed, `VerificationError` when the peer is not
    the one that it should be, `Truncated` after `receive_eof`.

    Attributes:
        connection: What applications get for the handle: a pyOpenSSL ``Connection``, or what stands in for it.
    """

    connection: Any

    def handshake(self) -> bool:
        """Go on with the handshake; return whether it is complete."""

    def receive(self, data: bytes | memoryview) -> None:
        """Take bytes from the peer."""

    def receive_eof(self) -> None:
        """There are no more."""

    def to_send(self) -> bytes:
        """Return the bytes for the peer, once."""

    def read(self) -> bytes | None:
        """Return some text that arrived, None if there is no more yet, nothing if the peer has closed its side."""

    def write(self, text: memoryview) -> int:
        """Return how much of ``text`` is taken; 0 means that bytes from the peer are needed first."""

    def close(self) -> bool:
        """Close our side; return whether the peer has closed its own."""

    def peer_certificate(self) -> Any:
        """Return the peer's certificate, as pyOpenSSL's X509 where that is installed; None without one."""

    def negotiated_protocol(self) -> bytes | None:
        """Return what ALPN has chosen."""
