"""Python source as HTML."""

from __future__ import annotations

import html
import io
import re
import subprocess
import sys
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import PATIENCE, ROOT

from reactorio.python import htmlizer


def as_html(source, writer=htmlizer.SmallerHTMLWriter):
    page = io.BytesIO()
    htmlizer.filter(io.BytesIO(source.encode()), page, writer)
    return page.getvalue().decode()


def kinds(source):
    return re.findall(r'<span class="py-src-(\w+)">([^<]*)</span>', as_html(source))


def test_names_are_told_apart():
    assert kinds("class A(B): pass\n") == [
        ("keyword", "class"),
        ("identifier", "A"),
        ("parameter", "B"),
        ("keyword", "pass"),
    ]
    assert kinds("def f(a, b: int = c, *d): return a\n") == [
        ("keyword", "def"),
        ("identifier", "f"),
        ("parameter", "a"),
        ("parameter", "b"),
        ("variable", "int"),
        ("variable", "c"),
        ("parameter", "d"),
        ("keyword", "return"),
        ("variable", "a"),
    ]
    assert kinds("class A: x = f(y)\n")[2:] == [("variable", "x"), ("variable", "f"), ("variable", "y")]


def test_strings_numbers_and_comments_are_what_they_are():
    assert kinds("x = '<a>' + 1  # why\n") == [
        ("variable", "x"),
        ("string", "'&lt;a&gt;'"),
        ("number", "1"),
        ("comment", "# why"),
    ]


SOURCES = [
    "",
    "x = (1,\n     2)\n",
    "if a:\n    b\n\n    c\nelse:\n\td\n",
    'f"a{{b}}{x!r:>{w}}c"\n',
    "a = 1 + \\\n    2\n",
    '"""doc\n  more"""\nümlaut = "é"\n',
    "@d\nasync def f(\n    a,  # first\n): ...\n",
]


def text_of(page):
    return html.unescape(re.sub(r"</?(?:span|pre)[^>]*>", "", page))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("writer", [htmlizer.HTMLWriter, htmlizer.SmallerHTMLWriter])
def test_no_character_is_lost(source, writer):
    expected = source.replace("\\\n", "")
    assert text_of(as_html(source, writer)).replace("\\\n", "").split() == expected.split()


@given(st.lists(st.sampled_from(["x", "=", "'s'", "(", ")", "\n", " ", "def", ":", "1", "# c\n", "    "])).map("".join))
def test_whatever_is_python_comes_back(source):
    try:
        page = as_html(source)
    except (tokenize.TokenError, SyntaxError):
        return
    assert text_of(page).split() == source.split()


def test_the_script_writes_a_page_beside_the_file(tmp_path):
    (tmp_path / "it.py").write_text("x = 1\n")
    code = "import sys; sys.argv[0] = 'pyhtmlizer'; from reactorio.scripts import htmlizer; htmlizer.run()"
    subprocess.run(
        [sys.executable, "-c", code, "-s", "it.css", "it.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        timeout=PATIENCE,
        check=True,
    )
    page = (tmp_path / "it.py.html").read_text()
    assert '<link rel="stylesheet" href="it.css" type="text/css" />' in page
    assert '<pre><span class="py-src-variable">x</span> = <span class="py-src-number">1</span>\n</pre>' in page
