"""`python.text` as in Twisted."""

from __future__ import annotations

import io

import pytest


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        (" a  b ", ["a b"]),
        ("a\n\nb\nc", ["a", "", "b c", ""]),
        ("a\n \nb", ["a b"]),
        ("xxxxxxxxx y-z", ["xxxxxxxxx", "y-z"]),
        ("a b c d e f", ["a b c d", "e f"]),
        ("one\n\n", ["one", "", ""]),
    ],
)
def test_paragraphs_are_wrapped(tw, text, lines):
    assert tw("python.text").greedyWrap(text, 7) == tw("python.text").wordWrap(text, 7) == lines


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a "b c" d', ["a", "b c", "d"]),
        ("'a b' c", ["a b", "c"]),
        ('a"b c"d', ['a"b', 'c"d']),
        ('"a b c" "d e"', ["a b c", "d e"]),
        ('"" c', ["", "c"]),
        ('x "a b" "c', ["x", "a b"]),
    ],
)
def test_quoted_words_stay_together(tw, text, words):
    assert tw("python.text").splitQuoted(text) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ((), "()"),
        (5, "5"),
        ("a\nb", "a\nb\n"),
        ({"a": 0, "b": "c\nd"}, "{a: 0\n b:\n   c\n   d}\n"),
        ([1, [2, 3]], "[1,\n [2,\n  3,],]\n"),
        ({"a": [1, 2]}, "{a:\n   [1,\n    2,]}\n"),
        ([{"a": 1}], "[{a: 1},]"),
        (["a\nb\n"], "[a\n b,]\n"),
        ({"k": "v\nw\n"}, "{k:\n   v\n   w\n   }\n"),
        ([["a\nb"]], "[[a\n  b,],]\n"),
    ],
)
def test_structures_are_laid_out(tw, value, text):
    lay_out = tw("python.text").stringyString
    assert lay_out(value) == text
    indented = "  " + text.replace("\n", "\n  ")
    assert lay_out(value, "  ") == indented.removesuffix("\n  ") + ("\n" if text.endswith("\n") else "")


def test_blank_lines_around_a_text_go(tw):
    text = tw("python.text")
    assert text.removeLeadingTrailingBlanks("\n \n  a\n\nb \n\n") == "  a\n\nb \n"
    assert text.removeLeadingBlanks(["", " ", "a", ""]) == ["a", ""]


def test_a_file_is_searched(tw):
    text = tw("python.text")
    assert text.strFile("B c", io.StringIO("a b c"), False)
    assert not text.strFile("B c", io.StringIO("a b c"))
