"""Resources for those who log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.cred import error
from reactorio.cred.credentials import Anonymous
from reactorio.logger import Logger
from reactorio.web import _refusals, util
from reactorio.web.resource import IResource
from reactorio.web.server import NOT_DONE_YET

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reactorio.cred.portal import Portal
    from reactorio.internet.defer import Deferred
    from reactorio.python.failure import Failure
    from reactorio.web.iweb import ICredentialFactory
    from reactorio.web.server import Request

__all__ = ["HTTPAuthSessionWrapper", "UnauthorizedResource"]


@implementer(IResource)
class UnauthorizedResource:
    """
    Asks the client to log in, in any of the ways that there are.

    Args:
        factories: Those ways.
    """

    isLeaf = True

    def __init__(self, factories: Sequence[ICredentialFactory]) -> None:
        self._credentialFactories = factories

    def render(self, request: Request) -> bytes:
        """Challenge the client (RFC 9110 section 11.6.1)."""
        request.setResponseCode(401)
        for factory in self._credentialFactories:
            challenge = factory.getChallenge(request)
            fields = ", ".join(f"{name}={_quoted(value)}" for name, value in challenge.items())
            header = b" ".join((factory.scheme, fields.encode("latin-1")))
            request.responseHeaders.addRawHeader(b"www-authenticate", header)
        return b"" if request.method == b"HEAD" else b"Unauthorized"

    def getChildWithDefault(self, path: bytes, request: Request) -> UnauthorizedResource:
        return self

    def putChild(self, path: bytes, child: Any) -> None:
        """Raise NotImplementedError: nothing is below it but itself."""
        raise NotImplementedError("an UnauthorizedResource is each of its children")


def _quoted(value: bytes | str) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@implementer(IResource)
class HTTPAuthSessionWrapper:
    """
    The door to the resources that a portal has: a client gets the avatar that is an `IResource`.

    Who brings no Authorization header is anonymous, if the portal takes anonymous users. The avatar is logged out
    when the request is over.

    Args:
        portal: It makes avatars of credentials.
        credentialFactories: The ways to log in.
    """

    isLeaf = False

    _log = Logger()

    def __init__(self, portal: Portal, credentialFactories: Sequence[ICredentialFactory]) -> None:
        self._portal = portal
        self._credentialFactories = credentialFactories

    def render(self, request: Request) -> Any:
        return self._authorizedResource(request).render(request)

    def getChildWithDefault(self, path: bytes, request: Request) -> Any:
        # The path is the avatar's, this segment included.
        request.postpath.insert(0, request.prepath.pop())
        return self._authorizedResource(request)

    def putChild(self, path: bytes, child: Any) -> None:
        """Raise NotImplementedError: what is behind the door is the portal's."""
        raise NotImplementedError("the resources behind an HTTPAuthSessionWrapper are the portal's")

    def _authorizedResource(self, request: Request) -> Any:
        """Return a resource for what the request's Authorization header is worth."""
        header = request.getHeader(b"authorization")
        if not header:
            return util.DeferredResource(self._login(Anonymous()))
        factory, response = self._selectParseHeader(header)
        if factory is None or response is None:
            return UnauthorizedResource(self._credentialFactories)
        try:
            credentials = factory.decode(response, request)
        except error.LoginFailed:
            return UnauthorizedResource(self._credentialFactories)
        except Exception:
            self._log.failure("Unexpected failure from credentials factory")
            return _internal_error()
        return util.DeferredResource(self._login(credentials))

    def _login(self, credentials: Any) -> Deferred[Any]:
        return self._portal.login(credentials, None, IResource).addCallbacks(self._loginSucceeded, self._loginFailed)

    def _loginSucceeded(self, args: tuple[Any, Any, Callable[[], object]]) -> Any:
        _interface, avatar, logout = args
        return _UntilLoggedOut(avatar, logout)

    def _loginFailed(self, result: Failure) -> Any:
        if result.check(error.Unauthorized, error.LoginFailed):
            return UnauthorizedResource(self._credentialFactories)
        self._log.failure("HTTPAuthSessionWrapper.getChildWithDefault encountered unexpected error", failure=result)
        return _internal_error()

    def _selectParseHeader(self, header: bytes) -> tuple[Any, bytes | None]:
        """Return the factory for a header's scheme, and what the header says after it; None twice if there is none."""
        scheme, _, response = header.partition(b" ")
        for factory in self._credentialFactories:
            if factory.scheme == scheme.lower():
                return factory, response
        return None, None


def _internal_error() -> Any:
    return _refusals.error_page(500, "Internal Error", "")


@implementer(IResource)
class _UntilLoggedOut:
    """An avatar, or a resource below it, that is logged out when the request is over."""

    def __init__(self, avatar: Any, logout: Callable[[], object]) -> None:
        self._avatar = avatar
        self._logout = logout
        self.isLeaf: bool = avatar.isLeaf

    def getChildWithDefault(self, path: bytes, request: Request) -> _UntilLoggedOut:
        return _UntilLoggedOut(self._avatar.getChildWithDefault(path, request), self._logout)

    def putChild(self, path: bytes, child: Any) -> None:
        self._avatar.putChild(path, child)

    def render(self, request: Request) -> Any:
        if getattr(request, "_disconnected", False):
            # The client went while we asked who it is; nobody would tell us so any more.
            self._logout()
            return NOT_DONE_YET
        # However it ends, and also if it ends while it is rendered.
        request.notifyFinish().addBoth(lambda _: self._logout())
        return self._avatar.render(request)
