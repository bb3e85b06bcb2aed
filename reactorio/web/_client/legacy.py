"""
Pages as they were got before `Agent`: `getPage`, `downloadPage`, and factories whose protocols are made to be overridden.

All of this is legacy, and speaks HTTP/1.0: write `Agent` and `readBody`. Unlike Twisted's of old, the server's certificate is
looked at.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, TimeoutError
from reactorio.internet.protocol import ClientFactory
from reactorio.python.failure import Failure
from reactorio.web import error
from reactorio.web._client.policies import BrowserLikePolicyForHTTPS
from reactorio.web._client.reading import PartialDownloadError
from reactorio.web._client.uri import URI, _ensureValidMethod, _ensureValidURI, _urljoin
from reactorio.web._http.client import HTTPClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reactorio.internet.interfaces import IAddress, IConnector

__name__ = "reactorio.web.client"  # the public path

# What a request says by itself, so that a caller's own of the name takes its place.
_OWN_FIELDS = frozenset({b"host", b"user-agent", b"cookie", b"content-length"})


class HTTPPageGetter(HTTPClient):
    """
    Gets a page for its factory (legacy).

    Methods ``handleStatus_<code>`` are called when the head is whole; others than those here may be added.

    Attributes:
        factory: The `HTTPClientFactory`.
        headers: The response's fields, by name in lower case.
        failed: Whether the response is no page.
        quietLoss: Whether the connection's end is of no interest any more.
    """

    quietLoss = False
    followRedirect = True
    failed = False
    version = status = message = b""
    factory: Any

    def connectionMade(self) -> None:
        """Send the request."""
        factory = self.factory
        self.headers: dict[bytes, list[bytes]] = {}
        self.sendCommand(_ensureValidMethod(factory.method), _ensureValidURI(factory.path))
        given = {name.lower(): value for name, value in factory.headers.items()}
        for name, value in self._own_fields(given):
            self.sendHeader(name, value)
        for name, value in factory.headers.items():
            if name.lower() not in _OWN_FIELDS:
                self.sendHeader(name, value)
        self.endHeaders()
        if factory.postdata is not None:
            self.transport.write(factory.postdata)

    def _own_fields(self, given: Mapping[bytes, bytes]) -> list[tuple[bytes, Any]]:
        factory = self.factory
        fields: list[tuple[bytes, Any]] = [
            (b"Host", given.get(b"host", factory.netloc)),
            (b"User-Agent", given.get(b"user-agent", factory.agent)),
        ]
        cookies = [b"%b=%b" % pair for pair in factory.cookies.items()]
        if b"cookie" in given:
            cookies.insert(0, given[b"cookie"])
        if cookies:
            fields.append((b"Cookie", b"; ".join(cookies)))
        if factory.postdata is not None:
            fields.append((b"Content-Length", len(factory.postdata)))
        return fields

    def handleHeader(self, key: bytes, value: bytes) -> None:
        """Keep a field."""
        key = key.lower()
        self.headers.setdefault(key, []).append(value)
        if key == b"set-cookie":
            name, found, content = value.partition(b";")[0].partition(b"=")
            if found:
                self.factory.cookies[name.strip()] = content.strip()

    def handleStatus(self, version: bytes, status: bytes, message: bytes) -> None:
        """Keep the first line."""
        self.version, self.status, self.message = version, status, message
        self.factory.gotStatus(version, status, message)

    def handleEndHeaders(self) -> None:
        """The head is whole: do what its status says."""
        self.factory.gotHeaders(self.headers)
        status = self.status.decode("ascii", "replace")
        getattr(self, f"handleStatus_{status}", self.handleStatusDefault)()

    def handleStatus_200(self) -> None:
        """That is the page."""

    def handleStatus_201(self) -> None:
        """That is a page."""
        self.handleStatus_200()

    def handleStatus_202(self) -> None:
        """That is a page."""
        self.handleStatus_200()

    def handleStatusDefault(self) -> None:
        """That is no page."""
        self.failed = True

    def handleStatus_301(self) -> None:
        """The page is elsewhere."""
        locations = self.headers.get(b"location")
        if not locations:
            self.handleStatusDefault()
            return
        url = _urljoin(self.factory.url, locations[0])
        if not self.followRedirect:
            self._no_page(error.PageRedirect(self.status, self.message, location=url))
        elif self.factory._redirectCount >= self.factory.redirectLimit:
            text = b"Infinite redirection detected"
            self._no_page(error.InfiniteRedirection(self.status, text, location=url))
        else:
            self._follow(url)

    def handleStatus_302(self) -> None:
        """The page is elsewhere for now."""
        if self.factory.afterFoundGet:
            self.handleStatus_303()
        else:
            self.handleStatus_301()

    def handleStatus_303(self) -> None:
        """There is another page, to be got with GET."""
        self.factory.method = b"GET"
        self.factory.postdata = None
        self.handleStatus_301()

    handleStatus_307 = handleStatus_301
    handleStatus_308 = handleStatus_301

    def _follow(self, url: bytes) -> None:
        self.factory._redirectCount += 1
        self.factory.setURL(url)
        self.quietLoss = True
        self.transport.loseConnection()
        _connect(self.factory)

    def _no_page(self, problem: Exception) -> None:
        self.quietLoss = True
        self.factory.noPage(Failure(problem))
        self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        """The connection ended."""
        if not self.quietLoss:
            super().connectionLost(reason)
            self.factory.noPage(reason)
        self.factory._disconnected(self)

    def handleResponse(self, response: bytes) -> None:
        """The body ended: give the page to the factory."""
        if self.quietLoss:
            return
        if self.failed:
            self.factory.noPage(Failure(error.Error(self.status, self.message, response)))
        elif self.factory.method == b"HEAD":
            self.factory.page(b"")  # whatever length it tells
        elif self.length:
            self.factory.noPage(Failure(PartialDownloadError(self.status, self.message, response)))
        else:
            self.factory.page(response)
        self.quietLoss = True
        self.transport.loseConnection()

    def timeout(self) -> None:
        """It took too long."""
        self.quietLoss = True
        self.transport.abortConnection()
        text = f"Getting {self.factory.url!r} took longer than {self.factory.timeout} seconds."
        self.factory.noPage(Failure(TimeoutError(text)))


class HTTPPageDownloader(HTTPPageGetter):
    """Gets a page part by part (legacy)."""

    transmittingPage = False

    def handleStatus_200(self, partialContent: bool = False) -> None:
        """That is the page, or the rest of it."""
        self.transmittingPage = True
        self.factory.pageStart(partialContent)

    def handleStatus_206(self) -> None:
        """That is the rest of the page."""
        self.handleStatus_200(partialContent=True)

    def handleResponsePart(self, data: bytes) -> None:
        """Give a part of the page to the factory."""
        if self.transmittingPage:
            self.factory.pagePart(data)

    def handleResponseEnd(self) -> None:
        """The body ended."""
        if self.quietLoss:
            return
        if self.length and self.transmittingPage:
            self.transmittingPage = False
            self.failed = True
        if self.transmittingPage:
            self.factory.pageEnd()
            self.transmittingPage = False
        elif self.failed:
            self.factory.noPage(Failure(error.Error(self.status, self.message, None)))
        self.quietLoss = True
        self.transport.loseConnection()


class HTTPClientFactory(ClientFactory[Any]):
    """
    Gets a page (legacy): give it to ``reactor.connectTCP`` or ``connectSSL`` with its `host` and `port`.

    Args:
        url: Where the page is.
        method, postdata, headers, agent, cookies: The request: its method, body, fields, User-Agent; cookies by name, to which
            those that come are added.
        timeout: Seconds it may take, 0 for as many as it does.
        followRedirect: Whether redirections are followed, and how many (``redirectLimit``).
        afterFoundGet: Whether 302 is followed by GET, whatever the method was.

    Attributes:
        deferred: Fires with the page when the connection is closed. It fails with `reactorio.web.error.Error` if there is none,
            PartialDownloadError if it is not whole, or as connecting does.
        response_headers, status, version, message: The response's.

    Raises:
        ValueError: ``url`` is none.
    """

    protocol: Any = HTTPPageGetter
    noisy = False
    response_headers: Any = None
    status = version = message = None

    def __init__(
        self,
        url: bytes,
        method: bytes = b"GET",
        postdata: bytes | None = None,
        headers: dict[bytes, bytes] | None = None,
        agent: bytes = b"Twisted PageGetter",
        timeout: float = 0,
        cookies: dict[bytes, bytes] | None = None,
        followRedirect: bool = True,
        redirectLimit: int = 20,
        afterFoundGet: bool = False,
    ) -> None:
        self.followRedirect = followRedirect
        self.redirectLimit = redirectLimit
        self._redirectCount = 0
        self.timeout = timeout
        self.agent = agent
        self.cookies = {} if cookies is None else cookies
        self.headers = {} if headers is None else dict(headers)
        self.postdata = postdata
        self.method = _ensureValidMethod(method)
        self.afterFoundGet = afterFoundGet
        self.setURL(url)
        self.waiting = True
        self.deferred: Deferred[Any] = Deferred(self._cancel)
        self._protocol: Any = None
        self._outcome: Any = None
        self._timer: Any = None

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__}: {self.url.decode('ascii', 'replace')}>"

    def setURL(self, url: bytes) -> None:
        """Get another page."""
        self.url = _ensureValidURI(url.strip())
        uri = URI.fromBytes(self.url)
        self.scheme, self.host, self.port, self.netloc = uri.scheme, uri.host, uri.port, uri.netloc
        self.path = uri.originForm

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Return what gets the page, and start to count its time."""
        protocol: Any = super().buildProtocol(addr)
        self._protocol = protocol
        protocol.followRedirect = self.followRedirect
        if self.timeout and self._timer is None:
            from reactorio.internet import reactor  # as Twisted's: nobody gave us one

            self._timer = reactor.callLater(self.timeout, self._time_is_up)
        return protocol

    def _time_is_up(self) -> None:
        self._timer = None
        if self._protocol is not None:
            self._protocol.timeout()

    def _cancel(self, deferred: Deferred[Any]) -> None:
        self.waiting = False
        self._stop_timer()
        if self._protocol is not None:
            self._protocol.quietLoss = True
            self._protocol.transport.abortConnection()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def gotHeaders(self, headers: dict[bytes, list[bytes]]) -> None:
        """The response's fields; keep them."""
        self.response_headers = headers

    def gotStatus(self, version: bytes, status: bytes, message: bytes) -> None:
        """The response's first line; keep it."""
        self.version, self.status, self.message = version, status, message

    def page(self, page: Any) -> None:
        """That is the page."""
        self._end(page)

    def noPage(self, reason: Failure) -> None:
        """There is no page."""
        self._end(reason)

    def _end(self, outcome: Any) -> None:
        if self.waiting:
            self.waiting = False
            self._outcome = (outcome,)
            self._stop_timer()

    def _disconnected(self, protocol: Any) -> None:
        """A connection is closed; if it was the last, tell what came of it."""
        outcome, self._outcome = self._outcome, None
        if outcome is not None:
            self._protocol = None
            self.deferred.callback(outcome[0])

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """There is nobody."""
        if self.waiting:
            self.waiting = False
            self._stop_timer()
            self.deferred.errback(reason)


