"""Clients that want more than they may have, in memory and on real sockets."""

from __future__ import annotations

import asyncio
import errno
import ftplib
import io
import os
import socket

import pytest

from reactorio.internet.error import ConnectionLost
from reactorio.protocols import ftp
from reactorio.python.failure import Failure
from reactorio.python.filepath import FilePath

from .memory import PEER, Memory
from .serving import in_thread, serving


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path)


# ---- paths


@pytest.mark.parametrize("path", ["..", "../bob", "/..", "a/../..", "/a/../../x", "../../public", "\0", "a\0b", "..\0"])
@pytest.mark.parametrize("command", ["CWD", "DELE", "MDTM", "MKD", "MLST", "RMD", "RNFR", "SIZE"])
def test_no_path_leads_out_of_the_root(memory, command, path):
    assert memory.send(f"{command} {path}") == [f"550 {path}: No such file or directory."]


@pytest.mark.parametrize("path", ["../x", "/../x", "a/../../x", "x\0"])
def test_nothing_is_read_or_written_outside_of_the_root(memory, path):
    for command in ("RETR", "STOR", "LIST", "NLST", "MLSD"):
        data = memory.data()
        data.protocol.dataReceived(b"mine")
        assert memory.send(f"{command} {path}") == [f"550 {path}: No such file or directory."]
        assert not data.connected
    assert memory.send("RNFR " + path, "RNTO y") == [
        f"550 {path}: No such file or directory.",
        "503 Incorrect sequence of commands: RNFR required before RNTO",
    ]
    assert memory.send("RNFR a", "RNTO " + path)[1] == f"550 {path}: No such file or directory."
    assert os.listdir(memory.home.parent) == ["bob"]


@pytest.mark.parametrize("path", [("..",), ("a", "..", ".."), ("../x",), ("/etc",), ("a/b",)])
def test_a_shell_asked_by_others_lets_no_path_out_either(tmp_path, path):
    shell = ftp.FTPShell(FilePath(str(tmp_path)))
    for method in ("stat", "list", "access", "openForReading", "openForWriting", "removeFile", "makeDirectory"):
        failures = []
        getattr(shell, method)(path).addErrback(failures.append)
        assert failures[0].check(ftp.FileNotFoundError), method


def test_bytes_that_are_no_utf_8_are_no_slash(memory):
    # Overlong forms of "/" and "..".
    assert memory.send(b"CWD \xc0\xae\xc0\xae\xc0\xafpublic") == [
        "550 \udcc0\udcae\udcc0\udcae\udcc0\udcafpublic: No such file or directory."
    ]


def test_symbolic_links_are_followed_since_clients_can_make_none(memory, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"shared")
    (memory.home / "link").symlink_to(tmp_path / "elsewhere")
    (memory.home / "dangling").symlink_to("nowhere")
    assert memory.send("SIZE link", "SIZE dangling") == ["213 6", "550 dangling: No such file or directory."]
    data = memory.data()
    memory.send("NLST")
    assert sorted(data.value().split()) == [b"dangling", b"link"]
    data = memory.data()
    memory.send("LIST")
    assert data.value().count(b"\r\n") == 1
    memory.send("DELE link", "DELE dangling")
    assert (tmp_path / "elsewhere").read_bytes() == b"shared"
    assert os.listdir(memory.home) == []


def test_a_name_with_the_end_of_a_line_in_it_makes_no_second_line(memory):
    name = "one\n230 two\rthree"
    (memory.home / name).mkdir()
    assert memory.send(f"CWD {name}", "PWD") == [
        "250 Requested File Action Completed OK",
        '257 "/one?230 two?three"',
    ]
    memory.send("CWD /")
    for command in ("LIST", "NLST", "MLSD"):
        data = memory.data()
        memory.send(command)
        assert data.value().endswith(b"one?230 two?three\r\n")
        assert data.value().count(b"\n") == 1


def test_a_named_pipe_does_not_stop_the_server(memory):
    os.mkfifo(memory.home / "pipe")
    for command in ("RETR pipe", "STOR pipe"):
        memory.data()
        assert memory.send(command) == ["550 pipe: Permission denied."]


@pytest.mark.parametrize("name", [".", "", "..", "a/b", "a\0b", b".", b"\xff/"])
def test_a_user_whose_name_is_no_name_of_a_directory_has_no_home(name):
    from reactorio.cred.error import UnauthorizedLogin

    with pytest.raises(UnauthorizedLogin):
        ftp.FTPRealm("/nowhere", "/home").getHomeDirectory(name)


# ---- where data goes


