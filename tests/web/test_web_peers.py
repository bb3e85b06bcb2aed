"""Programs and libraries that everybody uses, against our server; and nginx as the server of our client."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from zope.interface import implementer

from reactorio.internet import reactor as _reactor
from reactorio.internet.protocol import Factory, Protocol
from reactorio.web import client, resource, server, static
from tests.certificates import AUTHORITY, SERVER, verifying
from tests.programs import unused_port

from .hosting import LOOPBACK, in_thread, listening

IS_FULL = os.environ.get("REACTORIO_TESTS") == "full"
PAGE = b"<!doctype html><title>a page</title><body><p id=here>before</p><script>%b</script>"
# Asks for the two resources, one after the other, and writes what it got into the page.
SCRIPT = b"""
    const here = document.getElementById("here");
    const say = async () => {
      const posted = await (await fetch("/echo", {method: "POST", body: "b".repeat(100000)})).text();
      const chunked = await (await fetch("/chunked")).text();
      const part = await fetch("/file", {headers: {Range: "bytes=2-5"}});
      here.textContent = [posted.length, chunked, part.status, await part.text()].join(" ");
    };
    say();
"""


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program}")


class Echo(resource.Resource):
    def render(self, request):
        request.setHeader(b"X-Method", request.method)
        request.setHeader(b"X-Protocol", request.clientproto)
        return request.content.read()


class Chunked(resource.Resource):
    def render_GET(self, request):
        for part in (b"one,", b"two,", b"three"):
            request.write(part)
        request.finish()
        return server.NOT_DONE_YET


@pytest.fixture
def site(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789" * 20_000)
    root = resource.Resource()
    root.putChild(b"", static.Data(PAGE % SCRIPT, "text/html"))
    root.putChild(b"hello", static.Data(b"hello", "text/plain"))
    root.putChild(b"echo", Echo())
    root.putChild(b"chunked", Chunked())
    root.putChild(b"file", static.File(str(tmp_path / "file")))
    return server.Site(root)


@pytest.fixture
def authority(tmp_path):
    path = tmp_path / "authority.pem"
    path.write_bytes(AUTHORITY.certificate.dumpPEM())
    return str(path)


class Asked:
    """Where the two ports are; what the programs say."""

    def __init__(self, plain, secure):
        self.plain = f"http://{LOOPBACK}:{plain}"
        self.secure = f"https://{LOOPBACK}:{secure}"

    def run(self, *command, **more):
        environ = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        return subprocess.run(command, capture_output=True, timeout=40, env=environ, **more)

    def curl(self, url, *options, body=None):
        if body is not None:
            options = (*options, "--data-binary", "@-")
        done = self.run("curl", "-sS", "--noproxy", "*", "-m", "20", *options, url, input=body)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def ask(run, site):
    """Serve the site, with and without TLS, and run a function in a thread meanwhile."""

    def ask(work):
        async def main():
            reactor = _reactor
            async with listening(site) as hosted:
                secure = reactor.listenSSL(0, site, SERVER.options(), interface=LOOPBACK)
                try:
                    return await in_thread(lambda: work(Asked(hosted.port, secure.getHost().port)))
                finally:
                    await secure.stopListening()

        return run(main())

    return ask


# ---- clients of our server


@needs("curl")
@pytest.mark.parametrize(
    ("option", "version"), [("--http1.0", "1"), ("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")]
)
def test_curl(ask, option, version):
    body = b"b" * 300_000

    def work(asked):
        assert asked.curl(asked.plain + "/hello", option, "-w", " %{http_version}").decode() == f"hello {version}"
        assert asked.curl(asked.plain + "/chunked", option) == b"one,two,three"
        assert asked.curl(asked.plain + "/file", option, "-r", "5-9") == b"56789"
        assert asked.curl(asked.plain + "/file", option, "-r", "-3") == b"789"
        assert asked.curl(asked.plain + "/file", option) == b"0123456789" * 20_000
        assert asked.curl(asked.plain + "/echo", option, body=body) == body
        assert asked.curl(asked.plain + "/hello", option, "-I", "-o", os.devnull, "-w", "%{http_code}") == b"200"
        assert asked.curl(asked.plain + "/nothing", option, "-o", os.devnull, "-w", "%{http_code}") == b"404"
        if version != "1":
            chunked = asked.curl(asked.plain + "/echo", option, "-H", "Transfer-Encoding: chunked", body=body)
            assert chunked == body
            waited = asked.curl(asked.plain + "/echo", option, "-d", "b", "-H", "Expect: 100-continue")
            assert waited == b"b"

    ask(work)


@needs("curl")
@pytest.mark.parametrize(("option", "version"), [("--http1.1", "1.1"), ("--http2", "2")])
def test_curl_over_tls_speaks_what_alpn_chose(ask, authority, option, version):
    def work(asked):
        options = (option, "--cacert", authority)
        assert asked.curl(asked.secure + "/hello", *options, "-w", " %{http_version}").decode() == f"hello {version}"
        assert asked.curl(asked.secure + "/file", *options) == b"0123456789" * 20_000
        assert asked.curl(asked.secure + "/echo", *options, body=b"b" * 300_000) == b"b" * 300_000
        again = [asked.secure + "/hello"] * 20
        assert (
            asked.curl(asked.secure + "/hello", *options, *again, "-w", "%{num_connects}") == b"hello1" + b"hello0" * 20
        )

    ask(work)


@needs("curl")
def test_curl_is_told_that_its_body_is_too_large(ask, site, tmp_path):
    from reactorio.web.http import Limits

    site.limits = Limits(body_size=1000)
    large = tmp_path / "large"
    large.write_bytes(b"b" * 5_000_000)

    def work(asked):
        for option in ("--http1.1", "--http2-prior-knowledge"):
            for more in ([], ["-H", "Expect:"]):
                options = (option, "--data-binary", f"@{large}", *more, "-o", os.devnull, "-w", "%{http_code}")
                done = asked.run("curl", "-sS", "--noproxy", "*", "-m", "20", *options, asked.plain + "/echo")
                assert done.stdout == b"413", (option, more, done.stderr)

    ask(work)


@needs("wget")
def test_wget(ask, authority):
    def work(asked):
        for base in (asked.plain, asked.secure):
            command = ["wget", "-q", "-O", "-", "--no-proxy", f"--ca-certificate={authority}"]
            assert asked.run(*command, base + "/chunked").stdout == b"one,two,three"
            assert asked.run(*command, base + "/hello", base + "/hello").stdout == b"hellohello"
            assert asked.run(*command, "--post-data=body", base + "/echo").stdout == b"body"

    ask(work)


@needs("nghttp")
def test_nghttp(ask):
    def work(asked):
        for base in (asked.plain, asked.secure):
            done = asked.run("nghttp", "-m", "50", "-w", "20", base + "/file")
            # Of all streams, mixed.
            assert len(done.stdout) == 200_000 * 50, done.stderr
            done = asked.run("nghttp", "-nv", "--no-dep", "-p", "8", base + "/hello", base + "/chunked")
            assert done.stdout.count(b":status: 200") == 2
            assert b"PROTOCOL_ERROR" not in done.stdout

    ask(work)


@needs("h2load")
@pytest.mark.parametrize("options", [(), ("--h1",)], ids=["http2", "http1"])
def test_h2load(ask, options):
    # HTTP/2 takes ten times as long: that is h2.
    count = (100_000 if options else 30_000) if IS_FULL else 2_000

    def work(asked):
        done = asked.run("h2load", *options, "-n", str(count), "-c", "20", "-m", "10", asked.plain + "/hello")
        counts = re.search(rb"requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored", done.stdout)
        assert counts is not None, done.stdout + done.stderr
        assert list(map(int, counts.groups())) == [count, 0, 0]

    ask(work)


@pytest.mark.parametrize("is_http2", [False, True])
def test_httpx(ask, is_http2):
    httpx = pytest.importorskip("httpx")
    context = ssl.create_default_context(cadata=AUTHORITY.certificate.dumpPEM().decode())
    # The tests' certificates have no more than they need; Python 3.13 wants more.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def work(asked):
        with httpx.Client(http2=is_http2, verify=context, trust_env=False) as session:
            assert session.get(asked.secure + "/hello").http_version == ("HTTP/2" if is_http2 else "HTTP/1.1")
            for base in (asked.plain, asked.secure):
                assert session.get(base + "/chunked").text == "one,two,three"
                part = session.get(base + "/file", headers={"Range": "bytes=2-5"})
                assert (part.status_code, part.text) == (206, "2345")
                assert session.post(base + "/echo", content=iter([b"a" * 70_000, b"b"])).content == b"a" * 70_000 + b"b"
                with session.stream("GET", base + "/file") as response:
                    # It is not read to its end.
                    next(response.iter_bytes(100))
                assert session.head(base + "/hello").headers["content-length"] == "5"

    ask(work)


def test_aiohttp_in_the_same_loop(run, site):
    aiohttp = pytest.importorskip("aiohttp")

    async def main():
        async with listening(site) as hosted, aiohttp.ClientSession() as session:
            async with session.get(hosted.url("/chunked")) as response:
                assert await response.text() == "one,two,three"
            async with session.post(hosted.url("/echo"), data=b"b" * 300_000) as response:
                assert await response.read() == b"b" * 300_000
            answers = await asyncio.gather(*(session.get(hosted.url("/hello")) for _ in range(50)))
            assert {answer.status for answer in answers} == {200}
            for answer in answers:
                answer.release()

    run(main())


BROWSER = "/usr/bin/chromium"


@needs(BROWSER)
@pytest.mark.parametrize("is_secure", [False, True])
def test_a_browser(ask, tmp_path, is_secure):
    def work(asked):
        done = asked.run(
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--ignore-certificate-errors",
            "--no-proxy-server",
            "--virtual-time-budget=5000",
            f"--user-data-dir={tmp_path / 'browser'}",
            "--dump-dom",
            (asked.secure if is_secure else asked.plain) + "/",
        )
        assert b">100000 one,two,three 206 2345<" in done.stdout, done.stderr[-2000:]

    ask(work)


# ---- nginx for our client

CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 200; }}
http {{
  access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; keepalive_requests 1000; default_type text/plain;
  proxy_connect_timeout 2s; client_max_body_size 1m;
  server {{
    listen 127.0.0.1:{plain}; listen 127.0.0.1:{secure} ssl http2;
    ssl_certificate {home}/server.pem; ssl_certificate_key {home}/server.pem;
    root {home}/www;
    location /zipped {{ gzip on; gzip_types *; gzip_min_length 0; gzip_http_version 1.0; }}
    location /connection {{ return 200 "$connection $server_protocol"; }}
    location /gone {{ proxy_pass http://127.0.0.1:{nowhere}; }}
    location /half {{ proxy_pass http://127.0.0.1:{half}; proxy_buffering off; }}
    location /away {{ return 302 /hello; }}
    location /loop {{ return 302 /loop; }}
    location /dav/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
    location /closes {{ keepalive_timeout 0; return 200 closed; }}
    location /teapot {{ return 418 short; }}
  }}
}}
"""


