"""
An echo server: whatever a client sends comes back to it.

    reactorio run examples/echo_server.py [PORT]

The port is 8000 unless you say another; 0 takes any that is free.
"""

import sys

from twisted.internet import protocol, reactor


class Echo(protocol.Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


class EchoFactory(protocol.ServerFactory):
    protocol = Echo


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    listening = reactor.listenTCP(port, EchoFactory())
    print(f"echo server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
