"""A program as users write it, under strict checking: read by type checkers, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio.internet import endpoints
from reactorio.internet.protocol import (
    ClientFactory,
    Factory,
    ReconnectingClientFactory,
    ServerFactory,
    connectionDone,
)
from reactorio.protocols import amp
from reactorio.protocols.basic import LineReceiver
from reactorio.protocols.policies import TimeoutMixin, WrappingFactory

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IAddress, IConnector, IReactorTCP, IReactorTime
    from reactorio.python.failure import Failure


class Echo(LineReceiver, TimeoutMixin):
    delimiter = b"\n"
    factory: EchoFactory

    def connectionMade(self) -> None:
        self.setTimeout(5)
        self.sendLine(b"hi")

    def lineReceived(self, line: bytes) -> None:
        self.transport.write(line)
        self.factory.count += 1

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.setTimeout(None)


class EchoFactory(ServerFactory[Echo]):
    protocol = Echo
    count = 0


class Other(Factory):
    protocol = Echo

    def buildProtocol(self, addr: IAddress | None) -> Echo | None:
        return Echo()


class Client(ReconnectingClientFactory):
    maxDelay = 60
    initialDelay = 5

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        super().clientConnectionLost(connector, reason)


class Client2(ClientFactory):
    protocol = Echo


async def main(r: IReactorTCP, clock: IReactorTime) -> None:
    await endpoints.serverFromString(r, "tcp:0").listen(EchoFactory())
    r.listenTCP(0, WrappingFactory(Factory.forProtocol(Echo)), interface="::1").getHost()
    r.connectTCP("h", 1, Client(), bindAddress=("1", 1))
    f = EchoFactory.forProtocol(Echo)
    f.count += 1
    p = f.buildProtocol(None)
    if p is not None:
        p.sendLine(b"x")
    await endpoints.HostnameEndpoint(r, "h", 1).connect(f)
    clock.callLater(1, print, "x").cancel()


class Divide(amp.Command):
    arguments = [(b"numerator", amp.Integer()), (b"denominator", amp.Integer())]
    response = [(b"result", amp.Float())]
    errors = {ZeroDivisionError: b"ZERO_DIVISION"}


class Math(amp.AMP):
    @Divide.responder
    def divide(self, numerator: int, denominator: int) -> dict[str, float]:
        return {"result": numerator / denominator}


class AsyncMath(amp.AMP):
    @Divide.responder
    async def divide(self, numerator: int, denominator: int) -> dict[str, float]:
        answer = await self.callRemote(Divide, numerator=numerator, denominator=denominator)
        box = await self.callRemoteString(b"divide", numerator=b"1")
        self.callRemoteString(b"divide", False, numerator=b"1")
        return {"result": answer["result"], "size": len(box[b"result"])}
