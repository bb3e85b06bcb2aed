"""
TLS: certificates, keys, whom to trust, and how to speak. The work is in ``reactorio.internet._ssl``.

    a server    reactor.listenSSL(443, factory, PrivateCertificate.loadPEM(pem).options())
    a client    reactor.connectSSL(host, 443, factory, optionsForClientTLS(host))

Certificates are ``cryptography``'s work, TLS that of the standard library. pyOpenSSL (extra ``tls``) is used where an
application wants its contexts, and for what the standard library cannot do.
"""

from __future__ import annotations

from enum import Flag

from reactorio.aio.connecting import Client, Connector
from reactorio.aio.listening import Port, Server
from reactorio.internet._ssl.certificates import Certificate, CertificateRequest
from reactorio.internet._ssl.ciphers import OpenSSLAcceptableCiphers as AcceptableCiphers
from reactorio.internet._ssl.ciphers import OpenSSLDiffieHellmanParameters as DiffieHellmanParameters
from reactorio.internet._ssl.client import optionsForClientTLS
from reactorio.internet._ssl.factories import ClientContextFactory, ContextFactory, DefaultOpenSSLContextFactory
from reactorio.internet._ssl.keys import KeyPair, PrivateCertificate
from reactorio.internet._ssl.names import DN, DistinguishedName
from reactorio.internet._ssl.options import OpenSSLCertificateOptions as CertificateOptions
from reactorio.internet._ssl.trust import OpenSSLDefaultPaths, platformTrust, trustRootFromCertificates
from reactorio.internet._ssl.versions import TLSVersion
from reactorio.protocols._tls.engines import VerificationError
from reactorio.protocols._tls.openssl_or_none import SSL
from reactorio.python.deprecate import deprecated, deprecatedModuleAttribute
from reactorio.python.versions import Version

__all__ = [
    "DN",
    "SSL",
    "AcceptableCiphers",
    "Certificate",
    "CertificateOptions",
    "CertificateRequest",
    "Client",
    "ClientContextFactory",
    "Connector",
    "ContextFactory",
    "DefaultOpenSSLContextFactory",
    "DiffieHellmanParameters",
    "DistinguishedName",
    "KeyPair",
    "OpenSSLDefaultPaths",
    "Port",
    "PrivateCertificate",
    "Server",
    "TLSVersion",
    "VerificationError",
    "optionsForClientTLS",
    "platformTrust",
    "protocolNegotiationMechanisms",
    "supported",
    "trustRootFromCertificates",
]

supported = True


class ProtocolNegotiationSupport(Flag):
    """Ways to agree on a protocol in the handshake. Of NPN there is only the name."""

    NOSUPPORT = 0
    NPN = 1
    ALPN = 2


@deprecated(Version("Twisted", 26, 10, 0))
def protocolNegotiationMechanisms() -> ProtocolNegotiationSupport:
    """Return the ways that there are."""
    return ProtocolNegotiationSupport.ALPN


deprecatedModuleAttribute(
    Version("Twisted", 26, 10, 0),
    "All supported TLS backends provide ALPN. There is no need to check for support.",
    __name__,
    "ProtocolNegotiationSupport",
)
