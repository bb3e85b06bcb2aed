"""The tree of resources that a factory serves, and the sessions of its clients."""

from __future__ import annotations

import os
from binascii import hexlify
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IProtocolNegotiationFactory
from reactorio.web import resource as resources
from reactorio.web._http.factory import HTTPFactory
from reactorio.web._http.generic import H2_ENABLED
from reactorio.web._server.request import Request
from reactorio.web._server.session import Session

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IAddress

__all__ = ["Site"]


@implementer(IProtocolNegotiationFactory)
class Site(HTTPFactory):
    """
    A web site.

    Args:
        resource: The root of its resources.
        requestFactory: Makes requests, `Request` if it is left out.
        parsePOSTFormSubmission: Are posted forms' fields put into ``request.args``?
        args, kwargs: See `reactorio.web.http.HTTPFactory`.

    Attributes:
        sessions: The sessions, by what their cookies say.
        sessionFactory: Makes sessions.
        displayTracebacks: Does a client see the tracebacks of what goes wrong?
        counter: How many sessions there have been.
    """

    counter = 0
    requestFactory: Any = Request
    displayTracebacks = False
    sessionFactory: Any = Session
    # For applications that look for ended sessions themselves.
    sessionCheckTime = 1800
    isLeaf = 0
    _entropy = staticmethod(os.urandom)

    def __init__(
        self,
        resource: Any,
        requestFactory: Any = None,
        *args: Any,
        parsePOSTFormSubmission: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sessions: dict[bytes, Any] = {}
        self.resource = resource
        if requestFactory is not None:
            self.requestFactory = requestFactory
        self._parsePOSTFormSubmission = parsePOSTFormSubmission

    def buildProtocol(self, addr: IAddress | None) -> Any:
        channel = super().buildProtocol(addr)
        if channel is not None:
            channel.requestFactory = self.requestFactory
            channel.site = self
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        """Return what is offered by ALPN, the preferred first."""
        return [b"h2", b"http/1.1"] if H2_ENABLED else [b"http/1.1"]

    # ---- resources

    def getResourceFor(self, request: Any) -> Any:
        """Return what is to answer ``request``."""
        request.site = self
        # Where a site is within another's, see `Request.getSession`.
        request.sitepath = request.prepath[:]
        return resources.getChildForRequest(self.resource, request)

    def getChildWithDefault(self, pathEl: bytes, request: Any) -> Any:
        """Return what is below the root, for a site that is a resource of another."""
        request.site = self
        return self.resource.getChildWithDefault(pathEl, request)

    def render(self, request: Any) -> None:
        """Redirect to the site's own path, for a site that is a resource of another."""
        request.redirect(request.prePathURL() + b"/")
        request.finish()

    # ---- sessions

    def _mkuid(self) -> bytes:
        self.counter += 1
        return hexlify(self._entropy(32))

    def makeSession(self) -> Any:
        """Make a session, which ends by itself when the client does not come back."""
        uid = self._mkuid()
        session = self.sessions[uid] = self.sessionFactory(self, uid)
        session.startCheckingExpiration()
        return session

    def getSession(self, uid: bytes) -> Any:
        """
        Return the session of ``uid``.

        Raises:
            KeyError: There is none, or it has ended.
        """
        return self.sessions[uid]


Site.__module__ = "reactorio.web.server"
