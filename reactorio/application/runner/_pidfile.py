"""Files that hold the id of the process that runs."""

from __future__ import annotations

import errno
from os import getpid, kill
from os import name as SYSTEM_NAME
from typing import TYPE_CHECKING, Any

from reactorio._interface import Interface, Protocol, implementer
from reactorio.logger import Logger

if TYPE_CHECKING:
    from types import TracebackType
    from typing import NoReturn

    from typing_extensions import Self

    from reactorio.python.filepath import FilePath

__all__ = [
    "AlreadyRunningError",
    "IPIDFile",
    "InvalidPIDFileError",
    "NoPIDFound",
    "NonePIDFile",
    "PIDFile",
    "StalePIDFileError",
    "nonePIDFile",
]


class AlreadyRunningError(Exception):
    """The process that the file names runs."""


class InvalidPIDFileError(Exception):
    """There is no process id in the file."""


class StalePIDFileError(Exception):
    """The process that the file names does not exist any more."""


class NoPIDFound(Exception):
    """There is no file."""


class IPIDFile(Interface, Protocol):
    """Remembers the id of the process that runs: from entering the context to leaving it."""

    def read(self) -> int:
        """
        Return the id that is kept.

        Raises:
            NoPIDFound, InvalidPIDFileError: There is none.
        """

    def writeRunningPID(self) -> None:
        """Keep the id of this process."""

    def remove(self) -> None:
        """Remove the file."""

    def isRunning(self) -> bool:
        """
        Does a process run whose id is kept?

        Raises:
            StalePIDFileError: There is an id, and no such process.
        """

    def __enter__(self) -> Self:
        """
        Write the id of this process, also in place of one that is stale.

        Raises:
            AlreadyRunningError: The process that is named there runs.
        """

    def __exit__(
        self, excType: type[BaseException] | None, excValue: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        """Remove the file."""


@implementer(IPIDFile)
class PIDFile:
    """The id in a file."""

    _log = Logger()

    def __init__(self, filePath: FilePath[Any]) -> None:
        self.filePath = filePath

    @staticmethod
    def _format(pid: int) -> bytes:
        return b"%d\n" % int(pid)

    def read(self) -> int:
        content = b""
        try:
            with self.filePath.open() as file:
                for content in file:
                    return int(content)
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise NoPIDFound("PID file does not exist") from None
            raise
        except ValueError:
            pass
        raise InvalidPIDFileError(f"non-integer PID value in PID file: {content!r}")

    def _write(self, pid: int) -> None:
        self.filePath.setContent(self._format(pid=pid))

    def writeRunningPID(self) -> None:
        self._write(getpid())

    def remove(self) -> None:
        self.filePath.remove()

    def isRunning(self) -> bool:
        try:
            pid = self.read()
        except NoPIDFound:
            return False
        if SYSTEM_NAME != "posix":
            raise NotImplementedError(f"isRunning is not implemented on {SYSTEM_NAME}")
        try:
            kill(pid, 0)
        except OSError as error:
            if error.errno == errno.ESRCH:
                raise StalePIDFileError("PID file refers to non-existing process") from None
            # It is there, and another user's.
            if error.errno != errno.EPERM:
                raise
        return True

    def __enter__(self) -> Self:
        try:
            if self.isRunning():
                raise AlreadyRunningError
        except StalePIDFileError:
            self._log.info("Replacing stale PID file: {log_source}")
        self.writeRunningPID()
        return self

    def __exit__(
        self, excType: type[BaseException] | None, excValue: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()


@implementer(IPIDFile)
class NonePIDFile:
    """No file: nothing runs, and nothing can be kept."""

    def read(self) -> NoReturn:
        raise NoPIDFound("PID file does not exist")

    def _write(self, pid: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    def writeRunningPID(self) -> None:
        self._write(0)

    def remove(self) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    def isRunning(self) -> bool:
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, excType: type[BaseException] | None, excValue: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


nonePIDFile: IPIDFile = NonePIDFile()
