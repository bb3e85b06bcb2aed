"""Factories of pyOpenSSL's contexts, as programs before options have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IOpenSSLContextFactory
from reactorio.protocols._tls.openssl_or_none import SSL

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ClientContextFactory", "ContextFactory", "DefaultOpenSSLContextFactory"]

__name__ = "reactorio.internet.ssl"  # the public path: see the package's docstring

# OpenSSL's SSL_OP_NO_SSLv3, NO_TLSv1 and NO_TLSv1_1.
_NOTHING_OLD = 0x02000000 | 0x04000000 | 0x10000000

# pyOpenSSL's TLS_METHOD: whatever both sides have.
_ANY_VERSION = 7


def _new_context(method: int) -> Any:
    if SSL is None:
        raise ImportError("contexts of pyOpenSSL's need pyOpenSSL: install reactorio[tls]")
    return SSL.Context(method)


@implementer(IOpenSSLContextFactory)
class ContextFactory:
    """Makes the context that connections share; a subclass brings `getContext`."""

    isClient = 0

    def getContext(self) -> Any:
        """Return the context for a connection."""
        raise NotImplementedError(f"{type(self).__qualname__} does not say which context")


@implementer(IOpenSSLContextFactory)
class ClientContextFactory:
    """
    Contexts for clients that verify nothing.

    Attributes:
        method: What pyOpenSSL negotiates; by default any version from TLS 1.2 on.
    """

    isClient = 1
    method = _ANY_VERSION
    _contextFactory: Callable[[int], Any] = staticmethod(_new_context)

    def getContext(self) -> Any:
        context = self._contextFactory(self.method)
        context.set_options(_NOTHING_OLD)
        return context


class DefaultOpenSSLContextFactory(ContextFactory):
    """
    One context for a server, from two PEM files, which are read at once.

    Raises:
        OpenSSL.SSL.Error: A file cannot be read, or key and certificate do not match.
    """

    _context: Any = None

    def __init__(
        self,
        privateKeyFileName: str | bytes,
        certificateFileName: str | bytes,
        sslmethod: int = _ANY_VERSION,
        _contextFactory: Callable[[int], Any] = _new_context,
    ) -> None:
        self.privateKeyFileName = privateKeyFileName
        self.certificateFileName = certificateFileName
        self.sslmethod = sslmethod
        self._contextFactory = _contextFactory
        self.cacheContext()

    def cacheContext(self) -> None:
        """Read the files, if that has not been done."""
        if self._context is None:
            context = self._contextFactory(self.sslmethod)
            context.set_options(_NOTHING_OLD)
            context.use_certificate_file(self.certificateFileName)
            context.use_privatekey_file(self.privateKeyFileName)
            self._context = context

    def getContext(self) -> Any:
        self.cacheContext()
        return self._context

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_context"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
