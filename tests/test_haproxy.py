"""The PROXY protocol: headers of both versions, whole, cut and hostile; and servers behind a proxy."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct

import pytest
from certificates import SERVER as CERTIFICATE
from certificates import verifying
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.address import IPv4Address, IPv6Address, UNIXAddress
from reactorio.internet.defer import Deferred
from reactorio.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    connectProtocol,
    serverFromString,
    wrapServerTLS,
)
from reactorio.internet.interfaces import IPushProducer
from reactorio.internet.protocol import Factory, Protocol, connectionDone
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport
from reactorio.protocols.haproxy import proxyEndpoint
from reactorio.protocols.haproxy._exceptions import InvalidNetworkProtocol, InvalidProxyHeader, MissingAddressData
from reactorio.protocols.haproxy._info import TLSInfo
from reactorio.protocols.haproxy._tlvs import crc32c
from reactorio.protocols.haproxy._v1parser import V1Parser
from reactorio.protocols.haproxy._v2parser import V2Parser
from reactorio.protocols.haproxy._wrapper import HAProxyWrappingFactory
from reactorio.protocols.portforward import ProxyFactory
from reactorio.protocols.wire import Echo

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT = IPv4Address("TCP", "192.0.2.1", 56324)
SERVER = IPv4Address("TCP", "192.0.2.11", 443)
V1 = b"PROXY TCP4 192.0.2.1 192.0.2.11 56324 443\r\n"


def binary(family, *, command=0x21, addresses=b"", tlvs=b""):
    return SIGNATURE + struct.pack("!BBH", command, family, len(addresses + tlvs)) + addresses + tlvs


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


IPV4 = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.11") + struct.pack("!2H", 56324, 443)
IPV6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1") + socket.inet_pton(socket.AF_INET6, "::2") + b"\0\1\0\2"
UNIX = b"/run/a".ljust(108, b"\0") + b"\0abstract".ljust(108, b"\0")
V2 = binary(0x11, addresses=IPV4, tlvs=tlv(5, b"one"))


class Talker(Protocol):
    """Speaks first; remembers who its peer was then, and what it was sent."""

    def __init__(self):
        self.received = b""
        self.peer = self.host = None
        self.lost = 0

    def connectionMade(self):
        self.peer, self.host = self.transport.getPeer(), self.transport.getHost()
        self.transport.write(b"220 hello\r\n")

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason=connectionDone):
        self.lost += 1


class OnReactor(StringTransport):
    """A connection in memory that belongs to a reactor, and so has a time limit."""

    def __init__(self, clock):
        super().__init__()
        self.reactor = clock


def connect(transport=None, protocol=Talker):
    factory = HAProxyWrappingFactory(Factory.forProtocol(protocol))
    wrapper = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
    transport = StringTransport() if transport is None else transport
    wrapper.makeConnection(transport)
    return wrapper, transport


# Headers


@pytest.mark.parametrize(
    ("header", "source", "destination"),
    [
        (V1, CLIENT, SERVER),
        (b"PROXY TCP6 2001:DB8::1 ::2 0 65535\r\n", IPv6Address("TCP", "2001:DB8::1", 0), None),
        (b"PROXY UNKNOWN\r\n", None, None),
        (b"PROXY UNKNOWN ".ljust(105, b"f") + b"\r\n", None, None),
        (V2, CLIENT, SERVER),
        (binary(0x12, addresses=IPV4), IPv4Address("UDP", "192.0.2.1", 56324), IPv4Address("UDP", "192.0.2.11", 443)),
        (binary(0x21, addresses=IPV6), IPv6Address("TCP", "2001:db8:0:0:0:0:0:1", 1), None),
        (binary(0x22, addresses=IPV6), IPv6Address("UDP", "2001:db8:0:0:0:0:0:1", 1), None),
        (binary(0x31, addresses=UNIX), UNIXAddress("/run/a"), UNIXAddress("\0abstract")),
        (binary(0x32, addresses=bytes(216)), UNIXAddress(None), UNIXAddress(None)),
        (binary(0x00, addresses=b"whatever"), None, None),
        (binary(0x01, addresses=IPV4), None, None),
        (binary(0x11, command=0x20), None, None),
        (binary(0x00, command=0x20, tlvs=b"\3"), None, None),
    ],
)
def test_whom_the_proxy_speaks_for(header, source, destination):
    parser = V1Parser() if header.startswith(b"P") else V2Parser()

    info, rest = parser.feed(header + b"\r\nrest")

    assert info.source == source
    assert info.destination == destination or destination is None
    assert info.header == header.removesuffix(b"\r\n" if header.startswith(b"P") else b"")
    assert rest == b"\r\nrest"


def test_what_else_the_proxy_tells():
    in_tls = [
        (0x21, b"TLSv1.3"),
        (0x22, b"caf\xc3\xa9 \xff"),
        (0x23, b"TLS_AES_128_GCM_SHA256"),
        (0x24, b"SHA256"),
        (0x25, b"RSA2048"),
        (0x26, b"x25519"),
        (0x27, b"rsa_pss_rsae_sha256"),
        (0x28, b"\x30\x82"),
        (0x2F, b"unknown"),
    ]
    said = [
        (1, b"h2"),
        (2, b"example.com"),
        (2, b"second.example.com"),
        (4, b"padding"),
        (5, b"i" * 128),
        (0x20, struct.pack("!BL", 7, 0) + b"".join(tlv(*one) for one in in_tls)),
        (0x30, b"blue"),
        (0xEA, b"\1vpce"),
    ]

    info = V2Parser.parse(binary(0x11, addresses=IPV4, tlvs=b"".join(tlv(*one) for one in said)))

    assert info.tlvs == tuple(said)
    assert (info.alpn, info.authority, info.unique_id, info.netns) == (b"h2", "example.com", b"i" * 128, "blue")
    assert info.tls == TLSInfo(
        used=True,
        certificate_now=True,
        certificate_in_session=True,
        verified=True,
        version="TLSv1.3",
        common_name="café \\xff",
        cipher="TLS_AES_128_GCM_SHA256",
        signature_algorithm="SHA256",
        key_algorithm="RSA2048",
        group="x25519",
        signature_scheme="rsa_pss_rsae_sha256",
        certificate=b"\x30\x82",
    )


@pytest.mark.parametrize(("client", "verify", "verified"), [(1, 0, False), (3, 0, True), (3, 1, False), (5, 0, True)])
def test_only_a_certificate_that_was_shown_can_have_been_verified(client, verify, verified):
    header = binary(0x11, addresses=IPV4, tlvs=tlv(0x20, struct.pack("!BL", client, verify)))

    assert V2Parser.parse(header).tls.verified is verified


def test_the_checksum_is_castagnolis():
    assert crc32c(b"123456789") == 0xE3069283


def test_a_right_checksum_is_believed_and_a_wrong_one_refused():
    blank = binary(0x11, addresses=IPV4, tlvs=tlv(3, bytes(4)) + tlv(5, b"one"))
    offset = len(SIGNATURE) + 4 + len(IPV4) + 3
    right = blank[:offset] + struct.pack("!L", crc32c(blank)) + blank[offset + 4 :]

    assert V2Parser.parse(right).unique_id == b"one"
    with pytest.raises(InvalidProxyHeader, match="checksum"):
        V2Parser.parse(right.replace(b"one", b"two"))


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (b"GET / HTTP/1.1\r\n", InvalidProxyHeader),
        (b"PROXY\r\n", InvalidProxyHeader),
        (b"PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n", InvalidNetworkProtocol),
        (b"PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", InvalidNetworkProtocol),
        (b"PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n", InvalidNetworkProtocol),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", MissingAddressData),
        (b"PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n", MissingAddressData),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 02\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 -2\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 \xc2\xb2\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 ::1 ::2 1 2\r\n", InvalidProxyHeader),
        (b"PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", InvalidProxyHeader),
        (b"PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n", InvalidProxyHeader),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", InvalidProxyHeader),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rGET", InvalidProxyHeader),
        (b"PROXY UNKNOWN ".ljust(106, b"f") + b"\r\n", InvalidProxyHeader),
        (b"PROXY UNKNOWN ".ljust(107, b"f"), InvalidProxyHeader),
        (SIGNATURE[:11] + b"X", InvalidProxyHeader),
        (binary(0x11, command=0x11, addresses=IPV4), InvalidProxyHeader),
        (binary(0x11, command=0x22, addresses=IPV4), InvalidProxyHeader),
        (binary(0x41, addresses=IPV4), InvalidNetworkProtocol),
        (binary(0x13, addresses=IPV4), InvalidNetworkProtocol),
        (binary(0x41, addresses=bytes(0xFFFF))[:16], InvalidNetworkProtocol),
        (binary(0x11, addresses=IPV4[:-1]), MissingAddressData),
        (binary(0x21, addresses=IPV4), MissingAddressData),
        (binary(0x31, addresses=UNIX[:-1]), MissingAddressData),
        (binary(0x11, addresses=IPV4, tlvs=b"\1"), InvalidProxyHeader),
        (binary(0x11, addresses=IPV4, tlvs=b"\1\0\2h"), InvalidProxyHeader),
        (binary(0x11, addresses=IPV4, tlvs=tlv(3, b"abc")), InvalidProxyHeader),
        (binary(0x11, addresses=IPV4, tlvs=tlv(5, b"i" * 129)), InvalidProxyHeader),
        (binary(0x11, addresses=IPV4, tlvs=tlv(0x20, b"\1\0\0\0")), InvalidProxyHeader),
        (binary(0x11, addresses=IPV4, tlvs=tlv(0x20, b"\1\0\0\0\0\x21\0\1")), InvalidProxyHeader),
    ],
)
def test_what_is_no_header_is_refused(header, error):
    parser = V2Parser() if header.startswith(b"\r") else V1Parser()

    with pytest.raises(error):
        parser.feed(header)


@pytest.mark.parametrize("parser", [V1Parser, V2Parser])
def test_the_longest_headers_are_accepted_and_nothing_more_is_held(parser):
    header = b"PROXY UNKNOWN ".ljust(105, b"f") + b"\r\n"
    if parser is V2Parser:
        header = binary(0x11, addresses=IPV4, tlvs=tlv(0xE0, bytes(0xFFFF - len(IPV4) - 3)))
    reading = parser()

    assert reading.feed(header[:-1]) == (None, None)
    assert reading.feed(header[-1:] + b"rest")[1] == b"rest"
    assert not reading.buffer


@given(st.sampled_from([V1, V2]), st.lists(st.integers(0, 80)), st.binary(max_size=20))
def test_cutting_the_wire_anywhere_changes_nothing(header, cuts, rest):
    wire = header + rest
    wrapper, _ = connect()
    edges = sorted({0, len(wire), *(min(cut, len(wire)) for cut in cuts)})

    for start, end in itertools.pairwise(edges):
        wrapper.dataReceived(wire[start:end])

    assert wrapper.wrappedProtocol.peer == CLIENT
    assert wrapper.wrappedProtocol.received == rest


@given(st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\0"]), st.binary())
def test_whatever_arrives_is_a_header_or_refused(start, rest):
    wrapper, transport = connect()

    wrapper.dataReceived(start + rest)

    assert not transport.disconnecting or (wrapper.proxy_info is None and transport.value() == b"")


# Connections


def test_a_protocol_that_speaks_first_does_so_after_the_header():
    wrapper, transport = connect()

    assert transport.value() == b""
    assert wrapper.getPeer() == transport.getPeer()
    wrapper.dataReceived(V1)

    assert transport.value() == b"220 hello\r\n"
    assert wrapper.wrappedProtocol.peer == wrapper.getPeer() == CLIENT
    assert wrapper.wrappedProtocol.host == wrapper.getHost() == SERVER
    assert wrapper.wrappedProtocol.transport is wrapper
    assert IPushProducer.providedBy(wrapper)


def test_a_proxy_that_speaks_for_itself_is_the_peer():
    wrapper, transport = connect()

    wrapper.dataReceived(binary(0, command=0x20))

    assert wrapper.wrappedProtocol.peer == transport.getPeer()
    assert wrapper.wrappedProtocol.host == transport.getHost()


def test_the_application_finds_what_the_proxy_told_on_its_transport():
    wrapper, _ = connect()
    wrapper.dataReceived(V2)

    assert wrapper.wrappedProtocol.transport.proxy_info.unique_id == b"one"


def test_a_refused_connection_is_aborted_and_its_protocol_never_connected():
    wrapper, transport = connect()
    protocol = wrapper.wrappedProtocol

    wrapper.dataReceived(b"HELO\r\n")
    wrapper.dataReceived(V1)
    wrapper.connectionLost()

    assert transport.disconnected
    assert transport.value() == b""
    assert (protocol.peer, protocol.lost) == (None, 0)
    assert wrapper.factory.protocols == {}


def test_the_end_of_a_connection_is_told_once_it_was_told_of_its_beginning():
    wrapper, _ = connect()
    protocol = wrapper.wrappedProtocol

    wrapper.dataReceived(V1)
    wrapper.connectionLost()

    assert protocol.lost == 1


def test_a_header_that_does_not_come_in_time_is_refused():
    clock = Clock()
    wrapper, transport = connect(OnReactor(clock))

    clock.advance(6)
    wrapper.dataReceived(V1[:-1])
    clock.advance(5)

    assert transport.disconnected
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("wire", [V1, b"junk"])
def test_nothing_is_waited_for_when_there_is_a_header_or_none(wire):
    clock = Clock()
    wrapper, _ = connect(OnReactor(clock))

    wrapper.dataReceived(wire)

    assert clock.getDelayedCalls() == []


def test_the_end_ends_the_wait_for_a_header():
    clock = Clock()
    wrapper, _ = connect(OnReactor(clock))

    wrapper.connectionLost()

    assert clock.getDelayedCalls() == []


def test_there_need_not_be_a_time_limit():
    clock = Clock()
    factory = HAProxyWrappingFactory(Factory.forProtocol(Talker))
    factory.header_timeout = None

    factory.buildProtocol(CLIENT).makeConnection(OnReactor(clock))

    assert clock.getDelayedCalls() == []


def test_what_came_with_the_header_waits_for_a_protocol_that_does_not_read_yet():
    class Later(Talker):
        def connectionMade(self):
            self.transport.pauseProducing()

    wrapper, transport = connect(protocol=Later)

    wrapper.dataReceived(V1 + b"early")
    assert wrapper.wrappedProtocol.received == b""
    assert transport.producerState == "paused"
    wrapper.resumeProducing()

    assert wrapper.wrappedProtocol.received == b"early"
    assert transport.producerState == "producing"


def test_reading_stays_paused_when_the_first_bytes_are_enough():
    class OneByOne(Talker):
        def connectionMade(self):
            self.transport.pauseProducing()

        def dataReceived(self, data):
            super().dataReceived(data)
            self.transport.pauseProducing()

    wrapper, transport = connect(protocol=OneByOne)
    wrapper.dataReceived(V1 + b"early")

    wrapper.resumeProducing()

    assert transport.producerState == "paused"


def test_the_log_prefix_says_proxy():
    factory = HAProxyWrappingFactory(Factory.forProtocol(Talker))

    assert factory.logPrefix() == "Factory (PROXY)"


# Servers


async def ask(port, *pieces):
    """Send ``pieces``, and return what is answered until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b"reset"
    finally:
        writer.close()


