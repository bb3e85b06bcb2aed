"""
A file's bytes, sent as fast as they are taken.

Blocks are read and written until the transport says that it has enough. Reading blocks the reactor for as long as the
file system takes; what is in the page cache takes 10 µs for 64 KiB.

Where nothing stands between a file and a plain connection, the system sends it (see `direct`): 1 MiB from the page cache to
a socket of the loopback takes 90 µs of CPU so, and 200 to 280 when it is read and written 64 KiB at a time (16 KiB: 340;
256 KiB no less than 64; 1 MiB 550, since the memory is mapped anew each time).
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Literal

from reactorio._interface import implementer
from reactorio.internet import abstract
from reactorio.internet.interfaces import IPullProducer, IPushProducer
from reactorio.logger import Logger
from reactorio.web._cutshort import cut_short
from reactorio.web._static.direct import DirectPath, direct_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reactorio.internet.interfaces import IDelayedCall
    from reactorio.web.server import Request

__all__ = [
    "MultipleRangeStaticProducer",
    "NoRangeStaticProducer",
    "SingleRangeStaticProducer",
    "StaticProducer",
]

__name__ = "reactorio.web.static"  # the public path


@implementer(IPullProducer, IPushProducer)
class StaticProducer:
    """
    What sends a file, or parts of one, and then finishes the request.

    A subclass says in `_next_block` what comes next. One that has a ``resumeProducing`` of its own is a pull producer, as in
    Twisted: it is called for every block.

    Args:
        request: What to write to, and to finish.
        fileObject: What to read from; it is closed in the end.
    """

    bufferSize = abstract.FileDescriptor.bufferSize
    """How much is read and written at once, in bytes."""

    burst = 16 * bufferSize
    """After how many bytes others have their turn, if the transport takes all that it is given."""

    streaming = True

    _log = Logger()
    _paused = False
    _writing = False
    _next_turn: IDelayedCall | None = None

    def __init__(self, request: Request, fileObject: IO[bytes]) -> None:
        self.request: Request | None = request
        self.fileObject = fileObject

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "resumeProducing" in vars(cls) and "streaming" not in vars(cls):
            cls.streaming = False

    def start(self) -> None:
        """Begin."""
        assert self.request is not None
        self.request.registerProducer(self, self.streaming)
        # A push producer is not asked for the first of it.
        if self.streaming and self.request is not None and not self._paused:
            self.resumeProducing()

    def resumeProducing(self) -> None:
        """Write what the transport takes; a pull producer: the next block."""
        self._paused = False
        self._drop_next_turn()
        if self._writing:  # whoever writes already will go on
            return
        self._writing = True
        try:
            self._write_blocks(self.burst if self.streaming else 1)
        finally:
            self._writing = False

    def pauseProducing(self) -> None:
        """Write no more until told so."""
        self._paused = True
        self._drop_next_turn()

    def stopProducing(self) -> None:
        """Let go of request and file: the client has gone, or has it all."""
        self._drop_next_turn()
        self.fileObject.close()
        self.request = None

    def _next_block(self) -> bytes:
        """Return what comes next: nothing at the end of it."""
        raise NotImplementedError(f"{type(self).__name__} does not say what to send")

    def _send_directly(self, most: int) -> int:
        """Have the system send what comes next, at most this much; return how much it has sent."""
        return 0

    def _is_all_sent(self) -> bool:
        """Is it known that nothing is left?"""
        return False

    def _is_complete(self) -> bool:
        """Was that all? If not, its end is not the file's that was promised."""
        return True

    def _write_blocks(self, most: int) -> None:
        written = 0
        while self.request is not None and not self._paused:
            if written >= most and not self._is_all_sent():
                if self.streaming:
                    self._take_next_turn()
                return
            sent = self._send_directly(most - written)
            if sent:
                written += sent
                continue
            block = self._next_block()
            if not block:
                self._end()
                return
            written += len(block)
            self.request.write(block)

    def _end(self) -> None:
        request = self.request
        assert request is not None
        request.unregisterProducer()
        complete = self._is_complete()
        self.stopProducing()
        if complete:
            request.finish()
            return
        self._log.warn("The file became shorter while it was sent: {uri!r}", uri=request.uri)
        cut_short(request)

    def _take_next_turn(self) -> None:
        # Twisted's signatures leave no place for another reactor than the global one.
        from reactorio.internet import reactor

        self._next_turn = reactor.callLater(0, self._go_on)

    def _go_on(self) -> None:
        self._next_turn = None
        self.resumeProducing()

    def _drop_next_turn(self) -> None:
        call, self._next_turn = self._next_turn, None
        if call is not None:
            call.cancel()


class NoRangeStaticProducer(StaticProducer):
    """
    Sends a whole file.

    A file that fits into one block is sent at once, without a producer.
    """

    size: int | None = None
    """How much has been promised, in bytes; None: all that there is."""

    # None until it has been looked for.
    _direct: DirectPath | Literal[False] | None = None

    def start(self) -> None:
        request = self.request
        if request is None or not self.streaming or self.size is None or self.size > self.bufferSize:
            super().start()
            return
        content = self._next_block()
        if content:
            request.write(content)
        if self.size:
            super().start()
            return
        self.stopProducing()
        request.finish()

    def _next_block(self) -> bytes:
        size = self.size
        if size is None:
            return self.fileObject.read(self.bufferSize)
        block = self.fileObject.read(min(self.bufferSize, size))
        self.size = size - len(block)
        return block

    def _send_directly(self, most: int) -> int:
        if self._direct is False or not self.size or not self.streaming:
            return 0
        if self._direct is None:
            self._direct = direct_path(self.request, self.fileObject) or False
            return self._send_directly(most)
        sent = self._direct.send(min(most, self.size))
        self.size -= sent
        return sent

    def _is_all_sent(self) -> bool:
        return self.size == 0

    def _is_complete(self) -> bool:
        return not self.size


class SingleRangeStaticProducer(NoRangeStaticProducer):
    """
    Sends a part of a file.

    Args:
        offset: Where it begins, in bytes.
        size: How long it is.
    """

    def __init__(self, request: Request, fileObject: IO[bytes], offset: int, size: int) -> None:
        super().__init__(request, fileObject)
        self.offset = offset
        self.size = size

    def start(self) -> None:
        self.fileObject.seek(self.offset)
        super().start()


class MultipleRangeStaticProducer(StaticProducer):
    """
    Sends several parts of a file, with something before each of them. What is small goes out together.

    Args:
        rangeInfo: What goes before each part, its offset, and its length.
    """

    def __init__(self, request: Request, fileObject: IO[bytes], rangeInfo: Sequence[tuple[bytes, int, int]]) -> None:
        super().__init__(request, fileObject)
        self.rangeInfo = rangeInfo
        self._parts = iter(rangeInfo or ())
        self._left = 0
        self._truncated = False

    def _next_block(self) -> bytes:
        pieces: list[bytes] = []
        length = 0
        while length < self.bufferSize and not self._truncated:
            if self._left:
                piece = self.fileObject.read(min(self.bufferSize - length, self._left))
                self._left -= len(piece)
                self._truncated = not piece
            else:
                part = next(self._parts, None)
                if part is None:
                    break
                piece, offset, self._left = part
                self.fileObject.seek(offset)
            pieces.append(piece)
            length += len(piece)
        return b"".join(pieces)

    def _is_complete(self) -> bool:
        return not self._truncated
