"""
Child processes on POSIX: started at once, their pipes watched by the reactor, their end told by a pidfd.

    Process         a child with pipes
    PTYProcess      a child on a pseudo-terminal
    ProcessReader, ProcessWriter    our ends of its pipes
"""

from __future__ import annotations

import os
import pty
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._baseprocess import (
    BaseProcess,
    reapAllProcesses,
    reapProcessHandlers,
    registerReapProcessHandler,
    unregisterReapProcessHandler,
)
from reactorio.internet._baseprocess import BaseProcess as _BaseProcess
from reactorio.internet._fileactions import file_actions as _getFileActions
from reactorio.internet._fileactions import open_descriptors as _listOpenFDs
from reactorio.internet._processpipes import ProcessReader, ProcessWriter, Terminal
from reactorio.internet._spawning import spawn
from reactorio.internet.error import ProcessExitedAlready
from reactorio.internet.interfaces import IConsumer, IProcessTransport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reactorio.internet._processpipes import Pipe
    from reactorio.internet.interfaces import IProcessProtocol, IPullProducer, IPushProducer
    from reactorio.python.failure import Failure

__all__ = [
    "BaseProcess",
    "PTYProcess",
    "Process",
    "ProcessExitedAlready",
    "ProcessReader",
    "ProcessWriter",
    "_BaseProcess",
    "_getFileActions",
    "_listOpenFDs",
    "reapAllProcesses",
    "reapProcessHandlers",
    "registerReapProcessHandler",
    "unregisterReapProcessHandler",
]

DEFAULT_CHILD_FDS: Mapping[int, int | str] = {0: "w", 1: "r", 2: "r"}


@implementer(IProcessTransport, IConsumer)
class Process(BaseProcess):
    """
    A child whose descriptors are pipes of ours, or descriptors that it inherits.

    Attributes:
        pipes: Our ends, by the child's numbers.
        processReaderFactory: What makes an end that reads.
        processWriterFactory: What makes one that writes.
    """

    processReaderFactory: type[Pipe] = ProcessReader
    processWriterFactory: type[Pipe] = ProcessWriter

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
        self.pipes: dict[int, Pipe] = {}
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
            make = self.processReaderFactory if wanted[number] == "r" else self.processWriterFactory
            self.pipes[number] = make(reactor, self, number, descriptor)
        self._connect()

    def _open_descriptors(self) -> Iterable[Pipe]:
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
            standard = dict.fromkeys((0, 1, 2), theirs)
            spawned = spawn(executable, args, environment, path, uid, gid, standard, theirs)
        except BaseException:
            if not isinstance(usePTY, tuple):
                os.close(ours)
                os.close(theirs)
            raise
        if not isinstance(usePTY, tuple):
            os.close(theirs)
        self._begin(reactor, spawned)
        self._terminal: Terminal | None = Terminal(reactor, self, ours)
        self._connect()

    @property
    def fd(self) -> int:
        """Our end of the terminal, -1 once it is closed."""
        return -1 if self._terminal is None else self._terminal.fd

    def fileno(self) -> int:
        return self.fd

    def _open_descriptors(self) -> Iterable[Pipe]:
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
