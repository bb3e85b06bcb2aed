"""
Endpoints with TLS, and their strings.

    ssl:443:privateKey=key.pem:certKey=cert.pem       a server with one certificate
    ssl:example.com:443                               a client that verifies nothing
    tls:/etc/certificates:443                         a server with a certificate for each of its names
    tls:example.com:443                               a client that verifies the server

What TLS needs is imported when an endpoint is made, so that programs without it do not need the packages either.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._endpoints.certificates import from_files
from reactorio.internet._endpoints.hostname import HostnameEndpoint
from reactorio.internet._endpoints.layers import _WrapperEndpoint
from reactorio.internet._endpoints.tcp import TCP6ServerEndpoint, as_bind_address
from reactorio.internet._endpoints.wrapping import _WrappingFactory
from reactorio.internet.defer import Deferred, execute, fail
from reactorio.internet.interfaces import (
    IStreamClientEndpoint,
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpoint,
    IStreamServerEndpointStringParser,
)
from reactorio.logger import Logger
from reactorio.plugin import IPlugin

if TYPE_CHECKING:
    from reactorio.internet._endpoints.tcp import BindAddress
    from reactorio.internet.interfaces import IProtocolFactory

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)


@implementer(IStreamServerEndpoint)
class SSL4ServerEndpoint:
    """
    A TCP port whose connections speak TLS. The arguments are those of `IReactorSSL.listenSSL`.
    """

    def __init__(self, reactor: Any, port: int, sslContextFactory: Any, backlog: int = 50, interface: str = "") -> None:
        self._reactor = reactor
        self._port = port
        self._sslContextFactory = sslContextFactory
        self._backlog = backlog
        self._interface = interface

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Listen; returns a Deferred of the port, which fails with `CannotListenError`."""
        return execute(
            self._reactor.listenSSL,
            self._port,
            protocolFactory,
            contextFactory=self._sslContextFactory,
            backlog=self._backlog,
            interface=self._interface,
        )


