"""
WSGI applications as resources (PEP 3333).

An application runs in a thread of a pool: it is called, its iterable read and closed there. What it says goes to the reactor
by a queue (`_wsgi.outbox`), and its thread waits when the client is slower than the application: an answer of any size takes the
memory of a few chunks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IPushProducer
from reactorio.logger import Logger
from reactorio.python.failure import Failure
from reactorio.web._http.answering import NO_BODY_CODES
from reactorio.web._responses import INTERNAL_SERVER_ERROR
from reactorio.web._wsgi.environ import environment
from reactorio.web._wsgi.head import fields_of, status_of
from reactorio.web._wsgi.outbox import Outbox
from reactorio.web.resource import IResource
from reactorio.web.server import NOT_DONE_YET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

__all__ = ["WSGIResource"]


class _ClientGone(ConnectionError):
    """Nobody is there to take what the application writes."""


@implementer(IPushProducer)
class _WSGIResponse:
    """
    One run of an application.

    Args:
        reactor: An `IReactorThreads`.
        threadpool: What has ``callInThread``.
        application: The WSGI application.
        request: The request; its body is taken over.
    """

    _log = Logger(namespace="reactorio.web.wsgi")
    _is_gone = False
    # In the application's thread: the response's head, and whether some of the body followed, so that it is settled.
    _head: tuple[int, bytes, list[tuple[bytes, bytes]]] | None = None
    _is_settled = False
    # A body that is whole.
    _rest = b""
    # In the reactor's thread.
    _has_begun = False
    _has_ended = False
    _is_producing = False
    _length_left: int | None = None

    def __init__(
        self, reactor: Any, threadpool: Any, application: Callable[..., Iterable[bytes]], request: Any
    ) -> None:
        self.reactor = reactor
        self.threadpool = threadpool
        self.application = application
        self.request = request
        # A request closes its body with the connection; the thread may be reading it.
        self._content, request.content = request.content, None
        self.environ = environment(request, self._content)
        self._outbox = Outbox(reactor)

    def start(self) -> None:
        """Run the application in the pool."""
        self.request.notifyFinish().addErrback(self._gone)
        # The application's type is the only one: without one, there is none.
        self.request.defaultContentType = None
        self.threadpool.callInThread(self.run)

    # -- In the application's thread

    def run(self) -> None:
        """Call the application, send what it gives, and have what goes wrong logged."""
        try:
            self._call_application()
        except BaseException:
            failure = Failure()
            if not (self._is_gone and isinstance(failure.value, _ClientGone)):
                self._outbox.put(self._perform, self._fail, failure)
        else:
            self._outbox.put(self._perform, self._end)
        finally:
            if self._content is not None:
                self._content.close()

    def _call_application(self) -> None:
        result = self.application(self.environ, self.startResponse)
        try:
            if (type(result) is list or type(result) is tuple) and len(result) == 1 and not self._is_settled:
                self._whole_body(result[0])
                return
            for chunk in result:
                if chunk:
                    self.write(chunk)
                if self._is_gone:
                    break
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        if self._head is None and not self._is_gone:
            raise RuntimeError("The application has not called start_response.")

    def _whole_body(self, data: bytes) -> None:
        """Have the body sent with the end, and its length said if the application has not (PEP 3333, on Content-Length)."""
        code, _, headers = self._checked(data)
        # An empty answer to HEAD says nothing of the body that GET would have.
        has_body = code not in NO_BODY_CODES and (data or self.request.method != b"HEAD")
        if has_body and not any(name.lower() == b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(data)))
        self._rest = data

    def _checked(self, data: bytes) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        """Return the head of what some of the body is to be sent for."""
        if not isinstance(data, bytes):
            raise TypeError(f"Can only write bytes to a transport, not {data!r}")
        if self._head is None:
            raise RuntimeError("The application writes before it has called start_response.")
        return self._head

    def startResponse(
        self,
        status: str,
        headers: Sequence[tuple[str, str]],
        excInfo: tuple[type[BaseException], BaseException, TracebackType | None] | None = None,
    ) -> Callable[[bytes], None]:
        """
        The ``start_response`` of PEP 3333: say what the response is like; again, until the first of the body is written.

        Header fields that are the server's are left out: Server, Date, and those about the connection.

        Returns:
            A function that writes some of the body, and raises ConnectionError if the client is gone.

        Raises:
            TypeError: Of the arguments, one is of the wrong type.
            ValueError: The status has no code.
            BaseException: What ``excInfo`` has, if it is too late for another response.
        """
        if self._is_settled and excInfo is not None:
            try:
                raise excInfo[1].with_traceback(excInfo[2])
            finally:
                excInfo = None
        if self._is_settled:
            raise RuntimeError("start_response is called after the response has begun, and without an error.")
        self._head = (*status_of(status), fields_of(headers))
        return self.write

    def write(self, data: bytes) -> None:
        """Send some of the body, and wait if the client does not keep up."""
        self._checked(data)
        if self._is_gone:
            raise _ClientGone("The client is gone.")
        if data:
            self._is_settled = True
            self._outbox.put(self._perform, self._send_some, data, size=len(data))
            self._outbox.wait_for_room()

    # -- In the reactor's thread

    def _perform(self, step: Callable[..., None], *args: Any) -> None:
        try:
            step(*args)
        except Exception:
            # The request does not take what it is given: there is nothing to be done but to let it go.
            failure = Failure()
            self._log.failure("A WSGI response cannot be sent", failure=failure)
            if not self._is_gone:
                self._gone(failure)
                self.request.loseConnection()

    def _begin(self) -> None:
        if self._has_begun or self._head is None:
            return
        self._has_begun = True
        code, phrase, headers = self._head
        self.request.setResponseCode(code, phrase)
        # Others' requests have no such method.
        add = getattr(self.request, "add_header", None) or self.request.responseHeaders.addRawHeader
        for name, value in headers:
            add(name, value)
            if name.lower() == b"content-length" and value.isdigit():
                self._length_left = int(value)
        if self.request.method == b"HEAD" or code in NO_BODY_CODES:
            self._length_left = None

    def _send(self, data: bytes) -> None:
        if self._is_gone or self._has_ended:
            return
        self._begin()
        if self._length_left is not None:
            self._length_left -= len(data)
            if self._length_left < 0:
                # The client would take the rest for the next response.
                data = data[: self._length_left]
        self.request.write(data)

    def _send_some(self, data: bytes) -> None:
        self._send(data)
        if not self._is_producing and not self._is_gone:
            self._is_producing = True
            self.request.registerProducer(self, True)

    def _end(self) -> None:
        if self._is_gone or self._has_ended:
            return
        if self._rest:
            self._send(self._rest)
        else:
            self._begin()
        self._stop_producing()
        if self._is_gone:
            return
        if self._length_left:
            self._log.error(
                "The body of {method} {uri} is {by} bytes {than} than its Content-Length.",
                method=self.request.method,
                uri=self.request.uri,
                by=abs(self._length_left),
                than="shorter" if self._length_left > 0 else "longer",
            )
        if self._length_left is not None and self._length_left > 0:
            # Only so can the client know.
            self.request.loseConnection()
        else:
            self.request.finish()

    def _fail(self, failure: Failure) -> None:
        self._log.failure("WSGI application error", failure=failure)
        if self._is_gone or self._has_ended:
            return
        self._stop_producing()
        if self._has_begun:
            self.request.loseConnection()
        else:
            self.request.setResponseCode(INTERNAL_SERVER_ERROR)
            self.request.setHeader(b"Content-Length", b"0")
            self.request.finish()

    def _stop_producing(self) -> None:
        self._has_ended = True
        if self._is_producing:
            self._is_producing = False
            self.request.unregisterProducer()

    def _gone(self, reason: Failure) -> None:
        """The connection is lost: what is still to be sent is dropped, and the application's iterable closed."""
        self._is_gone = True
        self._outbox.close()

    def pauseProducing(self) -> None:
        self._outbox.pause(True)

    def resumeProducing(self) -> None:
        self._outbox.pause(False)

    def stopProducing(self) -> None:
        self._is_gone = True
        self._outbox.close()


@implementer(IResource)
class WSGIResource:
    """
    A resource that a WSGI application answers for, with all paths below.

    Args:
        reactor: An `IReactorThreads`, the one that has the requests.
        threadpool: The `reactorio.python.threadpool.ThreadPool` whose threads run the application, started and stopped by
            the caller; ``reactor.getThreadPool()`` is one.
        application: The WSGI application.
    """

    # Paths below it are PATH_INFO.
    isLeaf = True

    def __init__(self, reactor: Any, threadpool: Any, application: Callable[..., Iterable[bytes]]) -> None:
        self._reactor = reactor
        self._threadpool = threadpool
        self._application = application

    def render(self, request: Any) -> Any:
        """Have the application answer the request."""
        _WSGIResponse(self._reactor, self._threadpool, self._application, request).start()
        return NOT_DONE_YET

    def getChildWithDefault(self, name: bytes, request: Any) -> Any:
        """
        Raises:
            RuntimeError: Always: a leaf has no children.
        """
        raise RuntimeError("Cannot get IResource children from WSGIResource")

    def putChild(self, path: bytes, child: Any) -> None:
        """
        Raises:
            RuntimeError: Always: a leaf has no children.
        """
        raise RuntimeError("Cannot put IResource children under WSGIResource")
