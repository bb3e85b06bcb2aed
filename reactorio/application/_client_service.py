"""
A service that stays connected.

    backoffPolicy   how long to wait before the next attempt
    ClientService   what applications use
    _Reconnector    the states behind it
"""

from __future__ import annotations

from enum import Enum, auto
from random import random
from typing import TYPE_CHECKING, Any

from reactorio._interface import directlyProvides
from reactorio.application.service import Service
from reactorio.internet.defer import CancelledError, Deferred, fail, maybeDeferred, succeed
from reactorio.internet.interfaces import IFileDescriptorReceiver, IHalfCloseableProtocol, IHandshakeListener
from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ClientService", "backoffPolicy"]

_log = Logger()

_HIGHEST_POWER = 100  # by then every sensible policy is at its longest delay, and a float is not yet at its end


def backoffPolicy(
    initialDelay: float = 1.0,
    maxDelay: float = 60.0,
    factor: float = 1.5,
    jitter: Callable[[], float] = random,
) -> Callable[[int], float]:
    """
    Return a function from the number of failed attempts to seconds to wait: longer after each, up to ``maxDelay``.

    Args:
        jitter: Returns seconds to add each time, so that the clients of a server that went away do not all come
            back in the same moment.
    """

    def policy(attempt: int) -> float:
        try:
            delay = min(initialDelay * factor ** min(_HIGHEST_POWER, attempt), maxDelay)
        except OverflowError:
            delay = maxDelay
        return delay + jitter()

    return policy


class ClientService(Service):
    """
    A service that connects to an endpoint, and connects again whenever that fails or the connection ends.

    Args:
        endpoint: Where to connect to.
        factory: Makes the protocol of each connection.
        retryPolicy: Seconds to wait after so many failed attempts in a row; `backoffPolicy` if not given.
        clock: The IReactorTime that waits; the reactor if not given.
        prepareConnection: Called with each new protocol. The connection counts as made only when what this
            returns is ready, and as failed if it fails.
    """

    def __init__(
        self,
        endpoint: Any,
        factory: Any,
        retryPolicy: Callable[[int], float] | None = None,
        clock: Any = None,
        prepareConnection: Callable[[Any], object] | None = None,
    ) -> None:
        if clock is None:
            from reactorio.internet import reactor as clock  # not at the top: who hands in a clock needs none
        self._reconnector = _Reconnector(
            endpoint, factory, clock, retryPolicy or backoffPolicy(), prepareConnection or (lambda protocol: None)
        )

    def whenConnected(self, failAfterFailures: int | None = None) -> Deferred[Any]:
        """
        Return a Deferred of the connected protocol: the current one, or the next.

        It fails with CancelledError when the service stops (or has stopped) first, and with the attempt's own
        failure after ``failAfterFailures`` failed attempts, if that is given.
        """
        return self._reconnector.when_connected(failAfterFailures)

    def startService(self) -> None:
        if self.running:
            _log.warn("Duplicate ClientService.startService {log_source}", log_source=self)
            return
        super().startService()
        self._reconnector.start()

    def stopService(self) -> Deferred[None]:
        """Stop connecting, and return a Deferred that fires when the last connection has ended."""
        super().stopService()
        return self._reconnector.stop()


class _State(Enum):
    UNSTARTED = auto()
    CONNECTING = auto()  # an attempt is under way
    WAITING = auto()  # for the time of the next attempt
    CONNECTED = auto()
    STOPPING = auto()  # an attempt or a connection still has to end
    RESTARTING = auto()  # likewise, and then it shall connect again
    STOPPED = auto()


