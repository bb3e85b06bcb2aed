"""
Writing documents.

A document is a tree of parts, walked without recursion: depth is limited by memory only. The walk keeps a stack of frames,
each an iterator over the parts of one thing, the scope in which they stand, what is written after the last of them, and the
things themselves, which an error tells of.

What can be written at once is: `flatten` starts a coroutine only for a document that waits for something.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import lru_cache
from traceback import extract_tb
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.python.failure import Failure
from reactorio.web._stan import CDATA, CharRef, Comment, Tag, slot, voidElements
from reactorio.web._template import escape
from reactorio.web.error import FlattenerError, UnfilledSlot, UnsupportedType
from reactorio.web.iweb import IRenderable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reactorio.web.iweb import IRequest

__all__ = ["BUFFER_SIZE", "Flattenable", "flatten", "flattenString"]

# What a document can hold: text, what `_stan` has, sequences of it, and what will be such a thing.
Flattenable: TypeAlias = (
    bytes
    | str
    | slot
    | CDATA
    | Comment
    | Tag
    | tuple[Any, ...]
    | list[Any]
    | Generator[Any, Any, Any]
    | CharRef
    | Deferred[Any]
    | Coroutine[Any, Any, Any]
    | Awaitable[Any]
    | IRenderable
)

# That many bytes are gathered before they are written, unless what follows is to be waited for.
BUFFER_SIZE = 2**16

_surrogates = re.compile("[\ud800-\udfff]")

_voids = frozenset(map(escape.name, voidElements))
_MISSING: Any = object()


class _Scope(NamedTuple):
    """
    What holds for the parts of a frame.

    ``slots`` are the slots' contents, innermost first: pairs of a dictionary and the pair outside it. ``levels`` counts the
    attributes within whose values the parts stand, tags within attributes of tags. ``bare`` says that they are themselves
    an attribute's value, with no tag between.
    """

    element: IRenderable | None
    slots: tuple[Mapping[str, Any], Any] | None
    levels: int
    bare: bool

    def content(self, name: str, default: Any) -> Any:
        """Return what fills a slot."""
        slots = self.slots
        while slots is not None:
            data, slots = slots
            if name in data:
                return data[name]
        return default


_TOP = _Scope(None, None, 0, False)

_Frame: TypeAlias = "tuple[Iterator[Any], _Scope, bytes, tuple[Any, ...]]"


class _Document:
    """One writing of a document."""

    def __init__(self, request: IRequest | None, root: Any, write: Callable[[bytes], object]) -> None:
        self.request = request
        self.write = write
        self.buffer: list[bytes] = []
        self.size = 0
        self.stack: list[_Frame] = [(iter((root,)), _TOP, b"", ())]

    # -- Driving

    def proceed(self) -> Awaitable[Any] | None:
        """
        Write up to what must be waited for, and return that, or None at the end.

        Raises:
            FlattenerError: The document cannot be written. What ``write`` raises is raised as it is.
        """
        while True:
            try:
                waiting = self._walk()
            except Exception as exc:
                raise self.error(exc) from exc
            if self.buffer:
                written, self.buffer, self.size = b"".join(self.buffer), [], 0
                if written:
                    self.write(written)
            if waiting is None:
                if not self.stack:
                    return None
            elif type(waiting) is _Fork and waiting.called and not isinstance(waiting.result, Failure):
                self.resume(waiting.result)
            else:
                return waiting

    def resume(self, part: Any) -> None:
        """Go on with ``part`` for what was waited for."""
        _, scope, end, roots = self.stack.pop()
        self.stack.append((iter((part,)), scope, end, roots))

    def error(self, exc: Exception) -> FlattenerError:
        """Return the error that tells where in the document ``exc`` was raised."""
        roots = [root for frame in self.stack for root in frame[3]]
        return FlattenerError(exc, roots, extract_tb(exc.__traceback__))

    def _walk(self) -> Awaitable[Any] | None:
        """Go on until the buffer is full or the end is reached, or to what must be waited for, and return that."""
        stack = self.stack
        while stack:
            frame = stack[-1]
            parts, scope, end, _ = frame
            plain = not scope.levels
            for part in parts:
                kind = type(part)
                if plain and kind is str:
                    self._put(escape.content(part))
                else:
                    visit = _visits.get(kind) or _visit_for(part)
                    waiting = visit(self, part, scope)
                    if waiting is not None:
                        return waiting
                    if stack[-1] is not frame:
                        break
                if self.size >= BUFFER_SIZE:
                    return None
            else:
                stack.pop()
                if end:
                    self._put(end)
                if self.size >= BUFFER_SIZE:
                    return None
        return None

    # -- Writing

    def _put(self, data: bytes) -> None:
        self.buffer.append(data)
        self.size += len(data)

    def _markup(self, data: bytes, scope: _Scope) -> None:
        """Write what is no text; in an attribute it is the text of one."""
        self._put(_quoted(data, scope))

    def _enter(self, parts: Iterator[Any], scope: _Scope, end: bytes, *roots: Any) -> None:
        self.stack.append((parts, scope, end, roots))

    # -- What a document can hold

    def _text(self, text: bytes | str, scope: _Scope) -> None:
        if scope.bare:
            self._put(_quoted(text.encode() if isinstance(text, str) else text, scope))
        else:
            self._put(_quoted(escape.content(text), scope))

    def _sequence(self, parts: Any, scope: _Scope) -> None:
        self._enter(iter(parts), scope, b"", parts)

    def _slot(self, part: slot, scope: _Scope) -> None:
        content = scope.content(part.name, _MISSING if part.default is None else part.default)
        if content is _MISSING:
            self._enter(iter(()), scope, b"", part)
            raise UnfilledSlot(part.name)
        self._enter(iter((content,)), scope, b"", part)

    def _cdata(self, part: CDATA, scope: _Scope) -> None:
        self._markup(escape.cdata(part.data), scope)

    def _comment(self, part: Comment, scope: _Scope) -> None:
        self._markup(escape.comment(part.data), scope)

    def _charref(self, part: CharRef, scope: _Scope) -> None:
        self._markup(b"&#%d;" % part.ordinal, scope)

    def _renderable(self, element: IRenderable, scope: _Scope) -> None:
        rendered = element.render(self.request)
        self._enter(iter((rendered,)), scope._replace(element=element), b"", element)

    def _awaitable(self, part: Awaitable[Any], scope: _Scope) -> Awaitable[Any]:
        self._enter(iter(()), scope, b"", part)
        return _Fork(part) if isinstance(part, Deferred) else part

    def _tag(self, tag: Tag, scope: _Scope) -> None:
        if tag.slotData is not None:
            scope = scope._replace(slots=(tag.slotData, scope.slots))
        if tag.render is not None:
            self._rendered(tag, scope)
        elif not tag.tagName:
            self._enter(iter((tag.children,)), scope, b"", tag)
        else:
            self._element(tag, scope)

    def _rendered(self, tag: Tag, scope: _Scope) -> None:
        """Have the element decide what stands in the tag's place: it gets a copy of the tag."""
        name = cast("str", tag.render)
        self._enter(iter(()), scope, b"", tag)
        if scope.element is None:
            raise ValueError(f'Tag wants to be rendered by method "{name}" but is not contained in any IRenderable')
        method = scope.element.lookupRenderMethod(name)
        copy = tag.clone(deep=False)
        copy.render = None
        rendered = method(self.request, copy)
        self.stack[-1] = (iter((rendered,)), scope, b"", (tag,))

    def _element(self, tag: Tag, scope: _Scope) -> None:
        """Write a tag, all at once up to its children if its attributes are text."""
        written, end, is_void = _forms(tag.tagName)
        for key, value in tag.attributes.items():
            if type(value) is not str:
                self._rich_element(tag, scope)
                return
            written += b" " + escape.name(key) + b'="' + escape.attribute(value) + b'"'
        children = tag.children
        if not children:
            self._markup(written + (b" />" if is_void else b">" + end), scope)
        elif scope.levels:
            self._markup(written + b">", scope)
            self._enter(iter(children), scope._replace(bare=False), _quoted(end, scope), tag, children)
        elif type(children) is list and len(children) == 1 and type(children[0]) is str and _is_text(children[0]):
            # Half of all tags hold text and nothing else: no frame for them.
            self._put(written + b">" + escape.content(children[0]) + end)
        else:
            self._put(written + b">")
            self._enter(iter(children), scope, end, tag, children)

    def _rich_element(self, tag: Tag, scope: _Scope) -> None:
        """Write a tag whose attributes are what must be flattened, in frames above that of the tag."""
        start, end, is_void = _forms(tag.tagName)
        inside = scope._replace(bare=False)
        value_scope = scope._replace(levels=scope.levels + 1, bare=True)
        attributes = [(escape.name(key), value) for key, value in tag.attributes.items()]
        if not tag.children and is_void:
            self._enter(iter(()), inside, _quoted(b" />", scope), tag)
        else:
            inner: tuple[Any, ...] = (_Raw(_quoted(b">", scope)), tag.children)
            self._enter(iter(inner), inside, _quoted(end, scope), tag)
        for key, value in reversed(attributes):
            parts: tuple[Any, ...] = (_Raw(_quoted(b" " + key + b'="', scope)), value)
            self._enter(iter(parts), value_scope, _quoted(b'"', scope))
        self._markup(start, scope)

    def _raw(self, part: _Raw, scope: _Scope) -> None:
        self._put(part.data)

    def _unknown(self, part: Any, scope: _Scope) -> None:
        raise UnsupportedType(part)


