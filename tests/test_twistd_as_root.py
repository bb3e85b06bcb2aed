"""
Giving up privileges, for real: these tests need root, and start processes that stop being it.

What a process is, is read from /proc.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from programs import PATIENCE, REACTORIO, ROOT, exchange, port_in, started

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc"),
]

# A number that no user has a name for, as containers are run.
NAMELESS = 54321

# An echo that listens where only root may, before it starts, and says then who it is.
TAC = """
import os, socket
from twisted.application import internet, service
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

class Echo(Protocol):
    def dataReceived(self, data):
        self.transport.write(data)

class Privileges(service.Service):
    def privilegedStartService(self):
        print("privileged:", os.getresuid(), os.getresgid())
    def startService(self):
        service.Service.startService(self)
        reactor.callWhenRunning(self.tell)
    def tell(self):
        from twisted.internet import threads
        threads.deferToThread(socket.getaddrinfo, "127.0.0.1", 80).addCallbacks(
            lambda found: print("looked up:", found[0][4]), lambda failure: print("looked up:", failure))
        print("running:", os.getresuid(), os.getresgid(), sorted(os.getgroups()), os.getcwd(), sorted(os.listdir("/"))[:5])
        try:
            reactor.listenTCP(int(os.environ["SECOND_PORT"]), Factory.forProtocol(Echo)).stopListening()
        except Exception as error:
            print("second port:", type(error).__name__)
        else:
            print("second port: taken")

