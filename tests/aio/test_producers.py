"""A producer is held to the pace at which the other end takes what it writes, whatever is between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aio.producers import Pull, Push
from aio.running import in_loop, turns
from reactorio.internet.defer import Deferred
from reactorio.internet.error import ConnectionDone, ConnectionLost

if TYPE_CHECKING:
    from aio.parties import Party

PIECE = bytes(range(256)) * 256
FEW = 50
# What the system's buffers hold is less than that, and much less.
MORE = 250
NUMBER = 400


@pytest.mark.parametrize("kind_of_producer", [Push, Pull])
@in_loop
async def test_all_that_is_produced_arrives_before_the_end(connect: Any, side: str, kind_of_producer: Any) -> None:
    ours, theirs = (await connect()).ends(side)
    producer = kind_of_producer(ours.transport, PIECE, FEW)
    producer.start()
    ours.transport.loseConnection()
    assert isinstance(await theirs.lost(), ConnectionDone)
    assert theirs.received == PIECE * FEW
    assert isinstance(await ours.lost(), ConnectionDone)
    assert "stopProducing" not in producer.events


@pytest.mark.parametrize("kind_of_producer", [Push, Pull])
@pytest.mark.parametrize("moment", ["at once", "connected"])
@in_loop
async def test_a_producer_rests_while_nobody_reads(connect: Any, side: str, kind_of_producer: Any, moment: str) -> None:
    ours, theirs = (await connect()).ends(side)
    if moment == "connected":
        theirs.transport.write(b"ready")
        await ours.takes(5)
        theirs.transport.pauseProducing()
    producer = kind_of_producer(ours.transport, PIECE, NUMBER)
    producer.start()
    if moment == "at once":
        # In the midst of the handshake, if there is one, which has to go on.
        ours.transport.write(b"")
        await theirs.takes(1)
        theirs.transport.pauseProducing()
    left = producer.left
    for _ in range(100):
        await turns(10)
        if producer.left == left:
            break
        left = producer.left
    assert producer.left > NUMBER // 4
    theirs.transport.resumeProducing()
    assert await theirs.takes(len(PIECE) * NUMBER) == PIECE * NUMBER


@pytest.mark.parametrize("kind_of_producer", [Push, Pull])
@in_loop
async def test_a_producer_is_stopped_when_the_connection_is_lost(
    connect: Any, side: str, kind_of_producer: Any
) -> None:
    ours, theirs = (await connect()).ends(side)
    producer = kind_of_producer(ours.transport, PIECE, 10**9)
    producer.start()
    await theirs.takes(1)
    getattr(theirs.transport, "abortConnection", theirs.transport.loseConnection)()
    assert isinstance(await ours.lost(), (ConnectionDone, ConnectionLost))
    assert producer.events[-1] == "stopProducing"
    assert producer.events.count("stopProducing") == 1
    await theirs.lost()


@pytest.mark.parametrize("hook", ["pauseProducing", "resumeProducing"])
@in_loop
async def test_a_producer_that_fails_ends_its_connection(
    connect: Any, side: str, hook: str, logged_errors: Any
) -> None:
    def fail(producer: Push) -> None:
        raise ZeroDivisionError

    if not connect.kind.aborts:
        pytest.skip("of a pipe's producer, who writes gets the exception, as in Twisted")
    ours, theirs = (await connect()).ends(side)
    theirs.transport.write(b"ready")
    await ours.takes(5)
    Push(ours.transport, PIECE, NUMBER, **{hook: fail}).start()
    assert isinstance(await ours.lost(), ZeroDivisionError)
    await theirs.lost()
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


def lose(party: Party) -> None:
    party.transport.loseConnection()


def abort(party: Party) -> None:
    getattr(party.transport, "abortConnection", party.transport.loseConnection)()


def unregister(party: Party) -> None:
    party.transport.unregisterProducer()


def pause(party: Party) -> None:
    party.transport.pauseProducing()
    party.transport.resumeProducing()


@pytest.mark.parametrize("call", [lose, abort, unregister, pause])
@pytest.mark.parametrize(
    ("kind_of_producer", "hook"), [(Push, "pauseProducing"), (Push, "resumeProducing"), (Pull, "resumeProducing")]
)
@in_loop
async def test_every_call_is_allowed_in_a_producers_hooks(
    connect: Any, kind_of_producer: Any, hook: str, call: Any
) -> None:
    for side in ("client", "server"):
        ours, theirs = (await connect()).ends(side)
        theirs.transport.write(b"ready")
        await ours.takes(5)
        called: Deferred[None] = Deferred()

        def act(producer: Any, ours: Any = ours, called: Any = called) -> None:
            call(ours)
            if not called.called:
                called.callback(None)

        kind_of_producer(ours.transport, PIECE, MORE, **{hook: act}).start()
        await called
        await turns(20)
        if ours.reason is None:
            ours.transport.unregisterProducer()
            ours.transport.loseConnection()
        await ours.lost()
        await theirs.lost()


@in_loop
async def test_there_is_one_producer_at_a_time(connect: Any, side: str) -> None:
    ours, theirs = (await connect()).ends(side)
    first, second = Push(ours.transport, PIECE, MORE), Push(ours.transport, PIECE, 1)
    first.start()
    with pytest.raises(RuntimeError, match="never unregistered"):
        second.start()
    await theirs.takes(len(PIECE) * MORE)
    second.start()
    await theirs.takes(len(PIECE) * (MORE + 1))
