"""WebSockets that a site serves, with the websockets library as the client."""

from __future__ import annotations

import asyncio
import os
from unittest.mock import Mock

import pytest
import websockets
from websockets.asyncio.client import connect

from reactorio.internet.address import IPv4Address
from reactorio.internet.error import ConnectionAborted
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport
from reactorio.python.failure import Failure
from reactorio.web.resource import Resource
from reactorio.web.server import Site
from reactorio.web.websocket import WebSocketResource

from .hosting import hosting, in_thread


class Application:
    """Echoes, and does what some messages say."""

    def __init__(self):
        self.pongs = []
        self.said = []
        self.lost = asyncio.get_running_loop().create_future()

    def negotiationStarted(self, transport):
        self.transport = transport
        self.said.append("started")

    def negotiationFinished(self):
        self.said.append("finished")

    def textMessageReceived(self, message):
        if message == "fail":
            raise ArithmeticError("as asked")
        if message == "close":
            self.transport.loseConnection(4000, "as asked")
        elif message == "ping":
            self.transport.ping(b"!")
        else:
            self.transport.sendTextMessage(message)

    def bytesMessageReceived(self, data):
        self.transport.sendBytesMessage(data)

    def pongReceived(self, payload):
        self.pongs.append(payload)
        self.transport.sendTextMessage("pong")

    def connectionLost(self, reason):
        self.lost.set_result(reason)


class Applications:
    """A factory that remembers."""

    def __init__(self):
        self.made = []

    def buildProtocol(self, request):
        if request.args.get(b"no"):
            return None
        request.setHeader(b"X-Seen", b"yes")
        request.addCookie(b"a", b"b")
        self.made.append(Application())
        return self.made[-1]


def site_with(**options):
    applications = Applications()
    root = Resource()
    root.putChild(b"ws", WebSocketResource(applications, **options))
    return root, applications


def served(run, test, **options):
    """Run ``test`` with the port and the applications of a site."""

    async def main():
        root, applications = site_with(**options)
        async with hosting(root) as site:
            await asyncio.wait_for(test(site, applications), 20)
            for application in applications.made:
                await asyncio.wait_for(application.lost, 5)

    run(main())


def url(site, rest=""):
    return f"ws://127.0.0.1:{site.port}/ws{rest}"


@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages_come_back_whole(run, compression):
    messages = ["", "a", "ü" * 500, b"", b"\0\xff" * 40_000, os.urandom(300_000)]

    async def test(site, applications):
        async with connect(url(site), compression=compression, proxy=None) as client:
            assert client.response.headers["X-Seen"] == "yes"
            assert client.response.headers["Set-Cookie"] == "a=b"
            assert ("permessage-deflate" in client.response.headers.get("Sec-WebSocket-Extensions", "")) is bool(
                compression
            )
            for message in messages:
                await client.send(message)
                assert await client.recv() == message
            await client.send(["in ", "three ", "parts"])
            assert await client.recv() == "in three parts"
        assert applications.made[0].said == ["started", "finished"]

    served(run, test)


def test_pings_are_answered_on_both_sides(run):
    async def test(site, applications):
        async with connect(url(site), proxy=None) as client:
            await (await client.ping(b"?"))
            await client.send("ping")
            assert await client.recv() == "pong"
            assert applications.made[0].pongs == [b"!"]

    served(run, test)


def test_either_side_closes_with_a_status(run):
    async def test(site, applications):
        async with connect(url(site), proxy=None) as client:
            await client.send("close")
            with pytest.raises(websockets.ConnectionClosed):
                await client.recv()
            assert (client.close_code, client.close_reason) == (4000, "as asked")
        async with connect(url(site), proxy=None) as client:
            await client.close(4001, "bye")
        await applications.made[1].lost
        transport = applications.made[1].transport
        assert (transport.closeCode, transport.closeReason) == (4001, "bye")
        transport.sendTextMessage("nobody")
        transport.loseConnection()

    served(run, test)


def test_a_failing_application_loses_its_own_connection_only(run, logged_errors):
    async def test(site, applications):
        async with connect(url(site), proxy=None) as other, connect(url(site), proxy=None) as client:
            await client.send("fail")
            with pytest.raises(websockets.ConnectionClosed):
                await client.recv()
            assert client.close_code == 1011
            await other.send("still here")
            assert await other.recv() == "still here"

    served(run, test)
    assert [str(error) for error in logged_errors.flush(ArithmeticError)] == ["as asked"]


@pytest.mark.parametrize("compression", ["deflate", None])
def test_a_message_that_is_too_large_closes(run, compression):
    async def test(site, applications):
        async with connect(url(site), compression=compression, proxy=None) as client:
            await client.send("x" * 1000)
            assert len(await client.recv()) == 1000
            await client.send("x" * 1001)
            with pytest.raises(websockets.ConnectionClosed):
                await client.recv()
            assert client.close_code == 1009

    served(run, test, maxMessageSize=1000)