@pytest.mark.parametrize(
    "command",
    [
        "PORT 192,0,2,8,16,1",
        "PORT 127,0,0,1,16,1",
        "PORT 192,0,2,7,0,25",
        "PORT 192,0,2,7,3,255",
        "EPRT |1|192.0.2.8|4097|",
        "EPRT |2|::1|4097|",
        "EPRT |1|192.0.2.7|25|",
    ],
)
def test_the_server_connects_to_its_client_and_to_none_of_the_ports_of_services(memory, command):
    assert memory.send(command) == [f"504 Not implemented for parameter '{command[5:]}'."]
    assert memory.server.dtpFactory is None


@pytest.mark.parametrize(
    "command",
    [
        "PORT 192,0,2,7,16",
        "PORT 192,0,2,7,16,256",
        "PORT 192,0,2,7,16,1,1",
        "EPRT |1|192.0.2.7|65536|",
        "EPRT |1|example.com|4097|",
        "EPRT |2|192.0.2.7|4097|",
        "EPRT |1|::1|4097|",
        "EPRT |1|192.0.2.7|-1|",
        "EPRT 1",
    ],
)
def test_what_is_no_address_is_a_syntax_error(memory, command):
    assert memory.send(command) == [f"501 syntax error in argument(s) {command[5:]}."]


def test_only_the_client_can_take_the_passive_port(memory):
    (memory.home / "file").write_bytes(b"for bob")
    memory.send("PASV")
    port = memory.ports[-1]
    assert port.connect("192.0.2.8") is None
    assert port.listening
    data = port.connect(f"::ffff:{PEER}")
    assert data is not None
    memory.send("RETR file")
    assert port.connect() is None


def test_other_hosts_take_part_where_that_is_allowed(run, tmp_path):
    async def main():
        async with serving(tmp_path, allow_foreign_data_hosts=True) as served:
            (served.home / "file").write_bytes(b"for another")

            def work(client):
                with socket.create_server(("127.0.0.2", 0)) as other:
                    port = other.getsockname()[1]
                    client.sendport("127.0.0.2", port)
                    connection, _ = other.accept()
                    client.sendcmd("RETR file")
                    with connection, connection.makefile("rb") as file:
                        return file.read()

            assert await served.use(work) == b"for another"

    run(main())


def test_data_connections_from_elsewhere_are_refused_on_real_sockets(run, tmp_path):
    async def main():
        async with serving(tmp_path) as served:
            (served.home / "file").write_bytes(b"for bob")

            def work(client):
                for ask in (client.makepasv, lambda: ftplib.parse229(client.sendcmd("EPSV"), ("127.0.0.1", 0))):
                    _, port = ask()
                    with socket.create_connection(("127.0.0.1", port), 10, ("127.0.0.2", 0)) as thief:
                        assert not thief.recv(1)
                    with socket.create_connection(("127.0.0.1", port), 10) as mine:
                        client.sendcmd("RETR file")
                        assert mine.recv(100) == b"for bob"
                    client.voidresp()

            await served.use(work)

    run(main())


def test_passive_ports_come_from_the_range_and_may_run_out(memory):
    taken = []

    def listen(number, factory, interface=""):
        from reactorio.internet.error import CannotListenError

        if number == 5000:
            raise CannotListenError(interface, number, OSError(errno.EADDRINUSE, "in use"))
        taken.append(number)
        return memory.listen(number, factory)

    memory.server.listenFactory = listen
    memory.server.passivePortRange = range(5000, 5003)
    assert memory.send("EPSV") == ["229 Entering Extended Passive Mode (|||5001|)."]
    memory.server.passivePortRange = range(5000, 5001)
    assert memory.send("PASV", "EPSV") == ["425 Can't open data connection."] * 2
    assert memory.server.dtpFactory is None
    assert taken == [5001]


# ---- too much, too long


def test_guessing_has_an_end(tmp_path):
    memory = Memory(tmp_path, login=False)
    for _ in range(4):
        assert memory.send("USER bob", "PASS wrong")[1:] == ["530 Sorry, Authentication failed."]
    assert memory.send("USER bob", "PASS wrong")[1:] == [
        "530 Sorry, Authentication failed.",
        "421 Service not available, closing control connection.",
    ]
    assert not memory.transport.connected


def test_who_may_guess_on_may(tmp_path):
    memory = Memory(tmp_path, login=False, max_login_attempts=None)
    for _ in range(20):
        memory.send("USER bob", "PASS wrong")
    assert memory.send("USER bob", "PASS secret")[1] == "230 User logged in, proceed"


def test_a_client_that_sends_before_it_says_what_is_not_read_for_long(memory):
    data = memory.data()
    data.protocol.dataReceived(bytes(64 * 1024))
    assert data.producerState == "producing"
    data.protocol.dataReceived(b"x")
    assert data.producerState == "paused"
    memory.send("STOR file")
    assert data.producerState == "producing"
    assert (memory.home / "file").stat().st_size in (0, 64 * 1024 + 1)
    data.vanish()
    assert (memory.home / "file").stat().st_size == 64 * 1024 + 1


