"""Our client: against servers in memory that say what they like, and against our server."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet import endpoints, error
from reactorio.internet.address import IPv4Address, IPv6Address
from reactorio.internet.defer import CancelledError
from reactorio.internet.protocol import Protocol
from reactorio.internet.testing import StringTransportWithDisconnection
from reactorio.protocols import ftp
from reactorio.protocols.basic import FileSender
from reactorio.python.failure import Failure

from .serving import LOOPBACK, serving


class Received(Protocol):
    def __init__(self):
        self.content = b""
        self.reason = None

    def dataReceived(self, data):
        self.content += data

    def connectionLost(self, reason):
        self.reason = reason.value


class Conversation:
    """A client whose server the test plays."""

    def __init__(self, *arguments, login=True, address=None, **named):
        self.client = ftp.FTPClient(*arguments, **named)
        self.transport = StringTransportWithDisconnection(
            peerAddress=address or IPv4Address("TCP", "192.0.2.1", 21), lenient=True
        )
        self.transport.protocol = self.client
        self.connected_to = []
        self.client.connectFactory = self.connect
        self.client.makeConnection(self.transport)
        if login:
            self.hear("220 hello", "331 password?", "230 in", "200 binary")
            self.transport.clear()

    def connect(self, host, port, factory):
        self.connected_to.append((host, port))
        self.factory = factory
        return self

    def disconnect(self):
        """As a connector."""

    def hear(self, *lines):
        """Have the server say something, and return what the client says to it."""
        self.transport.clear()
        for line in lines:
            self.client.dataReceived(line.encode("latin-1") + b"\r\n")
        return self.transport.value().decode("latin-1").split("\r\n")[:-1]

    def ask(self, deferred):
        """Return the list that the result will be in."""
        results = []
        deferred.addBoth(results.append)
        return results

    def data(self):
        """Make the data connection."""
        protocol = self.factory.buildProtocol(None)
        transport = StringTransportWithDisconnection(lenient=True)
        transport.protocol = protocol
        protocol.makeConnection(transport)
        return transport


def test_commands_are_sent_when_the_reply_before_is_there():
    talk = Conversation(login=False)
    done = talk.ask(talk.client.cwd("there"))
    assert talk.hear() == []
    assert talk.hear("220-hello,", "220 world") == ["USER anonymous"]
    assert talk.client.greeting == ["220-hello,", "220 world"]
    assert talk.hear("331 ?") == ["PASS twisted@twistedmatrix.com"]
    assert talk.hear("230 in") == ["TYPE I"]
    assert talk.hear("200 fine") == ["CWD there"]
    assert talk.hear("250 there") == []
    assert done == [["250 there"]]


@pytest.mark.parametrize("said", [["530 no"], ["331 password?", "530 no"], ["421 busy"]])
def test_a_failed_login_ends_it_all(said):
    talk = Conversation(login=False)
    done = talk.ask(talk.client.pwd())
    assert not any(command.startswith("PWD") for command in talk.hear("220 hello", *said))
    assert not talk.transport.connected
    assert done[0].check(ftp.ConnectionLost)
    assert talk.ask(talk.client.pwd())[0].check(ftp.ConnectionLost)


def test_a_server_that_welcomes_with_a_refusal_is_told_nothing():
    talk = Conversation(login=False)
    assert talk.hear("421 too many users") == []
    assert not talk.transport.connected
    assert talk.client.greeting is None


@pytest.mark.parametrize("command", ["CWD a\r\nDELE b", "CWD a\nb", "CWD a\rb"])
def test_no_argument_can_be_another_command(command):
    talk = Conversation()
    refused, sent = talk.ask(talk.client.queueStringCommand(command)), talk.ask(talk.client.pwd())
    assert refused[0].check(ValueError)
    assert talk.transport.value() == b"PWD\r\n"
    talk.hear('257 "/"')
    assert sent == [['257 "/"']]
    talk = Conversation("user\r\nDELE x", login=False)
    assert talk.hear("220 hello") == []
    assert not talk.transport.connected


def test_a_line_feed_in_a_path_is_escaped_and_comes_back_in_none():
    talk = Conversation()
    talk.client.cwd("a\nb")
    assert talk.transport.value() == b"CWD a\0b\r\n"


def test_a_cancelled_command_is_not_sent_or_its_reply_is_nobodys():
    talk = Conversation()
    first, second, third = (talk.client.queueStringCommand(name) for name in ("ONE", "TWO", "THREE"))
    results = [talk.ask(one) for one in (first, second, third)]
    second.cancel()
    first.cancel()
    assert talk.hear("200 one") == ["THREE"]
    talk.hear("200 three")
    assert [type(getattr(one[0], "value", None)) for one in results[:2]] == [CancelledError] * 2
    assert results[2] == [["200 three"]]


def test_both_halves_of_a_rename_come_together():
    talk = Conversation()
    renamed, listed = talk.ask(talk.client.rename("a", "b")), talk.ask(talk.client.pwd())
    assert talk.hear("350 go on") == ["RNTO b"]
    assert talk.hear("250 done") == ["PWD"]
    talk.hear('257 "/"')
    assert renamed == [(["350 go on"], ["250 done"])]
    assert listed


def test_a_reply_without_end_ends_the_connection():
    talk = Conversation()
    talk.client.max_response = 1000
    done = talk.ask(talk.client.pwd())
    talk.hear(*["257-and another thing"] * 100)
    assert not talk.transport.connected
    assert done[0].value.args[1].check(ftp.UnexpectedResponse)


def test_a_server_that_says_something_by_itself_answers_nobody():
    talk = Conversation()
    talk.hear("421 idle for too long")
    done = talk.ask(talk.client.pwd())
    talk.hear('257 "/"')
    assert done == [['257 "/"']]


@pytest.mark.parametrize(("said", "path"), [('257 "/a""b" it is', '/a"b'), ('257 ""', ""), ("257 /a", None)])
def test_a_path_is_between_quotation_marks(said, path):
    talk = Conversation()
    done = talk.ask(talk.client.getDirectory())
    talk.hear(said)
    assert done == [path] if path is not None else done[0].check(ftp.CommandFailed)


replies = st.lists(st.sampled_from(["150 wait", "200-a", "200 b", "123 no", " x", "2", "500 no", "200-c", "", "200"]))


@given(replies, st.lists(st.integers(1, 9), min_size=1))
def test_cutting_what_the_server_says_anywhere_changes_nothing(said, sizes):
    wire = "".join(line + "\r\n" for line in said).encode()

    def outcomes(pieces):
        talk = Conversation()
        results = [talk.ask(talk.client.queueStringCommand("NOOP")) for _ in range(3)]
        for piece in pieces:
            talk.client.dataReceived(piece)
        talk.transport.loseConnection()
        return [one[0].value.args[0] if isinstance(one[0], Failure) else one[0] for one in results]

    pieces, rest = [], wire
    while rest:
        for size in sizes:
            pieces.append(rest[:size])
            rest = rest[size:]
    assert outcomes(pieces) == outcomes([wire])


# ---- data connections


def test_data_goes_to_the_server_and_not_to_where_it_points():
    talk = Conversation()
    talk.client.retrieveFile("file", Received())
    talk.hear("227 Entering Passive Mode (198,51,100,9,16,1).")
    assert talk.connected_to == [("192.0.2.1", 4097)]

    talk = Conversation(trustPasvAddr=True)
    talk.client.retrieveFile("file", Received())
    talk.hear("227 Entering Passive Mode (198,51,100,9,16,1).")
    assert talk.connected_to == [("198.51.100.9", 4097)]


def test_on_ipv6_the_extended_commands_are_used():
    talk = Conversation(address=IPv6Address("TCP", "2001:db8::1", 21))
    talk.client.retrieveFile("file", Received())
    assert talk.transport.value() == b"EPSV\r\n"
    assert talk.hear("229 Extended (|||4097|)") == ["RETR file"]
    assert talk.connected_to == [("2001:db8::1", 4097)]


@pytest.mark.parametrize("said", ["227 here", "227 (1,2,3,4,5,256)", "227 (1,2,3,4,5)", "229 (|||99999|)", "200 ok"])
def test_a_server_that_does_not_tell_where_it_waits_fails_that_transfer_only(said):
    talk = Conversation()
    done, after = talk.ask(talk.client.retrieveFile("file", Received(), 10)), talk.ask(talk.client.pwd())
    assert talk.hear(said) == ["PWD"]
    assert done[0].check(ftp.BadResponse)
    talk.hear('257 "/"')
    assert after == [['257 "/"']]


@pytest.mark.parametrize("refused", ["PASV", "REST", "RETR"])
def test_a_refused_command_fails_its_transfer_only(refused):
    talk = Conversation()
    received = Received()
    done, after = talk.ask(talk.client.retrieveFile("file", received, 10)), talk.ask(talk.client.pwd())
    for command, reply in (("PASV", "227 (1,2,3,4,5,6)"), ("REST", "350 fine"), ("RETR", "226 done")):
        if command == refused:
            assert talk.hear("500 no") == ["PWD"]
            break
        assert talk.hear(reply) == ["REST 10" if command == "PASV" else "RETR file"]
    assert done[0].value.args == (["500 no"],)
    assert not after


def test_a_file_is_there_when_the_server_has_said_so_and_the_connection_is_closed():
    for order in ("reply first", "connection first"):
        talk = Conversation()
        received = Received()
        done = talk.ask(talk.client.retrieveFile("file", received))
        assert talk.hear("227 (1,2,3,4,5,6)") == ["RETR file"]
        data = talk.data()
        talk.hear("150 it comes")
        data.protocol.dataReceived(b"content")
        steps = [lambda talk=talk: talk.hear("226 done"), data.loseConnection]
        for step in steps if order == "reply first" else reversed(steps):
            assert not done
            step()
        assert done == [[(True, [(True, ["150 it comes", "226 done"])]), (True, None), (True, None)]]
        assert received.content == b"content"


def test_a_data_connection_that_breaks_is_no_complete_file():
    talk = Conversation()
    done = talk.ask(talk.client.retrieveFile("file", Received()))
    talk.hear("227 (1,2,3,4,5,6)")
    data = talk.data()
    data.protocol.connectionLost(Failure(error.ConnectionLost()))
    talk.hear("226 done")
    assert done[0].check(error.ConnectionLost)


def test_a_server_that_cannot_be_reached_for_data_fails_the_transfer():
    talk = Conversation()
    connected, stored = talk.client.storeFile("file")
    connected, stored, after = talk.ask(connected), talk.ask(stored), talk.ask(talk.client.pwd())
    assert talk.hear("227 (1,2,3,4,5,6)") == []
    talk.transport.clear()
    talk.factory.clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))
    assert connected[0].check(ftp.PortConnectionError)
    assert stored[0].check(ftp.PortConnectionError)
    assert talk.transport.value() == b"PWD\r\n"
    assert not after


def test_a_control_connection_that_is_lost_fails_what_waits_for_the_data_connection():
    talk = Conversation()
    connected, stored = map(talk.ask, talk.client.storeFile("file"))
    talk.hear("227 (1,2,3,4,5,6)")
    talk.transport.loseConnection()
    assert connected[0].check(ftp.ConnectionLost)
    assert stored[0].check(ftp.ConnectionLost)
    # It connects too late.
    assert talk.factory.buildProtocol(None) is None


def test_what_a_server_sends_where_it_should_receive_is_an_error():
    talk = Conversation()
    talk.client.storeFile("file")[1].addErrback(lambda _: None)
    talk.hear("227 (1,2,3,4,5,6)")
    with pytest.raises(ftp.UnexpectedData):
        talk.data().protocol.dataReceived(b"?")


# ---- against our server


async def connected_to(served, *arguments, **named):
    from reactorio.internet import reactor

    endpoint = endpoints.TCP4ClientEndpoint(reactor, LOOPBACK, served.port)
    return await endpoints.connectProtocol(endpoint, ftp.FTPClient(*(arguments or ("bob", "secret")), **named))


@pytest.fixture
def with_client(run, tmp_path):
    """Run a coroutine function with a client and its server."""

    def with_client(test, *arguments, **named):
        async def main():
            async with serving(tmp_path) as served:
                client = await connected_to(served, *arguments, **named)
                await test(client, served)
                client.transport.loseConnection()

        run(main())

    return with_client


@pytest.mark.parametrize("passive", [1, 0])
def test_a_large_file_goes_there_and_back(with_client, tmp_path, passive):
    async def test(client, served):
        (tmp_path / "content").write_bytes(content)
        connected, stored = client.storeFile("big")
        with (tmp_path / "content").open("rb") as file:
            sender = await connected
            await FileSender().beginFileTransfer(file, sender)
            sender.finish()
        await stored
        assert (served.home / "big").read_bytes() == content
        received = Received()
        await client.retrieveFile("big", received)
        assert received.content == content
        assert isinstance(received.reason, error.ConnectionDone)

    content = os.urandom(1 << 20) * 5
    with_client(test, "bob", "secret", passive)


def test_everything_else_is_done_in_order(with_client):
    async def test(client, served):
        done = [client.makeDirectory("one"), client.cwd("one"), client.getDirectory(), client.cdup()]
        assert [await one for one in done] == [
            ['257 "one" created'],
            ["250 Requested File Action Completed OK"],
            "/one",
            ["250 Requested File Action Completed OK"],
        ]
        await client.rename("one", "two words")
        (served.home / "file").write_bytes(b"123")
        listing, names = ftp.FTPFileListProtocol(), Received()
        await client.list(None, listing)
        assert {(file["filename"], file["filetype"]) for file in listing.files} == {("two words", "d"), ("file", "-")}
        await client.nlst("", names)
        assert sorted(names.content.splitlines()) == [b"file", b"two words"]
        await client.removeDirectory("two words")
        await client.removeFile("file")
        assert os.listdir(served.home) == []
        assert await client.quit() == ["221 Goodbye."]

    with_client(test)


def test_a_refused_file_has_a_connection_and_a_reason(with_client):
    async def test(client, served):
        (served.home / "folder").mkdir()
        connected, stored = client.storeFile("folder")
        assert isinstance(await connected, ftp.SenderProtocol)
        with pytest.raises(ftp.CommandFailed) as refused:
            await stored
        assert refused.value.args == (["550 folder: is a directory"],)
        with pytest.raises(ftp.CommandFailed, match="550 nothing"):
            await client.retrieveFile("nothing", Received())
        assert await client.getDirectory() == "/"

    with_client(test)


def test_a_cancelled_transfer_is_broken_off_and_the_client_goes_on(with_client):
    async def test(client, served):
        with (served.home / "big").open("wb") as file:
            file.truncate(1 << 40)
        begun = Began()
        transfer = client.retrieveFile("big", begun)
        await begun.deferred
        transfer.cancel()
        with pytest.raises(CancelledError):
            await transfer
        assert await client.getDirectory() == "/"

    class Began(Protocol):
        def __init__(self):
            from reactorio.internet.defer import Deferred

            self.deferred = Deferred()

        def dataReceived(self, data):
            if not self.deferred.called:
                self.deferred.callback(None)

    with_client(test)


def test_names_are_utf_8_where_that_is_asked_for(with_client):
    async def test(client, served):
        client.encoding = "utf-8"
        await client.makeDirectory("\u0142")
        assert os.listdir(served.home) == ["\u0142"]
        await client.cwd("\u0142")
        assert await client.getDirectory() == "/\u0142"

    with_client(test)


def test_only_the_server_can_take_the_port_that_the_client_waits_on(run, tmp_path):
    import socket

    from .serving import in_thread

    async def main():
        async with serving(tmp_path) as served:
            client = await connected_to(served, "bob", "secret", 0)
            await client.pwd()
            command = ftp.FTPCommand()
            command.protocol = ftp.ProtocolWrapper(Received(), ftp.FTPCommand().deferred)
            client.generatePortCommand(command)
            host, port = ftp.decodeHostPort(command.text)
            assert host == LOOPBACK

            def steal():
                with socket.create_connection((host, port), 10, ("127.0.0.2", 0)) as thief:
                    return thief.recv(1)

            assert await in_thread(steal) == b""
            assert command.protocol.transport is None
            await command.listener.stopListening()
            client.transport.loseConnection()

    run(main())
