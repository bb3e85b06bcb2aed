"""Small work on text: wrapped paragraphs, quoted words, structures laid out over lines."""

from __future__ import annotations

import textwrap
from typing import IO, Any

__all__ = [
    "endsInNewline",
    "greedyWrap",
    "isMultiline",
    "removeLeadingBlanks",
    "removeLeadingTrailingBlanks",
    "splitQuoted",
    "strFile",
    "stringyString",
    "wordWrap",
]


def isMultiline(s: str) -> bool:
    return "\n" in s


def endsInNewline(s: str) -> bool:
    return s.endswith("\n")


def greedyWrap(inString: str, width: int = 80) -> list[str]:
    """
    Return lines of at most ``width`` characters; a longer word is a line of its own.

    Two line ends in a row divide paragraphs: of more than one, each is followed by an empty line.
    """
    paragraphs = inString.split("\n\n")
    lines = []
    for paragraph in paragraphs:
        words = " ".join(paragraph.split())
        lines += textwrap.wrap(words, max(width, 1), break_long_words=False, break_on_hyphens=False)
        if len(paragraphs) > 1:
            lines.append("")
    return lines


wordWrap = greedyWrap


def removeLeadingBlanks(lines: list[str]) -> list[str]:
    """Return the lines from the first on that is not blank."""
    first = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    return lines[first:]


def removeLeadingTrailingBlanks(s: str) -> str:
    """Return ``s`` without blank lines at its beginning and end, and with one line end there."""
    lines = removeLeadingBlanks(s.split("\n"))
    lines = removeLeadingBlanks(lines[::-1])[::-1]
    return "\n".join(lines) + "\n"


def splitQuoted(s: str) -> list[str]:
    """
    Return the words of ``s``; one that begins with a quote goes on to the word that ends with the same quote.

    A quote that is never closed is dropped, and what follows it.
    """
    found = []
    phrase: list[str] = []
    quote = ""
    for word in s.split():
        if not quote and word[0] in "\"'":
            quote, word = word[0], word[1:]
            if not word:
                phrase.append(word)
                continue
        if not quote:
            found.append(word)
        elif word.endswith(quote):
            found.append(" ".join([*phrase, word[:-1]]))
            phrase, quote = [], ""
        else:
            phrase.append(word)
    return found


def strFile(p: str, f: IO[str], caseSensitive: bool = True) -> bool:
    """Return whether the rest of the file ``f`` has ``p`` in it. All of it is read."""
    text = f.read()
    f.seek(0)
    if not caseSensitive:
        text, p = text.lower(), p.lower()
    return bool(text) and p in text


def stringyString(object: Any, indentation: str = "") -> str:
    """Return the structure as text: items of lists and dicts on lines of their own, everything else by `str`."""
    text = _laid_out(object)
    if isMultiline(text):
        text += "\n"
    return textwrap.indent(text, indentation, lambda line: True) if text else indentation


def _laid_out(object: Any) -> str:
    if isinstance(object, dict):
        return "{" + "\n ".join(_entry(key, value) for key, value in object.items()) + "}"
    if isinstance(object, (list, tuple)):
        opening, closing = "[]" if isinstance(object, list) else "()"
        items = [_indented(_laid_out(item).rstrip("\n"), " ") + "," for item in object]
        return opening + "\n ".join(items) + closing
    return str(object)


def _entry(key: Any, value: Any) -> str:
    text = _laid_out(value)
    if not isMultiline(text):
        return f"{key}: {text}"
    return f"{key}:\n   " + _indented(text, "   ")


def _indented(text: str, by: str) -> str:
    return text.replace("\n", "\n" + by)
