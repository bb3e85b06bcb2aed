"""From an application's thread to the reactor, and waiting there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Outbox"]

# As much may wait for the reactor before the application's thread waits.
_QUEUED = 2**16


class Outbox:
    """
    Calls on their way from a thread to the reactor, in order. One wake-up of the reactor makes all calls that are there.

    ``size`` is how many bytes wait with them.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        # It is made there.
        self._reactor_thread = threading.get_ident()
        self._calls: list[tuple[Callable[..., None], tuple[Any, ...], int]] = []
        self._is_awaited = False
        self._changed = threading.Condition()
        self._size = 0
        self._is_paused = False
        self._is_closed = False

    # -- In the application's thread

    def put(self, call: Callable[..., None], *args: Any, size: int = 0) -> None:
        with self._changed:
            self._calls.append((call, args, size))
            self._size += size
            wake, self._is_awaited = not self._is_awaited, True
        if wake:
            self._reactor.callFromThread(self._drain)

    def wait_for_room(self) -> None:
        """Wait until the reactor has taken what there is, and the client wants more; or is gone."""
        # Pools that call at once, as tests have them, would wait for themselves.
        if threading.get_ident() != self._reactor_thread:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or not (self._is_paused or self._size > _QUEUED))

    # -- In the reactor's

    def _drain(self) -> None:
        while True:
            with self._changed:
                calls, self._calls = self._calls, []
                if not calls:
                    self._is_awaited = False
                    self._changed.notify_all()
                    return
                self._size -= sum(size for _, _, size in calls)
            for call, args, _ in calls:
                call(*args)

    def pause(self, paused: bool) -> None:
        with self._changed:
            self._is_paused = paused
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody is to wait any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
