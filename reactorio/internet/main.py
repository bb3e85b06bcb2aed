"""The reactor's place in `sys.modules`, and two reasons that connections end for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import reactorio.internet
from reactorio.internet.error import ConnectionDone, ConnectionLost, ReactorAlreadyInstalledError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["CONNECTION_DONE", "CONNECTION_LOST", "installReactor"]

CONNECTION_DONE = ConnectionDone("Connection done")
CONNECTION_LOST = ConnectionLost("Connection lost")


def installReactor(reactor: Any) -> None:
    """
    Make ``reactor`` what ``from reactorio.internet import reactor`` gives.

    Raises:
        ReactorAlreadyInstalledError: Another one has been imported or installed before.
    """
    installed: ModuleType | None = sys.modules.get("reactorio.internet.reactor")
    if installed is not None and installed is not reactor:
        raise ReactorAlreadyInstalledError("reactor already installed")
    reactorio.internet.reactor = reactor
    sys.modules["reactorio.internet.reactor"] = reactor
