"""
What requests, responses, agents and the parts of pages promise each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol
from reactorio.internet.interfaces import IPushProducer

if TYPE_CHECKING:
    from typing import IO

    from reactorio.cred.credentials import ICredentials
    from reactorio.internet.defer import Deferred
    from reactorio.internet.interfaces import IAddress, IConsumer, IProtocol, IStreamClientEndpoint
    from reactorio.python.urlpath import URLPath
    from reactorio.web.http_headers import Headers

__all__ = [
    "UNKNOWN_LENGTH",
    "IAccessLogFormatter",
    "IAgent",
    "IAgentEndpointFactory",
    "IBodyProducer",
    "IClientRequest",
    "ICredentialFactory",
    "INonQueuedRequestFactory",
    "IPolicyForHTTPS",
    "IRenderable",
    "IRequest",
    "IResponse",
    "ITemplateLoader",
]

# The length of a body that is known only once it has ended: compare by identity.
UNKNOWN_LENGTH: Any = "twisted.web.iweb.UNKNOWN_LENGTH"


class IRequest(Interface, Protocol):
    """A request that is being answered: what came, and the means to answer."""

    method: bytes = Attribute("The method, b'GET' say.")
    uri: bytes = Attribute("The target as it was sent, query included.")
    path: bytes = Attribute("The target without its query, still quoted.")
    args: dict[bytes, list[bytes]] = Attribute("The query's and a posted form's fields, by name.")
    prepath: list[bytes] = Attribute("The path's segments, unquoted, that lead to the resource being rendered.")
    postpath: list[bytes] = Attribute("The path's segments, unquoted, that no resource has taken yet.")
    requestHeaders: Headers = Attribute("The header fields that came.")
    content: IO[bytes] = Attribute("The body, at its beginning.")
    responseHeaders: Headers = Attribute("The header fields of the response.")

    def getHeader(self, key: Any) -> Any:
        """Return the last value of the request's field ``key``, or None; bytes for bytes, str for str."""

    def getCookie(self, key: bytes) -> bytes | None:
        """Return the request's cookie ``key``, or None."""

    def getAllHeaders(self) -> dict[bytes, bytes]:
        """Return the request's fields by lower-case name, the last value of each."""

    def getRequestHostname(self) -> bytes:
        """Return the host that the client asked, without port: by its Host field, else by the connection."""

    def getHost(self) -> IAddress:
        """Return the address at which the request arrived, or what `setHost` put in its place."""

    def getClientAddress(self) -> IAddress:
        """Return the address of who asks; it may be of no type with a host and a port."""

    def getClientIP(self) -> str | None:
        """Return the IP address of who asks, or None (deprecated: `getClientAddress`)."""

    def getUser(self) -> bytes:
        """Return the user's name of HTTP basic authentication, or nothing; nobody has checked it."""

    def getPassword(self) -> bytes:
        """Return the password of HTTP basic authentication, or nothing; nobody has checked it."""

    def isSecure(self) -> bool:
        """Did the request come over TLS, or has `setHost` said so?"""

    def getSession(self, sessionInterface: Any = None) -> Any:
        """Return the client's session, made and its cookie set if need be; or the session's ``sessionInterface``."""

    def URLPath(self) -> URLPath:
        """Return the URL of the resource that is being rendered."""

    def prePathURL(self) -> bytes:
        """Return the absolute URL of the resource that is being rendered."""

    def rememberRootURL(self) -> None:
        """Take the resource that is being rendered as the application's root."""

    def getRootURL(self) -> bytes | None:
        """Return the URL that `rememberRootURL` kept."""

    def finish(self) -> None:
        """The response is whole."""

    def write(self, data: bytes) -> None:
        """Send ``data`` of the body, and before the first of it the status line and the header fields."""

    def addCookie(
        self,
        k: Any,
        v: Any,
        expires: Any = None,
        domain: Any = None,
        path: Any = None,
        max_age: Any = None,
        comment: Any = None,
        secure: Any = None,
    ) -> None:
        """Set a cookie with the response. ``expires`` is a date as the RFC writes it, ``max_age`` seconds as text."""

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """Answer with status ``code``; ``message`` is the reason phrase."""

    def setHeader(self, k: Any, v: Any) -> None:
        """Set a field of the response, in place of what was there."""

    def redirect(self, url: Any) -> None:
        """Answer with a redirection to ``url``; `finish` is still to be called."""

    def setLastModified(self, when: float) -> Any:
        """
        Say when the resource last changed, in seconds since the epoch; the latest that is said counts.

        Returns:
            `reactorio.web.http.CACHED` if the client has it as it is: the response is to have no body then.
        """

    def setETag(self, etag: bytes) -> Any:
        """
        Set the entity tag, quotes included.

        Returns:
            `reactorio.web.http.CACHED` if the client has it as it is: the response is to have no body then.
        """

    def setHost(self, host: bytes, port: int, ssl: bool = 0) -> None:  # type: ignore[assignment]  # as Twisted writes it
        """Take ``host``, ``port`` and ``ssl`` for what the client asked: a proxy stands between."""


