"""Contexts of the standard library's, from what options say."""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization

from reactorio.internet._ssl.originals import certificate_of, key_of
from reactorio.internet._ssl.trust import OpenSSLDefaultPaths
from reactorio.internet._ssl.versions import TLSVersion
from reactorio.protocols._tls.engines import TLSError
from reactorio.protocols._tls.stdlib import server_name_callback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Settings", "context_for"]

_VERSIONS = {
    TLSVersion.SSLv3: ssl.TLSVersion.MINIMUM_SUPPORTED,
    TLSVersion.TLSv1_0: ssl.TLSVersion.TLSv1,
    TLSVersion.TLSv1_1: ssl.TLSVersion.TLSv1_1,
    TLSVersion.TLSv1_2: ssl.TLSVersion.TLSv1_2,
    TLSVersion.TLSv1_3: ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True)
class Settings:
    """
    What a context is made of.

    Attributes:
        is_client: Which side it is for.
        verify: Are peers to show a certificate that can be trusted?
        require: Or only if they show one?
        check_name: Is it to be for the name that we connect to?
        trust: A root of trust of ours; None with ``verify`` off.
        lowest: The lowest version of TLS.
        highest: The highest.
        ciphers: Suites for TLS 1.2, in OpenSSL's syntax.
        protocols: For ALPN.
        tickets: May sessions be resumed by ticket?
        certificate: Our certificate and its chain.
        key: Its key.
        dh_file: A file of Diffie-Hellman parameters.
        choose: Returns another context for the name that a client asks for, or None.
    """

    is_client: bool
    verify: bool
    require: bool
    check_name: bool
    trust: Any
    lowest: TLSVersion
    highest: TLSVersion
    ciphers: str
    protocols: tuple[bytes, ...]
    tickets: bool
    certificate: tuple[Any, ...] = ()
    key: Any = None
    dh_file: str | None = None
    choose: Any = None

    @property
    def is_anybodys(self) -> bool:
        """Is there nothing in them that belongs to one application's options?"""
        return self.key is None and self.choose is None and (self.trust is None or self.trust == OpenSSLDefaultPaths())


def context_for(settings: Settings) -> ssl.SSLContext:
    """
    Return a context; nobody may change it.

    Raises:
        TLSError: Key and certificate do not match.
    """
    try:
        return _shared(settings) if settings.is_anybodys else _context(settings)
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).lower().replace("_", " ")
        raise TLSError([("SSL routines", "", reason)]) from error


@lru_cache(maxsize=16)
def _shared(settings: Settings) -> ssl.SSLContext:
    # Reading the system's some 140 certificates takes 10 ms and more: more than a handshake.
    return _context(settings)


def _context(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if settings.is_client else ssl.PROTOCOL_TLS_SERVER)
    context.check_hostname = settings.check_name
    # RFC 9525 section 2: the alternative names are all that counts. OpenSSL would take the common name where there is none.
    context.hostname_checks_common_name = False
    if settings.verify:
        context.verify_mode = ssl.CERT_REQUIRED if settings.require or settings.is_client else ssl.CERT_OPTIONAL
    else:
        context.verify_mode = ssl.CERT_NONE
    if settings.trust is not None:
        settings.trust._add_to(context)
    context.minimum_version = _VERSIONS[settings.lowest]
    context.maximum_version = _VERSIONS[settings.highest]
    # Python up to 3.11.3 has it set: a stream that was cut off would look like one that the peer has closed.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    if not settings.tickets:
        context.options |= ssl.OP_NO_TICKET
    context.set_ciphers(settings.ciphers)
    if settings.protocols:
        context.set_alpn_protocols([protocol.decode("ascii") for protocol in settings.protocols])
    if not settings.is_client:
        context.sni_callback = server_name_callback(settings.protocols, settings.choose)
    if settings.dh_file is not None:
        context.load_dh_params(settings.dh_file)
    if settings.key is not None:
        _load(context, settings.certificate, settings.key)
    return context


def _load(context: ssl.SSLContext, chain: Sequence[Any], key: Any) -> None:
    """Give a context its certificate. It takes files only, so the key is in one for a moment: in memory, if possible."""
    encoding = serialization.Encoding.PEM
    pem = b"".join(certificate_of(one).public_bytes(encoding) for one in chain) + key_of(key).private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path in _file_with(pem):
        context.load_cert_chain(path)


def _file_with(content: bytes) -> Iterator[str]:
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        number = os.memfd_create("certificate")
        try:
            with open(number, "wb", closefd=False) as file:
                file.write(content)
            yield f"/proc/self/fd/{number}"
        finally:
            os.close(number)
    else:
        # For its owner only.
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield file.name
