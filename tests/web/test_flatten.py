"""Documents as bytes: escaping, slots, what is awaited, errors and where they are."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.defer import CancelledError, Deferred, fail, succeed
from reactorio.python.failure import Failure
from reactorio.web._flatten import BUFFER_SIZE
from reactorio.web.error import FlattenerError, MissingRenderMethod, UnfilledSlot, UnsupportedType
from reactorio.web.template import (
    CDATA,
    Comment,
    Element,
    Tag,
    TagLoader,
    XMLString,
    flatten,
    flattenString,
    renderer,
    slot,
    tags,
)

NS = 'xmlns:t="http://twistedmatrix.com/ns/twisted.web.template/0.1"'


def flat(root: Any) -> bytes:
    """Return a document that waits for nothing."""
    results: list[Any] = []
    flattenString(None, root).addBoth(results.append)
    [result] = results
    if isinstance(result, Failure):
        raise result.value
    return result


def error_of(root: Any) -> FlattenerError:
    with pytest.raises(FlattenerError) as raised:
        flat(root)
    return raised.value


class Finder(HTMLParser):
    """What a browser would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[Any] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    def handle_comment(self, data: str) -> None:
        self.seen.append(("comment",))


def seen_in(document: bytes) -> list[Any]:
    finder = Finder()
    finder.feed(document.decode())
    finder.close()
    return finder.seen


# What XML cannot hold, not even as a reference, and what parsers change.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@given(texts)
def test_text_and_attributes_come_back_as_they_were(text):
    tree = ElementTree.fromstring(flat(tags.p(text, title=text)))

    assert (tree.text or "", tree.get("title")) == (text, text)


@given(texts)
def test_a_tag_in_an_attribute_comes_back_as_a_document(text):
    outer = ElementTree.fromstring(flat(tags.p(title=tags.b(text, title=text))))
    inner = ElementTree.fromstring(outer.get("title"))

    assert (inner.text or "", inner.get("title")) == (text, text)


@given(st.text(st.sampled_from("-!<>x")))
def test_no_comment_ends_early(text):
    seen = seen_in(flat([Comment(text), tags.b]))

    assert seen == [("comment",), ("b", {})]


@given(st.text(st.sampled_from("]>[<&x")))
def test_no_cdata_ends_early(text):
    tree = ElementTree.fromstring(flat(tags.p(CDATA(text), tags.b)))

    assert (tree.text or "", len(tree)) == (text, 1)


@given(st.recursive(texts, lambda part: st.lists(part, max_size=4).map(lambda parts: tags.i(*parts)), max_leaves=20))
def test_a_document_is_the_same_whether_its_parts_are_there_or_awaited(root):
    def awaited(part: Any) -> Any:
        if isinstance(part, Tag):
            return succeed(part.clone(deep=False).clear()(*map(awaited, part.children)))
        return succeed(part)

    assert flat(awaited(root)) == flat(root)


@pytest.mark.parametrize(
    ("make", "written"),
    [
        (lambda t: "a<b&c>\"'", b"a&lt;b&amp;c&gt;\"'"),
        (lambda t: b"\xff<", b"\xff&lt;"),
        (lambda t: t.tags.br, b"<br />"),
        (lambda t: t.tags.br("x"), b"<br>x</br>"),
        (lambda t: t.tags.p, b"<p></p>"),
        (lambda t: t.tags.p(class_="a", id="b"), b'<p class="a" id="b"></p>'),
        (lambda t: t.tags.transparent("x", t.slot("y")).fillSlots(y="z"), b"xz"),
        (lambda t: ["a", ("b", ["c"]), (part for part in "de")], b"abcde"),
        (lambda t: t.CharRef(9731), b"&#9731;"),
        (lambda t: t.tags.a(href=t.CharRef(60)), b'<a href="&amp;#60;"></a>'),
        (lambda t: t.tags.a(href=t.Comment('"')), b'<a href="&lt;!--&quot;--&gt;"></a>'),
        (lambda t: t.slot("x", default=t.tags.b("<")), b"<b>&lt;</b>"),
        (
            lambda t: t.tags.p(t.tags.b(t.slot("x"), t.slot("y")).fillSlots(x="in")).fillSlots(y=t.slot("x")),
            b"<p><b>inin</b></p>",
        ),
        (lambda t: t.tags.a(href=["a", "&", t.slot("x")]).fillSlots(x='"'), b'<a href="a&amp;&quot;"></a>'),
        (lambda t: t.tags.input(value=t.tags.transparent("<"), name="n"), b'<input value="&lt;" name="n" />'),
        (lambda t: t.Comment("a-->b-"), b"<!--a--&gt;b- -->"),
        (lambda t: t.CDATA("a]]>b"), b"<![CDATA[a]]]]><![CDATA[>b]]>"),
    ],
)
def test_what_a_document_can_hold(tw, make, written):
    template = tw("web.template")
    results: list[bytes] = []

    template.flattenString(None, make(template)).addCallback(results.append)

    assert results == [written]


@pytest.mark.parametrize("name", ["p><script", "a b", "", "x\0", 'x"', "x=", "x/"])
def test_what_is_no_name_is_refused_as_it_would_be_markup(name):
    with_such_a_name = Tag("p", {name: "x"})

    assert isinstance(error_of(with_such_a_name).args[0], ValueError)
    if name:
        assert isinstance(error_of(Tag(name)).args[0], ValueError)


