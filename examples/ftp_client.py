"""
A client for ftp_server.py: it sends a file, lists the folder that it is in, and gets it back.

    reactorio run examples/ftp_client.py [PORT]
"""

import sys

from twisted.internet import endpoints, reactor
from twisted.internet.protocol import Protocol
from twisted.internet.task import react
from twisted.protocols.basic import FileSender
from twisted.protocols.ftp import FTPClient, FTPFileListProtocol


class Received(Protocol):
    """What a data connection brings; it may come in any number of pieces."""

    def __init__(self) -> None:
        self.content = b""

    def dataReceived(self, data: bytes) -> None:
        self.content += data


async def talk(port: int) -> None:
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port)
    client = await endpoints.connectProtocol(endpoint, FTPClient("alice", "secret"))

    connected, stored = client.storeFile("example.py")
    sender = await connected
    with open(__file__, "rb") as file:  # noqa: ASYNC230  # a file on this disk opens at once
        size = file.seek(0, 2)
        file.seek(0)
        # No more of it is read at a time than the server takes.
        await FileSender().beginFileTransfer(file, sender)
    sender.finish()
    await stored
    print("sent", size, "bytes")

    listing = FTPFileListProtocol()
    await client.list(".", listing)
    for file in listing.files:
        print(file["perms"], file["size"], file["filename"])

    received = Received()
    await client.retrieveFile("example.py", received)
    print("got", len(received.content), "bytes")

    await client.removeFile("example.py")
    print((await client.quit())[0])


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 2121
    react(lambda _: talk(port))


if __name__ == "__main__":
    main()