class HTTPDownloader(HTTPClientFactory):
    """
    Gets a page into a file (legacy).

    Args:
        fileOrName: The file, or its name.
        supportPartial: Whether what is in the file already is not to be got again.
    """

    protocol = HTTPPageDownloader
    value: Any = None

    def __init__(
        self,
        url: bytes,
        fileOrName: Any,
        method: bytes = b"GET",
        postdata: bytes | None = None,
        headers: dict[bytes, bytes] | None = None,
        agent: bytes = b"Twisted client",
        supportPartial: bool = False,
        timeout: float = 0,
        cookies: dict[bytes, bytes] | None = None,
        followRedirect: bool = True,
        redirectLimit: int = 20,
        afterFoundGet: bool = False,
    ) -> None:
        self.requestedPartial = 0
        self.file: Any = None
        self.fileName: Any = None
        if isinstance(fileOrName, (str, bytes, os.PathLike)):
            self.fileName = fileOrName
            if supportPartial and os.path.exists(fileOrName):
                self.requestedPartial = os.path.getsize(fileOrName)
        else:
            self.file = fileOrName
        if self.requestedPartial:
            headers = {**(headers or {}), b"Range": b"bytes=%d-" % self.requestedPartial}
        super().__init__(
            url, method, postdata, headers, agent, timeout, cookies, followRedirect, redirectLimit, afterFoundGet
        )

    def openFile(self, partialContent: bool) -> Any:
        """Open the file: at its end, if what comes is the rest of it."""
        return open(self.fileName, "ab" if partialContent else "wb")

    def pageStart(self, partialContent: bool) -> None:
        """The page begins."""
        if partialContent and not self.requestedPartial:
            raise ValueError("we shouldn't get partial content response if we didn't want it!")
        if self.waiting and self.file is None:
            try:
                self.file = self.openFile(partialContent)
            except OSError:
                self.noPage(Failure())

    def pagePart(self, data: bytes) -> None:
        """A part of the page."""
        if self.file is None:
            return
        try:
            self.file.write(data)
        except OSError:
            self.file = None
            self.noPage(Failure())

    def noPage(self, reason: Failure) -> None:
        """There is no page, or only part of it."""
        if self.file is not None and self.fileName is not None:
            self.file.close()
            self.file = None
        super().noPage(reason)

    def pageEnd(self) -> None:
        """The page is whole."""
        if self.file is not None:
            try:
                self.file.close()
            except OSError:
                self.noPage(Failure())
                return
        self.page(self.value)


