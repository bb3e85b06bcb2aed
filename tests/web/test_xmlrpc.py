"""XML-RPC against the standard library's client and server, and against messages that mean harm."""

from __future__ import annotations

import datetime
import threading
import xmlrpc.client
import xmlrpc.server
from contextlib import suppress
from typing import Any
from xml.parsers.expat import ExpatError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.defer import CancelledError, Deferred, succeed
from reactorio.internet.error import ConnectionRefusedError
from reactorio.internet.testing import MemoryReactorClock, StringTransport
from reactorio.python.failure import Failure
from reactorio.web import static
from reactorio.web import xmlrpc as rpc
from reactorio.web._xmlrpc.parse import MAX_DEPTH, loads
from tests.web.hosting import LOOPBACK, Hosted, hosting, visit


class Methods(rpc.XMLRPC):
    """What tests call."""

    def xmlrpc_add(self, a: Any, b: Any) -> Any:
        """Add two numbers."""
        return a + b

    xmlrpc_add.signature = [["int", "int", "int"]]

    def xmlrpc_echo(self, value: Any) -> Any:
        return value

    def xmlrpc_deferred(self, value: Any) -> Any:
        return succeed(value)

    async def xmlrpc_coroutine(self, value: Any) -> Any:
        return await succeed(value)

    def xmlrpc_fault(self) -> Any:
        raise rpc.Fault(12, "said so")

    def xmlrpc_returned_fault(self) -> Any:
        return rpc.Fault(13, "gave so")

    def xmlrpc_broken(self) -> Any:
        raise ZeroDivisionError("secret")

    def xmlrpc_unwritable(self) -> Any:
        return object()

    def xmlrpc_handled(self, *args: Any) -> Any:
        return Handled(self, *args)

    @rpc.withRequest
    def xmlrpc_with_request(self, request: Any, value: Any) -> Any:
        return [request.method.decode(), request.getUser().decode(), request.getPassword().decode(), value]

    xmlrpc_no_method = 3


class Handled(rpc.Handler):
    def run(self, *args: Any) -> None:
        self.result.callback(sum(args))


def methods(**options: Any) -> Methods:
    made = Methods(**options)
    made.putSubHandler("sub", Methods())
    rpc.addIntrospection(made)
    return made


def call(run: Any, name: str, *args: Any, resource: Any = None, **options: Any) -> Any:
    """Return what the standard library's client gets for a call."""

    def work(site: Hosted) -> Any:
        with xmlrpc.client.ServerProxy(site.url("/RPC2"), use_builtin_types=True, **options) as proxy:
            return getattr(proxy, name)(*args)

    return visit(run, resource or methods(), work)


# -- The server


@pytest.mark.parametrize(
    ("name", "args", "result"),
    [
        ("add", (2, 3), 5),
        ("echo", ("\N{SNOWMAN}<&",), "\N{SNOWMAN}<&"),
        ("echo", ({"a": [1, 2.5, True, {"b": []}]},), {"a": [1, 2.5, True, {"b": []}]}),
        ("echo", (b"\0\xff",), b"\0\xff"),
        ("deferred", ("x",), "x"),
        ("coroutine", ("x",), "x"),
        ("handled", (1, 2, 3), 6),
        ("sub.add", (2, 3), 5),
        ("with_request", ("x",), ["POST", "", "", "x"]),
        ("system.methodHelp", ("sub.add",), "Add two numbers."),
        ("system.methodHelp", ("echo",), ""),
        ("system.methodSignature", ("add",), [["int", "int", "int"]]),
        ("system.methodSignature", ("echo",), ""),
    ],
)
def test_a_method_is_called(run, name, args, result):
    assert call(run, name, *args) == result


def test_the_methods_are_listed(run):
    names = call(run, "system.listMethods")

    assert {"add", "sub.add", "system.listMethods", "system.methodHelp"} <= set(names)
    assert "no_method" not in names


def test_none_and_dates_are_values_where_they_are_allowed(run):
    resource = methods(allowNone=True, useDateTime=True)
    when = datetime.datetime(2000, 12, 28, 3, 45, 59)

    assert call(run, "echo", [None, when], resource=resource, allow_none=True) == [None, when]


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("fault", 12, "said so"),
        ("returned_fault", 13, "gave so"),
        ("nothing", rpc.NOT_FOUND, "procedure nothing not found"),
        ("no_method", rpc.NOT_FOUND, "procedure no_method not callable"),
        ("no.where", rpc.NOT_FOUND, "no such subHandler no"),
        ("unwritable", rpc.FAILURE, "Can't serialize output: cannot marshal <class 'object'> objects"),
    ],
)
def test_a_fault_is_told(run, name, code, text):
    with pytest.raises(xmlrpc.client.Fault) as raised:
        call(run, name)

    assert (raised.value.faultCode, raised.value.faultString) == (code, text)


@pytest.mark.parametrize(("name", "error"), [("broken", ZeroDivisionError), ("add", TypeError)])
def test_an_error_is_logged_and_not_told(run, logged_errors, name, error):
    with pytest.raises(xmlrpc.client.Fault) as raised:
        call(run, name)

    assert (raised.value.faultCode, raised.value.faultString) == (rpc.FAILURE, "error")
    assert len(logged_errors.flush(error)) == 1


