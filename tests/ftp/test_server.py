"""The server's side of the conversation, in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactorio.internet.address import IPv6Address
from reactorio.internet.defer import Deferred, fail
from reactorio.protocols import ftp

from .memory import Memory


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path)


def test_commands_in_one_go_are_answered_in_order(memory):
    assert memory.send(b"\r\n".join([b"NOOP", b"pwd", b"SYST"])) == [
        "200 Command OK",
        '257 "/"',
        "215 UNIX Type: L8",
    ]


def test_commands_that_come_while_one_takes_its_time_wait_and_when_they_are_some_no_more_are_read(memory):
    waiting = Deferred()
    memory.server.ftp_WAIT = lambda: waiting

    assert memory.send("WAIT", *["NOOP"] * 7) == []
    assert memory.transport.producerState == "producing"
    assert memory.send("NOOP", *["PWD"] * 100) == []
    assert memory.transport.producerState == "paused"
    waiting.callback((ftp.CMD_OK,))

    assert memory.transport.said() == ["200 Command OK"] * 9 + ['257 "/"'] * 100
    assert memory.transport.producerState == "producing"


def test_no_command_is_read_while_the_replies_are_not_taken(memory):
    pace = memory.transport.producer
    pace.pauseProducing()
    assert memory.send("NOOP", "NOOP") == []
    pace.resumeProducing()
    assert memory.transport.said() == ["200 Command OK"] * 2


def test_a_command_with_too_much_or_too_little_after_it_is_a_syntax_error(memory):
    assert memory.send("RETR", "PWD x", "TYPE A X", "OPTS", "EPSV 1x", "EPSV " + "9" * 5000) == [
        "500 Syntax error: RETR requires an argument.",
        "501 syntax error in argument(s) x.",
        "501 syntax error in argument(s)  X.",
        "500 Syntax error: OPTS requires an argument.",
        "501 syntax error in argument(s) 1x.",
        "522 Network protocol not supported, use (1,2)",
    ]


def test_a_line_that_is_too_long_ends_the_connection(memory):
    assert memory.send(b"NOOP " + b"x" * 20_000) == ["500 Syntax error: line too long"]
    assert not memory.transport.connected


def test_rnto_comes_at_once_after_rnfr_or_not_at_all(memory):
    (memory.home / "old").touch()
    assert memory.send("RNFR old", "NOOP", "RNTO new", "RNFR old", "RNTO new") == [
        "350 Requested file action pending further information.",
        "503 Incorrect sequence of commands: RNTO required after RNFR",
        "503 Incorrect sequence of commands: RNFR required before RNTO",
        "350 Requested file action pending further information.",
        "250 Requested File Action Completed OK",
    ]
    assert os.listdir(memory.home) == ["new"]


def test_the_features_say_which_facts_are_sent(memory):
    assert " MLST type*;size*;modify*;" in memory.send("FEAT")
    assert memory.send("OPTS MLST Size;bogus;", "OPTS UTF8 ON", "OPTS UTF8 OFF") == [
        "200 MLST OPTS size;",
        "200 Command OK",
        "502 Option 'UTF8 OFF' not implemented.",
    ]
    assert " MLST type;size*;modify;" in memory.send("FEAT")
    (memory.home / "file").write_bytes(b"123")
    assert memory.send("MLST file") == ["250-Listing /file", " size=3; /file", "250 End"]
    assert memory.send("OPTS MLST") == ["200 MLST OPTS"]
    assert memory.send("MLST file") == ["250-Listing /file", "  /file", "250 End"]


def test_what_a_command_returns_may_be_a_coroutine_and_what_fails_is_logged(memory, logged_errors):
    async def greet():
        return ftp.CMD_OK

    memory.server.ftp_HI = greet
    memory.server.ftp_BAD = lambda: 1 / 0
    memory.server.ftp_WRONG = lambda: (ftp.CMD_OK, "one argument too many")
    assert memory.send("HI", "BAD", "WRONG", "NOOP") == [
        "200 Command OK",
        "550 Requested action not taken: internal server error",
        "550 Requested action not taken: internal server error",
        "200 Command OK",
    ]
    assert [type(error) for error in logged_errors.flush()] == [ZeroDivisionError, TypeError]


def test_a_connection_on_which_nothing_is_said_is_closed(memory):
    memory.clock.advance(599)
    assert memory.send("NOOP") == ["200 Command OK"]
    memory.clock.advance(599)
    assert memory.transport.connected
    memory.clock.advance(1)
    assert memory.transport.said() == ["421 Service not available, closing control connection."]
    assert not memory.transport.connected


def test_who_takes_no_replies_is_not_waited_for_to_take_the_last_one(memory):
    memory.transport.producer.pauseProducing()
    memory.clock.advance(600)
    assert memory.transport.disconnected


def test_the_shell_is_told_when_its_user_leaves(memory):
    left = []
    memory.server.logout = lambda: left.append("first")
    memory.send("USER bob", "PASS secret")
    assert left == ["first"]
    memory.server.logout = lambda: left.append("second")
    memory.transport.vanish()
    assert left == ["first", "second"]
    assert not memory.clock.getDelayedCalls()


def test_a_login_that_is_granted_too_late_is_ended_at_once(tmp_path):
    memory = Memory(tmp_path, login=False)
    granted, left = Deferred(), []
    memory.server.portal.login = lambda *_: granted
    memory.send("USER bob", "PASS secret")
    memory.transport.vanish()
    granted.callback((ftp.IFTPShell, None, lambda: left.append(True)))
    assert left == [True]


def test_a_logout_that_fails_is_logged(memory, logged_errors):
    memory.server.logout = lambda: fail(ZeroDivisionError())
    memory.transport.vanish()
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


def test_a_realm_that_has_no_shell_is_a_failed_login_and_counts(tmp_path):
    memory = Memory(tmp_path, login=False)
    memory.server.portal.checkers.clear()
    assert memory.send("USER bob", "PASS secret") == [
        "331 Password required for bob.",
        "530 Sorry, Authentication failed.",
    ]


def test_pasv_is_for_ipv4(memory):
    memory.transport.hostAddr = IPv6Address("TCP", "2001:db8::1", 21)
    assert memory.send("PASV") == ["502 PASV available only for IPv4 (use EPSV instead)"]
    memory.transport.hostAddr = IPv6Address("TCP", "::ffff:192.0.2.1", 21)
    assert memory.send("PASV") == ["227 Entering Passive Mode (192,0,2,1,16,1)."]


def test_another_pasv_gives_up_the_first_port(memory):
    memory.send("PASV", "PASV")
    first, second = memory.ports
    assert first.connect() is None
    assert not first.listening
    assert second.listening
    assert second.connect() is not None
    assert not second.listening


def test_a_file_that_is_sent_before_the_command_is_received(memory):
    data = memory.data()
    data.protocol.dataReceived(b"early, ")
    data.protocol.dataReceived(b"and all")
    data.vanish()
    assert memory.send("STOR file") == [
        "125 Data connection already open, starting transfer",
        "226 Transfer Complete.",
    ]
    assert (memory.home / "file").read_bytes() == b"early, and all"


def test_a_failed_transfer_closes_the_data_connection(memory):
    data = memory.data()
    assert memory.send("RETR nothing") == ["550 nothing: No such file or directory."]
    assert not data.connected
    assert memory.send("RETR nothing") == [
        "503 Incorrect sequence of commands: PORT, PASV, EPRT, or EPSV required before RETR"
    ]


def test_quit_in_a_transfer_is_heard_when_that_is_done(memory):
    data = memory.data()
    assert memory.send("STOR file", "QUIT") == ["125 Data connection already open, starting transfer"]
    data.protocol.dataReceived(b"content")
    data.vanish()
    assert memory.transport.said() == ["226 Transfer Complete.", "221 Goodbye."]
    assert not memory.transport.connected


COMMANDS = [
    "USER",
    "PASS",
    "ABOR",
    "CDUP",
    "CWD",
    "DELE",
    "EPSV",
    "FEAT",
    "LIST",
    "MDTM",
    "MKD",
    "MLSD",
    "MLST",
    "MODE",
    "NLST",
    "NOOP",
    "OPTS",
    "PASV",
    "PWD",
    "RETR",
    "RMD",
    "RNFR",
    "RNTO",
    "SIZE",
    "STOR",
    "STRU",
    "SYST",
    "TYPE",
    "PORT",
    "EPRT",
]
arguments = st.sampled_from(["", "bob", "secret", "..", "../..", "/", "a/../..", "*", "a", "\0", "|1|x|1|", "ALL"])
lines = st.one_of(
    st.binary(max_size=30),
    st.builds(lambda name, argument: f"{name} {argument}".encode(), st.sampled_from(COMMANDS), arguments | st.text()),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(lines, max_size=12), st.booleans())
def test_whatever_is_sent_has_replies_and_leads_nowhere(commands, login):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        root.mkdir()
        memory = Memory(root, login)
        for line in memory.send(*commands):
            assert line[:3].isdigit() or line.startswith(" ")
            assert "\n" not in line
            assert "\r" not in line
            assert "internal server error" not in line
        memory.transport.vanish()
        assert not memory.clock.getDelayedCalls()
        assert os.listdir(folder) == ["root"]
        assert sorted(os.listdir(root)) == ["home", "public"]
