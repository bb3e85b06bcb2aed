"""
The reactors of Twisted by name. Those that reactorio has are all one: a facade on an asyncio loop.

The rest are here so that ``--help-reactors`` lists them as not available.
"""

from __future__ import annotations

import reactorio
from reactorio.application.reactors import Reactor

__all__: list[str] = []


class _LoopReactor(Reactor):
    """A choice of the loop; with the others, the loop is that of the environment."""

    def install(self) -> None:
        reactorio.install(uvloop=self.shortName == "uvloop")


def _reactor(name: str, module: str, description: str) -> Reactor:
    return Reactor(name, f"reactorio.internet.{module}", description)


default = _reactor("default", "asyncioreactor", "The reactor on the default event loop.")
asyncio = _LoopReactor("asyncio", "reactorio.internet.asyncioreactor", "The reactor on asyncio's own event loop.")
uvloop = _LoopReactor("uvloop", "uvloop", "The reactor on uvloop.")
select = _reactor("select", "selectreactor", "The reactor on a loop with select(2).")
poll = _reactor("poll", "pollreactor", "The reactor on a loop with poll(2).")
epoll = _reactor("epoll", "epollreactor", "The reactor on a loop with epoll(4).")
kqueue = _reactor("kqueue", "kqreactor", "The reactor on a loop with kqueue(2).")
cf = _reactor("cf", "cfreactor", "CoreFoundation's main loop.")
gi = _reactor("gi", "gireactor", "GObject Introspection's main loop.")
glib2 = _reactor("glib2", "glib2reactor", "GLib 2's main loop.")
gtk2 = _reactor("gtk2", "gtk2reactor", "GTK 2's main loop.")
gtk3 = _reactor("gtk3", "gtk3reactor", "GTK 3's main loop.")
iocp = _reactor("iocp", "iocpreactor", "Windows' I/O completion ports.")
win32 = _reactor("win32", "win32eventreactor", "Windows' WaitForMultipleObjects.")
wx = _reactor("wx", "wxreactor", "wxPython's main loop.")
