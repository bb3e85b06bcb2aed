"""
The reactor. What is imported by this name is the reactor object itself; importing it starts nothing.

It needs no installing: it adopts the asyncio loop that runs where it is first used, or `run` makes one.
"""

from __future__ import annotations

import sys

from reactorio.aio.reactor import reactor
from reactorio.internet import main

# This module gives its name to the object, as Twisted's does.
del sys.modules[__name__]
main.installReactor(reactor)
