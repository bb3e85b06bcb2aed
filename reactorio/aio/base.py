"""A reactor without its loop: system events, timers, threads, names, signals."""

from __future__ import annotations

import signal
from threading import Thread
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.lifecycle import ThreePhaseEvent
from reactorio.aio.signals import SignalHandlers
from reactorio.aio.timers import Timers
from reactorio.internet._resolver import (
    ComplexResolverSimplifier,
    GAIResolver,
    SimpleResolverComplexifier,
    resolve_simply,
)
from reactorio.internet.defer import Deferred
from reactorio.internet.error import ReactorNotRunning
from reactorio.internet.interfaces import IReactorPluggableNameResolver, IReactorPluggableResolver
from reactorio.logger import Logger
from reactorio.python.threadpool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from typing_extensions import ParamSpec

    from reactorio.internet.interfaces import IHostnameResolver, IResolverSimple

    P = ParamSpec("P")

__all__ = ["Events", "PluggableResolver", "ReactorCore", "Threads"]

_log = Logger(namespace="reactorio.internet.base")


class Events:
    """
    The events of a reactor's life, and what else is called at these points.

    Attributes:
        running: Are the ``during`` triggers of ``startup`` called, and ``shutdown`` not yet over?
    """

    running = False

    def __init__(self) -> None:
        self._events: dict[str, ThreePhaseEvent] = {}

    def addSystemEventTrigger(
        self, phase: str, eventType: str, callable: Callable[..., object], *args: Any, **kw: Any
    ) -> Any:
        """
        Call ``callable`` in a phase (``before``, ``during`` or ``after``) of an event such as ``startup`` or
        ``shutdown``. What ``before`` triggers return, Deferred or coroutine, is waited for.

        Returns:
            What `removeSystemEventTrigger` takes.

        Raises:
            KeyError: There is no such phase.
        """
        return eventType, self._event(eventType).addTrigger(phase, callable, *args, **kw)

    def removeSystemEventTrigger(self, triggerID: Any) -> None:
        """
        Take a trigger out again.

        Raises:
            KeyError, TypeError, ValueError: It never was a trigger, or is none any more.
        """
        eventType, handle = triggerID
        self._events[eventType].removeTrigger(handle)

    def _event(self, eventType: str) -> ThreePhaseEvent:
        return self._events.setdefault(eventType, ThreePhaseEvent())

    def fireSystemEvent(self, eventType: str) -> None:
        """Call the triggers of an event, each for the last time."""
        event = self._events.get(eventType)
        if event is not None:
            event.fireEvent()

    def callWhenRunning(self, callable: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Any:
        """
        Call ``callable`` now, if the reactor is running, or as soon as it is.

        Returns:
            A trigger for `removeSystemEventTrigger`, or None if the call was made.
        """
        if self.running:
            callable(*args, **kwargs)
            return None
        return self.addSystemEventTrigger("after", "startup", callable, *args, **kwargs)


class Threads:
    """Threads that work for a reactor. A subclass says, in `callFromThread`, how they reach it."""

    threadpool: ThreadPool | None = None
    _threadpool_triggers: tuple[Any, Any] = (None, None)

    def getThreadPool(self) -> ThreadPool:
        """Return the pool, which runs while the reactor does."""
        if self.threadpool is None:
            # Below the interface for this attribute stands `Events`, beside us in every reactor.
            events: Events = self  # type: ignore[assignment]
            pool = self.threadpool = ThreadPool(0, 10, "reactorio.internet.reactor")
            stopping = events.addSystemEventTrigger("during", "shutdown", self._stop_thread_pool)
            self._threadpool_triggers = (events.callWhenRunning(pool.start), stopping)
        return self.threadpool

    def callInThread(self, callable: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call ``callable`` in a thread, as soon as the reactor runs; its result is dropped, its error logged."""
        self.getThreadPool().callInThread(callable, *args, **kwargs)

    def suggestThreadPoolSize(self, size: int) -> None:
        """Let the pool have up to ``size`` threads: this pool, not the one that a later run makes."""
        self.getThreadPool().adjustPoolsize(maxthreads=size)

    def _stop_thread_pool(self) -> None:
        events: Events = self  # type: ignore[assignment]
        (starting, stopping), self._threadpool_triggers = self._threadpool_triggers, (None, None)
        for trigger in (starting, stopping):
            try:
                events.removeSystemEventTrigger(trigger)
            except (TypeError, ValueError):
                pass  # it fired, or there was none: the pool started at once
        pool = self.threadpool
        if pool is None:
            return
        if not (events.running and (pool.working or pool.q.qsize())):
            self.threadpool = None
            pool.stop()
            return

        # Unlike Twisted: a call in a thread may wait for the reactor (blockingCallFromThread) until it is through, so
        # the reactor must not wait for the thread.
        ended: Deferred[object] = Deferred()

        def stop() -> None:
            pool.stop()
            self.callFromThread(stopped)

        def stopped() -> None:
            self.threadpool = None
            stopper.join()
            ended.callback(None)

        stopper = Thread(target=stop, name="reactor stops its threads")
        stopper.start()
        events._event("shutdown").hold(ended)

    def callFromThread(self, callable: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have ``callable`` called in the reactor's thread; `Reactor` knows how."""


@implementer(IReactorPluggableResolver, IReactorPluggableNameResolver)
class PluggableResolver:
    """The two kinds of resolver, of which installing one replaces the other too."""

    resolver: IResolverSimple
    nameResolver: IHostnameResolver

    def __init__(self) -> None:
        # The reactor that this is mixed into provides what the resolver asks for.
        self.installNameResolver(GAIResolver(self))  # type: ignore[arg-type]

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Resolve names with ``resolver`` from now on; return the one used so far."""
        previous: IHostnameResolver = getattr(self, "nameResolver", resolver)
        self.nameResolver = resolver
        self.resolver = ComplexResolverSimplifier(resolver)
        return previous

    def installResolver(self, resolver: IResolverSimple) -> IResolverSimple:
        """Resolve names with ``resolver``, one IPv4 address each, from now on; return the one used so far."""
        previous = self.resolver
        self.resolver = resolver
        self.nameResolver = SimpleResolverComplexifier(resolver)
        return previous

    def resolve(self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> Deferred[str]:
        """Return a Deferred of the address of ``name``, which fails with DNSLookupError."""
        return resolve_simply(self.resolver, name, timeout)


class ReactorCore(Events, Timers, Threads, PluggableResolver):
    """
    All of a reactor but the loop, which `Reactor` adds.

    Attributes:
        usingThreads: Kept for those who ask; threads are always there.
    """

    usingThreads = True
    installed = False

    # The state of a life: started by startRunning, stopping from stop() until run() has returned.
    _started = False
    _stopping = False
    _installSignalHandlers = True
    _exitSignal: int | None = None

    def __init__(self) -> None:
        Events.__init__(self)
        Timers.__init__(self)
        PluggableResolver.__init__(self)
        self._signals = SignalHandlers({"SIGINT": self.sigInt, "SIGTERM": self.sigTerm, "SIGBREAK": self.sigBreak})

    def _fire_startup(self) -> None:
        """Fire ``startup`` with the change to running where Twisted has it: first of the ``during`` triggers."""
        event = self._event("startup")
        event.during.insert(0, (self._now_running, (), {}))
        self.fireSystemEvent("startup")

    def _now_running(self) -> None:
        self.running = True
        if self._installSignalHandlers:
            self._signals.install()

    def stop(self) -> None:
        """
        Fire ``shutdown`` in the loop's next turn; when its triggers are through, `run` returns.

        Raises:
            ReactorNotRunning: There is nothing to stop.
        """
        if self._stopping or not self._started:
            raise ReactorNotRunning("Can't stop reactor that isn't running.")
        self._stopping = True
        self.callLater(0, self.fireSystemEvent, "shutdown")

    def sigInt(self, number: int, frame: FrameType | None = None) -> None:
        """Stop because of SIGINT."""
        self._stop_for_signal(number)

    def sigTerm(self, number: int, frame: FrameType | None = None) -> None:
        """Stop because of SIGTERM."""
        self._stop_for_signal(number)

    def sigBreak(self, number: int, frame: FrameType | None = None) -> None:
        """Stop because of SIGBREAK."""
        self._stop_for_signal(number)

    def _stop_for_signal(self, number: int) -> None:
        self._exitSignal = number
        # A signal comes between any two bytecodes: whatever it does is done in the loop's turn.
        self._call_soon_threadsafe(self._say_and_stop, number)

    def _call_soon_threadsafe(self, callable: Callable[..., object], *args: Any) -> None:
        """Make a call in the loop's next turn, from wherever; `Reactor` knows how."""

    def _say_and_stop(self, number: int) -> None:
        _log.info("Received {name}, shutting down.", name=signal.Signals(number).name)
        if self._started and not self._stopping:
            self.stop()

    def _uninstallHandler(self) -> None:
        """Give the signals back. Twisted's reactor tests call this by name, after a test."""
        self._signals.restore()
