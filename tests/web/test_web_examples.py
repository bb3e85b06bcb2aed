"""The examples of the web, started as their docstrings say, on both loops."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec

import pytest
from programs import EXAMPLES, port_in, started, unused_port
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.usefixtures("loop_kind")

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def example(name, *arguments):
    """Start an example, and yield its URL."""
    with started("run", str(EXAMPLES / name), *arguments, "0") as server:
        yield f"http://127.0.0.1:{port_in(server.wait_for('web server on port'))}"
        assert not any("Traceback" in line for line in server.so_far())


def needs(package):
    """Skip without a package that can be imported only where there is Twisted, or the alias."""
    if find_spec(package) is None:
        pytest.skip(f"there is no {package}")


def get(url, data=None, method=None, **headers):
    try:
        with OPENER.open(urllib.request.Request(url, data, headers, method=method), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_static_server_serves_a_folder(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"hello")
    (tmp_path / "a.txt.gz").write_bytes(b"compressed")
    (tmp_path / "out").symlink_to("/etc/passwd")
    with example("web_static.py", str(tmp_path)) as url:
        assert get(f"{url}/a.txt") == (200, b"hello")
        assert get(f"{url}/a.txt", **{"Accept-Encoding": "gzip"}) == (200, b"compressed")
        assert get(f"{url}/out")[0] == 404
        assert b"a.txt" in get(url)[1]


def test_the_calendar_has_every_day():
    with example("web_tree.py") as url:
        assert get(f"{url}/2024/2/29") == (200, b"Thursday\n")
        assert b"February 2026" in get(f"{url}/2026/2/")[1]
        assert [get(url + path)[0] for path in ("/", "/2026/2/29", "/2026/13/", "/x", "/2026/2/28")] == [
            200,
            404,
            404,
            404,
            200,
        ]


def test_the_guest_book_keeps_what_is_written():
    with example("web_form.py") as url:
        form = urllib.parse.urlencode({"name": "<b>", "text": "it's ü"}).encode()
        status, page = get(url + "/", form)
        assert status == 200
        assert "<li><b>&lt;b&gt;</b>: it&#x27;s ü</li>" in page.decode()
        assert get(url + "/", b"name=x")[0] == 400


def test_uploads_are_counted_while_they_come():
    content = bytes(range(256)) * 8192
    with example("web_upload.py") as url:
        status, said = get(f"{url}/a", content, "PUT")
        assert status == 201
        assert said.decode() == f"/a: {len(content)} bytes, {hashlib.sha256(content).hexdigest()}\n"
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20) as connection:
            connection.sendall(b"PUT /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + bytes(300))
            while (uploads := json.loads(get(url)[1])) != [{"received": 300, "length": 1000}]:
                assert uploads in ([], [{"received": 0, "length": 1000}])
        while json.loads(get(url)[1]):
            pass


def test_events_come_as_they_happen():
    with example("web_events.py") as url:
        assert b"EventSource" in get(url)[1]
        with OPENER.open(f"{url}/events", timeout=20) as stream:
            assert stream.headers["content-type"] == "text/event-stream"
            lines = [stream.readline() for _ in range(5)]
    assert lines[0] == b": welcome\n"
    assert lines[2] == b"id: 1\n"
    assert lines[3].startswith(b"data: it is ")


def test_the_reverse_proxy_asks_the_other_server():
    with example("web_form.py") as there, example("web_reverse_proxy.py", "127.0.0.1", there.rpartition(":")[2]) as url:
        assert b"own page" in get(url)[1]
        assert b"Guest book" in get(f"{url}/app/")[1]
        assert get(f"{url}/app/", b"name=x")[0] == 400


def test_flask_answers_beside_resources():
    pytest.importorskip("flask")
    with example("web_wsgi.py") as url:
        assert get(f"{url}/flask/hello/world") == (200, b"hello, world!\n")
        assert get(f"{url}/flask/sum", b"[1, 2, 3]", **{"Content-Type": "application/json"})[1].strip() == b'{"sum":6}'
        assert b"WSGIResource" in get(f"{url}/static/web_wsgi.py")[1]


def test_klein_has_routes_a_form_and_coroutines():
    needs("klein")
    with example("web_klein.py") as url:
        assert b"<ul></ul>" in get(url)[1]
        # The answer is a redirection to the page.
        status, page = get(f"{url}/notes", urllib.parse.urlencode({"text": "<milk>"}).encode())
        assert status == 200
        assert b"<li>&lt;milk&gt;</li>" in page
        assert json.loads(get(f"{url}/notes/0")[1]) == {"number": 0, "text": "<milk>"}
        assert get(f"{url}/notes/1") == (400, b"list index out of range\n")
        assert get(f"{url}/notes", b"text=") == (400, b"an empty note\n")
        assert get(f"{url}/notes/x")[0] == 404
        assert get(f"{url}/notes")[0] == 405


def test_treq_talks_with_klein():
    needs("klein")
    needs("treq")
    with example("web_klein.py") as url, started("run", str(EXAMPLES / "web_treq.py"), url) as client:
        assert client.end() == 0
        noted, told, refused = client.lines
    assert noted.startswith("noted: 200, asked 2 times, a page of ")
    assert told == "told: {'number': 0, 'text': 'buy milk'}"
    assert refused == "refused: 400 list index out of range"


def test_starlette_answers_beside_resources():
    pytest.importorskip("starlette")
    client = pytest.importorskip("websockets.sync.client")
    with example("web_asgi.py") as url:
        assert json.loads(get(f"{url}/api/hello/world")[1]) == {"hello": "world", "served": "by reactorio"}
        assert get(f"{url}/api/quotes") == (200, b"one\ntwo\nthree\n")
        with client.connect(f"{url.replace('http', 'ws')}/api/echo", proxy=None) as connection:
            connection.send("hello")
            assert connection.recv(20) == "HELLO"
        assert b"Starlette" in get(f"{url}/files/web_asgi.py")[1]
        assert get(f"{url}/api/none")[0] == 404


def test_an_application_of_asgi_begins_and_ends_with_the_program():
    pytest.importorskip("starlette")
    with started("run", str(EXAMPLES / "web_asgi.py"), "0") as server:
        server.wait_for("the application starts")
        server.signal(signal.SIGINT)
        assert server.end() == 0
        assert "the application has ended" in server.lines


def test_the_client_asks_for_several_pages_at_once():
    with example("web_tree.py") as url:
        nobody = f"http://127.0.0.1:{unused_port()}/"
        with started("run", str(EXAMPLES / "web_client.py"), f"{url}/2024/2/29", f"{url}/none", nobody) as client:
            assert client.end() == 0
            day, none, refused = client.lines
    assert day.startswith(f"{url}/2024/2/29: 200 HTTP/1.1, 9 bytes, ")
    assert none.startswith(f"{url}/none: 404 HTTP/1.1, ")
    assert refused.startswith(f"{nobody}: ConnectionRefusedError: ")


# ---- the chat


def test_members_of_the_chat_hear_each_other():
    client = pytest.importorskip("websockets.sync.client")
    with example("web_chat.py") as url:
        where = f"{url.replace('http', 'ws')}/chat"
        with client.connect(where, proxy=None) as one, client.connect(where, proxy=None) as two:
            assert json.loads(two.recv(20)) == {"here": 2}
            two.send("hello")
            assert json.loads(two.recv(20)) == {"who": "guest 2", "words": "hello"}
            assert [json.loads(one.recv(20)) for _ in range(3)] == [
                {"here": 1},
                {"here": 2},
                {"who": "guest 2", "words": "hello"},
            ]
            two.send(b"bytes")
            with pytest.raises(ConnectionClosed) as closed:
                two.recv(20)
            assert closed.value.rcvd.code == 1003
            assert json.loads(one.recv(20)) == {"here": 1}


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """A headless Chromium, told what to do over its debugging port (the DevTools protocol)."""

    def __init__(self, folder, connect):
        quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        options = ["--headless", "--no-sandbox", "--disable-gpu", *quiet, "--no-proxy-server"]
        command = [CHROMIUM, *options, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
        self._connect = connect
        self._numbers = itertools.count(1)
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._door = next(line.split()[-1] for line in self.process.stderr if "DevTools listening on" in line)

    @contextmanager
    def open(self, url):
        """Open a page, and yield a function that evaluates a script in it."""
        address = self._door.removeprefix("ws://").partition("/")[0]
        status, page = get(f"http://{address}/json/new?{url}", method="PUT")
        assert status == 200
        with self._connect(json.loads(page)["webSocketDebuggerUrl"], proxy=None) as connection:

            def answer_to(asked):
                number = next(self._numbers)
                connection.send(json.dumps({"id": number, "method": "Runtime.evaluate", "params": asked}))
                while (answer := json.loads(connection.recv(20))).get("id") != number:
                    pass
                return answer

            def evaluate(script):
                asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
                while "error" in (answer := answer_to(asked)):
                    # The empty page that was there at first gave way to the one that was asked for.
                    assert re.search("navigated|destroyed|context", answer["error"]["message"]), answer
                return answer["result"]["result"].get("value")

            yield evaluate

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()


@pytest.fixture
def browser(tmp_path):
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    running = Browser(tmp_path / "profile", pytest.importorskip("websockets.sync.client").connect)
    yield running
    running.close()


# Resolves to the text of an element as soon as that says so.
UNTIL = """
new Promise((resolve) => {
  const look = () => {
    const text = document.getElementById("%s")?.innerText ?? "";
    if (text.includes("%s")) resolve(text); else setTimeout(look, 10);
  };
  look();
})
"""


def test_two_windows_of_a_browser_chat(browser):
    with example("web_chat.py") as url, browser.open(url) as in_first:
        assert in_first(UNTIL % ("here", "1 here")) == "1 here"
        with browser.open(f"{url}/?say=hello%20%3Cb%3E") as in_second:
            assert in_first(UNTIL % ("said", "guest 2")) == "guest 2: hello <b>"
            assert in_second(UNTIL % ("here", "2 here")) == "2 here"
            in_first("words.value = 'welcome'; document.forms[0].requestSubmit()")
            assert in_second(UNTIL % ("said", "guest 1")).splitlines() == ["guest 2: hello <b>", "guest 1: welcome"]
            assert in_first("words.value") == ""
            in_second("socket.close()")
            assert in_first(UNTIL % ("here", "1 here")) == "1 here"
