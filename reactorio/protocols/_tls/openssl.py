"""The engine on pyOpenSSL, for the contexts and connections that applications bring."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL

from reactorio.protocols._tls.engines import Truncated

__all__ = ["OpenSSLEngine"]

_CHUNK = 128 * 1024


class OpenSSLEngine:
    """
    Args:
        connection: A pyOpenSSL connection on memory BIOs, its state (connect or accept) set.
    """

    def __init__(self, connection: SSL.Connection) -> None:
        self.connection: Any = connection

    def handshake(self) -> bool:
        try:
            self.connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            raise _as_truncated(error) from None
        return True

    def receive(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[self.connection.bio_write(view) or len(view) :]

    def receive_eof(self) -> None:
        self.connection.bio_shutdown()

    def to_send(self) -> bytes:
        try:
            data: bytes = self.connection.bio_read(_CHUNK)
        except SSL.WantReadError:
            return b""
        if len(data) < _CHUNK:
            return data
        return data + self.to_send()

    def read(self) -> bytes | None:
        try:
            text: bytes = self.connection.recv(_CHUNK)
        except SSL.WantReadError:
            return None
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error as error:
            raise _as_truncated(error) from None
        return text

    def write(self, text: memoryview) -> int:
        try:
            taken: int = self.connection.send(text)
        except SSL.WantReadError:
            return 0
        except SSL.Error as error:
            raise _as_truncated(error) from None
        return taken

    def close(self) -> bool:
        try:
            return bool(self.connection.shutdown())
        except SSL.Error:
            # The handshake is not over, or has failed: there is nobody to tell.
            return True

    def peer_certificate(self) -> Any:
        return self.connection.get_peer_certificate()

    def negotiated_protocol(self) -> bytes | None:
        return self.connection.get_alpn_proto_negotiated() or None


def _as_truncated(error: SSL.Error) -> Exception:
    """Return `Truncated` for what pyOpenSSL says when the stream has ended, in any of its versions; else the error."""
    if isinstance(error, SSL.SysCallError):
        return Truncated() if error.args[:1] == (-1,) else error
    reasons = error.args[0] if error.args else []
    if not reasons or any("unexpected eof" in str(reason[-1]) for reason in reasons):
        return Truncated()
    return error