def test_only_posts_are_answered(run):
    answer = visit(run, methods(), lambda site: site.ask("/"))

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def laughs(depth: int = 30) -> bytes:
    entities = ['<!ENTITY a0 "ha">'] + [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, depth)]
    value = f"<param><value><string>&a{depth - 1};</string></value></param>"
    return f"<!DOCTYPE x [{''.join(entities)}]>{message(value).decode()}".encode()


def message(params: str) -> bytes:
    return f"<methodCall><methodName>echo</methodName><params>{params}</params></methodCall>".encode()


def nested(depth: int) -> bytes:
    return message("<param>" + "<value><array><data>" * depth + "</data></array></value>" * depth + "</param>")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"foo", "syntax error"),
        (b"", "no element found"),
        (b"<methodCall/>", "deserialize"),
        (message("<param><value><int>x</int></value></param>"), "invalid literal"),
        (laughs(), "a document type is not allowed"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + message(""), "a document type is not allowed"),
        (nested(MAX_DEPTH), "nested deeper than"),
        (message("<param><value>" + "x" * 10_000 + "</value></param>"), "more than 9000 bytes"),
    ],
)
def test_what_is_no_call_is_a_fault(run, body, text):
    resource = methods()
    resource.max_size = 9000 if len(body) < 15_000 else resource.max_size

    answer = visit(run, resource, lambda site: site.ask("/", "POST", body))

    assert answer.status == 200
    with pytest.raises(xmlrpc.client.Fault, match=text):
        xmlrpc.client.loads(answer.body)


