"""Bits of HTML as text (deprecated: `reactorio.web.template` writes documents, and escapes what is in them)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from reactorio.python import log
from reactorio.python.deprecate import deprecated
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["PRE", "UL", "escape", "linkList", "output"]

_since_15_3 = deprecated(Version("Twisted", 15, 3, 0), "reactorio.web.template")


@_since_15_3
def PRE(text: str) -> str:
    """Return text, escaped, in a ``pre``."""
    return f"<pre>{escape(text)}</pre>"


def _list(items: Iterable[str]) -> str:
    return "<ul>\n{}</ul>".format("".join(f"<li> {item}</li>\n" for item in items))


@_since_15_3
def UL(lst: Iterable[str]) -> str:
    """Return a list of what is HTML already."""
    return _list(lst)


@_since_15_3
def linkList(lst: Iterable[tuple[str, str]]) -> str:
    """Return a list of links, from pairs of a URL and a name that are HTML already."""
    return _list(f'<a href="{url}">{name}</a>' for url, name in lst)


@_since_15_3
def output(func: Callable[..., Any], *args: Any, **kw: Any) -> Any:
    """Return what a function returns, or a line that says that it failed; how, is logged."""
    try:
        return func(*args, **kw)
    except BaseException:
        log.msg(f"Error calling {func!r}:")
        log.err()
        return f"<pre>{escape('An error occurred.')}</pre>"
