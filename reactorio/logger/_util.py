"""The way that an event took, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reactorio.logger._interfaces import LogTrace


def formatTrace(trace: LogTrace) -> str:
    """Draw who gave an event to whom, one a line, each below who gave it."""

    def title(observer: object) -> str:
        name = getattr(observer, "name", None)
        return f"{observer}" if name is None else f"{observer} ({name})"

    lines: list[str] = []
    depths: dict[int, int] = {}
    for giver, taker in trace:
        if id(giver) not in depths:
            depths[id(giver)] = 0
            lines.append(title(giver))
        depth = depths[id(taker)] = depths[id(giver)] + 1
        lines.append(f"{'  ' * depth}-> {title(taker)}")
    return "".join(f"{line}\n" for line in lines)
