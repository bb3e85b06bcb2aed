"""Sites: resources found and rendered, whatever they return; sessions; what goes wrong."""

from __future__ import annotations

import asyncio
import zlib

import pytest

from reactorio.internet.defer import CancelledError, Deferred, fail, succeed
from reactorio.web import http, resource, server
from reactorio.web.error import UnsupportedMethod
from reactorio.web.server import NOT_DONE_YET

from .hosting import hosting, in_thread, visit
from .wire import Rendering, Wire, answers, hello, limited

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def get(path=b"/", *fields, method=b"GET"):
    return b"\r\n".join([method + b" " + path + b" HTTP/1.1", b"Host: x", *fields, b"", b""])


def ask(wire, *args, **kw):
    [answer] = answers(wire.send(get(*args, **kw)), kw.get("method", b"GET"))
    return answer


class Tree(resource.Resource):
    def getChild(self, path, request):
        return Rendering(lambda request: repr((request.prepath, request.postpath)).encode())


def test_the_tree_is_walked_segment_by_segment_unquoted():
    root = Tree()
    root.putChild(b"", Rendering(lambda request: b"root"))
    root.putChild(b"a b", Rendering(hello))
    wire = Wire(root)
    assert ask(wire, b"/").body == b"root"
    assert ask(wire, b"/a%20b/c").body == b"hello"
    assert ask(wire, b"/x%2fy/z?q").body == repr(([b"x/y"], [b"z"])).encode()


def test_a_whole_url_is_its_path_and_its_host():
    root = resource.Resource()
    root.putChild(b"a", Rendering(lambda request: request.getRequestHostname() + b" " + request.path))
    wire = Wire(root)
    assert ask(wire, b"http://other.example:80/a?q").body == b"other.example /a"
    assert ask(wire, b"http://other.example").status == 404


def test_what_is_not_there_is_not_found():
    wire = Wire(resource.Resource())
    answer = ask(wire, b"/no")
    assert (answer.status, answer.headers[b"content-type"]) == (404, b"text/html; charset=utf-8")
    assert b"No Such Resource" in answer.body


