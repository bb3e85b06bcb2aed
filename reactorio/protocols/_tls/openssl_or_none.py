"""pyOpenSSL, if it is installed: the one place that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactorio.protocols._tls.engines import Engine

try:
    from OpenSSL import SSL

    from reactorio.protocols._tls.openssl import OpenSSLEngine
except ImportError:
    SSL = None  # type: ignore[assignment]

__all__ = ["SSL", "wrapped_connection"]


def wrapped_connection(connection: Any) -> Engine:
    """
    Return the engine on a connection of pyOpenSSL's.

    Raises:
        ImportError: pyOpenSSL is not installed.
    """
    if SSL is None:
        raise ImportError("TLS with contexts of pyOpenSSL's needs pyOpenSSL: install reactorio[tls]")
    return OpenSSLEngine(connection)
