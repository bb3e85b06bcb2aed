"""
A line server that an operator can live with: it tells when it is ready, reloads, and finishes its work before it ends.

    reactorio -n --grace 30 -y examples/quotes.tac

`quote` answers with a line of the file QUOTES (by default quotes.txt beside this file), `slowly SECONDS` with one after
that time, `quit` ends. Try, from another shell: edit the file and `kill -HUP` the process, empty the file and do it again;
`kill` it while an answer is on its way.

The port is 8003 unless the environment variable QUOTES_PORT says another; 0 takes any that is free.
"""

import os
import random
from pathlib import Path

from twisted.application import service, strports
from twisted.internet import protocol, reactor, task
from twisted.protocols.basic import LineReceiver


class Quotes(LineReceiver):
    delimiter = b"\n"
    busy = 0
    answered = 0
    draining = False

    def lineReceived(self, line: bytes) -> None:
        command, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        if command == "quit":
            self.transport.loseConnection()
        elif command == "slowly":
            self.busy += 1
            task.deferLater(reactor, float(rest)).addCallback(lambda _: self.answer()).addErrback(lambda _: None)
        else:
            self.busy += 1
            self.answer()

    def answer(self) -> None:
        self.busy -= 1
        self.answered += 1
        self.sendLine(random.choice(self.factory.collection.quotes).encode())
        self.close_if_idle()

    def drain(self) -> None:
        """The process is to end: close as soon as nothing is under way. The launcher waits for that."""
        self.draining = True
        self.close_if_idle()

    def close_if_idle(self) -> None:
        # Who has only just connected is not idle: the question may be on its way.
        if self.draining and self.answered and not self.busy:
            self.transport.loseConnection()


class Collection(service.Service):
    """The quotes, in memory."""

    quotes: list[str] = []

    def __init__(self, path: Path) -> None:
        self.path = path

    def startService(self) -> None:
        super().startService()
        self.quotes = self.read()

    def reload(self):
        """Read, check, and return what puts it to use: called only if nobody else finds fault with their own."""
        quotes = self.read()
        return lambda: setattr(self, "quotes", quotes)

    def read(self) -> list[str]:
        quotes = [line for line in self.path.read_text("utf-8").splitlines() if line.strip()]
        if not quotes:
            raise ValueError(f"there are no quotes in {self.path}")
        return quotes


application = service.Application("quotes")
here = Path(__file__).parent if "__file__" in globals() else Path("examples")
collection = Collection(Path(os.environ.get("QUOTES", here / "quotes.txt")))
collection.setServiceParent(application)
factory = protocol.Factory.forProtocol(Quotes)
factory.collection = collection
strports.service(f"tcp:{os.environ.get('QUOTES_PORT', '8003')}", factory).setServiceParent(application)