class Methods(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"get"

    def render_BREW(self, request):
        return b"coffee"


def test_methods_that_a_resource_has_not_are_not_allowed_or_not_implemented():
    wire = Wire(Methods())
    assert ask(wire, method=b"BREW").body == b"coffee"
    assert ask(wire, method=b"HEAD").headers[b"content-length"] == b"3"
    refused = ask(wire, b"/<b>", method=b"POST")
    assert (refused.status, refused.headers[b"allow"]) == (405, b"BREW, GET, HEAD")
    assert b"<b>" not in refused.body
    assert ask(wire, method=b"PUT").status == 501


def test_head_of_what_has_no_get_is_not_allowed():
    class Post(resource.Resource):
        isLeaf = True

        def render_POST(self, request):
            return b""

    assert ask(Wire(Post()), method=b"HEAD").status == 405


def test_a_resource_that_has_get_only_answers_head_all_the_same():
    def render(request):
        if request.method != b"GET":
            raise UnsupportedMethod([b"GET"])
        return b"12345"

    answer = ask(Wire(render), method=b"HEAD")
    assert (answer.status, answer.headers[b"content-length"], answer.body) == (200, b"5", b"")


def test_the_server_as_a_whole_has_options_only():
    wire = Wire(hello)
    assert ask(wire, b"*", method=b"OPTIONS").status == 200
    assert wire.send(get(b"*", method=b"GET")).startswith(b"HTTP/1.1 4")


# ---- what a render method returns


async def coroutine(request):
    return b"awaited"


async def writes_itself(request):
    request.write(b"wri")
    request.write(b"tten")


async def finishes_itself(request):
    request.write(b"finished")
    request.finish()
    return NOT_DONE_YET


@pytest.mark.parametrize(
    ("render", "body"),
    [
        (coroutine, b"awaited"),
        (writes_itself, b"written"),
        (finishes_itself, b"finished"),
        (lambda request: succeed(b"fired"), b"fired"),
        (lambda request: succeed(None), b""),
    ],
)
def test_what_takes_a_while_is_an_answer_when_it_is_there(render, body):
    wire = Wire(render)
    assert [answer.body for answer in answers(wire.send(GET + GET))] == [body, body]
    assert not wire.closed


def test_a_deferred_is_waited_for():
    later = Deferred()
    wire = Wire(lambda request: later)
    assert wire.send(GET) == b""
    later.callback(b"late")
    assert answers(wire.transport.value())[0].body == b"late"


def test_a_deferred_that_fails_is_logged_and_answered(logged_errors):
    wire = Wire(lambda request: fail(ValueError("secret")))
    answer = ask(wire)
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert len(logged_errors.flush(ValueError)) == 1
    assert not wire.closed


@pytest.mark.parametrize("kind", ["deferred", "coroutine"])
def test_what_is_still_being_made_is_cancelled_when_the_client_goes(kind):
    cancelled = []
    later = Deferred(cancelled.append)

    async def render(request):
        try:
            await later
        except CancelledError:
            cancelled.append("seen")
            raise

    wire = Wire(render if kind == "coroutine" else lambda request: later)
    wire.send(GET)
    wire.lose()
    assert cancelled == ([later, "seen"] if kind == "coroutine" else [later])


def test_a_coroutine_may_use_asyncio(run):
    async def render(request):
        async with asyncio.timeout(5) if hasattr(asyncio, "timeout") else asyncio.Lock():
            await asyncio.sleep(0)
        return await asyncio.get_running_loop().run_in_executor(None, lambda: b"from a thread")

    async def main():
        async with hosting(Rendering(render)) as site:
            answer = await in_thread(lambda: site.ask("/"))
            await asyncio.get_running_loop().shutdown_default_executor()
            return answer

    assert run(main()).body == b"from a thread"


@pytest.mark.parametrize("returned", [None, "text", 3, [b"list"]])
def test_what_is_no_bytes_is_an_error_that_names_it_escaped(returned):
    answer = ask(Wire(lambda request: returned))
    assert answer.status == 500
    assert b"Request did not return bytes" in answer.body


# ---- what goes wrong


def test_an_error_is_logged_and_answered_and_the_connection_goes_on(logged_errors):
    def render(request):
        request.setHeader(b"x-secret", b"kept")
        raise ZeroDivisionError("secret")

    wire = Wire(render)
    said = wire.send(GET + GET)
    assert [answer.status for answer in answers(said)] == [500, 500]
    assert b"secret" not in said.replace(b"X-Secret", b"")
    assert len(logged_errors.flush(ZeroDivisionError)) == 2


def test_a_traceback_is_shown_to_who_is_to_see_it(logged_errors):
    wire = Wire(lambda request: 1 / 0)
    wire.site.displayTracebacks = True
    assert b"ZeroDivisionError" in ask(wire).body
    logged_errors.flush(ZeroDivisionError)


def test_an_error_in_the_middle_of_an_answer_ends_the_connection_so_that_it_is_not_taken_for_whole(logged_errors):
    def render(request):
        request.write(b"half")
        raise ZeroDivisionError

    wire = Wire(render)
    said = wire.send(GET)
    assert said.endswith(b"4\r\nhalf\r\n")
    assert wire.transport.disconnected
    logged_errors.flush(ZeroDivisionError)


def test_an_error_in_finding_the_resource_is_answered(logged_errors):
    class Broken(resource.Resource):
        def getChild(self, path, request):
            raise LookupError

    assert ask(Wire(Broken())).status == 500
    assert len(logged_errors.flush(LookupError)) == 1


# ---- sessions


def session_of(wire, *fields):
    answer = ask(wire, b"/", *fields)
    return answer.headers.get(b"set-cookie", b"").partition(b";")[0], answer.body


def test_a_session_is_found_by_its_cookie_and_ends_when_nobody_comes():
    wire = Wire(lambda request: request.getSession().uid, timeout=None)
    cookie, uid = session_of(wire)
    assert cookie == b"TWISTED_SESSION=" + uid
    assert len(uid) == 64
    wire.clock.advance(899)
    assert session_of(wire, b"Cookie: " + cookie) == (b"", uid)
    wire.clock.advance(899)
    assert session_of(wire, b"Cookie: " + cookie)[1] == uid
    wire.clock.advance(900)
    assert wire.site.sessions == {}
    assert wire.clock.getDelayedCalls() == []


def test_a_session_that_nobody_made_is_not_taken_over():
    wire = Wire(lambda request: request.getSession().uid)
    assert session_of(wire, b"Cookie: TWISTED_SESSION=chosen")[1] != b"chosen"
    for session in list(wire.site.sessions.values()):
        session.expire()


def test_an_ended_session_tells_and_a_new_one_takes_its_place():
    ended = []
    wire = Wire(lambda request: request.getSession().uid)
    _, uid = session_of(wire)
    wire.site.sessions[uid].notifyOnExpire(lambda: ended.append(uid))
    wire.site.sessions[uid].expire()
    assert ended == [uid]
    cookie, new = session_of(wire, b"Cookie: TWISTED_SESSION=" + uid)
    assert new != uid
    assert cookie.endswith(new)
    wire.site.sessions[new].expire()


# ---- compression


def test_what_is_wrapped_is_compressed_for_who_takes_it():
    leaf = Rendering(lambda request: b"x" * 1000)
    wire = Wire(resource.EncodingResourceWrapper(leaf, [server.GzipEncoderFactory()]))
    plain = ask(wire)
    packed = ask(wire, b"/", b"Accept-Encoding: br, gzip;q=0.5")
    refused = ask(wire, b"/", b"Accept-Encoding: gzip;q=0, br")
    assert (plain.body, refused.body) == (b"x" * 1000, b"x" * 1000)
    assert packed.headers[b"content-encoding"] == b"gzip"
    assert len(packed.body) < 100
    assert zlib.decompress(packed.body, 31) == b"x" * 1000
    assert not wire.closed


# ---- URLs


def test_a_request_knows_where_it_is():
    def render(request):
        urls = (
            request.prePathURL(),
            bytes(str(request.URLPath()), "ascii"),
            request.childLink(b"c"),
            request.sibLink(b"s"),
        )
        return b" ".join(urls)

    root = resource.Resource()
    root.putChild(b"a", Rendering(render))
    assert ask(Wire(root), b"/a").body == b"http://x:12345/a http://x:12345/a a/c s"


# ---- over the wire, with the real thing on the other end


def test_a_site_answers_http_client_and_curl_on_one_port(run):
    def work(site):
        assert site.ask("/", "POST", b"body").body == b"POST body"
        assert site.curl("/", "-d", "x=y") == b"POST x=y"
        assert site.curl("/", "-T", "/dev/null") == b"PUT "
        assert site.curl("/", "-H", "Transfer-Encoding: chunked", "-d", "in chunks") == b"POST in chunks"
        assert site.curl("/", "-H", "Expect: 100-continue", "-d", "waited") == b"POST waited"
        return True

    assert visit(run, Rendering(lambda request: request.method + b" " + request.content.read()), work)


def test_httpx_and_aiohttp_share_connections_to_a_site(run):
    httpx = pytest.importorskip("httpx")
    aiohttp = pytest.importorskip("aiohttp")
    peers = []

    def render(request):
        peers.append(request.getClientAddress().port)
        return request.content.read()

    async def main():
        async with hosting(Rendering(render)) as site:
            async with httpx.AsyncClient() as client:
                for size in (0, 1, 300_000):
                    assert (await client.post(site.url("/"), content=b"x" * size)).content == b"x" * size
            assert len(set(peers)) == 1
            async with aiohttp.ClientSession() as client:
                for size in (0, 1, 300_000):
                    async with client.post(site.url("/"), data=b"x" * size) as response:
                        assert await response.read() == b"x" * size
            assert len(set(peers)) == 2

    run(main())


def test_a_site_that_serves_a_port_asks_for_a_host(run):
    said = visit(run, Rendering(hello), lambda site: site.raw(b"GET / HTTP/1.1\r\n\r\n"))
    assert said == b"HTTP/1.1 400 Bad Request\r\n\r\n"


def test_a_large_answer_waits_for_a_slow_client(run):
    from reactorio.internet.protocol import ClientFactory, Protocol

    paused, done = [], Deferred()

    class Endless:
        def __init__(self, request):
            self.request, self.left = request, 200

        def resumeProducing(self):
            self.running = True
            while self.running and self.left:
                self.left -= 1
                self.request.write(b"x" * 50_000)
            if not self.left:
                self.request.unregisterProducer()
                self.request.finish()

        def pauseProducing(self):
            paused.append(self.left)
            self.running = False

        def stopProducing(self):
            self.running = False

    def render(request):
        producer = Endless(request)
        request.registerProducer(producer, True)
        producer.resumeProducing()
        return NOT_DONE_YET

    class Reader(Protocol):
        size = 0

        def connectionMade(self):
            self.transport.write(b"GET / HTTP/1.0\r\n\r\n")
            self.transport.pauseProducing()

        def dataReceived(self, data):
            self.size += len(data)

        def connectionLost(self, reason):
            done.callback(self.size)

    async def main():
        from reactorio.internet import reactor

        async with hosting(Rendering(render)) as site:
            factory = ClientFactory.forProtocol(Reader)
            readers = []
            build = factory.buildProtocol
            factory.buildProtocol = lambda address: readers.append(build(address)) or readers[-1]
            reactor.connectTCP("127.0.0.1", site.port, factory)
            while not paused:
                await asyncio.sleep(0)
            assert paused[0] > 0
            readers[0].transport.resumeProducing()
            assert await done > 200 * 50_000

    run(main())


@pytest.mark.parametrize("name", ["write", "finish", "setHeader"])
def test_a_request_of_ones_own_sees_what_is_written(name):
    class Watching(server.Request):
        pass

    def watch(self, *args):
        seen.append(args)
        return getattr(server.Request, name)(self, *args)

    seen = []
    setattr(Watching, name, watch)
    wire = Wire(hello, requestFactory=type("Own", (Watching,), {}))
    assert ask(wire).body == b"hello"
    assert seen


def test_lines_of_the_access_log_are_in_the_file_when_the_turn_is_over(tmp_path):
    path = tmp_path / "access.log"
    wire = Wire(hello, logPath=str(path))
    wire.site.startFactory()
    wire.send(GET * 3)
    wire.clock.advance(0)
    assert path.read_text().count('"GET / HTTP/1.1" 200 5 ') == 3
    wire.send(GET * 2)
    wire.site.stopFactory()
    assert path.read_text().count("\n") == 5
    wire.lose()
    assert wire.clock.getDelayedCalls() == []


def test_limits_are_the_sites():
    assert Wire(hello, limits=limited(head_size=20)).send(GET).startswith(b"HTTP/1.1 431 ")
    assert http.Limits().head_size == 16384
