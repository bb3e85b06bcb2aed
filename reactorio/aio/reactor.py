"""
The reactor: one facade object over an asyncio loop that it may not have yet.

It binds late. Whatever is asked for before there is a loop waits: ports are bound, clients have their sockets, calls
are in the heap. Then either

- ``run`` makes a loop of its own (or takes the one that the program has set), and the reactor lives as long as the run;
- or it is used while a loop of somebody else's runs, and adopts that: ``startup`` fires at that first use, ``shutdown``
  when the loop shuts down.

After either it is free for the next loop. The facade that ``reactorio.internet.reactor`` names serves whichever loop
comes; a loop in another thread has a reactor of its own, `reactor_for`.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections import deque
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from reactorio._interface import implementer
from reactorio.aio.adopting import Adopting
from reactorio.aio.base import ReactorCore
from reactorio.aio.connecting import Connector
from reactorio.aio.descriptors import Descriptors
from reactorio.aio.errors import CONNECTION_LOST
from reactorio.aio.listening import Port
from reactorio.aio.loop import (
    close_loop,
    current_idle_loop,
    is_kind_chosen,
    new_loop,
    running_loop,
    until_loop_ends,
)
from reactorio.aio.multicast import Multicast
from reactorio.aio.processes import Processes
from reactorio.aio.tls import Tls
from reactorio.aio.udp import Datagrams
from reactorio.aio.unix import Unix
from reactorio.aio.unixdatagrams import UnixDatagrams
from reactorio.internet.defer import Deferred
from reactorio.internet.error import ReactorAlreadyInstalledError, ReactorAlreadyRunning, ReactorNotRestartable
from reactorio.internet.interfaces import (
    IReactorCore,
    IReactorFDSet,
    IReactorMulticast,
    IReactorPluggableNameResolver,
    IReactorPluggableResolver,
    IReactorProcess,
    IReactorSocket,
    IReactorSSL,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
    IReactorUDP,
    IReactorUNIX,
    IReactorUNIXDatagram,
    _ISupportsExitSignalCapturing,
)
from reactorio.logger import Logger
from reactorio.python import log, threadable
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import ParamSpec

    from reactorio.aio.sockets import Binding
    from reactorio.internet.interfaces import IProtocolFactory
    from reactorio.internet.protocol import ClientFactory

    P = ParamSpec("P")

__all__ = ["AsyncioSelectorReactor", "Reactor", "reactor", "reactor_for"]

_log = Logger(namespace="reactorio.internet.base")

# For those who may not import asyncio.
Loop: TypeAlias = asyncio.AbstractEventLoop

_A_DAY = 86400.0


@implementer(
    IReactorCore,
    IReactorTime,
    IReactorThreads,
    IReactorTCP,
    IReactorUDP,
    IReactorMulticast,
    IReactorUNIX,
    IReactorUNIXDatagram,
    IReactorSocket,
    IReactorSSL,
    IReactorProcess,
    IReactorFDSet,
    IReactorPluggableResolver,
    IReactorPluggableNameResolver,
    _ISupportsExitSignalCapturing,
)
class Reactor(Tls, Datagrams, Multicast, Unix, UnixDatagrams, Adopting, Processes, Descriptors, ReactorCore):
    """A reactor on an asyncio loop, bound to it when there is one."""

    _loop: asyncio.AbstractEventLoop | None = None
    _fixed = False  # bound for good to a loop that was given
    _owns_loop = False
    _leaving = False  # while the loop is closed
    _adopted_end: Any = None
    _armed: asyncio.TimerHandle | None = None
    _iterating = False
    _over: Deferred[object] | None = None

    def __init__(self) -> None:
        self._waiting: list[Callable[[asyncio.AbstractEventLoop], object]] = []
        self._waiting_lock = threading.Lock()
        self._thread_calls: deque[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]] = deque()
        self._thread_calls_expected = False
        # One handle of the loop makes the calls of many, and must not lend them the context of one. As in Twisted they
        # are made in that of `run`; in an adopted loop, which has none, in one with nothing in it.
        self._context = Context()
        Descriptors.__init__(self)
        ReactorCore.__init__(self)

    # ---- binding

    @property
    def _asyncioEventloop(self) -> asyncio.AbstractEventLoop:
        """The loop; asking for it binds the reactor to one. Known by this name to applications."""
        self._here()
        if self._loop is None:
            self._bind(self._make_loop())
        loop: asyncio.AbstractEventLoop = self._loop  # type: ignore[assignment]  # bound now
        return loop

    def _here(self) -> None:
        """Adopt the loop that runs here, if it is another than ours: the first line of what an application calls."""
        loop = running_loop()
        if loop is None:
            self._forget_closed_loop()
        elif loop is not self._loop:
            self._adopt(loop)

    def _forget_closed_loop(self) -> None:
        """An adopted loop may be closed without its generators being told: IsolatedAsyncioTestCase of 3.10 does so."""
        if self._adopted_end is not None and self._loop is not None and self._loop.is_closed():
            self._let_go()

    def _adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._fixed:
            raise RuntimeError("this reactor belongs to another loop than the one that runs here")
        if self._loop is not None:
            if self._loop.is_running():
                raise RuntimeError(
                    "this reactor runs on the loop of another thread; callFromThread reaches it, "
                    "reactorio.reactor_for(loop) gives this thread's loop its own reactor"
                )
            self._let_go()
        owner = _known(loop)
        if owner is not None and owner is not self:
            raise RuntimeError("the running loop has a reactor of its own: reactorio.reactor_for(loop)")
        self._started = True
        self._installSignalHandlers = False
        self._adopted_end = until_loop_ends(loop, self._shut_down_adopted)
        self._take(loop)
        self._fire_startup()
        self._begin_waiting(loop)

    def _take(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have ``loop`` for ours, or begin another run on it."""
        _reactors[loop] = weakref.ref(self)
        fresh = self._loop is not loop
        self._loop = loop
        threadable.registerAsIOThread()
        if fresh:
            self._watch_all(loop)

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        self._take(loop)
        self._begin_waiting(loop)

    def _begin_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        """Do on the loop what was asked for before there was one, or before it ran again."""
        self._begin_timers()
        with self._waiting_lock:
            waiting, self._waiting = self._waiting, []
        for begin in waiting:
            begin(loop)

    def _make_loop(self) -> asyncio.AbstractEventLoop:
        loop = None if is_kind_chosen() else current_idle_loop()
        if loop is None:
            loop = new_loop()
            self._owns_loop = True
            _own_loops.add(loop)
        return loop

    def _let_go(self) -> None:
        """The loop is of no use any more: end on it what lives on it, and be free."""
        loop = self._loop
        if loop is None:
            return
        self._retire_timers()
        self._disarm()
        self._unwatch_all()
        self.running = self._started = self._stopping = False
        if self._adopted_end is not None:
            self._adopted_end.dismiss()
            self._adopted_end = None
        if self._owns_loop and not loop.is_closed() and not loop.is_running():
            self._leaving = True
            close_loop(loop)
            self._leaving = False
        if not self._fixed:
            _reactors.pop(loop, None)
            _adopting.discard(self)
            self._loop = None
            self._owns_loop = False

    def _when_loop(self, begin: Callable[[asyncio.AbstractEventLoop], object]) -> None:
        """Call ``begin`` with the loop, now or as soon as there is one."""
        with self._waiting_lock:
            loop = self._loop
            if loop is None:
                self._waiting.append(begin)
                return
        begin(loop)

    def _call_soon(self, callable: Callable[..., object], *args: Any) -> None:
        self._when_loop(lambda loop: loop.call_soon(callable, *args))

    # ---- running

    @property
    def running(self) -> bool:
        """Are the ``during`` triggers of ``startup`` called, and ``shutdown`` not yet over?"""
        loop = running_loop()
        if loop is None:
            self._forget_closed_loop()
        elif loop is not self._loop and self._may_adopt():
            self._adopt(loop)
        return self._running

    @running.setter
    def running(self, now: bool) -> None:
        self._running = now

    _running = False

    def _may_adopt(self) -> bool:
        return not self._fixed and (self._loop is None or not self._loop.is_running())

    def run(self, installSignalHandlers: bool = True) -> None:
        """
        Run until `stop` is called and ``shutdown`` is over. Unlike Twisted: it may be called again after that.

        Raises:
            ReactorAlreadyRunning: Called from within a run, or where another's loop runs.
            ReactorNotRestartable: Called from a trigger of ``shutdown``.
        """
        self._here()
        self.startRunning(installSignalHandlers=installSignalHandlers)
        self.mainLoop()

    def startRunning(self, installSignalHandlers: bool = True) -> None:
        """Check that a run can begin, and begin it; `mainLoop` goes on."""
        if self._stopping:
            raise ReactorNotRestartable()
        if self._started:
            raise ReactorAlreadyRunning()
        self._started = True
        self._exitSignal = None
        self._installSignalHandlers = installSignalHandlers

    def mainLoop(self) -> None:
        """Run the loop until the run that `startRunning` began is over."""
        loop = self._loop_to_run()
        self._context = copy_context()
        loop.call_soon(self._fire_startup)
        self._begin_waiting(loop)
        try:
            loop.run_forever()
        except BaseException:
            # Ctrl-C without handlers, SystemExit: leave as the program wants, but leave nothing open.
            self.disconnectAll()
            self._stopping = True
            raise
        else:
            _log.info("Main loop terminated.")
        finally:
            self._signals.restore()
            self._ended(loop)

    def _loop_to_run(self) -> asyncio.AbstractEventLoop:
        loop = self._loop
        if loop is not None and loop.is_closed() and not self._fixed:
            self._let_go()
            loop = None
        try:
            loop = loop or self._make_loop()
        except BaseException:
            self._started = False
            raise
        self._started = True
        self._take(loop)
        return loop

    def _ended(self, loop: asyncio.AbstractEventLoop) -> None:
        crashed = not self._stopping
        self.running = self._started = self._stopping = False
        if crashed:
            return  # the next run goes on with this loop
        if not self._owns_loop:
            # Connections were aborted; their sockets close in the loop's next turns.
            for _ in range(3):
                loop.call_soon(loop.stop)
                loop.run_forever()
        self._let_go()

    def crash(self) -> None:
        """Have `run` return at once. No trigger is called, and what is pending goes on with the next `run`."""
        self._started = self.running = False
        if self._loop is not None:
            self._loop.stop()

    def stop(self) -> None:
        """
        Fire ``shutdown`` in the loop's next turn; when its triggers are through, `run` returns.

        In an adopted loop the reactor ends, and the loop goes on.

        Raises:
            ReactorNotRunning: There is nothing to stop.
        """
        self._here()
        super().stop()

    def fireSystemEvent(self, eventType: str) -> None:
        if eventType == "shutdown":
            # Twisted's order: connections end before the other triggers of `during`.
            event = self._event("shutdown")
            event.during.insert(0, (self.disconnectAll, (), {}))
            if self._started:
                event.after.append((self._shutdown_is_over, (), {}))
        super().fireSystemEvent(eventType)

    def _shutdown_is_over(self) -> None:
        over, self._over = self._over, None
        if self._adopted_end is not None:
            self._let_go()
        elif self._loop is not None:
            self._loop.stop()
        if over is not None:
            over.callback(None)

    def _shut_down_adopted(self) -> Deferred[object]:
        """The adopted loop is about to end."""
        over: Deferred[object] = Deferred()
        self._over = over
        if not self._stopping:
            self._stopping = True
            self.fireSystemEvent("shutdown")
        return over

    def disconnectAll(self) -> None:
        """Tell everything that the reactor watches that its connection is lost."""
        # Those that neither read nor write just now are to hear of it too.
        selectables = dict.fromkeys([*self.removeAll(), *self._readers, *self._open])
        for internal in list(self._readers):
            self.removeReader(internal)
        for selectable in selectables:
            log.callWithLogger(selectable, selectable.connectionLost, Failure(CONNECTION_LOST))

    def iterate(self, delay: float = 0) -> None:
        """
        Do what is due, waiting up to ``delay`` seconds for something that is; for a reactor that does not run.

        Raises:
            ReactorAlreadyRunning: It runs: asyncio's loops cannot be entered twice.
        """
        loop = self._asyncioEventloop
        if loop.is_running():
            raise ReactorAlreadyRunning("iterate cannot be called while the loop runs")
        if delay <= 0:
            loop.call_soon(loop.stop)
            loop.run_forever()
            return
        stopping = loop.call_later(delay, loop.stop)
        self._iterating = True
        try:
            loop.run_forever()
        finally:
            self._iterating = False
            stopping.cancel()

    def _something_done(self) -> None:
        if self._iterating and self._loop is not None:
            self._loop.stop()

    # ---- time

    def _time_limit(self, seconds: float, callable: Callable[..., object], *args: Any) -> asyncio.TimerHandle | None:
        """Call later what is no business of the application's, and not among its delayed calls; without a loop, never."""
        return None if self._loop is None else self._loop.call_later(seconds, callable, *args)

    def _arm(self, delay: float) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        if self._armed is not None:
            self._armed.cancel()
        self._armed = loop.call_later(delay if delay < _A_DAY else _A_DAY, self._alarm, context=self._context)

    def _alarm(self) -> None:
        self._armed = None
        if self._run_due():
            self._something_done()

    def _disarm(self) -> None:
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None

    # ---- threads

    def callFromThread(self, callable: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have ``callable`` called in the reactor's thread, in its next turn; from any thread, at any time."""
        if self._loop is None and running_loop() is not None:
            self._here()  # as with all that is asked of it first, this is the loop to have
        self._thread_calls.append((callable, args, kwargs))
        if not self._thread_calls_expected:
            self._thread_calls_expected = True
            self._call_soon_threadsafe(self._run_thread_calls)

    def _run_thread_calls(self) -> None:
        calls = self._thread_calls
        for _ in range(len(calls)):
            callable, args, kwargs = calls.popleft()
            try:
                callable(*args, **kwargs)
            except Exception:
                _log.failure("Unhandled error in a call from a thread: {call!r}", call=callable)
        self._thread_calls_expected = False
        if calls and not self._thread_calls_expected:
            # What came meanwhile waits for its turn behind the timers that are due, so that calls which
            # make calls do not keep the rest from running.
            self._thread_calls_expected = True
            self._when_loop(lambda loop: loop.call_later(0, self._run_thread_calls, context=self._context))
        self._something_done()

    def _call_soon_threadsafe(self, callable: Callable[..., object], *args: Any) -> None:
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(callable, *args, context=self._context)
                return
            except RuntimeError:
                if not loop.is_closed():
                    raise
        self._when_open(partial(_call_soon_on, self, callable, args))

    def _when_open(self, begin: Callable[[asyncio.AbstractEventLoop], object]) -> None:
        with self._waiting_lock:
            loop = self._loop
            if loop is None or loop.is_closed():
                self._waiting.append(begin)
                return
        begin(loop)

    def wakeUp(self) -> None:
        """Have the loop take a turn."""
        self._call_soon_threadsafe(self._something_done)

    # ---- what else begins by looking where it is

    def callWhenRunning(self, callable: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Any:
        self._here()
        return super().callWhenRunning(callable, *args, **kwargs)

    callWhenRunning.__doc__ = ReactorCore.callWhenRunning.__doc__

    def addSystemEventTrigger(
        self, phase: str, eventType: str, callable: Callable[..., object], *args: Any, **kw: Any
    ) -> Any:
        self._here()
        return super().addSystemEventTrigger(phase, eventType, callable, *args, **kw)

    addSystemEventTrigger.__doc__ = ReactorCore.addSystemEventTrigger.__doc__

    def addReader(self, reader: Any) -> None:
        self._here()
        super().addReader(reader)

    addReader.__doc__ = Descriptors.addReader.__doc__

    def addWriter(self, writer: Any) -> None:
        self._here()
        super().addWriter(writer)

    addWriter.__doc__ = Descriptors.addWriter.__doc__

    def _ready(self, selectable: Any, method: str, number: int) -> None:
        super()._ready(selectable, method, number)
        self._something_done()

    # ---- TCP

    def listenTCP(self, port: int | Binding, factory: IProtocolFactory, backlog: int = 50, interface: str = "") -> Port:
        """
        Listen on ``port`` (0: any that is free, see ``getHost``).

        Args:
            port: Its number, or what `makeBinding` returned.
            factory: Builds a protocol for each connection.
            backlog: Connections that the system holds ready while we are busy.
            interface: A numeric address of this machine; all of IPv4 by default.

        Raises:
            CannotListenError: The system refused.
        """
        self._here()
        listening = Port(port, factory, backlog, interface, self)
        listening.startListening()
        return listening

    def connectTCP(
        self,
        host: str,
        port: int | str,
        factory: ClientFactory,
        timeout: float | None = 30,
        bindAddress: Binding | tuple[str, int] | str | None = None,
    ) -> Connector:
        """
        Connect to a port; the factory is told how it went.

        Args:
            host: A name or a numeric address.
            port: A number, or a service's name.
            factory: Builds the protocol.
            timeout: Seconds for the attempt.
            bindAddress: Where our end is.

        Raises:
            ServiceNameUnknownError: The system knows no such service.
        """
        self._here()
        connector = Connector(host, port, factory, timeout, bindAddress, self)
        connector.connect()
        return connector


class AsyncioSelectorReactor(Reactor):
    """
    A reactor on a given loop.

    Args:
        eventloop: The loop; by default the one that the program has set, or a new one, which is then set.

    Raises:
        TypeError: The loop is one that cannot watch file descriptors.
    """

    def __init__(self, eventloop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__()
        if eventloop is None:
            eventloop = current_idle_loop()
            if eventloop is None:
                eventloop = new_loop()
                self._owns_loop = True
                asyncio.set_event_loop(eventloop)
        _require_selector(eventloop)
        self._fixed = True
        self._bind(eventloop)

    @classmethod
    def _unbound(cls) -> AsyncioSelectorReactor:
        """The facade, free for any loop."""
        facade = cls.__new__(cls)
        Reactor.__init__(facade)
        return facade


def _require_selector(loop: asyncio.AbstractEventLoop) -> None:
    proactor = getattr(asyncio, "ProactorEventLoop", None)
    if proactor is not None and isinstance(loop, proactor):
        raise TypeError(f"ProactorEventLoop is not supported, got: {loop}")


Reactor.__module__ = "reactorio.internet.base"
Reactor.__name__ = Reactor.__qualname__ = "ReactorBase"
AsyncioSelectorReactor.__module__ = "reactorio.internet.asyncioreactor"


def _call_soon_on(
    reactor: Reactor, callable: Callable[..., object], args: tuple[Any, ...], loop: asyncio.AbstractEventLoop
) -> None:
    loop.call_soon_threadsafe(callable, *args, context=reactor._context)


# A loop has at most one reactor.
_reactors: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Reactor]] = weakref.WeakKeyDictionary()

# Those that nobody else may hold: they live as long as the loops that they adopted.
_adopting: set[Reactor] = set()

_own_loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()


def _known(loop: asyncio.AbstractEventLoop) -> Reactor | None:
    reference = _reactors.get(loop)
    return None if reference is None else reference()


@atexit.register
def _close_loops() -> None:
    """At the interpreter's end: the loops that crashed runs left for a next one."""
    for loop in list(_own_loops):
        if not loop.is_running() and not loop.is_closed():
            close_loop(loop)


# The facade: what everybody imports.
reactor: Reactor = AsyncioSelectorReactor._unbound()


def reactor_for(loop: asyncio.AbstractEventLoop) -> Reactor:
    """
    Return the reactor of a running loop.

    In the main thread that is the facade, if it is free. In another thread, the loop gets a reactor of its own.

    Raises:
        RuntimeError: The loop does not run in this thread.
    """
    known = _known(loop)
    if known is not None:
        return known
    if running_loop() is not loop:
        raise RuntimeError("a reactor is given to the loop that runs in the calling thread")
    in_main_thread = threading.current_thread() is threading.main_thread()
    chosen = reactor if in_main_thread and reactor._may_adopt() else Reactor()
    chosen._here()
    _adopting.add(chosen)
    return chosen


def install_on(loop: asyncio.AbstractEventLoop | None) -> None:
    """Bind the facade to ``loop``, if one is given; see `reactorio.internet.asyncioreactor.install`."""
    if loop is None or loop is reactor._loop:
        return
    _require_selector(loop)
    if reactor._loop is not None:
        raise ReactorAlreadyInstalledError("the reactor is bound to another loop already")
    reactor._bind(loop)
