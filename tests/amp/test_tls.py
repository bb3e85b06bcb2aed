"""TLS on a connection that began without, and what must never happen there."""

from __future__ import annotations

import pytest

from reactorio.internet.defer import Deferred
from reactorio.internet.error import ConnectionDone, ConnectionLost, PeerVerifyError
from reactorio.internet.testing import StringTransport
from reactorio.protocols import amp
from reactorio.python.failure import Failure

from .talk import Answers, Ask, Connected, Secure, errors_of

ssl = pytest.importorskip("reactorio.internet.ssl", reason="needs cryptography")


def self_signed():
    key = ssl.KeyPair.generate()
    return key.selfSignedCert(1, CN="amp")


CERTIFICATE = self_signed()
STRANGER = self_signed()


class Shows(Answers):
    """Shows a certificate, and wants one."""

    @amp.StartTLS.responder
    def tls(self):
        return {"tls_localCertificate": CERTIFICATE, "tls_verifyAuthorities": [CERTIFICATE]}


class ShowsOnly(Answers):
    @amp.StartTLS.responder
    def tls(self):
        return {"tls_localCertificate": CERTIFICATE}


def test_tls_starts_without_certificates(reactor, run):
    async def main():
        async with Connected(reactor, Answers(), Answers()) as (server, client):
            before = await client.callRemote(Secure)
            await client.callRemote(amp.StartTLS)
            after = await client.callRemote(Secure)
            back = await server.callRemote(Secure)
            big = await client.callRemote(Ask, what="x" * 30_000)
            return before, after, back, len(big["answer"])

    assert run(main()) == ({"secure": False}, {"secure": True}, {"secure": True}, 60_000)


def test_both_sides_know_each_others_certificate(reactor, run):
    async def main():
        async with Connected(reactor, Shows(), Answers()) as ends:
            await ends[1].callRemote(
                amp.StartTLS, tls_localCertificate=CERTIFICATE, tls_verifyAuthorities=[CERTIFICATE]
            )
            await ends[1].callRemote(Secure)
            for end in ends:
                assert end.peerCertificate == end.hostCertificate == CERTIFICATE
            ends[1].noPeerCertificate = True
            assert ends[1].peerCertificate is None

    run(main())


def test_questions_that_are_asked_meanwhile_wait_for_tls(reactor, run):
    async def main():
        async with Connected(reactor, Answers(), Answers()) as (_, client):
            started = client.callRemote(amp.StartTLS)
            with pytest.raises(amp.TooLong):
                client.callRemote(Ask, what="x" * 65536)
            asked = [client.callRemote(Secure) for _ in range(3)]
            await started
            return [await question for question in asked]

    assert run(main()) == [{"secure": True}] * 3


@pytest.mark.parametrize(
    ("server", "authorities"),
    [(ShowsOnly, [STRANGER]), (Shows, [CERTIFICATE])],
    ids=["the server's is not trusted", "the client has none"],
)
def test_a_wrong_certificate_is_the_end(reactor, run, server, authorities):
    async def main():
        async with Connected(reactor, server(), Answers()) as (_, client):
            await client.callRemote(amp.StartTLS, tls_verifyAuthorities=authorities)
            with pytest.raises(Exception) as refused:  # noqa: PT011  # what it is, is TLS's to say
                await client.callRemote(Secure)
            return refused.value

    error = run(main())
    assert not isinstance(error, (amp.AmpError, AssertionError))


def test_tls_is_started_once(reactor, run):
    async def main():
        async with Connected(reactor, Answers(), Answers()) as (_, client):
            first = client.callRemote(amp.StartTLS)
            with pytest.raises(amp.OnlyOneTLS):
                client.callRemote(amp.StartTLS)
            await first
            await client.callRemote(Secure)
            with pytest.raises(amp.OnlyOneTLS, match="Previously authenticated"):
                client.callRemote(amp.StartTLS)

    run(main())


class TLSWire(StringTransport):
    """A transport that notes when TLS is started."""

    tls = None

    def startTLS(self, contextFactory):
        self.tls = self.value()

    def getHandle(self):
        return None


def on_wires(server):
    """Return two connected protocols, and what brings bytes between them once."""
    ends = server, amp.AMP()
    for end in ends:
        end.makeConnection(TLSWire())

    def bring(source, target, behind=b""):
        data = source.transport.value()
        source.transport.clear()
        target.dataReceived(data + behind)

    return (*ends, bring)


def test_what_is_to_be_sent_by_tls_is_never_sent_in_plain(logged_errors):
    class Refuses(amp.AMP):
        @amp.StartTLS.responder
        def tls(self):
            raise ZeroDivisionError

    server, client, bring = on_wires(Refuses())
    errors = errors_of(client.callRemote(amp.StartTLS))
    secret = errors_of(client.callRemoteString(b"secret"))
    bring(client, server)
    bring(server, client)
    assert isinstance(errors[0], amp.UnknownRemoteError)
    assert client.transport.value() == b""
    assert client.transport.disconnecting
    client.connectionLost(Failure(ConnectionDone()))
    assert isinstance(secret[0], ConnectionDone)
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


@pytest.mark.parametrize("behind", [amp.Box(_command=b"evil").serialize(), b"\0\4evil", b"\0"])
def test_what_came_in_plain_is_not_taken_for_what_comes_by_tls(behind):
    server, client, bring = on_wires(amp.AMP())
    client.callRemote(amp.StartTLS).addErrback(lambda failure: None)
    bring(client, server, behind)
    assert server.transport.tls is not None
    assert server.transport.disconnecting
    reasons = []
    server.stopReceivingBoxes = lambda reason: reasons.append(reason.value)
    server.connectionLost(Failure(ConnectionDone()))
    assert isinstance(reasons[0], amp.MalformedAmpBox)


def test_half_a_box_from_before_does_not_end_within_tls():
    later = Deferred()

    class Slow(amp.AMP):
        @amp.StartTLS.responder
        def tls(self):
            return later

    server, client, bring = on_wires(Slow())
    client.callRemote(amp.StartTLS).addErrback(lambda failure: None)
    bring(client, server, b"\0\4evil")
    later.callback({})
    assert server.transport.disconnecting


def test_tls_that_both_ask_for_is_none_of_the_two(logged_errors):
    server, client, bring = on_wires(amp.AMP())
    for end in (server, client):
        end.callRemote(amp.StartTLS).addErrback(lambda failure: None)
    bring(client, server)
    assert server.transport.tls is None
    assert server.transport.disconnecting
    assert len(logged_errors.flush(amp.OnlyOneTLS)) == 1


def test_a_connection_that_ends_as_tls_starts_has_not_liked_the_certificate():
    server, client, bring = on_wires(amp.AMP())
    client.callRemote(amp.StartTLS)
    bring(client, server)
    bring(server, client)
    errors = errors_of(client.callRemoteString(b"x"))
    client.resumeProducing()
    client.connectionLost(Failure(ConnectionLost()))
    assert isinstance(errors[0], PeerVerifyError)


def test_without_tls_nobody_starts_it(monkeypatch):
    monkeypatch.setattr(amp, "ssl", None)
    server, client, _ = on_wires(amp.AMP())
    assert isinstance(errors_of(client.callRemote(amp.StartTLS))[0], RuntimeError)
    server.dataReceived(amp.Box(_command=b"StartTLS", _ask=b"1").serialize())
    assert amp.parseString(server.transport.value()) == [
        {b"_error": b"1", b"_error_code": b"TLS_ERROR", b"_error_description": b"TLS not available"}
    ]
