"""
Templates as XML.

They are parsed by expat. It loads nothing: external entities, a DTD among them, are passed over, and those of the document
itself are limited by expat (2.4.1 and later) in how much they expand to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.parsers import expat
from xml.sax import SAXParseException
from xml.sax.xmlreader import Locator

from reactorio.web._stan import CDATA, Comment, Tag, slot

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TEMPLATE_NAMESPACE", "parse"]

TEMPLATE_NAMESPACE = "http://twistedmatrix.com/ns/twisted.web.template/0.1"


class _Place(Locator):
    """Where in a template the parser is."""

    def __init__(self, filename: str | None, line: int, column: int) -> None:
        self._place = (line, column)
        self._filename = filename

    def getLineNumber(self) -> int:
        return self._place[0]

    def getColumnNumber(self) -> int:
        return self._place[1]

    def getSystemId(self) -> str | None:
        return self._filename


class _Builder:
    """
    Makes tags of what the parser finds.

    ``stack`` holds what is open: for each element what it became, and the list that takes what follows.
    """

    def __init__(self, filename: str | None) -> None:
        self.filename = filename
        self.document: list[Any] = []
        self.stack: list[tuple[Any, list[Any]]] = [(None, self.document)]
        self.in_cdata = False
        # The namespaces that are declared at the next element: attributes of it, unless they are the templates' own.
        self.declared: dict[bytes | str, Any] = {}

    @property
    def open(self) -> list[Any]:
        return self.stack[-1][1]

    def place(self, parser: expat.XMLParserType) -> tuple[str | None, int, int]:
        return self.filename, parser.CurrentLineNumber, parser.CurrentColumnNumber

    def startNamespace(self, prefix: str | None, uri: str | None) -> None:
        if uri != TEMPLATE_NAMESPACE:
            self.declared[f"xmlns:{prefix}" if prefix else "xmlns"] = uri or ""

    def start(self, name: str, attributes: list[str], place: tuple[str | None, int, int]) -> None:
        namespace, local, qualified = _names(name)
        pairs = {key: attributes[at + 1] for at, key in enumerate(attributes) if at % 2 == 0}
        declared, self.declared = self.declared, {}
        if namespace != TEMPLATE_NAMESPACE:
            self._start_tag(qualified, pairs, declared, place)
        elif local == "slot":
            made = slot(_required(pairs, "slot"), pairs.get("default"), *place)
            self._open(made, made.children)
        elif local == "attr":
            self._start_attr(pairs, place)
        else:
            self._start_tag("" if local == "transparent" else local, pairs, declared, place)

    def _start_tag(
        self, name: str, pairs: dict[str, str], declared: dict[bytes | str, Any], place: tuple[str | None, int, int]
    ) -> None:
        render = None
        attributes: dict[bytes | str, Any] = {}
        for key, value in pairs.items():
            namespace, local, qualified = _names(key)
            if namespace == TEMPLATE_NAMESPACE and local == "render":
                render = value
            else:
                attributes[qualified] = value
        made = Tag(name, attributes | declared, [], render, *place)
        self._open(made, made.children)

    def _start_attr(self, pairs: dict[str, str], place: tuple[str | None, int, int]) -> None:
        outside = self.stack[-1][0]
        if not isinstance(outside, Tag):
            raise AssertionError(f"<{{{TEMPLATE_NAMESPACE}}}attr> is in no element")
        if "name" not in pairs:
            raise AssertionError(f"<{{{TEMPLATE_NAMESPACE}}}attr> requires a name attribute")
        made = Tag("", {}, [], None, *place)
        outside.attributes[pairs["name"]] = made
        # It is the value of an attribute, and no child.
        self.stack.append((made, made.children))

    def _open(self, made: Any, children: list[Any]) -> None:
        self.open.append(made)
        self.stack.append((made, children))

    def end(self, name: str) -> None:
        self.stack.pop()

    def text(self, text: str) -> None:
        self.open.append(CDATA(text) if self.in_cdata else text)

    def comment(self, text: str) -> None:
        self.open.append(Comment(text))

    def startCDATA(self) -> None:
        self.in_cdata = True

    def endCDATA(self) -> None:
        self.in_cdata = False


def _required(pairs: dict[str, str], element: str) -> str:
    if "name" not in pairs:
        raise KeyError(f"<{{{TEMPLATE_NAMESPACE}}}{element}> requires a name attribute")
    return pairs["name"]


def _names(name: str) -> tuple[str | None, str, str]:
    """Return the namespace, the local name and the name as it is written, from what expat says: up to three words."""
    words = name.split(" ")
    if len(words) == 1:
        return None, name, name
    return words[0], words[1], f"{words[2]}:{words[1]}" if len(words) == 3 else words[1]


def _parser(builder: _Builder, encoding: str | None) -> expat.XMLParserType:
    parser = expat.ParserCreate(encoding, " ")
    parser.namespace_prefixes = True
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartNamespaceDeclHandler = builder.startNamespace
    parser.StartElementHandler = lambda name, attributes: builder.start(name, attributes, builder.place(parser))
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.CommentHandler = builder.comment
    parser.StartCdataSectionHandler = builder.startCDATA
    parser.EndCdataSectionHandler = builder.endCDATA
    return parser


def parse(source: bytes | str, filename: str | None = None) -> list[Any]:
    """
    Return a template's document.

    Args:
        source: The template; bytes are in the encoding that they declare, or UTF-8.
        filename: Where it is from, for errors.

    Raises:
        xml.sax.SAXParseException: It is not XML.
        AssertionError: A directive stands where it cannot.
    """
    builder = _Builder(filename)
    parser = _parser(builder, "utf-8" if isinstance(source, str) else None)
    feed: Callable[[bytes | str, bool], Any] = parser.Parse
    try:
        feed(source, True)
    except expat.ExpatError as exc:
        place = _Place(filename, exc.lineno, exc.offset)
        raise SAXParseException(expat.ErrorString(exc.code), exc, place) from exc
    finally:
        # The handler holds the parser, and the parser it.
        parser.StartElementHandler = None
    return builder.document