def test_subprotocols_are_chosen_as_the_server_likes_them(run):
    async def test(site, applications):
        async with connect(url(site), subprotocols=["a", "b", "c"], proxy=None) as client:
            assert client.subprotocol in ("b", "c")

    served(run, test, subprotocols=["c", "b"])


def test_browsers_come_from_the_origins_that_may(run):
    async def test(site, applications):
        async with connect(url(site), origin="https://good.example", proxy=None):
            pass
        for origin in ("https://evil.example", None):
            with pytest.raises(websockets.InvalidStatus) as caught:
                async with connect(url(site), origin=origin, proxy=None):
                    pass
            assert caught.value.response.status_code == 403

    served(run, test, origins=["https://good.example"])


def test_what_is_no_handshake_is_refused_and_the_connection_goes_on(run):
    async def test(site, applications):
        with pytest.raises(websockets.InvalidStatus) as caught:
            async with connect(url(site, "?no=1"), proxy=None):
                pass
        assert caught.value.response.status_code == 403
        request = b"GET /ws HTTP/1.1\r\nHost: a\r\n"
        bad = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\n"
        asked = request + b"\r\n" + request + bad + b"\r\n" + request + b"Connection: close\r\n\r\n"
        answers = await in_thread(lambda: site.raw(asked))
        assert answers.count(b"HTTP/1.1 400") == 3
        assert answers.count(b"websocket protocol negotiation error") == 3

    served(run, test)


HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(first, payload, mask=b"\0\0\0\0"):
    assert len(payload) < 126
    return bytes([first, 0x80 | len(payload)]) + mask + payload


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x81\x01a", 1002),  # not masked
        (frame(0x83, b""), 1002),  # an opcode that there is not
        (frame(0xC1, b"a"), 1002),  # an extension that was not agreed on
        (frame(0x80, b"a"), 1002),  # a continuation of nothing
        (frame(0x01, b"a") + frame(0x81, b"b"), 1002),  # a message in a message
        (frame(0x09, b"a"), 1002),  # a ping in parts
        (bytes([0x89, 0xFE, 0, 126, 0, 0, 0, 0]) + bytes(126), 1002),  # a long ping
        (frame(0x81, b"\xc3\x28"), 1007),  # no UTF-8
        (frame(0x88, b"\x03"), 1002),  # half a status
        (frame(0x88, b"\x03\xee"), 1002),  # a status that nobody sends
        (bytes([0x82, 0xFF]) + (1 << 62).to_bytes(8, "big") + bytes(4), 1009),
    ],
)
def test_what_is_against_the_rules_closes_with_the_status_for_it(run, sent, status):
    async def test(site, applications):
        answer = await in_thread(lambda: site.raw(HANDSHAKE + sent))
        head, _, frames = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert frames[:1] == b"\x88"
        assert int.from_bytes(frames[2:4], "big") == status

    served(run, test)


def test_frames_that_come_with_the_handshake_are_not_lost(run):
    async def test(site, applications):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(HANDSHAKE + frame(0x81, b"early"))
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(7) == b"\x81\x05early"
        writer.write(frame(0x88, b"\x03\xe8"))
        assert await reader.read() == b"\x88\x02\x03\xe8"
        writer.close()

    served(run, test)


def test_a_peer_that_does_not_close_is_cut_off(run):
    async def test(site, applications):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(HANDSHAKE + frame(0x81, b"close"))
        assert await reader.readuntil(b"as asked")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()

    served(run, test, closeTimeout=0.05)


def test_who_does_not_answer_pings_is_cut_off():
    clock = Clock()
    site = Site(WebSocketResource(Mock(), pingInterval=20), reactor=clock)
    connection = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
    transport = StringTransport()
    connection.makeConnection(transport)
    connection.dataReceived(HANDSHAKE)
    for _ in range(3):
        transport.clear()
        clock.advance(20)
        assert transport.value() == b"\x89\x00"
        connection.dataReceived(frame(0x8A, b""))
    clock.advance(20)
    assert not transport.disconnecting
    clock.advance(20)
    assert transport.disconnected
    connection.connectionLost(Failure(ConnectionAborted()))
    assert clock.getDelayedCalls() == []


def test_a_peer_that_does_not_read_is_not_read_from(run):
    async def test(site, applications):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        message = bytes([0x82, 0xFE]) + (60_000).to_bytes(2, "big") + bytes(4) + bytes(60_000)
        sent = 0
        try:
            while sent < 400:
                writer.write(message)
                await asyncio.wait_for(writer.drain(), 0.5)
                sent += 1
        except asyncio.TimeoutError:
            pass
        # 24 MB would have gone out and come back; the buffers of both directions are far smaller.
        assert sent < 300
        writer.transport.abort()

    served(run, test)
