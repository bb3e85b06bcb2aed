"""Files, read and written piece by piece, and text as the network has it, with CR and LF at the end of its lines."""

from __future__ import annotations

import os
from typing import IO, Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred, maybeDeferred, succeed
from reactorio.internet.interfaces import IConsumer
from reactorio.protocols._ftp.interfaces import IReadFile, IWriteFile
from reactorio.protocols.basic import FileSender

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_LINESEP = os.linesep.encode("ascii")


class _Sender(FileSender):
    # A piece is read when the peer has taken the one before. This is as much as other connections wait for at a time.
    CHUNK_SIZE = 2**16


@implementer(IReadFile)
class _FileReader:
    """
    A file on its way to a client.

    Args:
        fObj: The file; it is closed when all is sent, or nobody takes more.
    """

    def __init__(self, fObj: IO[bytes]) -> None:
        self.fObj = fObj
        self._send = False

    def send(self, consumer: IConsumer) -> Deferred[Any]:
        assert not self._send, "Can only call IReadFile.send *once* per instance"
        self._send = True
        sent = maybeDeferred(_Sender().beginFileTransfer, self.fObj, consumer)
        return sent.addBoth(self._close)

    def _close(self, result: Any) -> Any:
        self.fObj.close()
        return result


@implementer(IConsumer)
class FileConsumer:
    """
    A consumer that writes to a file. It is as fast as its producer.

    Args:
        fObj: The file. It is not closed here.
    """

    producer: Any = None

    def __init__(self, fObj: IO[bytes]) -> None:
        self.fObj = fObj

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take a producer; it has to be one that streams, as nobody asks it for anything."""
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        self.fObj.write(data)


@implementer(IWriteFile)
class _FileWriter:
    """
    A file on its way from a client.

    Args:
        fObj: The file; `close` closes it.
    """

    def __init__(self, fObj: IO[bytes]) -> None:
        self.fObj = fObj
        self._receive = False

    def receive(self) -> Deferred[Any]:
        assert not self._receive, "Can only call IWriteFile.receive *once* per instance"
        self._receive = True
        return succeed(FileConsumer(self.fObj))

    def close(self) -> Deferred[Any]:
        return maybeDeferred(self.fObj.close)


class ASCIIConsumerWrapper:
    """
    Passes on text as the network has it: this system's ends of lines become CR LF (RFC 959 section 3.1.1.1).

    Args:
        cons: The consumer that it goes to.
    """

    def __init__(self, cons: Any) -> None:
        self.cons = cons
        self.registerProducer = cons.registerProducer
        self.unregisterProducer = cons.unregisterProducer

    def write(self, bytes: bytes) -> None:
        self.cons.write(bytes if _LINESEP == b"\r\n" else bytes.replace(_LINESEP, b"\r\n"))


class _TextFromNetwork:
    """
    Passes on text as this system has it: CR LF becomes its end of a line.

    Args:
        cons: The consumer that it goes to.
    """

    def __init__(self, cons: Any) -> None:
        self.cons = cons
        self.registerProducer = cons.registerProducer
        # A CR, if that was the last byte: the LF may be the next.
        self._last = b""

    def write(self, data: bytes) -> None:
        data = self._last + data
        self._last = data[-1:] if data.endswith(b"\r") else b""
        self.cons.write(data[: len(data) - len(self._last)].replace(b"\r\n", _LINESEP))

    def unregisterProducer(self) -> None:
        if self._last:
            last, self._last = self._last, b""
            self.cons.write(last)
        self.cons.unregisterProducer()