def test_depth_is_no_matter():
    root: Any = "x"
    for _ in range(5000):
        root = tags.i([root])

    assert flat(root) == b"<i>" * 5000 + b"x" + b"</i>" * 5000


def test_many_deferreds_that_have_fired_take_no_stack():
    assert flat([succeed("x") for _ in range(5000)]) == b"x" * 5000


def test_what_is_known_is_written_before_what_is_awaited():
    written: list[bytes] = []
    later: Deferred[Any] = Deferred()

    done = flatten(None, ["a", tags.b(later), "c"], written.append)
    before = list(written)
    later.callback("b")

    assert before == [b"a<b>"]
    assert written == [b"a<b>", b"b</b>c"]
    assert done.called


def test_no_more_is_gathered_than_the_buffer_holds():
    written: list[bytes] = []

    flatten(None, (tags.p("x" * 100) for _ in range(5000)), written.append)

    assert max(map(len, written)) < BUFFER_SIZE + 200
    assert len(b"".join(written)) == 5000 * 107


def test_a_deferred_may_stand_in_several_places_and_keeps_its_result():
    later: Deferred[Any] = Deferred()
    done = flattenString(None, [later, "-", later])
    later.callback("x")

    assert done.result == b"x-x"
    assert later.result == "x"


def test_coroutines_and_futures_are_awaited(run):
    async def late(value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    async def main() -> bytes:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, tags.i("&"))
        return await flattenString(None, tags.p(late([tags.b("<"), late("deep")]), future, title=late('"')))

    assert run(main()) == b'<p title="&quot;"><b>&lt;</b>deep<i>&amp;</i></p>'


def test_a_coroutine_that_waits_for_nothing_needs_no_loop():
    async def known() -> Any:
        return await succeed("x")

    assert flat(tags.p(known())) == b"<p>x</p>"


def test_cancelling_cancels_what_is_awaited():
    cancelled = []
    awaited: Deferred[Any] = Deferred(cancelled.append)
    done = flattenString(None, tags.p(awaited))
    errors: list[Any] = []
    done.addErrback(errors.append)

    done.cancel()

    assert cancelled == [awaited]
    assert isinstance(errors[0].value.args[0], CancelledError)
    awaited.addErrback(errors.append)  # it is still its owner's
    assert errors[1].check(CancelledError)


def test_an_error_is_told_with_the_places_in_the_template():
    class Page(Element):
        loader = XMLString(f'<div {NS}>\n  <p t:render="missing"/></div>')

    page = Page()

    error = error_of(page)

    exception, roots, traceback = error.args
    assert isinstance(exception, MissingRenderMethod)
    assert roots[0] is page
    assert (roots[-1].tagName, roots[-1].lineNumber, roots[-1].columnNumber) == ("p", 2, 2)
    assert traceback


def test_an_error_in_a_method_shows_the_file_the_line_and_the_program(tmp_path):
    from reactorio.python.filepath import FilePath
    from reactorio.web.template import XMLFile

    path = tmp_path / "page.xml"
    path.write_text(f'<div {NS}>\n\n<p t:render="broken"/></div>')

    class Page(Element):
        loader = XMLFile(FilePath(str(path)))

        @renderer
        def broken(self, request, tag):
            raise KeyError("nothing")

    text = str(error_of(Page()))

    assert f'File "{path}", line 3, column 0, in "p"' in text
    assert "in broken" in text
    assert "KeyError: 'nothing'" in text


def test_an_error_that_is_awaited_is_told_with_what_it_came_from():
    failing: Deferred[Any] = fail(ValueError("no"))

    error = error_of(tags.p(failing))

    assert isinstance(error.args[0], ValueError)
    assert error.args[1][-1] is failing
    assert failing.result.check(ValueError)  # it is still its owner's
    failing.addErrback(lambda _: None)


@pytest.mark.parametrize("root", [None, 1, object(), {"a": 1}, len])
def test_what_no_document_can_hold_is_refused(root):
    assert isinstance(error_of(root).args[0], UnsupportedType)
    assert isinstance(error_of(tags.a(href=root)).args[0], UnsupportedType)


def test_a_slot_that_nothing_fills_is_an_error():
    error = error_of(tags.p(slot("x")))

    assert isinstance(error.args[0], UnfilledSlot)
    assert error.args[1][-1].name == "x"


def test_an_error_in_writing_is_no_error_of_the_document():
    def broken(data: bytes) -> None:
        raise OSError("full")

    failures: list[Any] = []
    flatten(None, "x", broken).addErrback(failures.append)

    assert failures[0].check(OSError)


def test_what_stands_before_an_error_is_not_written():
    written: list[bytes] = []

    flatten(None, ["a", object()], written.append).addErrback(lambda _: None)

    assert written == []


def test_a_method_gets_a_copy_of_its_tag():
    class Counter(Element):
        loader = TagLoader(tags.p("x", render="add"))

        @renderer
        def add(self, request, tag):
            return tag("y")

    counter = Counter()

    assert [flat(counter), flat(counter)] == [b"<p>xy</p>", b"<p>xy</p>"]
