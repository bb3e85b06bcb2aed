"""The engine on the standard library's ``ssl``: memory BIOs, and no pyOpenSSL needed."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from reactorio.logger import Logger
from reactorio.protocols._tls.engines import TLSError, Truncated, VerificationError, no_common_protocol
from reactorio.protocols._tls.hello import NO_APPLICATION_PROTOCOL, ClientHello

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

try:
    from cryptography import x509
except ImportError:
    x509 = None  # type: ignore[assignment]

try:
    from OpenSSL.crypto import X509
except ImportError:
    X509 = None  # type: ignore[assignment,misc]

__all__ = ["StdlibEngine", "server_name_callback"]

_log = Logger(namespace="reactorio.protocols.tls")

# As much as a record holds: more is allocated in vain.
_CHUNK = 16 * 1024

# X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
_ANOTHERS = (62, 64)


class StdlibEngine:
    """
    Args:
        context: A context of the standard library's.
        is_client: Which side this is.
        server_hostname: The name or address to check the server's certificate for, and to tell the server.
        own_certificate: What `StdlibConnection.get_certificate` returns.
        watch_hello: Is the context's `server_name_callback` to know what the client offers?
    """

    _hello: ClientHello | None = None

    def __init__(
        self,
        context: ssl.SSLContext,
        is_client: bool,
        server_hostname: str | None = None,
        own_certificate: Any = None,
        watch_hello: bool = False,
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=not is_client, server_hostname=server_hostname
        )
        self.connection: Any = StdlibConnection(self._object, own_certificate)
        if watch_hello:
            self._hello = hello = ClientHello()
            setattr(self._object, "_hello", hello)

    def handshake(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLZeroReturnError as error:
            # Contexts that others have made may say so where the stream has ended, see `internet._ssl.contexts`.
            raise Truncated() from error
        except ssl.SSLError as error:
            if getattr(self._object, "_nothing_in_common", False):
                raise no_common_protocol() from error
            raise _translated(error) from error
        return True

    def receive(self, data: bytes | memoryview) -> None:
        if self._hello is not None:
            self._hello.receive(data)
            if self._hello.is_over:
                self._hello = None
        self._incoming.write(data)

    def receive_eof(self) -> None:
        self._incoming.write_eof()

    def to_send(self) -> bytes:
        return self._outgoing.read()

    def read(self) -> bytes | None:
        try:
            return self._object.read(_CHUNK)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            raise _translated(error) from error

    def write(self, text: memoryview) -> int:
        try:
            return self._object.write(text)
        except ssl.SSLWantReadError:
            return 0
        except ssl.SSLError as error:
            raise _translated(error) from error

    def close(self) -> bool:
        try:
            self._object.unwrap()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            # The handshake is not over, or has failed: there is nobody to tell.
            pass
        return True

    def peer_certificate(self) -> Any:
        return self.connection.get_peer_certificate()

    def negotiated_protocol(self) -> bytes | None:
        chosen: bytes | None = self.connection.get_alpn_proto_negotiated()
        return chosen or None


def server_name_callback(ours: Sequence[bytes], choose: Callable[[bytes | None], Any] | None = None) -> Any:
    """
    Return what a server's context is to have for its ``sni_callback``.

    Args:
        ours: The protocols that are acceptable.
        choose: Called with the name that the client asks for, or None; returns another context, or None.
    """

    def answer(sslobject: Any, name: str | None, context: ssl.SSLContext) -> int | None:
        sslobject._servername = name
        hello = getattr(sslobject, "_hello", None)
        offered = None if hello is None else hello.offered
        if ours and offered is not None and not any(protocol in ours for protocol in offered):
            sslobject._nothing_in_common = True
            return NO_APPLICATION_PROTOCOL
        if choose is not None:
            try:
                other = choose(None if name is None else name.encode("ascii"))
            except Exception:
                _log.failure("Error while choosing a context for {name!r}", name=name)
                return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
            if other is not None:
                sslobject.context = other
        return None

    return answer


class StdlibConnection:
    """What applications ask a pyOpenSSL ``Connection`` about, answered by the standard library."""

    def __init__(self, sslobject: ssl.SSLObject, own_certificate: Any = None) -> None:
        self.sslobject = sslobject
        self._own_certificate = own_certificate

    def get_context(self) -> ssl.SSLContext:
        """Return the context: the standard library's, not pyOpenSSL's."""
        return self.sslobject.context

    def get_cipher_name(self) -> str | None:
        cipher = self.sslobject.cipher()
        return cipher and cipher[0]

    def get_cipher_version(self) -> str | None:
        cipher = self.sslobject.cipher()
        return cipher and cipher[1]

    def get_cipher_bits(self) -> int | None:
        cipher = self.sslobject.cipher()
        return cipher and cipher[2]

    def get_protocol_version_name(self) -> str:
        """Return such as ``TLSv1.3``; ``Unknown`` before the handshake."""
        return self.sslobject.version() or "Unknown"

    def get_servername(self) -> bytes | None:
        """Return the name that the client asks for."""
        name = self.sslobject.server_hostname or getattr(self.sslobject, "_servername", None)
        return name and name.encode("ascii")

    def get_alpn_proto_negotiated(self) -> bytes:
        return (self.sslobject.selected_alpn_protocol() or "").encode("ascii")

    def get_finished(self) -> bytes | None:
        """Return the binding of the channel that RFC 5929 calls ``tls-unique``."""
        return self.sslobject.get_channel_binding("tls-unique")

    def send(self, data: bytes) -> int:
        """
        Encrypt ``data``, to go out with what the transport sends next.

        Raises:
            TLSError: TLS is over.
        """
        try:
            return self.sslobject.write(data)
        except ssl.SSLError as error:
            raise _translated(error) from error

    def get_certificate(self) -> Any:
        return self._own_certificate

    def get_peer_certificate(self) -> Any:
        """Return the peer's certificate: pyOpenSSL's X509, or without that cryptography's, or without either DER."""
        try:
            der = self.sslobject.getpeercert(binary_form=True)
        except ValueError:
            return None  # the handshake is not complete
        if der is None or x509 is None:
            return der
        certificate = x509.load_der_x509_certificate(der)
        return certificate if X509 is None else X509.from_cryptography(certificate)


def _translated(error: ssl.SSLError) -> Exception:
    """Return the error that applications know for the standard library's."""
    if isinstance(error, ssl.SSLEOFError) or error.reason == "UNEXPECTED_EOF_WHILE_READING":
        return Truncated()
    reasons = [("SSL routines", "", (error.reason or str(error)).lower().replace("_", " "))]
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _ANOTHERS:
            return VerificationError(error.verify_message.rstrip("."))
        reasons.append(("X509 verification", "", error.verify_message))
    return TLSError(reasons)
