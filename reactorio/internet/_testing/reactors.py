"""Reactors that open no socket: they remember what they were asked for, or refuse."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, NoReturn

from reactorio._interface import implementer
from reactorio.internet._testing.transports import _FakeConnector, _FakePort
from reactorio.internet.abstract import isIPv6Address
from reactorio.internet.address import IPv4Address, IPv6Address, UNIXAddress
from reactorio.internet.defer import Deferred, succeed
from reactorio.internet.error import UnsupportedAddressFamily
from reactorio.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IReactorCore,
    IReactorFDSet,
    IReactorPluggableNameResolver,
    IReactorSocket,
    IReactorSSL,
    IReactorTCP,
    IReactorUNIX,
)
from reactorio.internet.task import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reactorio.internet.interfaces import (
        IAddress,
        IConnector,
        IListeningPort,
        IReadDescriptor,
        IResolutionReceiver,
        IWriteDescriptor,
    )

__name__ = "reactorio.internet.testing"  # the public path, for the classes made here


@implementer(IHostResolution)
class _SynchronousResolution:
    """A look-up that is over before anybody could cancel it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Too late."""


@implementer(IHostnameResolver)
class SynchronousResolver:
    """Finds the loopback address for each name, at once."""

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        resolution = _SynchronousResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        resolutionReceiver.addressResolved(IPv4Address("TCP", "127.0.0.1", portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution


@implementer(
    IReactorCore,
    IReactorTCP,
    IReactorSSL,
    IReactorUNIX,
    IReactorSocket,
    IReactorFDSet,
    IReactorPluggableNameResolver,
)
class MemoryReactor:
    """
    A reactor that opens no socket and runs no loop.

    Attributes:
        tcpClients, tcpServers, sslClients, sslServers, unixClients, unixServers: The arguments of each ``connect…``
            and ``listen…`` call, as tuples in the order of the signature.
        connectors: What the ``connect…`` calls returned.
        adoptedPorts, adoptedStreamConnections: The arguments of the ``adopt…`` calls.
        hasInstalled, hasRun, hasStopped, hasCrashed: Was the method called?
        whenRunningHooks: What `run` calls: functions, positional and keyword arguments.
        triggers: What is to be called at system events, by phase, then by event.
        readers, writers: What was added and not removed.
    """

    def __init__(self) -> None:
        self.hasInstalled = False
        self.running = False
        self.hasRun = False
        self.hasStopped = False
        self.hasCrashed = False
        self.whenRunningHooks: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]] = []
        self.triggers: dict[str, dict[str, list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]]]] = {}
        self.tcpClients: list[tuple[Any, ...]] = []
        self.tcpServers: list[tuple[Any, ...]] = []
        self.sslClients: list[tuple[Any, ...]] = []
        self.sslServers: list[tuple[Any, ...]] = []
        self.unixClients: list[tuple[Any, ...]] = []
        self.unixServers: list[tuple[Any, ...]] = []
        self.adoptedPorts: list[tuple[Any, ...]] = []
        self.adoptedStreamConnections: list[tuple[Any, ...]] = []
        self.connectors: list[IConnector] = []
        self.readers: set[Any] = set()
        self.writers: set[Any] = set()
        self.nameResolver: IHostnameResolver = SynchronousResolver()

    # -- IReactorCore

    def install(self) -> None:
        self.hasInstalled = True

    def resolve(self, name: str, timeout: object = 10) -> Deferred[str]:
        """Return a fired Deferred of the loopback address, as `nameResolver` has it for every name."""
        return succeed("127.0.0.1")

    def run(self) -> None:
        """Call what was to be called when running, and return, stopped."""
        self.hasRun = True
        self.running = True
        for function, args, kwargs in self.whenRunningHooks:
            function(*args, **kwargs)
        self.stop()

    def stop(self) -> None:
        self.hasStopped = True
        self.running = False

    def crash(self) -> None:
        self.hasCrashed = True

    def iterate(self, delay: float = 0) -> None:
        """Nothing: there is nothing to wait for."""

    def fireSystemEvent(self, eventType: str) -> None:
        """Call the event's triggers, in the order of the phases; what they return is not waited for."""
        for phase in ("before", "during", "after"):
            for function, args, kwargs in self.triggers.get(phase, {}).pop(eventType, []):
                function(*args, **kwargs)

    def addSystemEventTrigger(
        self, phase: str, eventType: str, callable: Callable[..., object], *args: Any, **kw: Any
    ) -> Any:
        trigger = (callable, args, kw)
        self.triggers.setdefault(phase, {}).setdefault(eventType, []).append(trigger)
        return phase, eventType, trigger

    def removeSystemEventTrigger(self, triggerID: Any) -> None:
        """
        Take a trigger out again.

        Raises:
            KeyError, TypeError, ValueError: There is no such trigger.
        """
        phase, event, trigger = triggerID
        self.triggers[phase][event].remove(trigger)

    def callWhenRunning(self, callable: Callable[..., object], *args: Any, **kw: Any) -> None:
        """Have `run` make a call; or make it now, if that was called already."""
        if self.hasRun:
            callable(*args, **kw)
        else:
            self.whenRunningHooks.append((callable, args, kw))

    # -- IReactorTCP, IReactorSSL, IReactorUNIX

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> IListeningPort:
        self.tcpServers.append((port, factory, backlog, interface))
        return _FakePort(_listening_address(port, interface))

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> IConnector:
        self.tcpClients.append((host, port, factory, timeout, bindAddress))
        return self._started(factory, _address(host, port))

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        self.sslServers.append((port, factory, contextFactory, backlog, interface))
        return _FakePort(_listening_address(port, interface))

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> IConnector:
        self.sslClients.append((host, port, factory, contextFactory, timeout, bindAddress))
        return self._started(factory, _address(host, port))

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: Any = 0
    ) -> IListeningPort:
        self.unixServers.append((address, factory, backlog, mode, wantPID))
        return _FakePort(UNIXAddress(address))

    def connectUNIX(self, address: Any, factory: Any, timeout: float = 30, checkPID: Any = 0) -> IConnector:
        self.unixClients.append((address, factory, timeout, checkPID))
        return self._started(factory, UNIXAddress(address))

    def _started(self, factory: Any, destination: IAddress) -> IConnector:
        connector = _FakeConnector(destination)
        factory.startedConnecting(connector)
        self.connectors.append(connector)
        return connector

    # -- IReactorSocket

    def adoptStreamPort(self, fileno: int, addressFamily: Any, factory: Any) -> IListeningPort:
        address = _adopted_address(addressFamily)
        self.adoptedPorts.append((fileno, addressFamily, factory))
        return _FakePort(address)

    def adoptStreamConnection(self, fileDescriptor: int, addressFamily: Any, factory: Any) -> None:
        self.adoptedStreamConnections.append((fileDescriptor, addressFamily, factory))

    def adoptDatagramPort(
        self, fileno: int, addressFamily: Any, protocol: Any, maxPacketSize: int = 8192
    ) -> IListeningPort:
        address = _adopted_address(addressFamily)
        self.adoptedPorts.append((fileno, addressFamily, protocol, maxPacketSize))
        return _FakePort(address)

    # -- IReactorFDSet

    def addReader(self, reader: Any) -> None:
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.discard(reader)

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)

    def getReaders(self) -> list[IReadDescriptor]:
        return list(self.readers)

    def getWriters(self) -> list[IWriteDescriptor]:
        return list(self.writers)

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:
        removed: list[Any] = [*self.readers, *self.writers]
        self.readers.clear()
        self.writers.clear()
        return removed

    # -- IReactorPluggableNameResolver

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        previous, self.nameResolver = self.nameResolver, resolver
        return previous


