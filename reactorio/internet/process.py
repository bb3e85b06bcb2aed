"""
Child processes on POSIX: started at once, their pipes watched by the reactor, their end told by a pidfd.

    Process         a child with pipes
    PTYProcess      a child on a pseudo-terminal
    ProcessReader, ProcessWriter    our ends of its pipes

No SIGCHLD handler is installed: the kernel makes a descriptor readable when the child is gone. Where there are no such
descriptors, a thread waits for each child.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import signal
import stat
import termios
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._spawning import Spawned, spawn
from reactorio.internet._spawning import open_descriptors as _listOpenFDs
from reactorio.internet.abstract import FileDescriptor
from reactorio.internet.address import _ProcessAddress
from reactorio.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from reactorio.internet.interfaces import IConsumer, IProcessTransport, IReadDescriptor
from reactorio.internet.main import CONNECTION_DONE, CONNECTION_LOST
from reactorio.logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reactorio.internet.interfaces import IAddress, IProcessProtocol, IPullProducer, IPushProducer

__all__ = [
    "PTYProcess",
    "Process",
    "ProcessExitedAlready",
    "ProcessReader",
    "ProcessWriter",
    "_listOpenFDs",
    "reapAllProcesses",
    "reapProcessHandlers",
    "registerReapProcessHandler",
    "unregisterReapProcessHandler",
]

_log = Logger()

DEFAULT_CHILD_FDS: Mapping[int, int | str] = {0: "w", 1: "r", 2: "r"}

READ_SIZE = 64 * 1024

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
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor != -1:
            os.close(descriptor)


class _Pipe(FileDescriptor):
    """Our end of one of a child's pipes."""

    def __init__(self, reactor: Any, process: BaseProcess, name: int | str, descriptor: int) -> None:
        super().__init__(reactor)
        os.set_blocking(descriptor, False)
        self.proc = process
        self.name: Any = name
        self.fd = descriptor
        self.connected = 1

    def fileno(self) -> int:
        return self.fd

    def connectionLost(self, reason: Failure) -> None:
        if self.disconnected:
            return
        super().connectionLost(reason)
        # Whoever has the other end open, or this one after us, did not ask for one that does not block.
        os.set_blocking(self.fd, True)
        self.proc.childConnectionLost(self.name, reason)

    def close(self) -> None:
        """Close the descriptor, which is for the owner to do."""
        descriptor, self.fd = self.fd, -1
        if descriptor != -1:
            os.close(descriptor)

    def logPrefix(self) -> str:
        return self.proc.logPrefix()

    def getHost(self) -> IAddress:
        return _ProcessAddress()

    def getPeer(self) -> IAddress:
        return _ProcessAddress()


class ProcessWriter(_Pipe):
    """What a child reads from. If it is a pipe, it is also watched for the other end's being closed."""

    def __init__(self, reactor: Any, proc: BaseProcess, name: int | str, fileno: int) -> None:
        super().__init__(reactor, proc, name, fileno)
        self._is_pipe = stat.S_ISFIFO(os.fstat(fileno).st_mode)
        if self._is_pipe:
            self.startReading()

    def writeSomeData(self, data: bytes) -> int | BaseException:
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            return CONNECTION_LOST

    def doRead(self) -> BaseException:
        # A pipe's writing end can be read in one case only: nobody reads the other end any more.
        return CONNECTION_LOST

    def stopReading(self) -> None:
        """Nothing is read here; what is watched for has to be seen to the end."""
        if not (self.connected and self._is_pipe):
            super().stopReading()


