"""The command ``reactorio web``, started as a user does."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from programs import REACTORIO, ROOT, started, unused_port

from reactorio.python import usage
from reactorio.web import demo, static, tap

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


PAGES = """
from twisted.web.resource import Resource

class Page(Resource):
    isLeaf = True
    def render_GET(self, request):
        return b"a page of a class"

class Broken(Resource):
    isLeaf = True
    def render_GET(self, request):
        raise ValueError("a secret")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"from WSGI at ", environ["PATH_INFO"].encode()]
""".replace("twisted", "reactorio")


def options(*arguments):
    made = tap.Options()
    made.parseOptions(list(arguments))
    return made


@pytest.fixture
def web(tmp_path):
    """Start the command in a directory that has the module ``pages``; yields the program, and URLs."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "pages.py").write_text(PAGES)

    @contextmanager
    def web(*arguments, cwd=here, ports=1):
        with started("-n", "web", *arguments, cwd=cwd, PYTHONPATH=f"{ROOT}:{here}") as server:
            lines = [server.wait_for("starting on") for _ in range(ports)]
            yield server, *(f"http://127.0.0.1:{re.search(r'starting on ([0-9]+)', line)[1]}" for line in lines)

    return web


def get(url, **headers):
    with OPENER.open(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return answer.read()


def test_the_line_of_the_introduction_serves_a_directory(loop_kind, web, tmp_path):
    (tmp_path / "hello.txt").write_bytes(b"hello")
    port = str(unused_port())
    with web("--port", port, "--path", ".", cwd=tmp_path) as (server, url):
        assert url.endswith(":" + port)
        assert get(url + "/hello.txt") == b"hello"
        assert b'href="hello.txt"' in get(url)
        assert '"GET /hello.txt HTTP/1.1" 200 5 "-"' in server.wait_for("hello.txt")
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
        assert not any("Traceback" in line for line in server.lines)


def test_programs_in_a_directory_are_run(web, tmp_path):
    (tmp_path / "a.rpy").write_text(
        "from reactorio.web.static import Data\nresource = Data(b'from rpy', 'text/plain')\n"
    )
    (tmp_path / "a.epy").write_text("request.write(b'from epy')\n")
    (tmp_path / "a.cgi").write_text(f"#!{sys.executable}\nprint('Content-Type: text/plain\\n')\nprint('from cgi')\n")
    (tmp_path / "a.cgi").chmod(0o755)
    with web("--port", "0", "--path", str(tmp_path)) as (_, url):
        assert [get(f"{url}/a.{kind}").strip() for kind in ("rpy", "epy", "cgi")] == [
            b"from rpy",
            b"from epy",
            b"from cgi",
        ]


def test_it_listens_wherever_it_is_told_and_keeps_a_log(web, tmp_path):
    (tmp_path / "a").write_bytes(b"hello")
    log = tmp_path / "access.log"
    listen = ["--listen", "tcp:0:interface=127.0.0.1"] * 2
    with web(*listen, "--path", str(tmp_path), "--logfile", str(log), "--add-header", "X-A: b: c", ports=2) as (
        server,
        one,
        other,
    ):
        assert get(f"{one}/a") == get(f"{other}/a") == b"hello"
        with OPENER.open(one + "/") as answer:
            assert answer.headers["X-A"] == "b: c"
        server.signal(signal.SIGTERM)
        server.end()
    lines = log.read_text().splitlines()
    assert len(lines) == 3
    assert all(
        re.match(r'"127\.0\.0\.1" - - \[.*\] "GET /a? HTTP/1\.1" 200 \d+ "-" "Python-urllib', line) for line in lines
    )


def test_it_serves_a_class_and_a_wsgi_application(web):
    with web("--port", "0", "--class", "pages.Page") as (_, url):
        assert get(url + "/x") == b"a page of a class"
    with web("--port", "0", "--wsgi", "pages.application") as (_, url):
        assert get(url + "/x") == b"from WSGI at /x"


def test_without_anything_to_serve_it_says_so(web):
    with web("--port", "0") as (_, url):
        assert b"test page" in get(url)


@pytest.mark.parametrize("shown", [True, False])
def test_tracebacks_are_shown_if_so_chosen(web, shown):
    flags = ["--display-tracebacks"] if shown else []
    with web("--port", "0", "--class", "pages.Broken", *flags) as (_, url):
        with pytest.raises(urllib.error.HTTPError) as caught:
            get(url)
        with caught.value as answer:
            assert (b"a secret" in answer.read()) is shown


def test_https_by_an_endpoint(web, tmp_path):
    pytest.importorskip("cryptography")
    from certificates import Authority

    issued = Authority().issue("localhost")
    (tmp_path / "server.pem").write_bytes(issued.dumpPEM())
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    endpoint = f"ssl:0:privateKey={tmp_path / 'server.pem'}:interface=127.0.0.1"
    with web("--listen", endpoint) as (_, url), opener.open(url.replace("http:", "https:"), timeout=20) as answer:
        assert b"test page" in answer.read()


def test_curl_gets_a_page(web, tmp_path):
    (tmp_path / "a").write_bytes(b"hello")
    with web("--port", "0", "--path", str(tmp_path)) as (_, url):
        command = ["curl", "-sS", "--noproxy", "*", "-r", "1-3", f"{url}/a"]
        assert subprocess.run(command, capture_output=True, check=True, timeout=20).stdout == b"ell"


@pytest.mark.parametrize(
    ("arguments", "ports"),
    [
        ([], ["tcp:8080"]),
        (["--port", "80"], ["tcp:80"]),
        (["-p", "tcp:80:interface=::1"], ["tcp:80:interface=::1"]),
        (["--listen", "81", "--port", "82"], ["tcp:81", "tcp:82"]),
    ],
)
def test_a_number_is_a_tcp_port(arguments, ports):
    assert options(*arguments)["ports"] == ports


def test_how_files_are_served_is_said_after_the_path(tmp_path):
    how = [
        "--mime-type",
        "x/y",
        "--ignore-ext",
        ".a",
        "--allow-ignore-ext",
        "-i",
        "start",
        "--processor",
        ".q=reactorio.web.demo.Test",
    ]
    root = options("--path", str(tmp_path), *how, "--precompressed", "--inside")["root"]
    assert isinstance(root, static.File)
    assert (root.path, root.defaultType, root.ignoredExts, root.indexNames) == (
        str(tmp_path),
        "x/y",
        [".a", "*"],
        ["start"],
    )
    assert set(root.processors) == {".cgi", ".epy", ".rpy", ".q"}
    assert root.precompressed == {"br": ".br", "gzip": ".gz"}
    assert not root.followSymlinks
    below = root.createSimilarFile(str(tmp_path))
    assert (below.indexNames, set(below.processors)) == (["start"], set(root.processors))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--mime-type", "x/y"], "You can only use --mime_type after --path."),
        (["--inside"], "You can only use --inside after --path."),
        (["--class", "no.such.thing"], "No such class: 'no.such.thing'"),
        (["--wsgi", "no.such.thing"], "No such WSGI application: 'no.such.thing'"),
        (["--path", ".", "--processor", "x"], "is not EXT=CLASS"),
        (["--path", ".", "--processor", ".x=no.such"], "there is no 'no.such'"),
        (["--add-header", "X"], "is not Name: value"),
        (["--personal"], "Perspective Broker"),
        (["--user"], "Perspective Broker"),
    ],
)
def test_what_is_wrong_is_said(arguments, complaint):
    with pytest.raises(usage.UsageError, match=re.escape(complaint)):
        options(*arguments)


def test_help_names_every_option():
    said = subprocess.run([*REACTORIO, "web", "--help"], capture_output=True, text=True, check=True, timeout=30).stdout
    for option in [
        "add-header",
        "allow-ignore-ext",
        "certificate",
        "class",
        "display-tracebacks",
        "https",
        "ignore-ext",
        "index",
        "inside",
        "listen",
        "logfile",
        "mime-type",
        "notracebacks",
        "path",
        "personal",
        "port",
        "precompressed",
        "privkey",
        "processor",
        "resource-script",
        "user",
        "wsgi",
    ]:
        assert f"--{option}" in said, option


def test_a_service_has_a_site_for_each_place_to_listen():
    service = tap.makeService(options("--listen", "tcp:0", "--listen", "tcp:1"))
    sites = {one.factory for one in service.services}
    [site] = sites
    assert isinstance(site.resource, demo.Test)
    assert len(service.services) == 2
