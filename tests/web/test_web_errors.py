"""What errors of the web say and keep, as Twisted's do."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("code", [b"302", 302])
def test_an_error_has_the_phrase_of_its_status(tw, code):
    error = tw("web.error").Error(code)

    assert (error.status, error.message, error.response, str(error)) == (b"302", b"Found", None, "302 Found")


def test_an_error_may_say_something_else(tw):
    error = tw("web.error").Error(b"200", b"Fine", b"body")

    assert (error.message, error.response, str(error)) == (b"Fine", b"body", "200 Fine")
    assert str(tw("web.error").Error(b"999")) == "999"


@pytest.mark.parametrize("code", [b"abc", b"99999", b""])
def test_what_is_no_status_is_refused(tw, code):
    with pytest.raises(ValueError, match="Not a valid HTTP status code"):
        tw("web.error").Error(code)


@pytest.mark.parametrize("name", ["PageRedirect", "InfiniteRedirection"])
def test_a_redirection_says_where_it_leads(tw, name):
    redirection = getattr(tw("web.error"), name)

    assert redirection(302, None, b"r", b"/l").message == b"Found to /l"
    assert redirection(302, b"There", location=b"/l").location == b"/l"
    assert redirection(302).message == b"Found"
    assert redirection(999, location=b"/l").message is None


def test_a_redirection_to_nowhere_says_whence(tw):
    error = tw("web.error").RedirectWithNoLocation(b"302", b"m", b"/uri")

    assert (error.message, error.uri) == (b"m to /uri", b"/uri")


def test_an_unsupported_method_names_those_that_are(tw):
    error = tw("web.error").UnsupportedMethod((b"GET", b"HEAD"))

    assert str(error) == "Expected one of (b'GET', b'HEAD')"
    with pytest.raises(TypeError):
        tw("web.error").UnsupportedMethod(1)


def test_errors_of_templates_show_the_element(tw):
    error = tw("web.error")

    assert repr(error.MissingRenderMethod(1, "a")) == "'MissingRenderMethod': 1 had no render method named 'a'"
    assert repr(error.MissingTemplateLoader(1)) == "'MissingTemplateLoader': 1 had no loader"


def test_a_flattener_error_shows_the_way_and_the_error(tw):
    tag = tw("web.template").Tag("p", filename="f.xml", lineNumber=1, columnNumber=2)
    roots = ["short", "a" * 41, b"b" * 41, tag, tw("web.template").Tag("i"), [1]]

    text = str(tw("web.error").FlattenerError(ValueError("no"), roots, None))

    assert text.splitlines() == [
        "Exception while flattening:",
        "  'short'",
        f"  '{'a' * 20}<...>{'a' * 20}'",
        f"  b'{'b' * 20}<...>{'b' * 20}'",
        '  File "f.xml", line 1, column 2, in "p"',
        "  Tag <i>",
        "  [1]",
        "ValueError: no",
    ]


def test_what_a_peer_said_is_shown_whatever_it_is():
    from reactorio.web.error import Error

    assert str(Error(b"200", b"\xff")) == "200 \\xff"


@pytest.mark.parametrize(
    ("name", "argument", "html"),
    [
        ("PRE", "a<b", "<pre>a&lt;b</pre>"),
        ("UL", ["a", "b"], "<ul>\n<li> a</li>\n<li> b</li>\n</ul>"),
        ("linkList", [("u", "t")], '<ul>\n<li> <a href="u">t</a></li>\n</ul>'),
        ("output", lambda: "made", "made"),
    ],
)
def test_the_old_bits_of_html_are_deprecated(tw, name, argument, html):
    function = getattr(tw("web.html"), name)
    with pytest.warns(DeprecationWarning, match=f"web.html.{name} was deprecated in Twisted 15.3.0"):
        assert function(argument) == html


def test_output_that_fails_is_logged(logged_errors):
    from reactorio.web import html

    with pytest.warns(DeprecationWarning, match="html.output"):
        assert html.output(lambda: 1 / 0) == "<pre>An error occurred.</pre>"
    assert len(logged_errors.flush(ZeroDivisionError)) == 1
