"""
A client for amp_server.py: it asks, and is asked.

    reactorio run examples/amp_client.py [PORT]
"""

import sys

from amp_server import CountDown, Divide, Say
from twisted.internet import endpoints, reactor
from twisted.internet.task import react
from twisted.protocols import amp


class Client(amp.AMP):
    @Say.responder
    def say(self, what: str) -> dict:
        print("the server says", what)
        return {"heard": what.upper()}


async def talk(port: int) -> None:
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port)
    server = await endpoints.connectProtocol(endpoint, Client())

    answer = await server.callRemote(Divide, numerator=1234, denominator=2)
    print("1234 / 2 =", answer["result"])
    try:
        await server.callRemote(Divide, numerator=1, denominator=0)
    except ZeroDivisionError as error:
        print("1 / 0:", error)

    answer = await server.callRemote(CountDown, start=3)
    print("it has heard", " ".join(answer["heard"]))
    server.transport.loseConnection()


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8001
    react(lambda _: talk(port))


if __name__ == "__main__":
    main()
