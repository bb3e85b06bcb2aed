"""
The reactor's world: what has to do with connections, time and results that are not there yet.

To a type checker, ``from reactorio.internet import reactor`` is the reactor object that it is at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reactorio.aio.reactor import reactor as reactor