class INonQueuedRequestFactory(Interface, Protocol):
    """Makes requests that answer at once."""

    def __call__(self, channel: Any) -> Any:
        """Return a request on ``channel``."""


class IAccessLogFormatter(Interface, Protocol):
    """Makes lines of the access log."""

    def __call__(self, timestamp: str, request: Any) -> str:
        """Return a line for ``request``, an `IRequest` that is answered; ``timestamp`` is as such logs write it."""


class ICredentialFactory(Interface, Protocol):
    """One scheme of HTTP authentication, for the server."""

    scheme: bytes = Attribute("The scheme's name, b'basic' say.")

    def getChallenge(self, request: IRequest) -> dict[Any, Any]:
        """Return the parameters of a challenge, by name."""

    def decode(self, response: bytes, request: IRequest) -> ICredentials:
        """
        Make credentials of what follows the scheme in an Authorization field.

        Raises:
            reactorio.cred.error.LoginFailed: It makes no sense.
        """


class IBodyProducer(IPushProducer, Protocol):
    """Writes the body of a request that a client sends."""

    length: Any = Attribute("How many bytes there will be, or UNKNOWN_LENGTH.")

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """
        Write the body to ``consumer``, at its pace.

        Returns:
            A Deferred that fires when all is written, or fails when it cannot be. Not after `stopProducing`.
        """

    def stopProducing(self) -> None:
        """Write no more; the Deferred of `startProducing` is never to fire."""


class IRenderable(Interface, Protocol):
    """What a template can hold."""

    def lookupRenderMethod(self, name: str) -> Any:
        """Return what is to be called, with the request and a tag, for the directive ``name``."""

    def render(self, request: IRequest | None) -> Any:
        """Return what this stands for in ``request``'s page: anything that can be flattened."""


class ITemplateLoader(Interface, Protocol):
    """Has a template."""

    def load(self) -> Any:
        """Return the template as a list of what can be flattened, made anew."""


class IResponse(Interface, Protocol):
    """A response that a client got: status and header fields, the body to follow."""

    version: tuple[bytes, int, int] = Attribute("The protocol's, as (b'HTTP', 1, 1).")
    code: int = Attribute("The status.")
    phrase: bytes = Attribute("The reason phrase.")
    headers: Headers = Attribute("The header fields.")
    length: Any = Attribute("How many bytes the body has, or UNKNOWN_LENGTH.")
    request: IClientRequest = Attribute("What this is the answer to.")
    previousResponse: Any = Attribute("The response that led here, a redirection say, or None.")

    def deliverBody(self, protocol: IProtocol) -> None:
        """
        Give the body to ``protocol``, whose connectionLost is called at its end: with ResponseDone if it was whole, with
        PotentialDataLoss if nobody can know, with ResponseFailed otherwise. It is given once.
        """

    def setPreviousResponse(self, response: IResponse) -> None:
        """Keep the response that led here."""


class _IRequestEncoder(Interface, Protocol):
    """Rewrites the body of one response."""

    def encode(self, data: bytes) -> bytes:
        """Return ``data`` as it is to be sent, or nothing yet."""

    def finish(self) -> bytes:
        """Return what is left."""


class _IRequestEncoderFactory(Interface, Protocol):
    """Decides whether a response's body is rewritten."""

    def encoderForRequest(self, request: Any) -> _IRequestEncoder | None:
        """Return an encoder, and set the response's fields as it needs; or None."""


class IClientRequest(Interface, Protocol):
    """A request that a client sent."""

    method: bytes = Attribute("The method.")
    absoluteURI: bytes | None = Attribute("The whole URI, or None if it is not known.")
    headers: Headers = Attribute("The header fields, as the caller gave them.")


class IAgent(Interface, Protocol):
    """Sends requests, each to where its URI says."""

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """
        Send a request.

        Returns:
            A Deferred of the response, which fires when its header is whole. Cancelling it ends the request.
        """


class IPolicyForHTTPS(Interface, Protocol):
    """Decides whom a client trusts."""

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """Return an `IOpenSSLClientConnectionCreator` for connections to ``hostname``."""


class IAgentEndpointFactory(Interface, Protocol):
    """Decides how a client gets to a server."""

    def endpointForURI(self, uri: Any) -> IStreamClientEndpoint:
        """Return the endpoint for ``uri``, a `reactorio.web.client.URI`."""
