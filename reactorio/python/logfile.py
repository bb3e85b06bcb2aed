"""Log files that are put aside when they are full, or when the day is over."""

from __future__ import annotations

import glob
import os
import stat
import time
from typing import IO, TYPE_CHECKING, Any

from reactorio.python import threadable

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BaseLogFile", "DailyLogFile", "LogFile", "LogReader"]


class BaseLogFile:
    """
    A file to append to, that asks :meth:`shouldRotate` before each write whether to be put aside first.

    Args:
        name: Of the file.
        directory: That it is in.
        defaultMode: The permissions of a file that is made; by default those that the file has, if it exists.
    """

    synchronized = ["write", "rotate"]

    _file: IO[bytes]

    def __init__(self, name: str, directory: str, defaultMode: int | None = None) -> None:
        self.directory = directory
        self.name = name
        self.path = os.path.join(directory, name)
        if defaultMode is None and os.path.exists(self.path):
            defaultMode = stat.S_IMODE(os.stat(self.path).st_mode)
        self.defaultMode = defaultMode
        self._openFile()

    @classmethod
    def fromFullPath(cls, filename: str, *args: Any, **kwargs: Any) -> Self:
        """Make one from its path; the other arguments are those of the class."""
        path = os.path.abspath(filename)
        return cls(os.path.basename(path), os.path.dirname(path), *args, **kwargs)

    def shouldRotate(self) -> bool:
        """Say whether to put the file aside; a hook for subclasses."""
        raise NotImplementedError

    def rotate(self) -> None:
        """Put the file aside, and begin a new one; a hook for subclasses."""
        raise NotImplementedError

    def _openFile(self) -> None:
        self.closed = False
        is_new = not os.path.exists(self.path)
        # Not buffered: what is written is there for who looks, and for a crash's survivors. Appending finds the end
        # also when another program has cut the file.
        self._file = open(self.path, "ab+", buffering=0)  # noqa: SIM115  # it stays open
        self._file.seek(0, os.SEEK_END)
        if is_new and self.defaultMode is not None:
            os.chmod(self.path, self.defaultMode)

    def _may_be_moved(self) -> bool:
        return os.access(self.directory, os.W_OK) and os.access(self.path, os.W_OK)

    def write(self, data: str | bytes) -> None:
        """Append to the file; text as UTF-8."""
        if self.shouldRotate():
            self.flush()
            self.rotate()
        self._file.write(data.encode("utf-8") if isinstance(data, str) else data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Close the file; nothing more can be written."""
        self.closed = True
        self._file.close()

    def reopen(self) -> None:
        """Go on in a new file, if somebody has put this one aside."""
        self.close()
        self._openFile()

    def getCurrentLog(self) -> LogReader:
        """Return a reader of the file."""
        return LogReader(self.path)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_file", "_threadable_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._openFile()


class LogFile(BaseLogFile):
    """
    A file that is put aside as ``name.1`` when it is full; what was ``name.1`` is ``name.2`` then, and so on.

    Args:
        rotateLength: How many bytes are full; None is never.
        maxRotatedFiles: How many to keep; None is all.
    """

    def __init__(
        self,
        name: str,
        directory: str,
        rotateLength: int | None = 1000000,
        defaultMode: int | None = None,
        maxRotatedFiles: int | None = None,
    ) -> None:
        super().__init__(name, directory, defaultMode)
        self.rotateLength = rotateLength
        self.maxRotatedFiles = maxRotatedFiles

    def _openFile(self) -> None:
        super()._openFile()
        self.size = self._file.tell()

    def shouldRotate(self) -> bool:
        return bool(self.rotateLength) and self.size >= (self.rotateLength or 0)

    def write(self, data: str | bytes) -> None:
        encoded = data.encode("utf-8") if isinstance(data, str) else data
        super().write(encoded)
        self.size += len(encoded)

    def rotate(self) -> None:
        """Put the file aside; nothing happens if it or its directory may not be changed."""
        if not self._may_be_moved():
            return
        for number in reversed(self.listLogs()):
            if self.maxRotatedFiles is not None and number >= self.maxRotatedFiles:
                os.remove(f"{self.path}.{number}")
            else:
                os.rename(f"{self.path}.{number}", f"{self.path}.{number + 1}")
        self._file.close()
        os.rename(self.path, f"{self.path}.1")
        self._openFile()

    def listLogs(self) -> list[int]:
        """Return the numbers of the files put aside."""
        suffixes = (path[len(self.path) + 1 :] for path in glob.glob(f"{glob.escape(self.path)}.*"))
        return sorted(int(suffix) for suffix in suffixes if suffix.isdecimal() and int(suffix) > 0)

    def getLog(self, identifier: int) -> LogReader:
        """
        Return a reader of a file that was put aside.

        Raises:
            TypeError: ``identifier`` is no number.
            ValueError: There is no such file.
        """
        if not isinstance(identifier, int):
            raise TypeError(f"a number is required, not {identifier!r}")
        return _reader(f"{self.path}.{identifier}")


class DailyLogFile(BaseLogFile):
    """A file that is put aside as ``name.2030_1_31`` when that day is over."""

    # The day that the file is of: year, month, day.
    lastDate: tuple[int, int, int]

    def _openFile(self) -> None:
        super()._openFile()
        self.lastDate = self.toDate(os.stat(self.path).st_mtime)

    def shouldRotate(self) -> bool:
        return self.toDate() > self.lastDate

    def toDate(self, *args: float) -> tuple[int, int, int]:
        """Return the local year, month and day of a time, by default of now."""
        return time.localtime(*args)[:3]

    def suffix(self, tupledate: float | tuple[int, int, int]) -> str:
        """Return what the name of a day's file ends with."""
        day = tupledate if isinstance(tupledate, tuple) else self.toDate(tupledate)
        return "_".join(map(str, day))

    def write(self, data: str | bytes) -> None:
        super().write(data)
        # The clock may have been put back.
        self.lastDate = max(self.lastDate, self.toDate())

    def rotate(self) -> None:
        """Put the file aside; nothing happens if the day has a file, or this one or its directory may not be changed."""
        aside = f"{self.path}.{self.suffix(self.lastDate)}"
        if not self._may_be_moved() or os.path.exists(aside):
            return
        self._file.close()
        os.rename(self.path, aside)
        self._openFile()

    def getLog(self, identifier: float) -> LogReader:
        """
        Return a reader of the file of a day.

        Args:
            identifier: A time in that day.

        Raises:
            ValueError: There is no such file.
        """
        if self.toDate(identifier) == self.lastDate:
            return LogReader(self.path)
        return _reader(f"{self.path}.{self.suffix(identifier)}")


threadable.synchronize(LogFile, DailyLogFile)


class LogReader:
    """Reads a log file, some lines at a time."""

    def __init__(self, name: str) -> None:
        self._file = open(name, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115  # it stays open

    def readLines(self, lines: int = 10) -> list[str]:
        """Return the next lines, at most ``lines``; none at the end of the file."""
        found = []
        for _ in range(lines):
            line = self._file.readline()
            if not line:
                break
            found.append(line)
        return found

    def close(self) -> None:
        self._file.close()


def _reader(path: str) -> LogReader:
    if not os.path.exists(path):
        raise ValueError("no such logfile exists")
    return LogReader(path)