application = service.Application("echo")
Privileges().setServiceParent(application)
internet.TCPServer(int(os.environ["FIRST_PORT"]), Factory.forProtocol(Echo), interface="127.0.0.1").setServiceParent(application)
"""


def privileged_ports():
    """Return two ports below 1024 that nobody listens on."""
    found = []
    for port in range(1023, 600, -1):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == 2:
            return found
    pytest.skip("no privileged port is free")


@pytest.fixture
def environ(tmp_path):
    """Where to run: a folder that everybody may read, with the application in it."""
    first, second = privileged_ports()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o005 != 0o005 and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "echo.tac").write_text(TAC)
    return {"FIRST_PORT": str(first), "SECOND_PORT": str(second)}


def said(program, beginning):
    return program.wait_for(f"] {beginning}: ").partition(f"] {beginning}: ")[2]


def expected_second_port():
    limit = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    return "CannotListenError" if limit > 600 else "taken"


def test_a_privileged_port_is_bound_before_privileges_are_given_up(tmp_path, loop_kind, environ):
    with started("-n", "-y", "echo.tac", "-u", "nobody", "-g", "nogroup", cwd=tmp_path, **environ) as server:
        assert said(server, "privileged") == "(0, 0, 0) (0, 0, 0)"
        assert said(server, "running").startswith("(65534, 65534, 65534) (65534, 65534, 65534) [65534] ")
        assert said(server, "second port") == expected_second_port()
        assert exchange(int(environ["FIRST_PORT"]), b"hello", 5) == b"hello"
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
    assert any("set uid/gid 65534/65534" in line for line in server.lines)
    # It was root's, and cannot be removed any more.
    assert any("No permission to delete pid file" in line for line in server.lines)


def test_the_group_is_the_users_if_none_is_given(tmp_path, environ):
    with started("-n", "-y", "echo.tac", "--uid=nobody", "--pidfile=", cwd=tmp_path, **environ) as server:
        assert said(server, "running").startswith("(65534, 65534, 65534) (65534, 65534, 65534) [65534] ")


def test_the_application_may_say_who_it_is_to_be(tmp_path, environ):
    tac = TAC.replace('service.Application("echo")', 'service.Application("echo", uid=65534, gid=65534)')
    (tmp_path / "echo.tac").write_text(tac)
    with started("-n", "-y", "echo.tac", "--pidfile=", cwd=tmp_path, **environ) as server:
        assert said(server, "running").startswith("(65534, 65534, 65534) ")


def test_a_user_without_a_name_will_do(tmp_path, environ):
    options = [f"--uid={NAMELESS}", f"--gid={NAMELESS}", "--pidfile="]
    with started("-n", "-y", "echo.tac", *options, cwd=tmp_path, **environ) as server:
        ids = f"({NAMELESS}, {NAMELESS}, {NAMELESS})"
        assert said(server, "running").startswith(f"{ids} {ids} [{NAMELESS}] ")


def test_a_user_without_a_name_needs_a_group(tmp_path, environ):
    done = run("-n", "-y", "echo.tac", f"--uid={NAMELESS}", "--pidfile=", cwd=tmp_path, environ=environ)
    assert done.returncode == 1
    assert done.stderr == f"reactorio: UsageError: There is no user {NAMELESS} who would have a group: give --gid.\n"


def test_only_the_effective_user_is_another_with_euid(tmp_path, environ):
    options = ["--euid", "-u", "nobody", "--pidfile="]
    with started("-n", "-y", "echo.tac", *options, cwd=tmp_path, **environ) as server:
        assert said(server, "running").startswith("(0, 65534, 0) (0, 65534, 0) ")
    assert any("set euid/egid 65534/65534" in line for line in server.lines)


def run(*arguments, cwd, environ):
    return subprocess.run(
        [*REACTORIO, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("what", ["user", "group"])
def test_unknown_names_are_a_line(tmp_path, environ, what):
    option = {"user": "--uid", "group": "--gid"}[what]
    done = run("-n", "-y", "echo.tac", option, "no-such-name", cwd=tmp_path, environ=environ)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"reactorio: Parameter type enforcement failed: there is no {what} 'no-such-name'\n"


def test_who_is_not_root_cannot_become_another(tmp_path, environ):
    tmp_path.chmod(0o777)
    (tmp_path / "echo.tac").write_text(
        "from twisted.application import service\napplication = service.Application('echo')\n"
    )
    # Not by exec: the interpreter may be where only root finds it.
    code = (
        "import os, sys, encodings.idna, concurrent.futures.thread, reactorio.internet.reactor, reactorio.internet.process\n"
        "from reactorio.scripts import twistd\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "sys.argv[1:] = ['-n', '-y', 'echo.tac', '-u', 'root']; twistd.run()"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **environ, "FIRST_PORT": "0", "XDG_CACHE_HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 1
    assert "failed to set uid/gid 0/0: [Errno 1] Operation not permitted (are you root?) -- exiting." in done.stdout
    assert not (tmp_path / "twistd.pid").exists()


@pytest.mark.parametrize("user", [[], ["-u", "nobody"]], ids=["root", "nobody"])
def test_a_daemon_in_another_root_serves_logs_and_stops(tmp_path, loop_kind, environ, user):
    root = tmp_path / "root"
    root.mkdir()
    (root / "here").mkdir()
    root.chmod(0o777)
    options = [
        "--chroot",
        str(root),
        "--pidfile",
        "/inside.pid",
        "--logfile",
        "outside.log",
        "--rundir",
        "/here",
        *user,
    ]
    done = run("-y", "echo.tac", *options, cwd=tmp_path, environ=environ)
    log = tmp_path / "outside.log"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pid = int((root / "inside.pid").read_text())
    try:
        assert os.readlink(f"/proc/{pid}/root") == str(root)
        assert os.readlink(f"/proc/{pid}/cwd") == str(root / "here")
        wait_until(lambda: "looked up: ('127.0.0.1', 80)" in log.read_text())
        assert " /here ['here', 'inside.pid']" in log.read_text()
        assert exchange(int(environ["FIRST_PORT"]), b"hello", 5) == b"hello"
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: log.read_text().splitlines()[-1].endswith("Server Shut Down."))
    text = log.read_text()
    assert "Received SIGTERM, shutting down." in text
    assert "Traceback" not in text
    if not user:
        assert [path.name for path in root.iterdir()] == ["here"]


def wait_until(fact):
    import time

    deadline = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_another_root_in_the_foreground(tmp_path, environ):
    root = tmp_path / "root"
    root.mkdir()
    with started("-n", "-y", "echo.tac", "--chroot", str(root), "--pidfile=", cwd=tmp_path, **environ) as server:
        assert said(server, "running").endswith(" / []")
        server.signal(signal.SIGINT)
        assert server.end() == -signal.SIGINT
    assert not any("Traceback" in line for line in server.lines)


def test_a_root_that_is_not_there_is_a_line(tmp_path, environ):
    done = run("-n", "-y", "echo.tac", "--chroot=/nonexistent", "--pidfile=", cwd=tmp_path, environ=environ)
    assert done.returncode == 1
    assert done.stderr == "reactorio: FileNotFoundError: [Errno 2] No such file or directory: '/nonexistent'\n"


def test_a_port_is_told_by_the_log(tmp_path, environ):
    environ["FIRST_PORT"] = "0"
    with started("-n", "-y", "echo.tac", "-u", "nobody", "--pidfile=", cwd=tmp_path, **environ) as server:
        port = port_in(server.wait_for("starting on"))
        said(server, "second port")
        assert exchange(port, b"hello", 5) == b"hello"
