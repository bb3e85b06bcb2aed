"""A peer that is gone of a sudden, with much on its way to it."""

from __future__ import annotations

import socket
import struct
from typing import Any

import pytest

from aio.kinds import KINDS
from aio.producers import Push
from aio.running import in_loop, turns
from reactorio.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost

PIECE = bytes(range(256)) * 256


def reset(transport: Any) -> None:
    """Have the system tell the other side that the connection is not only over, but lost."""
    below = transport
    while hasattr(below, "transport"):
        below = below.transport
    if hasattr(below, "socket") and below.socket.family == socket.AF_INET:
        below.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    getattr(transport, "abortConnection", transport.loseConnection)()


def is_loss(kind: Any, reason: Exception) -> bool:
    # The system does not tell of UNIX sockets and pipes whether their other end was closed or cut off.
    return isinstance(reason, ConnectionLost) or (
        isinstance(reason, ConnectionDone) and kind in (KINDS["unix"], KINDS["process"])
    )


@pytest.mark.parametrize("how", ["producer", "write"])
@in_loop
async def test_a_peer_that_goes_amid_a_write_is_a_loss(connect: Any, side: str, how: str) -> None:
    ours, theirs = (await connect()).ends(side)
    ours.transport.write(b"ready")
    await theirs.takes(5)
    theirs.transport.pauseProducing()
    producer = Push(ours.transport, PIECE, 10**9)
    if how == "producer":
        producer.start()
    else:
        ours.transport.write(PIECE * 400)
    await turns(10)
    reset(theirs.transport)
    await theirs.lost()
    assert is_loss(connect.kind, await ours.lost())
    if how == "producer":
        assert producer.events[-1] == "stopProducing"
    ours.transport.write(PIECE)


@in_loop
async def test_a_peer_that_goes_amid_its_own_write_is_a_loss_after_what_arrived(connect: Any, side: str) -> None:
    if not connect.kind.aborts:
        pytest.skip("pipes cannot be cut off")
    ours, theirs = (await connect()).ends(side)
    theirs.transport.write(b"ready")
    await ours.takes(5)
    theirs.transport.write(PIECE * 400)
    await ours.takes(100)
    reset(theirs.transport)
    assert isinstance(await theirs.lost(), ConnectionAborted)
    assert is_loss(connect.kind, await ours.lost())
    assert (PIECE * 400).startswith(bytes(ours.received[5:]))


@in_loop
async def test_a_peer_that_goes_while_nothing_happens_is_a_loss(connect: Any, side: str) -> None:
    if not connect.kind.aborts:
        pytest.skip("pipes cannot be cut off")
    ours, theirs = (await connect()).ends(side)
    theirs.transport.write(b"ready")
    await ours.takes(5)
    reset(theirs.transport)
    await theirs.lost()
    assert is_loss(connect.kind, await ours.lost())
