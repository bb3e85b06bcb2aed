"""What both sides are made of: addresses, paths, listings, text."""

from __future__ import annotations

import asyncio
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.testing import StringTransport
from reactorio.protocols import ftp
from reactorio.protocols._ftp.addresses import same_host
from reactorio.protocols._ftp.files import _TextFromNetwork
from reactorio.protocols._ftp.listing import long_line
from reactorio.python.filepath import FilePath, Permissions


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_a_host_and_a_port_are_six_numbers(tw_ftp, host, port):
    text = tw_ftp.encodeHostPort(str(host), port)
    assert tw_ftp.decodeHostPort(text) == (str(host), port)
    assert ftp.decodeHostPort(f"Entering Passive Mode ({text}).") == (str(host), port)


@pytest.fixture(params=["twisted", "reactorio"], scope="module")
def tw_ftp(request):
    pytest.importorskip(request.param)
    return __import__(f"{request.param}.protocols.ftp", fromlist=["ftp"])


@pytest.mark.parametrize("text", ["", "1,2,3,4,5", "1,2,3,4,5,6,7", "1,2,3,4,5,256", "1.2.3.4.5.6", "\u0661,2,3,4,5,6"])
def test_other_numbers_than_six_are_no_host_and_port(text):
    with pytest.raises(ValueError, match=r"No host and port|Out of range"):
        ftp.decodeHostPort(text)


@given(
    st.sampled_from("|!#,"),
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["", "::1", "1.2.3.4"]),
    st.integers(0, 65535),
)
def test_an_extended_address_has_any_delimiter(tw_ftp, mark, protocol, host, port):
    text = mark.join(["", protocol, host, str(port), ""])
    assert tw_ftp.decodeExtendedAddress(text) == (protocol, host, port)


@pytest.mark.parametrize(
    "text", ["", "|", "|1|a|b|", "|1|a|80", "|1|a|80|x", "1|a|80|", "|1|a|65536|", "|1|a|-1|", "||1|a|80|"]
)
def test_other_texts_are_no_extended_address(text):
    with pytest.raises(ValueError, match="No address"):
        ftp.decodeExtendedAddress(text)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("127.0.0.1", "::1", True),
        ("fe80::1%eth0", "fe80::1", True),
        ("2001:db8::1", "2001:DB8:0::1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("127.0.0.1", "127.0.0.2", False),
        ("example.com", "example.com", False),
        (None, None, False),
    ],
)
def test_two_addresses_are_of_one_host_or_not(first, second, same):
    assert same_host(first, second) is same_host(second, first) is same


names = st.text(st.sampled_from("ab./ \0*"), max_size=12)


@given(st.lists(st.sampled_from(["a", "b"]), max_size=3), names)
def test_segments_are_names_below_the_root_or_there_are_none(tw_ftp, cwd, path):
    try:
        segments = tw_ftp.toSegments(cwd, path)
    except tw_ftp.InvalidPath:
        assert "\0" in path or ".." in path
    else:
        assert all(name not in ("", ".", "..") and "/" not in name and "\0" not in name for name in segments)
        assert cwd == [*cwd]


lines = st.lists(st.text(st.sampled_from("\r\na"), max_size=5).map(str.encode), max_size=8)


@given(lines)
def test_text_is_the_same_however_it_is_cut(pieces):
    def outcome(pieces):
        file = io.BytesIO()
        consumer = _TextFromNetwork(ftp.FileConsumer(file))
        consumer.registerProducer(None, True)
        for piece in pieces:
            consumer.write(piece)
        consumer.unregisterProducer()
        return file.getvalue()

    whole = b"".join(pieces)
    assert outcome(pieces) == outcome([whole]) == whole.replace(b"\r\n", b"\n")


def test_text_goes_out_with_cr_and_lf():
    transport = StringTransport()
    ftp.ASCIIConsumerWrapper(transport).write(b"one\ntwo")
    assert transport.value() == b"one\r\ntwo"


# ---- listings


def parsed(line):
    listing = ftp.FTPFileListProtocol()
    listing.dataReceived(line)
    listing.connectionLost()
    return listing.files


