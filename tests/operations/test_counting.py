"""What ports' connections carry, counted: TLS as it is on the wire, also when it begins midway."""

from __future__ import annotations

import socket
import ssl

import pytest
from certificates import AUTHORITY, SERVER
from programs import PATIENCE

from reactorio.aio import counting, serving
from reactorio.internet.defer import Deferred
from reactorio.internet.protocol import Factory, Protocol
from reactorio.internet.threads import deferToThread


class Upgrading(Protocol):
    """Turns to TLS at ``T``, and sends back whatever else it gets."""

    def dataReceived(self, data):
        if data == b"T":
            self.transport.write(b"T")
            self.transport.startTLS(SERVER.options())
        else:
            self.transport.write(data)

    def connectionLost(self, reason):
        self.factory.lost.callback(None)


def talk(address, family):
    """Say ``T``, turn to TLS, have 10,000 bytes sent back; return what that was on the wire: to there, and back."""
    sent, received = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=AUTHORITY.certificate.dumpPEM().decode())
    tls = context.wrap_bio(received, sent, server_hostname="server.example")
    there = back = 0
    with socket.socket(family) as plain:
        plain.settimeout(PATIENCE)
        plain.connect(address)
        plain.sendall(b"T")
        assert plain.recv(1) == b"T"

        def do(what):
            nonlocal there, back
            while True:
                try:
                    result = what()
                except ssl.SSLWantReadError:
                    result = None
                if data := sent.read():
                    plain.sendall(data)
                    there += len(data)
                if result is not None:
                    return result
                data = plain.recv(65536)
                received.write(data)
                back += len(data)

        do(lambda: tls.do_handshake() or True)
        do(lambda: tls.write(b"x" * 10_000))
        read = b""
        while len(read) < 10_000:
            read += do(lambda: tls.read(65536))
    return there + 1, back + 1


@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_what_connections_carry_is_counted_to_the_byte(reactor, monkeypatch, tmp_path, family):
    for kind in (counting.Port, counting.UNIXPort):
        monkeypatch.setattr(kind, "_connection_kind", kind._connection_kind)
    counting.count_traffic()
    factory = Factory.forProtocol(Upgrading)
    factory.lost = Deferred()
    seen = []

    async def main():
        if family == "tcp":
            port = reactor.listenTCP(0, factory, interface="127.0.0.1")
            address, kind = ("127.0.0.1", port.getHost().port), socket.AF_INET
            assert serving.name_of(port) == f"tcp:127.0.0.1:{address[1]}"
        else:
            port = reactor.listenUNIX(str(tmp_path / "socket"), factory)
            address, kind = str(tmp_path / "socket"), socket.AF_UNIX
            assert serving.name_of(port) == f"unix:{address}"
        seen.append(await deferToThread(talk, address, kind))
        await factory.lost
        traffic = counting.counted(port)
        seen.append((traffic.received, traffic.sent))
        assert traffic.accepted == 1
        await port.stopListening()

    def begin():
        Deferred.fromCoroutine(main()).addErrback(seen.append).addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run()
    on_the_wire, counted = seen
    assert counted[0] == on_the_wire[0]
    # What the client has not read any more: a goodbye.
    assert 0 <= counted[1] - on_the_wire[1] < 100
