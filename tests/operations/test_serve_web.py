"""HTTP as an operator serves it: sites and the plugin `web` in a file, drained, reloaded and counted."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import threading
from collections import Counter
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from programs import PATIENCE, port_in, started
from websockets.exceptions import ConnectionClosed

from operations.door import get, samples, until

CODE = """
import os
from twisted.internet import task
from twisted.web import resource, server

class Page(resource.Resource):
    isLeaf = True

    def __init__(self, text):
        super().__init__()
        self.text = text.encode()

    def render_GET(self, request):
        if b"slow" not in request.args:
            return self.text
        # Half of the answer, and the rest when there is a file that says so.
        request.setHeader("content-length", str(len(self.text) + 2))
        request.write(self.text)
        print("it is slow")
        looking = task.LoopingCall(self.look, request)
        looking.start(0.02).addCallback(lambda _: request.finish())
        request.looking = looking
        return server.NOT_DONE_YET

    def look(self, request):
        if os.path.exists("go"):
            request.write(b"!!")
            request.looking.stop()

    def render_POST(self, request):
        return request.content.read()

class Silent:
    def negotiationStarted(self, transport):
        pass
    def negotiationFinished(self):
        print("a WebSocket is open")
    def connectionLost(self, reason):
        print("a WebSocket is closed")

class Silences:
    def buildProtocol(self, request):
        return Silent()

def site(text):
    from reactorio.web.websocket import WebSocketResource
    root = resource.Resource()
    root.putChild(b"", Page(text))
    root.putChild(b"socket", WebSocketResource(Silences()))
    return server.Site(root)
"""

APP = """
[application]
grace = 20
admin = ["unix:admin"]

[services.page]
factory = "code_of_web:site"
endpoints = ["tcp:0:interface=127.0.0.1"]
connections = 1000
options = { text = "one" }

