"""ALPN (RFC 7301) on pyOpenSSL's connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.protocols._tls.engines import no_common_protocol
from reactorio.protocols._tls.openssl_or_none import SSL

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["accept_protocols", "chooser"]


def accept_protocols(connection: Any, is_client: bool, protocols: Sequence[bytes]) -> None:
    """Have a connection of pyOpenSSL's agree on one of ``protocols``, if it is not too late."""
    if is_client:
        connection.set_alpn_protos(list(protocols))
        return
    try:
        # For servers there is no other way than on the context.
        connection.get_context().set_alpn_select_callback(chooser(()))
    except ValueError:
        pass  # Newer ones refuse that once there are connections. What made this one has seen to it, or does not want it.


def chooser(protocols: Sequence[bytes]) -> Any:
    """Return what chooses for a server: from what its protocol's factory accepts, or else from ``protocols``."""

    def choose(connection: Any, theirs: Sequence[bytes]) -> Any:
        factory: Any = getattr(connection.get_app_data(), "factory", None)
        ours = (factory._acceptable_protocols() if hasattr(factory, "_acceptable_protocols") else ()) or protocols
        if not ours:
            return SSL.NO_OVERLAPPING_PROTOCOLS  # which goes on without
        for protocol in ours:
            if protocol in theirs:
                return protocol
        # It comes out of the handshake, and the peer gets the alert no_application_protocol (RFC 7301 section 3.2).
        # Returning nothing, which pyOpenSSL takes too, makes OpenSSL tell of an internal error.
        raise no_common_protocol()

    return choose
