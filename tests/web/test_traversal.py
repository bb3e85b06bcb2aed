"""Nothing outside of the directory is served, however it is asked for."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reactorio.web import proxy, script, static, twcgi

from .hosting import visit

SECRET = b"not for everybody"

UPWARDS = [
    "/..",
    "/../secret",
    "/../../../../../../etc/passwd",
    "/./../secret",
    "/sub/../../secret",
    "/%2e%2e/secret",
    "/%2E%2E%2Fsecret",
    "/..%2fsecret",
    "/..%5csecret",
    "/..\\secret",
    "/%252e%252e/secret",
    "/%252e%252e%252fsecret",
    "/%c0%ae%c0%ae/secret",
    "/%c0%ae%c0%ae%c0%afsecret",
    "/%e0%80%ae%e0%80%ae/secret",
    "/%ef%bc%8e%ef%bc%8e/secret",
    "/%u002e%u002e/secret",
    "/....//secret",
    "/..;/secret",
    "/..%00/secret",
    "/%00",
    "/page.html%00.txt",
    "//etc/passwd",
    "//../secret",
    "/%2fetc/passwd",
    "/%2fetc%2fpasswd",
    "/sub%2f..%2f..%2fsecret",
    "/..%01/secret",
    "/~root/secret",
    "/sub/%2e%2e%2f%2e%2e%2fsecret",
    "http://elsewhere/../secret",
    "http://elsewhere/%2e%2e/secret",
    "http://elsewhere/..%2fsecret",
    "http://elsewhere//../secret",
    "/.%2e/secret",
    "/%2e./secret",
    "/sub/..//../secret",
    "/..%c0%afsecret",
    "/..%ef%bc%8fsecret",
    "/..%252f..%252fsecret",
    "/..%5c..%5csecret",
    "/%5c..%5csecret",
    "/..%09/secret",
    "/..%20/secret",
    "/.../secret",
    "/..?/secret",
    "/..#/secret",
    "/sub/%2e%2e/%2e%2e/public-too/secret",
    "/%2e%2e%2fpublic-too%2fsecret",
]


@pytest.fixture
def public(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    public = tmp_path / "public"
    (public / "sub").mkdir(parents=True)
    (public / "page.html").write_bytes(b"a page")
    (public / "sub" / "below").write_bytes(b"below")
    (tmp_path / "public-too").mkdir()
    (tmp_path / "public-too" / "secret").write_bytes(SECRET)
    return public


def ask_raw(site, path):
    return site.raw(b"GET " + path.encode("latin-1") + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")


@pytest.mark.filterwarnings("ignore")
def test_no_spelling_of_upwards_leads_out(run, public, logged_errors):
    root = static.File(str(public), ignoredExts=["*"])
    answers = visit(run, root, lambda site: {path: ask_raw(site, path) for path in UPWARDS})
    for path, answer in answers.items():
        assert SECRET not in answer, path
        assert b"root:" not in answer, path
        assert answer.split()[1] in (b"400", b"404"), (path, answer[:100])
    assert {type(error) for error in logged_errors.flush()} == {UnicodeDecodeError}


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_nor_over_http2(run, public, logged_errors):
    root = static.File(str(public), ignoredExts=["*"])
    options = ("--http2-prior-knowledge", "-w", " %{http_version} %{http_code}")

    def work(site):
        assert site.curl("/page.html", *options) == b"a page 2 200"
        return {path: site.curl(path, *options) for path in UPWARDS if path.startswith("/")}

    for path, answer in visit(run, root, work).items():
        assert SECRET not in answer, path
        assert answer.endswith((b" 2 400", b" 2 404")), (path, answer)
    logged_errors.flush(UnicodeDecodeError)


segments = st.sampled_from(
    [
        b"..",
        b".",
        b"",
        b"sub",
        b"below",
        b"page.html",
        b"secret",
        b"../secret",
        b"public-too",
        b"\0",
        b"..\0",
        b"\xff",
        b"/",
    ]
) | st.binary(max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(segments, max_size=6))
def test_no_segments_lead_out(public, logged_errors, path):
    for root in (
        static.File(str(public)),
        script.ResourceScriptDirectory(str(public)),
        twcgi.CGIDirectory(str(public)),
    ):
        found = root
        for segment in path:
            if not hasattr(found, "path") or not os.path.isdir(found.path) or not hasattr(found, "getChild"):
                break
            if isinstance(found, script.ResourceScriptDirectory) and segment in (b"page.html", b"below"):
                break  # it would be run
            found = found.getChild(segment, None)
            where = getattr(found, "path", None) or getattr(found, "filename", None)
            assert where is None or os.path.realpath(where).startswith(str(public))
    logged_errors.flush(UnicodeDecodeError)


def test_a_reverse_proxy_does_not_climb(run):
    resource = proxy.ReverseProxyResource("127.0.0.1", 1, b"/app")
    for segment in (b"..", b"."):
        assert not isinstance(resource.getChild(segment, None), proxy.ReverseProxyResource)
    assert resource.getChild(b"../x", None).path == b"/app/..%2Fx"


@pytest.fixture
def linked(public):
    (public / "in").symlink_to(public / "page.html")
    (public / "sub" / "up").symlink_to("../page.html")
    (public / "out").symlink_to("../secret")
    (public / "away").symlink_to("..")
    (public / "too").symlink_to("../public-too")
    (public / "loop").symlink_to("loop")
    (public / "nowhere").symlink_to("nothing")
    return public


PATHS = ["/in", "/sub/up", "/out", "/away/secret", "/too/secret", "/loop", "/nowhere"]


def test_links_are_followed_wherever_they_lead(run, linked):
    root = static.File(str(linked))
    statuses = visit(run, root, lambda site: [site.ask(path).status for path in PATHS])
    assert statuses == [200, 200, 200, 200, 200, 404, 404]


def test_links_that_lead_out_are_not_followed_if_so_chosen(run, linked):
    root = static.File(str(linked))
    root.followSymlinks = False

    def work(site):
        return [site.ask(path).status for path in PATHS], site.ask("/").body, site.ask("/sub/").body

    statuses, listing, below = visit(run, root, work)
    assert statuses == [200, 200, 404, 404, 404, 404, 404]
    assert b">in<" in listing
    assert b">out<" not in listing
    assert b"away" not in listing
    assert b">up<" in below


def test_an_index_that_leads_out_is_no_index(run, public):
    (public / "index.html").symlink_to("../secret")
    root = static.File(str(public))
    root.followSymlinks = False
    answer = visit(run, root, lambda site: site.ask("/"))
    assert SECRET not in answer.body


@pytest.mark.timeout(10)
def test_what_is_neither_file_nor_directory_is_forbidden(run, public):
    os.mkfifo(public / "fifo")
    (public / "device").symlink_to("/dev/zero")
    root = static.File(str(public))
    assert visit(run, root, lambda site: [site.ask(path).status for path in ("/fifo", "/device")]) == [403, 403]


def test_no_redirect_leads_to_another_host(run, public):
    (public / "evil.example").mkdir()
    paths = ["/sub", "//evil.example", "/sub?x", "/\\evil.example", "/%5Cevil.example", "///evil.example"]

    class Root(static.File):
        def getChild(self, path, request):
            return self if path == b"" else super().getChild(path.lstrip(b"\\"), request)

    answers = visit(run, Root(str(public)), lambda site: [ask_raw(site, path) for path in paths])
    for answer in answers:
        assert answer.split()[1] == b"302", answer
        location = next(line for line in answer.splitlines() if line.lower().startswith(b"location:")).split()[1]
        assert location[:1] == b"/"
        assert location[1:2] not in (b"/", b"\\")
