"""Protocols that keep what arrives, a producer that counts, and waiting for connections to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred
from reactorio.internet.protocol import Protocol
from reactorio.internet.task import LoopingCall
from reactorio.protocols.basic import LineReceiver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.testing"  # the public path, for the classes made here


class AccumulatingProtocol(Protocol):
    """
    Keeps what it receives.

    When it is connected it fires, once, its factory's ``protocolConnectionMade``, if that is a Deferred.

    Attributes:
        data: All that was received.
        made, closed: Was the connection made, was it lost? 1 if so.
        closedReason: Why it was lost.
        closedDeferred: A Deferred to fire when it is lost.
    """

    made = 0
    closed = 0
    closedReason: Failure | None = None
    closedDeferred: Deferred[None] | None = None
    data = b""
    factory: Any = None

    def connectionMade(self) -> None:
        self.made = 1
        fired: Deferred[AccumulatingProtocol] | None = getattr(self.factory, "protocolConnectionMade", None)
        if fired is not None:
            self.factory.protocolConnectionMade = None
            fired.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.closed = 1
        self.closedReason = reason
        if self.closedDeferred is not None:
            fired, self.closedDeferred = self.closedDeferred, None
            fired.callback(None)


class LineSendingProtocol(LineReceiver):
    """
    Sends lines and keeps the lines that come back.

    Args:
        lines: What to send.
        start: Send it at once, not when the first line came.

    Attributes:
        response: The lines received, but for that first one.
        lostConn: Is the connection lost?
    """

    lostConn = False

    def __init__(self, lines: Sequence[bytes], start: bool = True) -> None:
        self.lines = list(lines)
        self.response: list[bytes] = []
        self.start = start

    def connectionMade(self) -> None:
        if self.start:
            self._send_all()

    def lineReceived(self, line: bytes) -> None:
        if not self.start:
            self._send_all()
            self.start = True
        self.response.append(line)

    def connectionLost(self, reason: Any = None) -> None:
        self.lostConn = True

    def _send_all(self) -> None:
        for line in self.lines:
            self.sendLine(line)


class NonStreamingProducer:
    """
    A pull producer that writes ``0`` to ``9``, one each time it is asked, and then unregisters.

    Args:
        consumer: What it writes to; None again when it is done or stopped.

    Attributes:
        result: Fires when it is done or stopped.
    """

    counter = 0
    stopped = False

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self.result: Deferred[None] = Deferred()

    def resumeProducing(self) -> None:
        """
        Write one number.

        Raises:
            RuntimeError: There are no more, or it was stopped.
        """
        if self.consumer is None or self.counter >= 10:
            raise RuntimeError("BUG: resume after unregister/stop.")
        self.consumer.write(b"%d" % self.counter)
        self.counter += 1
        if self.counter == 10:
            self.consumer.unregisterProducer()
            self._done()

    def pauseProducing(self) -> None:
        """
        Fail: only a streaming producer is ever paused.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError("BUG: pause should never be called.")

    def stopProducing(self) -> None:
        if self.consumer is not None:
            self.consumer.unregisterProducer()
        self.stopped = True
        self._done()

    def _done(self) -> None:
        self.consumer = None
        if not self.result.called:
            self.result.callback(None)


def waitUntilAllDisconnected(reactor: Any, protocols: Sequence[Any]) -> Deferred[Any]:
    """
    Return a Deferred that fires once no transport of these protocols is connected.

    Args:
        reactor: Tells the time: it is looked every hundredth of a second.
    """

    def look() -> None:
        if not any(protocol.transport.connected for protocol in protocols):
            polling.stop()

    polling = LoopingCall(look)
    polling.clock = reactor
    return polling.start(0.01)
