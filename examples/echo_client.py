"""
A client for the echo server: sends one line, prints what comes back, and stops.

    reactorio run examples/echo_client.py [PORT]
"""

import sys

from twisted.internet import protocol, reactor

GREETING = b"hello, world!\n"


class EchoClient(protocol.Protocol):
    def connectionMade(self) -> None:
        self.received = b""
        self.transport.write(GREETING)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        # TCP is a stream: the answer may come in pieces.
        if self.received.endswith(b"\n"):
            print("server said:", self.received.decode().strip())
            self.transport.loseConnection()


class EchoClientFactory(protocol.ClientFactory):
    protocol = EchoClient

    def clientConnectionFailed(self, connector, reason) -> None:
        print("connection failed:", reason.getErrorMessage())
        reactor.stop()

    def clientConnectionLost(self, connector, reason) -> None:
        print("connection lost:", reason.getErrorMessage())
        reactor.stop()


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    reactor.connectTCP("localhost", port, EchoClientFactory())
    reactor.run()


if __name__ == "__main__":
    main()
