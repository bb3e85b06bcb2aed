"""
A server's certificate by the name that the client asks for, from a directory of PEM files.

Files may hold keys, certificates, chains, in any order and number: what belongs together is found by the keys and by
who signed what. They are read again when one has changed, is new or is gone, so that a renewed certificate is shown to
whoever connects next.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from reactorio._interface import implementer
from reactorio.internet._ssl.certificates import hash_of
from reactorio.internet._ssl.options import OpenSSLCertificateOptions
from reactorio.internet._ssl.originals import original_certificate, original_key
from reactorio.internet.error import ConnectionLost
from reactorio.internet.interfaces import IOpenSSLServerConnectionCreator
from reactorio.logger import Logger
from reactorio.protocols._tls.openssl_or_none import SSL
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reactorio.protocols._tls.stdlib import StdlibEngine

__all__ = ["PEMObjects", "SNIConnectionCreator", "autoReloadingDirectoryOfPEMs", "certificates_in"]

_log = Logger(namespace="reactorio.protocols._sni")

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)


def certificates_in(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates among the blocks of ``pem``; raises ValueError if one is broken."""
    return [x509.load_pem_x509_certificate(block) for kind, block in _blocks(pem) if kind == b"CERTIFICATE"]


def _blocks(pem: bytes) -> Iterator[tuple[bytes, bytes]]:
    for match in _BLOCK.finditer(pem):
        yield match[1], match[0] + b"\n"


@dataclass
class PEMObjects:
    """
    What the files of a directory hold.

    Attributes:
        certificates: The certificates.
        keys: The keys, each with the path of its file.
    """

    certificates: list[x509.Certificate] = field(default_factory=list)
    keys: list[tuple[str, Any]] = field(default_factory=list)

    @classmethod
    def fromDirectory(cls, directory: Any) -> PEMObjects:
        """
        Read the ``.pem`` files in ``directory`` (a `FilePath`) and below.

        What cannot be read or understood is left out, and logged: it may be half written.
        """
        objects = cls()
        for path in _pem_files(directory.path):
            try:
                with open(path, "rb") as file:
                    objects._add(path, file.read())
            except (OSError, ValueError, TypeError) as error:
                _log.warn("cannot use {path}: {error}", path=path, error=error)
        return objects

    def _add(self, path: str, pem: bytes) -> None:
        for kind, block in _blocks(pem):
            if kind == b"CERTIFICATE":
                self.certificates.append(x509.load_pem_x509_certificate(block))
            elif kind.endswith(b"PRIVATE KEY"):
                self.keys.append((path, serialization.load_pem_private_key(block, None)))

    def inferDomainMapping(self) -> dict[str, OpenSSLCertificateOptions]:
        """Return options for each name that there is a certificate for, and a key for that."""
        by_key: dict[str, x509.Certificate] = {}
        for certificate in self.certificates:
            known = by_key.get(hash_of(certificate.public_key()))
            # Of two for the same key, as while one is being renewed, the one that is valid longer.
            if known is None or _expiry(known) < _expiry(certificate):
                by_key[hash_of(certificate.public_key())] = certificate
        mapping: dict[str, OpenSSLCertificateOptions] = {}
        chosen: dict[str, x509.Certificate] = {}
        for path, key in self.keys:
            name_of_key = hash_of(key.public_key())
            own = by_key.get(name_of_key)
            if own is None:
                _log.warn("unused private key at {path} with hash {hash}", path=path, hash=name_of_key)
                continue
            options = OpenSSLCertificateOptions(
                privateKey=original_key(key),
                certificate=original_certificate(own),
                extraCertChain=[original_certificate(one) for one in self._chain(own)],
            )
            for name in _names(own):
                if name not in chosen or _expiry(chosen[name]) < _expiry(own):
                    chosen[name], mapping[name] = own, options
        return mapping

    def _chain(self, certificate: x509.Certificate) -> Iterable[x509.Certificate]:
        """Return what we have between a certificate and its root, which peers have to know by themselves."""
        by_subject = {one.subject: one for one in self.certificates if one.subject != one.issuer}
        chain: list[x509.Certificate] = []
        while (issuer := by_subject.get(certificate.issuer)) is not None and issuer not in chain:
            chain.append(issuer)
            certificate = issuer
        return chain


