"""Certificates, and requests for them."""

from __future__ import annotations

from hashlib import md5
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from typing_extensions import Self

from reactorio.internet._ssl.names import DistinguishedName, from_x509
from reactorio.internet._ssl.originals import ASN1, PEM, certificate_of, encoding_of, original_certificate
from reactorio.internet.error import CertificateError, VerifyError

__all__ = ["CertBase", "Certificate", "CertificateRequest", "PublicKey"]

__name__ = "reactorio.internet.ssl"  # the public path: see the package's docstring


def hash_of(public_key: Any) -> str:
    """Return a short name for a key: no secret, and no safeguard."""
    encoded = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return md5(encoded, usedforsecurity=False).hexdigest()


class CertBase:
    """
    What is signed, or is to be.

    Attributes:
        original: pyOpenSSL's object, if that is installed; otherwise, and for requests always, cryptography's.
    """

    def __init__(self, original: Any) -> None:
        self.original = original

    def _x509(self) -> Any:
        return certificate_of(self.original)

    def getSubject(self) -> DistinguishedName:
        """Return whom it is for."""
        return from_x509(self._x509().subject)


class PublicKey:
    """
    Args:
        osslpkey: pyOpenSSL's or cryptography's public key.
    """

    def __init__(self, osslpkey: Any) -> None:
        self.original = osslpkey

    def _key(self) -> Any:
        original = self.original
        return original.to_cryptography_key() if hasattr(original, "to_cryptography_key") else original

    def matches(self, otherKey: PublicKey) -> bool:
        """Is it the same key?"""
        return self.keyHash() == otherKey.keyHash()

    def keyHash(self) -> str:
        """Return a short name for the key."""
        return hash_of(self._key())

    def inspect(self) -> str:
        return f"Public Key with Hash: {self.keyHash()}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.keyHash()}>"


class Certificate(CertBase):
    """An X.509 certificate."""

    def __repr__(self) -> str:
        subject, issuer = (getattr(name, "CN", "") for name in (self.getSubject(), self.getIssuer()))
        return f"<{type(self).__name__} Subject={subject} Issuer={issuer}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Certificate):
            return self.dump() == other.dump()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.dump())

    @classmethod
    def load(cls, requestData: bytes, format: int = ASN1, args: tuple[Any, ...] = ()) -> Self:
        """Load it; raises ValueError."""
        if encoding_of(format) is serialization.Encoding.PEM:
            certificate = x509.load_pem_x509_certificate(requestData)
        else:
            certificate = x509.load_der_x509_certificate(requestData)
        return cls(original_certificate(certificate), *args)

    @classmethod
    def loadPEM(cls, data: bytes | str) -> Self:
        """Load it from PEM; raises ValueError."""
        return cls.load(_without_indent(data), PEM)

    @classmethod
    def peerFromTransport(cls, transport: Any) -> Self:
        """
        Return the peer's certificate.

        Raises:
            CertificateError: The transport has no TLS, or its peer has shown no certificate.
        """
        return cls._from(transport, "peer", ("get_peer_certificate",))

    @classmethod
    def hostFromTransport(cls, transport: Any) -> Self:
        """
        Return our own certificate.

        Raises:
            CertificateError: The transport has no TLS, or we have shown no certificate.
        """
        return cls._from(transport, "host", ("get_host_certificate", "get_certificate"))

    @classmethod
    def _from(cls, transport: Any, whose: str, methods: tuple[str, ...]) -> Self:
        handle = transport.getHandle()
        get = next((getattr(handle, name) for name in methods if hasattr(handle, name)), None)
        if get is None:
            raise CertificateError(f"non-TLS transport {transport!r} did not have {whose} certificate")
        certificate = get()
        if certificate is None:
            raise CertificateError(f"TLS transport {transport!r} did not have {whose} certificate")
        return cls(original_certificate(certificate))

    def dump(self, format: int = ASN1) -> bytes:
        """Return it as DER, or as PEM."""
        return self._x509().public_bytes(encoding_of(format))  # type: ignore[no-any-return]  # it does

    def dumpPEM(self) -> bytes:
        """Return it as PEM."""
        return self.dump(PEM)

    def getIssuer(self) -> DistinguishedName:
        """Return who has signed it."""
        return from_x509(self._x509().issuer)

    def getPublicKey(self) -> PublicKey:
        """Return its key."""
        original = self.original
        return PublicKey(original.get_pubkey() if hasattr(original, "get_pubkey") else original.public_key())

    def serialNumber(self) -> int:
        """Return the number that its issuer gave it."""
        return int(self._x509().serial_number)

    def digest(self, method: str = "md5") -> bytes:
        """Return its fingerprint, in the form ``b"01:AB:…"``; ``method`` is such as ``sha256``."""
        fingerprint: bytes = self._x509().fingerprint(algorithm(method))
        return fingerprint.hex(":").upper().encode("ascii")

    def _inspect(self) -> str:
        return "\n".join(
            [
                "Certificate For Subject:",
                self.getSubject().inspect(),
                "",
                "Issuer:",
                self.getIssuer().inspect(),
                "",
                f"Serial Number: {self.serialNumber()}",
                f"Digest: {self.digest().decode('ascii')}",
            ]
        )

    def inspect(self) -> str:
        """Return what is in it, for people to read."""
        return f"{self._inspect()}\n{self.getPublicKey().inspect()}"


def algorithm(name: str) -> Any:
    """Return the hash with OpenSSL's name for it; raises ValueError."""
    kind = getattr(hashes, name.upper().replace("-", ""), None)
    if kind is None:
        raise ValueError(f"No such digest method: {name!r}")
    return kind()


def _without_indent(data: bytes | str) -> bytes:
    """Accept what people keep in triple-quoted strings, and files whose last line does not end."""
    encoded = data.encode("ascii") if isinstance(data, str) else data
    return b"\n".join(line.strip() for line in encoded.splitlines()) + b"\n"


class CertificateRequest(CertBase):
    """A request for a certificate, signed by whom it shall be for."""

    def _x509(self) -> Any:
        original = self.original
        return original if isinstance(original, x509.CertificateSigningRequest) else original.to_cryptography()

    def getSubject(self) -> DistinguishedName:
        """Return whom it is for; raises ValueError if the name has fields that `DistinguishedName` has not."""
        return from_x509(self._x509().subject, strict=True)

    @classmethod
    def load(cls, requestData: bytes, requestFormat: int = ASN1) -> CertificateRequest:
        """
        Load it.

        Raises:
            ValueError: The format is none, or the data is not of it.
            VerifyError: Who signed it does not have the key that is in it.
        """
        if encoding_of(requestFormat) is serialization.Encoding.PEM:
            request = x509.load_pem_x509_csr(requestData)
        else:
            request = x509.load_der_x509_csr(requestData)
        if not request.is_signature_valid:
            raise VerifyError(f"Can't verify that request for {from_x509(request.subject)!r} is self-signed.")
        return cls(request)

    def dump(self, format: int = ASN1) -> bytes:
        """Return it as DER, or as PEM; raises ValueError for another format."""
        return self._x509().public_bytes(encoding_of(format))  # type: ignore[no-any-return]  # it does
