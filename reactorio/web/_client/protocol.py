"""
One HTTP/1 connection, seen from the client.

    QUIESCENT                               nothing to do: a request may come
    TRANSMITTING                            the request is being sent
    WAITING                                 it is sent, the response is awaited or on its way
    TRANSMITTING_AFTER_RECEIVING_RESPONSE   the response came before the request was sent; the connection is closed
    GENERATION_FAILED                       the request could not be made; the connection is closed
    ABORTING                                `abort` was called
    CONNECTION_LOST                         the end
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import CancelledError, Deferred, fail, succeed
from reactorio.internet.protocol import Protocol, connectionDone
from reactorio.logger import Logger
from reactorio.python.failure import Failure
from reactorio.web._client.errors import (
    ConnectionAborted,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from reactorio.web._client.limits import DEFAULT_LIMITS
from reactorio.web._client.receiver import ResponseReceiver, log_interim
from reactorio.web._client.request import Request
from reactorio.web._client.response import TransportProxyProducer
from reactorio.web._http.bodies import PotentialDataLoss, _DataLoss

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.web._client.limits import ResponseLimits
    from reactorio.web._client.patience import Patience
    from reactorio.web._client.response import Response
    from reactorio.web.iweb import IResponse

__name__ = "reactorio.web._newclient"  # the public path

# Seconds that a body waits for "100 Continue" (RFC 9110 section 10.1.1 leaves it to us: servers need not send it).
CONTINUE_PATIENCE = 1.0


class HTTP11ClientProtocol(Protocol):
    """
    One HTTP/1 connection: a request, its response, and another if both sides keep it open.

    Args:
        quiescentCallback: Called with this when it may take another request.
    """

    _log = Logger()
    _state = "QUIESCENT"
    _parser: ResponseReceiver | None = None
    _finishedRequest: Deferred[Any] | None = None
    _currentRequest: Any = None
    _transportProxy: TransportProxyProducer | None = None
    _responseDeferred: Deferred[IResponse] | None = None
    # The Deferred of the request being written, while that takes time.
    _writing: Deferred[Any] | None = None
    _receiver: ResponseReceiver | None = None
    # Set by the pool: told of the connection's end; a reactor's clock; how much is taken from a server.
    _lost_callback: Callable[[Any], None] | None = None
    _clock: Any = None
    _limits: ResponseLimits = DEFAULT_LIMITS
    # Counts the request's time, if somebody does.
    _patience: Patience | None = None
    _upgraded: Response | None = None
    _continue_timer: Any = None

    def __init__(self, quiescentCallback: Callable[[Any], Any] = lambda protocol: None) -> None:
        self._quiescentCallback = quiescentCallback
        self._abortDeferreds: list[Deferred[None]] = []

    @property
    def state(self) -> str:
        """The connection's state, see above."""
        return self._state

    # A request.

    def request(self, request: Any) -> Deferred[IResponse]:
        """
        Send ``request``.

        Returns:
            A Deferred of the response, which fires when its head is whole. It fails with RequestNotSent if the connection is not
            free, RequestGenerationFailed, RequestTransmissionFailed, ResponseNeverReceived or ResponseFailed. Cancelling
            it closes the connection.
        """
        if self._state != "QUIESCENT":
            return fail(RequestNotSent())
        self._state = "TRANSMITTING"
        self._currentRequest = request
        finished: Deferred[Any] = Deferred(self._cancel)
        self._finishedRequest = finished
        receiver = self._receiver
        if receiver is None:
            receiver = self._receiver = ResponseReceiver(self._limits)
        self._transportProxy = proxy = TransportProxyProducer(self.transport, self._abort_now)
        receiver.begin(request, proxy)
        self._parser = receiver
        self._responseDeferred = finished
        patience = getattr(request, "_patience", None)
        if patience is not None:
            self._patience = patience
            patience.began(self)
        if type(request) is Request and request.bodyProducer is None:
            try:
                request._writeToEmptyBodyContentLength(self.transport)
            except BaseException:
                self._generation_failed(Failure())
            else:
                self._sent()
        else:
            self._write(request)
        return finished

    def _write(self, request: Any) -> None:
        """Send a request that takes its time."""
        self._await_continue(request)
        try:
            writing = request.writeTo(self.transport)
        except BaseException:
            self._generation_failed(Failure())
            return
        self._writing = writing
        writing.addCallbacks(self._written, self._not_written)

    def _written(self, ignored: Any) -> None:
        self._writing = None
        if self._state == "TRANSMITTING":
            self._sent()
        elif self._state == "TRANSMITTING_AFTER_RECEIVING_RESPONSE":
            self._state = "QUIESCENT"  # and closed already: nobody gets it

    def _not_written(self, reason: Failure) -> None:
        self._writing = None
        if self._state == "TRANSMITTING":
            self._generation_failed(reason)
        else:
            self._log.failure(
                "Error writing request, but not in valid state to finalize request: {state}", reason, state=self._state
            )

    def _sent(self) -> None:
        # It may be lost, or answered, before `writeTo` returned.
        if self._state == "TRANSMITTING":
            self._state = "WAITING"

    def _generation_failed(self, reason: Failure) -> None:
        self._state = "GENERATION_FAILED"
        finished = self._take_finished()
        self._stop_timers()
        self.transport.loseConnection()
        if finished is not None:
            finished.errback(RequestGenerationFailed([reason]))

    def _await_continue(self, request: Any) -> None:
        """Hold a body back that the server wants to be asked about (RFC 9110 section 10.1.1)."""
        if self._clock is None or not isinstance(request, Request):
            return
        expectations = request.headers.getRawHeaders(b"expect", ())
        if any(value.strip().lower() == b"100-continue" for value in expectations):
            request._go_ahead = Deferred()
            self._continue_timer = self._clock.callLater(CONTINUE_PATIENCE, self._go_ahead)

    def _go_ahead(self) -> None:
        timer, self._continue_timer = self._continue_timer, None
        if timer is not None and timer.active():
            timer.cancel()
        waiting = getattr(self._currentRequest, "_go_ahead", None)
        if waiting is not None and not waiting.called:
            waiting.callback(None)

    def _stop_timers(self) -> None:
        patience, self._patience = self._patience, None
        if patience is not None:
            patience.stop()
        self._forget_continue()

    def _forget_continue(self) -> None:
        timer, self._continue_timer = self._continue_timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _cancel(self, deferred: Deferred[Any]) -> None:
        """The application gave up."""
        cancelled = Failure(CancelledError())
        if self._state == "TRANSMITTING" and self._writing is not None:
            self._writing.cancel()
            if not deferred.called:  # a producer's Deferred may have nothing to say
                self._generation_failed(cancelled)
            self.transport.abortConnection()
            return
        self.transport.abortConnection()
        self._disconnectParser(cancelled)

    def _is_paused(self) -> bool:
        return self._transportProxy is not None and self._transportProxy.paused

    def _expire(self, reason: Failure) -> None:
        """Time is up."""
        self.transport.abortConnection()
        if self._writing is not None and self._state == "TRANSMITTING":
            self._currentRequest.stopWriting()
        self._disconnectParser(reason)

    # Its response.

    def dataReceived(self, data: bytes) -> None:
        """Read what arrived of a response; what arrives without a request ends the connection."""
        if self._upgraded is not None:
            self._upgraded._bodyDataReceived(data)
            return
        receiver = self._parser
        if receiver is None:
            # Nobody asked for anything: whatever this is, it is not to be taken for the next response.
            self.transport.loseConnection()
            return
        if self._patience is not None:
            self._patience.touch()
        reason: Failure | None = None
        try:
            receiver.feed(data)
        except Exception:
            reason = Failure()
        try:
            self._deliver(receiver)
        except Exception:  # from the application's protocol
            reason = Failure()
        if reason is not None:
            self._fail(receiver, reason)

    def _fail(self, receiver: ResponseReceiver, reason: Failure) -> None:
        if self._parser is receiver:
            self._giveUp(reason)
        else:
            self._log.failure("while a response's body ended", reason)
            self.transport.loseConnection()

    def _deliver(self, receiver: ResponseReceiver) -> None:
        """Hand on what has been read."""
        if receiver.interim:
            self._deal_with_interim(receiver)
        response = receiver.response
        if response is None:
            return
        chunks = receiver.chunks
        finished = self._finishedRequest
        if finished is not None and (not receiver.complete or receiver.upgraded):
            self._begin_response(response, receiver)
        elif finished is not None:
            # All of it at once, the usual case: the connection is free before anybody sees the response.
            if chunks:
                response._bodyBuffer = chunks
            response._state = "DEFERRED_CLOSE"
            self._finishResponse(receiver.rest)
            finished.callback(response)
        else:
            for data in self._take_chunks(receiver):
                if self._parser is not receiver:
                    return  # the application ended it meanwhile
                response._bodyDataReceived(data)
            if receiver.complete and self._parser is receiver:
                self._finishResponse(receiver.rest)
                response._bodyDataFinished()

    @staticmethod
    def _take_chunks(receiver: ResponseReceiver) -> list[bytes]:
        taken = receiver.chunks[:]
        receiver.chunks.clear()
        return taken

    def _begin_response(self, response: Response, receiver: ResponseReceiver) -> None:
        """The head is whole, the body is not."""
        self._forget_continue()
        for data in self._take_chunks(receiver):
            response._bodyDataReceived(data)
        finished = self._take_finished()
        # Until somebody wants the body, no more of it is read.
        if receiver.upgraded:
            self._upgrade(response, receiver)
        else:
            self._transportProxy.pauseProducing()  # type: ignore[union-attr]  # there is one
        if finished is not None:
            finished.callback(response)

    def _upgrade(self, response: Response, receiver: ResponseReceiver) -> None:
        """The connection is the response's from now on: its body's protocol gets the transport itself."""
        response._transport = self.transport
        self._upgraded = response
        self._parser = None
        if receiver.rest:
            response._bodyDataReceived(receiver.rest)
        self.transport.pauseProducing()

    def _deal_with_interim(self, receiver: ResponseReceiver) -> None:
        codes = receiver.interim[:]
        receiver.interim.clear()
        log_interim(self._log, codes)
        if 100 in codes:
            self._go_ahead()

    def _take_finished(self) -> Deferred[Any] | None:
        finished, self._finishedRequest = self._finishedRequest, None
        return finished

    def _finishResponse(self, rest: bytes) -> None:
        """The response is whole: the connection is free for another request, or is closed."""
        parser, request = self._parser, self._currentRequest
        sending = self._state == "TRANSMITTING"
        self._state = "TRANSMITTING_AFTER_RECEIVING_RESPONSE" if sending else "QUIESCENT"
        persistent = (
            not sending and parser is not None and parser.persistent and request.persistent and not self._abortDeferreds
        )
        self._finish_parser()
        self._stop_timers()
        if not persistent:
            self.transport.loseConnection()
            return
        try:
            self._quiescentCallback(self)
        except BaseException:
            # What the callback does with the connection, nobody knows now.
            self._log.failure("while the connection became free")
            self.transport.loseConnection()

    def _finish_parser(self) -> None:
        proxy = self._transportProxy
        self._currentRequest = self._parser = self._finishedRequest = None
        self._transportProxy = self._responseDeferred = None
        if proxy is not None:
            proxy.resumeProducing()
            proxy.stopProxying()

    # Ends.

    def _giveUp(self, reason: Failure) -> None:
        """Close the connection: what comes over it makes no sense, or nobody can take it."""
        self.transport.loseConnection()
        self._disconnectParser(reason)

    def _disconnectParser(self, reason: Failure, by_server: bool = False) -> None:
        """
        Tell whoever waits for the response that there will be no more of it.

        Args:
            by_server: Whether that may be its regular end.
        """
        receiver, finished = self._parser, self._take_finished()
        if receiver is None:
            return
        self._forget_request()
        try:
            if finished is not None:
                failed = ResponseFailed if receiver.started else ResponseNeverReceived
                finished.errback(failed([reason]))
            elif receiver.response is not None and receiver.response._state in ("INITIAL", "CONNECTED"):
                self._end_body(receiver, reason, by_server)
        except BaseException:
            self._log.failure("while telling that a response ended")

    def _end_body(self, receiver: ResponseReceiver, reason: Failure, by_server: bool) -> None:
        response = receiver.response
        assert response is not None
        for data in self._take_chunks(receiver):
            response._bodyDataReceived(data)
        if receiver.until_close and by_server:
            response._bodyDataFinished(Failure(PotentialDataLoss()))
        else:
            response._bodyDataFinished(Failure(ResponseFailed([reason, Failure(_DataLoss())], response)))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection ended."""
        state, self._state = self._state, "CONNECTION_LOST"
        if state == "TRANSMITTING":
            self._lost_while_sending(reason)
        elif state == "ABORTING":
            self._disconnectParser(Failure(ConnectionAborted()))
        else:
            self._disconnectParser(reason, by_server=state == "WAITING")
        upgraded, self._upgraded = self._upgraded, None
        if upgraded is not None:
            upgraded._bodyDataFinished(reason)
        self._stop_timers()
        if self._lost_callback is not None:
            self._lost_callback(self)
        waiting, self._abortDeferreds = self._abortDeferreds, []
        for deferred in waiting:
            deferred.callback(None)

    def _lost_while_sending(self, reason: Failure) -> None:
        request, finished = self._currentRequest, self._take_finished()
        if finished is None:  # its response has begun
            self._disconnectParser(reason)
        else:
            self._forget_request()
        request.stopWriting()
        if finished is not None:
            finished.errback(RequestTransmissionFailed([reason]))

    def _forget_request(self) -> None:
        self._parser = self._currentRequest = self._responseDeferred = None
        proxy, self._transportProxy = self._transportProxy, None
        if proxy is not None:
            proxy.stopProxying()
        self._stop_timers()

    def abort(self) -> Deferred[None]:
        """
        Close the connection at once.

        Returns:
            A Deferred that fires when it is closed.
        """
        if self._state == "CONNECTION_LOST":
            return succeed(None)
        self.transport.abortConnection()
        self._state = "ABORTING"
        deferred: Deferred[None] = Deferred()
        self._abortDeferreds.append(deferred)
        return deferred

    def _abort_now(self) -> None:
        self.transport.abortConnection()