class ProcessReader(_Pipe):
    """What a child writes to."""

    def __init__(self, reactor: Any, proc: BaseProcess, name: int | str, fileno: int) -> None:
        super().__init__(reactor, proc, name, fileno)
        self.startReading()

    def writeSomeData(self, data: bytes) -> BaseException:
        # Closing the pipe is told by writing nothing to it.
        return CONNECTION_LOST

    def doRead(self) -> BaseException | None:
        try:
            data = os.read(self.fd, READ_SIZE)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        self.proc.childDataReceived(self.name, data)
        return None

    def loseConnection(self, _connDone: Failure | None = None) -> None:
        """Close the pipe, in the reactor's next turn; the child learns of it when it writes."""
        if self.connected and not self.disconnecting:
            self.disconnecting = 1
            self.stopReading()
            self.reactor.callLater(0, self.connectionLost, Failure(CONNECTION_DONE))


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

    # ---- for a subclass

    def _open_descriptors(self) -> Iterable[_Pipe]:
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
            threading.Thread(target=self._wait_in_thread, args=(pid,), name=f"waits for {pid}", daemon=True).start()
            return
        self._exit = _Exit(self, descriptor)
        self.reactor.addReader(self._exit)

    def _wait_in_thread(self, pid: int) -> None:
        # Without reaping it: that is the reactor's, or another's who asks for all of them.
        try:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            pass
        self.reactor.callFromThread(self.reapProcess)

    def reapProcess(self) -> None:
        """Take the status of the child if it is gone, and tell its end."""
        pid = self.pid
        if pid is None:
            return
        try:
            gone, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            gone, status = pid, 0  # somebody else has reaped it: how it ended is lost
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


@implementer(IProcessTransport, IConsumer)
class Process(BaseProcess):
    """
    A child whose descriptors are pipes of ours, or descriptors that it inherits.

    Attributes:
        pipes: Our ends, by the child's numbers.
    """

    def __init__(
        self,
        reactor: Any,
        executable: str | bytes,
        args: Sequence[str | bytes],
        environment: Mapping[Any, Any] | None,
        path: str | bytes | None,
        proto: IProcessProtocol | None,
        uid: int | None = None,
        gid: int | None = None,
        childFDs: Mapping[int, int | str] | None = None,
    ) -> None:
        super().__init__(proto)
        self.pipes: dict[int, _Pipe] = {}
        ours: dict[int, int] = {}
        theirs: dict[int, int] = {}
        made: list[int] = []
        wanted = DEFAULT_CHILD_FDS if childFDs is None else childFDs
        try:
            for number, target in wanted.items():
                if isinstance(target, int):
                    theirs[number] = target
                    continue
                reading, writing = os.pipe()
                made += [reading, writing]
                ours[number], theirs[number] = (reading, writing) if target == "r" else (writing, reading)
            spawned = spawn(executable, args, environment, path, uid, gid, theirs)
        except BaseException:
            for descriptor in made:
                os.close(descriptor)
            raise
        for number in ours:
            os.close(theirs[number])
        self._begin(reactor, spawned)
        for number, descriptor in ours.items():
            kind: Any = ProcessReader if wanted[number] == "r" else ProcessWriter
            self.pipes[number] = kind(reactor, self, number, descriptor)
        self._connect()

    def _open_descriptors(self) -> Iterable[_Pipe]:
        return self.pipes.values()

    def childConnectionLost(self, childFD: int, reason: Failure) -> None:
        """One of the pipes is closed."""
        pipe = self.pipes.pop(childFD, None)
        if pipe is not None:
            pipe.close()
        if self.proto is not None:
            self._guarded(self.proto.childConnectionLost, childFD)
        self.maybeCallProcessEnded()

    # ---- closing

    def closeChildFD(self, childFD: int) -> None:
        """Close our end of a pipe, when what is to be written is written."""
        if childFD in self.pipes:
            self.pipes[childFD].loseConnection()

    def closeStdin(self) -> None:
        self.closeChildFD(0)

    def closeStdout(self) -> None:
        self.closeChildFD(1)

    def closeStderr(self) -> None:
        self.closeChildFD(2)

    def loseConnection(self) -> None:
        """Close standard input, output and error: most children take the hint."""
        for number in (0, 1, 2):
            self.closeChildFD(number)

    # ---- writing

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """
        Write to one of the pipes.

        Raises:
            KeyError: There is none of that number.
        """
        self.pipes[childFD].write(data)

    def write(self, data: bytes) -> None:
        """Write to standard input; dropped if that is closed."""
        if 0 in self.pipes:
            self.pipes[0].write(data)

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        if 0 in self.pipes:
            self.pipes[0].writeSequence(seq)

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        """Let ``producer`` write to standard input at the child's pace."""
        if 0 in self.pipes:
            self.pipes[0].registerProducer(producer, streaming)
        else:
            producer.stopProducing()

    def unregisterProducer(self) -> None:
        if 0 in self.pipes:
            self.pipes[0].unregisterProducer()

    # ---- as a producer of what the child writes

    def pauseProducing(self) -> None:
        for pipe in self.pipes.values():
            if isinstance(pipe, ProcessReader):
                pipe.stopReading()

    def resumeProducing(self) -> None:
        for pipe in self.pipes.values():
            if isinstance(pipe, ProcessReader):
                pipe.startReading()

    def stopProducing(self) -> None:
        self.loseConnection()


