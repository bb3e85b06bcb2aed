"""What is written arrives, whole and in order; and a connection ends in the way that it was ended."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from aio.parties import HalfCloser, Party
from aio.running import in_loop, turns
from reactorio.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost

MUCH = Random(4).randbytes(3_000_000)


@in_loop
async def test_bytes_arrive_in_order_however_they_are_written(connect: Any, side: str) -> None:
    ours, theirs = (await connect()).ends(side)
    random, written, at = Random(5), 0, memoryview(MUCH)
    while at:
        piece, at = at[: random.choice([1, 10, 1000, 100_000])], at[random.choice([1, 10, 1000, 100_000]) :]
        written += len(piece)
        ours.transport.write(bytes(piece))
        ours.transport.writeSequence([bytes(piece), b"", bytes(piece)])
    assert len(await theirs.takes(3 * written)) == 3 * written


@in_loop
async def test_both_directions_are_full_at_once(connect: Any) -> None:
    pair = await connect()
    for party in (pair.server, pair.client):
        party.transport.write(MUCH)
    for party in (pair.server, pair.client):
        assert await party.takes(len(MUCH)) == MUCH


@in_loop
async def test_what_is_answered_from_dataReceived_keeps_its_order(connect: Any, side: str) -> None:
    def answer(party: Party) -> None:
        for _ in range(3):
            party.transport.write(b"%d," % len(party.received))

    ours, theirs = (await connect()).ends(side)
    ours.on["dataReceived"] = answer
    for _ in range(100):
        before = len(theirs.received)
        theirs.transport.write(b"x")
        await theirs.takes(before + 2)
    expected = b"".join(b"%d," % number * 3 for number in range(1, 101))
    assert await theirs.takes(len(expected)) == expected


@in_loop
async def test_what_is_written_before_loseConnection_arrives_and_then_the_end(connect: Any, side: str) -> None:
    ours, theirs = (await connect()).ends(side)
    ours.transport.write(MUCH)
    ours.transport.loseConnection()
    assert isinstance(await theirs.lost(), ConnectionDone)
    assert bytes(theirs.received) == MUCH
    assert isinstance(await ours.lost(), ConnectionDone)
    assert ours.events[-1] == "connectionLost"


@in_loop
async def test_loseConnection_waits_for_a_reader_that_has_paused(connect: Any, side: str) -> None:
    ours, theirs = (await connect()).ends(side)
    ours.transport.write(b"ready")
    await theirs.takes(5)
    theirs.transport.pauseProducing()
    # More than the system's buffers hold.
    ours.transport.write(MUCH * 6)
    ours.transport.loseConnection()
    await turns(20)
    assert ours.reason is None
    theirs.transport.resumeProducing()
    assert isinstance(await theirs.lost(), ConnectionDone)
    assert bytes(theirs.received[5:]) == MUCH * 6
    assert isinstance(await ours.lost(), ConnectionDone)


@in_loop
async def test_abortConnection_drops_what_is_not_sent(connect: Any, side: str) -> None:
    if not connect.kind.aborts:
        pytest.skip("pipes cannot be cut off")
    ours, theirs = (await connect()).ends(side)
    ours.transport.write(b"ready")
    await theirs.takes(5)
    theirs.transport.pauseProducing()
    ours.transport.write(MUCH * 4)
    ours.transport.abortConnection()
    assert isinstance(await ours.lost(), ConnectionAborted)
    theirs.transport.resumeProducing()
    assert isinstance(await theirs.lost(), (ConnectionDone, ConnectionLost))
    assert len(theirs.received) < len(MUCH) * 4


@in_loop
async def test_one_direction_can_be_closed_and_the_other_used(connect: Any, side: str) -> None:
    if not connect.kind.half_closes:
        pytest.skip("of this kind an end has no half")
    ours, theirs = (await connect(HalfCloser(), HalfCloser())).ends(side)
    ours.transport.write(MUCH)
    ours.transport.loseWriteConnection()
    ours.transport.write(b"too late")
    await theirs.until(lambda party: "readConnectionLost" in party.events)
    assert bytes(theirs.received) == MUCH
    await ours.until(lambda party: "writeConnectionLost" in party.events)
    theirs.transport.write(MUCH)
    assert await ours.takes(len(MUCH)) == MUCH
    theirs.transport.loseConnection()
    ours.transport.loseConnection()
    assert isinstance(await theirs.lost(), ConnectionDone)
    assert isinstance(await ours.lost(), ConnectionDone)


@in_loop
async def test_to_who_knows_no_half_the_end_of_one_direction_is_the_end(connect: Any, side: str) -> None:
    if not connect.kind.half_closes:
        pytest.skip("of this kind an end has no half")
    ours, theirs = (await connect()).ends(side)
    ours.transport.write(b"last")
    ours.transport.loseWriteConnection()
    assert isinstance(await theirs.lost(), ConnectionDone)
    assert bytes(theirs.received) == b"last"
    assert isinstance(await ours.lost(), ConnectionDone)


@in_loop
async def test_a_lost_connection_takes_every_call_and_does_nothing(connect: Any, side: str) -> None:
    ours, theirs = (await connect()).ends(side)
    transport = ours.transport
    transport.loseConnection()
    await ours.lost()
    await theirs.lost()
    events = [*ours.events], [*theirs.events]
    transport.write(b"x")
    transport.writeSequence([b"x", b"y"])
    transport.loseConnection()
    transport.pauseProducing()
    transport.resumeProducing()
    transport.stopProducing()
    if connect.kind.aborts:
        transport.abortConnection()
    if connect.kind.half_closes:
        transport.loseWriteConnection()
    producer = Stopped()
    transport.registerProducer(producer, True)
    assert producer.stopped
    transport.unregisterProducer()
    assert transport.getHost() is not None
    assert transport.getPeer() is not None
    await turns(5)
    assert (ours.events, theirs.events) == events


class Stopped:
    stopped = False

    def stopProducing(self) -> None:
        self.stopped = True
