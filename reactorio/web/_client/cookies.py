"""Cookies, kept in a jar of the standard library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.web._client.uri import URI
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import IAgent

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from reactorio.internet.defer import Deferred
    from reactorio.web.iweb import IBodyProducer, IResponse

__name__ = "reactorio.web.client"  # the public path


class _FakeStdlibRequest:
    """
    A request as `http.cookiejar` wants it.

    Attributes:
        _twistedHeaders: The fields that it was given.
    """

    def __init__(self, uri: bytes) -> None:
        self.uri = uri.decode("ascii")
        parsed = URI.fromBytes(uri)
        self.type = parsed.scheme.decode("ascii")
        self.host = parsed.netloc.decode("ascii")
        self.origin_req_host = parsed.host.decode("ascii")
        self.unverifiable = False
        self._twistedHeaders = Headers()

    def has_header(self, header: str) -> bool:
        """Is there a field ``header``?"""
        return self._twistedHeaders.hasHeader(header)

    def add_unredirected_header(self, name: str, value: str) -> None:
        """Add a field."""
        self._twistedHeaders.addRawHeader(name, value)

    def get_full_url(self) -> str:
        """Return the URI."""
        return self.uri

    def get_header(self, name: str, default: Any = None) -> Any:
        """Return the first value of a field."""
        values = self._twistedHeaders.getRawHeaders(name)
        return default if values is None else values[0]

    def get_host(self) -> str:
        """Return host and port."""
        return self.host

    def get_type(self) -> str:
        """Return the scheme."""
        return self.type

    def is_unverifiable(self) -> bool:
        """Was it the user who asked for this? Nobody knows; we say that it was."""
        return self.unverifiable


class _FakeUrllibResponseInfo:
    """A response's fields as `http.cookiejar` wants them."""

    def __init__(self, response: IResponse) -> None:
        self.response = response

    def get_all(self, name: str, default: Any) -> list[str]:
        """Return the values of a field."""
        values: Any = self.response.headers.getRawHeaders(name.encode("ascii"))
        return default if values is None else [value.decode("utf-8", "replace") for value in values]


class _FakeStdlibResponse:
    """A response as `http.cookiejar` wants it."""

    def __init__(self, response: IResponse) -> None:
        self.response = response

    def info(self) -> _FakeUrllibResponseInfo:
        """Return the fields."""
        return _FakeUrllibResponseInfo(self.response)


@implementer(IAgent)
class CookieAgent:
    """
    Sends the cookies that a server set before, and keeps those that it sets.

    Args:
        agent: Sends the requests.
        cookieJar: Keeps the cookies.
    """

    def __init__(self, agent: IAgent, cookieJar: CookieJar) -> None:
        self._agent = agent
        self.cookieJar = cookieJar

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """Send a request, with the cookies that are for ``uri`` unless ``headers`` has some."""
        headers = Headers() if headers is None else headers.copy()
        request: Any = _FakeStdlibRequest(uri)
        if not headers.hasHeader(b"cookie"):
            self.cookieJar.add_cookie_header(request)
            cookies = request.get_header("Cookie")
            if cookies is not None:
                headers.setRawHeaders(b"cookie", [cookies.encode("utf-8")])
        response = self._agent.request(method, uri, headers, bodyProducer)
        return response.addCallback(self._extractCookies, request)

    def _extractCookies(self, response: IResponse, request: Any) -> IResponse:
        """Keep what ``response`` sets."""
        fake: Any = _FakeStdlibResponse(response)
        self.cookieJar.extract_cookies(fake, request)
        return response
