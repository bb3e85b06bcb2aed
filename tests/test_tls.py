"""TLS: certificates, handshakes between real sockets, both engines, and what goes wrong."""

from __future__ import annotations

import ssl as stdlib
from contextlib import suppress
from typing import Any

import pytest
from certificates import AUTHORITY, DAY, NOW, SERVER, Authority, by_pyopenssl, verifying
from hypothesis import given, settings
from hypothesis.strategies import binary, integers

from reactorio._interface import implementer
from reactorio.internet import ssl
from reactorio.internet._ssl.identity import check_identity
from reactorio.internet.defer import Deferred
from reactorio.internet.endpoints import clientFromString, serverFromString, wrapClientTLS
from reactorio.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from reactorio.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    IProtocolNegotiationFactory,
    IReactorSSL,
    ISSLTransport,
)
from reactorio.internet.protocol import ClientFactory, Factory, Protocol
from reactorio.internet.ssl import VerificationError
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport
from reactorio.protocols._tls.engines import TLSError
from reactorio.protocols._tls.hello import ClientHello
from reactorio.protocols._tls.stdlib import StdlibEngine, server_name_callback
from reactorio.protocols.tls import TLSMemoryBIOFactory


@implementer(IHandshakeListener)
class Peer(Protocol):
    """Keeps what happens to it; with a greeting, it begins."""

    def __init__(self, greeting: bytes = b"", echo: bool = False) -> None:
        self.greeting = greeting
        self.echo = echo
        self.received = bytearray()
        self.shaken = False
        self.lost: Deferred[Any] = Deferred()
        self.wanted = 0
        self.complete: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        if self.greeting:
            self.transport.write(self.greeting)

    def handshakeCompleted(self) -> None:
        self.shaken = True

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if self.echo:
            self.transport.write(data)
        if self.wanted and len(self.received) >= self.wanted:
            self.wanted = 0
            self.complete.callback(None)

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]  # without its default
        self.lost.callback(reason.value)


class One(ClientFactory[Any]):
    """Builds the one protocol that it is given."""

    noisy = False

    def __init__(self, protocol: Any) -> None:
        self.one = protocol

    def buildProtocol(self, addr: Any) -> Any:
        return self.one


class Pair:
    """A server with one connection, and that one's client."""

    def __init__(self, reactor: Any, server: Any, client: Any, **parties: Any) -> None:
        self.server = parties.get("server_protocol") or Peer(echo=True)
        self.client = parties.get("client_protocol") or Peer(b"hello")
        factories = parties.get("factory", One)
        self.port = reactor.listenSSL(0, factories(self.server), server, interface="127.0.0.1")
        self.connector = reactor.connectSSL("127.0.0.1", self.port.getHost().port, factories(self.client), client)

    async def close(self) -> None:
        await self.port.stopListening()
        for peer in (self.client, self.server):
            if peer.transport is not None and not peer.lost.called:
                peer.transport.abortConnection()
        for peer in (self.client, self.server):
            if peer.transport is not None and not peer.lost.called:
                await peer.lost


def run(reactor: Any, main: Any) -> None:
    """Run the reactor until ``main`` has returned."""
    failed: list[BaseException] = []

    async def whole() -> None:
        try:
            await main()
        except BaseException as error:
            failed.append(error)
        finally:
            reactor.stop()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(whole()))
    reactor.run()
    if failed:
        raise failed[0]


@pytest.fixture(params=["stdlib", "pyopenssl"])
def engine(request: pytest.FixtureRequest) -> Any:
    """Options as they are, or such that pyOpenSSL is used."""
    return by_pyopenssl if request.param == "pyopenssl" else lambda options: options


# ---- what works


@pytest.mark.parametrize("name", ["server.example", "one.many.example", "127.0.0.1"])
def test_a_verified_connection_carries_data_both_ways(reactor: Any, engine: Any, name: str) -> None:
    async def main() -> None:
        pair = Pair(reactor, engine(SERVER.options()), engine(verifying(name)))
        pair.client.wanted = 5
        await pair.client.complete
        assert pair.client.received == b"hello"
        assert pair.client.shaken
        assert pair.server.shaken
        assert ISSLTransport.providedBy(pair.client.transport)
        assert ssl.Certificate.peerFromTransport(pair.client.transport) == ssl.Certificate(SERVER.original)
        assert pair.server.transport.getPeerCertificate() is None
        pair.client.transport.loseConnection()
        assert isinstance(await pair.client.lost, ConnectionDone)
        assert isinstance(await pair.server.lost, ConnectionDone)
        await pair.close()

    run(reactor, main)


