"""Our client against Twisted's server, and Twisted's client against ours. Where Twisted is installed."""

from __future__ import annotations

import os
import sys

import pytest
from programs import Program, port_in

from reactorio.internet import endpoints
from reactorio.internet.protocol import Protocol
from reactorio.protocols import ftp

from .serving import in_thread, serving

pytest.importorskip("twisted")

SERVER = """
import sys
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import reactor
from twisted.protocols.ftp import FTPFactory, FTPRealm

users = InMemoryUsernamePasswordDatabaseDontUse()
users.addUser("bob", "secret")
port = reactor.listenTCP(0, FTPFactory(Portal(FTPRealm(sys.argv[1], sys.argv[1]), [users])), interface="127.0.0.1")
print("listening on", port.getHost().port, flush=True)
reactor.run()
"""

CLIENT = """
import sys
from twisted.internet import defer, endpoints, protocol, reactor, task
from twisted.protocols.ftp import FTPClient, FTPFileListProtocol

class Received(protocol.Protocol):
    content = b""
    def dataReceived(self, data):
        self.content += data

async def main(reactor):
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", int(sys.argv[1]))
    client = await endpoints.connectProtocol(endpoint, FTPClient("bob", "secret", passive=int(sys.argv[2])))
    connected, stored = client.storeFile("file")
    sender = await connected
    sender.write(b"x" * 1000000)
    sender.finish()
    await stored
    received, listing = Received(), FTPFileListProtocol()
    await client.retrieveFile("file", received)
    await client.list(".", listing)
    await client.rename("file", "other")
    print(len(received.content), [(f["filename"], f["size"]) for f in listing.files])
    print(await client.getDirectory(), (await client.quit())[0])

task.react(main)
"""


class Received(Protocol):
    content = b""

    def dataReceived(self, data):
        self.content += data


@pytest.mark.parametrize("passive", [1, 0])
def test_our_client_uses_twisteds_server(run, tmp_path, passive):
    (tmp_path / "bob").mkdir()
    server = Program([sys.executable, "-c", SERVER, str(tmp_path)])

    async def main():
        from reactorio.internet import reactor

        port = port_in(await in_thread(lambda: server.wait_for("listening on")))
        endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port)
        client = await endpoints.connectProtocol(endpoint, ftp.FTPClient("bob", "secret", passive))
        connected, stored = client.storeFile("file")
        sender = await connected
        sender.write(b"x" * 1_000_000)
        sender.finish()
        await stored
        received, listing = Received(), ftp.FTPFileListProtocol()
        await client.retrieveFile("file", received)
        assert received.content == b"x" * 1_000_000
        await client.list(".", listing)
        assert [(file["filename"], file["size"]) for file in listing.files] == [("file", 1_000_000)]
        await client.rename("file", "other")
        with pytest.raises(ftp.CommandFailed, match="550"):
            await client.retrieveFile("file", Received())
        assert await client.makeDirectory("folder") == ['257 "folder" created']
        await client.cwd("folder")
        assert await client.getDirectory() == "/folder"
        assert await client.quit() == ["221 Goodbye."]
        client.transport.loseConnection()

    try:
        run(main())
    finally:
        server.close()
    assert sorted(os.listdir(tmp_path / "bob")) == ["folder", "other"]


@pytest.mark.parametrize("passive", ["1", "0"])
def test_twisteds_client_uses_our_server(run, tmp_path, passive):
    async def main():
        async with serving(tmp_path) as served:
            client = Program([sys.executable, "-c", CLIENT, str(served.port), passive])
            try:
                await in_thread(client.end)
            finally:
                client.close()
            assert client.lines == ["1000000 [('file', 1000000)]", "/ 221 Goodbye."]
            assert os.listdir(served.home) == ["other"]

    run(main())
