"""Connections that end as they begin, and attempts that are stopped: who has the socket closes it, once."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from aio.kinds import KINDS
from aio.parties import One, Party
from aio.running import in_loop, turns
from reactorio.internet import reactor
from reactorio.internet.error import ConnectError, ConnectionLost, UserError


@pytest.mark.parametrize("hook", ["makeConnection", "connectionMade"])
@in_loop
async def test_a_client_cut_off_as_it_begins_has_its_socket_closed(listening: Any, hook: str) -> None:
    if listening is not KINDS["tcp"]:
        pytest.skip("the others stand on this one, or own their sockets")
    port = listening.listen(reactor, One(Party()))
    client = Party(**{hook: lambda party: party.transport.abortConnection()})
    listening.dial(reactor, port, One(client))
    await client.until(lambda party: party.reason is not None)
    await turns(5)
    # Not by libuv alone: a descriptor of the same number is another's by now.
    assert client.transport.socket.fileno() == -1
    await port.stopListening()


@in_loop
async def test_an_adopted_connection_cut_off_as_it_begins_has_its_socket_closed() -> None:
    ours, theirs = Party(connectionMade=lambda party: party.transport.abortConnection()), await connected_sockets()
    reactor.adoptStreamConnection(theirs[0].fileno(), socket.AF_INET, One(ours))
    for sock in theirs:
        sock.close()
    await ours.lost()
    await turns(5)


async def connected_sockets() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        return listening.accept()[0], client


@pytest.mark.parametrize("number", range(8))
@in_loop
async def test_an_attempt_can_be_stopped_at_any_moment(listening: Any, number: int) -> None:
    failed: list[Any] = []
    server, client = Party(), Party()
    port = listening.listen(reactor, One(server))
    factory = One(client)
    setattr(factory, "clientConnectionFailed", lambda connector, reason: failed.append(reason.value))
    connector = listening.dial(reactor, port, factory)
    await turns(number)
    connector.disconnect()
    if failed:
        assert isinstance(failed[0], UserError)
        assert not client.events
    else:
        await client.lost()
    while server.transport is not None and server.reason is None:
        await asyncio.sleep(0.001)
    await turns(5)
    await port.stopListening()
    assert connector.state == "disconnected"


# As in Twisted, it is one from the loop's second turn on.
@pytest.mark.parametrize("number", range(2, 6))
def test_an_attempt_under_way_is_told_of_the_reactors_end(reactor: Any, number: int) -> None:
    told: list[Any] = []

    class Trying(One):
        def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
            told.append(reason.value)

        def clientConnectionLost(self, connector: Any, reason: Any) -> None:
            told.append(reason.value)

        def stopFactory(self) -> None:
            told.append("stopped")

    def begin() -> None:
        connectors.append(KINDS["tcp"].dial(reactor, port, Trying(Party())))  # type: ignore[attr-defined]  # TCP can
        end_in(number)

    def end_in(turns: int) -> None:
        reactor.callLater(0, end_in, turns - 1) if turns else reactor.stop()

    connectors: list[Any] = []
    port = reactor.listenTCP(0, One(Party()), interface="127.0.0.1")
    reactor.callWhenRunning(begin)
    reactor.run()
    assert isinstance(told[0], (ConnectError, ConnectionLost))
    assert told[1:] == ["stopped"]
    assert connectors[0].state == "disconnected"
