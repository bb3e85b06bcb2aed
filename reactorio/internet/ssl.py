"""
TLS contexts for applications that bring pyOpenSSL. Extra ``tls``.

What is here are the factories of contexts. The reactor has no TLS transports yet, which is what ``supported`` tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from OpenSSL import SSL

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ClientContextFactory", "ContextFactory", "DefaultOpenSSLContextFactory", "supported"]

supported = False


class ContextFactory:
    """Makes the context that connections share; a subclass brings `getContext`."""

    isClient = 0

    def getContext(self) -> SSL.Context:
        """Return the context for a connection."""
        raise NotImplementedError(f"{type(self).__qualname__} does not say which context")


class ClientContextFactory:
    """
    Contexts for clients that verify nothing.

    Attributes:
        method: What pyOpenSSL negotiates; by default any version from TLS 1.2 on.
    """

    isClient = 1
    method = SSL.TLS_METHOD

    def getContext(self) -> SSL.Context:
        context = SSL.Context(self.method)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        return context


class DefaultOpenSSLContextFactory(ContextFactory):
    """
    One context for a server, from two PEM files, which are read at once.

    Raises:
        OpenSSL.SSL.Error: A file cannot be read, or key and certificate do not match.
    """

    _context: SSL.Context | None = None

    def __init__(
        self,
        privateKeyFileName: str | bytes,
        certificateFileName: str | bytes,
        sslmethod: int = SSL.TLS_METHOD,
        _contextFactory: Callable[[int], Any] = SSL.Context,
    ) -> None:
        self.privateKeyFileName = privateKeyFileName
        self.certificateFileName = certificateFileName
        self.sslmethod = sslmethod
        self._contextFactory = _contextFactory
        self.cacheContext()

    def cacheContext(self) -> None:
        """Read the files, if that has not been done."""
        self.getContext()

    def getContext(self) -> SSL.Context:
        context = self._context
        if context is None:
            context = self._contextFactory(self.sslmethod)
            context.set_min_proto_version(SSL.TLS1_2_VERSION)
            context.use_certificate_file(self.certificateFileName)
            context.use_privatekey_file(self.privateKeyFileName)
            self._context = context
        return context

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_context"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
