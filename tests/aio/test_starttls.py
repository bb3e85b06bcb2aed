"""Connections that turn to TLS midway, on both sides, over every stream; and TLS within TLS."""

from __future__ import annotations

from typing import Any

import pytest
from certificates import SERVER, by_pyopenssl, verifying

from aio.parties import Party
from aio.producers import Push
from aio.running import Connect, in_loop
from reactorio._interface import implementer
from reactorio.internet.error import ConnectionDone, ConnectionLost
from reactorio.internet.interfaces import INegotiated, IOpenSSLContextFactory
from reactorio.internet.ssl import VerificationError

MUCH = bytes(range(256)) * 10_000


@pytest.fixture(params=["stdlib", "pyopenssl"])
def engine(request: pytest.FixtureRequest) -> Any:
    return by_pyopenssl if request.param == "pyopenssl" else lambda options: options


async def upgraded(
    connect: Connect, engine: Any, name: str = "server.example", **client_on: Any
) -> tuple[Party, Party]:
    """Connect, talk in plain, and have both turn to TLS: the server when it is asked to, the client when it is told."""

    def accept(server: Party) -> None:
        if server.received == b"STARTTLS":
            server.received.clear()
            server.transport.write(b"GO")
            server.transport.startTLS(engine(SERVER.options()))

    def begin(client: Party) -> None:
        if client.received == b"GO":
            client.received.clear()
            client.transport.startTLS(engine(verifying(name)))
            client.transport.write(b"secret")

    pair = await connect(Party(dataReceived=accept), Party(dataReceived=begin, **client_on))
    pair.client.transport.write(b"STARTTLS")
    return pair.server, pair.client


@implementer(IOpenSSLContextFactory)
class Failing:
    def getContext(self) -> Any:
        raise ZeroDivisionError


@in_loop
async def test_what_follows_is_secret(connect: Any, engine: Any) -> None:
    server, client = await upgraded(connect, engine)
    assert await server.takes(6) == b"secret"
    server.transport.write(b"answer")
    assert await client.takes(6) == b"answer"
    assert client.transport.getPeerCertificate() is not None
    assert INegotiated.providedBy(client.transport)
    # Once in the first TLS, if there was one.
    assert server.events.count("handshakeCompleted") == 1 + connect.kind.secure
    for ours, theirs in ((server, client), (client, server)):
        before = len(theirs.received)
        ours.transport.write(MUCH)
        assert (await theirs.takes(before + len(MUCH)))[before:] == MUCH


@in_loop
async def test_the_end_comes_after_all_that_was_written(connect: Any, side: str, engine: Any) -> None:
    ends = await upgraded(connect, engine)
    await ends[0].takes(6)
    ours, theirs = ends if side == "server" else ends[::-1]
    before = len(theirs.received)
    ours.transport.write(MUCH)
    ours.transport.loseConnection()
    assert isinstance(await theirs.lost(), ConnectionDone)
    assert theirs.received[before:] == MUCH
    assert isinstance(await ours.lost(), ConnectionDone)


@in_loop
async def test_a_producer_from_before_is_held_to_the_pace_of_tls(connect: Any) -> None:
    producers: list[Push] = []

    def register(client: Party) -> None:
        producers.append(Push(client.transport, MUCH, 0))
        client.transport.registerProducer(producers[0], True)

    server, _ = await upgraded(connect, lambda options: options, connectionMade=register)
    await server.takes(6)
    producers[0].left = 20
    producers[0].go_on()
    assert producers[0].left
    assert await server.takes(6 + 20 * len(MUCH)) == b"secret" + MUCH * 20


@in_loop
async def test_anothers_certificate_is_refused(connect: Any) -> None:
    server, client = await upgraded(connect, lambda options: options, "another.example")
    assert isinstance(await client.lost(), VerificationError)
    assert isinstance(await server.lost(), (ConnectionDone, ConnectionLost))


@in_loop
async def test_a_context_factory_that_fails_changes_nothing(connect: Any, side: str) -> None:
    ours, theirs = (await connect()).ends(side)
    with pytest.raises(ZeroDivisionError):
        ours.transport.startTLS(Failing())
    ours.transport.write(b"plain")
    assert await theirs.takes(5) == b"plain"


@in_loop
async def test_of_a_connection_that_is_lost_nothing_becomes(connect: Any, side: str) -> None:
    ours, theirs = (await connect()).ends(side)
    transport = ours.transport
    transport.loseConnection()
    await ours.lost()
    await theirs.lost()
    transport.startTLS(SERVER.options())
    transport.write(b"x")
    transport.loseConnection()


@in_loop
async def test_it_may_begin_at_once(connect: Any, engine: Any) -> None:
    """Also in the midst of another handshake, where there is one."""
    server = Party(connectionMade=lambda party: party.transport.startTLS(engine(SERVER.options())))
    client = Party(connectionMade=lambda party: party.transport.startTLS(engine(verifying())))
    await connect(server, client)
    client.transport.write(b"secret")
    assert await server.takes(6) == b"secret"
    server.transport.write(b"answer")
    assert await client.takes(6) == b"answer"


@in_loop
async def test_a_context_factory_that_fails_at_the_last_moment_changes_nothing(connect: Any) -> None:
    class FailsLater(Failing):
        def __init__(self) -> None:
            self.contexts = [by_pyopenssl(SERVER.options()).getContext()]

        def getContext(self) -> Any:
            return self.contexts.pop()

    pair = await connect()
    with pytest.raises(IndexError):
        pair.server.transport.startTLS(FailsLater())
    pair.server.transport.write(b"plain")
    assert await pair.client.takes(5) == b"plain"
