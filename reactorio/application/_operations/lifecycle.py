"""A run of an application: starting, ready, reloading, draining, stopping, and who is told of it."""

from __future__ import annotations

import signal
from enum import Enum
from typing import TYPE_CHECKING, Any

from reactorio.aio import counting, serving
from reactorio.application import _hooks
from reactorio.application._notify import Notifier, Watchdog
from reactorio.application._operations.admin import Admin
from reactorio.application._operations.draining import Draining
from reactorio.application._operations.lag import Heartbeat
from reactorio.application._operations.options import Settings
from reactorio.application._operations.pages import Pages
from reactorio.application._operations.signals import Signals, Terminal
from reactorio.application._operations.worker import Worker
from reactorio.application.internet import _maybeGlobalReactor
from reactorio.application.service import IProcess, IService
from reactorio.internet._endpoints import certificates
from reactorio.internet.defer import CancelledError, Deferred, maybeDeferred, succeed
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.python.failure import Failure

__all__ = ["Operations", "State", "begin"]

_log = Logger(namespace="reactorio.application.operations")

# While draining: how often the manager is told, and for how long that is good. A manager that hears nothing gives up.
_PROGRESS = 1.0
_EXTENSION = 15.0


class State(Enum):
    """What a run is at, in the words that operators read."""

    STARTING = "starting"
    READY = "ready"
    RELOADING = "reloading"
    DRAINING = "draining"
    STOPPING = "stopping"


