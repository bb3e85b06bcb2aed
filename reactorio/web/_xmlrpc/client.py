"""XML-RPC's client: a connection for each call."""

from __future__ import annotations

import base64
import xmlrpc.client as xmlrpclib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit
from xml.sax.saxutils import escape

from reactorio.internet.defer import Deferred
from reactorio.internet.protocol import ClientFactory
from reactorio.internet.ssl import optionsForClientTLS
from reactorio.python.failure import Failure
from reactorio.web._http.client import HTTPClient
from reactorio.web._xmlrpc.parse import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IConnector

__all__ = ["Proxy", "QueryFactory", "QueryProtocol", "payloadTemplate"]

# A call: the name of its method, and the parameters as `xmlrpc.client.dumps` writes them.
payloadTemplate = """<?xml version="1.0"?>
<methodCall>
<methodName>%s</methodName>
%s
</methodCall>
"""


class QueryProtocol(HTTPClient):
    """Sends its factory's call, and gives it the answer once the connection is closed."""

    factory: Any
    _response: bytes | None = None

    def connectionMade(self) -> None:
        query = self.factory
        self.sendCommand(b"POST", query.path)
        self.sendHeader(b"User-Agent", b"Twisted/XMLRPClib")
        self.sendHeader(b"Host", query.host)
        self.sendHeader(b"Content-type", b"text/xml; charset=utf-8")
        self.sendHeader(b"Content-length", b"%d" % len(query.payload))
        if query.user:
            credentials = base64.b64encode(query.user + b":" + (query.password or b""))
            self.sendHeader(b"Authorization", b"Basic " + credentials)
        self.endHeaders()
        self.transport.write(query.payload)

    def handleStatus(self, version: bytes, status: bytes, message: bytes) -> None:
        if status != b"200":
            self.factory.badStatus(status, message)

    def handleResponse(self, response: bytes) -> None:
        self._response = response
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure | None = None) -> None:
        super().connectionLost(reason)
        response, self._response = self._response, None
        if response is not None:
            self.factory.parseResponse(response)


class QueryFactory(ClientFactory):
    """
    One call.

    Args:
        path: The request's target.
        host: What Host says.
        method: The method's name.
        user: Whom the server is to take the client for, with ``password``; None for nobody.
        allowNone: Can None be an argument? (An extension of XML-RPC.)
        args: The arguments.
        canceller: Called by ``deferred.cancel``.
        useDateTime: Are dates in the result to be `datetime.datetime`?

    Attributes:
        deferred: The result to come; None once it has.
    """

    deferred: Deferred[Any] | None = None
    protocol: Any = QueryProtocol

    def __init__(
        self,
        path: bytes | None,
        host: bytes | None,
        method: str,
        user: bytes | None = None,
        password: bytes | None = None,
        allowNone: bool = False,
        args: tuple[Any, ...] = (),
        canceller: Callable[[Deferred[Any]], object] | None = None,
        useDateTime: bool = False,
    ) -> None:
        self.path, self.host = path, host
        self.user, self.password = user, password
        call = payloadTemplate % (escape(method), xmlrpclib.dumps(args, allow_none=allowNone))
        self.payload = call.encode()
        self.deferred = Deferred(canceller)
        self.useDateTime = useDateTime

    def _take(self) -> Deferred[Any] | None:
        """Return the Deferred, and have none from now on: its callbacks may be this object's methods."""
        deferred, self.deferred = self.deferred, None
        return deferred

    def parseResponse(self, contents: bytes | str) -> None:
        """Take the body of the answer: the result, or a Fault."""
        deferred = self._take()
        if deferred is None:
            return
        try:
            result = loads(contents, self.useDateTime)[0][0]
        except Exception:
            deferred.errback(Failure())
        else:
            deferred.callback(result)

    def badStatus(self, status: Any, message: Any) -> None:
        """The answer is none: fail with a ValueError that has the status and its reason phrase."""
        deferred = self._take()
        if deferred is not None:
            deferred.errback(ValueError(status, message))

    def clientConnectionLost(self, connector: IConnector | None, reason: Failure) -> None:
        deferred = self._take()
        if deferred is not None:
            deferred.errback(reason)

    def clientConnectionFailed(self, connector: IConnector | None, reason: Failure) -> None:
        deferred = self._take()
        if deferred is not None:
            deferred.errback(reason)


class Proxy:
    """
    A server's methods.

    Args:
        url: Where the server is: ``http`` or ``https``, whose certificate is checked. Unlike Twisted: user and password in
            it are unquoted, and a query is sent.
        user: Whom the server is to take the client for, instead of who is in the URL; with ``password``.
        allowNone: Can None be an argument? (An extension of XML-RPC.)
        useDateTime: Are dates in results to be `datetime.datetime`, and not `xmlrpc.client.DateTime`?
        connectTimeout: Seconds for an attempt to connect.
        reactor: Who connects, if not the running reactor.

    Attributes:
        queryFactory: Makes the factory of a call; called as `QueryFactory`.

    Raises:
        ValueError: The URL's port is none.
    """

    queryFactory: Any = QueryFactory

    def __init__(
        self,
        url: bytes,
        user: bytes | None = None,
        password: bytes | None = None,
        allowNone: bool = False,
        useDateTime: bool = False,
        connectTimeout: float = 30.0,
        reactor: Any = None,
    ) -> None:
        if reactor is None:
            # Who gives a reactor needs no other.
            from reactorio.internet import reactor
        parts = urlsplit(url.decode("ascii"))
        self.host = (parts.hostname or "").encode("ascii")
        self.port = parts.port
        self.path = (parts.path or "/").encode("ascii") + (b"?" + parts.query.encode("ascii") if parts.query else b"")
        self.secure = parts.scheme == "https"
        in_url = parts.username, parts.password
        self.user, self.password = (None if text is None else unquote_to_bytes(text) for text in in_url)
        if user is not None:
            self.user = user
        if password is not None:
            self.password = password
        self.allowNone = allowNone
        self.useDateTime = useDateTime
        self.connectTimeout = connectTimeout
        self._reactor = reactor

    def _authority(self) -> bytes:
        """Return what Host says (RFC 9110 section 7.2)."""
        host = b"[%b]" % self.host if b":" in self.host else self.host
        return host if self.port is None else b"%b:%d" % (host, self.port)

    def callRemote(self, method: str, *args: Any) -> Deferred[Any]:
        """
        Call a method.

        Returns:
            A Deferred of the result. It fails with the `Fault` that the server answers with, ValueError if it answers with
            an HTTP status other than 200, and what else can go wrong. Cancelling it ends the connection.
        """

        def cancel(deferred: Deferred[Any]) -> None:
            factory.deferred = None
            connector.disconnect()

        factory = self.queryFactory(
            self.path,
            self._authority(),
            method,
            self.user,
            self.password,
            self.allowNone,
            args,
            cancel,
            self.useDateTime,
        )
        result: Deferred[Any] = factory.deferred
        host = self.host.decode("ascii")
        if self.secure:
            options = optionsForClientTLS(host)
            connector = self._reactor.connectSSL(host, self.port or 443, factory, options, timeout=self.connectTimeout)
        else:
            connector = self._reactor.connectTCP(host, self.port or 80, factory, timeout=self.connectTimeout)
        return result


for _public in (QueryProtocol, QueryFactory, Proxy):
    _public.__module__ = "reactorio.web.xmlrpc"
