"""
Whether a certificate is a given name's, for connections of pyOpenSSL's; the standard library has OpenSSL check it.

RFC 9525: only alternative names of the subject count, never its common name. A wildcard is the whole of the leftmost
label, and stands for exactly one.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from cryptography import x509

from reactorio.protocols._tls.engines import VerificationError

__all__ = ["check_identity"]


def check_identity(certificate: x509.Certificate, name: str, is_address: bool) -> None:
    """
    Check that ``certificate`` is for ``name``, ASCII (IDNA's A-labels) or an address.

    Raises:
        VerificationError: It is not.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = None
    if is_address:
        wanted = ipaddress.ip_address(name)
        matches = names is not None and wanted in names.get_values_for_type(x509.IPAddress)
    else:
        matches = names is not None and any(_matches(own, name) for own in names.get_values_for_type(x509.DNSName))
    if not matches:
        found: list[Any] = [] if names is None else [str(own.value) for own in names]
        raise VerificationError(f"the certificate is not for {name!r}, but for {found!r}")


def _matches(pattern: str, name: str) -> bool:
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        rest = pattern[2:]
        # A wildcard right below a top-level domain would be everybody's.
        return "." in rest and "*" not in rest and name.partition(".")[2] == rest
    return "*" not in pattern and pattern == name