def test_a_megabyte_in_one_write_arrives_whole(reactor: Any, engine: Any) -> None:
    async def main() -> None:
        data = bytes(range(256)) * 4096
        pair = Pair(reactor, engine(SERVER.options()), engine(verifying()), client_protocol=Peer(data))
        pair.client.wanted = len(data)
        await pair.client.complete
        assert pair.client.received == data
        await pair.close()

    run(reactor, main)


def test_all_that_is_written_before_loseConnection_arrives(reactor: Any, engine: Any) -> None:
    class Leaving(Peer):
        def connectionMade(self) -> None:
            self.transport.write(b"x" * 500_000)
            self.transport.loseConnection()
            self.transport.write(b"too late")

    async def main() -> None:
        pair = Pair(
            reactor, engine(SERVER.options()), engine(verifying()), server_protocol=Leaving(), client_protocol=Peer()
        )
        assert isinstance(await pair.client.lost, ConnectionDone)
        assert pair.client.received == b"x" * 500_000
        assert isinstance(await pair.server.lost, ConnectionDone)
        await pair.close()

    run(reactor, main)


def test_a_client_shows_its_certificate(reactor: Any, engine: Any) -> None:
    async def main() -> None:
        ours = AUTHORITY.issue("client.example")
        server = SERVER.options(AUTHORITY.certificate)
        pair = Pair(reactor, engine(server), engine(verifying(clientCertificate=ours)))
        pair.client.wanted = 5
        await pair.client.complete
        assert ssl.Certificate.peerFromTransport(pair.server.transport) == ssl.Certificate(ours.original)
        await pair.close()

    run(reactor, main)


@implementer(IProtocolNegotiationFactory)
class Negotiating(One):
    def acceptableProtocols(self) -> list[bytes]:
        return [b"h2", b"http/1.1"] if self.one.echo else [b"x", b"http/1.1"]


def test_a_protocol_is_agreed_on(reactor: Any, engine: Any) -> None:
    async def main() -> None:
        pair = Pair(reactor, engine(SERVER.options()), engine(verifying()), factory=Negotiating)
        pair.client.wanted = 5
        await pair.client.complete
        assert pair.client.transport.negotiatedProtocol == b"http/1.1"
        assert pair.server.transport.negotiatedProtocol == b"http/1.1"
        await pair.close()

    run(reactor, main)


def test_without_a_common_protocol_there_is_no_connection(reactor: Any, engine: Any) -> None:
    async def main() -> None:
        server = ssl.CertificateOptions(
            privateKey=SERVER.privateKey.original, certificate=SERVER.original, acceptableProtocols=[b"a"]
        )
        pair = Pair(reactor, engine(server), engine(verifying(acceptableProtocols=[b"b"])))
        assert "alert no application protocol" in str(await pair.client.lost)
        error = await pair.server.lost
        assert isinstance(error, TLSError)
        assert "no application protocol" in str(error)
        await pair.close()

    run(reactor, main)


def test_a_producer_is_held_to_the_pace_of_its_peer(reactor: Any, engine: Any) -> None:
    class Producer:
        """Writes at once all that it is let."""

        written = 0
        paused = False

        def __init__(self, transport: Any) -> None:
            self.transport = transport

        def resumeProducing(self) -> None:
            self.paused = False
            while not self.paused and self.written < 20_000_000:
                self.transport.write(b"x" * 50_000)
                self.written += 50_000
            if not self.paused:
                self.transport.unregisterProducer()
                self.transport.loseConnection()

        def pauseProducing(self) -> None:
            self.paused = True

        def stopProducing(self) -> None:
            self.paused = True

    class Producing(Peer):
        producer: Any = None

        def handshakeCompleted(self) -> None:
            self.producer = Producer(self.transport)
            self.transport.registerProducer(self.producer, True)
            self.producer.resumeProducing()

    async def main() -> None:
        client = Peer()
        pair = Pair(
            reactor,
            engine(SERVER.options()),
            engine(verifying()),
            server_protocol=Producing(),
            client_protocol=client,
        )
        client.wanted = 1
        await client.complete
        client.transport.pauseProducing()
        for _ in range(200):
            paused: Deferred[None] = Deferred()
            reactor.callLater(0, paused.callback, None)
            await paused
        # What the systems' buffers take, and no more.
        assert pair.server.producer.written < 15_000_000
        client.transport.resumeProducing()
        assert isinstance(await client.lost, ConnectionDone)
        assert len(client.received) == 20_000_000
        await pair.close()

    run(reactor, main)


