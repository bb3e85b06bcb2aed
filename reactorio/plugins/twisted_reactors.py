"""
The reactors of Twisted by name. Those that reactorio has are all one: a facade on an asyncio loop.

The rest are here so that ``--help-reactors`` lists them as not available.
"""

from __future__ import annotations

import select as _select

import reactorio
from reactorio.application.reactors import Reactor

__all__: list[str] = []


class _LoopReactor(Reactor):
    """A choice of the loop; with the others, the loop is that of the environment."""

    def install(self) -> None:
        reactorio.install(uvloop=self.shortName == "uvloop")


class _Elsewhere(Reactor):
    """A reactor that Twisted has, and that no loop of asyncio's is."""

    def install(self) -> None:
        raise ImportError(f"reactorio has no reactor {self.shortName}: its loops are asyncio's and uvloop's")


def _elsewhere(name: str, module: str, description: str) -> Reactor:
    return _Elsewhere(name, module, description)


def _reactor(name: str, module: str, description: str) -> Reactor:
    return Reactor(name, f"reactorio.internet.{module}", description)


default = _reactor("default", "asyncioreactor", "The reactor on the default event loop.")
asyncio = _LoopReactor("asyncio", "reactorio.internet.asyncioreactor", "The reactor on asyncio's own event loop.")
uvloop = _LoopReactor("uvloop", "uvloop", "The reactor on uvloop.")
select = _reactor("select", "selectreactor", "The reactor on a loop with select(2).")
poll = _reactor("poll", "pollreactor", "The reactor on a loop with poll(2).")
epoll = _reactor("epoll", "epollreactor", "The reactor on a loop with epoll(4).")
kqueue = (
    _reactor("kqueue", "kqreactor", "The reactor on a loop with kqueue(2).")
    if hasattr(_select, "kqueue")
    else _elsewhere("kqueue", "select.kqueue", "The reactor on a loop with kqueue(2).")
)
cf = _elsewhere("cf", "reactorio.internet.cfreactor", "CoreFoundation's main loop.")
gi = _elsewhere("gi", "reactorio.internet.gireactor", "GObject Introspection's main loop.")
glib2 = _elsewhere("glib2", "reactorio.internet.glib2reactor", "GLib 2's main loop.")
gtk2 = _elsewhere("gtk2", "reactorio.internet.gtk2reactor", "GTK 2's main loop.")
gtk3 = _elsewhere("gtk3", "reactorio.internet.gtk3reactor", "GTK 3's main loop.")
iocp = _elsewhere("iocp", "reactorio.internet.iocpreactor", "Windows' I/O completion ports.")
win32 = _elsewhere("win32", "reactorio.internet.win32eventreactor", "Windows' WaitForMultipleObjects.")
wx = _elsewhere("wx", "reactorio.internet.wxreactor", "wxPython's main loop.")
