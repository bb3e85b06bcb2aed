"""Requests passed on to another server."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
from programs import unused_port

from reactorio.web import http, proxy, resource, server

from .hosting import hosting, in_thread, listening, visit


@contextmanager
def behind(answer: bytes):
    """A server that reads a request, its body by its length, gives an answer and closes; yields port and requests."""
    requests: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = socket_.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as file:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += file.readline()
                lengths = [int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")]
                requests.append(head + file.read(lengths[0] if lengths else 0))
                try:
                    connection.sendall(answer)
                except OSError:
                    pass

    socket_ = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield socket_.getsockname()[1], requests
    finally:
        socket_.shutdown(socket.SHUT_RDWR)
        thread.join()
        socket_.close()


def reverse(port, path=b"/there"):
    root = resource.Resource()
    root.putChild(b"here", proxy.ReverseProxyResource("127.0.0.1", port, path))
    return root


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_a_request_is_passed_on(run):
    with behind(OK) as (port, requests):
        answer = visit(
            run, reverse(port), lambda site: site.ask("/here/a%20b/%2F?x=%20&y", "POST", b"body", {"X-A": "1"})
        )
    assert (answer.status, answer.body) == (200, b"ok")
    [request] = requests
    head, _, body = request.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    assert line == b"POST /there/a%20b/%2F?x=%20&y HTTP/1.0"
    assert body == b"body"
    said = {name.lower(): value for name, _, value in (header.partition(b": ") for header in headers)}
    assert said[b"host"] == b"127.0.0.1:%d" % port
    assert said[b"x-a"] == b"1"
    assert said[b"connection"] == b"close"
    assert said[b"content-length"] == b"4"


def test_what_concerns_a_connection_is_not_passed_on(run):
    answered = (
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nX-End: 1\r\nContent-Length: 2\r\n\r\nok"
    )
    asked = {
        "Connection": "close, X-Secret",
        "X-Secret": "1",
        "TE": "trailers",
        "Upgrade": "x",
        "Proxy-Authorization": "y",
    }
    with behind(answered) as (port, requests):
        answer = visit(run, reverse(port), lambda site: site.ask("/here", headers=asked))
    for name in (b"x-secret", b"te:", b"upgrade", b"proxy-authorization"):
        assert name not in requests[0].lower()
    assert answer.headers["x-end"] == "1"
    assert not {"x-hop", "keep-alive"} & set(answer.headers)


def test_a_body_in_chunks_is_passed_on_with_its_length(run):
    with behind(OK) as (port, requests):
        answer = visit(run, reverse(port), lambda site: site.ask("/here", "POST", iter([b"one", b"two"])))
    assert answer.body == b"ok"
    assert requests[0].endswith(b"\r\n\r\nonetwo")
    assert b"chunked" not in requests[0]


@pytest.mark.parametrize("size", [100_000, 5 << 20])
def test_large_bodies_go_both_ways(run, size):
    there, back = os.urandom(size), os.urandom(size)
    with behind(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + back) as (port, requests):
        answer = visit(run, reverse(port), lambda site: site.ask("/here", "POST", there))
    assert answer.body == back
    assert requests[0].endswith(there)


@pytest.mark.parametrize(
    ("answered", "status", "body"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", 200, b"onetwo"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 404 Nothing\r\nContent-Length: 2\r\n\r\nno", 404, b"no"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b""),
    ],
)
def test_answers_of_all_shapes_are_handed_on(run, answered, status, body):
    with behind(answered) as (port, _):
        answer = visit(run, reverse(port), lambda site: site.ask("/here"))
    assert (answer.status, answer.body) == (status, body)


def test_the_answer_to_head_has_no_body(run):
    with behind(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n") as (port, _):
        answer = visit(run, reverse(port), lambda site: site.ask("/here", "HEAD"))
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "5000", b"")


@pytest.mark.parametrize(
    "answered", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, b"HTTP/1.1 200 OK\r\nX: y\r\n"]
)
def test_an_answer_that_is_none_is_502(run, answered):
    with behind(answered) as (port, _):
        assert visit(run, reverse(port), lambda site: site.ask("/here").status) == 502


@pytest.mark.parametrize(
    "answered",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
    ],
)
def test_an_answer_that_ends_before_its_end_ends_the_connection(run, answered):
    def work(site):
        with httpx.Client(trust_env=False) as client, pytest.raises(httpx.RemoteProtocolError):
            client.get(site.url("/here"))
        return True

    with behind(answered) as (port, _):
        assert visit(run, reverse(port), work)


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1", "--http2-prior-knowledge"])
def test_an_answer_without_a_length_that_ends_before_its_end_is_not_taken_for_complete(run, version):
    pytest.importorskip("h2")

    def work(site):
        with pytest.raises(subprocess.CalledProcessError):
            site.curl("/here", version)

    with behind(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha") as (port, _):
        visit(run, reverse(port), work)


def test_nobody_to_ask_is_said_so(run):
    assert visit(run, reverse(unused_port()), lambda site: site.ask("/here").status) == 501


def test_a_client_that_does_not_read_holds_the_other_server_back(run):
    class Endless(resource.Resource):
        isLeaf = True
        paused = False
        gone = False

        def render(self, request):
            self.request = request
            request.registerProducer(self, True)
            request.notifyFinish().addErrback(self.lost)
            self.resumeProducing()
            return server.NOT_DONE_YET

        def lost(self, _):
            self.gone = True

        def resumeProducing(self):
            self.paused = False
            while not self.paused and not self.gone:
                self.request.write(bytes(65536))

        def pauseProducing(self):
            self.paused = True

        def stopProducing(self):
            self.gone = True

    endless = Endless()

    async def main():
        async with hosting(endless) as origin, hosting(reverse(origin.port, b"/")) as site:

            def work():
                with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
                    connection.sendall(b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n")
                    connection.recv(1000)
                    deadline = time.monotonic() + 10
                    while not endless.paused and time.monotonic() < deadline:
                        time.sleep(0.01)
                    held = endless.paused
                while not endless.gone and time.monotonic() < deadline:
                    time.sleep(0.01)
                return held, endless.gone

            return await in_thread(work)

    assert run(main()) == (True, True)


def forward():
    factory = http.HTTPFactory()
    factory.protocol = proxy.Proxy
    return factory


def through(run, work):
    async def main():
        async with listening(forward()) as site:
            return await in_thread(lambda: work(site))

    return run(main())


def test_a_forward_proxy_serves_httpx_and_curl(run):
    with behind(OK) as (port, requests):

        def work(site):
            with httpx.Client(proxy=site.url("/"), trust_env=False) as client:
                by_httpx = client.post(f"http://127.0.0.1:{port}/a?b", content=b"body").text
            command = ["curl", "-sS", "-m", "10", "-x", site.url("/"), "--noproxy", "", f"http://127.0.0.1:{port}/x"]
            return by_httpx, subprocess.run(command, capture_output=True, check=True, timeout=20).stdout

        by_httpx, by_curl = through(run, work)
    assert by_httpx == "ok"
    assert by_curl == b"ok"
    assert requests[0].startswith(b"POST /a?b HTTP/1.0\r\n")
    assert requests[0].endswith(b"body")
    assert requests[1].startswith(b"GET /x HTTP/1.0\r\n")
    assert b"proxy-connection" not in requests[1].lower()


def test_a_channel_of_a_factory_that_names_a_server_asks_that(run):
    factory = http.HTTPFactory()
    factory.protocol = proxy.ReverseProxy

    async def main(port):
        factory.host, factory.port = "127.0.0.1", port
        async with listening(factory) as site:
            return await in_thread(lambda: site.ask("/a?b"))

    with behind(OK) as (port, requests):
        assert run(main(port)).body == b"ok"
    assert requests[0].startswith(b"GET /a?b HTTP/1.0\r\n")


@pytest.mark.parametrize("target", [b"/path", b"ftp://host/", b"http://", b"http://host:port/", b"https://host/"])
def test_a_forward_proxy_refuses_what_it_cannot_ask(run, target):
    answer = through(
        run, lambda site: site.raw(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    )
    assert answer.split()[1] == b"400"


def test_a_subclass_sees_the_answer_pass(run):
    seen = []

    class Client(proxy.ProxyClient):
        def handleStatus(self, version, code, message):
            seen.append((version, code, message))
            super().handleStatus(version, b"201", b"Changed")

        def handleHeader(self, key, value):
            seen.append((key, value))
            super().handleHeader(key, value)

        def handleResponsePart(self, buffer):
            seen.append(buffer)
            super().handleResponsePart(buffer.upper())

        def handleResponseEnd(self):
            seen.append("end")
            super().handleResponseEnd()

    class Factory(proxy.ProxyClientFactory):
        protocol = Client

    class Reverse(proxy.ReverseProxyResource):
        proxyClientFactoryClass = Factory

    with behind(OK) as (port, _):
        answer = visit(run, Reverse("127.0.0.1", port, b""), lambda site: site.ask("/"))
    assert (answer.status, answer.body) == (201, b"OK")
    assert seen[:4] == [(b"HTTP/1.1", b"200", b"OK"), (b"Content-Length", b"2"), b"ok", "end"]