def test_either_side_can_close_for_writing_only(reactor: Any, engine: Any) -> None:
    @implementer(IHalfCloseableProtocol)
    class Half(Peer):
        def readConnectionLost(self) -> None:
            self.transport.write(b"the rest")
            self.transport.loseConnection()

        def writeConnectionLost(self) -> None:
            pass

    async def main() -> None:
        client = Peer(b"request")
        pair = Pair(
            reactor, engine(SERVER.options()), engine(verifying()), server_protocol=Half(), client_protocol=client
        )
        pair.server.wanted = 7
        await pair.server.complete
        client.transport.loseWriteConnection()
        assert isinstance(await client.lost, ConnectionDone)
        assert client.received == b"the rest"
        await pair.close()

    run(reactor, main)


# ---- who is refused


def refused(reactor: Any, server: Any, client: Any) -> tuple[Exception, Exception]:
    """Return why the client and the server lost a connection that never carried data."""
    reasons: list[Exception] = []

    async def main() -> None:
        pair = Pair(reactor, server, client)
        reasons.extend([await pair.client.lost, await pair.server.lost])
        assert not pair.client.received
        assert not pair.server.received
        await pair.close()

    run(reactor, main)
    return reasons[0], reasons[1]


@pytest.mark.parametrize("name", ["other.example", "a.b.many.example", "many.example", "127.0.0.2"])
def test_a_server_with_anothers_certificate_is_refused(reactor: Any, engine: Any, name: str) -> None:
    client, server = refused(reactor, engine(SERVER.options()), engine(verifying(name)))
    assert isinstance(client, VerificationError)
    assert isinstance(server, (ConnectionLost, TLSError))


def test_an_expired_certificate_is_refused(reactor: Any) -> None:
    old = AUTHORITY.issue("server.example", end=NOW - DAY)
    client, server = refused(reactor, old.options(), verifying())
    assert isinstance(client, TLSError)
    assert "certificate has expired" in str(client)
    assert "certificate expired" in str(server)


def test_an_unknown_authoritys_certificate_is_refused(reactor: Any, engine: Any) -> None:
    client, server = refused(reactor, engine(Authority("else").issue("server.example").options()), engine(verifying()))
    assert isinstance(client, TLSError)
    assert "certificate verify failed" in str(client)
    assert "unknown ca" in str(server)


def test_a_client_without_a_certificate_is_refused(reactor: Any, engine: Any) -> None:
    async def main() -> None:
        pair = Pair(reactor, engine(SERVER.options(AUTHORITY.certificate)), engine(verifying()))
        assert "peer did not return a certificate" in str(await pair.server.lost)
        # In TLS 1.3 the client is done before the server says no.
        assert isinstance(await pair.client.lost, (TLSError, ConnectionLost))
        assert not pair.server.received
        await pair.close()

    run(reactor, main)


