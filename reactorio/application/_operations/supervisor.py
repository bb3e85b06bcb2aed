"""
Several processes that serve the same ports, and what starts them, watches them and replaces them.

The supervisor serves nothing by itself. It has the sockets, so that they outlive every worker: a connection that comes
while one is being replaced waits for another.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reactorio.application._hooks import Starting, all_of
from reactorio.application._operations.channel import Channel, channel_pair
from reactorio.application._operations.sockets import SharedSockets
from reactorio.application._operations.worker import ENVIRONMENT
from reactorio.application.service import Service
from reactorio.internet.defer import Deferred, DeferredList
from reactorio.internet.endpoints import _SystemdParser
from reactorio.internet.error import ProcessExitedAlready
from reactorio.internet.protocol import ProcessProtocol
from reactorio.internet.task import LoopingCall
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IDelayedCall
    from reactorio.python.failure import Failure

__all__ = ["Supervisor", "WorkerFailed", "WorkerProcess", "command_again"]

_log = Logger(namespace="reactorio.application.workers")

# Seconds: the pause before a worker that does not stay is started again doubles from the first to the second; one that
# has served for the third stays.
_FIRST_PAUSE, _LONGEST_PAUSE, _STAYS = 0.5, 30.0, 10.0

# How long new connections are refused before workers are told to end; see `draining`.
_LINGER = 0.5

# Seconds after which a worker that was told to end at once is killed.
_END = 10.0


class WorkerFailed(Exception):
    """A worker ended before it was ready."""


class WorkerProcess(ProcessProtocol):
    """
    One process.

    Attributes:
        number: Of its place among the workers, from 0.
        status: What it said last of how things stand.
        is_ready: Does it serve?
        ready: Is over when it serves, and fails with WorkerFailed if it ends before that.
        retired: Is over when it accepts no connection any more.
        ended: Is over when it has ended.
        keys: Of the sockets that it has.
        admin: Where it answers an operator, None if nowhere.
    """

    pid: int | None = None
    is_ready = False
    has_ended = False

    def __init__(self, supervisor: Supervisor, number: int, admin: str | None) -> None:
        self._supervisor = supervisor
        self.number = number
        self.admin = admin
        self.status = "Starting"
        self._ready: Deferred[None] = Deferred()
        self._retired: Deferred[None] = Deferred()
        self._ended: Deferred[None] = Deferred()
        self.ready, self.retired, self.ended = map(Starting, (self._ready, self._retired, self._ended))
        # Whoever waits hears of it.
        self._ready.addErrback(lambda failure: None)
        self.keys: set[str] = set()
        self.ready_since: float | None = None
        self.last_sign = time.monotonic()
        self._serves = False
        self._channel: Channel | None = None

    def start(self, reactor: Any, command: list[str], seconds: float) -> None:
        """Start it; raises OSError if that cannot be."""
        self._reactor = reactor
        self._channel, theirs = channel_pair()
        inherited = _SystemdParser._sddaemon
        passed = [*inherited.inheritedDescriptors(), theirs.fileno()]
        descriptors = {0: 0, 1: 1, 2: 2, **dict(enumerate(passed, 3))}
        facts = {
            "channel": 2 + len(passed),
            "number": self.number,
            "seconds": seconds,
            "admin": self.admin,
            "inherited": list(range(3, 2 + len(passed))),
            "names": list(inherited._names),
        }
        environ = {**os.environ, ENVIRONMENT: json.dumps(facts)}
        try:
            process = reactor.spawnProcess(self, command[0], command, env=environ, path=None, childFDs=descriptors)
        finally:
            theirs.close()
        self.pid = process.pid
        reactor.addReader(self)

    # ---- what it says

    def fileno(self) -> int:
        return -1 if self._channel is None else self._channel.fileno()

    def doRead(self) -> Exception | None:
        assert self._channel is not None
        try:
            message, _ = self._channel.receive()
            self.last_sign = time.monotonic()
            for key, value in message.items():
                getattr(self, f"_hear_{key}")(value)
        except BlockingIOError:
            return None
        except (EOFError, OSError) as error:
            return error
        return None

    def connectionLost(self, reason: Failure) -> None:
        if self._channel is not None:
            self._reactor.removeReader(self)
            self._channel.close()
            self._channel = None

    def logPrefix(self) -> str:
        return f"worker {self.number}"

    def _hear_take(self, where: dict[str, Any]) -> None:
        assert self._channel is not None
        try:
            if self.is_ready:
                raise PermissionError(errno.EPERM, "A worker that is ready has no more sockets to share")
            key, sock = self._supervisor.sockets.take(where, is_trusted=not self._serves)
        except OSError as error:
            self._channel.send({"refused": [error.errno, error.strerror]})
        else:
            self.keys.add(key)
            self._channel.send({}, sock.fileno())

    def _hear_alive(self, value: object) -> None:
        # The first of them: its loop runs. Whoever it serves may have got at it.
        self._serves = True

    def _hear_ready(self, status: str) -> None:
        self.status = status
        if not self.is_ready:
            self.is_ready = True
            self.ready_since = time.monotonic()
            self._ready.callback(None)

    def _hear_closed(self, value: object = True) -> None:
        if not self.retired.over:
            self._retired.callback(None)

    def _hear_status(self, status: str) -> None:
        self.status = status

    _hear_stopping = _hear_status

    # ---- its end

    def drain(self) -> None:
        """Tell it to end when what is under way is over; as SIGTERM does."""
        self.kill("TERM")

    def end(self) -> None:
        """Tell it to end at once, and see to it."""
        if self._channel is not None:
            try:
                self._channel.send({"end": True})
            except OSError:
                self.kill("TERM")
        call = self._reactor.callLater(_END, self.kill, "KILL")
        self.ended.wait().addCallback(lambda _: call.cancel() if call.active() else None)

    def kill(self, name: str) -> None:
        """Send a signal, if it is there to get it."""
        try:
            self.transport.signalProcess(name)
        except ProcessExitedAlready:
            pass

    def processEnded(self, reason: Failure) -> None:
        self.has_ended = True
        self.is_ready = False
        how = _how_it_ended(reason)
        self._supervisor._has_ended(self, how)
        if not self.ready.over:
            self._ready.errback(WorkerFailed(f"worker {self.number} {how} before it was ready: {self.status}"))
        self._hear_closed()
        self._ended.callback(None)


def _how_it_ended(reason: Failure) -> str:
    code, number = getattr(reason.value, "exitCode", None), getattr(reason.value, "signal", None)
    return f"was ended by signal {number}" if number else f"ended with status {code or 0}"


class _Place:
    """Where one of the workers belongs, whichever it is just now."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.worker: WorkerProcess | None = None
        self.restarts = 0
        self.failures = 0
        self.restarting: IDelayedCall | None = None


