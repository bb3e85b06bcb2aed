"""Whose certificates are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding

from reactorio._interface import Interface, Protocol, implementer
from reactorio.internet._ssl.certificates import CertBase, Certificate
from reactorio.internet._ssl.originals import certificate_of, original_certificate

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

__all__ = [
    "IOpenSSLTrustRoot",
    "OpenSSLCertificateAuthorities",
    "OpenSSLDefaultPaths",
    "platformTrust",
    "trustRootFromCertificates",
]

__name__ = "reactorio.internet._sslverify"  # the public path: see the package's docstring


class IOpenSSLTrustRoot(Interface, Protocol):
    """Roots of trust, as contexts take them."""

    def _addCACertsToContext(self, context: Any) -> None:
        """Have the ``OpenSSL.SSL.Context`` trust them."""


@implementer(IOpenSSLTrustRoot)
class OpenSSLCertificateAuthorities:
    """
    Just these certificates.

    Args:
        caCerts: The certificates, pyOpenSSL's or cryptography's.
    """

    def __init__(self, caCerts: Iterable[Any]) -> None:
        self._caCerts = list(caCerts)

    def _addCACertsToContext(self, context: Any) -> None:
        store = context.get_cert_store()
        for certificate in self._caCerts:
            store.add_cert(original_certificate(certificate))

    def _add_to(self, context: ssl.SSLContext) -> None:
        encoded = [certificate_of(one).public_bytes(Encoding.DER) for one in self._caCerts]
        context.load_verify_locations(cadata=b"".join(encoded))


@implementer(IOpenSSLTrustRoot)
class OpenSSLDefaultPaths:
    """What the system has, where OpenSSL looks for it."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    def _addCACertsToContext(self, context: Any) -> None:
        context.set_default_verify_paths()

    def _add_to(self, context: ssl.SSLContext) -> None:
        context.load_default_certs()


def platformTrust() -> OpenSSLDefaultPaths:
    """Return the roots of trust that come with the system."""
    return OpenSSLDefaultPaths()


def trustRootFromCertificates(certificates: Iterable[Certificate]) -> OpenSSLCertificateAuthorities:
    """
    Return a root of trust made of these `Certificate`.

    Raises:
        TypeError: They are something else.
    """
    originals = []
    for certificate in certificates:
        if not isinstance(certificate, CertBase):
            raise TypeError("certificates items must be reactorio.internet.ssl.CertBase instances")
        originals.append(certificate.original)
    return OpenSSLCertificateAuthorities(originals)


def as_trust_root(root: Any) -> Any:
    """Understand a `Certificate` as the root that trusts just that."""
    return (
        OpenSSLCertificateAuthorities([root.original]) if isinstance(root, CertBase) else IOpenSSLTrustRoot.adapt(root)
    )