def test_a_version_below_the_floor_is_refused(reactor: Any) -> None:
    old = stdlib.SSLContext(stdlib.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = stdlib.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = stdlib.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = stdlib.TLSVersion.TLSv1_1

    client, server = refused(reactor, SERVER.options(), old)
    assert isinstance(client, TLSError)
    assert isinstance(server, TLSError)


def test_plain_text_to_a_tls_port_ends_that_connection_only(reactor: Any, engine: Any) -> None:
    async def main() -> None:
        pair = Pair(reactor, engine(SERVER.options()), engine(verifying()))
        pair.client.wanted = 5
        await pair.client.complete
        pair.port.factory.wrappedFactory.one = confused = Peer()
        plain = Peer(b"GET / HTTP/1.1\r\n\r\n")
        reactor.connectTCP("127.0.0.1", pair.port.getHost().port, One(plain))
        assert isinstance(await confused.lost, TLSError)
        await plain.lost
        assert not confused.shaken
        assert not pair.server.lost.called
        await pair.close()

    run(reactor, main)


# ---- ends that are none


def test_a_stream_that_ends_without_close_notify_is_a_loss(reactor: Any, engine: Any) -> None:
    async def main() -> None:
        pair = Pair(reactor, engine(SERVER.options()), engine(verifying()))
        pair.client.wanted = 5
        await pair.client.complete
        pair.server.transport.transport.loseConnection()
        assert isinstance(await pair.client.lost, ConnectionLost)
        await pair.close()

    run(reactor, main)


def test_a_stream_that_ends_in_the_handshake_is_a_loss(reactor: Any, engine: Any) -> None:
    class Mute(Peer):
        def dataReceived(self, data: bytes) -> None:
            self.transport.loseConnection()

    async def main() -> None:
        port = reactor.listenTCP(0, One(Mute()), interface="127.0.0.1")
        client = Peer(b"hello")
        reactor.connectSSL("127.0.0.1", port.getHost().port, One(client), engine(verifying()))
        assert isinstance(await client.lost, ConnectionLost)
        assert not client.shaken
        await port.stopListening()

    run(reactor, main)


def test_abortConnection_in_the_handshake(reactor: Any, engine: Any) -> None:
    class Aborting(Peer):
        def connectionMade(self) -> None:
            reactor.callLater(0, self.transport.abortConnection)

    async def main() -> None:
        pair = Pair(reactor, engine(SERVER.options()), engine(verifying()), client_protocol=Aborting())
        assert isinstance(await pair.client.lost, ConnectionAborted)
        await pair.close()

    run(reactor, main)


def test_an_exception_in_a_hook_ends_the_connection(reactor: Any, engine: Any, logged_errors: Any) -> None:
    class Failing(Peer):
        def dataReceived(self, data: bytes) -> None:
            raise ZeroDivisionError

    async def main() -> None:
        pair = Pair(reactor, engine(SERVER.options()), engine(verifying()), server_protocol=Failing())
        assert isinstance(await pair.server.lost, ZeroDivisionError)
        assert isinstance(await pair.client.lost, ConnectionLost)
        await pair.close()

    run(reactor, main)
    assert logged_errors.flush(ZeroDivisionError)


def test_errors_of_context_factories_are_the_callers(reactor: Any) -> None:
    class Broken(ssl.ContextFactory):
        def getContext(self) -> Any:
            raise ZeroDivisionError

    assert IReactorSSL.providedBy(reactor)
    with pytest.raises(ZeroDivisionError):
        reactor.listenSSL(0, Factory(), Broken())
    with pytest.raises(ZeroDivisionError):
        reactor.connectSSL("127.0.0.1", 1, ClientFactory(), Broken())


def test_a_client_that_wants_to_renegotiate_is_refused(engine: Any) -> None:
    openssl = pytest.importorskip("OpenSSL.SSL")
    context = openssl.Context(openssl.TLS_METHOD)
    context.set_max_proto_version(openssl.TLS1_2_VERSION)
    client = openssl.Connection(context, None)
    client.set_connect_state()
    stream = StringTransport()
    server = TLSMemoryBIOFactory(engine(SERVER.options()), False, One(Peer()), Clock()).buildProtocol(None)
    server.makeConnection(stream)

    def shake_hands() -> None:
        for _ in range(5):
            with suppress(openssl.WantReadError):
                client.do_handshake()
            with suppress(openssl.WantReadError):
                server.dataReceived(client.bio_read(65536))
            if stream.value():
                client.bio_write(stream.value())
            stream.clear()

    shake_hands()
    assert server.wrappedProtocol.shaken
    assert client.renegotiate()
    with pytest.raises(openssl.Error, match="no renegotiation"):
        shake_hands()


# ---- startTLS


class Upgrading(Peer):
    """Turns to TLS when it gets a ``T``, which it answers or has sent; what it gets after that it keeps."""

    def __init__(self, context: Any, is_server: bool) -> None:
        super().__init__()
        self.context = context
        self.is_server = is_server
        self.other: Peer | None = None

    def connectionMade(self) -> None:
        if not self.is_server:
            self.transport.write(b"T")

    def dataReceived(self, data: bytes) -> None:
        if data == b"T":
            if self.is_server:
                self.transport.write(b"T")
            self.transport.startTLS(self.context)
            if not self.is_server:
                self.transport.write(b"secret")
        elif data == b"secret" and self.other is not None:
            self.transport.protocol = self.other
            self.other.makeConnection(self.transport)
        else:
            super().dataReceived(data)


@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_a_connection_turns_to_tls_midway_and_can_be_handed_over(
    reactor: Any, engine: Any, family: str, tmp_path: Any
) -> None:
    async def main() -> None:
        server = Upgrading(engine(SERVER.options()), True)
        client = Upgrading(engine(verifying()), False)
        server.other = heir = Peer(b"from the heir")
        if family == "tcp":
            port = reactor.listenTCP(0, One(server), interface="127.0.0.1")
            reactor.connectTCP("127.0.0.1", port.getHost().port, One(client))
        else:
            port = reactor.listenUNIX(str(tmp_path / "socket"), One(server))
            reactor.connectUNIX(str(tmp_path / "socket"), One(client))
        client.wanted = len(heir.greeting)
        await client.complete
        transport = client.transport
        assert bytes(client.received) == heir.greeting
        assert transport.TLS
        assert ISSLTransport.providedBy(transport)
        assert ssl.Certificate.peerFromTransport(transport) == ssl.Certificate(SERVER.original)
        heir.wanted = 3
        transport.write(b"bye")
        await heir.complete
        assert transport.protocol is client
        transport.loseConnection()
        assert isinstance(await client.lost, ConnectionDone)
        assert isinstance(await heir.lost, ConnectionDone)
        assert transport.getPeer() is not None
        await port.stopListening()

    run(reactor, main)


def test_tls_within_tls(reactor: Any, engine: Any) -> None:
    async def main() -> None:
        server, client = Peer(echo=True), Peer(b"hello")
        inner_server = TLSMemoryBIOFactory(engine(SERVER.options()), False, One(server), reactor)
        inner_client = TLSMemoryBIOFactory(engine(verifying()), True, One(client), reactor)
        port = reactor.listenSSL(0, inner_server, engine(SERVER.options()), interface="127.0.0.1")
        reactor.connectSSL("127.0.0.1", port.getHost().port, inner_client, engine(verifying()))
        client.wanted = 5
        await client.complete
        client.transport.loseConnection()
        assert isinstance(await client.lost, ConnectionDone)
        assert isinstance(await server.lost, ConnectionDone)
        await port.stopListening()

    run(reactor, main)


def test_startTLS_on_a_transport_with_tls_is_tls_within_tls(reactor: Any) -> None:
    async def main() -> None:
        server = Upgrading(SERVER.options(), True)
        client = Upgrading(verifying(), False)
        pair = Pair(reactor, SERVER.options(), verifying(), server_protocol=server, client_protocol=client)
        server.wanted = 6
        await server.complete
        assert bytes(server.received) == b"secret"
        client.transport.loseConnection()
        assert isinstance(await client.lost, ConnectionDone)
        await pair.close()

    run(reactor, main)


class StdlibClient:
    """A client of the standard library's that does no I/O, and verifies nothing."""

    def __init__(self) -> None:
        context = stdlib.SSLContext(stdlib.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, stdlib.CERT_NONE
        self.arrived, self.leaving = stdlib.MemoryBIO(), stdlib.MemoryBIO()
        self.tls = context.wrap_bio(self.arrived, self.leaving)

    def handshake(self) -> bool:
        try:
            self.tls.do_handshake()
        except stdlib.SSLWantReadError:
            return False
        return True

    def encrypted(self, text: bytes) -> bytes:
        self.tls.write(text)
        return self.leaving.read()

    def decrypted(self, data: bytes) -> bytes:
        self.arrived.write(data)
        with suppress(stdlib.SSLWantReadError):
            return self.tls.read(1 << 20)
        return b""


def test_tls_within_tls_may_begin_in_the_midst_of_a_large_read() -> None:
    class Upgrading(Peer):
        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            if self.received.endswith(b"STARTTLS"):
                self.transport.startTLS(SERVER.options())

    server, clock = Upgrading(), Clock()
    wire: Any = StringTransport()
    tls: Any = TLSMemoryBIOFactory(SERVER.options(), False, One(server), clock).buildProtocol(None)
    tls.makeConnection(wire)
    wire.protocol = tls

    def answer_to(data: bytes) -> bytes:
        wire.clear()
        wire.protocol.dataReceived(data)  # startTLS sets another
        clock.advance(0)
        return wire.value()

    outer, inner = StdlibClient(), StdlibClient()
    while not outer.handshake():
        outer.arrived.write(answer_to(outer.leaving.read()))
    outer.arrived.write(answer_to(outer.leaving.read()))
    # Three records of 16 KiB and one that ends at the last byte of 64 KiB, then the hello of the inner TLS.
    large = outer.encrypted((3 * 16384 + 16296 - 8) * b"x" + b"STARTTLS")
    assert len(large) == 65536
    inner.handshake()
    hello = outer.encrypted(inner.leaving.read())

    inner.arrived.write(outer.decrypted(answer_to(large + hello)))
    assert inner.handshake()
    answer_to(outer.encrypted(inner.encrypted(b"secret")))

    assert server.received.endswith(b"STARTTLSsecret")
    assert server.shaken


# ---- names


def test_who_fails_to_choose_a_context_refuses_the_client_and_the_log_has_it(logged_errors: Any) -> None:
    def fail(name: bytes | None) -> Any:
        raise ZeroDivisionError(name)

    context = stdlib.SSLContext(stdlib.PROTOCOL_TLS_SERVER)
    context.sni_callback = server_name_callback((), fail)
    server, client = StdlibEngine(context, False), StdlibClient()
    client.handshake()
    server.receive(client.leaving.read())
    with pytest.raises(TLSError):
        server.handshake()
    client.arrived.write(server.to_send())
    with pytest.raises(stdlib.SSLError, match="alert internal error"):
        client.handshake()
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


# ---- endpoints


def test_endpoints_from_strings(reactor: Any, tmp_path: Any) -> None:
    async def main() -> None:
        (tmp_path / "server.pem").write_bytes(SERVER.dumpPEM())
        trusted = tmp_path / "trusted"
        trusted.mkdir()
        (trusted / "ca.pem").write_bytes(AUTHORITY.certificate.dumpPEM())
        server = Peer(echo=True)
        string = f"ssl:0:privateKey={tmp_path}/server.pem:interface=127.0.0.1"
        port = await serverFromString(reactor, string).listen(One(server))
        beneath = rf"tcp\:127.0.0.1\:{port.getHost().port}"
        endpoint = clientFromString(reactor, f"tls:server.example:443:trustRoots={trusted}:endpoint={beneath}")
        client = await endpoint.connect(One(Peer(b"hello")))
        client.wanted = 5
        await client.complete
        client.transport.loseConnection()
        await client.lost
        await server.lost
        await port.stopListening()

    run(reactor, main)


def test_a_directory_has_a_certificate_for_each_name_and_a_new_one_is_shown_at_once(
    reactor: Any, tmp_path: Any
) -> None:
    (tmp_path / "one.pem").write_bytes(AUTHORITY.issue("one.example").dumpPEM())
    (tmp_path / "two.pem").write_bytes(AUTHORITY.issue("two.example").dumpPEM())

    async def main() -> None:
        string = f"tls:{tmp_path}:0:interface=127.0.0.1"
        port = await serverFromString(reactor, string).listen(Factory.forProtocol(lambda: Peer(echo=True)))
        number = port.getHost().port

        async def shown_to(name: str) -> Any:
            beneath = clientFromString(reactor, f"tcp:127.0.0.1:{number}")
            client = await wrapClientTLS(verifying(name), beneath).connect(One(Peer(b"hello")))
            client.wanted = 5
            await client.complete
            certificate = ssl.Certificate.peerFromTransport(client.transport)
            client.transport.loseConnection()
            await client.lost
            return certificate

        first = await shown_to("one.example")
        assert first.getSubject().CN == b"one.example"
        assert (await shown_to("two.example")).getSubject().CN == b"two.example"
        (tmp_path / "one.pem").write_bytes(AUTHORITY.issue("one.example", end=NOW + 2 * DAY).dumpPEM())
        assert await shown_to("one.example") != first
        await port.stopListening()

    run(reactor, main)


# ---- without sockets


def _hello(protocols: list[str] | None) -> bytes:
    context = stdlib.SSLContext(stdlib.PROTOCOL_TLS_CLIENT)
    if protocols is not None:
        context.set_alpn_protocols(protocols)
    outgoing = stdlib.MemoryBIO()
    client = context.wrap_bio(stdlib.MemoryBIO(), outgoing, server_hostname="server.example")
    with pytest.raises(stdlib.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("protocols", [None, ["h2"], ["h2", "http/1.1"]])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_a_client_offers_is_read_however_it_is_cut(protocols: list[str] | None, size: int) -> None:
    wire = _hello(protocols)
    hello = ClientHello()
    for at in range(0, len(wire), size):
        assert not hello.is_over
        hello.receive(wire[at : at + size])
    assert hello.is_over
    assert hello.offered == (None if protocols is None else [name.encode() for name in protocols])


@settings(deadline=None)  # a busy machine is no failure
@given(binary(max_size=600), integers(0, 500), integers(0, 255))
def test_any_bytes_are_no_more_than_no_offer(tail: bytes, at: int, value: int) -> None:
    wire = bytearray(_hello(["h2"]))
    wire[at % len(wire)] = value
    for first in (b"", bytes(wire)):
        hello = ClientHello()
        hello.receive(first + tail)
        assert hello.offered is None or isinstance(hello.offered, list)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("a.example.com", "A.example.com", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "example.com", False),
        ("a*.example.com", "ab.example.com", False),
        ("*.com", "example.com", False),
        ("example.com", "example.com.", True),
        ("*", "example", False),
    ],
)
def test_a_wildcard_stands_for_one_whole_label(pattern: str, name: str, matches: bool) -> None:
    from reactorio.internet._ssl.originals import certificate_of

    certificate = certificate_of(AUTHORITY.issue(pattern).original)
    if matches:
        check_identity(certificate, name, False)
    else:
        with pytest.raises(VerificationError, match="is not for"):
            check_identity(certificate, name, False)


def test_a_common_name_is_no_identity(reactor: Any, engine: Any) -> None:
    named = AUTHORITY.issue("server.example", alternative=False)
    client, _ = refused(reactor, engine(named.options()), engine(verifying()))
    assert isinstance(client, VerificationError)


def test_a_key_signs_what_a_request_asks_for() -> None:
    root = ssl.KeyPair.generate().selfSignedCert(1, CN="root")
    key = ssl.KeyPair.generate()
    request = key.certificateRequest(ssl.DN(CN="leaf", O="Somebody"))
    signed = root.signCertificateRequest(request, lambda name: name.CN == b"leaf", 7)
    leaf = key.newCertificate(signed)  # type: ignore[arg-type]  # no Deferred here
    assert leaf.getSubject() == ssl.DN(commonName="leaf", organizationName="Somebody")
    assert leaf.getIssuer() == root.getSubject()
    assert leaf.serialNumber() == 7
    assert ssl.PrivateCertificate.loadPEM(leaf.dumpPEM()) == leaf
    with pytest.raises(ValueError, match="rejected"):
        root.signCertificateRequest(request, lambda name: False, 8)


def test_a_certificate_does_not_take_anothers_key() -> None:
    with pytest.raises(ValueError, match="another key"):
        ssl.PrivateCertificate.fromCertificateAndKeyPair(SERVER, ssl.KeyPair.generate())


def test_options_tell_what_excludes_each_other() -> None:
    with pytest.raises(TypeError, match="exclusive"):
        ssl.CertificateOptions(trustRoot=AUTHORITY.certificate, verify=True)
    with pytest.raises(ValueError, match="both"):
        ssl.CertificateOptions(privateKey=SERVER.privateKey.original)
    with pytest.raises(ValueError, match="lower than"):
        ssl.CertificateOptions(raiseMinimumTo=ssl.TLSVersion.TLSv1_3, lowerMaximumSecurityTo=ssl.TLSVersion.TLSv1_2)


def test_a_context_that_checks_names_has_to_know_one() -> None:
    with pytest.raises(ValueError, match="optionsForClientTLS"):
        TLSMemoryBIOFactory(stdlib.create_default_context(), True, ClientFactory())
