"""Many connections at once, and a system that has no more descriptors."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from certificates import AUTHORITY

from aio.kinds import readable
from aio.parties import One, Party
from aio.running import FULL, in_loop, turns
from reactorio.internet import reactor
from reactorio.internet.endpoints import ProcessEndpoint
from reactorio.internet.protocol import Factory, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

NUMBER = 10_000 if FULL else 500
CROWD = Path(__file__).with_name("crowd.py")


class Echo(Protocol):
    connected_now = 0

    def connectionMade(self) -> None:
        Echo.connected_now += 1

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]  # without its default
        Echo.connected_now -= 1


@pytest.fixture
def descriptors() -> Iterator[None]:
    """As many descriptors as the system lets one have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < NUMBER + 100:
        pytest.skip(f"no more than {hard} descriptors are to be had")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("descriptors")
def test_thousands_of_connections_are_served_and_leave_nothing(run: Any, listening: Any, tmp_path: Path) -> None:
    async def main() -> None:
        port = listening.listen(reactor, Factory.forProtocol(Echo))
        address = listening.address(port)
        where = str(address[1]) if isinstance(address, tuple) else f"@{os.fsdecode(address)[1:]}"
        command = [str(CROWD), where, str(NUMBER)]
        if listening.secure:
            (tmp_path / "trusted.pem").write_bytes(AUTHORITY.certificate.dumpPEM())
            command.append(str(tmp_path / "trusted.pem"))
        crowd = Party()
        await ProcessEndpoint(reactor, sys.executable, [sys.executable, *command], None).connect(One(crowd))
        assert await crowd.takes(len(b"connected\n")) == b"connected\n"
        assert Echo.connected_now == NUMBER
        crowd.transport.write(b"again\n")
        await crowd.takes(len(b"connected\ngreeted\n"))
        crowd.transport.loseConnection()
        await crowd.lost()
        while Echo.connected_now:
            await asyncio.sleep(0.001)
        await port.stopListening()
        await turns(5)

    if listening.secure and hasattr(listening.below, "below"):
        pytest.skip("blocking sockets of the standard library do no TLS in TLS")
    run(main())


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_that_is_free = os.dup(0)
    os.close(lowest_that_is_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_that_is_free, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            os.dup(0)
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_closed(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


@in_loop
async def test_out_of_descriptors_peers_are_turned_away_and_later_served(listening: Any, logged_errors: Any) -> None:
    server, client = Party(), Party()
    port = listening.listen(reactor, One(server))
    early = [listening.open_socket(port) for _ in range(3)]
    await turns(3)
    with no_descriptor_left():
        for sock in early:
            sock.setblocking(False)
            sock.connect_ex(listening.address(port))
            await readable(sock)
            assert is_closed(sock)
    for sock in early:
        sock.close()
    assert server.transport is None
    listening.dial(reactor, port, One(client))
    await server.made()
    await client.made()
    client.transport.loseConnection()
    await server.lost()
    await client.lost()
    await port.stopListening()
    # libuv says nothing of it.
    assert all("Out of file descriptors" in event["log_format"] for event in logged_errors)
    logged_errors.clear()
