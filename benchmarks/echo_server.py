"""
The echo servers that echo.py compares, each started as a process of its own: it prints its port and serves.

    python benchmarks/echo_server.py {twisted|reactorio|raw} {epoll|asyncio|uvloop}

Twisted and reactorio run the same source.
"""

from __future__ import annotations

import asyncio
import os
import sys


def raw(kind: str) -> None:
    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(data)  # type: ignore[attr-defined]  # a stream's transport

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    if kind == "uvloop":
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())


def twisted() -> None:
    from twisted.internet import protocol, reactor

    class Echo(protocol.Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(data)

    port = reactor.listenTCP(0, protocol.Factory.forProtocol(Echo), backlog=1024, interface="127.0.0.1")
    # Not before it runs, for with that it imports and makes what it needs.
    reactor.callWhenRunning(print, port.getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    package, kind = sys.argv[1:]
    if package == "raw":
        raw(kind)
    else:
        if package == "reactorio":
            os.environ["REACTORIO_LOOP"] = kind
            import reactorio.as_twisted  # noqa: F401  # it is the import that does it
        twisted()
