"""The standard library's TLS as a peer: blocking sockets in a thread, and the loop's own streams."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from certificates import AUTHORITY, SERVER, by_pyopenssl, verifying

from aio.kinds import LOOPBACK
from aio.parties import One, Party
from aio.running import in_loop
from reactorio.internet import reactor
from reactorio.internet.error import ConnectionDone, ConnectionLost
from reactorio.internet.threads import deferToThread

if TYPE_CHECKING:
    from pathlib import Path

MUCH = bytes(range(256)) * 10_000


@pytest.fixture(params=["stdlib", "pyopenssl"])
def engine(request: pytest.FixtureRequest) -> Any:
    return by_pyopenssl if request.param == "pyopenssl" else lambda options: options


@pytest.fixture(params=["TLSv1_2", "TLSv1_3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    return ssl.TLSVersion[request.param]


@pytest.fixture
def for_clients(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=AUTHORITY.certificate.dumpPEM().decode())
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    context.minimum_version = context.maximum_version = version
    return context


@pytest.fixture
def for_servers(version: ssl.TLSVersion, tmp_path: Path) -> ssl.SSLContext:
    (tmp_path / "server.pem").write_bytes(SERVER.dumpPEM())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    context.minimum_version = context.maximum_version = version
    return context


def echo(party: Party) -> None:
    party.transport.write(bytes(party.received))
    party.received.clear()


def take(sock: Any, size: int) -> bytes:
    taken = b""
    while len(taken) < size and (part := sock.recv(65536)):
        taken += part
    return taken


@in_loop
async def test_a_blocking_client(for_clients: ssl.SSLContext, engine: Any) -> None:
    server = Party(dataReceived=echo)
    port: Any = reactor.listenSSL(0, One(server), engine(SERVER.options()), interface=LOOPBACK)

    def talk() -> bytes:
        with socket.create_connection((LOOPBACK, port.getHost().port)) as plain:
            tls = for_clients.wrap_socket(plain, server_hostname="server.example")
            with tls:
                answers = b""
                for start in range(0, len(MUCH), 100_000):
                    tls.sendall(MUCH[start : start + 100_000])
                    answers += take(tls, len(MUCH[start : start + 100_000]))
                tls.unwrap().close()
            return answers

    assert await deferToThread(talk) == MUCH
    assert isinstance(await server.lost(), ConnectionDone)
    await port.stopListening()


@in_loop
async def test_a_blocking_client_that_leaves_without_a_word(for_clients: ssl.SSLContext, engine: Any) -> None:
    server = Party()
    port: Any = reactor.listenSSL(0, One(server), engine(SERVER.options()), interface=LOOPBACK)

    def leave() -> None:
        with socket.create_connection((LOOPBACK, port.getHost().port)) as plain:
            for_clients.wrap_socket(plain, server_hostname="server.example").close()

    await deferToThread(leave)
    assert isinstance(await server.lost(), ConnectionLost)
    await port.stopListening()


@in_loop
async def test_a_blocking_server(for_servers: ssl.SSLContext, engine: Any) -> None:
    client = Party()
    with socket.create_server((LOOPBACK, 0)) as listening:

        def talk() -> bytes:
            plain, _ = listening.accept()
            with for_servers.wrap_socket(plain, server_side=True) as tls:
                taken = take(tls, len(MUCH))
                tls.sendall(taken)
                # The client closes first.
                assert tls.recv(1) == b""
                tls.unwrap().close()
            return taken

        talking = deferToThread(talk)
        reactor.connectSSL(*listening.getsockname(), One(client), engine(verifying()))
        await client.made()
        client.transport.write(MUCH)
        assert await client.takes(len(MUCH)) == MUCH
        client.transport.loseConnection()
        assert isinstance(await client.lost(), ConnectionDone)
        assert await talking == MUCH


@in_loop
async def test_the_loops_own_client(for_clients: ssl.SSLContext, engine: Any) -> None:
    server = Party(dataReceived=echo)
    port: Any = reactor.listenSSL(0, One(server), engine(SERVER.options()), interface=LOOPBACK)
    reader, writer = await asyncio.open_connection(
        LOOPBACK, port.getHost().port, ssl=for_clients, server_hostname="server.example"
    )
    writer.write(MUCH)
    assert await reader.readexactly(len(MUCH)) == MUCH
    writer.close()
    await writer.wait_closed()
    assert isinstance(await server.lost(), ConnectionDone)
    await port.stopListening()


@in_loop
async def test_the_loops_own_server(for_servers: ssl.SSLContext, engine: Any) -> None:
    client = Party()

    async def serve(reader: Any, writer: Any) -> None:
        writer.write(await reader.readexactly(len(MUCH)))
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(serve, LOOPBACK, 0, ssl=for_servers)
    reactor.connectSSL(*listening.sockets[0].getsockname(), One(client), engine(verifying()))
    await client.made()
    client.transport.write(MUCH)
    assert await client.takes(len(MUCH)) == MUCH
    client.transport.loseConnection()
    assert isinstance(await client.lost(), ConnectionDone)
    listening.close()
    await listening.wait_closed()
