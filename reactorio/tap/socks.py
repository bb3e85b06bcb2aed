"""The command ``socks``: a proxy that connects where it is told, for SOCKS 4 and 4a."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.application import internet
from reactorio.protocols.socks import SOCKSv4Factory
from reactorio.python import usage

if TYPE_CHECKING:
    from reactorio.application.service import IService

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """Where to listen."""

    synopsis = "[-i <interface>] [-p <port>] [-l <file>]"
    longdesc = "Run a SOCKS 4 proxy. It connects anywhere, for everybody that reaches it."
    optParameters: ClassVar[list[list[Any]]] = [
        ["interface", "i", "127.0.0.1", "The address to listen on."],
        ["port", "p", 1080, "The port to listen on.", usage.portCoerce],
        ["log", "l", None, "The file to write what passes to."],
    ]
    compData = usage.Completions(
        optActions={"log": usage.CompleteFiles("*.log"), "interface": usage.CompleteNetInterfaces()}
    )


def makeService(config: Options) -> IService:
    """Return a service that is a proxy."""
    return internet.TCPServer(config["port"], SOCKSv4Factory(config["log"]), interface=config["interface"])
