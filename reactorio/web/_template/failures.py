"""
Failures as pages, for developers: what was raised, and each frame of the stack with the lines around.

The pages show source; sites show them only if they are told to (``displayTracebacks``).
"""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any

from reactorio.python.reflect import fullyQualifiedName
from reactorio.web._element import Element, renderer
from reactorio.web._flatten import Flattenable, flattenString
from reactorio.web._template.loaders import TagLoader, XMLString
from reactorio.web.error import FlattenerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reactorio.python.failure import Failure
    from reactorio.web._stan import Tag
    from reactorio.web.iweb import IRequest, ITemplateLoader

__all__ = ["FailureElement", "formatFailure"]

_PAGE = """
<div xmlns:t="http://twistedmatrix.com/ns/twisted.web.template/0.1" class="failure">
  <style type="text/css">
    .failure { font-family: sans-serif; }
    .failure .error { color: #b00; font-weight: bold; }
    .failure .frame { border-top: thin dashed; padding: 0.8em; }
    .failure .function, .failure .code { font-family: monospace; white-space: pre; }
    .failure .snippet { background: #ffd; margin: 0.4em 1em; }
    .failure .snippetHighlightLine { color: #b00; }
  </style>
  <div class="error"><span t:render="type"/>: <span t:render="value"/></div>
  <div class="stackTrace" t:render="traceback">
    <div class="frame" t:render="frames">
      <div class="location">
        <span t:render="filename"/>:<span t:render="lineNumber"/> in <span class="function" t:render="function"/>
      </div>
      <div class="snippet" t:render="source">
        <div t:render="sourceLines">
          <span class="lineno" t:render="lineNumber"/> <code class="code" t:render="sourceLine"/>
        </div>
      </div>
    </div>
  </div>
  <div class="error"><span t:render="type"/>: <span t:render="value"/></div>
</div>
"""


class _SourceLineElement(Element):
    """A line of source, with its number."""

    def __init__(self, loader: ITemplateLoader | None, number: int, source: str) -> None:
        super().__init__(loader)
        self.number = number
        self.source = source

    @renderer
    def sourceLine(self, request: IRequest | None, tag: Tag) -> Flattenable:
        """The line; of two spaces the second is one that HTML keeps."""
        return tag(self.source.replace("  ", " \N{NO-BREAK SPACE}"))

    @renderer
    def lineNumber(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return tag(str(self.number))


class _SourceFragmentElement(Element):
    """
    The lines around the one that a frame is at.

    ``frame`` is as `reactorio.python.failure.Failure.frames` has it: function, filename, line, and variables.
    """

    def __init__(self, loader: ITemplateLoader | None, frame: Any) -> None:
        super().__init__(loader)
        self.frame = frame

    def _getSourceLines(self) -> Iterator[tuple[int, str]]:
        _, filename, line = self.frame[:3]
        for number in (line - 1, line, line + 1):
            yield number, linecache.getline(filename, number).rstrip()

    @renderer
    def sourceLines(self, request: IRequest | None, tag: Tag) -> Flattenable:
        def element(number: int, source: str) -> _SourceLineElement:
            kind = "snippetHighlightLine" if number == self.frame[2] else "snippetLine"
            return _SourceLineElement(TagLoader(tag.clone()(class_=kind)), number, source)

        return [element(number, source) for number, source in self._getSourceLines()]


class _FrameElement(Element):
    """A frame: where it is, and the source there."""

    def __init__(self, loader: ITemplateLoader | None, frame: Any) -> None:
        super().__init__(loader)
        self.frame = frame

    @renderer
    def filename(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return tag(self.frame[1])

    @renderer
    def lineNumber(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return tag(str(self.frame[2]))

    @renderer
    def function(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return tag(self.frame[0])

    @renderer
    def source(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return _SourceFragmentElement(TagLoader(tag), self.frame)


class _StackElement(Element):
    """Frames, each from a copy of one tag."""

    def __init__(self, loader: ITemplateLoader | None, stackFrames: Any) -> None:
        super().__init__(loader)
        self.stackFrames = stackFrames

    @renderer
    def frames(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return [_FrameElement(TagLoader(tag.clone()), frame) for frame in self.stackFrames]


class FailureElement(Element):
    """
    What a developer wants to know of a Failure.

    Args:
        loader: Another template, that names the methods ``type``, ``value`` and ``traceback``.
    """

    loader = XMLString(_PAGE.strip())

    def __init__(self, failure: Failure, loader: ITemplateLoader | None = None) -> None:
        super().__init__(loader)
        self.failure = failure

    @renderer
    def type(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return tag(fullyQualifiedName(self.failure.type))

    @renderer
    def value(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return tag(_text_of(self.failure.value))

    @renderer
    def traceback(self, request: IRequest | None, tag: Tag) -> Flattenable:
        return _StackElement(TagLoader(tag), self.failure.frames)


def _text_of(value: Any) -> str:
    """Return an exception's text; one whose text cannot be had is to be shown all the same."""
    try:
        # What UTF-8 does not have is shown as an escape.
        return str(value).encode("utf-8", "backslashreplace").decode()
    except Exception as exc:
        return f"<{type(value).__name__} whose text cannot be had: {type(exc).__name__}>"


def formatFailure(myFailure: Failure) -> bytes:
    """
    Return a Failure as HTML, in ASCII.

    Raises:
        FlattenerError: It is no Failure.
    """
    html: list[bytes] = []
    failed: list[Failure] = []
    flattenString(None, FailureElement(myFailure)).addCallbacks(html.append, failed.append)
    if failed:
        assert isinstance(failed[0].value, FlattenerError)
        failed[0].raiseException()
    return html[0].decode().encode("ascii", "xmlcharrefreplace")


FailureElement.__module__ = "reactorio.web.util"
