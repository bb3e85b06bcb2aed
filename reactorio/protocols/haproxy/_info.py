"""What a header says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio.protocols.haproxy._interfaces import IProxyInfo

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IAddress


@dataclass(frozen=True)
class TLSInfo:
    """
    The TLS between the client and the proxy.

    Strings are the client's or its certificate's: bytes in them that are not UTF-8 stand there as ``\\\\x`` and two digits.

    Attributes:
        used: Was there any?
        certificate_now: Did the client show a certificate on this connection?
        certificate_in_session: Did it ever, in the TLS session that this connection belongs to?
        verified: Did it show one that the proxy found to be good?
        version: Of TLS, such as ``TLSv1.3``.
        common_name: That of the client's certificate.
        cipher: The cipher's name.
        signature_algorithm: What the proxy's certificate is signed with.
        key_algorithm: What the key of that is for.
        group: The group of the key exchange.
        signature_scheme: What the proxy signed with.
        certificate: The client's, in DER.
    """

    used: bool
    certificate_now: bool
    certificate_in_session: bool
    verified: bool
    version: str | None = None
    common_name: str | None = None
    cipher: str | None = None
    signature_algorithm: str | None = None
    key_algorithm: str | None = None
    group: str | None = None
    signature_scheme: str | None = None
    certificate: bytes | None = None


@implementer(IProxyInfo)
@dataclass
class ProxyInfo:
    """
    What a header says.

    Attributes:
        header: The header itself, in version 1 without its end of line.
        source: The client's address; None where the connection's own peer is meant: the proxy speaks for itself, or for
            a client whose address it cannot express.
        destination: The address that the client connected to; None likewise.
        tlvs: What else the proxy told, as pairs of type and value, in order; only in version 2.
        alpn: What the client and the proxy agreed on by ALPN.
        authority: The host name that the client asked for, in TLS its SNI.
        unique_id: What the proxy calls the connection.
        tls: The TLS between the client and the proxy, None if the proxy says nothing of it.
        netns: The name of the network namespace.
    """

    header: bytes
    source: IAddress | None
    destination: IAddress | None
    tlvs: tuple[tuple[int, bytes], ...] = ()
    alpn: bytes | None = None
    authority: str | None = None
    unique_id: bytes | None = None
    tls: TLSInfo | None = None
    netns: str | None = None
