"""An authority for tests, and a server's certificate of its."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reactorio.internet import ssl

NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


class Authority:
    """Signs certificates, valid from yesterday until tomorrow."""

    def __init__(self, name: str = "authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._signed = self._sign(self.name, self.key, NOW - DAY, NOW + DAY, x509.BasicConstraints(True, None))
        self.certificate = ssl.Certificate.load(self._signed.public_bytes(Encoding.DER))

    def _sign(self, name: Any, key: Any, start: datetime, end: datetime, extension: Any) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self.key, hashes.SHA256())
        )

    def issue(self, *names: str, end: datetime = NOW + DAY, alternative: bool = True) -> ssl.PrivateCertificate:
        """Make a key and a certificate for some names, which are alternative names; or else the common name is all."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        alternatives = [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
        names_in_it = x509.SubjectAlternativeName(alternatives)
        extension = names_in_it if alternative else x509.BasicConstraints(False, None)
        certificate = self._sign(subject, key, NOW - 3 * DAY, end, extension)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return ssl.PrivateCertificate.loadPEM(pem + certificate.public_bytes(Encoding.PEM))


AUTHORITY = Authority()
SERVER = AUTHORITY.issue("server.example", "*.many.example", "127.0.0.1")


def verifying(name: str = "server.example", **more: Any) -> Any:
    """A client's options: the server is to be ``name``."""
    return ssl.optionsForClientTLS(name, trustRoot=AUTHORITY.certificate, **more)


def by_pyopenssl(options: Any) -> Any:
    """Have the options use pyOpenSSL: whoever has asked for its context gets it."""
    inner = options if isinstance(options, ssl.CertificateOptions) else options._options
    inner.getContext()
    return options