class Whoami(Protocol):
    def dataReceived(self, data):
        peer = self.transport.getPeer()
        self.transport.write(f"{peer.host} {data.decode()}".encode())
        self.transport.loseConnection()


def test_a_hostile_header_ends_its_own_connection_only(run):
    async def main():
        from reactorio.internet import reactor

        endpoint = serverFromString(reactor, r"haproxy:tcp:0:interface=127.0.0.1")
        listening = await endpoint.listen(Factory.forProtocol(Whoami))
        port = listening.getHost().port
        answers = await asyncio.gather(
            ask(port, V1 + b"one"),
            ask(port, b"junk"),
            ask(port, V2[:20], V2[20:] + b"two"),
            ask(port, binary(0x11, addresses=IPV4, tlvs=b"\1")),
            ask(port, V1, b"three"),
        )
        await listening.stopListening()
        return answers

    first, junk, second, bad, third = run(main())

    assert (first, second, third) == (b"192.0.2.1 one", b"192.0.2.1 two", b"192.0.2.1 three")
    assert {junk, bad} <= {b"", b"reset"}


def test_a_silent_connection_is_closed_by_the_reactors_clock(run, monkeypatch):
    monkeypatch.setattr(HAProxyWrappingFactory, "header_timeout", 0.01)

    async def main():
        from reactorio.internet import reactor

        listening = await serverFromString(reactor, "haproxy:tcp:0:interface=127.0.0.1").listen(
            Factory.forProtocol(Talker)
        )
        answer = await ask(listening.getHost().port)
        await listening.stopListening()
        return answer

    assert run(main()) in (b"", b"reset")


