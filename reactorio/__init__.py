"""
Twisted's reactor and Deferred model on asyncio.

The names here are the front door; each is loaded when it is first asked for:

    reactor                                              the reactor of the running loop, or of the next one
    Deferred, inlineCallbacks, ensureDeferred            results that are not there yet
    as_deferred, as_future                               between Deferreds and asyncio's awaitables
    Protocol, Factory                                    what a connection talks to, and what makes it
    install, reactor_for                                 which loop: uvloop's or asyncio's; another thread's
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from reactorio.aio.loop import install as install
    from reactorio.aio.reactor import reactor as reactor
    from reactorio.aio.reactor import reactor_for as reactor_for
    from reactorio.internet.defer import Deferred as Deferred
    from reactorio.internet.defer import as_deferred as as_deferred
    from reactorio.internet.defer import as_future as as_future
    from reactorio.internet.defer import ensureDeferred as ensureDeferred
    from reactorio.internet.defer import inlineCallbacks as inlineCallbacks
    from reactorio.internet.protocol import Factory as Factory
    from reactorio.internet.protocol import Protocol as Protocol

__all__ = [
    "Deferred",
    "Factory",
    "Protocol",
    "as_deferred",
    "as_future",
    "ensureDeferred",
    "inlineCallbacks",
    "install",
    "reactor",
    "reactor_for",
]

_HOME = {
    "Deferred": "reactorio.internet.defer",
    "Factory": "reactorio.internet.protocol",
    "Protocol": "reactorio.internet.protocol",
    "as_deferred": "reactorio.internet.defer",
    "as_future": "reactorio.internet.defer",
    "ensureDeferred": "reactorio.internet.defer",
    "inlineCallbacks": "reactorio.internet.defer",
    "install": "reactorio.aio.loop",
    "reactor": "reactorio.aio.reactor",
    "reactor_for": "reactorio.aio.reactor",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("reactorio")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME, "__version__"])