class _Reconnector:
    def __init__(
        self,
        endpoint: Any,
        factory: Any,
        clock: Any,
        policy: Callable[[int], float],
        prepare: Callable[[Any], object],
    ) -> None:
        self._endpoint = endpoint
        self._factory = factory
        self._clock = clock
        self._policy = policy
        self._prepare = prepare
        self._state = _State.UNSTARTED
        self._failures = 0
        self._attempt: Deferred[Any] | None = None
        self._preparing: _WatchedProtocol | None = None
        self._protocol: _WatchedProtocol | None = None
        self._retry: Any = None
        self._awaiting_connection: dict[Deferred[Any], int | None] = {}
        self._awaiting_stop: list[Deferred[None]] = []

    # What the service asks for

    def start(self) -> None:
        if self._state is _State.STOPPING:
            self._state = _State.RESTARTING
        elif self._state in (_State.UNSTARTED, _State.STOPPED):
            self._connect()

    def stop(self) -> Deferred[None]:
        if self._state in (_State.UNSTARTED, _State.STOPPED):
            self._stopped()
            return succeed(None)
        if self._state is _State.WAITING:
            self._retry.cancel()
            self._stopped()
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._awaiting_stop.append(stopped)
        before, self._state = self._state, _State.STOPPING
        if before is _State.CONNECTED and self._protocol is not None:
            self._protocol.transport.loseConnection()
        elif before is _State.CONNECTING and self._attempt is not None:
            self._attempt.cancel()
        return stopped

    def when_connected(self, fail_after: int | None) -> Deferred[Any]:
        if self._state is _State.CONNECTED and self._protocol is not None:
            return succeed(self._protocol._protocol)
        if self._state is _State.STOPPED:
            return fail(CancelledError())
        waiting: Deferred[Any] = Deferred(lambda cancelled: self._awaiting_connection.pop(cancelled, None))
        self._awaiting_connection[waiting] = fail_after
        return waiting

    # What happens

    def _connect(self) -> None:
        self._state = _State.CONNECTING

        def prepare(protocol: _WatchedProtocol) -> Deferred[Any]:
            self._preparing = protocol
            return maybeDeferred(self._prepare, protocol).addCallback(lambda ignored: protocol)

        self._attempt = attempt = maybeDeferred(self._endpoint.connect, _WatchedFactory(self._factory, self._lost))
        attempt.addCallback(prepare).addCallbacks(self._attempt_succeeded, self._attempt_failed)
        attempt.addErrback(lambda failure: _log.failure("Error in ClientService", failure))

    def _attempt_succeeded(self, protocol: _WatchedProtocol) -> None:
        self._attempt = self._preparing = None
        self._failures = 0
        self._protocol = protocol
        if self._state is not _State.CONNECTING:
            protocol.transport.loseConnection()  # stopped meanwhile, and the attempt could not be cancelled
            return
        self._state = _State.CONNECTED
        awaiting, self._awaiting_connection = self._awaiting_connection, {}
        for waiting in awaiting:
            waiting.callback(protocol._protocol)

    def _attempt_failed(self, failure: Failure) -> None:
        unprepared, self._attempt, self._preparing = self._preparing, None, None
        if unprepared is not None:
            unprepared.transport.loseConnection()
        if self._state is _State.CONNECTING:
            self._wait()
            self._count_down(failure)
        else:
            self._ended()

    def _lost(self, protocol: _WatchedProtocol, reason: Failure) -> None:
        if protocol is self._preparing and self._attempt is not None:
            self._attempt.cancel()
        if protocol is not self._protocol:
            return
        self._protocol = None
        if self._state is _State.CONNECTED:
            self._wait()
        else:
            self._ended()

    def _wait(self) -> None:
        self._failures += 1
        self._state = _State.WAITING
        self._retry = self._clock.callLater(self._policy(self._failures), self._connect)

    def _count_down(self, failure: Failure) -> None:
        """Fail those who wait for no more than so many failed attempts."""
        for waiting, left in list(self._awaiting_connection.items()):
            if left is not None and left <= 1:
                del self._awaiting_connection[waiting]
                waiting.errback(failure)
            elif left is not None:
                self._awaiting_connection[waiting] = left - 1

    def _ended(self) -> None:
        """The last attempt or connection is over, as `stop` wanted."""
        restart = self._state is _State.RESTARTING
        awaiting, self._awaiting_stop = self._awaiting_stop, []
        if restart:
            self._connect()
        else:
            self._stopped()
        for waiting in awaiting:
            waiting.callback(None)

    def _stopped(self) -> None:
        self._state = _State.STOPPED
        awaiting, self._awaiting_connection = self._awaiting_connection, {}
        for waiting in awaiting:
            waiting.errback(Failure(CancelledError()))


class _WatchedFactory:
    """The application's factory, as the endpoint gets it."""

    def __init__(self, factory: Any, lost: Callable[[_WatchedProtocol, Failure], None]) -> None:
        self._factory = factory
        self._lost = lost

    def buildProtocol(self, addr: Any) -> _WatchedProtocol | None:
        protocol = self._factory.buildProtocol(addr)
        return None if protocol is None else _WatchedProtocol(protocol, self._lost)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._factory, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._factory!r}>"


class _WatchedProtocol:
    """The application's protocol, as the transport gets it: it tells when the connection is over."""

    def __init__(self, protocol: Any, lost: Callable[[_WatchedProtocol, Failure], None]) -> None:
        self._protocol = protocol
        self._lost = lost
        marks = (IHalfCloseableProtocol, IFileDescriptorReceiver, IHandshakeListener)
        directlyProvides(self, *(mark for mark in marks if mark.providedBy(protocol)))

    def connectionLost(self, reason: Failure) -> None:
        try:
            self._protocol.connectionLost(reason)
        finally:
            self._lost(self, reason)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._protocol!r}>"