def test_a_forwarded_port_behind_a_proxy_loses_nothing(run):
    async def main():
        from reactorio.internet import reactor

        behind = reactor.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1")
        forward = ProxyFactory("127.0.0.1", behind.getHost().port)
        listening = await serverFromString(reactor, "haproxy:tcp:0:interface=127.0.0.1").listen(forward)
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.getHost().port)
        writer.write(V1 + b"early")
        echoed = await asyncio.wait_for(reader.readexactly(5), 10)
        writer.close()
        await listening.stopListening()
        await behind.stopListening()
        return echoed

    assert run(main()) == b"early"


class Secretly(Protocol):
    """Sends a PROXY header before or within TLS, and takes the answer."""

    def __init__(self, within):
        self.within = within
        self.answer = b""
        self.lost = Deferred()

    def connectionMade(self):
        if not self.within:
            self.transport.write(V2)
        self.transport.startTLS(verifying())
        self.transport.write((V2 if self.within else b"") + b"hello")

    def dataReceived(self, data):
        self.answer += data

    def connectionLost(self, reason=connectionDone):
        self.lost.callback(self.answer)


class Told(Whoami):
    def dataReceived(self, data):
        self.transport.write(self.transport.proxy_info.unique_id + b" ")
        super().dataReceived(data)


@pytest.mark.parametrize("within", [False, True])
def test_the_header_may_come_before_tls_or_within(run, within):
    async def main():
        from reactorio.internet import reactor

        plain = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        if within:
            endpoint = proxyEndpoint(wrapServerTLS(CERTIFICATE.options(), plain))
        else:
            endpoint = wrapServerTLS(CERTIFICATE.options(), proxyEndpoint(plain))
        listening = await endpoint.listen(Factory.forProtocol(Told))
        client = Secretly(within)
        await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", listening.getHost().port), client)
        answer = await client.lost
        await listening.stopListening()
        return answer

    assert run(main()) == b"one 192.0.2.1 hello"
