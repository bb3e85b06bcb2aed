"""What a reactor does, one interface for each ability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reactorio.internet._interfaces.descriptors import IReadDescriptor, IWriteDescriptor
    from reactorio.internet._interfaces.resolving import IHostnameResolver, IResolverSimple
    from reactorio.internet.defer import Deferred
    from reactorio.python.threadpool import ThreadPool

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class IReactorCore(Interface, Protocol):
    """Start, stop, and what happens around it."""

    running: bool = Attribute("Whether the reactor runs: true from the start of `run` until shutdown is over.")

    def resolve(self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> Deferred[str]:
        """Look up one IPv4 address, as text, for ``name``; fails with `DNSLookupError`."""

    def run(self) -> None:
        """Fire the startup triggers, then serve until `stop`."""

    def stop(self) -> None:
        """
        Fire the shutdown triggers, and end `run` when they are done.

        Raises:
            ReactorNotRunning: It is stopped already, or was not started.
        """

    def crash(self) -> None:
        """End `run` at once, without triggers."""

    def iterate(self, delay: float = 0) -> None:
        """Serve one turn, waiting at most ``delay`` seconds for something to happen."""

    def fireSystemEvent(self, eventType: str) -> None:
        """Run the triggers of ``eventType`` ("startup", "shutdown", "persist"): those before, during, after it."""

    def addSystemEventTrigger(
        self, phase: str, eventType: str, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> Any:
        """
        Call something when ``eventType`` is fired.

        Args:
            phase: "before", "during" or "after". The event waits for Deferreds returned by triggers before it.
            eventType: "startup", "shutdown" or "persist".
            callable: Called with the rest of the arguments.

        Returns:
            What `removeSystemEventTrigger` takes.
        """

    def removeSystemEventTrigger(self, triggerID: Any) -> None:
        """
        Take back an `addSystemEventTrigger`.

        Raises:
            KeyError, ValueError, TypeError: There is no such trigger.
        """

    def callWhenRunning(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        """Call at once if the reactor runs, and else at startup; then returns what removes the trigger."""


class IReactorTime(Interface, Protocol):
    """Calls in the future."""

    def seconds(self) -> float:
        """Return the reactor's time in seconds; only differences mean something."""

    def callLater(self, delay: float, callable: Callable[..., Any], *args: object, **kwargs: object) -> IDelayedCall:
        """Call ``callable`` with the arguments in ``delay`` seconds, never before this returns."""

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """Return the calls that are pending."""


class IDelayedCall(Interface, Protocol):
    """
    A call that waits for its time.

    ``cancel``, ``delay`` and ``reset`` raise `AlreadyCalled` or `AlreadyCancelled` when it waits no more.
    """

    def getTime(self) -> float:
        """Return when it is due, on the reactor's clock."""

    def cancel(self) -> None:
        """Forget the call."""

    def delay(self, secondsLater: float) -> None:
        """Move the call by so many seconds from when it is due."""

    def reset(self, secondsFromNow: float) -> None:
        """Move the call to so many seconds from now."""

    def active(self) -> bool:
        """Return whether it still waits: neither called nor cancelled."""


class IReactorFromThreads(Interface, Protocol):
    """From another thread into the reactor's."""

    def callFromThread(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> None:
        """Have the reactor's thread call ``callable`` soon, in order. Any thread may ask."""


class IReactorInThreads(Interface, Protocol):
    """From the reactor's thread into another."""

    def callInThread(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> None:
        """Have a thread of the pool call ``callable``. What it returns is lost, what it raises is logged."""


class IReactorThreads(IReactorFromThreads, IReactorInThreads, Protocol):
    """Threads, both ways, and their pool."""

    def getThreadPool(self) -> ThreadPool:
        """Return the pool that `callInThread` uses."""

    def suggestThreadPoolSize(self, size: int) -> None:
        """Let the pool have up to ``size`` threads."""


class IReactorFDSet(Interface, Protocol):
    """Watching file descriptors."""

    def addReader(self, reader: IReadDescriptor) -> None:
        """Call ``reader.doRead`` whenever there is something to read, until it is removed."""

    def addWriter(self, writer: IWriteDescriptor) -> None:
        """Call ``writer.doWrite`` whenever there is room to write, until it is removed."""

    def removeReader(self, reader: IReadDescriptor) -> None:
        """Undo `addReader`; nothing happens if it is not watched."""

    def removeWriter(self, writer: IWriteDescriptor) -> None:
        """Undo `addWriter`; nothing happens if it is not watched."""

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:
        """Undo all of them but the reactor's own, and return those removed."""

    def getReaders(self) -> list[IReadDescriptor]:
        """Return what is watched for reading."""

    def getWriters(self) -> list[IWriteDescriptor]:
        """Return what is watched for writing."""


class IReactorPluggableResolver(Interface, Protocol):
    """The look-up of one IPv4 address can be exchanged."""

    def installResolver(self, resolver: IResolverSimple) -> IResolverSimple:
        """Use ``resolver`` from now on; returns the one before."""


class IReactorPluggableNameResolver(Interface, Protocol):
    """The look-up of names can be exchanged."""

    nameResolver: IHostnameResolver = Attribute("What looks names up.")

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Use ``resolver`` from now on; returns the one before."""


class IReactorDaemonize(Interface, Protocol):
    """A reactor that has to know when its process forks into the background."""

    def beforeDaemonize(self) -> None:
        """The process is about to fork."""

    def afterDaemonize(self) -> None:
        """The process has forked, and this is the child."""


class IReactorWin32Events(Interface, Protocol):
    """Watching Win32 event objects."""

    def addEvent(self, event: Any, fd: Any, action: str) -> None:
        """Call the method ``action`` of ``fd`` whenever the Win32 event is set."""

    def removeEvent(self, event: Any) -> None:
        """Undo `addEvent`."""


class _ISupportsExitSignalCapturing(Interface, Protocol):
    """A reactor that remembers the signal that stopped it, so that the process can end by it."""

    _exitSignal: int | None = Attribute("The signal's number, None if the reactor was stopped otherwise.")
