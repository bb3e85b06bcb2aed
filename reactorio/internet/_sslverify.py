"""The module of Twisted's in which ``internet.ssl`` is at work, for programs that know it. The work is in ``_ssl``."""

from __future__ import annotations

from typing import Any

from reactorio.internet._ssl.certificates import CertBase, Certificate, CertificateRequest, PublicKey
from reactorio.internet._ssl.ciphers import (
    OpenSSLAcceptableCiphers,
    OpenSSLCipher,
    OpenSSLDiffieHellmanParameters,
    defaultCiphers,
)
from reactorio.internet._ssl.client import ClientTLSOptions, optionsForClientTLS
from reactorio.internet._ssl.keys import KeyPair, PrivateCertificate
from reactorio.internet._ssl.names import DN, DistinguishedName
from reactorio.internet._ssl.options import OpenSSLCertificateOptions
from reactorio.internet._ssl.trust import (
    IOpenSSLTrustRoot,
    OpenSSLCertificateAuthorities,
    OpenSSLDefaultPaths,
    platformTrust,
    trustRootFromCertificates,
)
from reactorio.internet._ssl.versions import TLSVersion
from reactorio.internet.error import CertificateError, VerifyError
from reactorio.internet.interfaces import IAcceptableCiphers, ICipher
from reactorio.protocols._tls.engines import VerificationError
from reactorio.protocols._tls.openssl_or_none import SSL

__all__ = [
    "DN",
    "SSL",
    "CertBase",
    "Certificate",
    "CertificateError",
    "CertificateRequest",
    "ClientTLSOptions",
    "DistinguishedName",
    "IAcceptableCiphers",
    "ICipher",
    "IOpenSSLTrustRoot",
    "KeyPair",
    "OpenSSLAcceptableCiphers",
    "OpenSSLCertificateAuthorities",
    "OpenSSLCertificateOptions",
    "OpenSSLCipher",
    "OpenSSLDefaultPaths",
    "OpenSSLDiffieHellmanParameters",
    "PrivateCertificate",
    "PublicKey",
    "TLSVersion",
    "VerificationError",
    "VerifyError",
    "defaultCiphers",
    "optionsForClientTLS",
    "platformTrust",
    "trustRootFromCertificates",
]

_defaultCurveName = "prime256v1"


class _ChooseDiffieHellmanEllipticCurve:
    """Chose a curve for OpenSSL before 1.1; every one that pyOpenSSL still works with does so itself."""

    def __init__(self, versionNumber: int, openSSLlib: Any, openSSLcrypto: Any) -> None:
        pass

    def configureECDHCurve(self, ctx: Any) -> None:
        """Leave ``ctx`` as it is."""
