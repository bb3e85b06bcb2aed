"""The standard library's client against our server, on both loops."""

from __future__ import annotations

import ftplib
import io
import os
import socket
import time

import pytest

from .serving import serving


@pytest.fixture
def using(run, tmp_path):
    """Run a function with a client of a server, and return what it returns."""

    def using(work, **how):
        async def main():
            async with serving(tmp_path) as served:
                return await served.use(work, **how)

        return run(main())

    using.home = tmp_path / "home" / "bob"
    return using


def received(client, command):
    parts = []
    client.retrbinary(command, parts.append)
    return b"".join(parts)


def lines(client, command):
    found = []
    client.retrlines(command, found.append)
    return found


@pytest.mark.parametrize("passive", [True, False])
def test_a_large_file_goes_there_and_back(using, passive):
    content = os.urandom(1 << 20) * 6

    def work(client):
        client.set_pasv(passive)
        assert client.storbinary("STOR big", io.BytesIO(content)) == "226 Transfer Complete."
        return received(client, "RETR big")

    assert using(work) == content
    assert (using.home / "big").read_bytes() == content


def test_text_has_the_ends_of_lines_of_either_side(using):
    def work(client):
        client.storlines("STOR text", io.BytesIO(b"one\r\ntwo\nthree"))
        assert (using.home / "text").read_bytes() == b"one\ntwo\nthree\n"
        client.sendcmd("TYPE A")
        with client.transfercmd("RETR text") as connection:
            raw = connection.makefile("rb").read()
        client.voidresp()
        return raw, lines(client, "RETR text")

    assert using(work) == (b"one\r\ntwo\r\nthree\r\n", ["one", "two", "three"])


def test_the_files_of_a_directory_are_listed(using):
    def work(client):
        (using.home / "file").write_bytes(b"12345")
        (using.home / "folder").mkdir()
        os.utime(using.home / "file", (1_000_000_000,) * 2)
        facts = dict(client.mlsd())
        assert facts["file"] == {"type": "file", "size": "5", "modify": "20010909014640"}
        assert facts["folder"]["type"] == "dir"
        assert dict(client.mlsd(facts=["size"]))["file"] == {"size": "5"}
        assert sorted(client.nlst()) == sorted(client.nlst("-a")) == sorted(client.nlst("*")) == ["file", "folder"]
        assert client.nlst("f?le") == client.nlst("file") == ["file"]
        assert client.nlst("folder") == client.nlst("nothing") == []
        assert lines(client, "LIST -la folder") == []
        with pytest.raises(ftplib.error_perm, match="550 nothing: No such file"):
            client.dir("nothing", list)
        return sorted(lines(client, "LIST"))

    listed = using(work)
    assert [line.split()[-1] for line in listed] == ["file", "folder"]
    assert listed[0].startswith("-rw")
    assert listed[0].endswith(" 5 Sep 09  2001 file")
    assert listed[1].startswith("drwx")


def test_a_directory_of_thousands_is_listed_whole(using):
    def work(client):
        for number in range(3000):
            (using.home / f"{number:04}").touch()
        return client.nlst(), [name for name, _ in client.mlsd()], len(lines(client, "LIST"))

    names, facts, count = using(work)
    assert sorted(names) == sorted(facts) == [f"{number:04}" for number in range(3000)]
    assert count == 3000


