"""TLS: ciphers, and who makes pyOpenSSL's connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class ICipher(Interface, Protocol):
    """A cipher suite."""

    fullName: str = Attribute("The suite's name as OpenSSL writes it.")


class IAcceptableCiphers(Interface, Protocol):
    """Cipher suites in order of preference."""

    def selectCiphers(self, availableCiphers: Sequence[ICipher]) -> Sequence[ICipher]:
        """Return those of ``availableCiphers`` that may be used, the preferred first."""


class IOpenSSLClientConnectionCreator(Interface, Protocol):
    """Makes the client's end of a TLS connection."""

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """Return an ``OpenSSL.SSL.Connection`` for the given TLS protocol, on memory BIOs, its state set to connect."""


class IOpenSSLServerConnectionCreator(Interface, Protocol):
    """Makes the server's end of a TLS connection."""

    def serverConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """Return an ``OpenSSL.SSL.Connection`` for the given TLS protocol, on memory BIOs, its state set to accept."""


class IOpenSSLContextFactory(Interface, Protocol):
    """Has one TLS context for all connections; new code makes connections, as the two creators above do."""

    def getContext(self) -> Any:
        """Return an ``OpenSSL.SSL.Context``."""
