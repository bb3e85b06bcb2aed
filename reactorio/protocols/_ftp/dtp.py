"""The server's data connection: one connects, or is connected to, for each transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred
from reactorio.internet.error import ConnectionDone, TimeoutError
from reactorio.internet.interfaces import IConsumer
from reactorio.internet.protocol import ClientFactory, Protocol, connectionDone
from reactorio.logger import Logger
from reactorio.protocols._ftp.addresses import host_of, same_host
from reactorio.protocols._ftp.errors import PortConnectionError
from reactorio.protocols._ftp.listing import long_line
from reactorio.protocols.policies import TimeoutMixin
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IDelayedCall

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)

# What a client may send before it says what that is.
_MOST_EARLY = 64 * 1024


@implementer(IConsumer)
class DTP(Protocol, TimeoutMixin):
    """
    A data connection. It is a consumer, of what is sent to the client, and a producer of what comes from there.

    While a time-out is set, the connection is broken when nothing has moved for that long.

    Attributes:
        isConnected: Is it connected?
        factory: What made it.
        pi: The `FTP` that it belongs to.
    """

    isConnected = False
    pi: Any = None

    _cons: Any = None
    _onConnLost: Deferred[Any] | None = None
    # What came before there was a consumer for it, and whether more is let come.
    _buffer: list[bytes] | None = None
    _early = 0
    # Why the connection was lost, and who waits for that.
    _lost: Any = None
    _closing: Deferred[Any] | None = None
    # Was a producer stopped, since the connection is about to be lost?
    _stopped = False

    def callLater(self, period: float, func: Callable[[], Any]) -> IDelayedCall:
        call: IDelayedCall = self.factory._reactor.callLater(period, func)
        return call

    def connectionMade(self) -> None:
        self.isConnected = True
        self._buffer = []
        deferred = self.factory.deferred
        if not deferred.called:
            deferred.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.isConnected = False
        self._lost = reason
        self.setTimeout(None)
        self._finish_consumer()
        if self._closing is not None:
            closing, self._closing = self._closing, None
            self._tell(closing)

    def _tell(self, waiting: Deferred[Any]) -> None:
        """Fire a Deferred: whether the connection was closed, or broke."""
        if isinstance(self._lost, Failure) and not self._lost.check(ConnectionDone):
            waiting.errback(self._lost)
        else:
            waiting.callback(None)

    def timeoutConnection(self) -> None:
        _log.info("FTP data connection timed out")
        self.abort()

    # ---- to the client

    def sendLine(self, line: bytes) -> None:
        """Send a line."""
        self.transport.write(line + b"\r\n")

    def _formatOneListResponse(
        self,
        name: bytes,
        size: Any,
        directory: Any,
        permissions: Any,
        hardlinks: Any,
        modified: float,
        owner: Any,
        group: Any,
    ) -> bytes:
        return long_line(name, size, directory, permissions, hardlinks, modified, owner, group)

    def sendListResponse(self, name: bytes, response: Any) -> None:
        """Send a line of LIST; ``response`` has what is known of the file, as `IFTPShell.list` returns it."""
        self.sendLine(self._formatOneListResponse(name, *response))

    def write(self, data: bytes) -> None:
        self.resetTimeout()
        if self.isConnected:
            self.transport.write(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take a producer; it is told to stop if the connection is lost."""
        if self._lost is not None:
            self._stopped = True
            producer.stopProducing()
            return
        # The client has nothing to say from now on, but may go away.
        self._buffer = None
        self.transport.resumeProducing()
        self.transport.registerProducer(_Producer(self, producer), streaming)

    def unregisterProducer(self) -> None:
        if self._lost is None:
            self.transport.unregisterProducer()

    def finish(self) -> Deferred[Any]:
        """
        Close the connection when all is sent.

        Returns:
            A Deferred that fires when it is closed; it fails if that did not happen in good order, so that not all may
            have been received.
        """
        self._closing = closing = Deferred[Any]()
        if self._lost is not None:
            self._closing = None
            self._tell(closing)
        else:
            self.transport.loseConnection()
        return closing

    def is_reason(self, failure: Failure) -> bool:
        """Does something fail because the client went away?"""
        return self._stopped or failure.value is getattr(self._lost, "value", None)

    def abort(self) -> None:
        """Break the connection now, whatever is still to send."""
        if self.isConnected and self.transport is not None:
            self.transport.abortConnection()

    # ---- from the client

    def dataReceived(self, bytes: bytes) -> None:
        self.resetTimeout()
        if self._cons is not None:
            self._conswrite(bytes)
        elif self._buffer is not None:
            self._buffer.append(bytes)
            self._early += len(bytes)
            if self._early > _MOST_EARLY:
                self.pauseProducing()

    def registerConsumer(self, cons: Any) -> Deferred[Any]:
        """
        Let ``cons`` have what comes from the client, and what has come.

        Returns:
            A Deferred that fires when the client has closed the connection. It fails if that broke, and if the consumer
            cannot take what comes: the connection is broken then.
        """
        assert self._cons is None, "There is a consumer already."
        self._cons = cons
        cons.registerProducer(self, True)
        self._onConnLost = done = Deferred[Any]()
        early, self._buffer = b"".join(self._buffer or ()), None
        if early:
            self._conswrite(early)
            self.resumeProducing()
        if self._lost is not None:
            self._finish_consumer()
        return done

    def _conswrite(self, bytes: bytes) -> None:
        try:
            self._cons.write(bytes)
        except Exception:
            self._give_up(Failure())

    def _give_up(self, reason: Failure) -> None:
        done, self._onConnLost = self._onConnLost, None
        cons, self._cons = self._cons, _Nowhere()
        _release(cons)
        self.abort()
        if done is not None:
            done.errback(reason)

    def _finish_consumer(self) -> None:
        cons, self._cons = self._cons, None
        done, self._onConnLost = self._onConnLost, None
        if done is None:
            return
        failed = _release(cons)
        if failed is not None:
            done.errback(failed)
        else:
            self._tell(done)

    # ---- as a producer

    def pauseProducing(self) -> None:
        if self.isConnected and self.transport is not None:
            self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        if self.isConnected and self.transport is not None:
            self.transport.resumeProducing()

    def stopProducing(self) -> None:
        if self.isConnected and self.transport is not None:
            self.transport.stopProducing()