@given(
    st.text(st.characters(codec="utf-8", min_codepoint=0x20, exclude_characters="\\\x7f\x85\xa0\xad"), min_size=1)
    .map(str.strip)
    .filter(bool),
    st.integers(0, 1 << 50),
    st.booleans(),
    st.integers(0, 0o777),
    st.integers(0, 4_000_000_000),
)
def test_what_our_server_lists_our_client_reads(name, size, directory, mode, modified):
    permissions = Permissions(mode)
    line = long_line(name.encode(), size, directory, permissions, 1, modified, "a-very-long-user-name", "group")
    listing = ftp.FTPFileListProtocol()
    listing.encoding = "utf-8"
    listing.dataReceived(line + b"\r\n")
    (file,) = listing.files
    link = name.partition(" -> ")
    assert file["filename"] == (link[0] or name) or " -> " in name
    assert (file["size"], file["filetype"], file["perms"]) == (size, "d" if directory else "-", permissions.shorthand())
    assert (file["owner"], file["group"], file["nlinks"]) == ("a-very-long-user-name", "group", 1)
    then = time.gmtime(modified)
    assert file["date"].startswith(time.strftime("%b", then))
    assert file["date"].endswith((str(then.tm_year), time.strftime("%H:%M", then)))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"-rw-r--r--   1 root     other        531 Jan 29 03:26 README\r\n", ("README", 531, 1, None)),
        (b"-rw-r--r--   1 root     other        531 Jan 29 03:26 README", ("README", 531, 1, None)),
        (b"lrwxrwxrwx   1 a b 5 Jan 1 2003 z -> q -> r\n", ("z", 5, 1, "q -> r")),
        (b"-rw-r--r--+  1 a b 5 Jan 1 2003 with an acl\n", ("with an acl", 5, 1, None)),
        (b"-rw-r--r--   1 a b 5 M\xe4rz 1 2003 x \n", ("x ", 5, 1, None)),
        (b"drwxr-xr-x   12345root b 5 Jan 1 2003 x\n", ("x", 5, 12345, None)),
        (b"drwxr-xr-x   root b 5 Jan 1 2003 x\n", ("x", 5, 0, None)),
    ],
)
def test_lines_of_other_servers_are_read(line, expected):
    (file,) = parsed(line)
    assert tuple(file[key] for key in ("filename", "size", "nlinks", "linktarget")) == expected


def test_what_is_no_line_of_a_listing_is_given_to_the_program():
    class Listing(ftp.FTPFileListProtocol):
        unknown = ()

        def unknownLine(self, line):
            self.unknown = (*self.unknown, line)

    listing = Listing()
    listing.dataReceived(b"total 5\r\n01-29-24 03:26AM <DIR> folder\n")
    assert listing.unknown == ("total 5\r", "01-29-24 03:26AM <DIR> folder")
    assert listing.files == []


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "line",
    [
        b"-rw-r--r-- " + b" " * 16_000,
        b"-rw-r--r-- " + b"1" * 16_000,
        b"-rw-r--r-- 1 a b 5 Jan 1 2003 " + b" -> " * 4_000,
        b"-rw-r--r-- 1 " + b"a " * 8_000,
        b"-rw-r--r-- " + b"1 " * 8_000,
        b"-" * 16_000,
        b"-rw-r--r-- 1 a b " + b"5 " * 8_000,
    ],
)
def test_no_line_takes_long_to_read(line):
    began = time.monotonic()
    for _ in range(20):
        parsed(line + b"\r\n")
    assert time.monotonic() - began < 2


def test_a_line_without_end_ends_the_listing():
    listing, transport = ftp.FTPFileListProtocol(), StringTransport()
    listing.makeConnection(transport)
    listing.dataReceived(b"x" * 20_000)
    assert transport.disconnecting


# ---- shells


def test_a_large_directory_is_looked_at_in_turns(run, tmp_path):
    for number in range(1000):
        (tmp_path / str(number)).touch()

    async def main():
        shell = ftp.FTPShell(FilePath(str(tmp_path)))
        found, turns = [], 0
        shell.list((), ("size", "owner")).addCallback(found.extend)
        while not found:
            await asyncio.sleep(0)
            turns += 1
        assert len(found) == 1000
        assert turns >= 1

    run(main())


def test_a_shell_says_what_is_wrong(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "folder").mkdir()
    shell = ftp.FTPShell(FilePath(str(tmp_path)))

    def error_of(method, *arguments):
        failures = []
        getattr(shell, method)(*arguments).addErrback(failures.append)
        return failures[0].type

    assert error_of("access", ("file",)) is ftp.IsNotADirectoryError
    assert error_of("makeDirectory", ("folder",)) is ftp.FileExistsError
    assert error_of("removeFile", ("folder",)) is ftp.IsADirectoryError
    assert error_of("rename", ("file",), ("folder",)) is ftp.IsADirectoryError
    assert error_of("stat", ("nothing",)) is ftp.FileNotFoundError
    assert error_of("stat", ("file",), ("bogus",)) is AttributeError


def test_the_server_names_its_classes_as_the_public_module_does():
    for name in ftp.__all__:
        thing = getattr(ftp, name)
        assert isinstance(thing, (str, dict)) or thing.__module__ == "reactorio.protocols.ftp", name
