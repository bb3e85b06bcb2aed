"""Every example, started as its docstring says, on both loops."""

from __future__ import annotations

import shutil
import signal
import socket
import sys
import threading
from contextlib import contextmanager

import pytest
from programs import EXAMPLES, exchange, port_in, started, unused_port

from reactorio.cred.passwd import set_password

pytestmark = pytest.mark.usefixtures("loop_kind")


@contextmanager
def echo_server():
    with started("run", str(EXAMPLES / "echo_server.py"), "0") as server:
        yield server, port_in(server.wait_for("echo server on port"))


def test_the_echo_server_echoes():
    with echo_server() as (_, port):
        assert exchange(port, b"a" * 100_000, 100_000) == b"a" * 100_000
        assert exchange(port, b"\r\n\0", 3) == b"\r\n\0"


def test_the_echo_server_stops_on_control_c():
    with echo_server() as (server, port):
        assert exchange(port, b"it runs", 7) == b"it runs"
        server.signal(signal.SIGINT)
        # What reactor.run() makes of it: it returns, and the program ends.
        assert server.end() == 0
        assert not any("Traceback" in line for line in server.lines)


def test_the_echo_client_prints_the_answer_and_stops():
    with echo_server() as (_, port), started("run", str(EXAMPLES / "echo_client.py"), str(port)) as client:
        assert client.end() == 0
        assert client.lines == [
            "server said: hello, world!",
            "connection lost: Connection was closed cleanly.",
        ]


def test_the_echo_client_says_that_nobody_listens():
    with started("run", str(EXAMPLES / "echo_client.py"), str(unused_port())) as client:
        assert client.end() == 0
        assert client.lines == ["connection failed: Connection was refused by other side: 111: Connection refused."]


def test_the_tac_serves_until_it_is_told_to_stop(tmp_path):
    with started("-n", "-y", str(EXAMPLES / "echo.tac"), cwd=tmp_path, ECHO_PORT="0") as server:
        port = port_in(server.wait_for("EchoFactory starting on"))
        assert exchange(port, b"hello", 5) == b"hello"
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
        assert server.lines[-1].endswith("Server Shut Down.")


def test_the_plugin_is_a_command_where_its_folder_is(tmp_path):
    examples = shutil.copytree(EXAMPLES, tmp_path / "examples")
    with started("-n", "echo", "--port=0", cwd=examples) as server:
        port = port_in(server.wait_for("EchoFactory starting on"))
        assert exchange(port, b"hello", 5) == b"hello"
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM


@contextmanager
def web_server(answer: bytes):
    """Give every request the same answer; yield the port and the requests."""
    requests: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                requests.append(connection.recv(65536))
                connection.sendall(answer)

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1], requests
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        listening.close()


def getpage(port: int) -> list[str]:
    with started("run", str(EXAMPLES / "getpage.py"), "127.0.0.1", str(port), "/page") as program:
        assert program.end() == 0
        return sorted(program.lines)


def test_getpage_gets_the_page_both_ways():
    with web_server(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 100_000) as (port, requests):
        assert getpage(port) == ["callback: 100000 bytes", "deferred: 100000 bytes"]
    assert requests == [b"GET /page HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"] * 2


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\n", "the server answered 404 Not Found"),
        (b"nonsense", "this is no HTTP answer"),
        (b"", "this is no HTTP answer"),
    ],
)
def test_getpage_says_what_is_wrong_both_ways(answer, complaint):
    with web_server(answer) as (port, _):
        assert getpage(port) == [f"callback: {complaint}", f"deferred: {complaint}"]


def test_getpage_says_that_nobody_listens_both_ways():
    first, second = getpage(unused_port())
    assert first.startswith("callback: Connection was refused by other side")
    assert second.startswith("deferred: Connection was refused by other side")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout and TaskGroup are from 3.11 on")
def test_both_worlds_mix_in_one_program():
    pytest.importorskip("aiohttp")
    with started("run", str(EXAMPLES / "mixed.py")) as program:
        assert program.end() == 0
        assert program.lines == [
            "asyncio streams, Twisted protocol: HELLO",
            "Deferreds in a TaskGroup: one two",
            "inlineCallbacks: asyncio.timeout ended a Deferred",
            "inlineCallbacks: a TaskGroup added up to 12",
            "inlineCallbacks: a page from aiohttp",
            "done",
        ]


def test_amp_asks_and_is_asked():
    with started("run", str(EXAMPLES / "amp_server.py"), "0") as server:
        port = port_in(server.wait_for("AMP server on port"))
        with started("run", str(EXAMPLES / "amp_client.py"), str(port)) as client:
            assert client.end() == 0
    assert client.lines == [
        "1234 / 2 = 617.0",
        "1 / 0: division by zero",
        "the server says 3 …",
        "the server says 2 …",
        "the server says 1 …",
        "it has heard 3 … 2 … 1 …",
    ]


def talk(port: int, *lines: str) -> list[str]:
    """Send a client's lines, and return what the server has answered when as many lines have come back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection, connection.makefile("rw") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        return [file.readline().rstrip("\n") for _ in lines]


def test_the_login_server_knows_its_users(tmp_path):
    passwords = tmp_path / "passwords"
    set_password(passwords, b"alice", b"one")
    checkers = ["--auth", f"hashed:{passwords}", "--auth", "anonymous"]
    with started("run", str(EXAMPLES / "login_server.py"), "--port", "0", *checkers) as server:
        port = port_in(server.wait_for("login server on port"))
        assert talk(port, "time", "login alice two", "login nobody one", "login alice one", "note buy milk") == [
            "please login",
            "no",
            "no",
            "welcome, alice",
            "noted, 1 by now",
        ]
        server.wait_for("Login refused: 'alice' by IUsernamePassword from 127.0.0.1:")
        server.wait_for("Login refused: 'nobody' by IUsernamePassword from 127.0.0.1:")
        server.wait_for("Login accepted: 'alice' by IUsernamePassword from 127.0.0.1:")
        server.wait_for("alice has left, 0 of their sessions remain")
        assert talk(port, "login", "notes") == ["welcome, guest", "there is: time"]
        assert talk(port, "login alice one", "notes") == ["welcome, alice", "buy milk"]
        server.signal(signal.SIGINT)
        assert server.end() == 0
        assert not any("Traceback" in line for line in server.lines)


def test_the_login_server_says_what_is_wrong_with_its_options():
    with started("run", str(EXAMPLES / "login_server.py"), "--auth", "nonesuch") as server:
        assert server.end() == 1
        assert server.lines == [f"{EXAMPLES / 'login_server.py'}: Auth plugin not recognized: nonesuch"]
