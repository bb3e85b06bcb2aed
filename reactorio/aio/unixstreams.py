"""
The transport under UNIX connections: what asyncio's do, and file descriptors beside the bytes.

The loop's own transports receive with ``recv``, to which the system gives no descriptors (it closes them), and have no
place in their buffer for one to send. So this one stands in their stead, on the loop's ``add_reader`` and
``add_writer``. It costs what asyncio's does, which is Python too (``recvmsg`` takes 0.4 µs more than ``recv``).
"""

from __future__ import annotations

import array
import asyncio
import os
import socket
from collections import deque
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from reactorio.internet.error import FileDescriptorOverrun
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["UNIXTransport"]

_log = Logger(namespace="reactorio.internet.unix")

READ_SIZE = 64 * 1024

# Linux carries no more with one message (SCM_MAX_FD).
MOST_DESCRIPTORS = 253

_ROOM = socket.CMSG_SPACE(MOST_DESCRIPTORS * array.array("i").itemsize)

# Received descriptors are like those that Python opens: not for programs that this one starts.
_FLAGS = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

# Pieces of the buffer that one call sends.
_PIECES = 64

HIGH_WATER = 64 * 1024


class UNIXTransport(asyncio.Transport):
    """
    A transport on a connected UNIX stream socket, which it owns.

    Args:
        loop: Who says when the socket is ready.
        sock: The socket; it does not block.
        protocol: Gets the bytes.
        take: Gets the descriptors, before the bytes that came with them; they are its own.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        protocol: asyncio.Protocol,
        take: Callable[[list[int]], None],
    ) -> None:
        super().__init__({"socket": sock, "sockname": sock.getsockname(), "peername": sock.getpeername()})
        self._loop = loop
        self._sock = sock
        self._number = sock.fileno()
        self._protocol: Any = protocol
        self._take: Any = take
        # What is not sent yet: bytes, and the descriptors that go with the first of them.
        self._queue: deque[tuple[bytes | memoryview, list[int]]] = deque()
        self._size = 0
        self._queued_descriptors = 0
        # Descriptors that still wait for bytes to go with.
        self._waiting: list[int] = []
        self._high = HIGH_WATER
        self._low = HIGH_WATER // 4
        self._protocol_paused = False
        self._reading = True
        self._watching = False
        self._closing = False
        self._ended = False
        # What ended the connection, while there is still something to read of it.
        self._error: OSError | None = None
        # libuv stops watching a descriptor that has an error, after one last call: what is to be read after what that
        # call reads would never be. asyncio goes on.
        self._last_calls = type(loop).__module__.startswith("uvloop")
        self._write_ended = False

    def begin(self) -> None:
        """Introduce the protocol, and read."""
        self._protocol.connection_made(self)
        self._watch()

    # ---- reading

    def _watch(self) -> None:
        wanted = self._reading and not self._closing
        if wanted and not self._watching:
            self._loop.add_reader(self._number, self._readable)
        elif self._watching and not wanted:
            self._loop.remove_reader(self._number)
        self._watching = wanted

    def _readable(self) -> None:
        if self._last_calls and self._error is None:
            number = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self._error = OSError(number, os.strerror(number))
        self._read()
        while self._error is not None and self._watching:
            self._read()

    def _read(self) -> None:
        try:
            data, ancillary, _, _ = self._sock.recvmsg(READ_SIZE, _ROOM, _FLAGS)
        except (BlockingIOError, InterruptedError):
            if self._error is not None:
                self._end(self._error)
            return
        except OSError as error:
            self._end(error)
            return
        if ancillary:
            self._take_ancillary(ancillary)
            if self._closing:
                return
        if data:
            self._protocol.data_received(data)
        elif self._error is not None:
            self._end(self._error)
        else:
            self._at_eof()

    def _at_eof(self) -> None:
        self._reading = False
        if self._protocol.eof_received():
            self._watch()
        else:
            self._drop_descriptors()
            self.close()

    def _take_ancillary(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        numbers = array.array("i")
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers.frombytes(payload[: len(payload) - len(payload) % numbers.itemsize])
            else:
                _log.warn("received unsupported ancillary data, level {level}, type {kind}", level=level, kind=kind)
        if numbers:
            self._take(list(numbers))

    def is_reading(self) -> bool:
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        self._reading = False
        self._watch()

    def resume_reading(self) -> None:
        self._reading = True
        self._watch()

    # ---- writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._ended or self._write_ended or not data:
            return
        data = bytes(data)
        # One byte for each: receivers rely on it.
        descriptors, self._waiting = self._waiting[: len(data)], self._waiting[len(data) :]
        while len(descriptors) > MOST_DESCRIPTORS:
            self._put(data[:MOST_DESCRIPTORS], descriptors[:MOST_DESCRIPTORS])
            data, descriptors = data[MOST_DESCRIPTORS:], descriptors[MOST_DESCRIPTORS:]
        self._put(data, descriptors)

    def _put(self, data: bytes | memoryview, descriptors: list[int]) -> None:
        if not self._queue and not self._ended:
            try:
                sent = self._send([data], descriptors)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                _close_all(descriptors)
                self._end(error)
                return
            else:
                _close_all(descriptors)
                if sent == len(data):
                    return
                data, descriptors = memoryview(data)[sent:], []
            self._loop.add_writer(self._number, self._writable)
        self._queue.append((data, descriptors))
        self._size += len(data)
        self._queued_descriptors += len(descriptors)
        if self._size > self._high and not self._protocol_paused:
            self._protocol_paused = True
            self._protocol.pause_writing()

    def _send(self, pieces: list[bytes | memoryview], descriptors: list[int]) -> int:
        if descriptors:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
            return self._sock.sendmsg(pieces, rights)
        return self._sock.send(pieces[0]) if len(pieces) == 1 else self._sock.sendmsg(pieces)

    def _writable(self) -> None:
        head, descriptors = self._queue[0]
        # The bytes that follow may go along as far as they have no descriptors of their own.
        plain = takewhile(lambda entry: not entry[1], islice(self._queue, 1, _PIECES))
        try:
            sent = self._send([head, *(data for data, _ in plain)], descriptors)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        self._consume(sent)
        if self._protocol_paused and self._size <= self._low:
            self._protocol_paused = False
            self._protocol.resume_writing()
        if not self._queue and not self._ended:
            self._loop.remove_writer(self._number)
            if self._closing:
                self._finish()
            elif self._write_ended:
                self._shut_down()

    def _consume(self, sent: int) -> None:
        self._size -= sent
        while sent:
            data, descriptors = self._queue.popleft()
            _close_all(descriptors)
            self._queued_descriptors -= len(descriptors)
            if sent < len(data):
                self._queue.appendleft((memoryview(data)[sent:], []))
                return
            sent -= len(data)

    def send_descriptor(self, number: int) -> None:
        """Send a copy of a descriptor along with the next bytes written; raises OSError if it is none."""
        if not self._ended and not self._write_ended:
            self._waiting.append(os.dup(number))

    def get_queued_descriptors(self) -> int:
        """Return how many descriptors are not sent although bytes were written to go with them."""
        return self._queued_descriptors

    def get_write_buffer_size(self) -> int:
        return self._size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = HIGH_WATER if high is None else high
        self._low = self._high // 4 if low is None else low
        if self._size > self._high and not self._protocol_paused:
            self._protocol_paused = True
            self._protocol.pause_writing()

    # ---- ends

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._write_ended and not self._ended:
            self._write_ended = True
            if not self._queue:
                self._shut_down()

    def _shut_down(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._watch()
            if not self._queue:
                self._finish()

    def _finish(self) -> None:
        """All that could be sent is sent."""
        self._end(FileDescriptorOverrun() if self._waiting else None)

    def abort(self) -> None:
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._ended:
            return
        self._ended = self._closing = True
        self._watch()
        if self._queue:
            self._loop.remove_writer(self._number)
            for _, descriptors in self._queue:
                _close_all(descriptors)
            self._queue.clear()
            self._size = self._queued_descriptors = 0
        self._drop_descriptors()
        self._loop.call_soon(self._say_ended, error)

    def _drop_descriptors(self) -> None:
        _close_all(self._waiting)
        self._waiting = []

    def _say_ended(self, error: Exception | None) -> None:
        protocol, self._protocol, self._take = self._protocol, None, None
        try:
            protocol.connection_lost(error)
        finally:
            self._sock.close()

    # ---- facts

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol  # type: ignore[no-any-return]  # the one that was given


def _close_all(numbers: list[int]) -> None:
    for number in numbers:
        os.close(number)
