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
from reactorio.internet.error import UserError


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
