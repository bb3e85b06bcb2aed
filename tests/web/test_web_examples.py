"""The examples of the web, started as their docstrings say, on both loops."""

from __future__ import annotations

import hashlib
import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest
from programs import EXAMPLES, port_in, started

pytestmark = pytest.mark.usefixtures("loop_kind")

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def example(name, *arguments):
    """Start an example, and yield its URL."""
    with started("run", str(EXAMPLES / name), *arguments, "0") as server:
        yield f"http://127.0.0.1:{port_in(server.wait_for('web server on port'))}"
        assert not any("Traceback" in line for line in server.so_far())


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
