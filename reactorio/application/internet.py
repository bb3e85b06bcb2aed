"""
Services around what the reactor does.

    TCPServer, TCPClient, UNIXServer ...    call the reactor's listenX or connectX with the arguments that they got
    StreamServerEndpointService             listens on an endpoint
    ClientService                           stays connected to an endpoint
    TimerService                            calls something every few seconds
    CooperatorService                       runs iterators bit by bit
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.application._client_service import ClientService, backoffPolicy
from reactorio.application._hooks import Starting
from reactorio.application.service import Service
from reactorio.internet import task
from reactorio.internet.defer import CancelledError, Deferred, succeed
from reactorio.python import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reactorio.python.failure import Failure

__all__ = [
    "ClientService",
    "CooperatorService",
    "MulticastServer",
    "SSLClient",
    "SSLServer",
    "StreamServerEndpointService",
    "TCPClient",
    "TCPServer",
    "TimerService",
    "UDPServer",
    "UNIXClient",
    "UNIXDatagramClient",
    "UNIXDatagramServer",
    "UNIXServer",
    "backoffPolicy",
]


def _maybeGlobalReactor(maybeReactor: Any) -> Any:
    if maybeReactor is not None:
        return maybeReactor
    from reactorio.internet import reactor  # not at the top: which reactor is decided when a service starts

    return reactor


class _VolatileDataService(Service):
    """A service some of whose attributes are neither copied nor pickled."""

    volatile: ClassVar[list[str]] = []

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in super().__getstate__().items() if key not in self.volatile}


class _AbstractServer(_VolatileDataService):
    """
    Listens while it runs.

    Its arguments are those of the reactor's method, and ``reactor`` by keyword for another than the global one.
    """

    volatile = ["_port"]
    method = ""
    reactor: Any = None
    _port: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.reactor = kwargs.pop("reactor", self.reactor)
        self.args = args
        self.kwargs = kwargs

    def privilegedStartService(self) -> None:
        super().privilegedStartService()
        self._port = self._getPort()

    def startService(self) -> None:
        super().startService()
        if self._port is None:
            self._port = self._getPort()

    def stopService(self) -> Any:
        super().stopService()
        port, self._port = self._port, None
        return None if port is None else port.stopListening()

    def _getPort(self) -> Any:
        return getattr(_maybeGlobalReactor(self.reactor), f"listen{self.method}")(*self.args, **self.kwargs)


class _AbstractClient(_VolatileDataService):
    """Connects when it starts and disconnects when it stops. Arguments as with the servers."""

    volatile = ["_connection"]
    method = ""
    reactor: Any = None
    _connection: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.reactor = kwargs.pop("reactor", self.reactor)
        self.args = args
        self.kwargs = kwargs

    def startService(self) -> None:
        super().startService()
        self._connection = self._getConnection()

    def stopService(self) -> None:
        super().stopService()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()

    def _getConnection(self) -> Any:
        return getattr(_maybeGlobalReactor(self.reactor), f"connect{self.method}")(*self.args, **self.kwargs)


class TCPServer(_AbstractServer):
    """``reactor.listenTCP`` as a service."""

    method = "TCP"


class TCPClient(_AbstractClient):
    """``reactor.connectTCP`` as a service."""

    method = "TCP"


class UNIXServer(_AbstractServer):
    """``reactor.listenUNIX`` as a service."""

    method = "UNIX"


class UNIXClient(_AbstractClient):
    """``reactor.connectUNIX`` as a service."""

    method = "UNIX"


class SSLServer(_AbstractServer):
    """``reactor.listenSSL`` as a service."""

    method = "SSL"


class SSLClient(_AbstractClient):
    """``reactor.connectSSL`` as a service."""

    method = "SSL"


class UDPServer(_AbstractServer):
    """``reactor.listenUDP`` as a service."""

    method = "UDP"


class MulticastServer(_AbstractServer):
    """``reactor.listenMulticast`` as a service."""

    method = "Multicast"


class UNIXDatagramServer(_AbstractServer):
    """``reactor.listenUNIXDatagram`` as a service."""

    method = "UNIXDatagram"


class UNIXDatagramClient(_AbstractClient):
    """``reactor.connectUNIXDatagram`` as a service."""

    method = "UNIXDatagram"


class TimerService(_VolatileDataService):
    """
    Calls ``callable`` when it starts, and then every ``step`` seconds.

    A call that fails is logged, and is the last one until the service is started again. Stopping waits for the
    Deferred of a call that is under way.
    """

    volatile = ["_loop", "_loopFinished"]
    clock: Any = None

    def __init__(self, step: float, callable: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        self.step = step
        self.call = (callable, args, kwargs)

    def startService(self) -> None:
        super().startService()
        callable, args, kwargs = self.call
        self._loop = task.LoopingCall(callable, *args, **kwargs)
        self._loop.clock = _maybeGlobalReactor(self.clock)
        self._loopFinished: Deferred[Any] = self._loop.start(self.step, now=True)
        self._loopFinished.addErrback(self._failed)

    def _failed(self, why: Failure) -> None:
        # LoopingCall has stopped by itself. A hook: applications replace it.
        self._loop.running = False
        log.err(why)

    def stopService(self) -> Deferred[None]:
        if "_loop" not in self.__dict__:  # never started
            super().stopService()
            return succeed(None)
        if self._loop.running:
            self._loop.stop()
        self._loopFinished.addCallback(lambda ignored: Service.stopService(self))
        return self._loopFinished


class CooperatorService(Service):
    """A task.Cooperator that works while the service runs."""

    def __init__(self) -> None:
        self.coop = task.Cooperator(started=False)

    def coiterate(self, iterator: Iterator[Any]) -> Deferred[Any]:
        return self.coop.coiterate(iterator)

    def startService(self) -> None:
        super().startService()
        self.coop.start()

    def stopService(self) -> None:
        super().stopService()
        self.coop.stop()


class StreamServerEndpointService(Service):
    """
    Listens on ``endpoint`` while it runs.

    If listening fails, the failure is logged; whether and when is up to the endpoint, so the start cannot raise it.
    """

    # strports.service promises more: what has failed by the time of the start is raised.
    _raiseSynchronously = False
    _waitingForPort: Deferred[Any] | None = None
    _listening: Starting | None = None

    def __init__(self, endpoint: Any, factory: Any) -> None:
        self.endpoint = endpoint
        self.factory = factory

    def privilegedStartService(self) -> None:
        super().privilegedStartService()
        failed_already: list[Failure] = []
        starting = True

        def failed(failure: Failure) -> None:
            if failure.check(CancelledError):
                return
            if starting and self._raiseSynchronously:
                failed_already.append(failure)
            else:
                log.err(failure, f"{self.endpoint!r} cannot listen")

        self._waitingForPort = self.endpoint.listen(self.factory)
        self._listening = Starting(self._waitingForPort)
        self._waitingForPort.addErrback(failed)
        starting = False
        if failed_already:
            self._waitingForPort = self._listening = None
            failed_already[0].raiseException()

    def startService(self) -> None:
        super().startService()
        if self._waitingForPort is None:
            self.privilegedStartService()

    def when_ready(self) -> Any:
        """Return a Deferred that fires when the port listens, and fails if it cannot."""
        return None if self._listening is None else self._listening.wait()

    def stopService(self) -> Deferred[None]:
        """Stop listening; a start that is still under way is given up."""
        waiting, self._waitingForPort = self._waitingForPort, None
        if waiting is None:
            super().stopService()
            return succeed(None)
        waiting.cancel()
        waiting.addCallback(lambda port: None if port is None else port.stopListening())

        def stopped(result: Any) -> Any:
            Service.stopService(self)
            return result

        return waiting.addBoth(stopped)
