"""
A supervisor: starts processes, writes what they say to the log, and starts them again when they end.

A process that ends soon after its start is started again later and later; one that lived for a while, at once. A
process that shall stop gets SIGTERM, and SIGKILL when it takes too long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reactorio.application import service
from reactorio.application.internet import _maybeGlobalReactor
from reactorio.internet.defer import Deferred, succeed
from reactorio.internet.error import ProcessExitedAlready
from reactorio.internet.protocol import ProcessProtocol
from reactorio.logger import Logger
from reactorio.protocols.basic import LineReceiver
from reactorio.python.deprecate import deprecated, deprecatedProperty
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IDelayedCall, IProcessTransport
    from reactorio.python.failure import Failure

__all__ = ["LineLogger", "LoggingProtocol", "ProcessMonitor"]

_DEPRECATED = Version("Twisted", 18, 7, 0)


@dataclass(frozen=True)
class _Process:
    """What to run, and how."""

    args: list[str]
    uid: int | None = None
    gid: int | None = None
    env: dict[str, str] = field(default_factory=dict)
    cwd: str | None = None

    @deprecated(_DEPRECATED)
    def toTuple(self) -> tuple[list[str], int | None, int | None, dict[str, str]]:
        return self.args, self.uid, self.gid, self.env

    def described(self) -> str:
        ids = "" if self.uid is None else f"({self.uid}{'' if self.gid is None else f':{self.gid}'})"
        return f"{ids}: {self.args}"


class _NoTransport:
    """What a LineLogger is connected to: nothing that could be closed."""

    disconnecting = False


class LineLogger(LineReceiver):
    """
    Writes lines to the log of ``service``. Of one that is too long, each ``MAX_LENGTH`` bytes are a line.

    Attributes:
        tag: The name of the process.
        stream: What it wrote to: ``stdout`` or ``stderr``.
    """

    tag: str | None = None
    stream: str | None = None
    delimiter = b"\n"
    service: Any = None

    def lineReceived(self, line: bytes) -> None:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = repr(line)
        self.service.log.info("[{tag}] {line}", tag=self.tag, line=text, stream=self.stream)

    def lineLengthExceeded(self, line: bytes) -> None:
        for part in line.split(self.delimiter):
            for start in range(0, len(part), self.MAX_LENGTH):
                self.lineReceived(part[start : start + self.MAX_LENGTH])

    def finish(self) -> None:
        """There will be no more: write what is left without the end of its line."""
        rest = self.clearLineBuffer()
        if rest:
            self.lineReceived(rest)


class LoggingProtocol(ProcessProtocol):
    """
    One run of a process: its output goes to the log, its end is told to ``service``.

    Attributes:
        service: The ProcessMonitor.
        name: The name of the process there.
    """

    service: Any = None
    name: str | None = None

    def connectionMade(self) -> None:
        self.output = self._logger("stdout")
        self.error = self._logger("stderr")

    def _logger(self, stream: str) -> LineLogger:
        logger = LineLogger()
        logger.tag, logger.stream, logger.service = self.name, stream, self.service
        transport: Any = _NoTransport()
        logger.makeConnection(transport)
        return logger

    def outReceived(self, data: bytes) -> None:
        self.output.dataReceived(data)

    def errReceived(self, data: bytes) -> None:
        self.error.dataReceived(data)

    def processEnded(self, reason: Failure) -> None:
        self.output.finish()
        self.error.finish()
        self.service.connectionLost(self.name)


class ProcessMonitor(service.Service):
    """
    Keeps processes running while it runs itself.

    Attributes:
        threshold: How many seconds a process has to live to be started again at once.
        killTime: How many seconds a process has to stop, before it is killed.
        minRestartDelay, maxRestartDelay: Seconds to wait before a process is started again that did not live that
            long; each time twice as many.
        protocols: The runs that are under way, by name.
        timeStarted, delay, restart, murder: By name, too: when the run began; how long to wait the next time; the
            calls that will start it again, and that will kill it.
    """

    threshold: float = 1
    killTime: float = 5
    minRestartDelay: float = 1
    maxRestartDelay: float = 3600

    log = Logger()

    def __init__(self, reactor: Any = None) -> None:
        self._reactor = self._clock = _maybeGlobalReactor(reactor)
        self._processes: dict[str, _Process] = {}
        self._forget_runs()

    def _forget_runs(self) -> None:
        self.protocols: dict[str, LoggingProtocol] = {}
        self.timeStarted: dict[str, float] = {}
        self.delay: dict[str, float] = {}
        self.restart: dict[str, IDelayedCall] = {}
        self.murder: dict[str, IDelayedCall] = {}
        self._stopping: list[Deferred[None]] = []

    @deprecatedProperty(_DEPRECATED)
    def processes(self) -> dict[str, Any]:
        """The processes as tuples of arguments, user, group and environment, by name."""
        return {name: process.toTuple() for name, process in self._processes.items()}

    @deprecated(_DEPRECATED)
    def __getstate__(self) -> Any:
        runs = {"protocols", "timeStarted", "restart", "murder", "_stopping", "_reactor", "_clock"}
        state = {key: value for key, value in super().__getstate__().items() if key not in runs}
        return {**state, "processes": self.processes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        del state["processes"]
        self._reactor = self._clock = _maybeGlobalReactor(None)
        self._forget_runs()
        self.__dict__.update(state)

    def addProcess(
        self,
        name: str,
        args: list[str],
        uid: int | None = None,
        gid: int | None = None,
        env: dict[str, str] = {},  # noqa: B006  # no environment at all, as spawnProcess has it; it is not changed
        cwd: str | None = None,
    ) -> None:
        """
        Keep a process running; it starts now, if the service runs.

        Args:
            name: What to call it.
            args: The program and its arguments.
            uid, gid: Whom to run it as, or None for this process's.
            env: Its environment.
            cwd: Where to run it.

        Raises:
            KeyError: There is one of that name already.
        """
        if name in self._processes:
            raise KeyError(f"remove {name} first")
        self._processes[name] = _Process(args, uid, gid, env, cwd)
        self.delay[name] = self.minRestartDelay
        if self.running:
            self.startProcess(name)

    def removeProcess(self, name: str) -> None:
        """
        Stop a process, and do not start it again.

        Raises:
            KeyError: There is none of that name.
        """
        self.stopProcess(name)
        del self._processes[name]
        self._cancel(self.restart, name)

    def startService(self) -> None:
        super().startService()
        for name in list(self._processes):
            self.startProcess(name)

    def stopService(self) -> Deferred[None]:
        """
        Stop all processes, and return a Deferred that fires when they have ended.

        Unlike Twisted, which does not wait: its processes outlive it if they take their time.
        """
        super().stopService()
        for name in list(self.restart):
            if self.restart[name].active():
                self.restart[name].cancel()
        for name in list(self._processes):
            self.stopProcess(name)
        if not self.protocols:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopping.append(stopped)
        return stopped

    def connectionLost(self, name: str) -> None:
        """The process has ended: called by its protocol."""
        self._ended(name)

    def _ended(self, name: str) -> None:
        self._cancel(self.murder, name)
        del self.protocols[name]
        if self._clock.seconds() - self.timeStarted[name] < self.threshold:
            wait = self.delay[name]
            self.delay[name] = min(wait * 2, self.maxRestartDelay)
        else:
            wait = 0.0
            self.delay[name] = self.minRestartDelay
        if self.running and name in self._processes:
            self.restart[name] = self._clock.callLater(wait, self.startProcess, name)
        if not self.protocols:
            stopping, self._stopping = self._stopping, []
            for waiting in stopping:
                waiting.callback(None)

    def _cancel(self, calls: dict[str, IDelayedCall], name: str) -> None:
        call = calls.pop(name, None)
        if call is not None and call.active():
            call.cancel()

    def startProcess(self, name: str) -> None:
        """
        Start a process, if it does not run.

        Raises:
            KeyError: There is none of that name.
        """
        if name in self.protocols:
            return
        process = self._processes[name]
        protocol = LoggingProtocol()
        protocol.service = self
        protocol.name = name
        self.protocols[name] = protocol
        self.timeStarted[name] = self._clock.seconds()
        try:
            self._reactor.spawnProcess(
                protocol,
                process.args[0],
                process.args,
                uid=process.uid,
                gid=process.gid,
                env=process.env,
                path=process.cwd,
            )
        except OSError:
            self.log.failure("Process '{name}' cannot be started", name=name)
            self._ended(name)

    def stopProcess(self, name: str) -> None:
        """
        Have a process end, if it runs; it is started again, if the service runs.

        Raises:
            KeyError: There is none of that name.
        """
        if name not in self._processes:
            raise KeyError(f"Unrecognized process name: {name}")
        protocol = self.protocols.get(name)
        if protocol is None:
            return
        process: Any = protocol.transport
        try:
            process.signalProcess("TERM")
        except ProcessExitedAlready:
            return
        self._cancel(self.murder, name)
        self.murder[name] = self._clock.callLater(self.killTime, self._kill, process)

    def _kill(self, process: IProcessTransport) -> None:
        try:
            process.signalProcess("KILL")
        except ProcessExitedAlready:
            pass

    def restartAll(self) -> None:
        """Have every process end, and start again."""
        for name in list(self._processes):
            self.stopProcess(name)

    def __repr__(self) -> str:
        described = "".join(f" {name!r}{process.described()}" for name, process in self._processes.items())
        return f"<{type(self).__name__}{described}>"
