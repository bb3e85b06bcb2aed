"""What connections do when the process is to end: requests under way are answered, and clients are told."""

from __future__ import annotations

import h2.config
import h2.connection
import pytest
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from reactorio.internet.error import ConnectionDone
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransport
from reactorio.python.failure import Failure
from reactorio.web.resource import Resource
from reactorio.web.server import NOT_DONE_YET, Site
from reactorio.web.websocket import WebSocketResource

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Slow(Resource):
    """Answers when the test says so."""

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.requests = []

    def render(self, request):
        self.requests.append(request)
        return NOT_DONE_YET


class Server:
    """A connection to a site, and the client's end of it."""

    def __init__(self, resource=None):
        self.clock = Clock()
        self.resource = resource or Slow()
        self.protocol = Site(self.resource, reactor=self.clock).buildProtocol(None)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)

    def receive(self, data):
        self.protocol.dataReceived(data)

    def sent(self):
        data = self.transport.value()
        self.transport.clear()
        return data

    @property
    def is_closed(self):
        return self.transport.disconnecting

    def lose(self):
        """Let the connection be lost, after which nothing waits."""
        self.protocol.connectionLost(Failure(ConnectionDone()))
        assert not [call for call in self.clock.getDelayedCalls() if call.active()]


def answered(server):
    """Have the one request that waits answered."""
    request = server.resource.requests.pop()
    request.setHeader(b"content-length", b"2")
    request.write(b"ok")
    request.finish()
    return server.sent()


def test_an_answer_that_has_not_begun_says_that_it_is_the_last():
    server = Server()
    server.receive(GET)
    server.protocol.drain()
    assert not server.is_closed
    head, _, body = answered(server).partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    assert body == b"ok"
    assert server.is_closed
    server.lose()


def test_an_answer_that_has_begun_is_finished_and_what_is_behind_it_is_not_begun():
    server = Server()
    server.receive(GET + GET)
    (request,) = server.resource.requests
    request.write(b"one")
    server.protocol.drain()
    request.write(b"two")
    assert not server.is_closed
    request.finish()
    assert server.sent().endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    assert server.is_closed
    assert server.resource.requests == [request]
    server.lose()


def test_a_request_whose_head_or_body_is_on_its_way_is_answered():
    server = Server()
    server.receive(b"POST / HTTP/1.1\r\nHost: x\r\nContent-")
    server.protocol.drain()
    server.clock.advance(10)
    server.receive(b"Length: 4\r\n\r\nab")
    server.clock.advance(10)
    assert not server.is_closed
    server.receive(b"cd")
    assert b"\r\nConnection: close" in answered(server)
    assert server.is_closed
    server.lose()


def test_an_idle_connection_has_half_a_second_for_what_is_on_its_way():
    server = Server()
    server.receive(GET)
    answered(server)
    server.protocol.drain()
    server.clock.advance(0.4)
    assert not server.is_closed
    server.receive(GET)
    assert b"\r\nConnection: close" in answered(server)
    server.lose()

    server = Server()
    server.receive(GET)
    answered(server)
    server.protocol.drain()
    server.clock.advance(0.5)
    assert server.is_closed
    assert server.sent() == b""
    server.lose()


def test_who_has_asked_nothing_yet_has_five_seconds():
    server = Server()
    server.protocol.drain()
    server.clock.advance(4.9)
    assert not server.is_closed
    server.clock.advance(0.1)
    assert server.is_closed
    server.lose()


def test_told_twice_it_is_told_once():
    server = Server()
    server.protocol.drain()
    server.protocol.drain()
    server.lose()
    server.protocol.drain()


# ---- HTTP/2


class H2:
    """A client of HTTP/2, and the server it talks to."""

    def __init__(self):
        self.server = Server()
        self.conn = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.conn.initiate_connection()
        self.send()
        self.conn.receive_data(self.server.sent())

    def ask(self, stream):
        fields = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "x")]
        self.conn.send_headers(stream, fields, end_stream=True)

    def send(self):
        """Send what there is to send."""
        self.server.receive(self.conn.data_to_send())


def frames(data):
    """Return the types of frames, and their streams."""
    found = []
    while data:
        found.append((data[3], int.from_bytes(data[5:9], "big"), data[9 : 9 + int.from_bytes(data[:3], "big")]))
        data = data[9 + int.from_bytes(data[:3], "big") :]
    return found


