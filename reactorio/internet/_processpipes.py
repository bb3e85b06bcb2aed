"""Our ends of a child's pipes and of its terminal."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Any

from reactorio.internet.abstract import FileDescriptor
from reactorio.internet.address import _ProcessAddress
from reactorio.internet.main import CONNECTION_DONE, CONNECTION_LOST
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.internet._baseprocess import BaseProcess
    from reactorio.internet.interfaces import IAddress

__name__ = "reactorio.internet.process"  # the public path

READ_SIZE = 64 * 1024


class Pipe(FileDescriptor):
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
        # Whoever has this one open after us did not ask for one that does not block.
        try:
            os.set_blocking(self.fd, True)
        except OSError:
            pass  # the application has closed it
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


class ProcessWriter(Pipe):
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
        # A pipe's writing end can be read in one case only: nobody reads the other end any more. Who was about to close
        # it, with all written, has lost nothing.
        return CONNECTION_DONE if self.disconnecting and not self._is_writing() else CONNECTION_LOST

    def stopReading(self) -> None:
        """Nothing is read here; what is watched for has to be seen to the end."""
        if not (self.connected and self._is_pipe):
            super().stopReading()


class ProcessReader(Pipe):
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


class Terminal(Pipe):
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
