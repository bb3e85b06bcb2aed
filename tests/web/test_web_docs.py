"""The programs in docs/web.md: they run, and do what stands beside them."""

from __future__ import annotations

import http.client
import re
import socket

import pytest
from programs import PATIENCE, ROOT, port_in, started

pytestmark = pytest.mark.usefixtures("loop_kind")

SERVING, ASKING = (ROOT / "docs" / "web.md").read_text().split("\n## Asking\n")


def program(chapter, port):
    """Return the blocks of a chapter as one program, with another port."""
    blocks = re.findall(r"^```python\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    assert "8080" in blocks[-1]
    return "\n".join(blocks).replace("8080", str(port))


@pytest.fixture
def served(tmp_path):
    """The program of the first chapter, running; its port."""
    said = 'print("web server on port", listening.getHost().port, flush=True)\nreactor.run()'
    (tmp_path / "serving.py").write_text(program(SERVING, 0).replace("reactor.run()", said))
    with started("run", "serving.py", cwd=tmp_path) as server:
        port = port_in(server.wait_for("web server on port"))
        yield port
        assert not any("Traceback" in line for line in server.so_far())


def ask(port, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def test_the_program_of_the_first_chapter_serves_what_it_says(served):
    assert ask(served, "/greeting?name=you")[:2] == (200, b"hello, you\n")
    assert ask(served, "/greeting", "POST", b"abc")[:2] == (200, b"3 bytes\n")
    assert ask(served, "/countdown")[1] == b"3\n2\n1\n"
    assert b"class Greeting" in ask(served, "/files/serving.py")[1]
    assert ask(served, "/wsgi/a/b")[1] == b"/a/b"
    assert ask(served, "/asgi/a")[1] == b"/asgi/a"
    assert ask(served, "/echo")[0] == 400
    first = ask(served, "/visits")
    assert first[1] == b"visit 1\n"
    assert ask(served, "/visits", Cookie=first[2]["Set-Cookie"].partition(";")[0])[1] == b"visit 2\n"
    client = pytest.importorskip("websockets.sync.client")
    with client.connect(f"ws://127.0.0.1:{served}/echo", proxy=None) as connection:
        assert connection.recv(PATIENCE) == "welcome"
        connection.send("hello")
        assert connection.recv(PATIENCE) == "hello"


def test_the_program_of_the_second_chapter_asks_it(served, tmp_path):
    (tmp_path / "asking.py").write_text(program(ASKING, served))
    with started("run", "asking.py", cwd=tmp_path) as client:
        assert client.end() == 0
        assert client.lines == ["200 hello, you"]


def test_who_sends_too_much_reads_why(served):
    # The server closes before it has read all: the answer must not be lost with the connection.
    assert ask(served, "/greeting", "POST", bytes(20 * 1024**2))[0] == 413


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /" + b"x" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 16384 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: x\r\n" * 100 + b"\r\n", 431),
        (b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10485761\r\n\r\n", 413),
    ],
)
def test_the_table_of_limits_is_right(served, request_head, status):
    with socket.create_connection(("127.0.0.1", served), timeout=PATIENCE) as connection:
        connection.sendall(request_head)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 %d " % status)


def test_the_defaults_in_the_table_are_those_of_the_class():
    http_module = pytest.importorskip("reactorio.web.http")
    limits = http_module.Limits()
    table = SERVING.partition("### Limits")[2].partition("### Logs")[0]
    said = {
        "request_line": "8 KiB",
        "head_size": "16 KiB",
        "header_count": "100",
        "head_time": "30 s",
        "body_size": "1 GiB",
        "body_in_memory": "100,000 bytes",
        "pipelined": "16 KiB",
        "streams": "100",
        "control_frames": "1,000",
    }
    units = {"KiB": 1024, "GiB": 1024**3, "s": 1, "bytes": 1, "": 1}
    for name, words in said.items():
        assert re.search(rf"^\| `{name}`.*\| {words} \|", table, re.MULTILINE), name
        number, _, unit = words.replace(",", "").partition(" ")
        assert getattr(limits, name) == int(number) * units[unit]