def test_a_client_that_never_connects_for_data_is_told_after_ten_seconds(memory):
    memory.send("PASV")
    assert memory.send("RETR file") == []
    memory.clock.advance(9)
    assert memory.transport.said() == []
    memory.clock.advance(1)
    assert memory.transport.said() == ["425 Can't open data connection."]
    assert not memory.ports[-1].listening
    assert memory.send("PASV", "NOOP")[1] == "200 Command OK"


@pytest.mark.parametrize("command", ["RETR file", "STOR other", "LIST"])
def test_a_transfer_that_stands_still_is_ended(memory, command):
    (memory.home / "file").write_bytes(b"1")
    data = memory.data()
    # The client's system takes nothing: closing waits for it.
    data.loseConnection = lambda: None
    data.abortConnection = lambda: lose(data)
    assert memory.send(command) == ["125 Data connection already open, starting transfer"]
    memory.clock.advance(599)
    data.protocol.dataReceived(b"")
    memory.clock.advance(599)
    assert memory.transport.said() == []
    memory.clock.advance(1)
    assert memory.transport.said() == ["426 Transfer aborted.  Data connection closed."]
    memory.clock.advance(599)
    assert memory.send("NOOP") == ["200 Command OK"]


def lose(transport):
    producer, transport.producer = transport.producer, None
    if producer is not None:
        producer.stopProducing()
    transport.protocol.connectionLost(Failure(ConnectionLost()))


def test_a_full_disk_ends_the_transfer_and_is_logged(memory, logged_errors):
    class Full(ftp.FileConsumer):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    class Writer(ftp._FileWriter):
        def receive(self):
            return Full(self.fObj)

    opened = memory.server.shell.openForWriting
    memory.server.shell.openForWriting = lambda path: opened(path).addCallback(lambda writer: Writer(writer.fObj))
    data = memory.data()
    memory.send("STOR file")
    data.protocol.dataReceived(b"x")
    assert memory.transport.said() == ["426 Transfer aborted.  Data connection closed."]
    assert data.disconnected
    assert len(logged_errors.flush(OSError)) == 1


def test_a_broken_upload_is_not_complete(run, tmp_path):
    async def main():
        async with serving(tmp_path) as served:

            def work(client):
                with client.transfercmd("STOR file") as connection:
                    connection.sendall(b"half")
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                with pytest.raises(ftplib.error_temp, match="426"):
                    client.voidresp()
                return client.pwd()

            assert await served.use(work) == "/"

    run(main())


def test_a_control_connection_that_is_lost_ends_its_transfer(run, tmp_path):
    async def main():
        async with serving(tmp_path) as served:
            with (served.home / "big").open("wb") as file:
                file.truncate(1 << 40)

            def work(client):
                connection = client.transfercmd("RETR big")
                connection.recv(1)
                client.close()
                return connection

            with await served.use(work) as connection:

                def drain():
                    total = 0
                    try:
                        while part := connection.recv(1 << 20):
                            total += len(part)
                    except ConnectionError:
                        pass
                    return total

                assert await in_thread(drain) < 1 << 30

    run(main())


def test_a_long_transfer_lets_others_have_their_turns(run, tmp_path):
    async def main():
        async with serving(tmp_path) as served:
            with (served.home / "big").open("wb") as file:
                file.truncate(200 << 20)
            longest = 0.0
            loop = asyncio.get_running_loop()

            def receive(client):
                return client.retrbinary("RETR big", lambda _: None, blocksize=1 << 20)

            def send(client):
                return client.storbinary("STOR up", io.BytesIO(bytes(100 << 20)), blocksize=1 << 20)

            work = asyncio.gather(served.use(receive), served.use(send))
            while not work.done():
                before = loop.time()
                await asyncio.sleep(0)
                longest = max(longest, loop.time() - before)
            assert await work == ["226 Transfer Complete."] * 2
            assert longest < 0.5

    run(main())


def test_commands_whose_replies_are_not_read_do_not_pile_up(run, tmp_path):
    async def main():
        async with serving(tmp_path) as served:

            def flood():
                with socket.create_connection(("127.0.0.1", served.port), 2) as connection:
                    connection.settimeout(0.3)
                    sent = 0
                    try:
                        while sent < 64 << 20:
                            sent += connection.send(b"FEAT\r\n" * 10_000)
                    except TimeoutError:
                        pass
                    return sent

            assert await in_thread(flood) < 32 << 20

    run(main())
