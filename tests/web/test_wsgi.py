"""WSGI applications as resources, with wsgiref's validator and Flask as judges."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import Any
from wsgiref.validate import validator

import pytest

from reactorio.internet import reactor
from reactorio.python.threadpool import ThreadPool
from reactorio.web.resource import Resource
from reactorio.web.server import Site
from reactorio.web.wsgi import WSGIResource, _WSGIResponse
from tests.web.hosting import LOOPBACK, Hosted, visit


@pytest.fixture
def serve(run):
    """Serve an application, have a function ask for it in a thread, and return what that returns."""
    pool = ThreadPool(1, 5)
    pool.start()

    def serve(application: Any, work: Any, path: bytes | None = None, **attributes: Any) -> Any:
        root: Any = WSGIResource(reactor, pool, application)
        if path is not None:
            child, root = root, Resource()
            root.putChild(path, child)
        return visit(run, root, work, **attributes)

    try:
        yield serve
    finally:
        pool.stop()


def answering(*chunks: bytes, status: str = "200 OK", headers: Any = ()) -> Any:
    """Return an application that answers so."""

    def application(environ: Any, start_response: Any) -> Any:
        start_response(status, [("Content-Type", "text/plain"), *headers])
        return list(chunks)

    return application


def echo(environ: Any, start_response: Any) -> list[bytes]:
    """Answer with what was posted, and with what the application was told in a header."""
    body = environ["wsgi.input"].read()
    shown = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_LENGTH", "SERVER_PROTOCOL")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Told", "|".join(environ[name] for name in shown))])
    return [body]


def test_the_validator_has_nothing_to_say(serve):
    def application(environ: Any, start_response: Any) -> Any:
        environ["wsgi.errors"].flush()
        length = int(environ["CONTENT_LENGTH"] or 0)
        body = environ["wsgi.input"].read(length)
        start_response("201 Made", [("Content-Type", "text/plain"), ("X-A", "b")])
        return [b"got ", body]

    def work(site: Hosted) -> Any:
        return site.ask("/a%20b/c?d=e", "POST", b"posted", {"X-Header": "x"}), site.ask("/")

    posted, got = serve(validator(application), work)

    assert (posted.status, posted.headers["x-a"], posted.body) == (201, "b", b"got posted")
    assert (got.status, got.body) == (201, b"got ")


def test_what_an_application_is_told_of_the_path(serve):
    def work(site: Hosted) -> Any:
        return [site.ask(path).headers["x-told"] for path in ("/app", "/app/", "/app/b%2Fc%C3%A9/d?e=%20")]

    assert serve(echo, work, path=b"app") == [
        "GET|/app||||HTTP/1.1",
        "GET|/app|/|||HTTP/1.1",
        "GET|/app|/b/c\xc3\xa9/d|e=%20||HTTP/1.1",
    ]


def test_a_body_in_chunks_has_a_length_and_an_end(serve):
    def work(site: Hosted) -> Any:
        return site.ask("/", "POST", iter([b"in ", b"chunks"]))

    answer = serve(echo, work)

    assert answer.body == b"in chunks"
    assert answer.headers["x-told"] == "POST||/||9|HTTP/1.1"


def test_a_large_body_is_read_from_a_file(serve):
    body = bytes(range(256)) * 4096

    assert serve(echo, lambda site: site.ask("/", "POST", body)).body == body


def test_no_client_can_say_what_a_proxy_is_to_say(serve):
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ.get("HTTP_X_USER", "nobody").encode()]

    def work(site: Hosted) -> Any:
        return [site.ask("/", headers={name: "root"}).body for name in ("X_User", "X-User")]

    assert serve(application, work) == [b"nobody", b"root"]


def test_one_chunk_has_a_length_and_more_are_sent_in_chunks(serve):
    one = serve(answering(b"one"), lambda site: site.ask("/"))
    two = serve(answering(b"one", b"two"), lambda site: site.ask("/"))

    assert (one.headers["content-length"], one.body) == ("3", b"one")
    assert (two.headers["transfer-encoding"], two.body) == ("chunked", b"onetwo")


def test_head_and_not_modified_have_no_body(serve):
    def work(site: Hosted) -> Any:
        return site.ask("/", "HEAD")

    head = serve(answering(b"body"), work)
    silent = serve(answering(b""), work)
    unchanged = serve(answering(status="304 Not Modified"), lambda site: site.ask("/"))

    assert "content-length" not in silent.headers
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "4")
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_what_is_about_the_connection_is_not_the_applications(serve):
    headers = [("Transfer-Encoding", "chunked"), ("Connection", "close"), ("Server", "x"), ("Date", "now"), ("A", "b")]

    answer = serve(answering(b"x", headers=headers), lambda site: site.raw(b"GET / HTTP/1.0\r\n\r\n"))

    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert b"a: b" in lines
    assert b"server: x" not in lines
    assert b"date: now" not in lines
    assert not any(line.startswith(b"transfer-encoding") for line in lines)
    assert body == b"x"


def test_a_type_that_the_application_does_not_give_is_not_invented(serve):
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b"x"]

    assert "content-type" not in serve(application, lambda site: site.ask("/")).headers


def test_the_application_runs_in_a_thread_of_the_pool_and_is_closed_there(serve):
    threads: list[int] = []

    class Body:
        def __iter__(self):
            threads.append(threading.get_ident())
            yield b"x"

        def close(self):
            threads.append(threading.get_ident())

    def application(environ: Any, start_response: Any) -> Any:
        threads.append(threading.get_ident())
        start_response("200 OK", [("Content-Length", "1")])
        return Body()

    serve(application, lambda site: site.ask("/"))

    assert len(threads) == 3
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


def test_what_is_written_comes_before_what_is_iterated(serve):
    def application(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Length", "6")])
        write(b"one")
        write(b"")
        return [b"two"]

    assert serve(application, lambda site: site.ask("/")).body == b"onetwo"


@pytest.mark.parametrize("start_first", [True, False])
def test_an_error_before_the_first_byte_is_a_500_and_is_logged(serve, logged_errors, start_first):
    closed = []

    class Body:
        def __iter__(self):
            raise ZeroDivisionError

        def close(self):
            closed.append(True)

    def application(environ: Any, start_response: Any) -> Any:
        if start_first:
            start_response("200 OK", [("X-Said", "too early")])
        return Body()

    answer = serve(application, lambda site: site.ask("/"))

    assert (answer.status, answer.body) == (500, b"")
    assert "x-said" not in answer.headers
    assert closed == [True]
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


def test_an_error_after_the_first_byte_ends_the_connection(serve, logged_errors):
    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "10")])
        yield b"first"
        raise ZeroDivisionError

    answer = serve(application, lambda site: site.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"\r\n\r\nfirst")
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


def test_an_application_can_answer_an_error_itself_until_it_is_too_late(serve, logged_errors):
    import sys

    def application(environ: Any, start_response: Any) -> Any:
        late = environ["PATH_INFO"] == "/late"
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            if late:
                write(b"too much said")
            raise KeyError("lost")
        except KeyError:
            start_response("418 Teapot", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"sorry"]

    early = serve(application, lambda site: site.ask("/"))
    late = serve(application, lambda site: site.raw(b"GET /late HTTP/1.0\r\n\r\n"))

    assert (early.status, early.body) == (418, b"sorry")
    assert late.endswith(b"\r\n\r\ntoo much said")
    assert [str(error) for error in logged_errors.flush(KeyError)] == ["'lost'"]


def never_starts(environ: Any, start_response: Any) -> Any:
    return []


def writes_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    return ["text"]


def bad_status(environ: Any, start_response: Any) -> Any:
    start_response("OK", [])
    return []


def no_response(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    return None


@pytest.mark.parametrize(
    ("application", "error"),
    [(never_starts, RuntimeError), (writes_text, TypeError), (bad_status, ValueError), (no_response, TypeError)],
)
def test_a_broken_application_is_a_500(serve, logged_errors, application, error):
    assert serve(application, lambda site: site.ask("/")).status == 500
    assert len(logged_errors.flush(error)) == 1


def test_more_than_the_length_is_not_sent(serve, logged_errors):
    application = answering(b"12345", b"67890", b"and more", headers=[("Content-Length", "7")])

    def work(site: Hosted) -> Any:
        connection = http.client.HTTPConnection(LOOPBACK, site.port, timeout=10)
        bodies = []
        for _ in range(2):
            connection.request("GET", "/")
            bodies.append(connection.getresponse().read())
        connection.close()
        return bodies

    assert serve(application, work) == [b"1234567", b"1234567"]
    assert [event["than"] for event in logged_errors] == ["longer", "longer"]
    logged_errors.clear()


@pytest.mark.parametrize("chunks", [(b"123",), ()])
def test_less_than_the_length_ends_the_connection(serve, logged_errors, chunks):
    application = answering(*chunks, b"", headers=[("Content-Length", "7")])

    answer = serve(application, lambda site: site.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))

    assert answer.partition(b"\r\n\r\n")[2] == b"".join(chunks)
    assert [event["than"] for event in logged_errors] == ["shorter"]
    logged_errors.clear()


def test_an_application_waits_for_a_slow_client(serve, monkeypatch):
    produced = 0
    pauses: list[int] = []
    resumptions: list[int] = []
    paused = threading.Event()
    size = 64 * 1024

    class Watched(_WSGIResponse):
        def pauseProducing(self) -> None:
            super().pauseProducing()
            pauses.append(produced)
            paused.set()

        def resumeProducing(self) -> None:
            resumptions.append(produced)
            super().resumeProducing()

    monkeypatch.setattr("reactorio.web.wsgi._WSGIResponse", Watched)

    def application(environ: Any, start_response: Any) -> Any:
        nonlocal produced
        start_response("200 OK", [("Content-Type", "text/plain")])
        for _ in range(2000):
            produced += 1
            yield b"x" * size

    def work(site: Hosted) -> int:
        with socket.create_connection((LOOPBACK, site.port), timeout=20) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert paused.wait(10)
            total = 0
            while part := client.recv(2**20):
                total += len(part)
            return total

    assert serve(application, work) > 2000 * size
    # One piece may be on its way, and one be made, when the client is found slow.
    assert max(after - before for before, after in zip(pauses, resumptions, strict=False)) <= 3


def test_an_application_is_closed_when_its_client_is_gone(serve):
    closed = threading.Event()

    class Endless:
        def __iter__(self):
            while True:
                yield b"x" * 65536

        def close(self):
            closed.set()

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Endless()

    def work(site: Hosted) -> bool:
        with socket.create_connection((LOOPBACK, site.port), timeout=10) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            client.recv(100)
        return closed.wait(10)

    assert serve(application, work)


def test_who_writes_to_a_client_that_is_gone_is_told(serve):
    told = threading.Event()

    def application(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            while True:
                write(b"x" * 65536)
        except ConnectionError:
            told.set()
            raise

    def work(site: Hosted) -> bool:
        with socket.create_connection((LOOPBACK, site.port), timeout=10) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            client.recv(100)
        return told.wait(10)

    assert serve(application, work)


def test_several_applications_run_at_once(serve):
    meeting = threading.Barrier(3, timeout=10)

    def application(environ: Any, start_response: Any) -> Any:
        meeting.wait()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"met"]

    def work(site: Hosted) -> list[bytes]:
        bodies: list[bytes] = []
        threads = [threading.Thread(target=lambda: bodies.append(site.ask("/").body)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return bodies

    assert serve(application, work) == [b"met"] * 3


def test_what_is_written_to_the_errors_is_logged(serve, logged_errors):
    def application(environ: Any, start_response: Any) -> Any:
        environ["wsgi.errors"].write("one {line}\n")
        environ["wsgi.errors"].writelines(["two", "three"])
        with pytest.raises(TypeError):
            environ["wsgi.errors"].write(b"bytes")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"]

    serve(application, lambda site: site.ask("/"))

    assert [(event["text"], event["system"]) for event in logged_errors] == [
        ("one {line}", "wsgi"),
        ("twothree", "wsgi"),
    ]
    logged_errors.clear()


def test_a_request_leaves_nothing_to_the_garbage_collector(serve):
    import gc

    def of_wsgi() -> list[object]:
        return [thing for thing in gc.get_objects() if isinstance(thing, _WSGIResponse)]

    def work(site: Hosted) -> list[object]:
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                site.ask("/")
            return of_wsgi()
        finally:
            gc.enable()

    # The last one's thread may still be on its way out.
    assert len(serve(answering(b"a", b"b"), work)) <= 1


def test_it_has_no_children(reactor):
    resource = WSGIResource(reactor, None, never_starts)

    with pytest.raises(RuntimeError):
        resource.putChild(b"x", Resource())
    with pytest.raises(RuntimeError):
        resource.getChildWithDefault(b"x", None)


def test_a_reactor_that_stops_waits_for_no_client(reactor, monkeypatch):
    closed: list[bool] = []
    stopped: list[bool] = []
    pauseProducing = _WSGIResponse.pauseProducing

    def pause(response: _WSGIResponse) -> None:
        pauseProducing(response)
        if not stopped:
            stopped.append(True)
            reactor.stop()

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            while True:
                yield b"x" * 65536
        finally:
            closed.append(True)

    monkeypatch.setattr(_WSGIResponse, "pauseProducing", pause)
    site = Site(WSGIResource(reactor, reactor.getThreadPool(), application))
    port = reactor.listenTCP(0, site, interface=LOOPBACK).getHost().port
    client = socket.create_connection((LOOPBACK, port))
    client.sendall(b"GET / HTTP/1.0\r\n\r\n")

    reactor.run()

    assert closed == [True]
    client.close()


# -- Flask, unmodified


def flask_application() -> Any:
    flask = pytest.importorskip("flask")
    app = flask.Flask("served")
    app.secret_key = "x"

    @app.get("/hello/<name>")
    def hello(name: str) -> str:
        return f"Hello, {flask.escape(name) if hasattr(flask, 'escape') else name}"

    @app.post("/form")
    def form() -> Any:
        file = flask.request.files["file"]
        return flask.jsonify(field=flask.request.form["field"], name=file.filename, size=len(file.read()))

    @app.get("/stream")
    def stream() -> Any:
        return flask.Response((f"{number}\n" for number in range(1000)), mimetype="text/plain")

    @app.get("/count")
    def count() -> str:
        flask.session["count"] = flask.session.get("count", 0) + 1
        return str(flask.session["count"])

    @app.get("/url")
    def url() -> str:
        return flask.url_for("hello", name="é x", _external=True)

    @app.get("/error")
    def error() -> str:
        raise ZeroDivisionError

    return app


def test_flask_runs_as_it_is(serve):
    boundary = "xYzZy"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n\r\n{"x" * 200_000}\r\n'
        f"--{boundary}--\r\n"
    ).encode()
    content_type = {"Content-Type": f"multipart/form-data; boundary={boundary}"}

    def work(site: Hosted) -> None:
        import json

        assert site.ask("/app/hello/w%C3%B6rld").body == "Hello, wörld".encode()
        assert site.ask("/app/nothing").status == 404
        assert site.ask("/app/hello/x", "HEAD").body == b""
        assert site.ask("/app/stream").body == b"".join(b"%d\n" % number for number in range(1000))
        assert site.ask("/app/url").body.decode() == f"http://{LOOPBACK}:{site.port}/app/hello/%C3%A9%20x"
        posted = site.ask("/app/form", "POST", body, content_type)
        assert json.loads(posted.body) == {"field": "value", "name": "f.bin", "size": 200_000}
        chunked = site.ask("/app/form", "POST", iter([body[:1000], body[1000:]]), content_type)
        assert json.loads(chunked.body)["size"] == 200_000
        cookie = site.ask("/app/count").headers["set-cookie"].partition(";")[0]
        assert site.ask("/app/count", headers={"Cookie": cookie}).body == b"2"
        assert site.ask("/app/error").status == 500

    serve(flask_application(), work, path=b"app")