@lru_cache(maxsize=1024)
def _forms(name: bytes | str) -> tuple[bytes, bytes, bool]:
    """Return how a tag begins and ends, and whether it has no end if there is nothing in it."""
    written = escape.name(name)
    return b"<" + written, b"</" + written + b">", written in _voids


def _is_text(text: str) -> bool:
    """Can it be written? If not, the error is to tell where."""
    return text.isascii() or not _surrogates.search(text)


class _Raw(NamedTuple):
    """Bytes to be written as they are."""

    data: bytes


def _quoted(data: bytes, scope: _Scope) -> bytes:
    """Return bytes as they stand in the values of as many attributes as the scope has levels."""
    for _ in range(scope.levels):
        data = escape.attribute(data)
    return data


class _Fork(Deferred[Any]):
    """Has the result of a Deferred that keeps it, so that others can have it, too. Cancelling it cancels that."""

    def __init__(self, origin: Deferred[Any]) -> None:
        super().__init__(lambda _: origin.cancel())
        origin.addBoth(self._both)

    def _both(self, result: Any) -> Any:
        if isinstance(result, Failure):
            self.errback(result)
        else:
            self.callback(result)
        return result


# By class, and for what is of none of them: by what it can do.
_visits: dict[type[Any], Callable[[_Document, Any, _Scope], Awaitable[Any] | None]] = {
    str: _Document._text,
    bytes: _Document._text,
    _Raw: _Document._raw,
    Tag: _Document._tag,
    slot: _Document._slot,
    list: _Document._sequence,
    tuple: _Document._sequence,
    GeneratorType: _Document._sequence,
    CDATA: _Document._cdata,
    Comment: _Document._comment,
    CharRef: _Document._charref,
    Deferred: _Document._awaitable,
    CoroutineType: _Document._awaitable,
}


