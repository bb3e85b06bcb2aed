"""An end that passes on, and one that registers, too."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.logger import Logger
from reactorio.protocols._sip.base import Base
from reactorio.protocols._sip.errors import RegistrationError, SIPError
from reactorio.protocols._sip.registry import IContact
from reactorio.protocols._sip.uris import PORT, URL, Via, parseAddress, parseViaHeader

if TYPE_CHECKING:
    from reactorio.protocols._sip.messages import Request, Response
    from reactorio.protocols._sip.registry import IAuthorizer, ILocator, IRegistry, Registration
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.sip"  # the public path: see the package's docstring

_log = Logger(namespace="reactorio.protocols.sip")


class Proxy(Base):
    """
    Passes requests on to where who they are for is, and responses back.

    A method ``handle_X_request`` of a subclass handles requests of the method X; a `SIPError` from there is the response.

    Args:
        host: What this is called in Via headers; by default the machine's name.
        port: Its port there.

    Attributes:
        locator: Knows who is where.
    """

    locator: ILocator | None = None

    def __init__(self, host: str | None = None, port: int = PORT) -> None:
        super().__init__()
        self.host = socket.getfqdn() if host is None else host
        self.port = port

    def getVia(self) -> Via:
        """Return what this puts into requests."""
        return Via(host=self.host, port=self.port)

    # ---- requests

    def handle_request(self, message: Request, addr: tuple[str, int]) -> None:
        """Handle a request; answer it when that fails."""
        handle = getattr(self, f"handle_{message.method}_request", self.handle_request_default)
        # As it came: by the time of a failure, our own Via header may be among these.
        vias = list(message.headers["via"])
        handling: Deferred[Any] = maybeDeferred(handle, message, addr)
        handling.addErrback(self._failed, message, vias)
        handling.addErrback(lambda failure: _log.failure("Could not answer a SIP request", failure))

    def _failed(self, failure: Failure, message: Request, vias: list[str]) -> None:
        error = failure.value
        if not isinstance(error, SIPError):
            _log.failure("Could not handle a SIP request", failure)
            error = SIPError(500)
        response = self.responseFromRequest(error.code, message)
        response.phrase = error.phrase
        response.headers["via"] = vias
        self.deliverResponse(response)

    def handle_request_default(self, message: Request, sourcePeer: tuple[str, int]) -> Any:
        """Pass a request on; one that has been here is dropped, one for nobody answered with 404."""
        via = self.getVia().toString()
        if via in message.headers["via"]:
            _log.info("Dropped a SIP request that came from here")
            return None
        _, uri, _ = self._address_in(message, "to")
        if self.locator is None:
            raise SIPError(404)
        finding: Deferred[Any] = self.locator.getAddress(uri)

        def found(url: URL) -> None:
            message.headers["via"].insert(0, via)
            self.sendMessage(url, message)

        def not_found(failure: Failure) -> Any:
            failure.trap(LookupError)
            raise SIPError(404)

        return finding.addErrback(not_found).addCallback(found)

    def _address_in(self, message: Request, name: str, **options: Any) -> tuple[str, URL, dict[str, str | None]]:
        try:
            return parseAddress(message.headers[name][0], **(options or {"clean": 1}))
        except (KeyError, ValueError) as error:
            raise SIPError(400) from error

    # ---- responses

    def handle_response(self, message: Response, addr: tuple[str, int]) -> None:
        """Pass a response on; one that is not for us is dropped."""
        via = parseViaHeader(message.headers["via"][0])
        if (via.host, via.port) != (self.host, self.port):
            _log.info("Dropped a SIP response that was for {host}:{port}", host=via.host, port=via.port)
            return
        del message.headers["via"][0]
        if not message.headers["via"]:
            self.gotResponse(message, addr)
            return
        try:
            self.deliverResponse(message)
        except ValueError as error:
            _log.info("Dropped a SIP response that leads nowhere: {error}", error=error)

    def gotResponse(self, message: Response, addr: tuple[str, int]) -> Any:
        """A response to a request of ours arrived. Subclasses say what it means."""


class RegisterProxy(Proxy):
    """
    A proxy that is told who is where.

    Attributes:
        portal: Who may register; None for everybody.
        registry: Is told who is where.
        authorizers: The ways to log in, by scheme in lower case.
    """

    portal: Any = None
    registry: IRegistry | None = None
    authorizers: dict[str, IAuthorizer] = {}

    def handle_ACK_request(self, message: Request, host_port: tuple[str, int]) -> None:
        """Do nothing: nobody answers these."""

    def handle_REGISTER_request(self, message: Request, host_port: tuple[str, int]) -> Any:
        """Register, after a login if there is a portal."""
        host, port = host_port[:2]
        if self.portal is None:
            return self.register(message, host, port)
        if "authorization" not in message.headers:
            return self.unauthorized(message, host, port)
        return self.login(message, host, port)

    # ---- logging in

    def unauthorized(self, message: Request, host: str, port: int) -> None:
        """Answer that a login is needed, and by which schemes."""
        response = self.responseFromRequest(401, message)
        for scheme, authorizer in self.authorizers.items():
            challenge = authorizer.getChallenge((host, port))
            said = "" if challenge is None else f"{challenge},"
            response.addHeader("www-authenticate", f'{scheme.title()} {said}realm="{self.host}"')
        self.deliverResponse(response)

    def login(self, message: Request, host: str, port: int) -> Any:
        """Log in, then register."""
        scheme, _, response = message.headers["authorization"][0].partition(" ")
        authorizer = self.authorizers.get(scheme.lower())
        if authorizer is None or not response:
            raise SIPError(501)
        credentials = authorizer.decode(response)
        at_host = f"@{self.host}"
        username = credentials.username
        credentials.username = username + (at_host.encode() if isinstance(username, bytes) else at_host)

        def refused(failure: Failure) -> None:
            # By its name: who logs in is of a layer above this one.
            failure.trap("reactorio.cred.error.UnauthorizedLogin")
            self.unauthorized(message, host, port)

        def logged_in(avatar: tuple[Any, Any, Any]) -> Any:
            return self.register(message, host, port)

        return self.portal.login(credentials, None, IContact).addCallbacks(logged_in, refused)

    # ---- registering

    def register(self, message: Request, host: str, port: int) -> Any:
        """
        Carry a registration out, and say how it stands.

        Where somebody is, is where the request came from. What cannot be registered is not answered, as in Twisted.
        """
        _, user, _ = self._address_in(message, "to")
        if self.registry is None:
            raise SIPError(501)
        contact = message.headers.get("contact", [None])[0]
        if contact is None:
            registering = self.registry.getRegistrationInfo(user)
        elif message.headers.get("expires", [None])[0] == "0":
            return self.unregister(message, user, contact)
        else:
            _, url, _ = self._address_in(message, "contact", host=host, port=port)
            registering = self.registry.registerAddress(message.uri, user, url)
        return registering.addCallbacks(self._registered, self._not_registered, (message,))

    def unregister(self, message: Request, toURL: URL, contact: str) -> Any:
        """Take a registration back, and say so."""
        url = "*" if contact == "*" else self._address_in(message, "contact")[1]
        if self.registry is None:
            raise SIPError(501)
        unregistering = self.registry.unregisterAddress(message.uri, toURL, url)
        return unregistering.addCallbacks(self._registered, self._not_registered, (message,))

    def _registered(self, registration: Registration, message: Request) -> None:
        response = self.responseFromRequest(200, message)
        if registration.contactURL is not None:
            response.addHeader("contact", registration.contactURL.toString())
            response.addHeader("expires", str(registration.secondsToExpiry))
        response.addHeader("content-length", "0")
        self.deliverResponse(response)

    def _not_registered(self, failure: Failure) -> None:
        failure.trap(RegistrationError, LookupError)
        _log.info("Nobody was registered: {why}", why=failure.getErrorMessage())
