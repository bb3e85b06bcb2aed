"""The end that waits for what is under way."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack

import pytest
from programs import EXAMPLES, PATIENCE, port_in, started

from operations.load import Clients

QUOTES = ("-n", "--pidfile=", "-y", str(EXAMPLES / "quotes.tac"))


@pytest.fixture
def quotes(tmp_path, loop_kind):
    """Start the quotes' server, and return it and its port."""
    with ExitStack() as stack:

        def start(*options, **environ):
            environ = {"QUOTES_PORT": "0", **environ}
            server = stack.enter_context(started(*options, *QUOTES, cwd=tmp_path, **environ))
            port = port_in(server.wait_for("starting on"))
            # From now on it runs, and signals mean what they should.
            with connected(port) as peer:
                ask(peer, "quote")
            return server, port

        yield start


def connected(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.settimeout(PATIENCE)
    return connection


def ask(connection, question):
    connection.sendall(question.encode() + b"\n")
    answer = connection.recv(1000)
    assert answer.endswith(b"\n")
    return answer


def is_refused(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) != 0


def test_sigterm_loses_no_request_of_clients_that_keep_asking(quotes):
    server, port = quotes("--grace=20")
    with Clients(("127.0.0.1", port)) as clients:
        clients.wait_for(200)
        server.signal(signal.SIGTERM)
        outcomes = clients.join()
    assert server.end() == -signal.SIGTERM
    assert outcomes["answered"] > 200
    assert (outcomes["lost"], outcomes["refused"]) == (0, 4)
    assert any(line.endswith("Drained.") for line in server.lines)


def test_sigterm_loses_none_on_a_unix_socket_either(tmp_path, loop_kind):
    (tmp_path / "slow.tac").write_text(UNIX)
    path = str(tmp_path / "socket")
    with started("--grace=20", "-n", "-y", "slow.tac", cwd=tmp_path) as server:
        server.wait_for("runs")
        with Clients(path, b"x") as clients:
            clients.wait_for(200)
            server.signal(signal.SIGTERM)
            outcomes = clients.join()
        assert server.end() == -signal.SIGTERM
    assert (outcomes["lost"], outcomes["refused"]) == (0, 4)
    assert not os.path.exists(path)


UNIX = """
from twisted.application import service, strports
from twisted.internet import protocol, reactor
class Answer(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(b"answer\\n")
        self.transport.loseConnection()
application = service.Application("unix")
strports.service("unix:socket:lockfile=0", protocol.Factory.forProtocol(Answer)).setServiceParent(application)
reactor.callWhenRunning(print, "runs")
"""


def test_an_answer_on_its_way_is_finished_and_then_its_connection_closed(quotes):
    server, port = quotes("--grace=20")
    with connected(port) as peer:
        peer.sendall(b"slowly 1\n")
        ask(peer, "quote")
        server.signal(signal.SIGTERM)
        server.wait_for("Received SIGTERM, draining for up to 20 s.")
        assert peer.recv(1000).endswith(b"\n")
        assert peer.recv(1000) == b""
    assert server.end() == -signal.SIGTERM


def test_a_connection_that_is_idle_is_closed_at_once_and_nothing_new_is_accepted(quotes):
    server, port = quotes("--grace=20")
    with connected(port) as idle, connected(port) as busy:
        ask(idle, "quote")
        busy.sendall(b"slowly 3\n")
        ask(busy, "quote")
        server.signal(signal.SIGTERM)
        assert idle.recv(1000) == b""
        assert is_refused(port)
        assert busy.recv(1000).endswith(b"\n")
    assert server.end() == -signal.SIGTERM


def test_a_protocol_without_drain_is_waited_for_until_its_connection_ends(tmp_path, loop_kind):
    with started("--grace=20", "-n", "-y", str(EXAMPLES / "echo.tac"), cwd=tmp_path, ECHO_PORT="0") as server:
        port = port_in(server.wait_for("starting on"))
        with connected(port) as peer:
            ask(peer, "one")
            server.signal(signal.SIGTERM)
            server.wait_for("Received SIGTERM, draining")
            server.wait_for("Stopping factory")
            assert ask(peer, "two") == b"two\n"
        assert server.end() == -signal.SIGTERM
    assert any(line.endswith("Drained.") for line in server.lines)


def test_the_time_is_limited(quotes):
    server, port = quotes("--grace=0.3")
    with connected(port) as peer:
        ask(peer, "quote")
        peer.sendall(b"slowly 60\n")
        ask(peer, "quote")
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
        assert peer.recv(1000) == b""
    assert any(line.endswith("Drained, but for 1 connection.") for line in server.lines)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_wait(quotes, second):
    server, port = quotes("--grace=600")
    with connected(port) as peer:
        peer.sendall(b"slowly 600\n")
        ask(peer, "quote")
        server.signal(signal.SIGTERM)
        server.wait_for("draining")
        server.signal(second)
        server.wait_for(f"Received {second.name}, not waiting any longer.")
        assert server.end() == -second


def test_without_grace_everything_is_cut_as_in_twisted(quotes):
    server, port = quotes()
    with connected(port) as peer:
        peer.sendall(b"slowly 60\n")
        ask(peer, "quote")
        server.signal(signal.SIGTERM)
        server.wait_for("Received SIGTERM, shutting down.")
        assert peer.recv(1000) == b""
    assert server.end() == -signal.SIGTERM


HOOKS = """
from twisted.application import service, strports
from twisted.internet import defer, protocol, reactor, task
class Queue(service.Service):
    async def drain(self):
        await task.deferLater(reactor, 0.2)
        print("the queue is empty")
class Rooms(protocol.Factory):
    protocol = protocol.Protocol
    def drain(self):
        print("rooms are told")
        return task.deferLater(reactor, 0.3, print, "rooms are closed")
application = service.Application("hooks")
reactor.callWhenRunning(reactor.callLater, 0, print, "runs")
Queue().setServiceParent(application)
strports.service("tcp:0", Rooms()).setServiceParent(application)
"""


def test_services_and_factories_that_know_more_are_waited_for(tmp_path, loop_kind):
    (tmp_path / "hooks.tac").write_text(HOOKS)
    with started("--grace=20", "-n", "-y", "hooks.tac", cwd=tmp_path) as server:
        port = port_in(server.wait_for("starting on"))
        server.wait_for("runs")
        with connected(port) as peer:
            server.signal(signal.SIGTERM)
            assert server.end() == -signal.SIGTERM
            # Its factory has said that it is through with it.
            assert peer.recv(1000) == b""
    said = [line.rpartition("] ")[2] for line in server.lines]
    assert said.index("rooms are told") < said.index("the queue is empty") < said.index("rooms are closed")
    assert said.index("rooms are closed") < said.index("Drained.")


def test_a_manager_is_told_to_wait_while_it_drains(quotes, manager):
    server, port = quotes("--grace=20", **manager.environ)
    manager.hear_until("READY")
    with connected(port) as peer:
        ask(peer, "quote")
        peer.sendall(b"slowly 2\n")
        ask(peer, "quote")
        server.signal(signal.SIGTERM)
        assert manager.hear() == {"STOPPING": "1", "STATUS": "Draining"}
        for _ in range(2):
            assert manager.hear() == {"EXTEND_TIMEOUT_USEC": "15000000"}
            assert manager.hear() == {"STATUS": "Draining: 1 connection"}
        assert peer.recv(1000).endswith(b"\n")
    assert server.end() == -signal.SIGTERM
    *_, last = manager.rest()
    assert last == {"STATUS": "Stopping"}