class Operations:
    """
    What there is to a run beyond starting and stopping its services.

    Args:
        reactor: That it runs in.
        service: The root of the application's services.
        settings: What the operator has asked for.
        notifier: Speaks to the service manager, by default to the one of the environment; or, as a worker, to its supervisor.
        pages: What the operator's door answers.

    Attributes:
        state: Of the run.
        grace: Seconds that a stop may take for what is under way.
        status: How things stand, in a line.
        reloads: How many there have been that changed something (``good``), and that changed nothing (``bad``).
        failure: Why the services could not start, if that is why the run is over.
    """

    failure: Failure | None = None
    _terminal: Terminal | None = None

    def __init__(
        self,
        reactor: Any,
        service: Any,
        settings: Settings,
        notifier: Notifier | None = None,
        pages: type[Pages] = Pages,
    ) -> None:
        self.reactor = reactor
        self.service = service
        self._settings = settings
        self.grace = settings.grace
        self.state = State.STARTING
        self.status = "Starting"
        self.notifier = Notifier() if notifier is None else notifier
        self._watchdog = Watchdog(self.notifier, reactor)
        self._draining: Draining | None = None
        self._reload_again = False
        self.reloads = {"good": 0, "bad": 0}
        self._heartbeat = Heartbeat(reactor)
        self._admin = Admin(pages(self, self._heartbeat).answer)
        handlers: dict[int, Callable[[int], object]] = {signal.SIGHUP: self._hung_up}
        if settings.grace or settings.strict:
            handlers[signal.SIGTERM] = handlers[signal.SIGINT] = self._asked_to_stop
        self._signals = Signals(reactor, handlers)

    @property
    def is_ready(self) -> bool:
        """Should clients come? From when all has started until it begins to end."""
        return self.state in (State.READY, State.RELOADING)

    def attach(self, owner: tuple[int, int] | None = None) -> None:
        """
        Follow the reactor's run, which is to come: before services are started, so that they are stopped after.

        Args:
            owner: The user and the group that the process will have, if it has others now.

        Raises:
            OSError: The operator's door cannot be opened.
        """
        for where in self._settings.admin:
            self._admin.bind(where, owner)
        self.reactor.addSystemEventTrigger("before", "shutdown", self._stops)
        self.reactor.addSystemEventTrigger("after", "shutdown", self._is_over)
        self.reactor.addSystemEventTrigger("after", "startup", self._runs)

    # ---- starting

    def _runs(self) -> None:
        # Not earlier: daemons have left theirs.
        self._terminal = Terminal()
        self._signals.take()
        self._watchdog.start()
        if self._settings.admin:
            counting.count_traffic()
            self._heartbeat.start()
            self._admin.start()
        if isinstance(self.notifier, Worker):
            self.notifier.watch(self.reactor, self._supervisor_says)
        elif self._settings.admin:
            _log.info("Admin at {addresses}.", addresses=", ".join(self._admin.addresses()))
        _hooks.when_ready(self.service).addCallbacks(self._started, self._cannot_start).addErrback(_log_failure)

    def _started(self, _: object) -> None:
        if self.state is State.STARTING:
            self._be_ready()

    def _be_ready(self, but: str = "") -> None:
        self.state = State.READY
        parts = self._settings.parts or _count(len(serving.ports(self.reactor)), "port")
        self.status = f"Running, {parts}{but}"
        self.notifier.ready(self.status)
        if self._reload_again:
            self._reload_again = False
            self.reload()

    def _cannot_start(self, failure: Failure) -> None:
        if self.state is not State.STARTING or failure.check(CancelledError) is not None:
            return
        self.status = f"Cannot start: {failure.getErrorMessage()}"
        self.notifier.status(self.status)
        # A manager would wait for a readiness that does not come; without one, Twisted's programs go on.
        if self.notifier.listens or self._settings.strict:
            self.failure = failure
            self.reactor.stop()

    # ---- reloading

    def _hung_up(self, number: int) -> None:
        if self._terminal is not None and self._terminal.is_gone():
            self.reactor._exitSignal = number
            self.reactor.stop()
        else:
            self.reload()

    def reload(self) -> Deferred[bool]:
        """
        Have the services take up what has changed; what is bad changes nothing.

        Returns:
            A Deferred of whether it did. Asked for during another reload, or before all has started, it is done once
            that is over, and the answer is False.
        """
        if self.state in (State.STARTING, State.RELOADING):
            self._reload_again = True
        if self.state is not State.READY:
            return succeed(False)
        _log.info("Reloading.")
        self.state = State.RELOADING
        self.notifier.reloading()
        done = maybeDeferred(self._take_up)
        return done.addCallbacks(self._has_reloaded, self._stays_as_it_is)

    async def _take_up(self) -> None:
        # First what needs no undoing if the services find fault with theirs.
        replace_certificates = certificates.reload()
        commit = await _hooks.reload_all([self.service])
        replace_certificates()
        commit()

    def _has_reloaded(self, _: object) -> bool:
        self.reloads["good"] += 1
        _log.info("Reloaded.")
        self._end_of_reload("")
        return True

    def _stays_as_it_is(self, failure: Failure) -> bool:
        self.reloads["bad"] += 1
        _log.error("Not reloaded: {error}", error=failure.getErrorMessage())
        self._end_of_reload(f"; not reloaded: {failure.getErrorMessage()}")
        return False

    def _end_of_reload(self, but: str) -> None:
        if self.state is State.RELOADING:
            self._be_ready(but)

    # ---- stopping

    def stop(self) -> None:
        """Stop as the operator has it: at once, or when what is under way is over."""
        if self.grace:
            self.drain()
        elif self.state is not State.STOPPING:
            self.reactor.stop()

    def _supervisor_says(self, at_once: bool) -> None:
        if not at_once:
            self.stop()
        elif self._draining is not None:
            self._draining.end()
        elif self.state is not State.STOPPING:
            self.reactor.stop()

    def _asked_to_stop(self, number: int) -> None:
        self.reactor._exitSignal = number
        name = signal.Signals(number).name
        if self.state is State.STOPPING:
            _log.info("Received {name}, which changes nothing: services are stopping.", name=name)
        elif self._draining is not None:
            _log.info("Received {name}, not waiting any longer.", name=name)
            self._draining.end()
        elif self.grace:
            _log.info("Received {name}, draining for up to {grace:g} s.", name=name, grace=self.grace)
            self.drain()
        else:
            _log.info("Received {name}, shutting down.", name=name)
            self.reactor.stop()

    def drain(self) -> None:
        """Stop when what is under way is over, and at the end of the time that the operator gives at the latest."""
        if self._draining is not None or self.state is State.STOPPING:
            return
        # First of all, so that nobody is sent here any more.
        self.state = State.DRAINING
        self.status = "Draining"
        self.notifier.stopping(self.status)
        self._draining = Draining(self.reactor, self.service, self.grace, self.notifier.ports_closed)
        self._say_progress(self._draining)
        self._draining.begin().addBoth(self._drained).addErrback(_log_failure)

    def _say_progress(self, draining: Draining) -> None:
        if self.state is not State.DRAINING:
            return
        self.status = f"Draining: {draining.progress()}"
        self.notifier.extend_timeout(_EXTENSION)
        self.notifier.status(self.status)
        self.reactor.callLater(_PROGRESS, self._say_progress, draining)

    def _drained(self, left: Any) -> None:
        _log.info("Drained." if not left else "Drained, but for {left}.", left=left)
        if self.state is State.DRAINING:
            self.reactor.stop()

    def _stops(self) -> None:
        if self.state is not State.DRAINING:
            self.notifier.stopping()
        else:
            self.notifier.status("Stopping")
        self.state = State.STOPPING
        self.status = "Stopping"
        if self._draining is not None:
            self._draining.end()

    def _is_over(self) -> None:
        self._watchdog.stop()
        self._heartbeat.stop()
        self._admin.stop()
        self._signals.give_back()
        self.notifier.close()

    def conclude(self) -> None:
        """After the run: raise what kept the services from starting, if something did."""
        if self.failure is not None:
            self.failure.raiseException()


def begin(config: Any, application: Any, reactor: Any = None) -> Operations | None:
    """
    Have an application's run, which is to come, followed: before privileges are dropped and the root is changed.

    Args:
        config: The parsed command line.
        application: What adapts to IService; for anything else there are no operations.
        reactor: That it will run in, if not the global one.
    """
    root = IService.adapt(application, None)
    if root is None:
        return None
    pages = config.get("pages", Pages)
    operations = Operations(_maybeGlobalReactor(reactor), root, Settings.of(config), config.get("worker"), pages)
    config["operations"] = operations
    operations.attach(_owner_to_be(config, application))
    return operations


def _owner_to_be(config: Any, application: Any) -> tuple[int, int] | None:
    """Return the user and the group that the command line, or the application, wants; -1 is the one there is."""
    process = IProcess.adapt(application, None)
    wanted = [
        config.get(name) if config.get(name) is not None else getattr(process, name, None) for name in ("uid", "gid")
    ]
    uid, gid = (-1 if one is None else one for one in wanted)
    return None if (uid, gid) == (-1, -1) else (uid, gid)


def _log_failure(failure: Failure) -> None:
    _log.failure("Operations have failed", failure)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
