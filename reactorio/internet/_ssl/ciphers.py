"""Cipher suites, and Diffie-Hellman parameters."""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IAcceptableCiphers, ICipher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["OpenSSLAcceptableCiphers", "OpenSSLCipher", "OpenSSLDiffieHellmanParameters", "defaultCiphers"]

__name__ = "reactorio.internet._sslverify"  # the public path: see the package's docstring


@implementer(ICipher)
class OpenSSLCipher:
    """A cipher suite, by the name that OpenSSL has for it."""

    def __init__(self, fullName: str) -> None:
        self.fullName = fullName

    def __eq__(self, other: object) -> bool:
        return self.fullName == other.fullName if isinstance(other, OpenSSLCipher) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.fullName)

    def __repr__(self) -> str:
        return f"OpenSSLCipher({self.fullName!r})"


@lru_cache(maxsize=32)
def expand(cipher_string: str) -> tuple[OpenSSLCipher, ...]:
    """Return the suites that OpenSSL finds in a string of its own syntax; TLS 1.3's are always there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.set_ciphers(cipher_string)
    except ssl.SSLError:
        return ()
    return tuple(OpenSSLCipher(cipher["name"]) for cipher in context.get_ciphers())


@implementer(IAcceptableCiphers)
class OpenSSLAcceptableCiphers:
    """Cipher suites, the preferred first."""

    def __init__(self, ciphers: Iterable[ICipher]) -> None:
        self._ciphers = tuple(ciphers)

    def selectCiphers(self, availableCiphers: Iterable[ICipher]) -> Sequence[ICipher]:
        """Return those of ours that are available, in our order."""
        available = set(availableCiphers)
        return tuple(cipher for cipher in self._ciphers if cipher in available)

    @classmethod
    def fromOpenSSLCipherString(cls, cipherString: str) -> OpenSSLAcceptableCiphers:
        """Return the suites that OpenSSL finds in a string of its own syntax (``ECDHE+AESGCM:!aNULL``)."""
        return cls(expand(cipherString))


# Forward secrecy and authenticated encryption first; the rest of AES for those who have no better.
defaultCiphers = OpenSSLAcceptableCiphers.fromOpenSSLCipherString(
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:RSA+AESGCM:RSA+AES:"
    "!aNULL:!eNULL:!MD5:!DSS:!aPSK:!kPSK:!SRP:!ARIA:!CAMELLIA"
)


def selected(acceptable: IAcceptableCiphers) -> tuple[ICipher, ...]:
    """Return which of ``acceptable`` OpenSSL has."""
    return tuple(acceptable.selectCiphers(expand("ALL:COMPLEMENTOFALL")))


class OpenSSLDiffieHellmanParameters:
    """
    Parameters for the Diffie-Hellman key exchange of TLS 1.2.

    Args:
        parameters: A `FilePath` of a PEM file.
    """

    def __init__(self, parameters: Any) -> None:
        self._dhFile = parameters

    @classmethod
    def fromFile(cls, filePath: Any) -> OpenSSLDiffieHellmanParameters:
        """Return the parameters in the PEM file ``filePath``, which is read with each context that is made."""
        return cls(filePath)