class _Producer:
    """A producer, as the transport has it: the transport stops it before it tells the protocol of the connection's end."""

    def __init__(self, dtp: DTP, producer: Any) -> None:
        self._dtp = dtp
        self._producer = producer

    def pauseProducing(self) -> None:
        self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        self._producer.resumeProducing()

    def stopProducing(self) -> None:
        self._dtp._stopped = True
        self._producer.stopProducing()


class _Nowhere:
    """Takes what still comes while a connection breaks."""

    def write(self, data: bytes) -> None: ...


def _release(cons: Any) -> Failure | None:
    """Unregister from a consumer, which may still have to write something: return what goes wrong then."""
    try:
        cons.unregisterProducer()
    except Exception:
        return Failure()
    return None


class DTPFactory(ClientFactory[Any]):
    """
    Makes one `DTP`, of the connection that comes first, or is made.

    Args:
        pi: The `FTP` that it is for; its ``dtpInstance`` becomes the `DTP`.
        peerHost: The address of the client.
        reactor: What measures the time.

    Attributes:
        deferred: Fires when there is a connection; it fails with a `PortConnectionError` when there will be none.
        peerCheck: Refuse connections that do not come from ``peerHost``? (Unlike in Twisted, where nothing reads it.)
        delayedCall: The time-out's.
    """

    noisy = False
    peerCheck = False
    delayedCall: IDelayedCall | None = None

    _state: Literal["waiting", "connected", "failed"] = "waiting"

    def __init__(self, pi: Any, peerHost: str | None = None, reactor: Any = None) -> None:
        self.pi = pi
        self.peerHost = peerHost
        self.deferred: Deferred[Any] = Deferred()
        if reactor is None:
            from reactorio.internet import reactor  # not at the top: which one it is, is decided late
        self._reactor: Any = reactor

    def buildProtocol(self, addr: Any) -> DTP | None:
        """Return the `DTP`, once; None for connections after that, and for those of others."""
        if self._state != "waiting":
            return None
        host = host_of(addr)
        if self.peerCheck and self.peerHost is not None and host is not None and not same_host(host, self.peerHost):
            _log.info("FTP data connection from {host} refused: the client is {peer}", host=host, peer=self.peerHost)
            return None
        self._state = "connected"
        self.cancelTimeout()
        self.pi.dtpInstance = protocol = DTP()
        protocol.factory = self
        protocol.pi = self.pi
        return protocol

    def stopFactory(self) -> None:
        self.cancelTimeout()

    def setTimeout(self, seconds: float) -> None:
        """Wait for a connection so many seconds from now."""
        self.delayedCall = self._reactor.callLater(seconds, self.timeoutFactory)

    def cancelTimeout(self) -> None:
        if self.delayedCall is not None and self.delayedCall.active():
            self.delayedCall.cancel()

    def timeoutFactory(self) -> None:
        """There was no connection in time."""
        self._fail(TimeoutError("DTPFactory timeout"))

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self._fail(reason)

    def abandon(self) -> None:
        """Wait no more."""
        self._fail("given up")

    def _fail(self, reason: Any) -> None:
        if self._state != "waiting":
            return
        self._state = "failed"
        self.cancelTimeout()
        if not self.deferred.called:
            self.deferred.errback(PortConnectionError(reason))
