"""
Pages from templates.

    class Greeting(Element):
        loader = XMLString('<p xmlns:t="http://twistedmatrix.com/ns/twisted.web.template/0.1" t:render="greet">Hello, </p>')

        @renderer
        def greet(self, request, tag):
            return tag(request.args[b"name"][0])

    renderElement(request, Greeting())

A document is a tree of tags, text, lists, slots, elements, and of Deferreds, coroutines and futures of such things; what is
known is sent while the rest is awaited. Text is escaped for where it stands. `flatten` writes documents elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reactorio.logger import Logger
from reactorio.web._element import Element, renderer
from reactorio.web._flatten import Flattenable, flatten, flattenString
from reactorio.web._responses import INTERNAL_SERVER_ERROR
from reactorio.web._stan import CDATA, CharRef, Comment, Tag, slot
from reactorio.web._template.loaders import TagLoader, XMLFile, XMLString
from reactorio.web._template.xml import TEMPLATE_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.python.failure import Failure
    from reactorio.web.iweb import IRenderable, IRequest

__all__ = [
    "CDATA",
    "TEMPLATE_NAMESPACE",
    "VALID_HTML_TAG_NAMES",
    "CharRef",
    "Comment",
    "Element",
    "Flattenable",
    "Tag",
    "TagLoader",
    "XMLFile",
    "XMLString",
    "flatten",
    "flattenString",
    "renderElement",
    "renderer",
    "slot",
    "tags",
]

_log = Logger()

# HTML's elements and those of its past. Not xmp: its content cannot be escaped.
_NAMES = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo big blockquote body br button canvas
    caption center cite code col colgroup command data datalist dd del details dfn dialog dir div dl dt em embed fieldset
    figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins
    isindex kbd keygen label legend li link main map mark menu meta meter nav noframes noscript object ol optgroup option
    output p param picture pre progress q rp rt ruby s samp script search section select slot small source span strike
    strong style sub summary sup table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr
"""
VALID_HTML_TAG_NAMES = set(_NAMES.split())


class _TagFactory:
    """
    Makes tags: ``tags.div`` is a new one. A trailing underscore is dropped, for names that are Python's (``del_``);
    ``transparent`` is a tag of which only the children are written.
    """

    def __getattr__(self, tagName: str) -> Tag:
        name = tagName.removesuffix("_")
        if name == "transparent":
            return Tag("")
        if name not in VALID_HTML_TAG_NAMES:
            raise AttributeError(f"unknown tag {name!r}")
        return Tag(name)


tags = _TagFactory()


class _Page:
    """A document that is written to a request. Its beginning waits for what follows: until then the status can change."""

    def __init__(self, request: IRequest, head: bytes) -> None:
        self.request = request
        self.head = head
        self.is_over = False

    def write(self, data: bytes) -> None:
        if not self.is_over:
            self.request.write(self.head + data)
            self.head = b""

    def end(self) -> None:
        if not self.is_over:
            self.is_over = True
            if self.head:
                self.request.write(self.head)
            self.request.finish()

    def abandon(self, reason: Failure) -> None:
        """The client is gone. What the document waits for is not cancelled, as others may wait for it, too."""
        self.is_over = True


def renderElement(
    request: IRequest,
    element: IRenderable,
    doctype: bytes | None = b"<!DOCTYPE html>",
    _failElement: Callable[[Failure], Element] | None = None,
) -> Any:
    """
    Write an element to a request, and finish that.

    An error is logged. The page then ends in a short note, or, if the site displays tracebacks, in the error. Unlike
    Twisted: the status is 500 if nothing was sent before.

    Args:
        doctype: What is written before it; None for nothing.

    Returns:
        ``NOT_DONE_YET``: what ``render`` is to return.
    """
    # Who serves pages stands on this.
    from reactorio.web.server import NOT_DONE_YET

    head = b"" if doctype is None else doctype + b"\n"
    page = _Page(request, head)

    def failed(failure: Failure) -> Any:
        _log.failure("An error occurred while rendering the response.", failure=failure)
        if page.is_over:
            return None
        if page.head == head and head:
            request.setResponseCode(INTERNAL_SERVER_ERROR)
        return flatten(request, _report(request, failure, _failElement), page.write)

    writing = flatten(request, element, page.write)
    if not writing.called:
        # All requests have it, though the interface does not say so.
        cast("Any", request).notifyFinish().addErrback(page.abandon)
    writing.addErrback(failed)
    writing.addErrback(lambda failure: _log.failure("An error page cannot be rendered.", failure=failure))
    writing.addCallback(lambda _: page.end())
    return NOT_DONE_YET


def _report(request: Any, failure: Failure, make: Callable[[Failure], Element] | None) -> Flattenable:
    """Return what a page ends in that cannot be completed."""
    if not getattr(getattr(request, "site", None), "displayTracebacks", False):
        style = "font-size:800%;background-color:#FFF;color:#F00"
        return tags.div("An error occurred while rendering the response.", style=style)
    if make is None:
        # Pages about errors are made of templates.
        from reactorio.web._template.failures import FailureElement

        make = FailureElement
    return make(failure)
