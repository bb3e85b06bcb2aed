"""
How TLS is to be spoken: one description, of which contexts are made.

As long as nobody asks for pyOpenSSL's context, connections get the standard library's; who has asked for it
(``getContext``) may have changed it, so from then on that is what is used. It is used from the start where the standard
library cannot do what is asked for.
"""

from __future__ import annotations

import secrets
import warnings
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._ssl.ciphers import defaultCiphers, selected
from reactorio.internet._ssl.contexts import Settings, context_for
from reactorio.internet._ssl.originals import certificate_for, key_for
from reactorio.internet._ssl.trust import OpenSSLCertificateAuthorities, OpenSSLDefaultPaths, as_trust_root
from reactorio.internet._ssl.versions import HIGHEST, LOWEST, TLSVersion
from reactorio.internet.error import ConnectionLost
from reactorio.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
)
from reactorio.logger import Logger
from reactorio.protocols._tls.negotiation import chooser
from reactorio.protocols._tls.openssl_or_none import SSL
from reactorio.protocols._tls.stdlib import StdlibEngine
from reactorio.python.deprecate import deprecated
from reactorio.python.failure import Failure
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["OpenSSLCertificateOptions"]

__name__ = "reactorio.internet._sslverify"  # the public path: see the package's docstring

_log = Logger(namespace="reactorio.internet._sslverify")

# OpenSSL's SSL_OP_NO_… for a version, which pyOpenSSL may not have by name.
_WITHOUT = {
    TLSVersion.SSLv3: 0x02000000,
    TLSVersion.TLSv1_0: 0x04000000,
    TLSVersion.TLSv1_1: 0x10000000,
    TLSVersion.TLSv1_2: 0x08000000,
    TLSVersion.TLSv1_3: 0x20000000,
}

_NO_TICKET = 0x00004000

_DEFAULT_DEPTH = 9


class _Unset:
    """Not even None was given."""

    def __repr__(self) -> str:
        return "<unset>"


_UNSET: Any = _Unset()


