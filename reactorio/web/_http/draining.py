"""The end of an HTTP/1 connection whose server is about to end: what is under way is answered first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IDelayedCall

__all__ = ["LINGER", "Draining"]

# For how long an idle connection waits for a request that may be on its way: closed at once, it would be lost, and
# clients do not ask again for what is not idempotent. It is how long ports go on accepting, too.
LINGER = 0.5

# The same, for a client that has connected and asked nothing yet. Browsers connect in advance, and may never ask.
_FIRST = 5.0


class Draining:
    """
    The part of `HTTPChannel` that is told that the process is to end.

    The request that is coming or being answered is the last one: its answer says ``Connection: close``, if it has not
    begun yet, and the connection is closed behind it.
    """

    _draining = False
    _draining_call: IDelayedCall | None = None

    if TYPE_CHECKING:
        requests: list[Any]
        persistent: Any
        callLater: Callable[..., IDelayedCall]
        _held: bytes
        _over: bool
        _head: Any
        _successor: Any

        def loseConnection(self) -> None: ...

    def drain(self) -> None:
        """Close the connection as soon as nothing is under way on it; a protocol that has taken it over is asked to."""
        if self._successor is not None:
            ask = getattr(self._successor, "drain", None)
            if ask is not None:
                ask()
            return
        if self._draining or self._over:
            return
        self._draining = True
        if self.requests:
            self._last(self.requests[0])
        else:
            # Its head's fields are those of the last request, until the next one's is whole.
            self._draining_call = self.callLater(LINGER if self._head.fields else _FIRST, self._end_if_idle)

    def _last(self, request: Any) -> None:
        """No request follows ``request``: tell the client so, if it can still be told."""
        self.persistent = False
        if not request.startedWriting:
            request.setHeader(b"connection", b"close")

    def _end_if_idle(self) -> None:
        self._draining_call = None
        # A head that has begun to come has its own time, and so has all that follows.
        if not self.requests and not self._held and not self._over:
            self.loseConnection()

    def _drained(self) -> None:
        """The connection is over, or another's."""
        call, self._draining_call = self._draining_call, None
        if call is not None:
            call.cancel()
