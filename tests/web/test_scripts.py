"""Resources made by scripts; requests for one path answered by another; several hosts on one port."""

from __future__ import annotations

import pytest

from reactorio.web import resource, rewrite, script, static, vhost

from .hosting import visit


@pytest.fixture
def scripts(tmp_path):
    root = static.File(str(tmp_path))
    root.processors = {".rpy": script.ResourceScript, ".epy": script.PythonScript}
    return root


COUNTING = """\
from reactorio.web import resource
{before}
import itertools
class Counting(resource.Resource):
    isLeaf = True
    numbers = itertools.count(1)
    def render_GET(self, request):
        return b"%d" % next(self.numbers)
resource = Counting()
{after}
"""


@pytest.mark.parametrize(
    ("before", "after", "bodies"),
    [
        ("", "", [b"1", b"1"]),
        ("cache()", "", [b"1", b"2"]),
        ("", "cache()", [b"1", b"2"]),
        ("recache()", "", [b"1", b"1"]),
    ],
)
def test_a_script_keeps_its_resource_if_it_says_so(run, scripts, tmp_path, before, after, bodies):
    (tmp_path / "a.rpy").write_text(COUNTING.format(before=before, after=after))
    assert visit(run, scripts, lambda site: [site.ask("/a.rpy").body, site.ask("/a.rpy").body]) == bodies


def test_a_script_without_a_resource_says_what_it_lacks(run, scripts, tmp_path):
    (tmp_path / "a.rpy").write_text("x = 1")
    answer = visit(run, scripts, lambda site: site.ask("/a.rpy"))
    assert answer.status == 500
    assert b"resource" in answer.body


@pytest.mark.parametrize("shown", [True, False])
def test_the_traceback_of_a_script_is_for_whom_it_may_concern(run, scripts, tmp_path, shown, logged_errors):
    (tmp_path / "a.epy").write_text("raise ValueError('<a secret>')")
    answer = visit(run, scripts, lambda site: site.ask("/a.epy"), displayTracebacks=shown)
    assert answer.status == 500
    assert (b"&lt;a secret&gt;" in answer.body) is shown
    assert "a secret" in logged_errors[0]["traceback"]
    logged_errors.clear()


def test_a_wrapper_runs_its_script_for_what_is_below(run, tmp_path):
    (tmp_path / "root.rpy").write_text(
        "from reactorio.web import resource, static\n"
        "resource = resource.Resource()\n"
        "resource.putChild(b'a', static.Data(__file__.encode(), 'text/plain'))\n"
    )
    root = script.ResourceScriptWrapper(str(tmp_path / "root.rpy"))
    assert visit(run, root, lambda site: site.ask("/a").body) == str(tmp_path / "root.rpy").encode()


def test_what_is_nowhere_is_of_the_class_that_applications_ask_for():
    assert isinstance(resource.Resource().getChild(b"x", None), resource._UnsafeNoResource)


def tree():
    root = resource.Resource()
    users, joe = resource.Resource(), static.Data(b"joe's page", "text/plain")
    root.putChild(b"users", users)
    users.putChild(b"joe", joe)
    joe.putChild(b"deep", static.Data(b"joe's depths", "text/plain"))
    return root


def test_rules_change_the_path(run):
    root = rewrite.RewriterResource(tree(), rewrite.tildeToUsers, rewrite.alias(b"short/cut", "users/joe/deep"))

    def work(site):
        return [site.ask(path).body for path in ("/~joe", "/~joe/deep", "/short/cut", "/users/joe")]

    assert visit(run, root, work) == [b"joe's page", b"joe's depths", b"joe's depths", b"joe's page"]


def test_hosts_are_told_apart_by_their_names(run):
    root = vhost.NameVirtualHost()
    for name in ("one.example", b"Two.Example", "[::1]"):
        page = static.Data(name if isinstance(name, bytes) else name.encode(), "text/plain")
        page.isLeaf = True
        root.addHost(name, page)

    def work(site):
        hosts = ["one.example", "ONE.example:81", "one.example.", "two.example", "[::1]:8080", "three.example"]
        return [(answer.status, answer.body) for host in hosts for answer in [site.ask("/x", headers={"Host": host})]]

    *found, none = visit(run, root, work)
    assert found == [(200, body) for body in [b"one.example"] * 3 + [b"Two.Example", b"[::1]"]]
    assert none[0] == 404
    root.default = static.Data(b"", "text/plain")
    root.removeHost("TWO.example")
    with pytest.raises(KeyError):
        root.removeHost("two.example")


def test_a_path_says_what_the_client_has_asked_for(run):
    seen = []

    class Page(resource.Resource):
        def render_GET(self, request):
            seen.append(
                (request.getRequestHostname(), request.isSecure(), request.getHost().port, request.prePathURL())
            )
            return b"here"

        def getChild(self, path, request):
            return self

    root = Page()
    root.putChild(b"vhost", vhost.VHostMonsterResource())
    visit(
        run,
        root,
        lambda site: [site.ask("/vhost/https/www.example.org/a/b"), site.ask("/vhost/http/www.example.org:81/")],
    )
    assert [one[:3] for one in seen] == [(b"www.example.org", True, 443), (b"www.example.org", False, 81)]
