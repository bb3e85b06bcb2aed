"""Certificates for who has none, and where certificates are from."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring


def the_ssl() -> Any:
    """Return ``internet.ssl``, or None where TLS is not available, as the public module has it: programs replace it."""
    # It stands above this package, which it is made of.
    from reactorio.protocols import amp

    return amp.ssl


@lru_cache(1)
def _certificate_of_this_process() -> Any:
    ssl = the_ssl()
    name = ssl.DistinguishedName(CN="TEMPORARY CERTIFICATE")
    key = ssl.KeyPair.generate()
    return key.newCertificate(key.signCertificateRequest(name, key.certificateRequest(name), lambda _: True, 1))


class _NoCertificate:
    """
    Stands for a certificate where there is none: TLS keeps others out, and this end is nobody in particular.

    Args:
        client: Is it for who has asked for TLS? Who has been asked needs a certificate of some kind, and gets one that
            nobody knows, the same for all of this process's connections. (Twisted makes a key for each of them.)
    """

    def __init__(self, client: bool) -> None:
        self.client = client

    def options(self, *authorities: Any) -> Any:
        """Return a context factory. With authorities, the peer must show a certificate of theirs."""
        ssl = the_ssl()
        if not self.client:
            return _certificate_of_this_process().options(*authorities)
        if not authorities:
            return ssl.CertificateOptions()
        return ssl.CertificateOptions(trustRoot=ssl.trustRootFromCertificates(authorities))