@implementer(IOpenSSLContextFactory, IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class OpenSSLCertificateOptions:
    """
    Options for either side of TLS. For clients, `optionsForClientTLS` is better: it checks names.

    Args:
        privateKey: Our key: pyOpenSSL's or cryptography's, as ``KeyPair.original``.
        certificate: Our certificate, as ``Certificate.original``.
        method: pyOpenSSL's method. Deprecated: the versions are told by the last parameters but one.
        verify: Is the peer's certificate to be verified?
        caCerts: Whose certificates are believed, if ``verify`` is set.
        verifyDepth: How long a chain may be.
        requireCertificate: Is a client to be refused that shows none, if ``verify`` is set?
        verifyOnce: Kept for programs that set it; there is no second time in a connection.
        enableSingleUseKeys: Kept for programs that set it; keys of key exchanges are used once.
        enableSessions: May sessions be resumed by their ID?
        fixBrokenPeers: Turn OpenSSL's workarounds on.
        enableSessionTickets: May sessions be resumed by ticket?
        extraCertChain: The certificates between ours and the root.
        acceptableCiphers: Suites for TLS 1.2 and below.
        dhParameters: For suites with finite fields.
        trustRoot: Whose certificates are believed: a `Certificate`, or what `platformTrust` and
            `trustRootFromCertificates` return. With it the peer's certificate is verified.
        acceptableProtocols: For ALPN, the preferred first.
        raiseMinimumTo: The lowest version, if that is above what is the default here.
        insecurelyLowerMinimumTo: The lowest version.
        lowerMaximumSecurityTo: The highest version.
        contextForServerName: Called with the name that a client asks for, or None; returns pyOpenSSL's context (without
            that, the standard library's), or None for ours.

    Raises:
        TypeError: Arguments exclude each other.
        ValueError: Arguments need others; or no suite is left.
    """

    _contextFactory: Callable[[int], Any] = staticmethod(lambda method: SSL.Context(method))
    _context: Any = None
    _OP_NO_TLSv1_3 = _WITHOUT[TLSVersion.TLSv1_3]
    _defaultMinimumTLSVersion = LOWEST

    def __init__(
        self,
        privateKey: Any = None,
        certificate: Any = None,
        method: int | None = None,
        verify: bool = _UNSET,
        caCerts: Sequence[Any] | None = _UNSET,
        verifyDepth: int = _DEFAULT_DEPTH,
        requireCertificate: bool = _UNSET,
        verifyOnce: bool = True,
        enableSingleUseKeys: bool = True,
        enableSessions: bool = False,
        fixBrokenPeers: bool = False,
        enableSessionTickets: bool = False,
        extraCertChain: Sequence[Any] | None = None,
        acceptableCiphers: Any = None,
        dhParameters: Any = None,
        trustRoot: Any = _UNSET,
        acceptableProtocols: Sequence[bytes] | None = None,
        raiseMinimumTo: TLSVersion | None = None,
        insecurelyLowerMinimumTo: TLSVersion | None = None,
        lowerMaximumSecurityTo: TLSVersion | None = None,
        contextForServerName: Callable[[bytes | None], Any] | None = None,
    ) -> None:
        _exclude("trustRoot", trustRoot, verify=verify, requireCertificate=requireCertificate, caCerts=caCerts)
        self._lowest, self._highest = _range_of(
            method, raiseMinimumTo, insecurelyLowerMinimumTo, lowerMaximumSecurityTo
        )
        if (privateKey is None) != (certificate is None):
            raise ValueError("Specify neither or both of privateKey and certificate")
        if extraCertChain is not None and privateKey is None:
            raise ValueError("A private key and a certificate are required when adding a supplemental chain.")
        self.privateKey = privateKey
        self.certificate = certificate
        self.extraCertChain = list(extraCertChain or ())
        self._explicit_method = method is not None
        self.method = (7 if SSL is None else SSL.TLS_METHOD) if method is None else method
        self._set_trust(trustRoot, verify, caCerts, requireCertificate)
        self.verifyDepth = verifyDepth
        self.verifyOnce = verifyOnce
        self.enableSingleUseKeys = enableSingleUseKeys
        self.enableSessions = enableSessions
        self.fixBrokenPeers = fixBrokenPeers
        self.enableSessionTickets = enableSessionTickets
        self.dhParameters = dhParameters
        self._acceptableProtocols = acceptableProtocols
        self._contextForServerName = contextForServerName
        ciphers = selected(defaultCiphers if acceptableCiphers is None else acceptableCiphers)
        if not ciphers:
            raise ValueError("Supplied IAcceptableCiphers yielded no usable ciphers on this platform.")
        self._cipherString = ":".join(cipher.fullName for cipher in ciphers)
        self._options = self._openssl_options()
        self._stdlib_contexts: dict[Any, Any] = {}

    def _set_trust(self, root: Any, verify: Any, authorities: Any, require: Any) -> None:
        self.caCerts = None if authorities is _UNSET else authorities
        self.verify = False if verify is _UNSET else verify
        self.requireCertificate = True if require is _UNSET else require
        if self.verify and not self.caCerts:
            raise ValueError(
                "Specify client CA certificate information if and only if enabling certificate verification"
            )
        self.trustRoot: Any = None
        if root is not _UNSET and root is not None:
            self.verify = True
            self.trustRoot = as_trust_root(root)
        elif self.verify:
            self.trustRoot = OpenSSLCertificateAuthorities(self.caCerts or ())

    def _openssl_options(self) -> int:
        # SSL_OP_NO_SSLv2, which is 0 by now, NO_COMPRESSION, CIPHER_SERVER_PREFERENCE, NO_RENEGOTIATION.
        options = 0x00020000 | 0x00400000 | 0x40000000
        for version, without in _WITHOUT.items():
            if not self._lowest <= version <= self._highest:
                options |= without
        if self.enableSingleUseKeys and SSL is not None:
            options |= SSL.OP_SINGLE_DH_USE | SSL.OP_SINGLE_ECDH_USE
        if self.fixBrokenPeers and SSL is not None:
            options |= SSL.OP_ALL
        return options if self.enableSessionTickets else options | _NO_TICKET

    def _become(self, successor: OpenSSLCertificateOptions) -> None:
        """Have connections made as ``successor`` says, from the next one on; it is of no use itself after that."""
        if self._context is not None:
            successor.getContext()
        self.__dict__ = successor.__dict__

    # ---- as pyOpenSSL has it

    def getContext(self) -> Any:
        """
        Return pyOpenSSL's context, always the same one. From now on, new connections are made with it.

        Raises:
            ImportError: pyOpenSSL is not installed.
            OpenSSL.SSL.Error: Key and certificate do not match.
        """
        if self._context is None:
            self._context = self._makeContext()
        return self._context

    def _makeContext(self, skipCiphers: bool = False) -> Any:
        if SSL is None:
            raise ImportError("contexts of pyOpenSSL's need pyOpenSSL: install reactorio[tls]")
        context = self._contextFactory(self.method)
        context.set_options(self._options)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        if self.certificate is not None:
            context.use_certificate(certificate_for(context, self.certificate))
            context.use_privatekey(key_for(context, self.privateKey))
            for certificate in self.extraCertChain:
                context.add_extra_chain_cert(certificate_for(context, certificate))
            context.check_privatekey()
        self._set_verification(context)
        if self.dhParameters is not None:
            context.load_tmp_dh(self.dhParameters._dhFile.path)
        if not skipCiphers:
            context.set_cipher_list(self._cipherString.encode("ascii"))
        # Now, since a context cannot be changed any more once there is a connection.
        context.set_alpn_select_callback(chooser(self._acceptableProtocols or ()))
        if self._contextForServerName is not None:
            context.set_tlsext_servername_callback(_switcher(self._contextForServerName))
        return context

    def _set_verification(self, context: Any) -> None:
        mode = SSL.VERIFY_NONE
        if self.verify:
            mode = SSL.VERIFY_PEER
            if self.requireCertificate:
                mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
            if self.verifyOnce:
                mode |= SSL.VERIFY_CLIENT_ONCE
            self.trustRoot._addCACertsToContext(context)
        context.set_verify(mode, _as_openssl_says)
        context.set_verify_depth(self.verifyDepth)
        # Sessions of one context are none of another's.
        context.set_session_id(secrets.token_hex(16).encode("ascii"))
        context.set_session_cache_mode(SSL.SESS_CACHE_SERVER if self.enableSessions else SSL.SESS_CACHE_OFF)

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """Return pyOpenSSL's connection for a client; no name is checked."""
        return self._connection(tlsProtocol, "set_connect_state")

    def serverConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """Return pyOpenSSL's connection for a server."""
        return self._connection(tlsProtocol, "set_accept_state")

    def _connection(self, protocol: Any, set_state: str) -> Any:
        connection = SSL.Connection(self.getContext(), None)
        connection.set_app_data(protocol)
        getattr(connection, set_state)()
        if self._acceptableProtocols and set_state == "set_connect_state":
            connection.set_alpn_protos(list(self._acceptableProtocols))
        return connection

    # ---- as the standard library has it

    def _engine_for(self, is_client: bool, protocols: Sequence[bytes]) -> StdlibEngine | None:
        """Return an engine on the standard library, None where pyOpenSSL is to be used."""
        context = self._stdlib_context(is_client, protocols, check_name=False)
        if context is None:
            return None
        watch = not is_client and bool(protocols or self._acceptableProtocols)
        return StdlibEngine(context, is_client, own_certificate=self.certificate, watch_hello=watch)

    def _stdlib_context(self, is_client: bool, protocols: Sequence[bytes], check_name: bool) -> Any:
        protocols = tuple(protocols or self._acceptableProtocols or ())
        if SSL is not None and self._needs_openssl():
            return None
        kind = (is_client, protocols, check_name)
        context = self._stdlib_contexts.get(kind)
        if context is None:
            context = self._stdlib_contexts[kind] = context_for(self._settings(*kind))
        return context

    def _settings(self, is_client: bool, protocols: tuple[bytes, ...], check_name: bool) -> Settings:
        return Settings(
            is_client=is_client,
            verify=self.verify,
            require=self.requireCertificate,
            check_name=check_name,
            trust=self.trustRoot if self.verify else None,
            lowest=self._lowest,
            highest=self._highest,
            ciphers=self._cipherString,
            protocols=protocols,
            tickets=self.enableSessionTickets,
            certificate=(self.certificate, *self.extraCertChain) if self.certificate is not None else (),
            key=self.privateKey,
            dh_file=None if self.dhParameters is None else self.dhParameters._dhFile.path,
            choose=self._contextForServerName,
        )

    def _needs_openssl(self) -> bool:
        kind = type(self)
        return (
            self._context is not None
            or any(getattr(kind, name) is not getattr(OpenSSLCertificateOptions, name) for name in _HOOKS)
            or "_contextFactory" in self.__dict__
            or self._explicit_method
            or self._contextForServerName is not None
            or self.verifyDepth != _DEFAULT_DEPTH
            or self.enableSessions
            or (self.verify and not isinstance(self.trustRoot, (OpenSSLCertificateAuthorities, OpenSSLDefaultPaths)))
        )

    # ---- pickling, which Twisted has deprecated

    @deprecated(Version("Twisted", 15, 0, 0), "a real persistence system")
    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_context", "_stdlib_contexts")}

    @deprecated(Version("Twisted", 15, 0, 0), "a real persistence system")
    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = {**state, "_stdlib_contexts": {}}


# What a subclass overrides to have contexts or connections of its own.
_HOOKS = ("getContext", "_makeContext", "_contextFactory", "clientConnectionForTLS", "serverConnectionForTLS")


def _exclude(name: str, value: Any, **others: Any) -> None:
    for other, given in others.items():
        if value is not _UNSET and given is not _UNSET:
            raise TypeError(f"{name!r} and {other!r} are mutually exclusive")


def _range_of(method: int | None, raised: Any, lowered: Any, highest: Any) -> tuple[TLSVersion, TLSVersion]:
    """Return the lowest and the highest version."""
    names = {"raiseMinimumTo": raised, "insecurelyLowerMinimumTo": lowered, "lowerMaximumSecurityTo": highest}
    if method is not None:
        for name, version in names.items():
            if version is not None:
                raise TypeError(f"'method' and {name!r} are mutually exclusive")
        warnings.warn(
            "Passing method to reactorio.internet.ssl.CertificateOptions was deprecated in Twisted 17.1.0. Please use a "
            "combination of insecurelyLowerMinimumTo, raiseMinimumTo, and lowerMaximumSecurityTo instead, as Twisted "
            "will correctly configure the method.",
            DeprecationWarning,
            stacklevel=3,
        )
        return TLSVersion.TLSv1_0, HIGHEST
    if raised is not None and lowered is not None:
        raise TypeError("'raiseMinimumTo' and 'insecurelyLowerMinimumTo' are mutually exclusive")
    for name in ("raiseMinimumTo", "insecurelyLowerMinimumTo"):
        if highest is not None and names[name] is not None and names[name] > highest:
            raise ValueError(f"{name} needs to be lower than lowerMaximumSecurityTo")
    top = HIGHEST if highest is None else highest
    if lowered is not None:
        return lowered, top
    lowest = LOWEST if raised is None else max(raised, LOWEST)
    return min(lowest, top), top


def _as_openssl_says(connection: Any, certificate: Any, error: int, depth: int, is_ok: int) -> bool:
    return bool(is_ok)


def _switcher(context_for_name: Callable[[bytes | None], Any]) -> Any:
    def switch(connection: Any) -> None:
        try:
            context = context_for_name(connection.get_servername())
        except Exception:
            _log.failure("Error while choosing a context for {name!r}", name=connection.get_servername())
            connection.get_app_data().failVerification(Failure(ConnectionLost()))
            return
        if context is not None:
            connection.set_context(context)

    return switch
