"""The end that waits for what is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.aio import serving
from reactorio.application import _hooks
from reactorio.internet.defer import Deferred, DeferredList, maybeDeferred
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IDelayedCall
    from reactorio.python.failure import Failure

__all__ = ["Draining"]

_log = Logger(namespace="reactorio.application.operations")

# How long a port goes on accepting once new connections are refused: handshakes that have begun come to their end. A
# peer that is refused by silence asks again after one second, so it must be less than that.
_LINGER = 0.5

# How often it is looked whether all is over.
_LOOK = 0.05


class Draining:
    """
    Accepts nothing new, and waits until the connections that ports have accepted have ended.

    Whoever knows more says so, with a method ``drain()`` that may return a Deferred:

    - a service: it is waited for;
    - a port's factory: it is waited for in place of that port's connections, which it tells what to do;
    - a protocol: called once, it has to close its connection as soon as nothing is under way on it, at once if it is
      idle. Its connection is waited for, not its Deferred.

    Args:
        grace: Seconds after which nothing is waited for any more.
        closed: Called when the ports are closed.
    """

    def __init__(self, reactor: Any, service: Any, grace: float, closed: Callable[[], object]) -> None:
        self._reactor = reactor
        self._service = service
        self._grace = grace
        self._closed = closed
        self._over: Deferred[str] = Deferred()
        self._calls: set[IDelayedCall] = set()
        self._pending = 0
        self._told: set[int] = set()
        # Ports, by what their factories know of draining.
        self._ports: dict[Any, bool] = {}

    def begin(self) -> Deferred[str]:
        """Return a Deferred that fires when all is over, or the time is: with what is left, in words, or nothing."""
        self._wait_for(_hooks.drain_all([self._service]))
        self._refuse()
        # At a socket that others have, too, they accept what comes.
        linger = 0.0 if all(port._inherited for port in self._ports) else _LINGER
        self._later(min(linger, self._grace / 2), self._close)
        self._later(self._grace, self.end)
        return self._over

    def end(self) -> None:
        """Wait no longer."""
        if self._over.called:
            return
        for call in self._calls:
            if call.active():
                call.cancel()
        self._over.callback(self.progress() if self._left() else "")

    def progress(self) -> str:
        """Say in words what is waited for."""
        connections = len(self._left())
        words = f"{connections} connection{'' if connections == 1 else 's'}"
        return f"{words}, {self._pending} more to wait for" if self._pending else words

    # ---- new connections

    def _refuse(self) -> None:
        for port in serving.ports(self._reactor):
            if port not in self._ports:
                drain = _found(port.factory, "wrappedFactory")
                self._ports[port] = drain is not None
                if drain is not None:
                    self._wait_for(maybeDeferred(drain))
                serving.refuse(port)
        self._tell_protocols()

    def _close(self) -> None:
        # Those that have begun to listen meanwhile, too.
        self._refuse()
        for port in self._ports:
            serving.accept_waiting(port)
        closing = DeferredList([maybeDeferred(port.stopListening) for port in self._ports])
        self._wait_for(closing.addCallback(lambda _: self._closed()))
        self._look()

    def _look(self) -> None:
        # What was accepted last is a connection only some turns later.
        self._tell_protocols()
        if self._pending or self._left():
            self._later(_LOOK, self._look)
        else:
            self.end()

    # ---- connections

    def _left(self) -> list[Any]:
        return [one for one in serving.connections(self._reactor) if not self._ports.get(serving.port_of(one), False)]

    def _tell_protocols(self) -> None:
        for connection in self._left():
            if id(connection) not in self._told:
                self._told.add(id(connection))
                drain = _found(connection.protocol, "wrappedProtocol")
                if drain is not None:
                    maybeDeferred(drain).addErrback(_cannot_drain, connection)

    def _wait_for(self, deferred: Deferred[Any]) -> None:
        self._pending += 1
        deferred.addErrback(_cannot_drain, self).addBoth(self._one_less)

    def _one_less(self, _: object) -> None:
        self._pending -= 1

    def _later(self, delay: float, call: Any) -> None:
        self._calls.add(self._reactor.callLater(delay, call))


def _cannot_drain(failure: Failure, what: object) -> None:
    _log.failure("{what} cannot drain", failure, what=what)


def _found(thing: Any, inner: str) -> Any:
    """Return the ``drain`` of a factory or protocol, or of the one that it is wrapped around; None if there is none."""
    while thing is not None:
        drain = getattr(thing, "drain", None)
        if callable(drain):
            return drain
        thing = getattr(thing, inner, None)
    return None
