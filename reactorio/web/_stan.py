"""
The parts of a document: tags, slots, and text that is no plain text.

They are only data; `reactorio.web._flatten` writes them.
"""

from __future__ import annotations

from inspect import iscoroutine, isgenerator
from typing import TYPE_CHECKING, Any
from warnings import warn

if TYPE_CHECKING:
    from reactorio.web.template import Flattenable

__all__ = ["CDATA", "CharRef", "Comment", "Tag", "slot", "voidElements"]

# Elements without an end tag: those of HTML (section 13.1.2), past versions' included.
voidElements = (
    "img",
    "br",
    "hr",
    "base",
    "meta",
    "link",
    "param",
    "area",
    "input",
    "col",
    "basefont",
    "isindex",
    "frame",
    "command",
    "embed",
    "keygen",
    "source",
    "track",
    "wbs",
)


class slot:
    """
    A place in a document for what is known later: `Tag.fillSlots` of a tag around it, the innermost that has it, fills it.

    Args:
        name: What the content goes by.
        default: The content if no tag has any; None if there is none, which is an error then.
        filename: With ``lineNumber`` and ``columnNumber``, where in a template it stands.
    """

    def __init__(
        self,
        name: str,
        default: Flattenable | None = None,
        filename: str | None = None,
        lineNumber: int | None = None,
        columnNumber: int | None = None,
    ) -> None:
        self.name = name
        self.children: list[Flattenable] = []
        self.default = default
        self.filename = filename
        self.lineNumber = lineNumber
        self.columnNumber = columnNumber

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"slot({parts})"


class Tag:
    """
    An element of a document. Calling it adds to it, in place.

    Attributes:
        tagName: Its name; a tag without one is only its children.
        attributes: Its attributes; a value may be all that a document can hold.
        children: What is in it.
        render: The name of the method of the `reactorio.web.template.Element` around it that decides what stands in its place.
        filename: With ``lineNumber`` and ``columnNumber``, where in a template it stands.
        slotData: The content of slots, or None.
    """

    slotData: dict[str, Flattenable] | None

    def __init__(
        self,
        tagName: bytes | str,
        attributes: dict[bytes | str, Flattenable] | None = None,
        children: list[Flattenable] | None = None,
        render: str | None = None,
        filename: str | None = None,
        lineNumber: int | None = None,
        columnNumber: int | None = None,
    ) -> None:
        self.tagName = tagName
        self.attributes = {} if attributes is None else attributes
        self.children = [] if children is None else children
        self.render = render
        self.filename = filename
        self.lineNumber = lineNumber
        self.columnNumber = columnNumber
        self.slotData = None

    def fillSlots(self, **slots: Flattenable) -> Tag:
        """Fill the slots of these names within this tag, and return the tag."""
        if self.slotData is None:
            self.slotData = {}
        self.slotData.update(slots)
        return self

    def __call__(self, *children: Flattenable, **kw: Flattenable) -> Tag:
        """
        Add children and attributes, and return the tag.

        An underscore at the end of a keyword is dropped, so ``class_`` sets what Python cannot name. ``render`` sets the
        attribute of the tag.

        Raises:
            TypeError: ``render`` is no string.
        """
        self.children.extend(children)
        for name, value in kw.items():
            name = name.removesuffix("_") or name
            if name != "render":
                self.attributes[name] = value
            elif isinstance(value, str):
                self.render = value
            else:
                raise TypeError(f'Value for "render" attribute must be str, got {value!r}')
        return self

    def clone(self, deep: bool = True) -> Tag:
        """
        Return a copy, and with ``deep`` one of all that is in it: tags, slots, lists.

        What can be read only once, generators and coroutines, the copy shares; that is deprecated.
        """
        made = Tag(
            self.tagName,
            {name: _clone(value) for name, value in self.attributes.items()} if deep else dict(self.attributes),
            [_clone(child) for child in self.children] if deep else list(self.children),
            self.render,
            self.filename,
            self.lineNumber,
            self.columnNumber,
        )
        if self.slotData:
            slots = self.slotData.items()
            made.slotData = {name: _clone(value) if deep else value for name, value in slots}
        return made

    def clear(self) -> Tag:
        """Drop the children, and return the tag."""
        self.children = []
        return self

    def __repr__(self) -> str:
        parts = [repr(self.tagName)]
        if self.attributes:
            parts.append(f"attributes={self.attributes!r}")
        if self.children:
            parts.append(f"children={self.children!r}")
        return f"Tag({', '.join(parts)})"


def _clone(part: Flattenable) -> Flattenable:
    """Return a copy of what can change, and other things as they are."""
    kind = type(part)
    if kind is str or kind is bytes:
        return part
    if isinstance(part, Tag):
        return part.clone()
    if isinstance(part, (list, tuple)):
        return [_clone(each) for each in part]
    if isgenerator(part) or iscoroutine(part):
        _warn_of_sharing(part)
    return part


def _warn_of_sharing(part: Any) -> None:
    what, can = ("coroutine", "can run") if iscoroutine(part) else ("generator", "can be consumed")
    warn(
        f"Cloning a Tag which contains a {what} is unsafe, since the {what} {can} only once; "
        "this is deprecated since Twisted 21.7.0 and will raise an exception in the future",
        DeprecationWarning,
        stacklevel=2,
    )


class CDATA:
    """A CDATA section: text that is not escaped, but cut where it would end the section."""

    def __init__(self, data: str) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"CDATA({self.data!r})"


class Comment:
    """A comment; its text is changed where it would end the comment."""

    def __init__(self, data: str) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Comment({self.data!r})"


class CharRef:
    """
    A numeric reference to a character.

    Args:
        ordinal: The character's code point.
    """

    def __init__(self, ordinal: int) -> None:
        self.ordinal = ordinal

    def __repr__(self) -> str:
        return f"CharRef({self.ordinal})"


# Not Tag: Twisted tells whom its warnings are about by the file of its module.
for _public in (slot, CDATA, Comment, CharRef):
    _public.__module__ = "reactorio.web.template"
