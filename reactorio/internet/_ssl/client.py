"""Options for clients, which know whom they connect to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._idna import encoded_and_text
from reactorio.internet._ssl.identity import check_identity
from reactorio.internet._ssl.options import OpenSSLCertificateOptions
from reactorio.internet._ssl.originals import certificate_of
from reactorio.internet.abstract import isIPAddress, isIPv6Address
from reactorio.internet.interfaces import IOpenSSLClientConnectionCreator
from reactorio.protocols._tls.engines import VerificationError
from reactorio.protocols._tls.openssl_or_none import SSL
from reactorio.protocols._tls.stdlib import StdlibEngine
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ClientTLSOptions", "optionsForClientTLS"]

__name__ = "reactorio.internet._sslverify"  # the public path: see the package's docstring


@implementer(IOpenSSLClientConnectionCreator)
class ClientTLSOptions:
    """
    Makes connections to one name, for which the server's certificate has to be.

    Args:
        hostname: The name, or an address.
        ctx: pyOpenSSL's context.
        sendServerName: Is the server to be told the name? By default, if it is one.
    """

    _options: OpenSSLCertificateOptions | None = None

    def __init__(self, hostname: str, ctx: Any, sendServerName: bool | None = None) -> None:
        self._hostname = hostname
        self._hostnameBytes, _ = encoded_and_text(hostname)
        self._hostnameASCII = self._hostnameBytes.decode("ascii")
        self._hostnameIsDnsName = not (isIPAddress(hostname) or isIPv6Address(hostname))
        self._sendServerName = self._hostnameIsDnsName if sendServerName is None else sendServerName
        self._given_context = ctx

    @classmethod
    def _for(cls, hostname: str, options: OpenSSLCertificateOptions, send_name: bool | None) -> ClientTLSOptions:
        made = cls(hostname, None, send_name)
        made._options = options
        return made

    @property
    def _ctx(self) -> Any:
        return self._given_context if self._options is None else self._options.getContext()

    def _engine_for(self, is_client: bool, protocols: Sequence[bytes]) -> StdlibEngine | None:
        """Return an engine on the standard library, None where pyOpenSSL is to be used."""
        options = self._options
        # The standard library's contexts send the name that they check.
        sends_as_usual = self._sendServerName == self._hostnameIsDnsName
        if (
            options is None
            or not is_client
            or type(self) is not ClientTLSOptions
            or not (sends_as_usual or SSL is None)
        ):
            return None
        context = options._stdlib_context(True, protocols, check_name=True)
        if context is None:
            return None
        return StdlibEngine(context, True, self._hostnameASCII, options.certificate)

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """Return pyOpenSSL's connection, which checks the name."""
        connection = SSL.Connection(self._ctx, None)
        connection.set_app_data(tlsProtocol)
        connection.set_connect_state()
        if self._sendServerName:
            connection.set_tlsext_host_name(self._hostnameBytes)
        protocols = None if self._options is None else self._options._acceptableProtocols
        if protocols:
            connection.set_alpn_protos(list(protocols))
        # On this connection, since the context may be another name's, too.
        connection.set_verify(connection.get_verify_mode(), _checker(self._hostnameASCII, not self._hostnameIsDnsName))
        return connection


def _checker(name: str, is_address: bool) -> Any:
    def verify(connection: Any, certificate: Any, error: int, depth: int, is_ok: int) -> bool:
        if depth == 0 and is_ok:
            try:
                check_identity(certificate_of(certificate), name, is_address)
            except VerificationError:
                # pyOpenSSL would drop it: to whom it concerns it goes by another way.
                connection.get_app_data().failVerification(Failure())
                return False
        return bool(is_ok)

    return verify


def optionsForClientTLS(
    hostname: str,
    trustRoot: Any = None,
    clientCertificate: Any = None,
    acceptableProtocols: Sequence[bytes] | None = None,
    *,
    extraCertificateOptions: dict[str, Any] | None = None,
    sendServerName: bool | None = None,
) -> ClientTLSOptions:
    """
    Return options for connections to ``hostname``.

    Args:
        hostname: The name that the server's certificate has to be for, and that the server is told; or an address.
        trustRoot: Whose certificates are believed: a `Certificate`, or what `platformTrust`, the default, or
            `trustRootFromCertificates` return.
        clientCertificate: A `PrivateCertificate` to show the server.
        acceptableProtocols: For ALPN, the preferred first.
        extraCertificateOptions: More arguments for `CertificateOptions`.
        sendServerName: Is the server to be told the name? By default, if it is one.

    Raises:
        TypeError: ``hostname`` is not text.
        ValueError: ``hostname`` can be nobody's.
    """
    if not isinstance(hostname, str):
        raise TypeError(f"optionsForClientTLS requires text for host names, not {type(hostname).__name__}")
    arguments: dict[str, Any] = dict(extraCertificateOptions or {})
    if trustRoot is None:
        # Through the module of Twisted's: tests of applications put a platformTrust of their own there.
        from reactorio.internet import _sslverify

        trustRoot = _sslverify.platformTrust()
    if clientCertificate is not None:
        arguments.update(privateKey=clientCertificate.privateKey.original, certificate=clientCertificate.original)
    options = OpenSSLCertificateOptions(trustRoot=trustRoot, acceptableProtocols=acceptableProtocols, **arguments)
    return ClientTLSOptions._for(hostname, options, sendServerName)
