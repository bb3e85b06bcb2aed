"""A client that comes back."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from reactorio.internet._protocol.factories import ClientFactory, P
from reactorio.internet.error import NotConnectingError
from reactorio.logger import Logger

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IConnector, IDelayedCall
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.protocol"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)


class ReconnectingClientFactory(ClientFactory[P]):
    """
    Connects again whenever a connection fails or ends, waiting longer each time.

    Call `resetDelay` once a connection has proved good, usually when the protocol has logged in: what happens after
    it starts from the shortest delay again. For new programs, see `reactorio.application.internet.ClientService`.

    Attributes:
        maxDelay: The longest delay, in seconds.
        initialDelay: The first delay, in seconds.
        factor: By how much the delay grows each time.
        jitter: The delay's standard deviation, as a fraction of it, so that many clients do not come back at once;
            0 or None for exact delays.
        delay: The next delay before jitter, in seconds.
        retries: How often it has tried since `resetDelay`.
        maxRetries: How often it tries, None for no end.
        connector: The connector that failed last.
        clock: What ``callLater`` is asked of; the global reactor if it is None.
        continueTrying: Whether to go on; see `stopTrying`.
    """

    maxDelay = 3600.0
    initialDelay = 1.0
    factor = math.e
    jitter: float | None = 0.119626565582

    delay = initialDelay
    retries = 0
    maxRetries: int | None = None
    _callID: IDelayedCall | None = None
    connector: IConnector | None = None
    clock: Any = None

    continueTrying: int | bool = 1

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        if self.continueTrying:
            self.connector = connector
            self.retry()

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        if self.continueTrying:
            self.connector = connector
            self.retry()

    def retry(self, connector: IConnector | None = None) -> None:
        """
        Connect again after the delay, unless told to stop or out of retries.

        Args:
            connector: What to connect with; the one that failed last if None.

        Raises:
            ValueError: None has failed.
        """
        connector = connector or self.connector
        if not self.continueTrying:
            if self.noisy:
                _log.info("Abandoning {connector} on explicit request", connector=connector)
            return
        if connector is None:
            raise ValueError("no connector to retry")
        if self.maxRetries is not None and self.retries >= self.maxRetries:
            if self.noisy:
                _log.info(
                    "Abandoning {connector} after {retries} retries.", connector=connector, retries=self.retries + 1
                )
            return
        self.retries += 1
        delay = self._next_delay()
        if self.noisy:
            _log.info("{connector} will retry in {delay} seconds", connector=connector, delay=int(delay))

        def reconnect() -> None:
            self._callID = None
            connector.connect()

        self._callID = self._clock().callLater(delay, reconnect)

    def _next_delay(self) -> float:
        delay = min(self.delay, self.maxDelay)
        self.delay = min(delay * self.factor, self.maxDelay)
        if self.jitter:
            # A draw far out on the left would be in the past.
            delay = max(0.0, random.normalvariate(delay, delay * self.jitter))
        return delay

    def _clock(self) -> Any:
        if self.clock is None:
            # Reaches up: Twisted's default is the global reactor, looked up when it is first needed.
            from reactorio.internet import reactor

            self.clock = reactor
        return self.clock

    def stopTrying(self) -> None:
        """Give up: forget the call that waits, and stop an attempt that is under way. A connection stays."""
        if self._callID is not None:
            self._callID.cancel()
            self._callID = None
        self.continueTrying = 0
        if self.connector is not None:
            try:
                self.connector.stopConnecting()
            except NotConnectingError:
                pass

    def resetDelay(self) -> None:
        """Start from the shortest delay again, also after `stopTrying`. Call it when a connection has proved good."""
        self.delay = self.initialDelay
        self.retries = 0
        self.continueTrying = 1

    def __getstate__(self) -> dict[str, Any]:
        """Return the settings, without what belongs to the attempts of this process."""
        of_this_process = {"connector", "retries", "delay", "continueTrying", "_callID", "clock"}
        return {key: value for key, value in self.__dict__.items() if key not in of_this_process}
