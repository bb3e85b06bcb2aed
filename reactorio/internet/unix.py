"""UNIX sockets, by the names that applications know."""

from __future__ import annotations

from reactorio.aio.unix import Client, Connector, Port, Server
from reactorio.aio.unixdatagrams import ConnectedDatagramPort, DatagramPort

__all__ = ["Client", "ConnectedDatagramPort", "Connector", "DatagramPort", "Port", "Server"]
