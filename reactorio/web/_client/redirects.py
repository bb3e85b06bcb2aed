"""Redirections, followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.protocol import Protocol
from reactorio.python.failure import Failure
from reactorio.web import error
from reactorio.web._client.errors import ResponseFailed
from reactorio.web._client.response import Response
from reactorio.web._client.uri import URI, _urljoin
from reactorio.web.http_headers import Headers, _nameEncoder
from reactorio.web.iweb import IAgent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.defer import Deferred
    from reactorio.web.iweb import IBodyProducer, IResponse

__name__ = "reactorio.web.client"  # the public path

# What another server is not to see.
_defaultSensitiveHeaders = frozenset(
    {b"Authorization", b"Cookie", b"Cookie2", b"Proxy-Authorization", b"WWW-Authenticate"}
)

# A redirection's body is read, for the connection to be free again, unless it is longer than this.
_BODY_WORTH_READING = 65536


class _Discard(Protocol):
    """Reads a body that nobody wants."""

    _left = _BODY_WORTH_READING

    def dataReceived(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0 and self.transport is not None:
            self.transport.abortConnection()


@implementer(IAgent)
class RedirectAgent:
    """
    Follows redirections, as RFC 9110 section 15.4 has them: for GET and HEAD; after 303 by GET, whatever was asked.

    Fields that are between one and the server asked first are not sent to others.

    Args:
        agent: Sends the requests.
        redirectLimit: Redirections to follow for one request; then it fails with ResponseFailed for InfiniteRedirection.
        sensitiveHeaderNames: Fields that other servers are not to see, besides the usual.
    """

    _redirectResponses = [301, 302, 307, 308]
    _seeOtherResponses = [303]

    def __init__(self, agent: IAgent, redirectLimit: int = 20, sensitiveHeaderNames: Iterable[bytes] = ()) -> None:
        self._agent = agent
        self._redirectLimit = redirectLimit
        self._sensitiveHeaderNames = _defaultSensitiveHeaders | {
            _nameEncoder.encode(name) for name in sensitiveHeaderNames
        }

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """
        Send a request, and follow where its response leads.

        Returns:
            A Deferred of the last response; ``previousResponse`` leads back. It fails with ResponseFailed for PageRedirect if a
            redirection is not to be followed, for RedirectWithNoLocation, or for InfiniteRedirection.
        """
        response = self._agent.request(method, uri, headers, bodyProducer)
        return response.addCallback(self._handleResponse, method, uri, headers, 0).addErrback(_name_the_first, uri)

    def _handleResponse(
        self, response: Any, method: bytes, uri: bytes, headers: Headers | None, redirectCount: int
    ) -> Any:
        """Return the response, or what it leads to."""
        if response.code in self._redirectResponses:
            if method not in (b"GET", b"HEAD"):
                raise ResponseFailed([Failure(error.PageRedirect(response.code, location=uri))], response)
            return self._handleRedirect(response, method, uri, headers, redirectCount)
        if response.code in self._seeOtherResponses:
            return self._handleRedirect(response, b"HEAD" if method == b"HEAD" else b"GET", uri, headers, redirectCount)
        return response

    def _handleRedirect(
        self, response: Any, method: bytes, uri: bytes, headers: Headers | None, redirectCount: int
    ) -> Any:
        """Follow ``response``."""
        if redirectCount >= self._redirectLimit:
            too_many = error.InfiniteRedirection(response.code, b"Infinite redirection detected", location=uri)
            raise ResponseFailed([Failure(too_many)], response)
        locations = response.headers.getRawHeaders(b"location", [])
        if not locations:
            nowhere = error.RedirectWithNoLocation(response.code, b"No location header field", uri)
            raise ResponseFailed([Failure(nowhere)], response)
        location = self._resolveLocation(uri, locations[0])
        if headers is not None and _origin(uri) != _origin(location):
            headers = self._without_secrets(headers)
        if isinstance(response, Response) and response._transport is not None and response._state == "INITIAL":
            response.deliverBody(_Discard())
        following = self._agent.request(method, location, headers)

        def keep_previous(new_response: Any) -> Any:
            new_response.setPreviousResponse(response)
            return new_response

        following.addCallback(keep_previous)
        return following.addCallback(self._handleResponse, method, location, headers, redirectCount + 1)

    def _resolveLocation(self, requestURI: bytes, location: bytes) -> bytes:
        """Return where ``location`` leads from ``requestURI``."""
        return _urljoin(requestURI, location)

    def _without_secrets(self, headers: Headers) -> Headers:
        kept = {name: values for name, values in headers.getAllRawHeaders() if name not in self._sensitiveHeaderNames}
        return Headers(kept)


def _name_the_first(reason: Failure, uri: bytes) -> Failure:
    """Of redirections without end, the location is where they began."""
    failed = reason.value
    if isinstance(failed, ResponseFailed) and isinstance(failed.reasons[0].value, error.InfiniteRedirection):
        failed.reasons[0].value.location = uri
    return reason


def _origin(uri: bytes) -> tuple[bytes, bytes, int]:
    parts = URI.fromBytes(uri)
    return parts.scheme, parts.host, parts.port


class BrowserLikeRedirectAgent(RedirectAgent):
    """
    Follows redirections as browsers do: what was posted is asked for by GET at its new place.

    Only 307 keeps the method, and is followed for GET and HEAD only.
    """

    _redirectResponses = [307]
    _seeOtherResponses = [301, 302, 303, 308]
