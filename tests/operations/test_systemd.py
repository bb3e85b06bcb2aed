"""A service under a service manager: each message, in its order."""

from __future__ import annotations

import shutil
import signal
import socket
import sys
import time
from contextlib import closing

import pytest
from programs import EXAMPLES, PATIENCE, Program, exchange, port_in, started

from operations.door import get

QUOTES = ("-n", "--pidfile=", "-y", str(EXAMPLES / "quotes.tac"))

pytestmark = pytest.mark.usefixtures("loop_kind")


def monotonic_microseconds():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_each_message_comes_in_its_order(tmp_path, manager):
    quotes = tmp_path / "quotes.txt"
    quotes.write_text("one\n")
    with started(*QUOTES, cwd=tmp_path, QUOTES=str(quotes), QUOTES_PORT="0", **manager.environ) as server:
        assert manager.hear() == {
            "READY": "1",
            "STATUS": "Running, 1 port",
            "MAINPID": str(server.process.pid),
        }
        port = port_in(server.wait_for("starting on"))
        assert exchange(port, b"quote\nquit\n", 100) == b"one\n"

        quotes.write_text("two\n")
        before = monotonic_microseconds()
        server.signal(signal.SIGHUP)
        reloading = manager.hear()
        assert reloading["RELOADING"] == "1"
        assert before <= int(reloading["MONOTONIC_USEC"]) <= monotonic_microseconds()
        assert manager.hear()["STATUS"] == "Running, 1 port"
        assert exchange(port, b"quote\nquit\n", 100) == b"two\n"

        quotes.write_text("")
        server.signal(signal.SIGHUP)
        assert manager.hear()["RELOADING"] == "1"
        ready = manager.hear()
        assert (ready["READY"], ready["STATUS"]) == (
            "1",
            f"Running, 1 port; not reloaded: there are no quotes in {quotes}",
        )
        assert exchange(port, b"quote\nquit\n", 100) == b"two\n"

        server.signal(signal.SIGTERM)
        assert manager.hear() == {"STOPPING": "1", "STATUS": "Stopping"}
        assert server.end() == -signal.SIGTERM
    assert not manager.hears_something_within(0)


SLOW_START = """
from twisted.application import service
from twisted.internet import defer, reactor
class Slow(service.Service):
    async def startService(self):
        super().startService()
        await opened
        print("started")
    def when_ready(self):
        return answered
opened, answered = defer.Deferred(), defer.Deferred()
class Gates(service.Service):
    def reload(self):
        (opened if not opened.called else answered).callback(None)
import shutil
import signal
signal.signal(signal.SIGUSR2, lambda *_: reactor.callFromThread(Gates().reload))
application = service.Application("slow")
Slow().setServiceParent(application)
"""


def test_it_is_ready_when_every_service_has_started_and_says_so(tmp_path, manager):
    (tmp_path / "slow.tac").write_text(SLOW_START + "reactor.callWhenRunning(print, 'runs')")
    with started("-n", "-y", "slow.tac", cwd=tmp_path, **manager.environ) as server:
        server.wait_for("runs")
        server.signal(signal.SIGUSR2)
        server.wait_for("started")
        assert not manager.hears_something_within(0)
        server.signal(signal.SIGUSR2)
        assert manager.hear()["READY"] == "1"


FAILING = {
    "a port in use": "internet.StreamServerEndpointService(endpoints.serverFromString(reactor, 'tcp:{port}'), "
    "protocol.Factory()).setServiceParent(application)",
    "a coroutine": "Failing().setServiceParent(application)",
}


@pytest.mark.parametrize("case", FAILING)
def test_a_service_that_cannot_start_is_the_end_if_a_manager_waits(tmp_path, manager, case):
    with socket.create_server(("", 0)) as taken:
        (tmp_path / "failing.tac").write_text(
            "from twisted.application import internet, service\n"
            "from twisted.internet import endpoints, protocol, reactor\n"
            "class Failing(service.Service):\n"
            "    async def startService(self): raise RuntimeError('in use')\n"
            "application = service.Application('failing')\n" + FAILING[case].format(port=taken.getsockname()[1])
        )
        with started("-n", "-y", "failing.tac", cwd=tmp_path, **manager.environ) as server:
            assert server.end() == 1
    assert "in use" in manager.hear()["STATUS"]
    assert manager.hear()["STOPPING"] == "1"
    assert any(line.startswith("reactorio: ") and "in use" in line for line in server.lines)


