"""A request that finds its resource, and has it answer."""

from __future__ import annotations

import re
from inspect import isawaitable
from sys import modules
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from reactorio._interface import implementer
from reactorio.internet.address import UNIXAddress
from reactorio.internet.defer import CancelledError, Deferred
from reactorio.logger import Logger
from reactorio.python.components import Componentized
from reactorio.python.failure import Failure
from reactorio.python.urlpath import URLPath
from reactorio.web import resource
from reactorio.web._http.answering import NO_BODY_CODES
from reactorio.web._http.dates import current_date, datetimeToString
from reactorio.web._http.request import Request as HTTPRequest
from reactorio.web._responses import BAD_REQUEST, INTERNAL_SERVER_ERROR, NOT_ALLOWED, OK
from reactorio.web._server import pages
from reactorio.web.error import UnsupportedMethod
from reactorio.web.iweb import IRequest

if TYPE_CHECKING:
    from reactorio.web._server.session import Session

__all__ = ["NOT_DONE_YET", "Request", "supportedMethods", "version"]

# What a render method returns that goes on answering after it has returned.
NOT_DONE_YET = 1

# Methods that are "not allowed" where a resource does not have them; others are "not implemented".
supportedMethods = (b"GET", b"HEAD", b"POST")

_PROCESSING_FAILED = b"<html><head><title>Processing Failed</title></head><body><b>Processing Failed</b></body></html>"


# absolute-form (RFC 9112 section 3.2.2); who asks is not told there, and credentials are no part of it.
_ABSOLUTE = re.compile(
    rb"(?i:https?)://(?P<host>(?:\[[0-9a-z:.%~_\-]+\]|[0-9A-Za-z\-._~%!$&'()*+,;=]+)(?::[0-9]*)?)(?P<path>/.*)?",
    re.DOTALL,
)

# Where tests of applications put a function of theirs in the place of `datetimeToString`.
_PUBLIC = "reactorio.web.server"

_WRITING = ("write", "finish", "setHeader", "_cleanup")

# What Server says; which version is nobody's business.
version = b"reactorio"


