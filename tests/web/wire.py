"""A server's connection in a test's hand: what is sent to it, and what it says, byte by byte."""

from __future__ import annotations

from typing import Any, NamedTuple

import h11

from reactorio.internet.error import ConnectionDone
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport
from reactorio.python.failure import Failure
from reactorio.web import http, resource, server


class Answer(NamedTuple):
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Wire:
    """
    A connection to a site.

    Args:
        root: The site's root, or a function that answers each request as ``render`` does.
        requireHost: As if the site served a port.
        options: See `reactorio.web.server.Site`.
    """

    def __init__(self, root: Any, requireHost: bool = False, **options: Any) -> None:
        self.clock = Clock()
        self.site = server.Site(root if hasattr(root, "render") else Rendering(root), reactor=self.clock, **options)
        self.connection = self.site.buildProtocol(None)
        self.connection.requireHost = requireHost
        self.transport = StringTransport()
        self.connection.makeConnection(self.transport)

    def send(self, data: bytes) -> bytes:
        """Send ``data``, and return what comes back at once."""
        before = len(self.transport.value())
        self.connection.dataReceived(data)
        if self.closed and not self._lost:
            self.lose()
        return self.transport.value()[before:]

    def send_in_pieces(self, data: bytes, size: int = 1) -> bytes:
        return b"".join([self.send(data[i : i + size]) for i in range(0, len(data), size)])

    @property
    def closed(self) -> bool:
        return bool(self.transport.disconnecting or self.transport.disconnected)

    _lost = False

    def lose(self) -> None:
        self._lost = True
        self.connection.connectionLost(Failure(ConnectionDone()))


class Rendering(resource.Resource):
    """A leaf that answers with what a function returns."""

    isLeaf = True

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.render = function  # type: ignore[method-assign]


def hello(request: Any) -> bytes:
    return b"hello"


def echo(request: Any) -> bytes:
    content: bytes = request.content.read()
    return content


def limited(**limits: Any) -> http.Limits:
    return http.Limits(**limits)


def answers(data: bytes, *methods: bytes) -> list[Answer]:
    """Read responses, to GET or to the given methods, as h11 does."""
    found = []
    methods = methods or (b"GET",) * 100_000
    for method in methods:
        if not data:
            break
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        client.receive_data(data)
        head, body = client.next_event(), b""
        while type(event := client.next_event()) is h11.Data:
            body += bytes(event.data)
        assert type(event) is h11.EndOfMessage, event
        found.append(Answer(head.status_code, dict(head.headers), body))  # type: ignore[union-attr]
        data = client.trailing_data[0]
    return found
