"""
Events for systemd's journal, with their fields and over any number of lines: its native protocol, one datagram an event.

https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import re
import socket
import sys
from typing import IO, TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.logger._format import eventAsText
from reactorio.logger._interfaces import ILogObserver
from reactorio.logger._levels import LogLevel
from reactorio.python.failure import Failure
from reactorio.python.reflect import safe_str

if TYPE_CHECKING:
    from reactorio.logger._interfaces import LogEvent

__all__ = ["JournalObserver", "is_journal"]

_SOCKET = "/run/systemd/journal/socket"

# syslog's numbers: err, warning and so on.
_PRIORITIES = {LogLevel.debug: 7, LogLevel.info: 6, LogLevel.warn: 4, LogLevel.error: 3, LogLevel.critical: 2}

# Of an event's own fields: what the journal takes as a name once it is in capitals, and what is no journal's field.
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,50}", re.IGNORECASE)
_NOT_FIELDS = {"failure", "format", "isError", "logLevel", "message", "system", "time", "why", "priority", "logger"}
_MANY_FIELDS = 50

_TOO_LONG = (errno.EMSGSIZE, errno.ENOBUFS)

# The journal has to answer within this, or the loop would wait for a disk.
_PATIENCE = 1.0


def is_journal(file: IO[Any]) -> bool:
    """Does what is written to ``file`` end in the journal? systemd says so in the environment."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


@implementer(ILogObserver)
class JournalObserver:
    """
    Writes events to the journal.

    Each has MESSAGE, with the traceback if there is one, PRIORITY, LOGGER (the namespace), SYSLOG_IDENTIFIER, for an
    exception EXCEPTION_TYPE, and those of its own fields that are text or numbers.

    Args:
        fallback: Gets what the journal does not take, each line with its priority before it (sd-daemon(3)).
        identifier: What the journal calls the program.
        path: The journal's socket.
    """

    def __init__(self, fallback: IO[str], identifier: str | None = None, path: str = _SOCKET) -> None:
        self._fallback = fallback
        self._identifier = identifier or os.path.basename(sys.argv[0]) or "python"
        self._path = path
        self._socket: socket.socket | None = None

    def __call__(self, event: LogEvent) -> None:
        priority = _PRIORITIES.get(event.get("log_level") or LogLevel.info, 6)
        message = eventAsText(event, includeTimestamp=False, includeSystem=False)
        try:
            self._send(b"".join(_assignment(*field) for field in self._fields(event, priority, message)))
        except OSError:
            # It restarts, or there is none in this root. The lines do get there, by way of stdout.
            lines = "".join(f"<{priority}>{line}\n" for line in message.splitlines() or [""])
            self._fallback.write(lines)
            self._fallback.flush()

    def _fields(self, event: LogEvent, priority: int, message: str) -> list[tuple[str, str]]:
        fields = {
            "MESSAGE": message,
            "PRIORITY": str(priority),
            "SYSLOG_IDENTIFIER": self._identifier,
            "LOGGER": str(event.get("log_namespace") or ""),
        }
        failure = event.get("log_failure")
        if isinstance(failure, Failure):
            fields["EXCEPTION_TYPE"] = safe_str(getattr(failure.type, "__qualname__", failure.type))
        for key, value in event.items():
            is_own = not key.startswith("log_") and key not in _NOT_FIELDS and _FIELD.fullmatch(key)
            if is_own and isinstance(value, (str, int, float)) and len(fields) < _MANY_FIELDS:
                fields.setdefault(key.upper(), str(value))
        return list(fields.items())

    def _send(self, datagram: bytes) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(_PATIENCE)
        try:
            self._socket.sendto(datagram, self._path)
        except OSError as error:
            if error.errno not in _TOO_LONG or not hasattr(os, "memfd_create"):
                raise
            _send_in_memory(self._socket, self._path, datagram)

    def close(self) -> None:
        """Let go of the socket; another event opens it again."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()


def _send_in_memory(sock: socket.socket, path: str, datagram: bytes) -> None:
    """Pass what is longer than a datagram as a file in memory, sealed, as the protocol wants it."""
    file = os.memfd_create("journal", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(datagram)
        while view:
            view = view[os.write(file, view) :]
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))]
        sock.sendmsg([b""], rights, 0, path)
    finally:
        os.close(file)


def _assignment(name: str, value: str) -> bytes:
    encoded = value.encode("utf-8", "backslashreplace")
    if b"\n" not in encoded:
        return name.encode() + b"=" + encoded + b"\n"
    # Over several lines, with its length before it.
    return name.encode() + b"\n" + len(encoded).to_bytes(8, "little") + encoded + b"\n"
