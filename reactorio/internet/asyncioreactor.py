"""A reactor on a given asyncio loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio.aio.reactor import AsyncioSelectorReactor
from reactorio.aio.reactor import install_on as _install_on

if TYPE_CHECKING:
    from reactorio.aio.reactor import Loop

__all__ = ["AsyncioSelectorReactor", "install"]


def install(eventloop: Loop | None = None) -> None:
    """
    Have the reactor run on ``eventloop``.

    Unlike Twisted: it can be called after the reactor was imported, and without a loop it changes nothing, since the
    reactor is on asyncio in any case.

    Raises:
        ReactorAlreadyInstalledError: The reactor is on another loop already.
        TypeError: The loop is one that cannot watch file descriptors.
    """
    _install_on(eventloop)