def _listening_address(port: int, interface: str) -> IAddress:
    # Only the kind of address is looked at: the port of a test listens nowhere.
    return IPv6Address("TCP", interface, port) if isIPv6Address(interface) else IPv4Address("TCP", "0.0.0.0", port)


def _address(host: str, port: int) -> IAddress:
    return IPv6Address("TCP", host, port) if isIPv6Address(host) else IPv4Address("TCP", host, port)


def _adopted_address(family: Any) -> IAddress:
    if family == socket.AF_INET:
        return IPv4Address("TCP", "0.0.0.0", 1234)
    if family == socket.AF_INET6:
        return IPv6Address("TCP", "::", 1234)
    raise UnsupportedAddressFamily


@implementer(IReactorTCP, IReactorSSL, IReactorUNIX, IReactorSocket, IReactorPluggableNameResolver)
class RaisingMemoryReactor:
    """
    A reactor on which nothing works.

    Args:
        listenException: What the ``listen…`` methods and `adoptStreamPort` raise.
        connectException: What the ``connect…`` methods and the other ``adopt…`` methods raise.
    """

    def __init__(self, listenException: Exception | None = None, connectException: Exception | None = None) -> None:
        self._listenException = listenException
        self._connectException = connectException
        self.nameResolver: IHostnameResolver = SynchronousResolver()

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        previous, self.nameResolver = self.nameResolver, resolver
        return previous

    def _refuse_listening(self) -> NoReturn:
        raise self._listenException or TypeError("no listenException was given to this RaisingMemoryReactor")

    def _refuse_connecting(self) -> NoReturn:
        raise self._connectException or TypeError("no connectException was given to this RaisingMemoryReactor")

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> NoReturn:
        self._refuse_listening()

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> NoReturn:
        self._refuse_listening()

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: Any = 0
    ) -> NoReturn:
        self._refuse_listening()

    def adoptStreamPort(self, fileno: int, addressFamily: Any, factory: Any) -> NoReturn:
        self._refuse_listening()

    def connectTCP(self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None) -> NoReturn:
        self._refuse_connecting()

    def connectSSL(
        self, host: str, port: int, factory: Any, contextFactory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> NoReturn:
        self._refuse_connecting()

    def connectUNIX(self, address: Any, factory: Any, timeout: float = 30, checkPID: Any = 0) -> NoReturn:
        self._refuse_connecting()

    def adoptStreamConnection(self, fileDescriptor: int, addressFamily: Any, factory: Any) -> NoReturn:
        self._refuse_connecting()

    def adoptDatagramPort(
        self, fileDescriptor: int, addressFamily: Any, protocol: Any, maxPacketSize: int = 8192
    ) -> NoReturn:
        self._refuse_connecting()


class MemoryReactorClock(MemoryReactor, Clock):
    """A `MemoryReactor` whose time a test moves on, as that of a `Clock`."""

    def __init__(self) -> None:
        MemoryReactor.__init__(self)
        Clock.__init__(self)
