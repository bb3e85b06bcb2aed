"""Templates: elements, loaders, and how pages are written to requests."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any
from xml.sax import SAXParseException

import pytest
from zope.interface.verify import verifyObject

from reactorio.internet.defer import Deferred
from reactorio.python.failure import Failure
from reactorio.python.filepath import FilePath
from reactorio.web import pages, util
from reactorio.web.error import FlattenerError, MissingTemplateLoader, UnexposedMethodError
from reactorio.web.iweb import IRenderable, ITemplateLoader
from reactorio.web.resource import Resource
from reactorio.web.server import NOT_DONE_YET
from reactorio.web.template import (
    CDATA,
    Element,
    Tag,
    TagLoader,
    XMLFile,
    XMLString,
    renderElement,
    renderer,
    slot,
    tags,
)
from reactorio.web.util import FailureElement, formatFailure
from tests.web.hosting import visit
from tests.web.test_flatten import NS, error_of, flat

# -- Templates as XML


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("<p>a&lt;b<!--c--><![CDATA[d]]>e</p>", b"<p>a&lt;b<!--c--><![CDATA[d]]>e</p>"),
        ("<!DOCTYPE html><html/>", b"<html></html>"),
        ('<a:b xmlns:a="urn:a" a:c="d" e="f"/>', b'<a:b a:c="d" e="f" xmlns:a="urn:a"></a:b>'),
        ('<b xmlns="urn:a"><c xmlns=""/></b>', b'<b xmlns="urn:a"><c xmlns=""></c></b>'),
        (
            '<b xmlns:a="urn:a" xmlns:b="urn:a"><a:x/><b:z/></b>',
            b'<b xmlns:a="urn:a" xmlns:b="urn:a"><a:x></a:x><b:z></b:z></b>',
        ),
        ('<p xml:lang="en">&#9731;</p>', b'<p xml:lang="en">\xe2\x98\x83</p>'),
        (b'<?xml version="1.0" encoding="latin-1"?><p>\xe9</p>', b"<p>\xc3\xa9</p>"),
        ("\ufeff<p/>", b"<p></p>"),
        (f'<t:transparent {NS}>x<t:slot name="s" default="d"/></t:transparent>', b"xd"),
        (f'<a {NS}><t:attr name="href">/<t:slot name="s" default="&amp;"/></t:attr>x</a>', b'<a href="/&amp;">x</a>'),
        (f'<p {NS} a="1"><t:attr name="a">2</t:attr></p>', b'<p a="2"></p>'),
        (f"<t:em {NS}>x</t:em>", b"<em>x</em>"),
    ],
)
def test_a_template_is_written_as_it_was_read(source, written):
    assert flat(Element(XMLString(source))) == written


def test_a_directive_has_the_same_meaning_under_any_prefix():
    namespace = NS.partition("=")[2].strip('"')

    [tag] = XMLString(f'<p xmlns:zz="{namespace}" zz:render="x"><zz:slot name="y"/></p>').load()

    assert (tag.render, tag.attributes, tag.children[0].name) == ("x", {}, "y")


@pytest.mark.parametrize("source", ["<p", "", "plain", "<p/><p/>", "<p>&nbsp;</p>"])
def test_what_is_no_xml_is_an_error_with_its_place(source):
    with pytest.raises(SAXParseException) as raised:
        XMLString(source)

    assert raised.value.getLineNumber() == 1


@pytest.mark.parametrize("source", [f'<t:attr {NS} name="x"/>', f"<p {NS}><t:attr/></p>"])
def test_a_directive_in_a_wrong_place_is_an_error(source):
    with pytest.raises(AssertionError):
        XMLString(source)


def test_nothing_is_loaded_that_a_template_names(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")

    for doctype in (
        f'<!DOCTYPE p [<!ENTITY x SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE p SYSTEM "{secret.as_uri()}">',
        f'<!DOCTYPE p [<!ENTITY % x SYSTEM "{secret.as_uri()}"> %x;]>',
    ):
        assert b"secret" not in flat(Element(XMLString(f"{doctype}<p>&x;</p>")))


def test_a_billion_laughs_are_refused():
    entities = ['<!ENTITY a0 "ha">'] + [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)]

    with pytest.raises(SAXParseException):
        XMLString(f"<!DOCTYPE p [{''.join(entities)}]><p>&a11;</p>")


def test_a_file_is_read_once_and_its_name_is_in_the_tags(tmp_path):
    path = FilePath(str(tmp_path / "page.xml"))
    path.setContent(b"<p>1</p>")
    loader = XMLFile(path)

    [tag] = loader.load()
    path.setContent(b"<p>2</p>")

    assert tag.filename == path.path
    assert loader.load() == [tag]


@pytest.mark.parametrize("kind", ["name", "text", "bytes"])
def test_other_files_are_deprecated(tmp_path, kind):
    (tmp_path / "page.xml").write_text("<p>1</p>")
    files = {"name": str(tmp_path / "page.xml"), "text": StringIO("<p>1</p>"), "bytes": BytesIO(b"<p>1</p>")}
    with pytest.warns(DeprecationWarning, match="Pass a FilePath instead"):
        loader = XMLFile(files[kind])

    assert flat(Element(loader)) == b"<p>1</p>"
    assert flat(Element(loader)) == b"<p>1</p>"


def test_loaders_and_elements_are_what_they_say():
    for loader in (TagLoader("x"), XMLString("<p/>"), XMLFile(FilePath("/nowhere"))):
        verifyObject(ITemplateLoader, loader)
    verifyObject(IRenderable, Element())


# -- Elements


def test_only_what_is_exposed_can_be_named():
    class Page(Element):
        @renderer
        def shown(self, request, tag):
            return tag

        def hidden(self, request, tag):
            return tag

    class Changed(Page):
        def shown(self, request, tag):
            return tag

    assert renderer.get(Page(), "shown")
    assert renderer.get(Page(), "hidden", None) is None
    for instance, name in [(Page(), "hidden"), (Page(), "__init__"), (Page(), "nothing"), (Changed(), "shown")]:
        with pytest.raises(UnexposedMethodError):
            renderer.get(instance, name)


def test_an_inner_element_answers_for_its_own_template():
    class Inner(Element):
        loader = XMLString(f'<i {NS} t:render="name"/>')

        @renderer
        def name(self, request, tag):
            return tag("inner ", slot("filled"))

    class Outer(Element):
        loader = XMLString(f'<div {NS}><p t:render="inner"/><p t:render="name"/></div>')

        @renderer
        def inner(self, request, tag):
            return tag(Inner()).fillSlots(filled="from outside")

        @renderer
        def name(self, request, tag):
            return tag("outer")

    assert flat(Outer()) == b"<div><p><i>inner from outside</i></p><p>outer</p></div>"


def test_an_element_without_a_template_cannot_be_rendered():
    assert isinstance(error_of(Element()).args[0], MissingTemplateLoader)


def test_tags_are_made_by_their_names():
    assert [tags.div.tagName, tags.del_.tagName, tags.transparent.tagName] == ["div", "del", ""]
    assert tags.div is not tags.div
    for name in ("xmp", "nothing", "__wrapped__"):
        with pytest.raises(AttributeError):
            getattr(tags, name)


def test_a_deep_copy_shares_nothing_that_can_change():
    inner = tags.b("x")
    tag = Tag("p", {"a": inner}, [inner, [inner], "text"]).fillSlots(s=inner)

    copy = tag.clone()
    inner("y")

    assert flat(copy) == b'<p a="&lt;b&gt;x&lt;/b&gt;"><b>x</b><b>x</b>text</p>'
    assert flat(copy(slot("s"))).endswith(b"<b>x</b></p>")


def test_copying_what_can_be_read_once_is_deprecated():
    with pytest.warns(DeprecationWarning, match="contains a generator"):
        tags.p(part for part in "ab").clone()


def test_names_are_public_where_they_are_imported_from():
    from reactorio.web import template

    for name in ("CDATA", "CharRef", "Comment", "Element", "TagLoader", "XMLFile", "XMLString", "slot"):
        assert getattr(template, name).__module__ == "reactorio.web.template"
    assert FailureElement.__module__ == "reactorio.web.util"


def test_the_parts_show_what_they_are():
    assert repr(CDATA("x")) == "CDATA('x')"
    assert repr(tags.p("x", a="b")) == "Tag('p', attributes={'a': 'b'}, children=['x'])"
    assert repr(slot("x")).startswith("slot(name='x'")


# -- Pages


class Page(Resource):
    """Answers with an element that renders to what it is given."""

    isLeaf = True

    def __init__(self, content: Any, **options: Any) -> None:
        super().__init__()
        self.content = content
        self.options = options

    def render_GET(self, request: Any) -> Any:
        content = self.content() if callable(self.content) else self.content
        return renderElement(request, Element(TagLoader(content)), **self.options)


def test_a_page_is_written_with_its_doctype(run):
    answer = visit(run, Page(tags.p("x")), lambda site: site.ask("/"))

    assert answer.status == 200
    assert answer.body == b"<!DOCTYPE html>\n<p>x</p>"


def test_a_page_may_have_no_doctype(run):
    assert visit(run, Page("x", doctype=None), lambda site: site.ask("/")).body == b"x"


def test_a_page_waits_for_what_it_holds(run):
    from reactorio.internet import reactor
    from reactorio.internet.task import deferLater

    page = Page(lambda: tags.p(deferLater(reactor, 0, lambda: "late")))

    assert visit(run, page, lambda site: site.ask("/")).body == b"<!DOCTYPE html>\n<p>late</p>"


def test_an_error_at_once_is_a_500_and_is_logged(run, logged_errors):
    answer = visit(run, Page(object()), lambda site: site.ask("/"), displayTracebacks=False)

    assert answer.status == 500
    assert b"An error occurred while rendering the response." in answer.body
    assert len(logged_errors.flush(FlattenerError)) == 1


def test_a_site_may_show_the_error(run, logged_errors):
    answer = visit(run, Page(object()), lambda site: site.ask("/"), displayTracebacks=True)

    assert b"FlattenerError" in answer.body
    assert b"UnsupportedType" in answer.body
    assert len(logged_errors.flush(FlattenerError)) == 1


class FakeRequest:
    """As much of a request as pages need."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.finished = 0
        self.code: int | None = None
        self._gone: Deferred[None] = Deferred()

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def finish(self) -> None:
        self.finished += 1

    def setResponseCode(self, code: int) -> None:
        self.code = code

    def notifyFinish(self) -> Deferred[None]:
        return self._gone

    def lose(self) -> None:
        self._gone.errback(Failure(ConnectionError()))


