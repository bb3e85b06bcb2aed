"""
A server that is asked over AMP, and asks back.

    reactorio run examples/amp_server.py [PORT]

The port is 8001 unless you say another; 0 takes any that is free. The client is amp_client.py.
"""

import sys

from twisted.internet import protocol, reactor
from twisted.protocols import amp


class Divide(amp.Command):
    """A question with an answer, and an error that the caller sees as what it is here."""

    arguments = [(b"numerator", amp.Integer()), (b"denominator", amp.Integer())]
    response = [(b"result", amp.Float())]
    errors = {ZeroDivisionError: b"ZERO_DIVISION"}


class CountDown(amp.Command):
    """A question that is answered after some more, in the other direction."""

    arguments = [(b"start", amp.Integer())]
    response = [(b"heard", amp.ListOf(amp.Unicode()))]


class Say(amp.Command):
    """What the server asks its client."""

    arguments = [(b"what", amp.Unicode())]
    response = [(b"heard", amp.Unicode())]


class Server(amp.AMP):
    @Divide.responder
    def divide(self, numerator: int, denominator: int) -> dict:
        return {"result": numerator / denominator}

    @CountDown.responder
    async def countDown(self, start: int) -> dict:
        heard = []
        for number in range(start, 0, -1):
            answer = await self.callRemote(Say, what=f"{number} …")
            heard.append(answer["heard"])
        return {"heard": heard}


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8001
    listening = reactor.listenTCP(port, protocol.Factory.forProtocol(Server))
    print(f"AMP server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
