"""What a protocol does in its hooks, wherever that leads, harms nobody but itself."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from aio.parties import HalfCloser, Party
from aio.running import in_loop, turns
from reactorio.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost

if TYPE_CHECKING:
    from aio.running import Connect

MUCH = Random(6).randbytes(500_000)

BEGINNINGS = ["makeConnection", "connectionMade", "handshakeCompleted"]


def skip_what_there_is_not(connect: Connect, hook: str) -> None:
    if hook == "handshakeCompleted" and not connect.kind.secure:
        pytest.skip("there is no handshake")


def fails(party: Party) -> None:
    raise ZeroDivisionError


async def go_through_hooks(connect: Connect, side: str, **on: Any) -> tuple[Party, Party]:
    """Connect, and have one end's hooks called."""
    ours, theirs = HalfCloser(**on), Party()
    await connect(*((ours, theirs) if side == "server" else (theirs, ours)))
    if theirs.reason is None:
        theirs.transport.write(b"data")
    await turns(5)
    return ours, theirs


# ---- exceptions


@pytest.mark.parametrize("hook", [*BEGINNINGS, "dataReceived"])
@in_loop
async def test_an_exception_is_logged_and_ends_its_connection(
    connect: Any, side: str, hook: str, logged_errors: Any
) -> None:
    skip_what_there_is_not(connect, hook)
    if side == "server" and connect.kind.on_stdio and hook in ("makeConnection", "connectionMade"):
        pytest.skip("who makes a StandardIO gets it")
    ours, theirs = await go_through_hooks(connect, side, **{hook: fails})
    assert isinstance(await ours.lost(), ZeroDivisionError)
    assert isinstance(await theirs.lost(), (ConnectionDone, ConnectionLost))
    assert ours.events[-1] == "connectionLost"
    event, *others = logged_errors
    assert "in fails" in event["log_failure"].getTraceback()
    assert not others
    logged_errors.clear()


@pytest.mark.parametrize("hook", ["readConnectionLost", "writeConnectionLost"])
@in_loop
async def test_an_exception_about_one_direction_ends_both(
    connect: Any, side: str, hook: str, logged_errors: Any
) -> None:
    if not connect.kind.half_closes:
        pytest.skip("of this kind an end has no half")
    ours, theirs = await go_through_hooks(connect, side, **{hook: fails})
    await ours.takes(4)
    (ours if hook == "writeConnectionLost" else theirs).transport.loseWriteConnection()
    assert isinstance(await ours.lost(), ZeroDivisionError)
    await theirs.until(lambda party: party.reason is not None or "readConnectionLost" in party.events)
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


@in_loop
async def test_an_exception_in_connectionLost_is_logged(connect: Any, side: str, logged_errors: Any) -> None:
    ours, theirs = await go_through_hooks(connect, side, connectionLost=fails)
    await ours.takes(4)
    ours.transport.loseConnection()
    theirs.transport.loseConnection()
    assert isinstance(await ours.lost(), ConnectionDone)
    await theirs.lost()
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


@in_loop
async def test_a_port_serves_on_after_exceptions(listening: Any, logged_errors: Any) -> None:
    from aio.parties import One
    from reactorio.internet import reactor

    parties = [Party(connectionMade=fails), Party(dataReceived=fails), Party()]
    accepting = iter(parties)
    factory = One(None)
    setattr(factory, "buildProtocol", lambda addr: next(accepting))
    port = listening.listen(reactor, factory)
    for party in parties:
        client = Party(connectionMade=lambda party: party.transport.write(b"data"))
        listening.dial(reactor, port, One(client))
        if party is parties[-1]:
            await party.takes(4)
            client.transport.loseConnection()
        await party.lost()
        await client.lost()
    await port.stopListening()
    assert len(logged_errors.flush(ZeroDivisionError)) == 2


# ---- calls into the transport


def write(connect: Connect, party: Party) -> None:
    party.transport.write(b"x" * 200_000)
    party.transport.writeSequence([b"x", b"y"])


def lose(connect: Connect, party: Party) -> None:
    party.transport.write(b"last")
    party.transport.loseConnection()


def lose_one_way(connect: Connect, party: Party) -> None:
    if connect.kind.half_closes:
        party.transport.loseWriteConnection()


def abort(connect: Connect, party: Party) -> None:
    getattr(party.transport, "abortConnection", party.transport.loseConnection)()


def lose_and_abort(connect: Connect, party: Party) -> None:
    lose(connect, party)
    abort(connect, party)


def stop_listening(connect: Connect, party: Party) -> None:
    pair = connect.pairs[-1]
    # A client that does so is not accepted, which is another story.
    if pair.port is not None and party is pair.server:
        pair.port.stopListening()


def pause_and_resume(connect: Connect, party: Party) -> None:
    party.transport.pauseProducing()
    party.transport.resumeProducing()


def produce(connect: Connect, party: Party) -> None:
    party.transport.registerProducer(Idle(), True)
    party.transport.unregisterProducer()


class Idle:
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


CALLS = [write, lose, lose_one_way, abort, lose_and_abort, stop_listening, pause_and_resume, produce]
HOOKS = [*BEGINNINGS, "dataReceived", "readConnectionLost", "connectionLost"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("hook", HOOKS)
@in_loop
async def test_every_call_is_allowed_in_every_hook(connect: Any, hook: str, call: Any) -> None:
    skip_what_there_is_not(connect, hook)
    for side in ("client", "server"):
        ours, theirs = await go_through_hooks(connect, side, **{hook: lambda party: call(connect, party)})
        if theirs.reason is None:
            theirs.transport.loseConnection()
        await ours.until(lambda party: party.reason is not None or "readConnectionLost" in party.events)
        ours.transport.loseConnection()
        reason = await ours.lost()
        assert isinstance(reason, (ConnectionDone, ConnectionLost, ConnectionAborted)), reason
        await theirs.lost()


# ---- pausing


@pytest.mark.parametrize("hook", [*BEGINNINGS, "dataReceived"])
@in_loop
async def test_who_pauses_gets_nothing_until_it_resumes(connect: Any, side: str, hook: str) -> None:
    skip_what_there_is_not(connect, hook)

    def pause(party: Party) -> None:
        party.transport.pauseProducing()

    ours, theirs = await go_through_hooks(connect, side, **{hook: pause})
    if hook in ("dataReceived", "handshakeCompleted"):
        await ours.until(lambda party: hook in party.events)
    ours.on.clear()
    theirs.transport.write(b"more" * 1000)
    await turns(20)
    assert len(ours.received) == (4 if hook == "dataReceived" else 0)
    ours.transport.resumeProducing()
    assert await ours.takes(4004) == b"data" + b"more" * 1000


@in_loop
async def test_who_pauses_amid_much_data_gets_no_more_of_it(connect: Any, side: str) -> None:
    ours, theirs = (await connect()).ends(side)
    ours.on["dataReceived"] = lambda party: party.transport.pauseProducing()
    theirs.transport.write(MUCH)
    pieces = 0
    while len(ours.received) < len(MUCH):
        pieces += 1
        await ours.until(lambda party: party.events.count("dataReceived") == pieces)  # noqa: B023  # it is called at once
        await turns(5)
        assert ours.events.count("dataReceived") == pieces
        ours.transport.resumeProducing()
    assert bytes(ours.received) == MUCH
    theirs.transport.write(b"last")
    theirs.transport.loseConnection()
    ours.on.clear()
    ours.transport.resumeProducing()
    assert isinstance(await ours.lost(), ConnectionDone)
    assert ours.received.endswith(b"last")
