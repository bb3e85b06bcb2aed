"""Raw sockets against `victim`, and what came back."""

from __future__ import annotations

import json
import socket
import ssl
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.certificates import SERVER
from tests.programs import ROOT, Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOPBACK = "127.0.0.1"
PATIENCE = 10.0
GET = b"GET /second HTTP/1.1\r\nHost: here\r\n\r\n"


class Response(NamedTuple):
    """What a server said to one request."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


class Victim:
    """
    A running server.

    Attributes:
        is_ended: Has the test ended it?
    """

    is_ended = False

    def __init__(self, program: Program) -> None:
        self.program = program
        _, plain, secure = program.wait_for("ports").split()
        self.port, self.tls_port = int(plain), int(secure)

    def connect(self) -> socket.socket:
        connection = socket.create_connection((LOOPBACK, self.port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def connect_tls(self) -> ssl.SSLSocket:
        """Connect with TLS, and HTTP/1; the server's certificate does not matter."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(socket.create_connection((LOOPBACK, self.tls_port), timeout=PATIENCE))

    def exchange(self, *pieces: bytes) -> tuple[list[Response], bool]:
        """
        Send pieces, and then nothing more for ever.

        Returns:
            The responses, and whether the server closed the connection: it did not if it answered as many as there are
            requests for "/second", or if the last of what was sent was no whole request.
        """
        with self.connect() as connection:
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except ConnectionError:
                    break
            return read_responses(connection, b"".join(pieces).count(b"/second"))

    def stats(self, query: str = "") -> dict[str, Any]:
        with self.connect() as connection:
            connection.sendall(b"GET /stats?%b HTTP/1.1\r\nHost: here\r\n\r\n" % query.encode())
            responses, _ = read_responses(connection, 1, b'"rss"')
            said: dict[str, Any] = responses[-1].said
            return said

    def errors(self) -> list[str]:
        """What it has logged so far."""
        return [line for line in self.program.so_far() if not line.startswith("ports")]


@contextmanager
def attacked(directory: Path, *limits: str, **environ: str) -> Iterator[Victim]:
    """Run a server with some limits; in the end it has logged no error."""
    pem = directory / "server.pem"
    pem.write_bytes(SERVER.dumpPEM())
    program = Program([sys.executable, "-m", "tests.web.victim", str(pem), *limits], ROOT, **environ)
    try:
        victim = Victim(program)
        yield victim
        if not victim.is_ended:
            assert victim.stats()["seen"] == []
        assert victim.errors() == []
    finally:
        program.close()


def read_responses(connection: socket.socket, awaited: int, last: bytes = b"/second") -> tuple[list[Response], bool]:
    """Read until the server closes, or has answered ``awaited`` requests with a page that has ``last`` in it."""
    data = b""
    responses: list[Response] = []
    found = 0
    while True:
        while (response := take_response(data)) is not None:
            one, data = response
            responses.append(one)
            found += last in one.body
        if awaited and found >= awaited:
            return responses, False
        try:
            part = connection.recv(1 << 20)
        except ConnectionError:
            part = b""
        if not part:
            if data:
                responses.append(take_rest(data))
            return responses, True
        data += part


def take_response(data: bytes) -> tuple[Response, bytes] | None:
    """Return the first response if its length is known and it is whole, and what is behind it."""
    head, gap, rest = data.partition(b"\r\n\r\n")
    if not gap:
        return None
    status, headers = parse_head(head)
    if status == 100:
        return Response(status, headers, b""), rest
    if b"content-length" in headers:
        length = int(headers[b"content-length"])
        return (Response(status, headers, rest[:length]), rest[length:]) if len(rest) >= length else None
    if headers.get(b"transfer-encoding") == b"chunked":
        body = b""
        while True:
            size, gap, rest = rest.partition(b"\r\n")
            if not gap or len(rest) < int(size, 16) + 2:
                return None
            body += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
            if int(size, 16) == 0:
                return Response(status, headers, body), rest
    return None


def take_rest(data: bytes) -> Response:
    """Return the response that ends with the connection."""
    head, _, rest = data.partition(b"\r\n\r\n")
    return Response(*parse_head(head), rest)


def parse_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head.split(b"\r\n")
    version, status, *_ = first.split(b" ")
    assert version in (b"HTTP/1.1", b"HTTP/1.0"), head
    pairs = (line.partition(b":") for line in lines)
    return int(status), {name.lower(): value.strip() for name, _, value in pairs}
