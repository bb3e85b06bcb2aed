"""What a site remembers of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.python.components import Componentized

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IDelayedCall

__all__ = ["Session"]


class Session(Componentized):
    """
    A client's session: anything may be kept as attributes, or as components by interface.

    Args:
        site: Whose session this is.
        uid: What the client's cookie says.
        reactor: The clock, the site's if it is left out.

    Attributes:
        sessionTimeout: Seconds without a request after which the session ends.
        lastModified: When it was last touched, on the clock.
    """

    sessionTimeout: float = 900
    _expireCall: IDelayedCall | None = None

    def __init__(self, site: Any, uid: bytes, reactor: Any = None) -> None:
        super().__init__()
        self._reactor: Any = site.reactor if reactor is None else reactor
        self.site = site
        self.uid = uid
        self.expireCallbacks: list[Callable[[], object]] = []
        # Of links to this session, for applications that keep it in the path.
        self.sessionNamespaces: dict[Any, Any] = {}
        self.touch()

    def startCheckingExpiration(self) -> None:
        """Begin to wait for the session's end."""
        self._expireCall = self._reactor.callLater(self.sessionTimeout, self.expire)

    def notifyOnExpire(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` called when the session ends."""
        self.expireCallbacks.append(callback)

    def expire(self) -> None:
        """End the session."""
        del self.site.sessions[self.uid]
        callbacks, self.expireCallbacks = self.expireCallbacks, []
        for callback in callbacks:
            callback()
        if self._expireCall is not None and self._expireCall.active():
            self._expireCall.cancel()
        self._expireCall = None

    def touch(self) -> None:
        """The client was here: the session ends later."""
        self.lastModified = self._reactor.seconds()
        if self._expireCall is not None:
            self._expireCall.reset(self.sessionTimeout)


Session.__module__ = "reactorio.web.server"
