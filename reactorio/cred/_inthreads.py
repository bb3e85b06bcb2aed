"""Checkers of names and passwords that block: files, slow hashes, directories."""

from __future__ import annotations

from typing import Any

from reactorio._interface import implementer
from reactorio.cred import error
from reactorio.cred.checkers import ICredentialsChecker
from reactorio.cred.credentials import IUsernamePassword
from reactorio.internet.defer import Deferred, DeferredSemaphore, fail, maybeDeferred
from reactorio.internet.threads import deferToThreadPool

__all__ = ["ChecksInThreads"]

# Longer ones are refused unseen, so that nobody has a slow hash made of megabytes.
MAX_NAME = 1024
MAX_PASSWORD = 4096


@implementer(ICredentialsChecker)
class ChecksInThreads:
    """
    A checker whose `check` runs in threads of the reactor's pool.

    Names and passwords that are empty or longer than any real one are refused without a look.

    Cancelling a login does not stop the thread; its turn ends when it does.

    Args:
        reactor: Whose threads; the global one's if None.
        at_once: How many checks run at the same time. The others wait: what a check costs in memory and processors,
            nobody can multiply by connecting more often.
    """

    credentialInterfaces: Any = (IUsernamePassword,)

    def __init__(self, reactor: Any, at_once: int) -> None:
        self._reactor = reactor
        self._turns = DeferredSemaphore(at_once)

    def check(self, name: bytes, password: bytes) -> Any:
        """
        Return the id of the avatar; a hook, called in a thread.

        Raises:
            UnauthorizedLogin: Wrong name or password. Any other error says that checking was not possible.
        """
        raise NotImplementedError

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        clear = IUsernamePassword.adapt(credentials, None)
        if clear is None:
            return fail(error.UnauthorizedLogin())
        name, password = _as_bytes(clear.username), _as_bytes(clear.password)
        if not 0 < len(name) <= MAX_NAME or not 0 < len(password) <= MAX_PASSWORD:
            return fail(error.UnauthorizedLogin())
        return self._turns.acquire().addCallback(lambda _: self._in_thread(name, password))

    def _in_thread(self, name: bytes, password: bytes) -> Deferred[Any]:
        def work() -> Deferred[Any]:
            reactor = self.reactor()
            return deferToThreadPool(reactor, reactor.getThreadPool(), self.check, name, password)

        working: Deferred[Any] = maybeDeferred(work)
        # The turn ends with the thread, so the caller, who may cancel, gets a Deferred of its own.
        result: Deferred[Any] = Deferred()
        working.addBoth(self._end_turn)
        working.addCallbacks(result.callback, result.errback)
        return result

    def _end_turn(self, outcome: Any) -> Any:
        self._turns.release()
        return outcome

    def reactor(self) -> Any:
        """Return the reactor whose threads do the work."""
        if self._reactor is None:
            from reactorio.internet import reactor  # looked up late: an application may put its own in this place

            return reactor
        return self._reactor


def _as_bytes(text: Any) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