def test_what_is_as_deep_as_allowed_can_be_written_again(run):
    body = nested((MAX_DEPTH - 4) // 3)

    answer = visit(run, methods(), lambda site: site.ask("/", "POST", body))

    (value,), _ = xmlrpc.client.loads(answer.body)
    assert value == [] or isinstance(value, list)


class Request:
    """As much of a request as a call needs."""

    def __init__(self, *args: Any, name: str) -> None:
        from io import BytesIO

        self.content = BytesIO(xmlrpc.client.dumps(args, name).encode())
        self.written: list[bytes] = []
        self.is_finished = False
        self.code = 200
        self._gone: Deferred[None] = Deferred()

    def notifyFinish(self) -> Deferred[None]:
        return self._gone

    def setHeader(self, name: bytes, value: bytes) -> None: ...

    def setResponseCode(self, code: int) -> None:
        self.code = code

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def finish(self) -> None:
        self.is_finished = True

    def lose(self) -> None:
        self._gone.errback(Failure(ConnectionError()))


def test_who_is_gone_is_not_answered():
    later: Deferred[Any] = Deferred()

    class Slow(rpc.XMLRPC):
        def xmlrpc_slow(self) -> Any:
            return later

    request = Request(name="slow")
    Slow().render_POST(request)

    request.lose()
    later.callback("late")

    assert (request.written, request.is_finished) == ([], False)


def test_a_subclass_may_look_up_methods_in_its_own_way(run):
    class Dispatcher(rpc.XMLRPC):
        def lookupProcedure(self, procedurePath: str) -> Any:
            if procedurePath == "gone":
                raise rpc.Fault(7, "session")
            return lambda *args: [procedurePath, *args]

    assert call(run, "any.name", 1, resource=Dispatcher()) == ["any.name", 1]
    with pytest.raises(xmlrpc.client.Fault, match="session"):
        call(run, "gone", resource=Dispatcher())


def test_what_cannot_be_written_at_all_ends_in_a_500(monkeypatch, logged_errors):
    request = Request(name="fault")

    def broken(*args: Any, **options: Any) -> str:
        raise RuntimeError("no")

    monkeypatch.setattr(rpc.xmlrpclib, "dumps", broken)
    Methods().render_POST(request)

    assert (request.code, request.written, request.is_finished) == (500, [], True)
    assert len(logged_errors.flush(RuntimeError)) == 1


values = st.recursive(
    st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text("abc<>&\N{SNOWMAN}\t ") | st.binary(max_size=20),
    lambda value: st.lists(value, max_size=4) | st.dictionaries(st.text("ab", min_size=1), value, max_size=4),
    max_leaves=20,
)


@given(st.lists(values, max_size=4).map(tuple))
def test_a_message_is_read_as_the_standard_library_reads_it(args):
    text = xmlrpc.client.dumps(args, "name")

    assert loads(text) == loads(text.encode()) == xmlrpc.client.loads(text)


@given(st.binary(max_size=50) | st.text("<>/!ab&;[]\"='", max_size=50).map(str.encode))
def test_garbage_is_an_error_and_nothing_else(junk):
    valid = xmlrpc.client.dumps((1,), "name").encode()
    for content in (junk, valid[:40] + junk + valid[40:]):
        with suppress(ValueError, TypeError, LookupError, AttributeError, xmlrpc.client.Error, ExpatError):
            loads(content)


# -- The client


@pytest.fixture
def judge():
    """The standard library's server, and its URL."""
    server = xmlrpc.server.SimpleXMLRPCServer((LOOPBACK, 0), allow_none=True, logRequests=False, use_builtin_types=True)
    server.register_introspection_functions()
    server.register_function(lambda *args: list(args), "echo")
    server.register_function(lambda: 1 / 0, "broken")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://{LOOPBACK}:{server.server_address[1]}/RPC2".encode()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_proxy_calls_the_standard_librarys_server(run, judge):
    async def main() -> Any:
        proxy = rpc.Proxy(judge, allowNone=True, useDateTime=True)
        when = datetime.datetime(2000, 12, 28, 3, 45, 59)
        echoed = await proxy.callRemote("echo", 1, "\N{SNOWMAN}&", [None, {"a": True}], when, b"\xff")
        with pytest.raises(rpc.Fault, match="division by zero"):
            await proxy.callRemote("broken")
        with pytest.raises(rpc.Fault, match="is not supported"):
            await proxy.callRemote("<no & such>")
        return echoed, await proxy.callRemote("system.listMethods")

    echoed, listed = run(main())

    assert echoed == [1, "\N{SNOWMAN}&", [None, {"a": True}], datetime.datetime(2000, 12, 28, 3, 45, 59), b"\xff"]
    assert "echo" in listed


@pytest.mark.parametrize("in_url", [True, False])
def test_a_proxy_says_who_it_is(run, in_url):
    async def main() -> Any:
        async with hosting(methods()) as site:
            if in_url:
                proxy = rpc.Proxy(f"http://me:p%40ss@{LOOPBACK}:{site.port}/".encode())
            else:
                proxy = rpc.Proxy(f"http://other:one@{LOOPBACK}:{site.port}".encode(), b"me", b"p@ss")
            return await proxy.callRemote("with_request", 1)

    assert run(main()) == ["POST", "me", "p@ss", 1]


def test_an_answer_that_is_none_is_an_error(run):
    async def main() -> Any:
        page = static.Data(b"no XML-RPC", "text/plain")
        page.isLeaf, page.render_POST = True, page.render_GET
        async with hosting(page) as site:
            with pytest.raises(ExpatError, match="syntax error"):
                await rpc.Proxy(site.url("/").encode()).callRemote("x")
        del page.render_POST
        async with hosting(page) as site:
            with pytest.raises(ValueError, match="405"):
                await rpc.Proxy(site.url("/").encode()).callRemote("x")

    run(main())


def test_nobody_there_is_an_error(run):
    async def main() -> None:
        async with hosting(methods()) as site:
            url = site.url("/").encode()
        with pytest.raises(ConnectionRefusedError):
            await rpc.Proxy(url).callRemote("x")

    run(main())


def test_cancelling_a_call_ends_its_connection(run):
    closed = []

    class Slow(rpc.XMLRPC):
        @rpc.withRequest
        def xmlrpc_slow(self, request: Any) -> Any:
            request.notifyFinish().addErrback(closed.append)
            result.cancel()
            return Deferred()

    async def main() -> None:
        nonlocal result
        async with hosting(Slow()) as site:
            result = rpc.Proxy(site.url("/").encode()).callRemote("slow")
            with pytest.raises(CancelledError):
                await result

    result: Any = None
    run(main())

    assert len(closed) == 1


def sent_by(url: bytes, **options: Any) -> tuple[Any, bytes]:
    """Return the reactor that a proxy connects with, and the request."""
    memory = MemoryReactorClock()
    d = rpc.Proxy(url, reactor=memory, **options).callRemote("m", 1)
    d.addErrback(lambda _: None)
    [connection] = memory.tcpClients or memory.sslClients
    protocol = connection[2].buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    return memory, transport.value()


@pytest.mark.parametrize(
    ("url", "address", "target", "host"),
    [
        (b"http://h", ("h", 80), b"/", b"h"),
        (b"http://h:81/p?q=1#f", ("h", 81), b"/p?q=1", b"h:81"),
        (b"http://[::1]:81/", ("::1", 81), b"/", b"[::1]:81"),
        (b"https://h/x", ("h", 443), b"/x", b"h"),
    ],
)
def test_a_request_goes_where_the_url_says(url, address, target, host):
    memory, request = sent_by(url, connectTimeout=2.5)

    [connection] = memory.tcpClients + memory.sslClients
    assert connection[:2] == address
    assert 2.5 in connection
    assert request.startswith(b"POST " + target + b" HTTP/1.0\r\n")
    assert b"\r\nHost: " + host + b"\r\n" in request


def test_the_answer_is_taken_once_the_connection_is_closed():
    factory = rpc.QueryFactory(b"/", b"h", "m")
    results: list[Any] = []
    factory.deferred.addCallback(results.append)
    protocol = factory.buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    body = xmlrpc.client.dumps(("x",), methodresponse=True).encode()

    protocol.dataReceived(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    before = list(results)
    protocol.connectionLost(Failure(ConnectionError()))

    assert transport.disconnecting
    assert (before, results) == ([], ["x"])