def test_directories_and_files_are_made_renamed_and_removed(using):
    def work(client):
        assert client.mkd('quo"te') == 'quo"te'
        client.cwd('quo"te')
        assert client.pwd() == '/quo"te'
        client.cwd("..")
        client.rename('quo"te', "folder")
        client.storbinary("STOR folder/file", io.BytesIO(b"123"))
        assert client.size("folder/file") == 3
        stamp = time.strftime("%Y%m%d", time.gmtime((using.home / "folder" / "file").stat().st_mtime))
        assert client.sendcmd("MDTM folder/file").startswith("213 " + stamp)
        with pytest.raises(ftplib.error_perm, match="550 Requested action not taken: Directory not empty"):
            client.rmd("folder")
        with pytest.raises(ftplib.error_perm, match="550 folder: is a directory"):
            client.delete("folder")
        client.delete("folder/file")
        client.rmd("folder")
        with pytest.raises(ftplib.error_perm, match="550 folder: No such file or directory"):
            client.cwd("folder")
        return os.listdir(using.home)

    assert using(work) == []


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_are_what_the_client_calls_them(using, encoding):
    def work(client):
        client.storbinary("STOR caf\xe9", io.BytesIO(b"1"))
        assert client.nlst() == ["caf\xe9"]
        assert received(client, "RETR caf\xe9") == b"1"
        client.mkd("\xe9")
        client.cwd("\xe9")
        assert client.pwd() == "/\xe9"
        return sorted(os.listdir(os.fsencode(using.home)))

    assert using(work, encoding=encoding) == ["caf\xe9".encode(encoding), "\xe9".encode(encoding)]


def test_who_is_not_logged_in_gets_nothing(using):
    def work(client):
        with pytest.raises(ftplib.error_perm, match="530 Please login with USER and PASS"):
            client.pwd()
        for user, password in (("bob", "wrong"), ("nobody", "secret")):
            with pytest.raises(ftplib.error_perm, match="530 Sorry, Authentication failed"):
                client.login(user, password)
        assert "UTF8" in client.sendcmd("FEAT")
        client.login("bob", "secret")
        return client.pwd()

    assert using(work, login=False) == "/"


def test_nobody_in_particular_reads_and_changes_nothing(using):
    def work(client):
        (using.home.parent.parent / "public" / "file").write_bytes(b"for all")
        assert client.login() == "230 Anonymous login ok, access restrictions apply."
        assert received(client, "RETR file") == b"for all"
        for command in ("MKD x", "RMD x", "DELE file"):
            with pytest.raises(ftplib.error_perm, match="550 Anonymous users are forbidden"):
                client.sendcmd(command)
        with pytest.raises(ftplib.error_perm, match="550 Anonymous users are forbidden"):
            client.rename("file", "other")
        with pytest.raises(ftplib.error_perm, match="550 file: Permission denied"):
            client.storbinary("STOR file", io.BytesIO(b"mine"))
        return received(client, "RETR file")

    assert using(work, login=False) == b"for all"


def test_another_login_takes_the_place_of_the_first(using):
    def work(client):
        (using.home / "mine").touch()
        assert client.nlst() == ["mine"]
        client.login()
        assert client.nlst() == []
        return client.pwd()

    assert using(work) == "/"


@pytest.mark.parametrize("urgent", [True, False])
def test_a_transfer_can_be_aborted(using, urgent):
    def work(client):
        with (using.home / "big").open("wb") as file:
            file.truncate(1 << 30)
        with client.transfercmd("RETR big") as connection:
            connection.recv(1000)
            if urgent:
                # Its last byte is urgent data.
                answer = client.abort()
            else:
                client.putcmd("ABOR")
                answer = client.getmultiline()
            assert answer == "426 Transfer aborted.  Data connection closed."
            assert client.getresp() == "226 Abort successful"
        return client.pwd()

    assert using(work) == "/"


def test_a_client_that_goes_away_in_a_transfer_is_told_so_if_it_listens(using):
    def work(client):
        with (using.home / "big").open("wb") as file:
            file.truncate(1 << 30)
        with client.transfercmd("RETR big") as connection:
            connection.recv(1000)
        with pytest.raises(ftplib.error_temp, match="426 Transfer aborted"):
            client.voidresp()
        return client.pwd()

    assert using(work) == "/"


def test_on_ipv6_data_connections_are_made_in_either_direction(run, tmp_path):
    async def main():
        async with serving(tmp_path, interface="::1") as served:

            def work(client):
                client.storbinary("STOR file", io.BytesIO(b"123"))
                client.set_pasv(False)
                with pytest.raises(ftplib.error_perm, match="502 PASV available only for IPv4"):
                    client.sendcmd("PASV")
                return received(client, "RETR file")

            return await served.use(work, host="::1")

    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    assert run(main()) == b"123"