class HalfAnswer(Protocol):
    """Says a half, and closes."""

    def dataReceived(self, data):
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        self.transport.loseConnection()


@pytest.fixture
def nginx(tmp_path):
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        pytest.skip("there is no nginx")
    (tmp_path / "www" / "zipped").mkdir(parents=True)
    (tmp_path / "www" / "hello").write_bytes(b"hello")
    (tmp_path / "www" / "file").write_bytes(b"0123456789" * 100_000)
    (tmp_path / "www" / "zipped" / "file").write_bytes(b"0123456789" * 100_000)
    (tmp_path / "server.pem").write_bytes(SERVER.dumpPEM())
    ports = {"plain": unused_port(), "secure": unused_port(), "nowhere": unused_port(), "half": unused_port()}
    (tmp_path / "conf").write_text(CONFIGURATION.format(home=tmp_path, **ports))
    # Its user is not to matter: what it makes belongs to who runs the tests.
    tmp_path.chmod(0o755)
    process = subprocess.Popen(
        [program, "-p", str(tmp_path), "-c", str(tmp_path / "conf"), "-e", str(tmp_path / "error.log")]
    )
    try:
        while process.poll() is None:
            try:
                socket.create_connection((LOOPBACK, ports["plain"]), timeout=5).close()
                break
            except ConnectionRefusedError:
                continue
        assert process.poll() is None, Path(tmp_path / "error.log").read_text()
        yield ports
    finally:
        process.terminate()
        process.wait(10)