def _connect(factory: HTTPClientFactory, contextFactory: Any = None) -> None:
    from reactorio.internet import reactor  # as Twisted's: nobody gave us one

    host = factory.host.decode("ascii")
    if factory.scheme == b"http":
        reactor.connectTCP(host, factory.port, factory)
        return
    if contextFactory is None:
        contextFactory = BrowserLikePolicyForHTTPS().creatorForNetloc(factory.host, factory.port)
    reactor.connectSSL(host, factory.port, factory, contextFactory)


def getPage(url: bytes, contextFactory: Any = None, *args: Any, **kwargs: Any) -> Deferred[bytes]:
    """
    Get a page (legacy: use `Agent` and `readBody`).

    Args:
        contextFactory: Whom to trust; None for who has the host's name from an authority of the system.
        args, kwargs: See `HTTPClientFactory`.

    Returns:
        A Deferred of the page; see `HTTPClientFactory.deferred`.
    """
    factory = HTTPClientFactory(url, *args, **kwargs)
    _connect(factory, contextFactory)
    return factory.deferred


def downloadPage(url: bytes, file: Any, contextFactory: Any = None, *args: Any, **kwargs: Any) -> Deferred[None]:
    """
    Get a page into a file (legacy: use `Agent`).

    Args:
        file: The file, or its name.
        contextFactory, args, kwargs: See `getPage` and `HTTPDownloader`.

    Returns:
        A Deferred that fires when the page is there.
    """
    factory = HTTPDownloader(url, file, *args, **kwargs)
    _connect(factory, contextFactory)
    return factory.deferred
