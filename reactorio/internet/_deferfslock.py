"""A lock between processes that can be waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from reactorio.internet._defererrors import TimeoutError
from reactorio.internet._deferred import Deferred
from reactorio.python import lockfile
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["AlreadyTryingToLockError", "DeferredFilesystemLock"]


class AlreadyTryingToLockError(Exception):
    """`DeferredFilesystemLock.deferUntilLocked` was called while an earlier call of it still tries."""


class DeferredFilesystemLock(lockfile.FilesystemLock):
    """
    A lock between processes, that can be waited for.

    Args:
        name: The file (a link, really) that is the lock.
        scheduler: The reactor, if not the global one.
    """

    _interval = 1
    _tryLockCall: IDelayedCall | None = None
    _timeoutCall: IDelayedCall | None = None

    def __init__(self, name: str, scheduler: IReactorTime | None = None) -> None:
        super().__init__(name)
        if scheduler is None:
            # Only the default needs the reactor, which stands above this module.
            from reactorio.internet import reactor

            scheduler = cast("IReactorTime", reactor)
        self._scheduler = scheduler

    def deferUntilLocked(self, timeout: float | None = None) -> Deferred[None]:
        """
        Try once a second until the lock is ours.

        Args:
            timeout: After how many seconds to give up, with a `TimeoutError`.

        Returns:
            A Deferred that fires with None; it fails with `AlreadyTryingToLockError` if an earlier call still tries.
            Cancelling it ends the trying.
        """
        waiting: Deferred[None] = Deferred(lambda _: self._stop_trying())
        if self._tryLockCall is not None:
            waiting.errback(AlreadyTryingToLockError("deferUntilLocked isn't safe for concurrent use."))
            return waiting

        def give_up() -> None:
            self._timeoutCall = None
            self._stop_trying()
            waiting.errback(Failure(TimeoutError(f"Timed out acquiring lock: {self.name} after {timeout:f}s")))

        def attempt() -> None:
            self._tryLockCall = None
            if self.lock():
                self._stop_trying()
                waiting.callback(None)
            else:
                self._tryLockCall = self._scheduler.callLater(self._interval, attempt)

        if timeout is not None:
            self._timeoutCall = self._scheduler.callLater(timeout, give_up)
        attempt()
        return waiting

    def _stop_trying(self) -> None:
        for call in (self._tryLockCall, self._timeoutCall):
            if call is not None:
                call.cancel()
        self._tryLockCall = self._timeoutCall = None


AlreadyTryingToLockError.__module__ = DeferredFilesystemLock.__module__ = "reactorio.internet.defer"
