"""
Watching descriptors on libuv, which stops to watch one that has an error, after a last call, and does not say so.

Whoever made the system tell of the error may have taken it, so there is no asking for it either; and to watch anew after
each call costs 9 µs. So the descriptors are in an epoll instance of our own (1 µs a call), which is itself a descriptor,
and never has an error.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Watcher", "stop_watching", "watcher_for"]


class Watcher(Protocol):
    """What of a loop it takes to watch descriptors. PermissionError means that a descriptor is ready at all times."""

    def add_reader(self, fd: int, callback: Callable[..., object], *args: Any) -> object: ...
    def add_writer(self, fd: int, callback: Callable[..., object], *args: Any) -> object: ...
    def remove_reader(self, fd: int) -> object: ...
    def remove_writer(self, fd: int) -> object: ...


def watcher_for(loop: asyncio.AbstractEventLoop) -> Watcher:
    """Return who watches descriptors on ``loop``: itself, if it is not libuv's."""
    if type(loop).__module__.startswith("uvloop") and hasattr(select, "epoll"):
        return _Epoll(loop)
    return loop


def stop_watching(watcher: Watcher) -> None:
    """The loop is of no use any more, and nothing is watched."""
    if isinstance(watcher, _Epoll):
        watcher.close()


class _Epoll:
    """Calls back from ``loop``."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._callbacks: dict[tuple[int, int], tuple[Callable[..., object], tuple[Any, ...]]] = {}
        loop.add_reader(self._epoll.fileno(), self._ready)

    def add_reader(self, fd: int, callback: Callable[..., object], *args: Any) -> None:
        self._add(fd, select.EPOLLIN, (callback, args))

    def add_writer(self, fd: int, callback: Callable[..., object], *args: Any) -> None:
        self._add(fd, select.EPOLLOUT, (callback, args))

    def remove_reader(self, fd: int) -> None:
        self._remove(fd, select.EPOLLIN)

    def remove_writer(self, fd: int) -> None:
        self._remove(fd, select.EPOLLOUT)

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _add(self, fd: int, event: int, callback: tuple[Callable[..., object], tuple[Any, ...]]) -> None:
        wanted = self._wanted(fd) | event
        try:
            self._epoll.register(fd, wanted)
        except FileExistsError:
            self._epoll.modify(fd, wanted)
        self._callbacks[fd, event] = callback

    def _remove(self, fd: int, event: int) -> None:
        if self._callbacks.pop((fd, event), None) is None:
            return
        wanted = self._wanted(fd)
        try:
            if wanted:
                self._epoll.modify(fd, wanted)
            else:
                self._epoll.unregister(fd)
        except OSError:
            pass  # the application has closed it: epoll has forgotten it then

    def _wanted(self, fd: int) -> int:
        return sum(event for event in (select.EPOLLIN, select.EPOLLOUT) if (fd, event) in self._callbacks)

    def _ready(self) -> None:
        for fd, happened in self._epoll.poll(0):
            for event, other in ((select.EPOLLIN, select.EPOLLOUT), (select.EPOLLOUT, select.EPOLLIN)):
                # An error or a hang-up is both's to see. Each callback may remove what others would be called for.
                if happened & ~other and (found := self._callbacks.get((fd, event))) is not None:
                    callback, args = found
                    callback(*args)
