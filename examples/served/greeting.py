"""The code behind app.toml: a factory and a service, which know nothing of the file."""

from twisted.application import internet, service
from twisted.internet import protocol
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver


class Greeter(LineReceiver):
    """Greets who says the password."""

    delimiter = b"\n"
    log = Logger()

    def lineReceived(self, line: bytes) -> None:
        if line.decode("utf-8", "replace").strip() == self.factory.password:
            self.sendLine(self.factory.greeting.encode())
            self.log.debug("greeted {peer}", peer=self.transport.getPeer())
        else:
            self.sendLine(b"no")
        self.transport.loseConnection()


def make_factory(greeting: str, password: str) -> protocol.Factory:
    factory = protocol.Factory.forProtocol(Greeter)
    factory.greeting = greeting
    factory.password = password
    return factory


class Counter(service.MultiService):
    """Counts the minutes; a service is whatever can be started and stopped."""

    log = Logger()

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.count = 0
        internet.TimerService(seconds, self.tick).setServiceParent(self)

    def tick(self) -> None:
        self.log.debug("tick {count}", count=self.count)
        self.count += 1
