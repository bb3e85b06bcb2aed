"""WebSockets that a client asks for, from the websockets library's server and from a site."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.server import serve

from reactorio.internet import reactor
from reactorio.internet.defer import Deferred
from reactorio.web.http_headers import Headers
from reactorio.web.resource import Resource
from reactorio.web.static import Data
from reactorio.web.websocket import ConnectionRejected, WebSocketClientEndpoint, WebSocketResource

from .hosting import hosting


class Peer:
    """Keeps what comes."""

    def __init__(self, answers=False):
        self.answers = answers
        self.came = asyncio.Queue()
        self.lost = asyncio.get_running_loop().create_future()

    def buildProtocol(self, where):
        self.where = where
        return self

    def negotiationStarted(self, transport):
        self.transport = transport

    def negotiationFinished(self):
        pass

    def textMessageReceived(self, message):
        self.came.put_nowait(message)
        if self.answers:
            self.transport.sendTextMessage(message)

    def bytesMessageReceived(self, data):
        self.came.put_nowait(data)
        if self.answers:
            self.transport.sendBytesMessage(data)

    def pongReceived(self, payload):
        self.came.put_nowait(("pong", payload))

    def connectionLost(self, reason):
        self.lost.set_result(reason)


MESSAGES = ["", "ü" * 100, "x" * 70_000, b"", b"\0" * 125, b"\0" * 126, b"\xff" * 65_535, b"\xff" * 65_536]


@pytest.mark.parametrize("compression", [True, False])
def test_messages_come_back_from_the_librarys_server(run, compression):
    async def echo(connection):
        assert connection.request.headers["X-More"] == "yes"
        async for message in connection:
            await connection.send(message)

    async def main():
        async with serve(echo, "127.0.0.1", 0, subprotocols=["b"]) as server:
            port = server.sockets[0].getsockname()[1]
            endpoint = WebSocketClientEndpoint.new(
                reactor,
                f"ws://127.0.0.1:{port}/path?query",
                headers=Headers({"X-More": ["yes"]}),
                subprotocols=["a", "b"],
                compression=compression,
            )
            peer = await asyncio.wait_for(endpoint.connect(Peer()), 10)
            assert peer.transport.subprotocol == "b"
            for message in MESSAGES:
                if isinstance(message, str):
                    peer.transport.sendTextMessage(message)
                else:
                    peer.transport.sendBytesMessage(message)
                assert await asyncio.wait_for(peer.came.get(), 10) == message
            peer.transport.ping(b"?")
            assert await asyncio.wait_for(peer.came.get(), 10) == ("pong", b"?")
            peer.transport.loseConnection(4000, "bye")
            await asyncio.wait_for(peer.lost, 10)
            assert (peer.transport.closeCode, peer.transport.closeReason) == (4000, "bye")

    run(main())


def test_a_site_is_reached_from_a_coroutine_of_deferreds(run):
    async def main():
        there = Peer(answers=True)
        root = Resource()
        root.putChild(b"ws", WebSocketResource(there))
        async with hosting(root) as site:
            endpoint = WebSocketClientEndpoint.new(reactor, f"http://127.0.0.1:{site.port}/ws")
            peer = await Deferred.fromCoroutine(endpoint.connect(Peer()))
            for message in MESSAGES:
                peer.transport.sendTextMessage(str(message))
                assert await asyncio.wait_for(peer.came.get(), 10) == str(message)
            there.transport.loseConnection()
            await asyncio.wait_for(peer.lost, 10)
            await asyncio.wait_for(there.lost, 10)

    run(main())


def test_who_is_rejected_has_the_answer(run):
    async def main():
        root = Resource()
        root.putChild(b"data", Data(b"plain", "text/plain"))
        async with hosting(root) as site:
            endpoint = WebSocketClientEndpoint.new(reactor, f"ws://127.0.0.1:{site.port}/data")
            with pytest.raises(ConnectionRejected, match="answered 200") as caught:
                await endpoint.connect(Peer())
            assert caught.value.response.code == 200
            caught.value.response._transport.abortConnection()

    run(main())


async def until_its_end(reader):
    """Return what comes; a reset is an end, too."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


def test_a_server_that_cannot_prove_the_handshake_is_rejected(run):
    async def main():
        ended = asyncio.get_running_loop().create_future()

        async def answer(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            upgrade = b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            writer.write(upgrade + b"Sec-WebSocket-Accept: bad\r\n\r\n")
            ended.set_result(await until_its_end(reader))
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ConnectionRejected):
                await WebSocketClientEndpoint.new(reactor, f"ws://127.0.0.1:{port}/").connect(Peer())
            assert await asyncio.wait_for(ended, 10) == b""

    run(main())


def test_cancelling_closes_the_connection(run):
    async def main():
        ended = asyncio.get_running_loop().create_future()
        asked = asyncio.Event()

        async def silent(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            ended.set_result(await until_its_end(reader))
            writer.close()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            endpoint = WebSocketClientEndpoint.new(reactor, f"ws://127.0.0.1:{port}/")
            connecting = asyncio.ensure_future(endpoint.connect(Peer()))
            await asked.wait()
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert await asyncio.wait_for(ended, 10) == b""

    run(main())


def test_what_is_no_url_is_said(run):
    for url in ("ftp://host/", "nothing"):
        with pytest.raises(ValueError, match="is no URL of a WebSocket"):
            WebSocketClientEndpoint.new(reactor, url)
