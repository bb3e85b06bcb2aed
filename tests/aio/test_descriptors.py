"""Descriptors that an application watches itself, and what the system has to say of them."""

from __future__ import annotations

import os
import socket
from typing import Any

from aio.running import in_loop, turns
from reactorio.internet import reactor
from reactorio.internet.defer import Deferred


class Watched:
    """A descriptor whose owner does what it is told when it can be read or written."""

    def __init__(self, number: int, read: Any = None, write: Any = None) -> None:
        self.fileno = lambda: number
        self.logPrefix = lambda: "watched"
        self.doRead = read
        self.doWrite = write
        self.lost: Any = None

    def connectionLost(self, reason: Any) -> None:
        self.lost = reason.value


class Sockets:
    """A datagram socket that is connected to a peer, which can leave, and come back."""

    def __init__(self) -> None:
        self.peer = self._bound(("127.0.0.1", 0))
        self.sock = self._bound(("127.0.0.1", 0))
        self.sock.connect(self.peer.getsockname())
        self.address = self.peer.getsockname()

    def _bound(self, address: Any) -> socket.socket:
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind(address)
        return sock

    def write_to_nobody(self) -> None:
        self.peer.close()
        self.sock.send(b"is anybody there?")

    def come_back(self) -> None:
        self.peer = self._bound(self.address)
        self.peer.sendto(b"yes", self.sock.getsockname())

    def close(self) -> None:
        self.sock.close()
        self.peer.close()


@in_loop
async def test_a_descriptor_is_watched_on_after_an_error_that_its_owner_has_taken() -> None:
    sockets = Sockets()
    happened: list[Any] = []
    refused: Deferred[None] = Deferred()
    answered: Deferred[None] = Deferred()

    def read() -> None:
        try:
            happened.append(sockets.sock.recv(100))
            answered.callback(None)
        except ConnectionRefusedError as error:
            happened.append(error.errno)
            refused.callback(None)

    watched = Watched(sockets.sock.fileno(), read)
    reactor.addReader(watched)
    sockets.write_to_nobody()
    await refused
    sockets.come_back()
    await answered
    assert happened[1:] == [b"yes"]
    reactor.removeReader(watched)
    sockets.close()


@in_loop
async def test_a_descriptor_is_watched_on_after_an_error_that_another_call_has_taken() -> None:
    sockets = Sockets()
    answered: Deferred[bytes] = Deferred()

    def read() -> None:
        try:
            answered.callback(sockets.sock.recv(100))
        except BlockingIOError:
            pass

    watched = Watched(sockets.sock.fileno(), read)
    reactor.addReader(watched)
    await turns(2)
    sockets.write_to_nobody()
    assert sockets.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    await turns(2)
    sockets.come_back()
    assert await answered == b"yes"
    reactor.removeReader(watched)
    sockets.close()


@in_loop
async def test_that_nobody_reads_a_pipe_is_told_until_somebody_cares() -> None:
    reading, writing = os.pipe()
    told: list[str] = []
    enough: Deferred[None] = Deferred()

    def tell(what: str) -> None:
        told.append(what)
        if len(told) == 10:
            enough.callback(None)

    watched = Watched(writing, lambda: tell("read"), lambda: tell("write"))
    reactor.addReader(watched)
    await turns(3)
    assert not told
    os.close(reading)
    reactor.addWriter(watched)
    await enough
    assert set(told) == {"read", "write"}
    reactor.removeWriter(watched)
    before = len(told)
    await turns(3)
    assert set(told[before:]) == {"read"}
    reactor.removeReader(watched)
    before = len(told)
    await turns(3)
    assert len(told) == before
    os.close(writing)


@in_loop
async def test_a_number_is_another_descriptors_after_its_owner_has_closed_it() -> None:
    reading, writing = os.pipe()
    first = Watched(reading, lambda: None)
    reactor.addReader(first)
    os.close(reading)
    reactor.removeReader(first)
    again = os.dup(writing)
    os.close(writing)
    assert again == reading
    written: Deferred[None] = Deferred()
    second = Watched(again, write=lambda: written.called or written.callback(None))
    reactor.addWriter(second)
    await written
    reactor.removeWriter(second)
    os.close(again)
