"""Bodies: a response's, read whole; a request's, from a file."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet import task
from reactorio.internet.defer import CancelledError, Deferred, fail, succeed
from reactorio.internet.protocol import Protocol, connectionDone
from reactorio.web._client.errors import ResponseDone
from reactorio.web._client.response import Response
from reactorio.web._http.bodies import PotentialDataLoss
from reactorio.web.error import Error
from reactorio.web.iweb import UNKNOWN_LENGTH, IBodyProducer

if TYPE_CHECKING:
    from typing import IO

    from reactorio.internet.interfaces import IConsumer
    from reactorio.python.failure import Failure
    from reactorio.web.iweb import IResponse

__name__ = "reactorio.web.client"  # the public path


class PartialDownloadError(Error):
    """
    A body ended with the connection, and nothing says that it was whole.

    Attributes:
        response: What there is of it.
    """


class BodyTooLong(Exception):
    """
    A body is longer than the reader takes.

    Attributes:
        limit: How many bytes that is.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body has more than {limit} bytes")
        self.limit = limit


class _ReadBodyProtocol(Protocol):
    """
    Collects a body.

    Args:
        status, message: Those of the response.
        deferred: Fires with the body.
        limit: How many bytes it may have, None for any number.
    """

    def __init__(self, status: int, message: bytes, deferred: Deferred[bytes] | None, limit: int | None = None) -> None:
        self.deferred = deferred
        self.status = status
        self.message = message
        self.dataBuffer: list[bytes] = []
        self._left = limit
        self._limit = limit

    def dataReceived(self, data: bytes) -> None:
        """Keep ``data``."""
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                self._refuse()
                return
        self.dataBuffer.append(data)

    def _refuse(self) -> None:
        self.dataBuffer.clear()
        deferred, self.deferred = self.deferred, None
        if deferred is not None and self._limit is not None:
            deferred.errback(BodyTooLong(self._limit))
            abort = getattr(self.transport, "abortConnection", None)
            if abort is not None:
                abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The body is whole, or never will be."""
        deferred, self.deferred = self.deferred, None
        if deferred is None:
            return
        body = b"".join(self.dataBuffer)
        if reason.check(ResponseDone):
            deferred.callback(body)
        elif reason.check(PotentialDataLoss):
            deferred.errback(PartialDownloadError(self.status, self.message, body))
        else:
            deferred.errback(reason)


def readBody(response: IResponse, *, limit: int | None = None) -> Deferred[bytes]:
    """
    Read the body of ``response``.

    Args:
        limit: How many bytes it may have; None for as many as come.

    Returns:
        A Deferred of the body. It fails with PartialDownloadError if nobody knows whether the body is whole, with `BodyTooLong`,
        or with what ended the connection. Cancelling it closes the connection.
    """
    if (
        isinstance(response, Response)
        and type(response) is Response
        and response._state == "DEFERRED_CLOSE"
        and response._reason is None
    ):
        body = b"".join(response._bodyBuffer or ())
        if limit is None or len(body) <= limit:
            response._state = "FINISHED"
            response._bodyBuffer = None
            return succeed(body)

    def cancel(deferred: Deferred[bytes]) -> None:
        reader.deferred = None
        abort = getattr(reader.transport, "abortConnection", None)
        if abort is not None:
            abort()

    deferred: Deferred[bytes] = Deferred(cancel)
    reader = _ReadBodyProtocol(response.code, response.phrase, deferred, limit)
    try:
        response.deliverBody(reader)
    except Exception:  # what there is of the body cannot be decoded
        reader.deferred = None
        return fail()
    if reader.transport is not None and getattr(reader.transport, "abortConnection", None) is None:
        warnings.warn(
            "Using readBody with a transport that does not have an abortConnection method",
            category=DeprecationWarning,
            stacklevel=2,
        )
    return deferred


@implementer(IBodyProducer)
class FileBodyProducer:
    """
    Writes a file as the body of a request, and closes it at its end.

    Args:
        inputFile: What to read, from where it stands. If it can say where that is, the length is known.
        cooperator: Who shares out the work: something with ``cooperate``.
        readSize: Bytes to read at a time.
    """

    def __init__(self, inputFile: IO[bytes], cooperator: Any = task, readSize: int = 2**16) -> None:
        self._inputFile = inputFile
        self._cooperate = cooperator.cooperate
        self._readSize = readSize
        self._task: Any = None
        self.length: Any = self._determineLength(inputFile)

    def _determineLength(self, fObj: IO[bytes]) -> Any:
        try:
            seek, tell = fObj.seek, fObj.tell
        except AttributeError:
            return UNKNOWN_LENGTH
        start = tell()
        seek(0, os.SEEK_END)
        end = tell()
        seek(start, os.SEEK_SET)
        return end - start

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """
        Write the file to ``consumer``.

        Returns:
            A Deferred that fires at the end of the file, or fails as reading does. Cancelling it stops, and it never fires.
        """
        self._task = self._cooperate(self._writeloop(consumer))
        produced: Deferred[Any] = self._task.whenDone()
        return produced.addCallbacks(self._done, self._failed)

    def _done(self, ignored: Any) -> None:
        self._inputFile.close()

    def _failed(self, reason: Failure) -> Any:
        if reason.check(CancelledError):
            self.stopProducing()
        elif not reason.check(task.TaskStopped):
            return reason
        # To be told to stop is no result (IBodyProducer): who waits for one waits for ever.
        return Deferred()

    def _writeloop(self, consumer: IConsumer) -> Any:
        while data := self._inputFile.read(self._readSize):
            consumer.write(data)
            yield None

    def stopProducing(self) -> None:
        """Write no more, and close the file; it may be called again."""
        self._inputFile.close()
        if self._task is not None:
            running, self._task = self._task, None
            try:
                running.stop()
            except (task.TaskDone, task.TaskStopped, task.TaskFailed):
                pass  # it ended by itself

    def pauseProducing(self) -> None:
        """Write no more for now."""
        self._task.pause()

    def resumeProducing(self) -> None:
        """Write on."""
        self._task.resume()
