"""Key pairs, and certificates with their keys."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa

from reactorio.internet._ssl.certificates import (
    Certificate,
    CertificateRequest,
    PublicKey,
    _without_indent,
    algorithm,
)
from reactorio.internet._ssl.names import DistinguishedName, to_x509
from reactorio.internet._ssl.originals import ASN1, PEM, encoding_of, key_of, original_certificate, original_key
from reactorio.python.deprecate import deprecated
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from reactorio.internet.defer import Deferred

__all__ = ["KeyPair", "PrivateCertificate"]

__name__ = "reactorio.internet.ssl"  # the public path: see the package's docstring

# pyOpenSSL's TYPE_RSA and TYPE_DSA.
_RSA = 6
_DSA = 116

_A_YEAR = 60 * 60 * 24 * 365


class KeyPair(PublicKey):
    """
    A private key, with which comes the public one.

    Attributes:
        original: pyOpenSSL's object, if that is installed; otherwise cryptography's.
    """

    def _key(self) -> Any:
        return key_of(self.original).public_key()

    @classmethod
    def load(cls, data: bytes, format: int = ASN1) -> KeyPair:
        """Load it, if it is not encrypted; raises ValueError."""
        if encoding_of(format) is serialization.Encoding.PEM:
            key = serialization.load_pem_private_key(data, None)
        else:
            key = serialization.load_der_private_key(data, None)
        return cls(original_key(key))

    @classmethod
    def generate(cls, kind: int = _RSA, size: int = 2048) -> Self:
        """Make a new one; ``kind`` is pyOpenSSL's ``TYPE_RSA`` or ``TYPE_DSA``."""
        if kind == _RSA:
            return cls(original_key(rsa.generate_private_key(65537, size)))
        if kind == _DSA:
            return cls(original_key(dsa.generate_private_key(size)))
        raise ValueError(f"no such kind of key: {kind!r}")

    def dump(self, format: int = ASN1) -> bytes:
        """Return it unencrypted, as DER (of its algorithm's own format) or as PEM (PKCS#8)."""
        encoding = encoding_of(format)
        kind = serialization.PrivateFormat
        own = kind.PKCS8 if encoding is serialization.Encoding.PEM else kind.TraditionalOpenSSL
        return key_of(self.original).private_bytes(encoding, own, serialization.NoEncryption())  # type: ignore[no-any-return]  # it does

    @deprecated(Version("Twisted", 15, 0, 0), "a real persistence system")
    def __getstate__(self) -> bytes:
        return self.dump()

    @deprecated(Version("Twisted", 15, 0, 0), "a real persistence system")
    def __setstate__(self, state: bytes) -> None:
        self.__init__(type(self).load(state).original)  # type: ignore[misc]  # it begins anew

    def inspect(self) -> str:
        key = key_of(self.original)
        kind = {rsa.RSAPrivateKey: "RSA", dsa.DSAPrivateKey: "DSA"}
        name = next((name for type_, name in kind.items() if isinstance(key, type_)), "EC")
        return f"{getattr(key, 'key_size', '?')}-bit {name} Key Pair with Hash: {self.keyHash()}"

    # ---- signing

    def requestObject(
        self, distinguishedName: DistinguishedName, digestAlgorithm: str = "sha256"
    ) -> CertificateRequest:
        """Return a request for a certificate of this key for that name."""
        builder = x509.CertificateSigningRequestBuilder().subject_name(to_x509(distinguishedName))
        return CertificateRequest(builder.sign(key_of(self.original), algorithm(digestAlgorithm)))

    def certificateRequest(
        self, distinguishedName: DistinguishedName, format: int = ASN1, digestAlgorithm: str = "sha256"
    ) -> bytes:
        """Return such a request as bytes."""
        return self.requestObject(distinguishedName, digestAlgorithm).dump(format)

    def signRequestObject(
        self,
        issuerDistinguishedName: DistinguishedName,
        requestObject: CertificateRequest,
        serialNumber: int,
        secondsToExpiry: int = _A_YEAR,
        digestAlgorithm: str = "sha256",
    ) -> Certificate:
        """Return the certificate that ``requestObject`` asks for, signed with this key in the issuer's name."""
        now = datetime.now(timezone.utc)
        request = requestObject._x509()
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(to_x509(issuerDistinguishedName))
            .public_key(request.public_key())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(seconds=secondsToExpiry))
        )
        if to_x509(issuerDistinguishedName) == request.subject:
            # Who signs its own is trusted as it is. In Twisted it is of version 1, which has no such mark.
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        if serialNumber:
            builder = builder.serial_number(serialNumber)
        else:
            # RFC 5280 and the builder want it positive; programs that count from 0 are older than both.
            builder._serial_number = 0
        return Certificate(original_certificate(builder.sign(key_of(self.original), algorithm(digestAlgorithm))))

    def signCertificateRequest(
        self,
        issuerDistinguishedName: DistinguishedName,
        requestData: bytes,
        verifyDNCallback: Callable[[DistinguishedName], Any],
        serialNumber: int,
        requestFormat: int = ASN1,
        certificateFormat: int = ASN1,
        secondsToExpiry: int = _A_YEAR,
        digestAlgorithm: str = "sha256",
    ) -> bytes | Deferred[bytes]:
        """
        Return the certificate that a request asks for as bytes, or a Deferred of it.

        Args:
            issuerDistinguishedName: In whose name it is signed.
            requestData: The request.
            verifyDNCallback: Says whether that name may have one, or returns a Deferred of that.
            serialNumber: The certificate's number.
            requestFormat: The request's format.
            certificateFormat: The certificate's.
            secondsToExpiry: How long it is valid.
            digestAlgorithm: The hash that is signed.

        Raises:
            VerifyError: The request is not signed by the key in it.
            ValueError: The callback has said no.
        """
        from reactorio.internet.defer import Deferred

        request = CertificateRequest.load(requestData, requestFormat)
        name = request.getSubject()

        def verified(may: Any) -> bytes:
            if not may:
                raise ValueError(f"DN callback {verifyDNCallback!r} rejected request DN {name!r}")
            signed = self.signRequestObject(
                issuerDistinguishedName, request, serialNumber, secondsToExpiry, digestAlgorithm
            )
            return signed.dump(certificateFormat)

        may = verifyDNCallback(name)
        return may.addCallback(verified) if isinstance(may, Deferred) else verified(may)

    def newCertificate(self, newCertData: bytes, format: int = ASN1) -> PrivateCertificate:
        """Return the certificate that was made for this key, with the key."""
        return PrivateCertificate.load(newCertData, self, format)

    def selfSignedCert(self, serialNumber: int, **kw: Any) -> PrivateCertificate:
        """Return a certificate signed by its own key; the keywords are fields of its name."""
        name = DistinguishedName(**kw)
        signed = self.signRequestObject(name, self.requestObject(name), serialNumber)
        return PrivateCertificate.fromCertificateAndKeyPair(signed, self)


