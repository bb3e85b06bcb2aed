"""
A child process from its start to its reaping, whatever connects us.

No SIGCHLD handler is installed: the kernel makes a descriptor readable when the child is gone. Where there are no such
descriptors, a thread waits for each child.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.address import _ProcessAddress
from reactorio.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from reactorio.internet.interfaces import IReadDescriptor
from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet._processpipes import Pipe
    from reactorio.internet._spawning import Spawned
    from reactorio.internet.interfaces import IAddress, IProcessProtocol

__all__ = [
    "BaseProcess",
    "reapAllProcesses",
    "reapProcessHandlers",
    "registerReapProcessHandler",
    "unregisterReapProcessHandler",
]

_log = Logger(namespace="reactorio.internet.process")

# The children that have not been reaped, by pid.
reapProcessHandlers: dict[int, BaseProcess] = {}


def registerReapProcessHandler(pid: int, process: BaseProcess) -> None:
    """
    Reap ``process`` when it is gone, which may be now.

    Raises:
        RuntimeError: Another is registered for that pid.
    """
    if pid in reapProcessHandlers:
        raise RuntimeError("Try to register an already registered process.")
    try:
        gone, status = os.waitpid(pid, os.WNOHANG)
    except Exception:
        _log.failure("Failed to reap {pid}", pid=pid)
        return
    if gone:
        process.processEnded(status)
    else:
        reapProcessHandlers[pid] = process


def unregisterReapProcessHandler(pid: int, process: BaseProcess) -> None:
    """
    Do not wait for ``process`` any more.

    Raises:
        RuntimeError: It is not registered.
    """
    if reapProcessHandlers.get(pid) is not process:
        raise RuntimeError("Try to unregister a process not registered.")
    del reapProcessHandlers[pid]


def reapAllProcesses() -> None:
    """Look at every child whether it is gone."""
    for process in list(reapProcessHandlers.values()):
        process.reapProcess()


def failure_of(status: int) -> Failure:
    """Return how a child ended, from what ``os.waitpid`` says."""
    if os.WIFSIGNALED(status):
        return Failure(ProcessTerminated(None, os.WTERMSIG(status), status))
    code = os.WEXITSTATUS(status)
    return Failure(ProcessTerminated(code, None, status) if code else ProcessDone(status))


@implementer(IReadDescriptor)
class _Exit:
    """A pidfd: readable when the child is gone."""

    # Of the reactor's own, as others' SIGCHLD handlers: a child without pipes does not make it unclean.
    _is_internal = True

    def __init__(self, process: BaseProcess, descriptor: int) -> None:
        self._process = process
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "-"

    def doRead(self) -> None:
        self._process.reapProcess()

    def connectionLost(self, reason: Failure | None) -> None:
        """Close it. With a reason, it is the reactor that ends, and the child is still alive."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor != -1:
            os.close(descriptor)
        if reason is not None:
            self._process._watch_by_thread()


class BaseProcess:
    """
    A child, from its start to its reaping.

    Attributes:
        pid: Its process id; None once it has been reaped.
        proto: Who hears of it; None once it has heard of the end.
        status: What ``os.waitpid`` said.
    """

    pid: int | None = None
    status: int | None = None
    lostProcess = False

    def __init__(self, protocol: IProcessProtocol | None) -> None:
        self.proto = protocol
        self.reactor: Any = None
        self._spawned: Spawned | None = None
        self._exit: _Exit | None = None
        self._told = 0

    # ---- for a subclass

    def _open_descriptors(self) -> Iterable[Pipe]:
        """Return our ends of what connects us, of which the last one to close lets the end be told."""
        return ()

    # ---- its life

    def _begin(self, reactor: Any, spawned: Spawned) -> None:
        self.reactor = reactor
        self._spawned = spawned
        self.pid = spawned.pid

    def _connect(self) -> None:
        if self.proto is not None:
            self._guarded(self.proto.makeConnection, self)
        if self.pid is not None:
            self._watch(self.pid)

    def _watch(self, pid: int) -> None:
        reapProcessHandlers[pid] = self
        try:
            descriptor = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self._watch_by_thread()
            return
        self._exit = _Exit(self, descriptor)
        self.reactor.addReader(self._exit)

    def _watch_by_thread(self) -> None:
        waiting = threading.Thread(target=self._wait, args=(self.pid,), name=f"waits for {self.pid}", daemon=True)
        waiting.start()

    def _wait(self, pid: int) -> None:
        try:
            if hasattr(os, "waitid"):
                # Without reaping it: that is the reactor's, or another's who asks for all of them.
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            else:  # macOS, before Python 3.13
                _, self._told = os.waitpid(pid, 0)
        except ChildProcessError:
            pass  # it has been reaped
        self.reactor.callFromThread(self._reap_if_alive)

    def _reap_if_alive(self) -> None:
        if self.pid is not None:
            self.reapProcess()

    def reapProcess(self) -> None:
        """Take the status of the child if it is gone, and tell its end."""
        pid: Any = self.pid
        try:
            gone, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            gone, status = pid, self._told  # somebody else has reaped it: how it ended is lost
        except Exception:
            _log.failure("Failed to reap {pid}", pid=pid)
            return
        if not gone:
            return
        if reapProcessHandlers.get(pid) is self:
            unregisterReapProcessHandler(pid, self)
        if self._spawned is not None:
            self._spawned.reaped(status)
        self.processEnded(status)

    def processEnded(self, status: int) -> None:
        """The child has exited; what it wrote may not all be read yet."""
        self.pid = None
        self.status = status
        self.lostProcess = True
        watched, self._exit = self._exit, None
        if watched is not None:
            self.reactor.removeReader(watched)
            watched.connectionLost(None)
        if self.proto is not None:
            self._guarded(self.proto.processExited, failure_of(status))
        self.maybeCallProcessEnded()

    def maybeCallProcessEnded(self) -> None:
        """Tell the end once the child is gone and all that connects us is closed."""
        if self.lostProcess and not list(self._open_descriptors()) and self.status is not None:
            protocol, self.proto = self.proto, None
            if protocol is not None:
                self._guarded(protocol.processEnded, failure_of(self.status))

    def childDataReceived(self, name: int, data: bytes) -> None:
        if self.proto is not None:
            self.proto.childDataReceived(name, data)

    def childConnectionLost(self, childFD: int, reason: Failure) -> None:
        raise NotImplementedError("a kind of process knows its kind of connection")

    def signalProcess(self, signalID: str | int) -> None:
        """
        Send a signal.

        Args:
            signalID: Its number, or its name without SIG.

        Raises:
            ProcessExitedAlready: The child is gone.
            ValueError: There is no such signal.
        """
        if self.pid is None:
            raise ProcessExitedAlready()
        number = signalID
        if isinstance(signalID, str):
            number = getattr(signal, f"SIG{signalID}", None) or _no_signal(signalID)
        try:
            os.kill(self.pid, int(number))
        except ProcessLookupError:
            raise ProcessExitedAlready() from None

    def _guarded(self, call: Any, *args: Any) -> None:
        try:
            call(*args)
        except Exception:
            _log.failure("Unhandled error in a process protocol")

    def logPrefix(self) -> str:
        """Return how log lines name the child."""
        return type(self.proto).__name__ if self.proto is not None else "-"

    def getHost(self) -> IAddress:
        return _ProcessAddress()

    def getPeer(self) -> IAddress:
        return _ProcessAddress()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} pid={self.pid} status={self.status}>"


def _no_signal(name: str) -> int:
    raise ValueError(f"there is no signal {name!r}")
