"""The command ``portforward``: what connects here is connected to there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.application import strports
from reactorio.protocols.portforward import ProxyFactory
from reactorio.python import usage

if TYPE_CHECKING:
    from reactorio.application.service import IService

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """Where to listen, and where to connect to."""

    synopsis = "[options]"
    longdesc = "Forward connections to another host and port."
    optParameters: ClassVar[list[list[Any]]] = [
        ["port", "p", "tcp:6666", "The endpoint to listen on."],
        ["host", "h", "localhost", "The host to connect to."],
        ["dest_port", "d", 6665, "The port to connect to.", usage.portCoerce],
    ]
    compData = usage.Completions(optActions={"host": usage.CompleteHostnames()})


def makeService(config: Options) -> IService:
    """Return a service that forwards."""
    return strports.service(config["port"], ProxyFactory(config["host"], config["dest_port"]))
