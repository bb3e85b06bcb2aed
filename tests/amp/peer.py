"""
One end of an AMP conversation, on Twisted or on reactorio: test_connections.py has one of each talk.

    python peer.py {twisted|reactorio} serve       print the port, and serve
    python peer.py {twisted|reactorio} ask PORT    ask everything, check the answers; say nothing if all is right
"""

from __future__ import annotations

import datetime
import decimal
import sys
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any


class NotToday(Exception):
    pass


class Enough(Exception):
    pass


@cache
def of(package: str) -> Any:
    """Return the commands and protocols, made of what ``package`` has."""
    amp = import_module(f"{package}.protocols.amp")
    protocol = import_module(f"{package}.internet.protocol")
    ITLS = import_module(f"{package}.internet.interfaces").ISSLTransport

    class Echo(amp.Command):
        arguments = response = [
            (b"number", amp.Integer()),
            (b"text", amp.Unicode()),
            (b"raw-bytes", amp.String()),
            (b"yes", amp.Boolean()),
            (b"real", amp.Float()),
            (b"exact", amp.Decimal()),
            (b"when", amp.DateTime()),
            (b"numbers", amp.ListOf(amp.Integer())),
            (b"rows", amp.AmpList([(b"x", amp.Integer()), (b"from", amp.Unicode(optional=True))])),
            (b"left-out", amp.Unicode(optional=True)),
        ]

    class Fail(amp.Command):
        arguments = [(b"how", amp.Unicode())]
        errors = {NotToday: b"NOT_TODAY"}
        fatalErrors = {Enough: b"ENOUGH"}

    class Note(amp.Command):
        arguments = [(b"what", amp.Unicode())]
        requiresAnswer = False

    class Notes(amp.Command):
        response = [(b"notes", amp.ListOf(amp.Unicode())), (b"secure", amp.Boolean()), (b"tls", amp.Boolean())]

    class Nothing(amp.Command):
        pass

    class Shout(amp.ProtocolSwitchCommand):
        arguments = [(b"greeting", amp.String())]
        errors = {NotToday: b"NOT_TODAY"}

    class Shouting(protocol.Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(data.upper())

    class Answers(amp.AMP):
        def connectionMade(self) -> None:
            self.notes: list[str] = []

        @Echo.responder
        def echo(self, **arguments: Any) -> dict[str, Any]:
            return arguments

        @Fail.responder
        async def fail(self, how: str) -> dict[str, Any]:
            raise {"known": NotToday, "fatal": Enough}[how](f"{how}, h\xe9")

        @Note.responder
        def note(self, what: str) -> dict[str, Any]:
            self.notes.append(what)
            return {}

        @Notes.responder
        def give_notes(self) -> dict[str, Any]:
            return {"notes": self.notes, "secure": ITLS.providedBy(self.transport), "tls": amp.ssl is not None}

        @Shout.responder
        def shout(self, greeting: bytes) -> Any:
            if not greeting:
                raise NotToday("say something")
            return Shouting()

        def amp_REVERSE(self, box: Any) -> Any:
            return amp.Box(text=box[b"text"][::-1])

    names = dict(locals())
    return SimpleNamespace(**names)


def Server(package: str) -> Any:
    """Return a factory of servers, which knows when all of them have lost their connections."""
    Deferred = import_module(f"{package}.internet.defer").Deferred
    ours = of(package)

    class Counted(ours.Answers):  # type: ignore[name-defined, misc]  # made at run time
        def connectionMade(self) -> None:
            super().connectionMade()
            self.factory.connections.add(self)

        def connectionLost(self, reason: Any) -> None:
            super().connectionLost(reason)
            self.factory.connections.discard(self)
            if not self.factory.connections and self.factory.waiting is not None:
                self.factory.waiting.callback(None)

    class Servers(ours.protocol.Factory):  # type: ignore[name-defined, misc]
        protocol = Counted
        noisy = False

        def __init__(self) -> None:
            self.connections: set[Any] = set()
            self.waiting: Any = None

        async def all_lost(self) -> None:
            if self.connections:
                self.waiting = Deferred()
                await self.waiting

    return Servers()


EVERYTHING = {
    "number": -(10**30),
    "text": "h\xe9llo \N{SNOWMAN}",
    "raw_bytes": bytes(range(256)) * 255 + b"x" * 255,
    "yes": True,
    "real": -1.5e-300,
    "exact": decimal.Decimal("-1.10E+5"),
    "when": datetime.datetime(1, 2, 3, 4, 5, 6, 789, datetime.timezone(datetime.timedelta(minutes=-83))),
    "numbers": list(range(2000)),
    "rows": [{"x": number, "From": "z" * number or None} for number in range(50)],
    "left_out": None,
}


class Conversation:
    """Everything that can be asked, each on a connection of its own."""

    def __init__(self, package: str, port: int) -> None:
        self.package = package
        self.port = port
        self.ours = of(package)
        self.amp = self.ours.amp

    async def all(self) -> None:
        for name in [name for name in dir(self) if name.startswith("ask_")]:
            await self._on_connection(getattr(self, name))

    async def _on_connection(self, ask: Any) -> None:
        defer = import_module(f"{self.package}.internet.defer")
        endpoints = import_module(f"{self.package}.internet.endpoints")
        reactor: Any = import_module(f"{self.package}.internet.reactor")
        reactor = getattr(reactor, "reactor", reactor)
        lost = defer.Deferred()

        class Client(self.ours.Answers):  # type: ignore[name-defined, misc]  # made at run time
            def connectionLost(self, reason: Any) -> None:
                super().connectionLost(reason)
                lost.callback(None)

        endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        client = await endpoints.connectProtocol(endpoint, Client())
        try:
            await ask(client)
        finally:
            if client.transport is not None:
                client.transport.loseConnection()
            await lost

    async def _error(self, question: Any) -> BaseException:
        try:
            answer = await question
        except BaseException as error:
            return error
        raise AssertionError(f"it answered {answer!r}")

    async def ask_all_kinds_of_arguments(self, client: Any) -> None:
        assert await client.callRemote(self.ours.Echo, **EVERYTHING) == EVERYTHING

    async def ask_many_at_once(self, client: Any) -> None:
        questions = [client.callRemoteString(b"reverse", text=b"%d!" % number) for number in range(200)]
        for number, question in enumerate(questions):
            assert (await question)[b"text"] == (b"%d!" % number)[::-1]

    async def ask_for_errors(self, client: Any) -> None:
        error = await self._error(client.callRemote(self.ours.Fail, how="known"))
        assert (type(error), str(error)) == (NotToday, "known, h\xe9"), repr(error)
        error = await self._error(client.callRemote(self.ours.Nothing))
        assert type(error) is self.amp.UnhandledCommand, repr(error)
        error = await self._error(client.callRemote(self.ours.Fail, how="fatal"))
        assert (type(error), str(error)) == (Enough, "fatal, h\xe9"), repr(error)

    async def ask_without_answers(self, client: Any) -> None:
        for number in range(10):
            client.callRemote(self.ours.Note, what=str(number))
        answer = await client.callRemote(self.ours.Notes)
        assert answer["notes"] == [str(number) for number in range(10)]
        assert not answer["secure"]

    async def ask_to_switch(self, client: Any) -> None:
        Deferred = import_module(f"{self.package}.internet.defer").Deferred
        heard, enough = [], Deferred()

        class Hears(self.ours.protocol.Protocol):  # type: ignore[name-defined, misc]
            def connectionMade(self) -> None:
                self.transport.write(b"hello, ")
                self.transport.write(b"world")

            def dataReceived(self, data: bytes) -> None:
                heard.append(data)
                if b"".join(heard) == b"HELLO, WORLD":
                    enough.callback(None)

        factory = self.ours.protocol.ClientFactory.forProtocol(Hears)
        error = await self._error(client.callRemote(self.ours.Shout, factory, greeting=b""))
        assert type(error) is NotToday
        await client.callRemote(self.ours.Shout, factory, greeting=b"hello")
        await enough

    async def ask_for_tls(self, client: Any) -> None:
        # Twisted without pyOpenSSL has no TLS.
        if self.amp.ssl is None or not (await client.callRemote(self.ours.Notes))["tls"]:
            return
        await client.callRemote(self.amp.StartTLS)
        assert (await client.callRemote(self.ours.Notes))["secure"]
        assert await client.callRemote(self.ours.Echo, **EVERYTHING) == EVERYTHING


async def ask_everything(package: str, port: int) -> None:
    await Conversation(package, port).all()


def main() -> None:
    package, what, *port = sys.argv[1:]
    reactor: Any = import_module(f"{package}.internet.reactor")
    if what == "serve":
        listening = reactor.listenTCP(0, Server(package), interface="127.0.0.1")
        print(listening.getHost().port, flush=True)
        reactor.run()
    else:
        task = import_module(f"{package}.internet.task")
        task.react(lambda _: ask_everything(package, int(port[0])))


if __name__ == "__main__":
    main()