@implementer(IStreamClientEndpoint)
class SSL4ClientEndpoint:
    """
    A TCP port that speaks TLS. The arguments are those of `IReactorSSL.connectSSL`.
    """

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        sslContextFactory: Any,
        timeout: float = 30,
        bindAddress: BindAddress = None,
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._sslContextFactory = sslContextFactory
        self._timeout = timeout
        self._bindAddress = as_bind_address(bindAddress)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint.connect`. The handshake may go on when the Deferred fires."""
        try:
            wrapping = _WrappingFactory(protocolFactory)
            self._reactor.connectSSL(
                self._host,
                self._port,
                wrapping,
                self._sslContextFactory,
                timeout=self._timeout,
                bindAddress=self._bindAddress,
            )
        except Exception:
            return fail()
        return wrapping._onConnection


def wrapClientTLS(connectionCreator: Any, wrappedEndpoint: Any, clock: Any = None) -> IStreamClientEndpoint:
    """
    Return an endpoint that speaks TLS over whatever another connects to.

    Args:
        connectionCreator: What `optionsForClientTLS` returned.
        wrappedEndpoint: The other endpoint.
        clock: See `TLSMemoryBIOFactory`.
    """
    from reactorio.protocols.tls import TLSMemoryBIOFactory  # see the module's docstring

    return _WrapperEndpoint(
        wrappedEndpoint, lambda factory: TLSMemoryBIOFactory(connectionCreator, True, factory, clock)
    )


@implementer(IStreamServerEndpoint)
class _TLSServerEndpoint:
    """
    Speaks TLS with whoever connects to another endpoint.

    Args:
        connectionCreator: Says how: for instance `CertificateOptions`.
        endpoint: The other endpoint.
        clock: See `TLSMemoryBIOFactory`.
    """

    def __init__(self, connectionCreator: Any, endpoint: Any, clock: Any = None) -> None:
        self.connectionCreator = connectionCreator
        self.endpoint = endpoint
        self._clock = clock

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Listen."""
        from reactorio.protocols.tls import TLSMemoryBIOFactory  # see the module's docstring

        factory = TLSMemoryBIOFactory(self.connectionCreator, False, protocolFactory, self._clock)
        listening: Deferred[Any] = self.endpoint.listen(factory)
        return listening


def wrapServerTLS(connectionCreator: Any, wrappedEndpoint: Any, clock: Any = None) -> IStreamServerEndpoint:
    """
    Return an endpoint that speaks TLS with whoever connects to another.

    Args:
        connectionCreator: Says how: for instance `CertificateOptions`.
        wrappedEndpoint: The other endpoint.
        clock: See `TLSMemoryBIOFactory`.
    """
    return _TLSServerEndpoint(connectionCreator, wrappedEndpoint, clock)


# The strings


def parse_ssl_server(
    factory: Any,
    port: str,
    privateKey: str = "server.pem",
    certKey: str | None = None,
    sslmethod: str | None = None,
    interface: str = "",
    backlog: str | int = 50,
    extraCertChain: str | None = None,
    dhParameters: str | None = None,
) -> Any:
    """
    The type ``ssl`` of servers: paths of PEM files, for the key and the certificate (by default the same), for the
    certificates between that and the root, and for Diffie-Hellman parameters; ``sslmethod`` is pyOpenSSL's. They are read
    again when the launcher is told to reload.
    """
    from reactorio.internet import ssl  # see the module's docstring
    from reactorio.python.filepath import FilePath

    def read() -> Any:
        options: dict[str, Any] = {} if sslmethod is None else {"method": getattr(ssl.SSL, sslmethod)}
        if extraCertChain is not None:
            options["extraCertChain"] = _chain_in(extraCertChain)
        if dhParameters is not None:
            options["dhParameters"] = ssl.DiffieHellmanParameters.fromFile(FilePath(dhParameters))
        ours = _private_certificate(certKey or privateKey, privateKey)
        return ssl.CertificateOptions(privateKey=ours.privateKey.original, certificate=ours.original, **options)

    return (int(port), factory, from_files(read)), {"interface": interface, "backlog": int(backlog)}


def _private_certificate(certificate: str, key: str) -> Any:
    from reactorio.internet.ssl import KeyPair, PrivateCertificate  # see the module's docstring

    if certificate == key:
        return PrivateCertificate.loadPEM(Path(key).read_bytes())
    pair = KeyPair.load(Path(key).read_bytes(), 1)
    return PrivateCertificate.load(Path(certificate).read_bytes(), pair, 1)


def _chain_in(path: str) -> list[Any]:
    from reactorio.internet._ssl.originals import original_certificate  # see the module's docstring
    from reactorio.protocols._sni import certificates_in

    found = certificates_in(Path(path).read_bytes())
    if not found:
        raise ValueError(f"Specified chain file '{path}' doesn't contain any valid certificates in PEM format.")
    return [original_certificate(certificate) for certificate in found]


def parse_ssl_client(*args: str, **kwargs: Any) -> dict[str, Any]:
    """
    The type ``ssl`` of clients: ``host``, ``port``, ``timeout`` and ``bindAddress`` as ``tcp``; ``privateKey`` and
    ``certKey``, PEM files to show to the server; ``caCertsDir``, a directory with those whose certificates are believed.
    """
    from reactorio.internet.ssl import CertificateOptions  # see the module's docstring

    kwargs.update(zip(("host", "port"), args, strict=False))
    options: dict[str, Any] = {}
    key, certificate = kwargs.pop("privateKey", None), kwargs.pop("certKey", None)
    if key is not None:
        ours = _private_certificate(certificate or key, key)
        options.update(privateKey=ours.privateKey.original, certificate=ours.original)
    directory = kwargs.pop("caCertsDir", None)
    if directory is not None:
        from reactorio.python.filepath import FilePath

        options["trustRoot"] = _loadCAsFromDir(FilePath(directory))
    kwargs["port"] = int(kwargs["port"])
    if "timeout" in kwargs:
        kwargs["timeout"] = int(kwargs["timeout"])
    return {**kwargs, "sslContextFactory": CertificateOptions(**options)}


def _loadCAsFromDir(directoryPath: Any) -> Any:
    """
    Return a root of trust made of the first certificate in each of a directory's ``.pem`` files.

    The first only, as in Twisted: what comes after it in a file may be there for others to see, not to be believed. What
    cannot be read is left out.
    """
    from reactorio.internet._ssl.originals import original_certificate  # see the module's docstring
    from reactorio.internet._ssl.trust import OpenSSLCertificateAuthorities
    from reactorio.protocols._sni import certificates_in

    found: dict[Any, None] = {}
    for path in directoryPath.children():
        if path.basename().lower().endswith(".pem"):
            try:
                found.update(dict.fromkeys(certificates_in(path.getContent())[:1]))
            except (OSError, ValueError) as error:
                _log.warn("No certificate of {path} is believed: {error}", path=path.path, error=error)
    return OpenSSLCertificateAuthorities([original_certificate(certificate) for certificate in found])


@implementer(IPlugin, IStreamClientEndpointStringParserWithReactor)
class _TLSClientEndpointParser:
    """
    The type ``tls`` of clients: ``host`` and ``port``; ``timeout`` and ``bindAddress`` as ``tcp``; ``certificate`` and
    ``privateKey``, PEM files to show to the server; ``trustRoots``, a directory with those whose certificates are
    believed, in place of the system's; ``endpoint``, another endpoint's string to connect by.
    """

    prefix = "tls"

    def parseStreamClient(self, reactor: Any, *args: str, **kwargs: str) -> IStreamClientEndpoint:
        return self._endpoint(reactor, *args, **kwargs)

    def _endpoint(
        self,
        reactor: Any,
        host: str,
        port: str,
        timeout: str = "30",
        bindAddress: str | None = None,
        certificate: str | None = None,
        privateKey: str | None = None,
        trustRoots: str | None = None,
        endpoint: str | None = None,
    ) -> IStreamClientEndpoint:
        from reactorio.internet.ssl import optionsForClientTLS  # see the module's docstring
        from reactorio.python.filepath import FilePath

        beneath: Any
        if endpoint is None:
            beneath = HostnameEndpoint(reactor, host, int(port), int(timeout), bindAddress)
        else:
            from reactorio.internet._endpoints.strings import clientFromString  # which knows us by way of a plugin

            beneath = clientFromString(reactor, endpoint)
        certificate, privateKey = certificate or privateKey, privateKey or certificate
        ours = None if certificate is None or privateKey is None else _private_certificate(certificate, privateKey)
        options = optionsForClientTLS(
            host,
            trustRoot=None if trustRoots is None else _loadCAsFromDir(FilePath(trustRoots)),
            clientCertificate=ours,
        )
        return wrapClientTLS(options, beneath)


@implementer(IPlugin, IStreamServerEndpointStringParser)
class _TLSServerEndpointParser:
    """
    The type ``tls`` of servers: ``path``, a directory of PEM files with keys and certificates, which may come and go
    at any time; ``port``, ``backlog`` and ``interface`` as ``tcp6``.
    """

    prefix = "tls"

    def parseStreamServer(self, reactor: Any, *args: str, **kwargs: str) -> IStreamServerEndpoint:
        return self._endpoint(reactor, *args, **kwargs)

    def _endpoint(
        self, reactor: Any, path: str, port: str | int = 443, backlog: str | int = 50, interface: str = "::"
    ) -> IStreamServerEndpoint:
        from reactorio.protocols._sni import SNIConnectionCreator, autoReloadingDirectoryOfPEMs
        from reactorio.python.filepath import FilePath

        beneath = TCP6ServerEndpoint(reactor, int(port), int(backlog), interface)
        return wrapServerTLS(SNIConnectionCreator(autoReloadingDirectoryOfPEMs(FilePath(path))), beneath)