RST_STREAM, GOAWAY = 3, 7


def goaways(data):
    return [int.from_bytes(body[:4], "big") for kind, _, body in frames(data) if kind == GOAWAY]


def resets(data):
    return [(stream, int.from_bytes(body, "big")) for kind, stream, body in frames(data) if kind == RST_STREAM]


def finish_all(server):
    while server.resource.requests:
        server.resource.requests.pop().finish()
    server.clock.advance(0)


def test_http2_says_first_that_it_ends_and_then_which_request_was_the_last():
    client = H2()
    server = client.server
    server.protocol.drain()
    assert goaways(server.sent()) == [2**31 - 1]
    # These have been on their way.
    client.ask(1)
    client.ask(3)
    client.send()
    server.clock.advance(0.5)
    assert goaways(server.sent()) == [3]
    client.ask(5)
    client.send()
    assert resets(server.sent()) == [(5, 7)]
    assert len(server.resource.requests) == 2
    assert not server.is_closed
    finish_all(server)
    assert server.is_closed
    server.lose()


def test_http2_says_so_behind_the_answers_that_are_under_way():
    client = H2()
    server = client.server
    client.ask(1)
    client.send()
    server.protocol.drain()
    server.clock.advance(10)
    assert server.sent() == b""
    finish_all(server)
    sent = server.sent()
    assert [kind for kind, _, _ in frames(sent)][-1] == GOAWAY
    assert goaways(sent) == [2**31 - 1]
    assert not server.is_closed
    server.clock.advance(0.5)
    assert goaways(server.sent()) == [1]
    assert server.is_closed
    server.lose()


def test_a_client_that_never_stops_asking_is_told_before_it_does():
    client = H2()
    server = client.server
    client.ask(1)
    client.send()
    server.protocol.drain()
    server.clock.advance(0.4)
    client.ask(3)
    client.send()
    assert server.sent() == b""
    server.clock.advance(0.1)
    client.ask(5)
    client.send()
    assert goaways(server.sent()) == [2**31 - 1]
    server.clock.advance(0.5)
    assert goaways(server.sent()) == [5]
    finish_all(server)
    assert server.is_closed
    server.lose()


def test_an_idle_connection_of_http2_is_closed_after_half_a_second():
    server = H2().server
    server.protocol.drain()
    server.clock.advance(0.5)
    assert goaways(server.sent()) == [2**31 - 1, 0]
    assert server.is_closed
    server.lose()


def test_a_connection_that_becomes_http2_while_it_drains_is_told_so():
    server = Server()
    server.protocol.drain()
    conn = h2.connection.H2Connection()
    conn.initiate_connection()
    server.receive(conn.data_to_send())
    assert goaways(server.sent()) == [2**31 - 1]
    server.clock.advance(0.5)
    assert server.is_closed
    server.lose()


# ---- WebSocket


class Chat:
    """An application, and what has happened to it."""

    def __init__(self):
        self.happened = []

    def negotiationStarted(self, transport):
        self.transport = transport

    def negotiationFinished(self):
        pass

    def connectionLost(self, reason):
        self.happened.append("lost")


class Polite(Chat):
    def drain(self):
        self.transport.sendTextMessage("goodbye")
        self.transport.loseConnection(1012)


class Rooms:
    def __init__(self, kind):
        self.kind = kind

    def buildProtocol(self, request):
        self.protocol = self.kind()
        return self.protocol


@pytest.mark.parametrize(("kind", "text", "code"), [(Chat, b"", 1001), (Polite, b"goodbye", 1012)])
def test_a_websocket_is_closed_as_going_away_or_as_its_application_wants(kind, text, code):
    rooms = Rooms(kind)
    server = Server(WebSocketResource(rooms))
    client = ClientProtocol(parse_uri("ws://x/"))
    client.send_request(client.connect())
    server.receive(b"".join(client.data_to_send()))
    client.receive_data(server.sent())
    client.events_received()

    server.protocol.drain()
    client.receive_data(server.sent())
    *messages, close = client.events_received()
    assert b"".join(message.data for message in messages) == text
    assert (close.opcode, int.from_bytes(close.data[:2], "big")) == (Opcode.CLOSE, code)
    server.receive(b"".join(client.data_to_send()))
    assert server.is_closed
    server.lose()
    assert rooms.protocol.happened == ["lost"]
