"""`openssl s_client` and `openssl s_server` as peers, with either engine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from certificates import AUTHORITY, DAY, NOW, SERVER, Authority, by_pyopenssl, verifying

from aio.kinds import LOOPBACK
from aio.parties import One, Party
from aio.running import in_loop
from aio.tool import Tool
from reactorio.internet import reactor, ssl
from reactorio.internet.error import ConnectionDone
from reactorio.internet.ssl import VerificationError
from reactorio.protocols._sni import SNIConnectionCreator
from reactorio.protocols._tls.engines import TLSError

if TYPE_CHECKING:
    from pathlib import Path

OPENSSL: Any = shutil.which("openssl")

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl")

EXPIRED = AUTHORITY.issue("server.example", end=NOW - DAY)
CLIENT = AUTHORITY.issue("client.example")
STRANGER = Authority("nobody").issue("client.example")
VERSIONS = ["tls1_2", "tls1_3"]


@pytest.fixture(params=["stdlib", "pyopenssl"])
def engine(request: pytest.FixtureRequest) -> Any:
    return by_pyopenssl if request.param == "pyopenssl" else lambda options: options


@pytest.fixture
def pem(tmp_path: Path) -> Any:
    """Write a certificate, with its key if it has one, and return the file's name."""

    def write(certificate: Any) -> str:
        path = tmp_path / f"{certificate.digest('sha256').decode().replace(':', '')}.pem"
        path.write_bytes(certificate.dumpPEM())
        return str(path)

    return write


def answering(party: Party) -> None:
    if party.received.endswith(b"\n"):
        party.transport.write(b"answer to " + bytes(party.received))
        party.received.clear()


