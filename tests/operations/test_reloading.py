"""SIGHUP: what is new is taken up, and what is bad changes nothing."""

from __future__ import annotations

import os
import pty
import signal
import socket
import ssl
import subprocess

import pytest
from certificates import AUTHORITY
from programs import EXAMPLES, PATIENCE, REACTORIO, exchange, port_in, started

from operations.load import Clients
from reactorio.internet._endpoints import certificates
from reactorio.internet.endpoints import serverFromString
from reactorio.internet.testing import MemoryReactor

TLS = """
import os
from twisted.application import service, strports
from twisted.internet import protocol
class Answer(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(b"answer")
class Setting(service.Service):
    def reload(self):
        return lambda: print("the setting is changed")
application = service.Application("tls")
Setting().setServiceParent(application)
strports.service("ssl:0:privateKey=key.pem:certKey=cert.pem", protocol.Factory.forProtocol(Answer)).setServiceParent(
    application
)
"""


def write_certificate(folder, name):
    issued = AUTHORITY.issue(name)
    (folder / "cert.pem").write_bytes(issued.dumpPEM())
    (folder / "key.pem").write_bytes(issued.privateKey.dump(1))


def shown_name(port):
    """Return the name in the certificate that the server shows to a new client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=AUTHORITY.certificate.dumpPEM().decode())
    plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    with context.wrap_socket(plain) as connection:
        connection.sendall(b"x")
        assert connection.recv(10) == b"answer"
        return connection.getpeercert()["subjectAltName"][0][1]


def test_certificates_are_read_again_and_connections_keep_the_old(tmp_path, loop_kind):
    (tmp_path / "tls.tac").write_text(TLS)
    write_certificate(tmp_path, "old.example")
    with started("-n", "-y", "tls.tac", cwd=tmp_path) as server:
        port = port_in(server.wait_for("starting on"))
        assert shown_name(port) == "old.example"

        write_certificate(tmp_path, "new.example")
        server.signal(signal.SIGHUP)
        server.wait_for("the setting is changed")
        assert shown_name(port) == "new.example"

        # Half written, or the key of another: nothing changes, the service's own setting neither.
        key = (tmp_path / "key.pem").read_bytes()
        for bad in (b"", key[: len(key) // 2], AUTHORITY.issue("x.example").privateKey.dump(1)):
            (tmp_path / "key.pem").write_bytes(bad)
            server.signal(signal.SIGHUP)
            server.wait_for("Not reloaded:")
            assert shown_name(port) == "new.example"
    assert sum("the setting is changed" in line for line in server.lines) == 1


def test_options_that_nobody_has_any_more_are_not_read_again(tmp_path):
    write_certificate(tmp_path, "old.example")
    endpoint = serverFromString(MemoryReactor(), f"ssl:0:privateKey={tmp_path}/key.pem:certKey={tmp_path}/cert.pem")
    os.remove(tmp_path / "key.pem")
    with pytest.raises(FileNotFoundError):
        certificates.reload()
    del endpoint
    certificates.reload()()


def test_under_load_a_reload_with_a_bad_file_changes_nothing_and_loses_nothing(tmp_path, loop_kind):
    quotes = tmp_path / "quotes.txt"
    quotes.write_text("old\n")
    command = ("-n", "--pidfile=", "--grace=20", "-y", str(EXAMPLES / "quotes.tac"))
    with started(*command, cwd=tmp_path, QUOTES=str(quotes), QUOTES_PORT="0") as server:
        port = port_in(server.wait_for("starting on"))
        with Clients(("127.0.0.1", port)) as clients:
            clients.wait_for(50)
            for _ in range(5):
                quotes.write_text("")
                server.signal(signal.SIGHUP)
                server.wait_for("Not reloaded: there are no quotes")
                clients.wait_for(50)
            assert exchange(port, b"quote\nquit\n", 100) == b"old\n"
            quotes.write_text("new\n")
            server.signal(signal.SIGHUP)
            server.wait_for("Reloaded.")
            assert exchange(port, b"quote\nquit\n", 100) == b"new\n"
        assert set(clients.outcomes) == {"answered"}


def test_a_reload_that_comes_before_the_start_is_over_waits_for_that(tmp_path, manager):
    (tmp_path / "slow.tac").write_text(
        """
import signal
from twisted.application import service
from twisted.internet import defer, reactor
class Slow(service.Service):
    async def startService(self):
        await gate
    def reload(self):
        print("read again")
gate = defer.Deferred()
signal.signal(signal.SIGUSR2, lambda *_: reactor.callFromThread(gate.callback, None))
application = service.Application("slow")
Slow().setServiceParent(application)
reactor.callWhenRunning(reactor.callLater, 0, print, "runs")
"""
    )
    with started("-n", "-y", "slow.tac", cwd=tmp_path, **manager.environ) as server:
        server.wait_for("runs")
        server.signal(signal.SIGHUP)
        server.signal(signal.SIGUSR2)
        server.wait_for("read again")
        assert [next(iter(manager.hear())) for _ in range(3)] == ["READY", "RELOADING", "READY"]


def test_the_end_of_its_terminal_is_the_end_and_no_reload(tmp_path):
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(tmp_path)
        os.execve(
            REACTORIO[0],
            [*REACTORIO, "-n", "-l", "log", "-y", str(EXAMPLES / "echo.tac")],
            {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "ECHO_PORT": "0"},
        )
    log = tmp_path / "log"
    try:
        while not (log.exists() and "Starting factory" in log.read_text()):
            os.sched_yield()
        port = next(int(line.split()[-1]) for line in log.read_text().splitlines() if "starting on" in line)
        assert exchange(port, b"x", 1) == b"x"
        os.kill(pid, signal.SIGHUP)
        while "Reloaded." not in log.read_text():
            os.sched_yield()
    finally:
        os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGHUP
    assert log.read_text().splitlines()[-1].endswith("Server Shut Down.")


def test_nohup_is_respected(tmp_path):
    command = ["nohup", *REACTORIO, "-n", "--pidfile=", "-y", str(EXAMPLES / "echo.tac")]
    environ = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "ECHO_PORT": "0", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        port = next(port_in(line) for line in process.stdout if "starting on" in line)
        assert exchange(port, b"x", 1) == b"x"
        process.send_signal(signal.SIGHUP)
        assert exchange(port, b"x", 1) == b"x"
        process.send_signal(signal.SIGTERM)
        assert "Reload" not in process.stdout.read()
