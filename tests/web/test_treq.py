"""treq, unmodified, on the client by the alias; its peer is the standard library's server."""

from __future__ import annotations

import gzip
import http.server
import importlib.util
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("treq") is None, reason="treq is not installed")

PROGRAM = """
import io, sys, treq
from twisted.internet.defer import CancelledError, ensureDeferred
from twisted.internet.task import react
from twisted.web.client import ResponseNeverReceived

async def main(reactor, base):
    response = await treq.get(base + "/echo", params={"a": "b"}, headers={"X-A": "1"}, auth=("u", "p"))
    assert (response.code, await response.text()) == (200, "/echo?a=b 1 Basic dTpw")
    response = await treq.post(base, json={"x": 1})
    assert await response.json() == {"x": 1}
    response = await treq.post(base, data={"x": "1"}, files={"f": ("name.txt", io.BytesIO(b"file"))})
    assert b"name.txt" in await response.content()
    response = await treq.get(base + "/redirect")
    assert [previous.code for previous in response.history()] == [302]
    assert (await response.text()).startswith("/there ")
    parts = []
    await (await treq.get(base + "/gzip")).collect(parts.append)
    assert parts == [b"hello"]
    response = await treq.get(base + "/cookie")
    await response.content()
    assert [cookie.value for cookie in response.cookies()] == ["b"]
    try:
        await treq.get(base + "/slow", timeout=0.05)
    except ResponseNeverReceived as exc:
        assert exc.reasons[0].check(CancelledError)
    else:
        raise AssertionError("it should have been cancelled")
    print("all of it")

react(lambda reactor, base: ensureDeferred(main(reactor, base)), sys.argv[1:])
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body, code=200, **fields):
        self.send_response(code)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/redirect":
            self.answer(b"moved", 302, Location="/there")
        elif self.path == "/gzip":
            self.answer(gzip.compress(b"hello"), Content_Encoding="gzip")
        elif self.path == "/cookie":
            self.answer(b"", Set_Cookie="a=b")
        elif self.path == "/slow":
            time.sleep(0.3)
            self.close_connection = True
        else:
            self.answer(f"{self.path} {self.headers['X-A']} {self.headers['Authorization']}".encode())

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))


def test_treq_does_what_it_does(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        command = [sys.executable, "-m", "reactorio", "run", str(program), base]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=Path(__file__).parents[2])
        server.shutdown()
        thread.join()
    assert (done.stdout, done.returncode) == ("all of it\n", 0), done.stderr
