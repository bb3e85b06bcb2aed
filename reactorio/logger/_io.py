"""A file whose lines become events: what ``print`` writes once logging has begun."""

from __future__ import annotations

import sys
from io import UnsupportedOperation
from typing import TYPE_CHECKING, NoReturn

from reactorio.logger._levels import LogLevel
from reactorio.python.deprecate import deprecatedProperty
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.logger._constants import NamedConstant
    from reactorio.logger._logger import Logger

__all__ = ["LoggingFile"]


class LoggingFile:
    """
    A file, for writing only, that emits an event for each line.

    Args:
        logger: Emits them.
        encoding: That of bytes, if any are written; text is the rule.
    """

    _softspace = 0

    def __init__(self, logger: Logger, level: NamedConstant = LogLevel.info, encoding: str | None = None) -> None:
        self.level = level
        self.log = logger
        self._encoding = encoding or sys.getdefaultencoding()
        self._buffer = ""
        self._closed = False

    @deprecatedProperty(Version("Twisted", 21, 2, 0))
    def softspace(self) -> int:
        """What Python 2's print statement wanted to know."""
        return self._softspace

    @softspace.setter  # type: ignore[no-redef]  # a setter has its property's name
    def softspace(self, value: int) -> None:
        self._softspace = value

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def encoding(self) -> str:
        return self._encoding

    @property
    def mode(self) -> str:
        return "w"

    @property
    def newlines(self) -> None:
        return None

    @property
    def name(self) -> str:
        return f"<{type(self).__name__} {self.log.namespace}#{self.level.name}>"

    def close(self) -> None:
        self._closed = True

    def flush(self) -> None:
        """Do nothing: a line becomes an event when it is complete."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> NoReturn:
        raise UnsupportedOperation(f"{type(self).__name__} has no file descriptor.")

    def write(self, message: str | bytes) -> None:
        """
        Emit the lines that are complete with ``message``; keep the rest.

        Raises:
            ValueError: The file is closed.
        """
        if self._closed:
            raise ValueError("I/O operation on closed file")
        text = message.decode(self._encoding) if isinstance(message, bytes) else message
        *lines, self._buffer = (self._buffer + text).split("\n")
        for line in lines:
            self.log.emit(self.level, format="{log_io}", log_io=line)

    def writelines(self, lines: Iterable[str | bytes]) -> None:
        for line in lines:
            self.write(line)

    def _unsupported(self, *args: object) -> NoReturn:
        raise UnsupportedOperation("unsupported operation")

    read = next = readline = readlines = xreadlines = seek = tell = truncate = _unsupported
