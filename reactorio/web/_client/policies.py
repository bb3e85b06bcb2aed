"""Whom a client trusts over TLS."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IOpenSSLClientConnectionCreator
from reactorio.web.iweb import IPolicyForHTTPS

__name__ = "reactorio.web.client"  # the public path


def _ssl() -> Any:
    """
    Return `reactorio.internet.ssl`, which plain http does without.

    Raises:
        NotImplementedError: This installation has no TLS.
    """
    try:
        from reactorio.internet import ssl  # needs the extra `tls`
    except ImportError as exc:
        raise NotImplementedError("SSL support unavailable: pip install reactorio[tls]") from exc
    return ssl


@implementer(IPolicyForHTTPS)
class BrowserLikePolicyForHTTPS:
    """
    Trusts a server whose certificate bears its name, and that of an authority one trusts.

    Args:
        trustRoot: The authorities, None for those of the system.
    """

    def __init__(self, trustRoot: Any = None) -> None:
        self._trustRoot = trustRoot

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """Return what makes connections to ``hostname``."""
        name = hostname.decode("ascii")
        if self._trustRoot is None:
            return _ssl().optionsForClientTLS(name)
        return _ssl().optionsForClientTLS(name, trustRoot=self._trustRoot)


@implementer(IPolicyForHTTPS)
class HostnameCachingHTTPSPolicy:
    """
    Keeps what another policy makes, for each host.

    Args:
        policyforHTTPS: The other policy.
        cacheSize: Hosts to keep; the one that was not asked for the longest goes.
    """

    def __init__(self, policyforHTTPS: IPolicyForHTTPS, cacheSize: int = 20) -> None:
        self._policyForHTTPS = policyforHTTPS
        self._cache: OrderedDict[str, Any] = OrderedDict()
        self._cacheSize = cacheSize

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """Return what makes connections to ``hostname``, the same as the last time if that is not too long ago."""
        host = hostname.decode("ascii")
        creator = self._cache.get(host)
        if creator is None:
            creator = self._cache[host] = self._policyForHTTPS.creatorForNetloc(hostname, port)
            if len(self._cache) > self._cacheSize:
                self._cache.popitem(last=False)
        self._cache.move_to_end(host)
        return creator


@implementer(IOpenSSLClientConnectionCreator)
class _ContextFactoryWithContext:
    """
    Makes connections of a pyOpenSSL context.

    Args:
        context: The context.
    """

    def __init__(self, context: Any) -> None:
        self._context = context

    def getContext(self) -> Any:
        """Return the context."""
        return self._context

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """Return a connection that is yet to be told that it is a client's."""
        from OpenSSL.SSL import Connection  # only who brings contexts of its own needs it

        return Connection(self._context, None)


@implementer(IPolicyForHTTPS)
class _DeprecatedToCurrentPolicyForHTTPS:
    """
    Takes an object with ``getContext(hostname, port)``, as policies were before, for a policy.

    Args:
        webContextFactory: That object.
    """

    def __init__(self, webContextFactory: Any) -> None:
        self._webContextFactory = webContextFactory

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """Return what makes connections of the object's context."""
        return _ContextFactoryWithContext(self._webContextFactory.getContext(hostname, port))


class WebClientContextFactory:
    """
    Makes pyOpenSSL contexts that trust the system's authorities, and look at no name (legacy).

    Use `BrowserLikePolicyForHTTPS`.
    """

    def _getCertificateOptions(self, hostname: bytes, port: int) -> Any:
        ssl = _ssl()
        return ssl.CertificateOptions(trustRoot=ssl.platformTrust())

    def getContext(self, hostname: bytes, port: int) -> Any:
        """Return a context."""
        return self._getCertificateOptions(hostname, port).getContext()