def test_an_error_after_the_first_bytes_leaves_the_status(logged_errors):
    request, later = FakeRequest(), Deferred()
    assert renderElement(request, Element(TagLoader(["a", later]))) is NOT_DONE_YET

    later.errback(ValueError("no"))
    later.addErrback(lambda _: None)

    assert request.code is None
    assert b"".join(request.written).startswith(b"<!DOCTYPE html>\na<div")
    assert request.finished == 1
    assert len(logged_errors.flush(FlattenerError)) == 1


def test_nothing_is_written_to_who_is_gone():
    request, later = FakeRequest(), Deferred()
    renderElement(request, Element(TagLoader(["a", later, "b"])))
    before = list(request.written)

    request.lose()
    later.callback("z")

    assert request.written == before
    assert request.finished == 0
    assert later.result == "z"


# -- Failures as pages


def failure_with(message: str) -> Failure:
    def inner() -> None:
        raise ValueError(message)

    try:
        inner()
    except ValueError:
        return Failure()
    raise AssertionError


def test_a_failure_is_shown_with_its_frames_and_source_in_ascii():
    html = formatFailure(failure_with("<bad> \N{SNOWMAN}"))

    assert html.isascii()
    assert b"builtins.ValueError" in html
    assert b"&lt;bad&gt; &#9731;" in html
    assert b"raise ValueError(message)" in html
    assert b"snippetHighlightLine" in html


