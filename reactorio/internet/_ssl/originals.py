"""
From pyOpenSSL's objects to cryptography's and back.

Applications know what is in ``Certificate.original`` and ``KeyPair.original`` as pyOpenSSL's; without that, it is
cryptography's.
"""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from reactorio.protocols._tls.openssl_or_none import SSL

if SSL is not None:
    from OpenSSL import __version__
    from OpenSSL.crypto import X509, PKey

    # Since then contexts take cryptography's objects, and warn of pyOpenSSL's.
    _TAKES_CRYPTOGRAPHYS = tuple(map(int, __version__.split(".")[:2])) >= (24, 3)

__all__ = [
    "ASN1",
    "PEM",
    "certificate_for",
    "certificate_of",
    "encoding_of",
    "key_for",
    "key_of",
    "original_certificate",
    "original_key",
]

# pyOpenSSL's FILETYPE_PEM and FILETYPE_ASN1, and FILETYPE_TEXT, which only certificates have.
PEM = 1
ASN1 = 2

_ENCODINGS = {PEM: serialization.Encoding.PEM, ASN1: serialization.Encoding.DER}


def encoding_of(filetype: Any) -> serialization.Encoding:
    """
    Return what cryptography calls pyOpenSSL's file type.

    Raises:
        ValueError: It is neither PEM nor ASN1.
    """
    try:
        return _ENCODINGS[filetype]
    except (KeyError, TypeError):
        raise ValueError(f"type argument must be FILETYPE_PEM or FILETYPE_ASN1, not {filetype!r}") from None


def certificate_of(original: Any) -> x509.Certificate:
    """Return cryptography's certificate."""
    return original if isinstance(original, x509.Certificate) else original.to_cryptography()


def key_of(original: Any) -> Any:
    """Return cryptography's key."""
    return original.to_cryptography_key() if hasattr(original, "to_cryptography_key") else original


def original_certificate(certificate: Any) -> Any:
    """Return what applications know: pyOpenSSL's, if that is installed."""
    return (
        X509.from_cryptography(certificate)
        if SSL is not None and isinstance(certificate, x509.Certificate)
        else certificate
    )


def original_key(key: Any) -> Any:
    """Return what applications know: pyOpenSSL's, if that is installed."""
    if SSL is None or isinstance(key, PKey):
        return key
    return PKey.from_cryptography_key(key)


def certificate_for(context: Any, original: Any) -> Any:
    """Return a certificate as pyOpenSSL's ``context`` likes it."""
    return certificate_of(original) if _is_new(context) else original_certificate(original)


def key_for(context: Any, original: Any) -> Any:
    """Return a key as pyOpenSSL's ``context`` likes it."""
    return key_of(original) if _is_new(context) else original_key(original)


def _is_new(context: Any) -> bool:
    return SSL is not None and _TAKES_CRYPTOGRAPHYS and isinstance(context, SSL.Context)