@implementer(IRequest)
class Request(HTTPRequest, Componentized):
    """
    A request for a site's resource.

    Attributes:
        site: The site.
        prepath: The path's segments, unquoted, that lead to the resource; ``postpath`` those that it did not take.
        appRootURL: What `rememberRootURL` kept.
        defaultContentType: The type of an answer that says none; None for none.
    """

    defaultContentType: bytes | None = b"text/html"
    site: Any = None
    appRootURL: bytes | None = None
    prepath: Any = None
    postpath: Any = None
    # Where the site is within another's.
    sitepath: Any = ()

    _log = Logger(namespace="reactorio.web.server")
    _encoder: Any = None
    _inFakeHead = False
    _secureSession: Session | None = None
    _insecureSession: Session | None = None
    # Does no subclass see what is written?
    _writes_plainly = True
    # What a resource is still thinking about.
    _rendering: Deferred[Any] | None = None

    def __init__(self, channel: Any, *args: Any, parsePOSTFormSubmission: bool | None = None, **kw: Any) -> None:
        if parsePOSTFormSubmission is None:
            parsePOSTFormSubmission = getattr(getattr(channel, "site", None), "_parsePOSTFormSubmission", True)
        kw["parsePOSTFormSubmission"] = parsePOSTFormSubmission
        HTTPRequest.__init__(self, channel, *args, **kw)
        Componentized.__init__(self)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._writes_plainly = all(getattr(cls, name) is getattr(Request, name) for name in _WRITING)

    # ---- finding the resource, and answering

    def process(self) -> None:
        """Find the resource, and have it answer."""
        self.site = self.channel.site
        date = getattr(modules.get(_PUBLIC), "datetimeToString", datetimeToString)
        if self._responseHeaders is None and date is datetimeToString:
            self._answer[b"Server"] = version
            self._answer[b"Date"] = current_date()
        else:
            self.setHeader(b"server", version)
            self.setHeader(b"date", date())
        self.prepath = []
        path = self.path
        if path[:1] != b"/" and path:
            if path == b"*":
                self._handleStar()
                return
            if self.method != b"CONNECT" and not self._is_absolute(path):
                self._answer_with_nothing(BAD_REQUEST)
                return
            path = self.path
        if path[:1] != b"/":
            path = self._path_of(path)
        segments = path[1:].split(b"/")
        self.postpath = list(map(unquote_to_bytes, segments)) if b"%" in path else segments
        try:
            found = self.site.getResourceFor(self)
            if hasattr(found, "getEncoder") and resource._IEncodingResource.providedBy(found):
                self._encoder = found.getEncoder(self)
            self.render(found)
        except Exception:
            self.processingFailed(Failure())

    def _is_absolute(self, target: bytes) -> bool:
        """
        Is it a whole URL? What is asked for is its path then, of its host (RFC 9112 section 3.2.2).

        Unlike Twisted, which takes whatever stands in a path's place for one, without its first byte.
        """
        match = _ABSOLUTE.fullmatch(target)
        if match is None:
            return False
        self.path = match["path"] or b"/"
        self.requestHeaders.setRawHeaders(b"host", [match["host"]])
        return True

    def _answer_with_nothing(self, status: int) -> None:
        self.setResponseCode(status)
        self.setHeader(b"Content-Length", b"0")
        self.finish()

    def _path_of(self, target: bytes) -> bytes:
        """
        Return the path of a target that is a whole URL, whose host counts more than Host (RFC 9112 section 3.2.2).

        Unlike Twisted's, which finds no resource for one.
        """
        _, is_url, rest = target.partition(b"://")
        if is_url:
            host, slash, path = rest.partition(b"/")
            self.requestHeaders.setRawHeaders(b"host", [host])
            self.path = target = slash + path or b"/"
        return target

    def _handleStar(self) -> None:
        """Answer what is asked of the server as a whole (RFC 9110 section 9.3.7)."""
        if self.method == b"OPTIONS":
            self._answer_with_nothing(OK)
        else:
            self.setHeader(b"Allow", b"OPTIONS")
            self._answer_with_nothing(NOT_ALLOWED)

    def render(self, resrc: Any) -> None:
        """Have ``resrc`` answer."""
        try:
            body = resrc.render(self)
        except UnsupportedMethod as exc:
            self._unsupported(resrc, exc.allowedMethods)
            return
        if body.__class__ is bytes:
            self._answer_with(resrc, body)
        elif body is not NOT_DONE_YET:
            self._answer_otherwise(resrc, body)

    def _answer_with(self, resrc: Any, body: bytes) -> None:
        """The answer's whole body is there."""
        if self.method == b"HEAD":
            if body:
                self._log.info(
                    "Warning: HEAD request {slf} for resource {resrc} is returning a message body. I think I'll eat it.",
                    slf=self,
                    resrc=resrc,
                )
                self.setHeader(b"Content-Length", b"%d" % len(body))
            self.write(b"")
        elif self._writes_plainly and self._answer_at_once(body):
            return
        else:
            self.setHeader(b"Content-Length", b"%d" % len(body))
            self.write(body)
        self.finish()

    def _answer_at_once(self, body: bytes) -> bool:
        """
        Write and finish an answer that has nothing out of the ordinary. Returns False for one that has.

        What `write` and `finish` would do, in fewer steps: most answers are such ones (a tenth of a request's time).
        """
        channel = self.channel
        if (
            self.startedWriting
            or self._responseHeaders is not None
            or self._encoder is not None
            or self.finished
            or self._disconnected
            or self.code in NO_BODY_CODES
            or not getattr(channel, "_plain_heads", False)
        ):
            return False
        answer = self._answer
        answer[b"Content-Length"] = b"%d" % len(body)
        if body and self.defaultContentType is not None:
            answer.setdefault(b"Content-Type", self.defaultContentType)
        head = self._plain_head()
        if head is None:
            return False
        self.startedWriting = 1
        self.sentLength = len(body)
        channel.transport.write(head + body)
        self._written()
        return True

    def _answer_otherwise(self, resrc: Any, result: Any) -> None:
        if isinstance(result, Deferred):
            self._answer_later(resrc, result)
        elif isawaitable(result):
            self._answer_later(resrc, Deferred.fromCoroutine(_awaited(result)))
        elif result == NOT_DONE_YET:
            return
        else:
            self._answer_with(resrc, pages.not_bytes(self, resrc, result).render(self))

    # ---- answers that take a while

    def _answer_later(self, resrc: Any, result: Deferred[Any]) -> None:
        """Answer with what ``result`` fires with. If the client goes, it is cancelled."""
        self._rendering = result
        result.addCallback(self._rendered, resrc).addErrback(self._rendering_failed)

    def _rendered(self, body: Any, resrc: Any) -> None:
        self._rendering = None
        if self._disconnected or self.finished or body is NOT_DONE_YET:
            return
        if isinstance(body, bytes) and not self.startedWriting:
            self._answer_with(resrc, body)
        elif body is None or isinstance(body, bytes):
            # It wrote by itself.
            if body:
                self.write(body)
            self.finish()
        else:
            self._answer_with(resrc, pages.not_bytes(self, resrc, body).render(self))

    def _rendering_failed(self, reason: Failure) -> None:
        self._rendering = None
        if self._disconnected or self.finished:
            if reason.check(CancelledError) is None:
                self._log.failure("After the end of {request}", failure=reason, request=self)
            return
        self.processingFailed(reason)

    def connectionLost(self, reason: Failure) -> None:
        rendering, self._rendering = self._rendering, None
        super().connectionLost(reason)
        if rendering is not None:
            rendering.cancel()

    # ---- answers that are none

    def _unsupported(self, resrc: Any, allowed: Any) -> None:
        if self.method == b"HEAD" and b"GET" in allowed:
            self._fake_head(resrc)
            return
        if self.method in supportedMethods:
            page = pages.not_allowed(self, list(allowed))
            self.setHeader(b"Allow", b", ".join(allowed))
        else:
            page = pages.not_implemented(self)
        self._answer_with_page(page)

    def _answer_with_page(self, page: Any) -> None:
        body = page.render(self)
        self.setHeader(b"Content-Length", b"%d" % len(body))
        self.write(body)
        self.finish()

    def _fake_head(self, resrc: Any) -> None:
        """Answer HEAD with what GET says, without its body."""
        self._log.info("Using GET to fake a HEAD request for {resrc}", resrc=resrc)
        self.method = b"GET"
        self._inFakeHead = True
        body = resrc.render(self)
        if body is NOT_DONE_YET:
            self._log.info("Tried to fake a HEAD request for {resrc}, but it got away from me.", resrc=resrc)
            return
        self._inFakeHead = False
        self.method = b"HEAD"
        if isinstance(body, bytes):
            self.setHeader(b"Content-Length", b"%d" % len(body))
            self.write(b"")
            self.finish()
        else:
            self._answer_otherwise(resrc, body)

    def processingFailed(self, reason: Failure) -> Failure:
        """Log ``reason``, and answer with 500 if nothing is sent yet; otherwise the connection is closed."""
        self._log.failure("", failure=reason)
        if self.startedWriting or self.finished or self._disconnected:
            # What came before is no whole answer, and is not to be taken for one.
            if not self.finished and not self._disconnected:
                self._give_up()
            return reason
        if self.site is not None and self.site.displayTracebacks:
            body = _traceback_page(reason)
        else:
            body = _PROCESSING_FAILED
        self.setResponseCode(INTERNAL_SERVER_ERROR)
        self.setHeader(b"Content-Type", b"text/html")
        self.setHeader(b"Content-Length", b"%d" % len(body))
        self._encoder = None
        self.write(body)
        self.finish()
        return reason

    def _give_up(self) -> None:
        if self.producer is not None:
            self.unregisterProducer()
        abort = getattr(self.channel, "forceAbortClient", None) or self.channel.loseConnection
        abort()

    def write(self, data: bytes) -> None:
        """
        Send ``data`` of the body, and before the first of it the answer's head.

        Raises:
            RuntimeError: The answer is whole already.
            TypeError: ``data`` is not bytes.
        """
        if self._inFakeHead:
            # The head goes out, as GET's would.
            data = b""
        if self._encoder is not None and data:
            data = self._encoder.encode(data)
        if not self.startedWriting and self.defaultContentType is not None:
            self._add_default_type()
        HTTPRequest.write(self, data)

    def _add_default_type(self) -> None:
        if self.code in NO_BODY_CODES:
            return
        if self._responseHeaders is None:
            answer = self._answer
            if b"Content-Type" not in answer and answer.get(b"Content-Length") != b"0":
                answer[b"Content-Type"] = self.defaultContentType  # type: ignore[assignment]  # the caller looked
            return
        headers = self._responseHeaders
        if not headers.hasHeader(b"content-type") and headers.getRawHeaders(b"content-length") != [b"0"]:
            headers.setRawHeaders(b"content-type", [self.defaultContentType])  # type: ignore[list-item]  # as above

    def finish(self) -> None:
        """
        The answer is whole.

        Raises:
            RuntimeError: The connection was lost before: `notifyFinish` would have told.
        """
        if self._encoder is not None and not self.finished and not self._disconnected:
            rest, self._encoder = self._encoder.finish(), None
            self.write(rest)
        if self._inFakeHead:
            self._inFakeHead = False
            self._inhibitBody = True
        HTTPRequest.finish(self)

    def gotLength(self, length: int | None) -> None:
        """A body of this length follows: make ``content``."""
        HTTPRequest.gotLength(self, length)

    # ---- sessions

    @property
    def session(self) -> Session | None:
        """The client's session, if `getSession` was called: the secure one over TLS."""
        return self._secureSession if self.isSecure() else self._insecureSession

    @session.setter
    def session(self, session: Session | None) -> None:
        if self.isSecure():
            self._secureSession = session
        else:
            self._insecureSession = session

    def getSession(self, sessionInterface: Any = None, forceNotSecure: bool = False) -> Any:
        """
        Return the client's session, and make it if need be. Sessions over TLS have a cookie of their own, which is not sent
        otherwise.

        Args:
            sessionInterface: Return the session's component of this interface.
            forceNotSecure: Return the session that is the same with and without TLS.
        """
        secure = self.isSecure() and not forceNotSecure
        session = self._secureSession if secure else self._insecureSession
        if session is None or self.site.sessions.get(session.uid) is not session:
            session = self._find_session(secure)
            if secure:
                self._secureSession = session
            else:
                self._insecureSession = session
        session.touch()
        return session if sessionInterface is None else session.getComponent(sessionInterface)

    def _find_session(self, secure: bool) -> Any:
        cookie = b"_".join([b"TWISTED_SECURE_SESSION" if secure else b"TWISTED_SESSION", *self.sitepath])
        uid = self.getCookie(cookie)
        if uid is not None and uid in self.site.sessions:
            return self.site.getSession(uid)
        session = self.site.makeSession()
        self.addCookie(cookie, session.uid, path=b"/", secure=secure)
        return session

    # ---- URLs

    def _prePathURL(self, prepath: list[bytes]) -> bytes:
        host = self.getHost()
        if isinstance(host, UNIXAddress):
            netloc = self.getRequestHostname()
        else:
            port = getattr(host, "port", 80)
            name = self.getRequestHostname()
            default = 443 if self.isSecure() else 80
            netloc = name if port == default else b"%b:%d" % (name, port)
        scheme = b"https" if self.isSecure() else b"http"
        path = b"/".join([quote(segment, safe=b"").encode("ascii") for segment in prepath])
        return scheme + b"://" + netloc + b"/" + path

    def prePathURL(self) -> bytes:
        """Return the absolute URL of the resource that is being rendered."""
        return self._prePathURL(self.prepath)

    def URLPath(self) -> URLPath:
        """Return the URL of the resource that is being rendered."""
        return URLPath.fromRequest(self)

    def rememberRootURL(self) -> None:
        """Take the resource that is being rendered as the application's root."""
        self.appRootURL = self._prePathURL(self.prepath[:-1])

    def getRootURL(self) -> bytes | None:
        """Return the URL that `rememberRootURL` kept."""
        return self.appRootURL

    def sibLink(self, name: bytes) -> bytes:
        """Return a relative URL of ``name`` beside the resource that is being rendered."""
        return b"../" * len(self.postpath) + name if self.postpath else name

    def childLink(self, name: bytes) -> bytes:
        """Return a relative URL of ``name`` below the resource that is being rendered."""
        taken = len(self.postpath)
        if taken > 1:
            return b"../" * (taken - 1) + name
        if taken == 1:
            return name
        return (self.prepath[-1] + b"/" if self.prepath and self.prepath[-1] else b"") + name


Request.__module__ = "reactorio.web.server"


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _traceback_page(reason: Failure) -> bytes:
    from reactorio.web.util import formatFailure  # templates are needed for that only

    return (
        b"<html><head><title>web.Server Traceback (most recent call last)</title></head><body><b>web.Server Traceback "
        b"(most recent call last):</b>\n\n" + formatFailure(reason) + b"\n\n</body></html>\n"
    )
