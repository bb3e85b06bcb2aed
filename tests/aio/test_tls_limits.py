"""A peer has so much time to shake hands, and to answer that we close, and no more."""

from __future__ import annotations

import socket
from asyncio import constants
from typing import Any

import pytest
from certificates import SERVER, verifying

from aio.kinds import KINDS, LOOPBACK, readable
from aio.parties import One, Party
from aio.running import in_loop, turns
from reactorio.internet import reactor
from reactorio.internet.error import ConnectionDone, TimeoutError
from reactorio.internet.task import Clock
from reactorio.logger import LogLevel, globalLogPublisher
from reactorio.protocols.tls import TLSMemoryBIOFactory

SERVERS = {"listenSSL": KINDS["tls"], "pyOpenSSL": KINDS["tls-pyopenssl"], "UNIX": KINDS["tls-unix"]}


class ByHand(Clock):
    """A clock that the test advances, but for what is due in the next turn."""

    def callLater(self, delay: float, callable: Any, *args: Any, **kwargs: Any) -> Any:
        later = super().callLater if delay else reactor.callLater
        return later(delay, callable, *args, **kwargs)


@pytest.fixture
def clock() -> ByHand:
    return ByHand()


@pytest.fixture
def said() -> Any:
    """What is logged of limits."""
    said: list[Any] = []

    def observe(event: Any) -> None:
        if "late" in event:
            assert event["log_level"] is LogLevel.info
            said.append(event["late"])

    globalLogPublisher.addObserver(observe)
    yield said
    globalLogPublisher.removeObserver(observe)


class Ends:
    """A server and a client that have shaken hands, whose time is the test's."""

    def __init__(self, clock: ByHand, server: Party, client: Party) -> None:
        self.server, self.client = server, client
        self.factory = TLSMemoryBIOFactory(SERVER.options(), False, One(server), clock)
        self.port: Any = reactor.listenTCP(0, self.factory, interface=LOOPBACK)

    async def connect(self) -> None:
        factory = TLSMemoryBIOFactory(verifying(), True, One(self.client), reactor)
        reactor.connectTCP(LOOPBACK, self.port.getHost().port, factory)
        for party in (self.client, self.server):
            await party.until(lambda party: "handshakeCompleted" in party.events)


def test_the_limits_are_asyncios() -> None:
    assert TLSMemoryBIOFactory.handshake_timeout == constants.SSL_HANDSHAKE_TIMEOUT
    assert TLSMemoryBIOFactory.shutdown_timeout == getattr(constants, "SSL_SHUTDOWN_TIMEOUT", 30.0)


@in_loop
async def test_a_client_that_says_nothing_is_cut_off(clock: ByHand, said: Any) -> None:
    server = Party()
    ends = Ends(clock, server, Party())
    with socket.create_connection((LOOPBACK, ends.port.getHost().port)) as silent:
        await server.made()
        clock.advance(59.9)
        await turns(5)
        assert server.reason is None
        clock.advance(0.1)
        assert isinstance(await server.lost(), TimeoutError)
        silent.setblocking(False)
        await readable(silent)
        assert silent.recv(1000) == b""
    assert said == ["TLS handshake is not over after 60 seconds"]
    assert not clock.getDelayedCalls()
    await ends.port.stopListening()


@in_loop
async def test_a_server_that_says_nothing_is_cut_off(clock: ByHand, said: Any) -> None:
    client = Party()
    factory = TLSMemoryBIOFactory(verifying(), True, One(client), clock)
    factory.handshake_timeout = 5
    with socket.create_server((LOOPBACK, 0)) as silent:
        reactor.connectTCP(*silent.getsockname(), factory)
        await client.made()
        clock.advance(5)
        assert isinstance(await client.lost(), TimeoutError)
    assert said == ["TLS handshake is not over after 5 seconds"]


@in_loop
async def test_who_has_shaken_hands_may_take_its_time(clock: ByHand, said: Any) -> None:
    ends = Ends(clock, Party(), Party())
    await ends.connect()
    assert not clock.getDelayedCalls()
    clock.advance(1000)
    ends.client.transport.write(b"hello")
    await ends.server.takes(5)
    ends.client.transport.loseConnection()
    assert isinstance(await ends.server.lost(), ConnectionDone)
    await ends.client.lost()
    assert not clock.getDelayedCalls()
    assert not said
    await ends.port.stopListening()


@in_loop
async def test_without_a_limit_there_is_none(clock: ByHand) -> None:
    server = Party()
    ends = Ends(clock, server, Party())
    ends.factory.handshake_timeout = None
    with socket.create_connection((LOOPBACK, ends.port.getHost().port)):
        await server.made()
        assert not clock.getDelayedCalls()
    await server.lost()
    await ends.port.stopListening()


@in_loop
async def test_a_peer_that_does_not_answer_our_closing_is_cut_off(clock: ByHand, said: Any) -> None:
    ends = Ends(clock, Party(), Party())
    await ends.connect()
    ends.client.transport.pauseProducing()
    ends.server.transport.write(b"last")
    ends.server.transport.loseConnection()
    await turns(5)
    clock.advance(29.9)
    await turns(5)
    assert ends.server.reason is None
    clock.advance(0.1)
    assert isinstance(await ends.server.lost(), TimeoutError)
    assert said == ["TLS shutdown is not over after 30 seconds"]
    ends.client.transport.abortConnection()
    await ends.client.lost()
    assert not clock.getDelayedCalls()
    await ends.port.stopListening()


@in_loop
async def test_a_peer_that_reads_slowly_what_came_before_is_not_cut_off(clock: ByHand, said: Any) -> None:
    much = b"x" * 20_000_000
    ends = Ends(clock, Party(), Party())
    await ends.connect()
    ends.client.transport.pauseProducing()
    ends.server.transport.write(much)
    ends.server.transport.loseConnection()
    for _ in range(10):
        await turns(5)
        clock.advance(30)
    ends.client.transport.resumeProducing()
    assert isinstance(await ends.client.lost(), ConnectionDone)
    assert len(ends.client.received) == len(much)
    assert isinstance(await ends.server.lost(), ConnectionDone)
    assert not said
    assert not clock.getDelayedCalls()
    await ends.port.stopListening()


@pytest.mark.parametrize("kind", SERVERS)
@in_loop
async def test_every_way_to_serve_has_limits(kind: str) -> None:
    server = Party()
    listening: Any = SERVERS[kind]
    port = listening.listen(reactor, One(server))
    port.factory.handshake_timeout = 0.001
    with listening.open_socket(port) as silent:
        silent.connect(listening.address(port))
        assert isinstance(await server.lost(), TimeoutError)
    await port.stopListening()
