"""``twist``: services of plugins in the foreground, and exit statuses that mean something."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from programs import PATIENCE, REACTORIO, ROOT, port_in, started

from reactorio.application.runner._exit import ExitStatus
from reactorio.application.runner._pidfile import AlreadyRunningError, PIDFile
from reactorio.python.filepath import FilePath

TEXT = ["twist", "--log-format=text"]


def run(*arguments, cwd, command=(*REACTORIO, "twist")):
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(tmp_path, loop_kind, number):
    with socket.create_server(("127.0.0.1", 0)) as target:
        options = ["--port=tcp:0:interface=127.0.0.1", "--host=127.0.0.1", f"--dest_port={target.getsockname()[1]}"]
        with started(*TEXT, "portforward", *options, cwd=tmp_path) as server:
            port = port_in(server.wait_for("ProxyFactory starting on"))
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                accepted, _ = target.accept()
                with accepted:
                    accepted.sendall(b"hello")
                    assert client.recv(5) == b"hello"
            server.signal(number)
            assert server.end() == -number
    assert os.listdir(tmp_path) == []


def test_its_log_is_json_unless_somebody_looks(tmp_path):
    with started("twist", "portforward", "--port=tcp:0:interface=127.0.0.1", cwd=tmp_path) as server:
        server.wait_for("Starting reactor...")
    assert all(json.loads(line.strip("\x1e"))["log_level"]["name"] == "info" for line in server.lines)


def test_the_level_of_its_log_can_be_chosen(tmp_path):
    options = ["--log-level=error", "--log-file=some.log", "--log-format=text"]
    with started("twist", *options, "portforward", "--port=tcp:0:interface=127.0.0.1", cwd=tmp_path) as server:
        while not (tmp_path / "some.log").exists():
            os.sched_yield()
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
    assert (tmp_path / "some.log").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        ([], ExitStatus.EX_USAGE, "Error: No plugin specified."),
        (["nonsense"], ExitStatus.EX_USAGE, "Error: Unknown command: nonsense"),
        (["--nonsense", "socks"], ExitStatus.EX_USAGE, "Error: option --nonsense not recognized"),
        (["--log-level=x", "socks"], ExitStatus.EX_USAGE, "Error: Invalid log level: x"),
        (["--log-format=x", "socks"], ExitStatus.EX_USAGE, "Error: Invalid log format: x"),
        (["--reactor=x", "socks"], ExitStatus.EX_USAGE, "Error: Unknown reactor: x"),
        (["--reactor=wx", "socks"], ExitStatus.EX_USAGE, "Error: The reactor wx cannot be used here: "),
        (["--log-file=/nonexistent/x", "socks"], ExitStatus.EX_IOERR, "Unable to open log file '/nonexistent/x': "),
    ],
)
def test_what_cannot_be_is_said_in_the_first_line(tmp_path, arguments, status, line):
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.splitlines()[0].startswith(line)


def test_a_service_that_cannot_start_is_a_line_and_a_traceback_in_the_log(tmp_path, loop_kind):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--log-format=text", "portforward", f"--port=tcp:{port}:interface=127.0.0.1", cwd=tmp_path)
    assert done.returncode == ExitStatus.EX_SOFTWARE
    assert done.stderr.startswith(f"Error: CannotListenError: Couldn't listen on 127.0.0.1:{port}: ")
    assert len(done.stderr.splitlines()) == 1
    assert "Cannot start portforward" in done.stdout
    assert "Traceback (most recent call last):" in done.stdout


def test_the_module_twisted_is_twist(tmp_path):
    code = "import reactorio.as_twisted, runpy, sys; sys.argv = ['', '--version']; runpy.run_module('twisted', run_name='__main__')"
    done = run(cwd=tmp_path, command=(sys.executable, "-c", code))
    assert (done.returncode, done.stdout) == (0, "26.10.0\n")


def test_help_lists_what_there_is(tmp_path):
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: twist [options] plugin [plugin_options]\n")
    for expected in ("--log-level=", '"debug", "info"', '"asyncio", "uvloop"', "socks  "):
        assert expected in done.stdout


def test_a_pid_file_guards_against_a_second_process(tmp_path):
    file = PIDFile(FilePath(str(tmp_path / "it.pid")))
    with file:
        assert file.read() == os.getpid()
        with pytest.raises(AlreadyRunningError):
            file.__enter__()
    assert os.listdir(tmp_path) == []


def test_a_stale_pid_file_is_replaced(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "it.pid").write_text(f"{gone.pid}\n")
    with PIDFile(FilePath(str(tmp_path / "it.pid"))) as file:
        assert file.read() == os.getpid()