class Client:
    """`openssl s_client`, connected to a port of ours."""

    def __init__(self, pem: Any, options: Any, *arguments: str) -> None:
        self.server = Party(dataReceived=answering)
        self.port: Any = reactor.listenSSL(0, One(self.server), options, interface=LOOPBACK)
        where = f"{LOOPBACK}:{self.port.getHost().port}"
        trust = ["-CAfile", pem(AUTHORITY.certificate), "-verify_return_error"]
        self.tool = Tool(OPENSSL, "s_client", "-connect", where, *trust, *arguments)

    async def talks(self) -> None:
        self.tool.hears(b"hello\n")
        await self.tool.says(b"answer to hello")

    async def is_refused(self, why: bytes) -> Exception:
        """Check that it does not like us, and return what we hear of that."""
        await self.tool.says(why)
        await self.tool.ends()
        await self.port.stopListening()
        return await self.server.lost()

    async def close(self) -> None:
        await self.tool.leaves()
        await self.server.lost()
        await self.port.stopListening()


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_s_client_talks_to_our_server(pem: Any, engine: Any, version: str) -> None:
    client = Client(pem, engine(SERVER.options()), f"-{version}", "-verify_hostname", "server.example")
    assert await client.tool.says(b"Verify return code:") == b"0 (ok)"
    await client.talks()
    handle = client.server.transport.getHandle()
    assert handle.get_protocol_version_name() == {"tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}[version]
    client.server.transport.loseConnection()
    assert isinstance(await client.server.lost(), ConnectionDone)
    await client.close()


@in_loop
async def test_s_client_and_our_server_agree_on_a_protocol(pem: Any, engine: Any) -> None:
    options = SERVER.options()
    options._acceptableProtocols = [b"h2", b"http/1.1"]
    client = Client(pem, engine(options), "-alpn", "spdy,http/1.1")
    assert await client.tool.says(b"ALPN protocol:") == b"http/1.1"
    await client.talks()
    assert client.server.transport.negotiatedProtocol == b"http/1.1"
    await client.close()


@in_loop
async def test_s_client_without_a_common_protocol_is_told_so(pem: Any, engine: Any) -> None:
    options = SERVER.options()
    options._acceptableProtocols = [b"h2"]
    client = Client(pem, engine(options), "-alpn", "spdy")
    assert isinstance(await client.is_refused(b"alert no application protocol"), TLSError)


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_s_client_shows_its_certificate(pem: Any, engine: Any, version: str) -> None:
    ours = pem(CLIENT)
    client = Client(pem, engine(SERVER.options(AUTHORITY.certificate)), f"-{version}", "-cert", ours, "-key", ours)
    await client.talks()
    assert ssl.Certificate.peerFromTransport(client.server.transport) == ssl.Certificate(CLIENT.original)
    await client.close()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("shown", ["none", "a stranger's"])
@in_loop
async def test_s_client_without_a_certificate_that_we_trust_is_refused(
    pem: Any, engine: Any, version: str, shown: str
) -> None:
    stranger = pem(STRANGER)
    certificate = [] if shown == "none" else ["-cert", stranger, "-key", stranger]
    client = Client(pem, engine(SERVER.options(AUTHORITY.certificate)), f"-{version}", *certificate)
    assert isinstance(await client.is_refused(b"alert"), TLSError)


@in_loop
async def test_s_client_gets_the_certificate_of_the_name_that_it_asks_for(pem: Any) -> None:
    certificates = {name: AUTHORITY.issue(name.decode()) for name in (b"one.example", b"two.example")}

    def look_up(name: bytes | None) -> Any:
        return certificates[name or b"one.example"].options().getContext()

    client = Client(pem, SNIConnectionCreator(look_up), "-servername", "two.example", "-verify_hostname", "two.example")
    assert await client.tool.says(b"Verify return code:") == b"0 (ok)"
    await client.talks()
    await client.close()


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_s_client_refuses_our_wrong_name(pem: Any, engine: Any, version: str) -> None:
    client = Client(pem, engine(SERVER.options()), f"-{version}", "-verify_hostname", "another.example")
    assert isinstance(await client.is_refused(b"hostname mismatch"), TLSError)


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_s_client_refuses_our_expired_certificate(pem: Any, engine: Any, version: str) -> None:
    client = Client(pem, engine(EXPIRED.options()), f"-{version}")
    assert isinstance(await client.is_refused(b"certificate has expired"), TLSError)


# ---- the other way round


class Server:
    """`openssl s_server`, which answers each line with that line reversed."""

    def __init__(self, pem: Any, certificate: Any, *arguments: str) -> None:
        file = pem(certificate)
        command = [OPENSSL, "s_server", "-accept", f"{LOOPBACK}:0", "-naccept", "1", "-rev"]
        self.tool = Tool(*command, "-cert", file, "-key", file, *arguments)
        self.client = Party()

    async def connect(self, options: Any) -> Party:
        where = await self.tool.says(b"ACCEPT")
        reactor.connectSSL(LOOPBACK, int(where.rpartition(b":")[2]), One(self.client), options)
        await self.client.made()
        return self.client

    async def talks(self) -> None:
        self.client.transport.write(b"hello\n")
        assert await self.client.takes(6) == b"olleh\n"

    async def close(self) -> None:
        if self.client.reason is None:
            self.client.transport.loseConnection()
            assert isinstance(await self.client.lost(), ConnectionDone)
        await self.tool.leaves()


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_our_client_talks_to_s_server(pem: Any, engine: Any, version: str) -> None:
    server = Server(pem, SERVER, f"-{version}")
    client = await server.connect(engine(verifying()))
    await server.talks()
    handle = client.transport.getHandle()
    assert handle.get_protocol_version_name() == {"tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}[version]
    assert ssl.Certificate.peerFromTransport(client.transport) == ssl.Certificate(SERVER.original)
    await server.close()


@in_loop
async def test_our_client_and_s_server_agree_on_a_protocol(pem: Any, engine: Any) -> None:
    server = Server(pem, SERVER, "-alpn", "http/1.1")
    client = await server.connect(engine(verifying(acceptableProtocols=[b"h2", b"http/1.1"])))
    await server.talks()
    assert client.transport.negotiatedProtocol == b"http/1.1"
    await server.close()


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_our_client_shows_its_certificate(pem: Any, engine: Any, version: str) -> None:
    server = Server(pem, SERVER, f"-{version}", "-Verify", "1", "-CAfile", pem(AUTHORITY.certificate))
    await server.connect(engine(verifying(clientCertificate=CLIENT)))
    await server.talks()
    await server.close()


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_our_client_without_a_certificate_is_refused(pem: Any, engine: Any, version: str) -> None:
    trust = ["-CAfile", pem(AUTHORITY.certificate), "-verify_return_error"]
    server = Server(pem, SERVER, f"-{version}", "-Verify", "1", *trust)
    client = await server.connect(engine(verifying()))
    assert isinstance(await client.lost(), TLSError)
    await server.close()


@in_loop
async def test_our_client_asks_for_a_name(pem: Any, engine: Any) -> None:
    other = AUTHORITY.issue("other.example")
    file = pem(other)
    server = Server(pem, SERVER, "-servername", "other.example", "-cert2", file, "-key2", file)
    client = await server.connect(engine(verifying("other.example")))
    await server.talks()
    assert ssl.Certificate.peerFromTransport(client.transport) == ssl.Certificate(other.original)
    await server.close()


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_our_client_refuses_another_name(pem: Any, engine: Any, version: str) -> None:
    server = Server(pem, SERVER, f"-{version}")
    client = await server.connect(engine(verifying("another.example")))
    assert isinstance(await client.lost(), VerificationError)
    await server.close()


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_our_client_refuses_an_expired_certificate(pem: Any, engine: Any, version: str) -> None:
    server = Server(pem, EXPIRED, f"-{version}")
    client = await server.connect(engine(verifying()))
    error = await client.lost()
    assert isinstance(error, TLSError)
    assert "certificate verify failed" in str(error)
    await server.close()