@implementer(client.IPolicyForHTTPS)
class Trusting:
    """Trusts the tests' authority."""

    def creatorForNetloc(self, hostname, port):
        return verifying(hostname.decode())


@pytest.fixture
def asking(run, nginx):
    """Run a coroutine that has an agent with a pool, and nginx to ask."""

    def asking(main):
        async def with_agent():
            pool = client.HTTPConnectionPool(_reactor)
            agent = client.Agent(_reactor, contextFactory=Trusting(), pool=pool)
            try:
                await main(agent, f"http://127.0.0.1:{nginx['plain']}", f"https://127.0.0.1:{nginx['secure']}")
            finally:
                await pool.closeCachedConnections()

        return run(with_agent())

    return asking


async def fetch(agent, url, method=b"GET", headers=None, body=None):
    response = await agent.request(method, url.encode(), headers, body)
    return response, await client.readBody(response)


def test_nginx_keeps_our_connections(asking):
    async def main(agent, plain, secure):
        for base in (plain, secure):
            said = [(await fetch(agent, base + "/connection"))[1] for _ in range(5)]
            assert len(set(said)) == 1, said
            response, body = await fetch(agent, base + "/file")
            assert (response.code, body) == (200, b"0123456789" * 100_000)
            for _ in range(3):
                assert (await fetch(agent, base + "/closes"))[1] == b"closed"
            assert (await fetch(agent, base + "/teapot"))[0].code == 418
            response, body = await fetch(agent, base + "/hello", b"HEAD")
            assert (response.headers.getRawHeaders("content-length"), body) == (["5"], b"")

    asking(main)


