"""Connections that are closed when nothing happens on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.error import AlreadyCalled, AlreadyCancelled
from reactorio.internet.protocol import connectionDone
from reactorio.protocols._policies.clock import call_later
from reactorio.protocols._policies.wrapping import ProtocolWrapper, WrappingFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.internet.interfaces import IDelayedCall
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.policies"  # the public path: see the package's docstring


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None:
        try:
            call.cancel()
        except (AlreadyCalled, AlreadyCancelled):
            # It has just been made, or somebody swept the reactor's calls.
            pass


class TimeoutProtocol(ProtocolWrapper):
    """
    Closes the connection when nothing was read or written for a while.

    Args:
        factory: The factory that made this.
        wrappedProtocol: The protocol that has this for its transport.
        timeoutPeriod: The while, in seconds; None for none.
    """

    timeoutCall: IDelayedCall | None = None
    timeoutPeriod: float | None = None

    def __init__(self, factory: Any, wrappedProtocol: Any, timeoutPeriod: float | None) -> None:
        super().__init__(factory, wrappedProtocol)
        self.setTimeout(timeoutPeriod)

    def setTimeout(self, timeoutPeriod: float | None = None) -> None:
        """Wait for so many seconds from now and after each read or write; None for no more waiting."""
        self.cancelTimeout()
        self.timeoutPeriod = timeoutPeriod
        if timeoutPeriod is not None:
            self.timeoutCall = self.factory.callLater(timeoutPeriod, self.timeoutFunc)

    def cancelTimeout(self) -> None:
        """Do not close the connection, until `setTimeout` is called again."""
        _cancel(self.timeoutCall)
        self.timeoutCall = None

    def resetTimeout(self) -> None:
        """Wait from now."""
        if self.timeoutCall is not None and self.timeoutPeriod is not None:
            self.timeoutCall.reset(self.timeoutPeriod)

    def write(self, data: bytes) -> None:
        self.resetTimeout()
        super().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.resetTimeout()
        super().writeSequence(data)

    def dataReceived(self, data: bytes) -> None:
        self.resetTimeout()
        super().dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.cancelTimeout()
        super().connectionLost(reason)

    def timeoutFunc(self) -> None:
        """Nothing has happened: close the connection."""
        self.timeoutCall = None
        self.loseConnection()


class TimeoutFactory(WrappingFactory):
    """
    Closes connections on which nothing was read or written for a while.

    Args:
        wrappedFactory: The factory whose connections they are.
        timeoutPeriod: The while, in seconds.
    """

    protocol = TimeoutProtocol

    def __init__(self, wrappedFactory: Any, timeoutPeriod: float | None = 30 * 60) -> None:
        super().__init__(wrappedFactory)
        self.timeoutPeriod = timeoutPeriod

    def _wrap(self, wrapped: Any) -> Any:
        return self.protocol(self, wrapped, timeoutPeriod=self.timeoutPeriod)

    def callLater(self, period: float, func: Callable[[], Any]) -> IDelayedCall:
        """Ask the global reactor to call ``func``; override it for another clock."""
        return call_later(period, func)


class TimeoutMixin:
    """
    A mixin for protocols that close their connection when nothing happens; the protocol says what counts.

    Call `setTimeout` in ``connectionMade``, `resetTimeout` when something happens, and ``setTimeout(None)`` in
    ``connectionLost``.

    Attributes:
        timeOut: The seconds to wait, None for no waiting.
    """

    timeOut: float | None = None
    __timeoutCall: IDelayedCall | None = None

    if TYPE_CHECKING:
        transport: Any

    def callLater(self, period: float, func: Callable[[], Any]) -> IDelayedCall:
        """Ask the global reactor to call ``func``; override it for another clock."""
        return call_later(period, func)

    def resetTimeout(self) -> None:
        """Wait from now."""
        if self.__timeoutCall is not None and self.timeOut is not None:
            self.__timeoutCall.reset(self.timeOut)

    def setTimeout(self, period: float | None) -> float | None:
        """Wait for ``period`` seconds from now, None for no more waiting. Returns the period before."""
        before, self.timeOut = self.timeOut, period
        if period is None:
            _cancel(self.__timeoutCall)
            self.__timeoutCall = None
        elif self.__timeoutCall is not None and self.__timeoutCall.active():
            self.__timeoutCall.reset(period)
        else:
            self.__timeoutCall = self.callLater(period, self.__timedOut)
        return before

    def __timedOut(self) -> None:
        self.__timeoutCall = None
        self.timeoutConnection()

    def timeoutConnection(self) -> None:
        """Nothing has happened: close the connection. Subclasses may do something else."""
        self.transport.loseConnection()
