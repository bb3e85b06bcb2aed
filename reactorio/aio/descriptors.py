"""File descriptors that an application watches itself: addReader and its family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.aio.watching import stop_watching, watcher_for
from reactorio.internet.error import ConnectionDone, ConnectionFdescWentAway
from reactorio.internet.interfaces import IHalfCloseableDescriptor
from reactorio.logger import Logger
from reactorio.python import log
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    import asyncio

    from reactorio.aio.watching import Watcher
    from reactorio.internet.interfaces import IReadDescriptor, IWriteDescriptor

__all__ = ["Descriptors"]

_log = Logger(namespace="reactorio.internet.base")


class Descriptors:
    """
    What the loop watches for the application. `Connection` and `Port` objects, which the loop serves by itself, are
    listed among them, and pause and go on by the same calls.
    """

    _loop: asyncio.AbstractEventLoop | None

    def __init__(self) -> None:
        # By object, not by number: the number of a closed descriptor is soon another's.
        self._readers: dict[Any, int] = {}
        self._writers: dict[Any, int] = {}
        self._open: dict[Any, None] = {}
        self._watcher: Watcher | None = None

    def _opened(self, selectable: Any) -> None:
        self._open[selectable] = None

    def _closed(self, selectable: Any) -> None:
        self._open.pop(selectable, None)

    def addReader(self, reader: IReadDescriptor) -> None:
        """Call ``reader.doRead`` whenever its descriptor can be read."""
        if reader in self._open:
            reader.startReading()  # type: ignore[attr-defined]
        elif reader not in self._readers:
            self._readers[reader] = reader.fileno()
            if self._loop is not None:
                self._watch(self._loop, reader, "doRead")

    def addWriter(self, writer: IWriteDescriptor) -> None:
        """Call ``writer.doWrite`` whenever its descriptor can be written to."""
        if writer not in self._open and writer not in self._writers:
            self._writers[writer] = writer.fileno()
            if self._loop is not None:
                self._watch(self._loop, writer, "doWrite")

    def removeReader(self, reader: IReadDescriptor) -> None:
        """Stop that; it does not matter if it was not watched."""
        if reader in self._open:
            reader.stopReading()  # type: ignore[attr-defined]
        number = self._readers.pop(reader, None)
        if number is not None and self._watcher is not None:
            self._watcher.remove_reader(number)

    def removeWriter(self, writer: IWriteDescriptor) -> None:
        """Stop that; it does not matter if it was not watched."""
        number = self._writers.pop(writer, None)
        if number is not None and self._watcher is not None:
            self._watcher.remove_writer(number)

    def getReaders(self) -> list[Any]:
        """Return everything that is being read from, ports among them."""
        return [*self._readers, *(one for one in self._open if one._is_reading())]

    def getWriters(self) -> list[Any]:
        """Return everything that waits to be written to."""
        return [*self._writers, *(one for one in self._open if one._is_writing())]

    def removeAll(self) -> list[Any]:
        """Stop watching everything, and return what that was; but children are still reaped, which is nobody's selectable."""
        watched = dict.fromkeys([*self.getReaders(), *self.getWriters()])
        removed = [one for one in watched if not getattr(one, "_is_internal", False)]
        for one in removed:
            self.removeReader(one)
            self.removeWriter(one)
        return removed

    def _watch_all(self, loop: asyncio.AbstractEventLoop) -> None:
        for reader in list(self._readers):
            self._watch(loop, reader, "doRead")
        for writer in list(self._writers):
            self._watch(loop, writer, "doWrite")

    def _watch(self, loop: asyncio.AbstractEventLoop, selectable: Any, method: str) -> None:
        if self._watcher is None:
            self._watcher = watcher_for(loop)
        number, add = (
            (self._readers[selectable], self._watcher.add_reader)
            if method == "doRead"
            else (self._writers[selectable], self._watcher.add_writer)
        )
        try:
            add(number, self._ready, selectable, method, number)
        except PermissionError:
            # A plain file, which epoll refuses: it is ready at all times.
            loop.call_soon(self._always_ready, loop, selectable, method, number)

    def _always_ready(self, loop: asyncio.AbstractEventLoop, selectable: Any, method: str, number: int) -> None:
        watched = self._readers if method == "doRead" else self._writers
        if self._loop is loop and watched.get(selectable) == number:
            self._ready(selectable, method, number)
            loop.call_soon(self._always_ready, loop, selectable, method, number)

    def _unwatch_all(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            for number in self._readers.values():
                watcher.remove_reader(number)
            for number in self._writers.values():
                watcher.remove_writer(number)
            stop_watching(watcher)

    def _ready(self, selectable: Any, method: str, number: int) -> None:
        log.callWithLogger(selectable, self._read_or_write, selectable, method, number)

    def _read_or_write(self, selectable: Any, method: str, number: int) -> None:
        try:
            why = getattr(selectable, method)()
            watched = self._readers if method == "doRead" else self._writers
            # Only of those still watched: the number of others is none of our business any more.
            if not why and selectable in watched and selectable.fileno() != number:
                why = ConnectionFdescWentAway("Filedescriptor went away")
        except Exception as error:
            _log.failure("Unhandled Error")
            why = error
        if why:
            self._disconnect(selectable, why, method == "doRead")

    def _disconnect(self, selectable: Any, why: Exception, reading: bool) -> None:
        self.removeReader(selectable)
        if reading and isinstance(why, ConnectionDone) and IHalfCloseableDescriptor.providedBy(selectable):
            selectable.readConnectionLost(Failure(why))
            return
        self.removeWriter(selectable)
        selectable.connectionLost(Failure(why))
