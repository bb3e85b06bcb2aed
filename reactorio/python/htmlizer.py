"""
Python source as HTML, its tokens in ``<span>`` elements with a class each: ``py-src-keyword``, ``py-src-string`` …
"""

from __future__ import annotations

import html
import keyword
import sys
import tokenize
from typing import IO, TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HTMLWriter", "SmallerHTMLWriter", "TokenPrinter", "filter", "main"]


class TokenPrinter:
    """
    Says what each token is, and hands it on with what stands between it and the one before.

    Unlike Twisted, whose keywords are ``variable``: they are ``keyword``.

    Args:
        writer: Called with bytes, and the kind of token that they are; without a kind for white space.
    """

    def __init__(self, writer: Callable[..., object]) -> None:
        self._write = writer
        self._line, self._column = 1, 0
        # A definition's head: is its name to come, how deep in its brackets is this, and is it an annotation or default?
        self._naming = False
        self._depth = 0
        self._in_value = False

    def printtoken(
        self, type: int, token: str, sCoordinates: tuple[int, int], eCoordinates: tuple[int, int], line: str
    ) -> None:
        """Take the next token; the arguments are a tokenize.TokenInfo's."""
        row, column = sCoordinates
        if row != self._line:
            # The end of a line that is continued by a backslash, or by the end of a block, is no token.
            self._line, self._column = row, 0
        if column > self._column:
            self._write(line[self._column : column].encode("utf-8"))
        self._write(token.encode("utf-8"), self._kind(type, token))
        self._line, self._column = eCoordinates
        if type in (tokenize.NEWLINE, tokenize.NL):
            self._line, self._column = self._line + 1, 0

    def _kind(self, type: int, token: str) -> str:
        if type == tokenize.NAME:
            return self._kind_of_name(token)
        if type == tokenize.OP and self._depth:
            if self._depth == 1 and token in (",", ":", "="):
                self._in_value = token != ","
            self._depth += (token in "([{") - (token in ")]}")
        elif type == tokenize.OP and self._naming:
            self._depth, self._naming, self._in_value = int(token == "("), False, False
        kind = tokenize.tok_name[type].lower()
        # From Python 3.12 on, strings with expressions in them are several tokens.
        return "string" if kind.startswith(("fstring", "tstring")) else kind

    def _kind_of_name(self, token: str) -> str:
        if keyword.iskeyword(token):
            self._naming = token in ("def", "class")
            return "keyword"
        if self._naming and not self._depth:
            return "identifier"
        return "parameter" if self._depth == 1 and not self._in_value else "variable"


class HTMLWriter:
    """Writes tokens as HTML."""

    # What needs no element of its own.
    noSpan: ClassVar[list[str]] = []

    def __init__(self, writer: Callable[[bytes], object]) -> None:
        self._write = writer

    def write(self, token: bytes, type: str | None = None) -> None:
        text = html.escape(token.decode("utf-8"), quote=False).replace('"', "&quot;").encode("utf-8")
        if type is not None and type not in self.noSpan:
            text = b'<span class="py-src-' + type.encode("utf-8") + b'">' + text + b"</span>"
        self._write(text)


class SmallerHTMLWriter(HTMLWriter):
    """Leaves out the elements of what nobody colours."""

    noSpan = ["endmarker", "indent", "dedent", "op", "newline", "nl"]


def filter(inp: IO[bytes], out: IO[bytes], writer: type[HTMLWriter] = HTMLWriter) -> None:
    """
    Read Python source, and write it as HTML.

    Raises:
        tokenize.TokenError, SyntaxError: It is no Python.
    """
    out.write(b"<pre>")
    printer = TokenPrinter(writer(out.write).write)
    for token in tokenize.tokenize(inp.readline):
        if token.type != tokenize.ENCODING:
            printer.printtoken(*token)
    out.write(b"</pre>\n")


def main() -> Any:
    """Write the file that the command line names to stdout."""
    with open(sys.argv[1], "rb") as file:
        filter(file, sys.stdout.buffer)