def test_nginx_zips_for_us(asking):
    async def main(agent, plain, secure):
        zipped = client.ContentDecoderAgent(agent, [(b"gzip", client.GzipDecoder)])
        for base in (plain, secure):
            response, body = await fetch(zipped, base + "/zipped/file")
            assert body == b"0123456789" * 100_000
            # In chunks, since nobody knew how long it would be.
            assert response.length == client.UNKNOWN_LENGTH

    asking(main)


def test_nginx_takes_our_bodies(asking):
    from io import BytesIO

    async def main(agent, plain, secure):
        body = b"b" * 300_000
        response, _ = await fetch(agent, plain + "/dav/new", b"PUT", None, client.FileBodyProducer(BytesIO(body)))
        assert response.code in (201, 204)
        assert (await fetch(agent, plain + "/dav/new"))[1] == body
        assert (await fetch(agent, plain + "/dav/new", b"DELETE"))[0].code == 204
        large = client.FileBodyProducer(BytesIO(b"b" * 2_000_000))
        response, _ = await fetch(agent, plain + "/dav/large", b"PUT", None, large)
        assert response.code == 413

    asking(main)


def test_nginx_redirects_us(asking):
    async def main(agent, plain, secure):
        redirected = client.RedirectAgent(agent)
        response, body = await fetch(redirected, plain + "/away")
        assert (response.code, body) == (200, b"hello")
        assert response.previousResponse.code == 302
        with pytest.raises(client.ResponseFailed):
            await fetch(redirected, plain + "/loop")

    asking(main)


def test_what_is_behind_nginx_fails(asking, nginx):
    async def main(agent, plain, secure):
        response, _ = await fetch(agent, plain + "/gone")
        assert response.code == 502
        port = _reactor.listenTCP(nginx["half"], Factory.forProtocol(HalfAnswer), interface=LOOPBACK)
        try:
            response = await agent.request(b"GET", (plain + "/half").encode())
            with pytest.raises(client.ResponseFailed):
                await client.readBody(response)
        finally:
            await port.stopListening()

    asking(main)
