"""Where the launcher's log goes, and in what form."""

from __future__ import annotations

import array
import io
import json
import os
import signal
import socket
import subprocess

import pytest
from programs import EXAMPLES, REACTORIO, ROOT, exchange, port_in, started

from reactorio.logger import Logger, LogPublisher
from reactorio.logger._journal import JournalObserver, is_journal

TAC = str(EXAMPLES / "echo.tac")


def test_json_lines_on_stdout_from_the_first_to_the_last(tmp_path, loop_kind):
    options = ("--log-format=json", "-n", "--pidfile=")
    with started(*options, "-y", TAC, cwd=tmp_path, ECHO_PORT="0") as server:
        server.wait_for("Starting factory")
        until_it_serves_by_json(server)
        server.signal(signal.SIGTERM)
        server.end()
    lines = [json.loads(line) for line in server.lines]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert lines[-1]["message"] == "Server Shut Down."
    assert lines[-1]["logger"] == "twisted.scripts._twistd_unix.UnixAppLogger"


def until_it_serves_by_json(server):
    (started_on,) = [json.loads(line)["message"] for line in server.lines if "starting on" in line]
    assert exchange(port_in(started_on), b"hello", 5) == b"hello"


def test_json_lines_in_a_file(tmp_path):
    with started("--log-format=json", "-n", "-l", "log", "-y", TAC, cwd=tmp_path, ECHO_PORT="nonsense") as server:
        assert server.end() == 1
    last = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert last["exception_type"] == "ValueError"
    assert "Traceback" in last["exception"]


def test_another_format_is_refused(tmp_path):
    done = subprocess.run(
        [*REACTORIO, "--log-format=xml", "-y", TAC],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, "a log is text or json, not 'xml'" in done.stderr) == (1, True)


@pytest.mark.parametrize("successor", ["none", "made by who has moved it"])
def test_sigusr1_opens_a_log_anew_that_was_put_aside(tmp_path, successor):
    log, aside = tmp_path / "log", tmp_path / "log.1"
    with started("-n", "-l", "log", "-y", TAC, cwd=tmp_path, ECHO_PORT="0") as server:
        while not (log.exists() and "Starting factory" in log.read_text()):
            os.sched_yield()
        port = next(port_in(line) for line in log.read_text().splitlines() if "starting on" in line)
        assert exchange(port, b"hello", 5) == b"hello"
        log.rename(aside)
        if successor != "none":
            log.touch()
        server.signal(signal.SIGUSR1)
        while successor == "none" and not log.exists():
            os.sched_yield()
        server.signal(signal.SIGTERM)
        server.end()
    assert "Received SIGTERM" in log.read_text()
    # Put aside once, not twice.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1"]
    assert "Starting factory" in aside.read_text()


# ---- the journal


@pytest.fixture
def journal(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "journal"))
        sock.settimeout(5)
        yield sock


@pytest.fixture
def log(journal):
    """A log to the journal; what the journal does not take is in `log.fallback`."""
    fallback = io.StringIO()
    observer = JournalObserver(fallback, "app", path=journal.getsockname())
    logger = Logger(namespace="app.web", observer=LogPublisher(observer))
    logger.fallback = fallback
    yield logger
    observer.close()


def taken(journal):
    """Return the next event's fields, read as the journal does."""
    datagram, control, _, _ = journal.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    for _, _, data in control:
        (number,) = array.array("i", data)
        with open(number, "rb") as file:
            file.seek(0)
            datagram = file.read()
    fields = {}
    while datagram:
        name, _, datagram = datagram.partition(b"\n")
        if b"=" in name:
            name, _, value = name.partition(b"=")
        else:
            length = int.from_bytes(datagram[:8], "little")
            value, datagram = datagram[8 : 8 + length], datagram[8 + length + 1 :]
        fields[name.decode()] = value.decode()
    return fields


def test_the_journal_gets_message_priority_logger_and_fields(journal, log):
    log.warn("{user} was late by {seconds}", user="Zoë", seconds=3, thing=object())
    assert taken(journal) == {
        "MESSAGE": "Zoë was late by 3",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "app",
        "LOGGER": "app.web",
        "USER": "Zoë",
        "SECONDS": "3",
    }


def test_a_traceback_is_one_entry(journal, log):
    try:
        {}["missing"]
    except KeyError:
        log.failure("no luck")
    entry = taken(journal)
    assert (entry["PRIORITY"], entry["EXCEPTION_TYPE"]) == ("2", "KeyError")
    assert entry["MESSAGE"].startswith("no luck\nTraceback (most recent call last):\n")


def test_what_is_longer_than_a_datagram_gets_there_too(journal, log):
    log.info("{text}", text="x" * 1_000_000)
    assert taken(journal)["MESSAGE"] == "x" * 1_000_000


def test_an_event_cannot_forge_a_field(journal, log):
    log.info("one\nPRIORITY=0\nMESSAGE=other", **{"_PID": 1, "message ": 2, "priority": 0, "MESSAGE": "no"})
    entry = taken(journal)
    assert (entry["MESSAGE"], entry["PRIORITY"]) == ("one\nPRIORITY=0\nMESSAGE=other", "6")
    assert "_PID" not in entry


def test_without_a_journal_lines_have_their_priority_before_them(journal, log):
    os.unlink(journal.getsockname())
    log.error("one\ntwo")
    assert log.fallback.getvalue() == "<3>one\n<3>two\n"


def test_the_journal_is_known_by_its_stream(monkeypatch, tmp_path):
    with open(tmp_path / "stream", "w") as file:
        status = os.fstat(file.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        assert is_journal(file)
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino + 1}")
        assert not is_journal(file)
        monkeypatch.delenv("JOURNAL_STREAM")
        assert not is_journal(file)
    assert not is_journal(io.StringIO())


@pytest.mark.skipif(os.path.exists("/run/systemd/journal/socket"), reason="it would write to this machine's journal")
def test_the_launcher_writes_to_the_journal_where_its_stdout_leads_there(tmp_path):
    with open(tmp_path / "stdout", "wb") as stdout:
        status = os.fstat(stdout.fileno())
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "ECHO_PORT": "nonsense"}
        environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
        command = [*REACTORIO, "-n", "--pidfile=", "-y", TAC]
        subprocess.run(command, cwd=tmp_path, env=environ, stdout=stdout, stderr=subprocess.DEVNULL, check=False)
    lines = (tmp_path / "stdout").read_text().splitlines()
    assert any(line.startswith("<2>") and "ValueError" in line for line in lines)
    assert all(line.startswith("<") for line in lines)