class PrivateCertificate(Certificate):
    """
    A certificate and its key.

    Attributes:
        privateKey: A `KeyPair`.
    """

    privateKey: KeyPair

    def __repr__(self) -> str:
        return f"{super().__repr__()} with {self.privateKey!r}"

    def _setPrivateKey(self, privateKey: KeyPair) -> Self:
        if not privateKey.matches(self.getPublicKey()):
            raise ValueError("the certificate is of another key")
        self.privateKey = privateKey
        return self

    @classmethod
    def load(cls, data: bytes, privateKey: KeyPair, format: int = ASN1) -> Self:  # type: ignore[override]  # Twisted's
        """Load the certificate; raises ValueError."""
        return super().load(data, format)._setPrivateKey(privateKey)

    @classmethod
    def loadPEM(cls, data: bytes | str) -> Self:
        """Load both from one PEM text; raises ValueError."""
        encoded = _without_indent(data)
        return cls.load(encoded, KeyPair.load(encoded, PEM), PEM)

    @classmethod
    def fromCertificateAndKeyPair(cls, certificateInstance: Certificate, privateKey: KeyPair) -> Self:
        return cls(certificateInstance.original)._setPrivateKey(privateKey)

    @classmethod
    def _from(cls, transport: Any, whose: str, methods: tuple[str, ...]) -> Any:
        return Certificate._from(transport, whose, methods)

    def newCertificate(self, newCertData: bytes, format: int = ASN1) -> PrivateCertificate:
        """Return another certificate that was made for this key, with the key."""
        return self.privateKey.newCertificate(newCertData, format)

    def inspect(self) -> str:
        return f"{self._inspect()}\n{self.privateKey.inspect()}"

    def dumpPEM(self) -> bytes:
        """Return both as PEM."""
        return self.dump(PEM) + self.privateKey.dump(PEM)

    def certificateRequest(self, format: int = ASN1, digestAlgorithm: str = "sha256") -> bytes:
        """Return a request for another certificate of this key and name."""
        return self.privateKey.certificateRequest(self.getSubject(), format, digestAlgorithm)

    def signCertificateRequest(
        self,
        requestData: bytes,
        verifyDNCallback: Callable[[DistinguishedName], Any],
        serialNumber: int,
        requestFormat: int = ASN1,
        certificateFormat: int = ASN1,
    ) -> bytes | Deferred[bytes]:
        """Return the certificate that a request asks for; see `KeyPair.signCertificateRequest`."""
        return self.privateKey.signCertificateRequest(
            self.getSubject(), requestData, verifyDNCallback, serialNumber, requestFormat, certificateFormat
        )

    def signRequestObject(
        self,
        certificateRequest: CertificateRequest,
        serialNumber: int,
        secondsToExpiry: int = _A_YEAR,
        digestAlgorithm: str = "sha256",
    ) -> Certificate:
        """Return the certificate that a request asks for, signed by this one."""
        return self.privateKey.signRequestObject(
            self.getSubject(), certificateRequest, serialNumber, secondsToExpiry, digestAlgorithm
        )

    def options(self, *authorities: Certificate) -> Any:
        """Return `CertificateOptions` with this certificate; with authorities, peers must show certificates of theirs."""
        # Options take certificates; certificates do not need options.
        from reactorio.internet._ssl.options import OpenSSLCertificateOptions
        from reactorio.internet._ssl.trust import OpenSSLCertificateAuthorities

        arguments: dict[str, Any] = {"privateKey": self.privateKey.original, "certificate": self.original}
        if authorities:
            arguments["trustRoot"] = OpenSSLCertificateAuthorities([one.original for one in authorities])
        return OpenSSLCertificateOptions(**arguments)
