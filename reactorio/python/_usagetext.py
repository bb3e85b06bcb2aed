"""The help text of options."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_OptionDict = dict[str, Any]


def docMakeChunks(optList: Sequence[_OptionDict], width: int = 80) -> list[str]:
    """
    Make the help text of options, each one or more lines.

    Args:
        optList: Of each option ``long``, ``short``, ``doc``, ``optType`` (``"flag"`` or ``"parameter"``), ``default`` and
            ``dispatch``; all but one of the names may be missing.
        width: Of a line, at most.
    """
    heads = [_head(option) for option in optList]
    column = max(map(len, heads), default=0) + 2
    return [_beside(head, _description(option), column, width) for head, option in zip(heads, optList, strict=True)]


def _head(option: _OptionDict) -> str:
    long, short = option.get("long"), option.get("short")
    names = f"  -{short}" if short else "    "
    if long:
        names += f"{', ' if short else '  '}--{long}"
    if option.get("optType") == "parameter":
        names += "="
    return names


def _description(option: _OptionDict) -> str:
    parts = [one_line(option.get("doc") or "")]
    default = option.get("default")
    if option.get("optType") == "parameter" and default is not None:
        parts.append(f"[default: {default}]")
    text = " ".join(part for part in parts if part)
    coerce_doc = getattr(getattr(option.get("dispatch"), "coerce", None), "coerceDoc", None)
    if coerce_doc:
        text = f"{text}. {coerce_doc}" if text else coerce_doc
    return text


def commands(subcommands: Iterable[tuple[str, str | None, Any, str | None]], width: int) -> str:
    """Make the help text of subcommands."""
    documented = sorted((name, one_line(doc or "")) for name, _, _, doc in subcommands)
    column = max((len(name) for name, _ in documented), default=0) + 10
    return "".join(_beside(f"    {name}", doc, column, width) for name, doc in documented)


def one_line(text: str) -> str:
    return " ".join(text.split())


def wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width)) + "\n" if text else ""


def _beside(head: str, text: str, column: int, width: int) -> str:
    """Put ``text`` beside ``head``, from ``column`` on."""
    room = max(width - column - 1, 10)
    first, *rest = textwrap.wrap(text, room) or [""]
    lines = [f"{head.ljust(column)}{first}".rstrip(), *(f"{' ' * column}{line}" for line in rest)]
    return "\n".join(lines) + "\n"