[services.files]
plugin = "web"
options = { listen = "tcp:0:interface=127.0.0.2", path = "files" }
"""


class Serving:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.door = str(folder / "admin")
        until(self.door, "/readyz", 200)
        said = [line for line in server.so_far() if " starting on " in line and "/" not in line.split()[-1]]
        self.page, self.files = ((f"127.0.0.{number}", port_in(line)) for number, line in enumerate(said, 1))

    def metrics(self):
        return samples(get(self.door, "/metrics")[1])

    def terminate(self):
        self.server.signal(signal.SIGTERM)
        self.server.wait_for("Received SIGTERM, draining for up to 20 s.")

    def ended_well(self):
        assert self.server.end() == -signal.SIGTERM
        assert any(line.endswith("Drained.") for line in self.server.lines)
        assert not any("Traceback" in line for line in self.server.lines)


@pytest.fixture
def serving(tmp_path, loop_kind):
    (tmp_path / "code_of_web.py").write_text(CODE)
    (tmp_path / "app.toml").write_text(APP)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("a file\n")
    with ExitStack() as stack:
        server = stack.enter_context(started("serve", "app.toml", cwd=tmp_path))
        server.wait_for("Admin at")
        yield Serving(server, tmp_path)


@contextmanager
def connected(where):
    """A connection that is kept alive until the server closes it."""
    connection = http.client.HTTPConnection(*where, timeout=PATIENCE)
    try:
        connection.connect()
        # So that asking again cannot connect again.
        connection.auto_open = 0
        yield connection
    finally:
        connection.close()


def ask(connection, path="/", method="GET"):
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read()


class Clients:
    """Threads that ask without pause, each on a connection that it keeps as long as it may."""

    def __init__(self, where, path, number=4):
        self.outcomes = Counter()
        self._where = where
        self._path = path
        self._answered = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(number)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.join()

    def join(self):
        for thread in self._threads:
            thread.join(PATIENCE)
        return self.outcomes

    def wait_for(self, answers):
        for _ in range(answers):
            assert self._answered.acquire(timeout=PATIENCE)

    def _ask_on(self):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(self._where):
                    self.outcomes["refused"] += 1
                    return
            try:
                with connected(self._where) as connection:
                    while connection.sock is not None:
                        assert ask(connection, self._path)[0] == 200
                        self.outcomes["answered"] += 1
                        self._answered.release()
            except ConnectionRefusedError:
                self.outcomes["refused"] += 1
                return
            except (OSError, http.client.HTTPException):
                self.outcomes["lost"] += 1


@pytest.mark.parametrize(("service", "path"), [("page", "/"), ("files", "/a.txt")])
def test_clients_that_keep_connections_and_keep_asking_lose_no_request(serving, service, path):
    with Clients(getattr(serving, service), path) as clients:
        clients.wait_for(200)
        serving.terminate()
        outcomes = clients.join()
    assert (outcomes["lost"], outcomes["refused"]) == (0, 4)
    serving.ended_well()


def connections(serving, where):
    """Return how many connections a listener has open."""
    return serving.metrics()[f'reactorio_listener_connections{{listener="tcp:127.0.0.{where[0][-1]}:{where[1]}"}}']


def test_answers_under_way_are_finished_and_idle_connections_closed(serving):
    with connected(serving.page) as idle, connected(serving.page) as slow:
        assert ask(idle) == (200, b"one")
        slow.request("GET", "/?slow=1")
        serving.server.wait_for("it is slow")
        assert connections(serving, serving.page) == 2
        serving.terminate()
        until(serving.door, "/readyz", 503)
        assert idle.sock.recv(1) == b""
        (serving.folder / "go").touch()
        answer = slow.getresponse()
        assert (answer.status, answer.read()) == (200, b"one!!")
        assert slow.sock.recv(1) == b""
    serving.ended_well()


def test_a_request_that_is_on_its_way_is_answered_and_the_client_told_that_it_was_the_last(serving):
    with connected(serving.page) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", "6")
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        # It has been read so far.
        assert connection.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(b"one")
        serving.terminate()
        connection.send(b"two")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("connection"), answer.read()) == (200, "close", b"onetwo")
    serving.ended_well()


def test_a_websocket_is_told_that_its_server_goes_away(serving):
    client = pytest.importorskip("websockets.sync.client")
    host, port = serving.page
    with client.connect(f"ws://{host}:{port}/socket", proxy=None) as connection:
        serving.server.wait_for("a WebSocket is open")
        serving.terminate()
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(PATIENCE)
        assert closed.value.rcvd.code == 1001
    serving.server.wait_for("a WebSocket is closed")
    serving.ended_well()


@pytest.mark.parametrize("client", ["httpx", "curl"])
def test_an_answer_by_http2_is_finished(serving, client):
    host, port = serving.page
    url = f"http://{host}:{port}/?slow=1"
    with ExitStack() as stack:
        if client == "curl":
            command = [
                "curl",
                "-sS",
                "--noproxy",
                "*",
                "--http2-prior-knowledge",
                "-m",
                str(PATIENCE),
                "-w",
                "%{http_version}",
            ]
            asking = stack.enter_context(subprocess.Popen([*command, url], stdout=subprocess.PIPE))
        else:
            asked = stack.enter_context(httpx.Client(http1=False, http2=True, trust_env=False, timeout=PATIENCE))
            stream = stack.enter_context(asked.stream("GET", url))
        serving.server.wait_for("it is slow")
        serving.terminate()
        (serving.folder / "go").touch()
        if client == "curl":
            assert asking.communicate(timeout=PATIENCE)[0] == b"one!!2"
        else:
            assert (stream.http_version, stream.read()) == ("HTTP/2", b"one!!")
        serving.ended_well()


def test_a_reload_changes_what_is_served_to_who_connects_then(serving):
    def now_says(number):
        with connected(serving.page) as connection:
            return ask(connection) == (200, number)

    with connected(serving.page) as before, connected(serving.files) as of_the_plugin:
        assert ask(before) == (200, b"one")
        (serving.folder / "app.toml").write_text(APP.replace('"one"', '"two"'))
        serving.server.signal(signal.SIGHUP)
        serving.server.wait_for("Reloaded.")
        assert now_says(b"two")
        # Nobody is cut off.
        assert ask(before) == (200, b"one")
        assert ask(of_the_plugin, "/a.txt") == (200, b"a file\n")
        before.close()
        of_the_plugin.close()
        serving.terminate()
    serving.ended_well()


def test_connections_and_bytes_are_counted(serving):
    host, port = serving.files
    labels = f'{{listener="tcp:{host}:{port}"}}'
    with connected(serving.files) as connection:
        for _ in range(10):
            assert ask(connection, "/a.txt")[0] == 200
        counted = serving.metrics()
    assert counted[f"reactorio_listener_connections{labels}"] == 1
    assert counted[f"reactorio_listener_connections_total{labels}"] == 1
    assert counted[f"reactorio_listener_received_bytes_total{labels}"] > 10 * len("GET /a.txt HTTP/1.1")
    assert counted[f"reactorio_listener_sent_bytes_total{labels}"] > 10 * len("HTTP/1.1 200 OK a file")