class _Terminal(_Pipe):
    """Our end of a child's terminal."""

    def __init__(self, reactor: Any, process: BaseProcess, descriptor: int) -> None:
        super().__init__(reactor, process, 1, descriptor)
        self.startReading()

    def doRead(self) -> BaseException | None:
        try:
            data = os.read(self.fd, READ_SIZE)
        except BlockingIOError:
            return None
        except OSError as error:
            # Linux: EIO when nobody has the other end open any more.
            return CONNECTION_DONE if error.errno == errno.EIO else CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        self.proc.childDataReceived(1, data)
        return None

    def writeSomeData(self, data: bytes) -> int | BaseException:
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            return CONNECTION_LOST


@implementer(IProcessTransport)
class PTYProcess(BaseProcess):
    """
    A child that has a pseudo-terminal for its standard input, output and error, and for its controlling terminal.

    Args:
        usePTY: True, or a terminal that is open already: its two descriptors and its name.
    """

    def __init__(
        self,
        reactor: Any,
        executable: str | bytes,
        args: Sequence[str | bytes],
        environment: Mapping[Any, Any] | None,
        path: str | bytes | None,
        proto: IProcessProtocol | None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool | tuple[int, int, str] = True,
    ) -> None:
        super().__init__(proto)
        ours, theirs = usePTY[:2] if isinstance(usePTY, tuple) else pty.openpty()
        try:
            spawned = spawn(
                executable, args, environment, path, uid, gid, dict.fromkeys((0, 1, 2), theirs), partial(_own, theirs)
            )
        except BaseException:
            if not isinstance(usePTY, tuple):
                os.close(ours)
                os.close(theirs)
            raise
        if not isinstance(usePTY, tuple):
            os.close(theirs)
        self._begin(reactor, spawned)
        self._terminal: _Terminal | None = _Terminal(reactor, self, ours)
        self._connect()

    @property
    def fd(self) -> int:
        """Our end of the terminal, -1 once it is closed."""
        return -1 if self._terminal is None else self._terminal.fd

    def fileno(self) -> int:
        return self.fd

    def _open_descriptors(self) -> Iterable[_Pipe]:
        return [] if self._terminal is None else [self._terminal]

    def childConnectionLost(self, childFD: int, reason: Failure) -> None:
        """The terminal is closed."""
        if self._terminal is not None:
            self._terminal.close()
            self._terminal = None
        for number in (0, 1, 2):
            if self.proto is not None:
                self._guarded(self.proto.childConnectionLost, number)
        self.maybeCallProcessEnded()

    def write(self, data: bytes) -> None:
        """Type ``data``."""
        if self._terminal is not None:
            self._terminal.write(data)

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        if self._terminal is not None:
            self._terminal.writeSequence(seq)

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """Type ``data``; a terminal has one end, whatever the number."""
        self.write(data)

    def closeStdin(self) -> None:
        """A terminal is not closed one way: nothing happens."""

    closeStdout = closeStderr = closeStdin

    def closeChildFD(self, descriptor: int) -> None:
        """A terminal is not closed one way: nothing happens."""

    def loseConnection(self) -> None:
        """Hang up, when what is to be written is written."""
        if self._terminal is not None:
            self._terminal.loseConnection()

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        if self._terminal is not None:
            self._terminal.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        if self._terminal is not None:
            self._terminal.unregisterProducer()

    def pauseProducing(self) -> None:
        if self._terminal is not None:
            self._terminal.stopReading()

    def resumeProducing(self) -> None:
        if self._terminal is not None:
            self._terminal.startReading()

    def stopProducing(self) -> None:
        self.loseConnection()


def _own(terminal: int) -> None:
    """In the child: make ``terminal`` that of the new session."""
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
