"""
HTTP clients. The work is in ``reactorio.web._client``.

    response = await Agent(reactor).request(b"GET", b"https://example.org/")
    body = await readBody(response)

With an `HTTPConnectionPool`, connections are used again. `RedirectAgent`, `CookieAgent` and `ContentDecoderAgent` each wrap another
agent.
"""

from __future__ import annotations

from reactorio.python.deprecate import deprecatedModuleAttribute, getDeprecationWarningString
from reactorio.python.versions import Version

# Looked at and put to use by applications, though the names are private.
from reactorio.web._client import uri as _uri
from reactorio.web._client.agent import Agent
from reactorio.web._client.agent import _AgentBase as _AgentBase
from reactorio.web._client.agent import _StandardEndpointFactory as _StandardEndpointFactory
from reactorio.web._client.cookies import CookieAgent
from reactorio.web._client.cookies import _FakeStdlibRequest as _FakeStdlibRequest
from reactorio.web._client.cookies import _FakeStdlibResponse as _FakeStdlibResponse
from reactorio.web._client.cookies import _FakeUrllibResponseInfo as _FakeUrllibResponseInfo
from reactorio.web._client.decoding import (
    BrotliDecoder,
    ContentDecoderAgent,
    DecompressionBomb,
    DeflateDecoder,
    GzipDecoder,
    ZstandardDecoder,
    knownDecoders,
)
from reactorio.web._client.decoding import _GzipProtocol as _GzipProtocol
from reactorio.web._client.errors import (
    RequestGenerationFailed,
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
    ResponseTooLarge,
)
from reactorio.web._client.errors import _WrapperException as _WrapperException
from reactorio.web._client.legacy import (
    HTTPClientFactory,
    HTTPDownloader,
    HTTPPageDownloader,
    HTTPPageGetter,
    downloadPage,
    getPage,
)
from reactorio.web._client.limits import ResponseLimits
from reactorio.web._client.policies import (
    BrowserLikePolicyForHTTPS,
    HostnameCachingHTTPSPolicy,
    WebClientContextFactory,
)
from reactorio.web._client.policies import _ContextFactoryWithContext as _ContextFactoryWithContext
from reactorio.web._client.policies import _DeprecatedToCurrentPolicyForHTTPS as _DeprecatedToCurrentPolicyForHTTPS
from reactorio.web._client.pool import HTTPConnectionPool, PoolFull
from reactorio.web._client.pool import _HTTP11ClientFactory as _HTTP11ClientFactory
from reactorio.web._client.pool import _RetryingHTTP11ClientProtocol as _RetryingHTTP11ClientProtocol
from reactorio.web._client.protocol import HTTP11ClientProtocol
from reactorio.web._client.proxies import ProxyAgent
from reactorio.web._client.reading import BodyTooLong, FileBodyProducer, PartialDownloadError, readBody
from reactorio.web._client.reading import _ReadBodyProtocol as _ReadBodyProtocol
from reactorio.web._client.redirects import BrowserLikeRedirectAgent, RedirectAgent
from reactorio.web._client.redirects import _defaultSensitiveHeaders as _defaultSensitiveHeaders
from reactorio.web._client.request import Request
from reactorio.web._client.response import Response
from reactorio.web._client.uri import URI
from reactorio.web._http.bodies import PotentialDataLoss
from reactorio.web.error import SchemeNotSupported
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import UNKNOWN_LENGTH, IAgent, IAgentEndpointFactory, IBodyProducer, IPolicyForHTTPS, IResponse

__all__ = [
    "UNKNOWN_LENGTH",
    "URI",
    "Agent",
    "BodyTooLong",
    "BrotliDecoder",
    "BrowserLikePolicyForHTTPS",
    "BrowserLikeRedirectAgent",
    "ContentDecoderAgent",
    "CookieAgent",
    "DecompressionBomb",
    "DeflateDecoder",
    "FileBodyProducer",
    "GzipDecoder",
    "HTTP11ClientProtocol",
    "HTTPClientFactory",
    "HTTPConnectionPool",
    "HTTPDownloader",
    "HTTPPageDownloader",
    "HTTPPageGetter",
    "Headers",
    "HostnameCachingHTTPSPolicy",
    "IAgent",
    "IAgentEndpointFactory",
    "IBodyProducer",
    "IPolicyForHTTPS",
    "IResponse",
    "PartialDownloadError",
    "PoolFull",
    "PotentialDataLoss",
    "ProxyAgent",
    "RedirectAgent",
    "Request",
    "RequestGenerationFailed",
    "RequestNotSent",
    "RequestTransmissionFailed",
    "Response",
    "ResponseDone",
    "ResponseFailed",
    "ResponseLimits",
    "ResponseNeverReceived",
    "ResponseTooLarge",
    "SchemeNotSupported",
    "WebClientContextFactory",
    "ZstandardDecoder",
    "downloadPage",
    "getPage",
    "knownDecoders",
    "readBody",
]

_urljoin = _uri._urljoin
_ensureValidMethod = _uri._ensureValidMethod
_ensureValidURI = _uri._ensureValidURI

deprecatedModuleAttribute(
    Version("Twisted", 14, 0, 0),
    getDeprecationWarningString(
        WebClientContextFactory, Version("Twisted", 14, 0, 0), replacement=BrowserLikePolicyForHTTPS
    ).split("; ", 1)[1],
    __name__,
    "WebClientContextFactory",
)