def _expiry(certificate: x509.Certificate) -> Any:
    # The aware one is not in cryptography before 42.
    return getattr(certificate, "not_valid_after_utc", None) or certificate.not_valid_after


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return [str(attribute.value).lower() for attribute in common]
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


def _pem_files(directory: str) -> list[str]:
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(directory)
        for name in names
        if name.lower().endswith(".pem")
    )


def _looked_up(mapping: dict[str, OpenSSLCertificateOptions], name: bytes | None) -> OpenSSLCertificateOptions | None:
    if name is None:
        # Whoever asks for nobody gets the first.
        return next(iter(mapping.values()), None)
    text = name.decode("ascii", "replace").lower()
    return mapping.get(text) or mapping.get(f"*.{text.partition('.')[2]}")


def autoReloadingDirectoryOfPEMs(path: Any) -> Callable[[bytes | None], Any]:
    """
    Return what looks a context up by a server's name, for `SNIConnectionCreator`.

    Args:
        path: A `FilePath` of a directory.
    """
    state: Any = None
    mapping: dict[str, OpenSSLCertificateOptions] = {}

    def look_up(name: bytes | None) -> Any:
        nonlocal state, mapping
        now = _state_of(path.path)
        if now != state:
            mapping = PEMObjects.fromDirectory(path).inferDomainMapping()
            state = now
        options = _looked_up(mapping, name)
        if options is None:
            return None
        return options._stdlib_context(False, (), check_name=False) if SSL is None else options.getContext()

    return look_up


def _state_of(directory: str) -> list[tuple[str, int, int, int]]:
    state = []
    for path in _pem_files(directory):
        try:
            status = os.stat(path)
        except OSError:
            continue  # it has just gone
        state.append((path, status.st_mtime_ns, status.st_size, status.st_ino))
    return state


@implementer(IOpenSSLServerConnectionCreator)
class SNIConnectionCreator:
    """
    Makes servers' connections whose certificate is chosen by the name that the client asks for.

    Args:
        contextLookup: Called with the name, or None; returns pyOpenSSL's context (without that, the standard library's),
            or None, which ends the connection.
    """

    def __init__(self, contextLookup: Callable[[bytes | None], Any]) -> None:
        self._contextLookup = contextLookup
        # It has no certificate; all else is as we would have it. Connections pass from it to what the look-up returns.
        self._options = OpenSSLCertificateOptions()
        if SSL is not None:
            self._options.getContext().set_tlsext_servername_callback(self._switch)

    def _look_up(self, name: bytes | None) -> Any:
        """Return the context, None if there is none; then the log has it."""
        try:
            context = self._contextLookup(name)
        except Exception:
            _log.failure("while looking a server certificate for name {name!r} up", name=name)
            return None
        if context is None:
            _log.warn("no server certificate for name {name!r}", name=name)
        return context

    def _switch(self, connection: Any) -> None:
        context = self._look_up(connection.get_servername())
        if context is None:
            connection.get_app_data().failVerification(Failure(ConnectionLost()))
        else:
            connection.set_context(context)

    def serverConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """Return pyOpenSSL's connection."""
        return self._options.serverConnectionForTLS(tlsProtocol)

    def _engine_for(self, is_client: bool, protocols: Sequence[bytes]) -> StdlibEngine | None:
        """Return an engine on the standard library, None if there is pyOpenSSL."""
        if SSL is not None:
            return None
        options = OpenSSLCertificateOptions(contextForServerName=self._look_up)
        return options._engine_for(is_client, protocols)
