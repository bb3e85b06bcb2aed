"""Where templates come from: tags, text, files."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.python.filepath import FilePath
from reactorio.web._template.xml import parse
from reactorio.web.iweb import ITemplateLoader

if TYPE_CHECKING:
    from reactorio.web.template import Flattenable

__all__ = ["TagLoader", "XMLFile", "XMLString"]


@implementer(ITemplateLoader)
class TagLoader:
    """A template made of what can be flattened: of a tag, say."""

    def __init__(self, tag: Flattenable) -> None:
        self.tag = tag

    def load(self) -> list[Flattenable]:
        return [self.tag]


@implementer(ITemplateLoader)
class XMLString:
    """
    A template written as XML.

    ``load`` gives the same tags each time: a method of an element gets a copy of its tag, what is within is shared.

    Args:
        s: The template; bytes are in the encoding that they declare, or UTF-8.

    Raises:
        xml.sax.SAXParseException: It is not XML.
        AssertionError: A directive stands where it cannot.
    """

    def __init__(self, s: str | bytes) -> None:
        if not isinstance(s, (str, bytes)):
            raise TypeError(f"a template is str or bytes, not {s!r}")
        self._loadedTemplate: list[Flattenable] = parse(s)

    def load(self) -> list[Flattenable]:
        return self._loadedTemplate


@implementer(ITemplateLoader)
class XMLFile:
    """
    A template in a file, as XML.

    It is read by the first ``load``, which raises what `XMLString` raises, or OSError; later ones return the same tags.

    Args:
        path: The file. (A filename or a file object is deprecated.)
    """

    def __init__(self, path: FilePath[Any]) -> None:
        if not isinstance(path, FilePath):
            warnings.warn(
                "Passing filenames or file objects to XMLFile is deprecated since Twisted 12.1.  Pass a FilePath instead.",
                DeprecationWarning,
                stacklevel=2,
            )
        self._path: Any = path
        self._loadedTemplate: list[Flattenable] | None = None

    def _loadDoc(self) -> list[Flattenable]:
        path = self._path
        if isinstance(path, FilePath):
            return parse(path.getContent(), _as_text(path.path))
        if hasattr(path, "read"):
            return parse(path.read(), getattr(path, "name", None))
        with open(path, "rb") as file:
            return parse(file.read(), _as_text(path))

    def __repr__(self) -> str:
        return f"<XMLFile of {self._path!r}>"

    def load(self) -> list[Flattenable]:
        if self._loadedTemplate is None:
            self._loadedTemplate = self._loadDoc()
        return self._loadedTemplate


def _as_text(path: str | bytes) -> str:
    return path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else path


for _public in (TagLoader, XMLFile, XMLString):
    _public.__module__ = "reactorio.web.template"