def test_a_failure_whose_text_cannot_be_had_is_shown():
    class Rude(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert b"Rude whose text cannot be had: RuntimeError" in formatFailure(Failure(Rude()))
    assert b"\\ud800" in formatFailure(Failure(ValueError("\ud800")))


def test_a_failure_may_have_another_template():
    element = FailureElement(failure_with("x"), TagLoader([tags.b(render="type"), ": ", tags.i(render="value")]))

    assert flat(element) == b"<b>builtins.ValueError</b>: <i>x</i>"


# -- Pages that say what is wrong, or send elsewhere


@pytest.mark.parametrize(
    ("page", "status", "text"),
    [
        (pages.notFound(), 404, b"<h1>No Such Resource</h1>"),
        (pages.forbidden(message="<no>"), 403, b"<p>&lt;no&gt;</p>"),
        (pages.errorPage(418, "Tea", "pot"), 418, b"<title>418 - Tea</title>"),
    ],
)
def test_error_pages_answer_for_all_paths_below(run, page, status, text):
    answer = visit(run, page, lambda site: site.ask("/a/b"))

    assert answer.status == status
    assert text in answer.body
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_redirection_names_its_target_unharmed_in_the_header_and_escaped_in_the_body(run):
    answer = visit(run, util.Redirect(b'/x?a=b&c="<'), lambda site: site.ask("/any/thing"))

    assert (answer.status, answer.headers["location"]) == (302, '/x?a=b&c="<')
    assert b'href="/x?a=b&amp;c=&quot;&lt;"' in answer.body


def test_a_redirection_is_of_bytes():
    with pytest.raises(TypeError):
        util.redirectTo("/x", FakeRequest())


def test_the_parent_of_a_path_is_above_it(run):
    root = Resource()
    root.putChild(b"a", Resource())
    root.children[b"a"].putChild(b"", util.ParentRedirect())

    location = visit(run, root, lambda site: site.ask("/a/?q=1").headers["location"])

    assert location.endswith("/a/")


def test_a_resource_may_come_later(run):
    class Later(Resource):
        def getChild(self, path: bytes, request: Any) -> Any:
            d: Deferred[Any] = Deferred()
            d.callback(Page("there"))
            return util.DeferredResource(d)

    assert visit(run, Later(), lambda site: site.ask("/x")).body.endswith(b"there")


def test_a_resource_that_does_not_come_is_a_500(run, logged_errors):
    class Never(Resource):
        def getChild(self, path: bytes, request: Any) -> Any:
            d: Deferred[Any] = Deferred()
            d.errback(ValueError("no"))
            return util.DeferredResource(d)

    assert visit(run, Never(), lambda site: site.ask("/x")).status == 500
    assert len(logged_errors.flush(ValueError)) == 1