class Supervisor(Service):
    """
    Keeps workers running.

    Args:
        reactor: That it runs in.
        command: What starts a worker.
        number: How many there are.
        silence: Seconds after which a worker whose loop gives no sign of life is killed; 0 is never.
        has_admin: Do workers answer the operator?

    Attributes:
        sockets: That the workers share.
        check: Called before a reload; what it raises is why there is none.
    """

    name = "workers"
    check: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self, reactor: Any, command: list[str], number: int, silence: float, has_admin: bool) -> None:
        self._reactor = reactor
        self._command = command
        self._silence = silence
        self._has_admin = has_admin
        self.sockets = SharedSockets()
        self.places = [_Place(index) for index in range(number)]
        self._folder: str | None = None
        self._started = 0
        self._alive: set[WorkerProcess] = set()
        self._is_ending = False
        self._has_begun = False
        self._watch = LoopingCall(self._look_for_silence)
        self._watch.clock = reactor

    # ---- the service

    def startService(self) -> None:
        super().startService()
        if self._has_admin:
            # systemd's RuntimeDirectory, if there is one.
            self._folder = tempfile.mkdtemp(prefix="reactorio-", dir=os.environ.get("RUNTIME_DIRECTORY"))
        for place in self.places:
            place.worker = self._start_worker(place.number)
        if self._silence:
            self._watch.start(1.0, now=False)

    def when_ready(self) -> Deferred[Any]:
        """Return a Deferred that fires when every worker is ready, and fails if one of these first ones is not."""
        readiness = all_of([place.worker.ready.wait() for place in self.places if place.worker is not None])
        return readiness.addCallback(self._begun)

    def _begun(self, _: object) -> None:
        self._has_begun = True

    def is_serving(self) -> bool:
        """Is there a worker that is ready?"""
        return any(place.worker is not None and place.worker.is_ready for place in self.places)

    async def reload(self) -> None:
        """
        Replace each worker by a new one, which reads all anew; a worker ends when its successor is ready. This is over when
        all that comes is served by the new ones.

        Raises:
            WorkerFailed: The first of the new ones cannot start. None of the old has been touched.
        """
        self.check()
        retiring = []
        for place in self.places:
            new = self._start_worker(place.number)
            try:
                await new.ready.wait()
            except WorkerFailed as error:
                if place is self.places[0]:
                    raise
                _log.error("{error}; the one before it goes on", error=error)
                continue
            old, place.worker, place.failures = place.worker, new, 0
            if place.restarting is not None:
                place.restarting.cancel()
                place.restarting = None
            if old is not None and not old.has_ended:
                old.drain()
                retiring.append(old.retired.wait())
        await DeferredList(retiring)
        self.sockets.keep_only({key for place in self.places if place.worker is not None for key in place.worker.keys})

    async def drain(self) -> None:
        """Have nothing new come, and all workers end when what is under way is over."""
        self._is_ending = True
        self.sockets.refuse()
        waited: Deferred[None] = Deferred()
        self._reactor.callLater(_LINGER, waited.callback, None)
        await waited
        for worker in list(self._alive):
            worker.drain()
        await self._all_ended()

    async def stopService(self) -> None:
        super().stopService()
        self._is_ending = True
        if self._watch.running:
            self._watch.stop()
        for place in self.places:
            if place.restarting is not None:
                place.restarting.cancel()
                place.restarting = None
        for worker in list(self._alive):
            worker.end()
        await self._all_ended()
        self.sockets.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _all_ended(self) -> Deferred[Any]:
        return DeferredList([worker.ended.wait() for worker in self._alive])

    # ---- workers

    def _start_worker(self, number: int) -> WorkerProcess:
        admin = None
        if self._folder is not None:
            self._started += 1
            admin = str(Path(self._folder, str(self._started)))
        worker = WorkerProcess(self, number, admin)
        self._alive.add(worker)
        worker.start(self._reactor, self._command, self._silence or 60.0)
        _log.info("Started worker {number}, process {pid}.", number=number, pid=worker.pid)
        return worker

    def _has_ended(self, worker: WorkerProcess, how: str) -> None:
        self._alive.discard(worker)
        place = self.places[worker.number]
        _log.info("Worker {number}, process {pid}, {how}.", number=worker.number, pid=worker.pid, how=how)
        if place.worker is worker and self._has_begun and not self._is_ending:
            self._start_again(place, worker)

    def _start_again(self, place: _Place, worker: WorkerProcess) -> None:
        stayed = worker.ready_since is not None and time.monotonic() - worker.ready_since >= _STAYS
        place.failures = 0 if stayed else place.failures + 1
        pause = 0.0 if stayed else min(_FIRST_PAUSE * 2 ** min(place.failures - 1, 16), _LONGEST_PAUSE)
        _log.info("Worker {number} is started again in {pause:g} s.", number=place.number, pause=pause)
        place.restarting = self._reactor.callLater(pause, self._restart, place)

    def _restart(self, place: _Place) -> None:
        place.restarting = None
        place.restarts += 1
        place.worker = self._start_worker(place.number)

    def _look_for_silence(self) -> None:
        for worker in list(self._alive):
            silent = time.monotonic() - worker.last_sign
            if silent > self._silence and not worker.has_ended:
                _log.error(
                    "Worker {number}, process {pid}, has given no sign of life for {silent:.0f} s: it is killed.",
                    number=worker.number,
                    pid=worker.pid,
                    silent=silent,
                )
                worker.kill("KILL")


def command_again(arguments: list[str]) -> list[str]:
    """Return what starts the launcher once more, by this Python with its options, with these arguments."""
    import subprocess  # not at the top: only supervisors need it

    # multiprocessing passes the options on by the same function.
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # not in typeshed
    return [sys.executable, *flags, "-m", "reactorio", *arguments]