def test_the_watchdog_is_fed_from_the_loop_and_starves_when_that_hangs(tmp_path, manager):
    (tmp_path / "hangs.tac").write_text(
        "import os, signal\n"
        "from twisted.application import service\n"
        "from twisted.internet import reactor\n"
        "signal.signal(signal.SIGUSR2, lambda *_: reactor.callFromThread(os.read, os.pipe()[0], 1))\n"
        "application = service.Application('hangs')\n"
    )
    with started("-n", "-y", "hangs.tac", cwd=tmp_path, WATCHDOG_USEC="100000", **manager.environ) as server:
        manager.hear_until("READY")
        assert [manager.hear() for _ in range(3)] == [{"WATCHDOG": "1"}] * 3
        server.signal(signal.SIGUSR2)
        while manager.hears_something_within(0.5):
            pass


def test_the_services_children_do_not_speak_for_it(tmp_path, manager):
    (tmp_path / "child.tac").write_text(
        "import os\n"
        "from twisted.application import service\n"
        "from twisted.internet import reactor\n"
        "application = service.Application('child')\n"
        "reactor.callWhenRunning(lambda: print('env:', [name for name in os.environ if 'NOTIFY' in name]))\n"
    )
    with started("-n", "-y", "child.tac", cwd=tmp_path, **manager.environ) as server:
        assert server.wait_for("env:").endswith("env: []")


def test_sockets_of_the_manager_are_served_by_name(tmp_path, manager):
    (tmp_path / "activated.tac").write_text(
        "from twisted.application import service, strports\n"
        "from twisted.internet import protocol\n"
        "class Hello(protocol.Protocol):\n"
        "    def connectionMade(self):\n"
        "        self.transport.write(b'hello')\n"
        "        self.transport.loseConnection()\n"
        "application = service.Application('activated')\n"
        "strports.service('systemd:domain=INET:name=web', protocol.Factory.forProtocol(Hello))"
        ".setServiceParent(application)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        # As systemd does: the descriptor is the third, and the process that has it is named.
        (tmp_path / "activate.py").write_text(
            "import os, sys\n"
            f"os.dup2({listening.fileno()}, 3)\n"
            "os.set_inheritable(3, True)\n"
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='web')\n"
            "sys.argv[1:] = ['-n', '-y', 'activated.tac']\n"
            "from reactorio.__main__ import main\n"
            "main()\n"
        )
        command = [sys.executable, "activate.py"]
        with closing(Program(command, tmp_path, inherits=(listening.fileno(),), **manager.environ)) as server:
            assert manager.hear()["READY"] == "1"
            assert exchange(port, b"", 5) == b"hello"
            server.signal(signal.SIGTERM)
            assert server.end() == -signal.SIGTERM


def test_twist_is_operated_as_the_other_launchers_are(tmp_path, manager):
    examples = shutil.copytree(EXAMPLES, tmp_path / "examples")
    options = ("--grace=20", "--admin=unix:admin", "--log-format=text")
    with started("twist", *options, "echo", "--port=0", cwd=examples, **manager.environ) as server:
        assert manager.hear()["READY"] == "1"
        port = port_in(server.wait_for("EchoFactory starting on"))
        assert get(str(examples / "admin"), "/readyz") == (200, "ready\n")
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
            peer.sendall(b"x")
            assert peer.recv(1) == b"x"
            server.signal(signal.SIGTERM)
            assert manager.hear()["STOPPING"] == "1"
            peer.sendall(b"y")
            assert peer.recv(1) == b"y"
        assert server.end() == -signal.SIGTERM