def _visit_for(part: Any) -> Callable[[_Document, Any, _Scope], Awaitable[Any] | None]:
    for kind in type(part).__mro__:
        if kind in _visits:
            return _visits[kind]
    if IRenderable.providedBy(part):
        return _Document._renderable
    return _Document._awaitable if isinstance(part, Awaitable) else _Document._unknown


async def _flattenTree(document: _Document, element: Any) -> None:
    """Wait for what a document waits for, again and again."""
    while element is not None:
        try:
            element = await element
        except Exception as exc:
            raise document.error(exc) from exc
        document.resume(element)
        element = document.proceed()


def flatten(request: IRequest | None, root: Flattenable, write: Callable[[bytes], object]) -> Deferred[None]:
    """
    Write a document.

    Args:
        request: What elements and their methods are given.
        write: Called with bytes, about 64 KiB at a time, less when what follows is still to come.

    Returns:
        A Deferred that fires when all is written, and fails with `FlattenerError` when that cannot be. Cancelling it
        cancels what the document waits for.
    """
    document = _Document(request, root, write)
    try:
        waiting = document.proceed()
    except Exception:
        return fail(Failure())
    return succeed(None) if waiting is None else Deferred.fromCoroutine(_flattenTree(document, waiting))


def flattenString(request: IRequest | None, root: Flattenable) -> Deferred[bytes]:
    """Return a Deferred of a document as bytes, which fails as that of `flatten` does."""
    written: list[bytes] = []
    return flatten(request, root, written.append).addCallback(lambda _: b"".join(written))
