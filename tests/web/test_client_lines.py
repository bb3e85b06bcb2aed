"""The parsers that applications derive their own from, and what a client does without TLS."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reactorio.internet.testing import StringTransport
from reactorio.web._newclient import HTTPClientParser, HTTPParser, ParseError, Request, ResponseTooLarge
from reactorio.web.http_headers import Headers

STATUS = b"HTTP/1.1 200 OK\r\n"


def parser(method: bytes = b"GET") -> HTTPClientParser:
    made = HTTPClientParser(Request(method, b"/", Headers({"Host": ["x"]}), None), lambda rest: None)
    made.makeConnection(StringTransport())
    return made


def test_hooks_are_called_as_lines_come():
    class Mine(HTTPParser):
        def __init__(self):
            self.seen = []

        def statusReceived(self, status):
            self.seen.append(status)

        def headerReceived(self, name, value):
            self.seen.append((name, value))

        def allHeadersReceived(self):
            self.seen.append("all")
            self.switchToBodyMode(self)

        def dataReceived(self, data):  # a decoder, once the body has begun
            if self.state == "BODY":
                self.seen.append(data)
            else:
                super().dataReceived(data)

    mine = Mine()
    mine.makeConnection(StringTransport())
    mine.dataReceived(b"first\r\nA: b\r\n c\r\n\r\n")
    mine.dataReceived(b"body")
    assert mine.seen == [b"first", (b"A", b"b c"), "all", b"body"]


@pytest.mark.parametrize(
    "wire",
    [
        b"".join(b"X-%d: 1\r\n" % number for number in range(300)),
        b"".join(b"X-%d: %b\r\n" % (number, b"a" * 10_000) for number in range(20)),
        b"X: 1\r\n" + b" a\r\n" * 100_000,
    ],
)
def test_a_head_is_bounded(wire):
    with pytest.raises(ResponseTooLarge):
        parser().dataReceived(STATUS + wire + b"\r\n")


def test_a_line_is_bounded():
    receiving = parser()
    receiving.dataReceived(STATUS + b"X: " + b"a" * 20_000)
    assert receiving.transport.disconnecting


@pytest.mark.parametrize("wire", [b"no colon\r\n\r\n", b"Transfer-Encoding: gzip\r\n\r\n"])
def test_what_makes_no_sense_is_refused(wire):
    with pytest.raises(ParseError):
        parser().dataReceived(STATUS + wire)


def test_plain_http_needs_neither_cryptography_nor_h2():
    program = (
        "import sys\n"
        "for name in ('cryptography', 'OpenSSL', 'h2', 'brotli', 'zstandard'): sys.modules[name] = None\n"
        "from reactorio.internet import reactor\n"
        "from reactorio.web.client import Agent\n"
        "try: Agent(reactor).request(b'GET', b'https://x/')\n"
        "except NotImplementedError as exc: print(exc)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout == "SSL support unavailable: pip install reactorio[tls]\n", done.stderr
